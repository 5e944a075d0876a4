let version: StaticString = "0.1.0"

let help: StaticString = """
    usage: fastdaemon_client [option ...] port [command [argument ...]]

    Runs a command in a daemon that is already up, as if it were run here: with this folder, this
    environment and these standard streams, and with the command's exit status. Without a command it
    shows the daemon's help.

      port               the path of the daemon's Unix socket, or the number of its TCP port
      command            a command of the daemon, then its arguments, options included; one "--"
                         right after the port is left out

    options, which stand before the port:
      --host HOST        the host of a port number: a name or an address (default: this machine)
      --timeout SECONDS  the command may take this long, as in 2 or 0.5; status 124 where it does not
      --env NAME         this variable goes along over TCP too, where only TERM, LANG, LC_*, COLORTERM
                         and NO_COLOR do; may be given more than once
      --verbose          at the end, a line on standard error with the call's number, which is in the
                         daemon's log too, its status and how long it took
      --start            where no daemon answers, start fastdaemond and wait until it is ready; a
                         config of this folder does not count, unlike $FASTDAEMON_CONFIG and yours
      --or-exec          where no daemon can be reached, run the command as a program of this machine
      --record           send a record, the command line and all of standard input: no status, no
                         folder, no environment
      --classic          send a record as the original Python fastdaemon has it: standard input, then
                         the words, joined by single spaces without quoting
      --dgram            one datagram each way (a Unix datagram socket, or UDP); implies --record
      --version          show the version and exit
      -h, --help         show this text and exit

    Called by another name, as through a symbolic link, that name is the command, all words are its
    arguments, and $FASTDAEMON_PORT is the port.

    exit status: the command's own; 64 these words are off, 69 no daemon there, 74 standard input or
    output failed, 75 the daemon is busy or going down, 76 the session was lost, 77 not allowed, 124
    out of time, 127 no such command, 128+N ended by signal N. Records: 0 where a reply came.

    examples:
      fastdaemon_client fastdaemon.sock echo hello world
      fastdaemon_client 9998 count -l < notes.txt
      fastdaemon_client --start --or-exec ~/.cache/tools.sock lint -q
      ln -s fastdaemon_client ~/bin/count; FASTDAEMON_PORT=9998 count -l < notes.txt

    """
