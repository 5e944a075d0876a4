# Completion of fastdaemon_client(1) for fish. It asks the daemon at the port that was typed for its commands.

# Prints a word as the shell would see it: a tilde or a variable in front put in.
function __fastdaemon_client_expanded
    set -l parts (string match -r '^\$(\w+)(.*)' -- $argv[1])
    if string match -q '~/*' -- $argv[1]
        printf '%s\n' $HOME(string sub -s 2 -- $argv[1])
    else if set -q parts[2]; and set -q $parts[2]
        set -l name $parts[2]
        printf '%s\n' "$$name$parts[3]"
    else
        printf '%s\n' $argv[1]
    end
end

# Prints the sockets, and the folders, that the word at the cursor may become.
function __fastdaemon_client_sockets
    for line in (__fish_complete_path (commandline -ct))
        set -l file (string split \t -- $line)[1]
        set -l expanded (__fastdaemon_client_expanded $file)
        if test -S "$expanded" -o -d "$expanded"
            printf '%s\n' $file
        end
    end
end

# Splits the words before the cursor. Prints the place that the cursor is in (value, options, port, command, daemon, arguments),
# and then, a line each, the words with which the daemon can be asked.
function __fastdaemon_client_parse
    set -l words (commandline -opc)
    set -l ask $words[1] --timeout 1
    set -l place options
    set -l value
    for word in $words[2..-1]
        set word (__fastdaemon_client_expanded $word)
        if set -q value[1]
            test $value = --host; and set -a ask --host $word
            set -e value
            continue
        end
        switch $place:$word
            case options:--host options:--timeout options:--env
                set value $word
            case 'options:--host=*'
                set -a ask $word
            case options:--dgram
                # A datagram that gets lost would be waited for.
                set ask
            case options:--
                set place port
            case 'options:-?*'
            case 'options:*' 'port:*'
                set place separator
                set -q ask[1]; and set -a ask -- $word daemon commands
            case separator:-- 'separator:help' 'command:help'
                set place command
            case separator:daemon command:daemon
                set place daemon
                set -q ask[1]; and set -a ask daemon
            case daemon:slow
                set place command
                set -q ask[1]; and set -e ask[-1]
            case 'separator:*' 'command:*' 'daemon:*'
                set place arguments
        end
    end
    set -q value[1]; and set place value
    test $place = separator; and set place command
    printf '%s\n' $place $ask
end

function __fastdaemon_client_is_at
    set -l parsed (__fastdaemon_client_parse)
    contains -- $parsed[1] $argv
end

# The commands of the daemon, or a command's own words, each with a tab and its summary.
function __fastdaemon_client_commands
    set -l ask (__fastdaemon_client_parse)[2..-1]
    set -q ask[1]; and command $ask 2>/dev/null </dev/null
end

complete -c fastdaemon_client -f
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options value' -l host -x -a '(__fish_print_hostnames)' -d 'The host of a port number'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options value' -l timeout -x -d 'The command may take this many seconds'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options value' -l env -x -a '(set -xn)' -d 'Let this variable go along over TCP'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l verbose -d 'Tell number, status and time of the call'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l start -d 'Start fastdaemond where no daemon answers'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l or-exec -d 'Run a local program where no daemon can be reached'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l record -d 'Send a record'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l classic -d 'Send a record of the original fastdaemon'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l dgram -d 'Send one datagram'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -l version -d 'Show the version'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options' -s h -l help -d 'Show a summary'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at options port' -x -a '(__fastdaemon_client_sockets)'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at command daemon' -a '(__fastdaemon_client_commands)'
complete -c fastdaemon_client -n '__fastdaemon_client_is_at arguments' -F
