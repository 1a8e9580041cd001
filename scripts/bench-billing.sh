#!/usr/bin/env bash
# The table of billing on standard output, from a fresh clone; what is built and installed for it is told on the other.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

{
    scripts/setup.sh
    cargo_release
    scripts/test-setup.sh
} >&2
target=$(target_dir)
export OWNKEY_BIN=${OWNKEY_BIN:-$target/release/ownkey} OWNKEY_SIM_BIN=${OWNKEY_SIM_BIN:-$target/release/ownkey-sim}
exec .venv/bin/python scripts/bench-billing.py
