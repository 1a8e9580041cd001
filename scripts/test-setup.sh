#!/bin/sh
# Installs what the tests need beyond Rust: Python packages in .venv, the JavaScript SDKs in acceptance/node.
# May be run again at any time; does nothing when nothing has changed since.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.ownkey-tests
wanted=$(cat scripts/test-setup.sh acceptance/requirements.txt acceptance/node/package-lock.json acceptance/node/.npmrc | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -d acceptance/node/node_modules ]; then
    exit 0
fi

missing=""
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
# Makes the certificates of the tests over TLS.
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
# One test needs it, and does without elsewhere: the clock that jumps.
if [ "$(id -u)" -eq 0 ] && ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
    missing="$missing faketime"
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

# A virtual environment of another Python, or of a project that was moved, does not work.
.venv/bin/python -c 'import pip' 2>/dev/null || rm -rf .venv
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement acceptance/requirements.txt
(cd acceptance/node && npm ci --no-fund --no-audit --loglevel=error)

printf '%s' "$wanted" > "$stamp"
