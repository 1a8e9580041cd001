#!/usr/bin/env bash
# A throw-away PostgreSQL for tests, from Debian's package, as an unprivileged user on a free port of the loopback.
#
#   postgres.sh run COMMAND…           runs a command beside one, with TEST_POSTGRES_URL set, and removes it behind it
#   postgres.sh make FOLDER            makes one in that new folder and starts it; prints its URL
#   postgres.sh start|stop FOLDER      starts it again at the same port; stops it, as `fast` as open connections allow
#   postgres.sh kill FOLDER            stops it as a crash would
#   postgres.sh remove FOLDER          kills it and removes the folder
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

# What Debian's package calls its own user. PostgreSQL refuses to run as root.
readonly USER_WHEN_ROOT=postgres

bin_dir() { find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n1; }

install_package() {
    [[ -z $(bin_dir) ]] || return 0
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        die "PostgreSQL is missing; as root: apt-get install postgresql"
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get update -q
        # Without this the package makes and starts a server of its own.
        apt-get install -y -q --no-install-recommends postgresql-common
        sed -ri 's/^#?(create_main_cluster) .*/\1 = false/' /etc/postgresql-common/createcluster.conf
        apt-get install -y -q --no-install-recommends postgresql
    } >&2
}

# Runs a program of the package as whoever may run the server.
as_user() {
    local program=$1
    shift
    if ((EUID == 0)); then
        (cd / && setpriv --reuid="$USER_WHEN_ROOT" --regid="$USER_WHEN_ROOT" --init-groups "$(bin_dir)/$program" "$@")
    else
        "$(bin_dir)/$program" "$@"
    fi
}

start() {
    as_user pg_ctl --pgdata="$1/data" --log="$1/log" --wait --silent start >/dev/null
}

stop() { as_user pg_ctl --pgdata="$1/data" --mode="$2" --wait --silent stop >/dev/null; }

# Ports below those that the system gives to clients; one that is taken is told by the server not starting.
start_on_free_port() {
    local folder=$1 port
    for _ in {1..20}; do
        port=$((20000 + RANDOM % 12000))
        printf 'port = %d\n' "$port" >"$folder/data/port.conf"
        if start "$folder"; then
            say "postgres://$USER_WHEN_ROOT@127.0.0.1:$port/postgres"
            return
        fi
    done
    cat "$folder/log" >&2
    die "PostgreSQL does not start"
}

make() {
    install_package
    local folder=$1
    mkdir -m 700 -p "$folder/data"
    ((EUID != 0)) || chown -R "$USER_WHEN_ROOT" "$folder"
    as_user initdb --pgdata="$folder/data" --username="$USER_WHEN_ROOT" --auth=trust --encoding=UTF8 --locale=C \
        --no-instructions --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; die "initdb failed"; }
    # Durability as in production; room for many small databases at once.
    cat >>"$folder/data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = ''
	max_connections = 300
	shared_buffers = 64MB
	max_wal_size = 256MB
	include = 'port.conf'
	CONF
    start_on_free_port "$folder"
}

remove() {
    stop "$1" immediate || true
    rm -rf "$1"
}

run() {
    # In the folder that every user may go through, whatever TMPDIR says.
    folder=$(mktemp -d /tmp/ownkey-postgres.XXXXXX)
    trap 'remove "$folder"' EXIT
    trap 'exit 130' INT TERM
    TEST_POSTGRES_URL=$(make "$folder")
    export TEST_POSTGRES_URL
    local status=0
    "$@" || status=$?
    exit "$status"
}

verb=${1:-}
[[ -z $verb ]] || shift
case $verb in
    run) run "$@" ;;
    make | start | remove) (($# == 1)) || die "$verb takes a folder"; "$verb" "$1" ;;
    stop) stop "$1" fast ;;
    kill) stop "$1" immediate ;;
    *) die "say run, make, start, stop, kill or remove; the head of this file explains" ;;
esac
