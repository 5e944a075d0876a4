let version = "0.1.0"

let help = """
    usage: fastdaemon_client [-h] [--version] [--host HOST] [--dgram] [--record | --classic]
                             port [command [argument ...]]

    Runs a command in a daemon that is already up: sends the words of the command and standard input,
    and writes what comes back. Without a command it shows the daemon's help.

      port         the path of the daemon's Unix socket, or the number of its TCP port
      command      a command of the daemon, then its arguments, options included; one "--" right
                   after the port is left out

    options, which stand before the port:
      --host HOST  the host of a port number: a name or an address (default: this machine)
      --dgram      one datagram each way (a Unix datagram socket, or UDP), rather than a stream
      --record     the record protocol: the command line and standard input (default)
      --classic    as the original Python fastdaemon has it: standard input, then the words,
                   joined by single spaces without quoting
      --version    show the version and exit
      -h, --help   show this text and exit

    Standard input is read to its end and sent along unless it is a terminal.

    exit status: 0 a reply came, 64 these words are off or the request does not fit, 69 no daemon
    there, 74 standard input or output failed, 76 the reply ended early or is none, 128+N ended by
    signal N.

    examples:
      fastdaemon_client fastdaemon.sock echo hello world
      fastdaemon_client 9998 count -l < notes.txt
      fastdaemon_client --host build.example.org 9998 help

    """
