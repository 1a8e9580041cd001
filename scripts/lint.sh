#!/usr/bin/env bash
# What can be checked without running anything.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

step "what the build needs" scripts/setup.sh
step "house rules" scripts/house-rules.sh
step "format" cargo fmt --all --check
step "clippy" cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
step "dashboard" scripts/dashboard.sh check
if cargo machete --version >/dev/null 2>&1; then step "unused dependencies" cargo machete; fi
if command -v shellcheck >/dev/null; then step "shell scripts" shellcheck --external-sources scripts/*.sh bench/*.sh .ci/run; fi
show_timings
