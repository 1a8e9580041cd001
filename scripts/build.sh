#!/usr/bin/env bash
# Builds the release binaries and says where they are.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
scripts/setup.sh
scripts/dashboard.sh
cargo_release
target=$(target_dir)
say "Built $target/release/ownkey (and ownkey-sim, the simulated providers)."
