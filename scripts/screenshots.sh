#!/usr/bin/env bash
# A picture of every page of the dashboard in each of its states, at a desk and on a phone, light and dark:
# acceptance/.screenshots/STATE/PAGE-SIZE-THEME.png.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

binaries() {
    local target
    target=$(target_dir) || return
    cargo_release || return
    export OWNKEY_BIN=$target/release/ownkey OWNKEY_SIM_BIN=$target/release/ownkey-sim
}

pictures=$root/acceptance/.screenshots
step "what the build needs" scripts/setup.sh
step "the dashboard" scripts/dashboard.sh
step "release binaries" binaries
step "what the tests need" scripts/test-setup.sh
rm -rf "$pictures"
step "pictures" env OWNKEY_SCREENSHOTS="$pictures" .venv/bin/python -m pytest acceptance/test_dashboard_states.py
say "They are in ${pictures#"$root"/}."
