#!/usr/bin/env bash
# Measures Ownkey beside its peers, from a fresh clone: builds, installs and runs. bench/README.md explains.
#
#   CASES=… PEERS=… QUICK=1 bench.sh     some cases, some peers, one short round
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

((EUID == 0)) || die "run it as root: PostgreSQL's server and process accounting need it"
(($(nproc) >= 2)) || die "it takes two processors: one for the load, one for what is measured"
for need in openssl python3 taskset; do
    command -v "$need" >/dev/null || die "\`$need\` is missing"
done

scripts/setup.sh
if [[ -z ${OWNKEY_BIN:-} ]]; then
    scripts/dashboard.sh
    cargo_release
fi
cargo build --release --locked --package ownkey-bench
cargo build --release --locked --package ownkey-store --example ledger_speed
# The tool to measure with, and the peers that are wanted. What they need besides (Python's venv, npm) is told in their logs.
peers=${PEERS:-nginx llmg tensorzero portkey litellm}
peers=${peers//none/}
# shellcheck disable=SC2086 # one word a peer
bench/setup.sh oha ${peers//,/ }
[[ -x .bench/peers/oha/bin/oha ]] || die "nothing can be measured without oha"

options=()
[[ -z ${CASES:-} ]] || options+=(--cases "$CASES")
[[ -z ${PEERS:-} ]] || options+=(--peers "$PEERS")
[[ -z ${ROUNDS:-} ]] || options+=(--rounds "$ROUNDS")
[[ -z ${QUICK:-} ]] || options+=(--quick)
exec python3 -m bench "${options[@]}"
