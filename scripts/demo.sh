#!/usr/bin/env bash
# The demo: Ownkey on SQLite beside simulated Anthropic and OpenAI, all on loopback, all data in .demo.
#   demo.sh          starts it and stays until Ctrl-C; with DEMO_DETACH=1 it leaves it running
#   demo.sh stop     stops a demo that was left running
#   demo.sh clean    stops it and removes its data
# DEMO names the product whose configuration it runs with: celune (if nothing is said) or niyra.
# Data is kept between runs. DEMO_PORT, DEMO_SIM_PORT (and the two after it) and DEMO_DIR move it elsewhere.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

dir=${DEMO_DIR:-$root/.demo}
port=${DEMO_PORT:-8080}
sim_port=${DEMO_SIM_PORT:-9800}
address=127.0.0.1
url=http://$address:$port
pids=$dir/pids
product=${DEMO:-celune}
rules=$root/examples/$product.toml
ready_tries=150 # of 0.1 s each

main() {
    case ${1:-start} in
        start) start ;;
        stop) stop_left_running && say "Stopped." || say "No demo is running." ;;
        clean) stop_left_running || true; rm -rf "$dir"; say "Removed $dir." ;;
        *) die "unknown command: $1 (start, stop, clean)" ;;
    esac
}

start() {
    [[ $product =~ ^(celune|niyra)$ ]] || die "DEMO names a product: celune or niyra"
    ! left_running >/dev/null || die "the demo is running already; \`make demo-stop\` ends it"
    free_or_die "$port" DEMO_PORT
    for p in 0 1 2; do free_or_die $((sim_port + p)) DEMO_SIM_PORT; done
    scripts/setup.sh
    say "Building (the first time takes some minutes) …"
    scripts/dashboard.sh
    cargo_release --quiet
    bin=$(target_dir)/release
    mkdir -p "$dir"
    chmod 700 "$dir"
    [[ -e $dir/ownkey.toml ]] || (cd "$dir" && "$bin/ownkey" init >/dev/null)
    token=$(sed -n 's/^token = "\(.*\)"/\1/p' "$dir/ownkey.toml")
    trap stop_children EXIT
    trap 'exit 0' INT TERM
    launch
    seed
    show
    if [[ ${DEMO_DETACH:-} == 1 ]]; then
        trap - EXIT
        say "Running in the background; \`make demo-stop\` ends it."
        return
    fi
    say "Ctrl-C stops the demo; its data stays in ${dir#"$root/"} (make demo-clean removes it)."
    wait -n || true
    die "one of the two programs ended by itself; see $dir/ownkey.log and $dir/sim.log"
}

