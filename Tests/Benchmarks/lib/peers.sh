# shellcheck shell=bash disable=SC2154,SC2034 # The variables are peers.sh's.
# The peers, a block each: what it needs, what the generator speaks to it, which rows it has, and how it starts. A function
# `start_PEER` gets `unix` or `tcp`, and the path or port to listen on, and starts the server with `serve`.

# No function may have a local variable of these names: the trap that stops the peers runs where the failure was, and would see it.
declare -A title needs spoken rows_of running address

title[echo]="bare C epoll echo" rows_of[echo]=abcdef
start_echo() {
    cc -O2 -o "$work/echo_epoll" "$here/echo_epoll.c"
    serve "$work/echo_epoll" "$2"
}

# As a user gets it: no limit, no statistic and no log is turned off or set.
title[fastdaemon]="fastdaemon" rows_of[fastdaemon]=abcdef
start_fastdaemon() {
    local key=$1 value=$2
    [ "$key" = unix ] || value=127.0.0.1:$value
    cat >"$work/fastdaemon.json" <<END
{
  "listen": [ { "$key": "$value" } ],
  "pluginDirectory": "$work/plugins",
  "plugins": [ { "library": "libEcho.so" } ]
}
END
    serve "$build/fastdaemond" --config "$work/fastdaemon.json"
}

title[redis]="Redis, module command" rows_of[redis]=abcdef needs[redis]=redis-server spoken[redis]="--protocol redis"
start_redis() {
    local listen=(--port 0 --unixsocket "$2")
    # The generator calls from many addresses of the loopback network, of which Redis trusts one by itself.
    [ "$1" = unix ] || listen=(--port "$2" --bind 127.0.0.1 --protected-mode no)
    cc -O2 -shared -fPIC -o "$work/redis_echo.so" "$here/peers/redis_echo.c"
    serve redis-server "${listen[@]}" --save '' --dir "$work" --loadmodule "$work/redis_echo.so"
}

# Without its access log, and with connections that stay open however many requests they bring.
title[nginx]="nginx, return 200" rows_of[nginx]=abcd needs[nginx]=nginx spoken[nginx]="--protocol http"
start_nginx() {
    local place=unix:$2 kind temporary=''
    [ "$1" = unix ] || place=127.0.0.1:$2
    for kind in client_body proxy fastcgi uwsgi scgi; do
        temporary+="${kind}_temp_path $work/nginx_$kind; "
    done
    cat >"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $work/nginx.pid;
events {}
http {
    access_log off;
    keepalive_requests 1000000000;
    $temporary
    server { listen $place; location / { return 200; } }
}
END
    serve nginx -p "$work" -c "$work/nginx.conf" -e stderr
}

title[memcached]="memcached, get miss" rows_of[memcached]=abcd needs[memcached]=memcached
spoken[memcached]="--protocol memcached"
start_memcached() {
    local listen=(-s "$2")
    [ "$1" = unix ] || listen=(-l 127.0.0.1 -p "$2" -U 0)
    serve memcached "${listen[@]}" -t 1 -u "$(id -un)"
}

# It takes one request of a connection at a time, so it cannot be pipelined.
title[fastcgi]="FastCGI echo, libfcgi" rows_of[fastcgi]=abdef needs[fastcgi]=fcgiapp.h
spoken[fastcgi]="--protocol fastcgi"
start_fastcgi() {
    local place=$2
    [ "$1" = unix ] || place=127.0.0.1:$2
    cc -O2 -o "$work/fastcgi_echo" "$here/peers/fastcgi_echo.c" -lfcgi -lpthread
    serve "$work/fastcgi_echo" "$place"
}

# A process a connection, so the row that compares is that of one request a connection.
title[socat]="socat, a fork a request" rows_of[socat]=d needs[socat]=socat spoken[socat]="--protocol raw"
start_socat() {
    local place=UNIX-LISTEN:$2
    [ "$1" = unix ] || place=TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr
    serve socat "$place,fork,backlog=511" PIPE
}

title[python]="Python, socketserver" rows_of[python]=abcdef needs[python]=python3
start_python() { serve python3 "$here/peers/record_server.py" "$2"; }

all_peers=(echo fastdaemon redis nginx memcached fastcgi socat python)

# The words behind the address: the command, where the generator's default for the protocol is another.
declare -A asked=([redis]=bench.echo)

# The payload of the rows that say none. What does not echo gets none.
payload() { if [[ ${rows_of[$peer]} == *f* || $peer == socat ]]; then echo "-d 16"; fi; }

# serve COMMAND ...: starts a server on the servers' core, as the process of $peer.
serve() {
    taskset -c "$server_core" "$@" >"$work/$peer.log" 2>&1 &
    running[$peer]=$!
}

# start_peer TRANSPORT
start_peer() {
    address[$peer]=$work/$peer.sock
    [ "$1" = unix ] || address[$peer]=$(free_port)
    "start_$peer" "$1" "${address[$peer]}"
    # shellcheck disable=SC2046,SC2086 # They are words.
    await_server "${running[$peer]}" "$work/$peer.log" \
        ${spoken[$peer]:-} $(payload) "${address[$peer]}" ${asked[$peer]:-}
}

stop_peers() {
    local peer
    for peer in "${!running[@]}"; do
        stop_server "${running[$peer]}"
        unset "running[$peer]"
    done
}

# A port below those that the kernel hands out, on which nobody listens.
free_port() {
    local port
    while port=$((20000 + RANDOM % 10000)) && (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

# What of its needs is not there, in words; nothing where all is.
missing() {
    case ${needs[$1]:-} in
    '') ;;
    *.h) cc -E -include "${needs[$1]}" - </dev/null >"$work/found" 2>&1 || echo "there is no ${needs[$1]} (libfcgi-dev)" ;;
    *) command -v "${needs[$1]}" >"$work/found" || echo "there is no ${needs[$1]}" ;;
    esac
}

# The version of a peer from elsewhere, as it calls itself.
peer_version() {
    case $1 in
    redis) redis-server --version | sed 's/ sha=.*//; s/^Redis server v=/Redis /' ;;
    nginx) nginx -v 2>&1 | sed 's|.*nginx/|nginx |' ;;
    memcached) memcached -V ;;
    fastcgi) dpkg-query -W -f 'libfcgi ${Version}\n' libfcgi-dev 2>/dev/null || echo libfcgi ;;
    socat) socat -V | sed -n 's/^\(socat\) version \([^ ]*\).*/\1 \2/p' ;;
    python) python3 -V ;;
    esac
}
