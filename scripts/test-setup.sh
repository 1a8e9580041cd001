#!/bin/sh
# Installs what the tests need beyond Rust: Python packages in .venv, the JavaScript SDKs in acceptance/node; agent
# frameworks and coding agents, whose dependencies would change those of the SDKs, in acceptance/clients.
# May be run again at any time; does nothing when nothing has changed since.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.ownkey-tests
clients=acceptance/clients
wanted=$(cat scripts/test-setup.sh acceptance/requirements.txt "$clients/requirements.txt" \
    acceptance/node/package-lock.json acceptance/node/.npmrc "$clients/node/package-lock.json" "$clients/node/.npmrc" |
    sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -d acceptance/node/node_modules ] &&
    [ -d "$clients/node/node_modules" ] && [ -x "$clients/.venv/bin/python" ]; then
    exit 0
fi

missing=""
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
# Makes the certificates of the tests over TLS.
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
# Walks through the dashboard.
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
# Some tests need them, and are skipped without: the clock that jumps, the counter of instructions.
if [ "$(id -u)" -eq 0 ]; then
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$missing faketime"
    command -v valgrind >/dev/null 2>&1 || missing="$missing valgrind"
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "The tests need these packages; as root: apt-get install$missing" >&2
        exit 1
    fi
    apt-get update -q
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

# python_packages VENV REQUIREMENTS. An environment of another Python, or of a project that was moved, does not work.
python_packages() {
    "$1/bin/python" -c 'import pip' 2>/dev/null || rm -rf "$1"
    [ -x "$1/bin/python" ] || python3 -m venv "$1"
    # What is imported is compiled then; most of it never is.
    "$1/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --requirement "$2"
}

node_packages() { (cd "$1" && npm ci --no-fund --no-audit --loglevel=error); }

python_packages .venv acceptance/requirements.txt
node_packages acceptance/node
# The ones wait for the network, the others for the processor.
node_packages "$clients/node" &
python_packages "$clients/.venv" "$clients/requirements.txt"
wait $!

printf '%s' "$wanted" > "$stamp"
