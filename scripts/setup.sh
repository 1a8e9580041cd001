#!/usr/bin/env bash
# Makes sure that Ownkey can be built here: a C compiler, make, curl, trusted certificates, Rust. May be run again at any
# time. Installs missing Debian packages when it is root, else names them. What the tests need on top comes from
# scripts/test-setup.sh.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

missing=()
for need in cc:build-essential make:make pkg-config:pkg-config curl:curl; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
# Without them no provider can be reached over TLS, and `ownkey serve` does not start.
[[ -e ${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} ]] || missing+=(ca-certificates)

if ((${#missing[@]})); then
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        die "these packages are missing; as root: apt-get install ${missing[*]}"
    fi
    say "Installing ${missing[*]} …"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
if ! command -v cargo >/dev/null; then
    die "Rust is missing. Get it by rustup, then start again:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
  . \"\$HOME/.cargo/env\"
rustup reads rust-toolchain.toml and fetches Rust $wanted by itself."
fi
# Run here, rustup's cargo fetches the pinned version if it is absent. A cargo without rustup may be older.
have=$(cargo --version | cut -d' ' -f2)
if [[ $(printf '%s\n' "$wanted" "$have" | sort -V | head -n1) != "$wanted" ]]; then
    die "Rust $wanted or newer is needed, and this is $have. With rustup the right one comes by itself: https://rustup.rs"
fi
