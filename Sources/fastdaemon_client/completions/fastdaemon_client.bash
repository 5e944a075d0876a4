# shellcheck shell=bash
# Completion of fastdaemon_client(1) for bash. It asks the daemon at the port that was typed for its commands.

# Sets REPLY to a word as the shell would see it: without quotes, a tilde or a variable in front put in.
_fastdaemon_client_unquoted() {
    REPLY=$1
    if [[ $REPLY == \~/* ]]; then
        REPLY=$HOME${REPLY#\~}
    elif [[ $REPLY =~ ^\"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?(.*)$ ]]; then
        REPLY=${!BASH_REMATCH[1]}${BASH_REMATCH[2]}
    fi
    REPLY=${REPLY//[\"\'\\]/}
}

# Adds the commands of the daemon at `port`, or a command's own words, that begin with `current`.
_fastdaemon_client_commands() {
    local name
    # A datagram that gets lost would be waited for.
    [[ -n $datagrams ]] && return
    while IFS=$'\t' read -r name _; do
        [[ $name == "$current"* ]] && COMPREPLY+=("$name")
    done < <("$program" --timeout 1 "${host[@]}" -- "$port" daemon commands "$@" 2>/dev/null </dev/null)
}

_fastdaemon_client() {
    local REPLY program current=$2 index word value='' port='' datagrams='' place=options
    local host=() options=(
        --host --timeout --env --verbose --start --or-exec --record --classic --dgram --version --help
    )
    COMPREPLY=()
    _fastdaemon_client_unquoted "${COMP_WORDS[0]}"
    program=$REPLY
    for ((index = 1; index < COMP_CWORD; index++)); do
        _fastdaemon_client_unquoted "${COMP_WORDS[index]}"
        word=$REPLY
        if [[ -n $value ]]; then
            # readline makes three words of --host=NAME.
            [[ $word == '=' ]] && continue
            [[ $value == --host ]] && host=(--host "$word")
            value=''
            continue
        fi
        case $place:$word in
            options:--host | options:--timeout | options:--env) value=$word ;;
            options:--dgram) datagrams=1 ;;
            options:--) place=port ;;
            options:-?*) ;;
            options:* | port:*) port=$word place=separator ;;
            separator:--) place='command' ;;
            separator:help | command:help) place='command' ;;
            separator:daemon | command:daemon) place='daemon' ;;
            daemon:slow) place='command' ;;
            separator:* | command:* | daemon:*) place=arguments ;;
        esac
    done
    [[ $current == '=' ]] && current=''
    case $value:$place in
        --host:*) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
        --env:*) mapfile -t COMPREPLY < <(compgen -A export -- "$current") ;;
        --timeout:*) ;;
        *:options | *:port)
            if [[ $place == options && $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$current")
            else
                _fastdaemon_client_sockets
            fi
            ;;
        *:separator | *:command) _fastdaemon_client_commands ;;
        *:daemon) _fastdaemon_client_commands daemon ;;
        *) compopt -o default ;;
    esac
}

# Adds the sockets that begin with `current`, and the folders on the way to some.
_fastdaemon_client_sockets() {
    local file REPLY
    if [[ $current == *[\$\"\']* ]]; then
        # The shell knows better how to go on with quotes and variables.
        compopt -o default
        return
    fi
    compopt -o filenames
    _fastdaemon_client_unquoted "$current"
    while IFS= read -r file; do
        # What the shell would put in stays as it was typed.
        [[ -S $file || -d $file ]] && COMPREPLY+=("$current${file#"$REPLY"}")
    done < <(compgen -f -- "$REPLY")
}

complete -F _fastdaemon_client fastdaemon_client
