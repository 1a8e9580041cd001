#!/usr/bin/env bash
# The dashboard, with npm.
#   dashboard.sh           builds it into dashboard/dist, from where the next build of Ownkey takes it
#   dashboard.sh check     formats, lints, types, unit tests
# Does nothing that was done already for the same sources.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

node_wanted=20.19

need_node() {
    if ! command -v npm >/dev/null && ((EUID == 0)) && command -v apt-get >/dev/null; then
        say "Installing nodejs and npm …"
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nodejs npm
    fi
    local have
    have=$(node --version 2>/dev/null | tr -d v) || have=none
    [[ $have != none && $(printf '%s\n' "$node_wanted" "$have" | sort -V | head -n1) == "$node_wanted" ]] && return
    die "the dashboard needs Node.js $node_wanted or newer with npm, and here is $have.
Without it, \`cargo build --release\` makes an Ownkey whose start page says how to add the dashboard."
}

sources() {
    find dashboard \( -name node_modules -o -name dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
}

packages() {
    local stamp=node_modules/.ownkey wanted
    wanted=$(sha256sum <package-lock.json)
    [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
    npm ci --loglevel=error
    printf '%s' "$wanted" >"$stamp"
}

build() {
    local stamp=dashboard/dist/.sources now
    now=$(sources)
    [[ -f $stamp && $(<"$stamp") == "$now" ]] && return
    need_node
    (cd dashboard && packages && npm run --silent build)
    printf '%s' "$now" >"$stamp"
}

check() {
    need_node
    cd dashboard
    packages
    npm run --silent lint
    npm run --silent api:check
    npm run --silent types
    npm test --silent
}

case ${1:-build} in
    build) build ;;
    check) check ;;
    *) die "unknown command: $1 (build, check)" ;;
esac