free_or_die() {
    ! (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null && return
    local holder=""
    if command -v ss >/dev/null; then
        holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (process \2)/p' | head -n1)
    fi
    die "port $1 is taken$holder. Stop that program, or choose another port: $2=… make demo"
}

launch() {
    : >"$dir/sim.log"
    # In a process group of their own, so that Ctrl-C reaches this script first and the end is an orderly one.
    set -m
    "$bin/ownkey-sim" --control "$address:$sim_port" --openai "$address:$((sim_port + 1))" \
        --anthropic "$address:$((sim_port + 2))" </dev/null >"$dir/sim.log" 2>&1 &
    sim_pid=$!
    (
        cd "$dir"
        export OWNKEY_SERVER__LISTEN=$address:$port
        export OWNKEY_DATABASE__URL=sqlite://data/ownkey.db OWNKEY_VAULT__KEK_FILE=ownkey.kek
        export OWNKEY_PROVIDERS__OPENAI__BASE_URL=http://$address:$((sim_port + 1))/v1
        export OWNKEY_PROVIDERS__ANTHROPIC__BASE_URL=http://$address:$((sim_port + 2))
        # The word `sim-ok` makes the simulator accept a key; no real provider would.
        export OWNKEY_PROVIDERS__OPENAI__MANAGED_KEY=sk-proj-sim-ok-operator-0000000001
        export OWNKEY_PROVIDERS__ANTHROPIC__MANAGED_KEY=sk-ant-api03-sim-ok-operator-0000000001
        # The rules come from the product's file, what is this machine's from the environment.
        export OWNKEY_OPERATOR__TOKEN=$token
        exec "$bin/ownkey" serve --config "$rules" </dev/null >ownkey.log 2>&1
    ) &
    ownkey_pid=$!
    set +m
    printf '%s\n' "$ownkey_pid" "$sim_pid" >"$pids"
    await "$url/readyz" "$ownkey_pid" "$dir/ownkey.log"
    await "http://$address:$sim_port/healthz" "$sim_pid" "$dir/sim.log"
}

# Waits until an address answers; gives up when the program behind it ends.
await() {
    for ((i = 0; i < ready_tries; i++)); do
        curl -fsS --noproxy '*' -o /dev/null "$1" 2>/dev/null && return
        kill -0 "$2" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$3" >&2
    die "$1 does not answer; the last lines of $3 are above"
}

# Two workspaces and a platform key of the first; what is there already stays.
seed() {
    workspace acme "Acme Inc" >/dev/null
    workspace globex "Globex" >/dev/null
    key=$(cat "$dir/platform-key" 2>/dev/null || true)
    if [[ -z $key ]] || ! ask "$key" GET /workspaces/current/provider-keys >/dev/null 2>&1; then
        local scopes='["inference","providers:read","providers:write","agents:write","usage:read"]'
        key=$(ask "$token" POST "/workspaces/$(workspace acme "Acme Inc")/api-keys" "{\"name\":\"demo\",\"scopes\":$scopes}" | member secret)
        (umask 077 && printf '%s\n' "$key" >"$dir/platform-key")
    fi
    [[ $key == ok_* ]] || die "no platform key could be made; see $dir/ownkey.log"
}

workspace() { ask "$token" PUT "/workspaces/by-external-id/$1" "{\"name\":\"$2\",\"plan\":\"pro\"}" | member id; }

# A call of the management API. The token goes by a file descriptor, as a command line can be read by others.
ask() {
    curl -fsS --noproxy '*' -X "$2" "$url/api/v1$3" -H @<(printf 'authorization: Bearer %s\n' "$1") \
        -H 'content-type: application/json' ${4:+-d "$4"}
}

# The first string member of that name in a JSON text.
member() { grep -o "\"$1\":\"[^\"]*\"" | head -n1 | cut -d'"' -f4; }

show() {
    local bold="" plain=""
    [[ -t 1 ]] && bold=$'\e[1m' plain=$'\e[0m'
    local keys=$url/api/v1/workspaces/current/provider-keys/anthropic dashboard
    # While nobody can sign in, each start prints a link that makes the operator.
    dashboard=$(grep -o 'http[^ ]*/setup#[^ ]*' "$dir/ownkey.log" | head -n1 || true)
    local first="See x-ownkey-payer in the answer: managed access pays." last="The next call is managed again."
    # Hosted access there is paid in credits, and there are none yet.
    [[ $product == niyra ]] && first="Hosted access costs credits, and there are none yet: 402." last="The next call is 402 again."
    cat <<END

  ${bold}Ownkey$plain        $url   (as ${product^}, by examples/$product.toml; simulated providers on ports $((sim_port + 1)) and $((sim_port + 2)))
  ${bold}Platform key$plain  $key   (workspace Acme Inc)
  ${bold}Dashboard$plain     ${dashboard:-$url}${dashboard:+   (whoever opens it first is the operator; it works once)}

${bold}Ask a model.$plain $first
  curl -iN $url/v1/messages -H 'x-api-key: $key' \\
    -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\
    -d '{"model":"claude-haiku-4-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello!"}]}'

${bold}Paste a provider key.$plain It is tested, sealed, and pays from the next call on: ask again.
  curl -X PUT $keys -H 'authorization: Bearer $key' \\
    -H 'content-type: application/json' -d '{"key":"sk-ant-api03-sim-ok-acme-0000000001"}'

${bold}Remove it.$plain $last
  curl -i -X DELETE $keys -H 'authorization: Bearer $key'

${bold}See who paid$plain for each call, and what it cost.
  curl $url/api/v1/workspaces/current/requests -H 'authorization: Bearer $key'

END
}

stop_children() {
    trap - EXIT INT TERM
    kill "$ownkey_pid" "$sim_pid" 2>/dev/null || true
    wait "$ownkey_pid" "$sim_pid" 2>/dev/null || true
    rm -f "$pids"
}

# The processes of a demo in the background that are ours: numbers may have gone to others since.
left_running() {
    local found=1 pid
    [[ -e $pids ]] || return 1
    while read -r pid; do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in ownkey | ownkey-sim) echo "$pid" && found=0 ;; esac
    done <"$pids"
    return $found
}

stop_left_running() {
    local running
    running=$(left_running) || return 1
    # shellcheck disable=SC2086 # one word a process
    kill $running 2>/dev/null || true
    for ((i = 0; i < 350; i++)); do
        left_running >/dev/null || break
        sleep 0.1
    done
    rm -f "$pids"
}

ownkey_pid="" sim_pid="" token=""
main "$@"
