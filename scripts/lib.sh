# Sourced by the other scripts: where things are, and how to speak.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# rustup puts cargo there; a shell that was open before does not know yet.
[[ -d ${CARGO_HOME:-$HOME/.cargo}/bin ]] && PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Runs a step under its name, and notes how long it took. A function that is run so must return its failures itself:
# bash does not stop at errors on the left of `||`.
step() {
    local name=$1 begun=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@" || die "\`$name\` failed after $((SECONDS - begun)) s"
    timings+="$(printf '%7d s  %s' $((SECONDS - begun)) "$name")"$'\n'
}

show_timings() { printf '\n%s' "$timings"; }

timings=""

# Where cargo puts what it builds; it can be configured away from ./target.
target_dir() {
    local metadata
    metadata=$(cargo metadata --format-version 1 --no-deps --offline) || return 1
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' <<<"$metadata"
}

# The binaries of a release: always the same packages in one call, so that nothing is built twice.
cargo_release() { cargo build --release --locked --package ownkey --package ownkey-sim --bins "$@"; }
