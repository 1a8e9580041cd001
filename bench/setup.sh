#!/usr/bin/env bash
# Installs what the benchmark compares and what it measures with, from the package registries, into .bench: nothing of
# it reaches the system. What is there already is left alone; what does not install is told and left out of the run.
#
#   setup.sh [NAME…]      oha, nginx, llmg, tensorzero, portkey, litellm; all of them without a name
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../scripts/lib.sh"

readonly into=$root/.bench/peers

# Versions are pinned, so that figures of two runs differ by Ownkey only.
readonly OHA=1.16.0 LLMG=0.4.0 TENSORZERO=2026.6.0 LITELLM=1.106.2
# The newest of Portkey answers 500 to every stream with today's server library; this pair works.
readonly PORTKEY=1.15.2 PORTKEY_SERVER=1.13.8

from_crates() { cargo install --quiet --locked --root "$into/$1" --version "$2" "$3"; }

from_python() {
    python3 -m venv "$into/$1" && "$into/$1/bin/pip" install --quiet --disable-pip-version-check --no-compile "$2"
}

oha() { from_crates oha "$OHA" oha; }
llmg() { from_crates llmg "$LLMG" llmg-gateway; }
litellm() { from_python litellm "litellm[proxy]==$LITELLM"; }
tensorzero() { from_python tensorzero "tensorzero==$TENSORZERO"; }

portkey() {
    mkdir -p "$into/portkey"
    printf '{"dependencies":{"@portkey-ai/gateway":"%s"},"overrides":{"@hono/node-server":"%s"}}\n' \
        "$PORTKEY" "$PORTKEY_SERVER" >"$into/portkey/package.json"
    (cd "$into/portkey" && npm install --no-fund --no-audit --loglevel=error)
}

# Unpacked, not installed: the package would start a server of its own.
nginx() {
    mkdir -p "$into/nginx" || return
    (cd "$into/nginx" && apt-get download --quiet nginx && dpkg-deb --extract nginx_*.deb .)
}

install() {
    local name=$1
    [[ ! -f $into/$name/.installed ]] || return 0
    rm -rf "${into:?}/$name"
    say "installing $name"
    # In a shell of its own: a failure is told, the others go on.
    if (set -e; "$name") >"$into/$name.log" 2>&1; then
        touch "$into/$name/.installed"
    else
        say "$name does not install and is left out; .bench/peers/$name.log says why"
    fi
}

# Makes Linux forget earlier connections.
command -v ip >/dev/null || apt-get install -y -q --no-install-recommends iproute2
mkdir -p "$into"
wanted=("$@")
((${#wanted[@]})) || wanted=(oha nginx llmg tensorzero portkey litellm)
for name in "${wanted[@]}"; do
    case $name in
        oha | nginx | llmg | tensorzero | portkey | litellm) install "$name" ;;
        *) die "there is no peer \`$name\`" ;;
    esac
done
