#!/usr/bin/env bash
# All tests, from a fresh clone. `test.sh soak` runs only the acceptance suites, at their full counts.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

# Beside a PostgreSQL of its own, unless there is one: suites run on both databases.
[[ -n ${TEST_POSTGRES_URL:-} ]] || exec scripts/postgres.sh run scripts/test.sh "$@"

crates() {
    # nextest runs the tests of all crates side by side; without it the same tests run one crate at a time.
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --locked --no-fail-fast --status-level slow --final-status-level fail
    else
        cargo test --workspace --locked --no-fail-fast --quiet
    fi
}

# The store's tests that let processes die at named points, which only this feature has. One at a time: a process that
# one test is just starting holds for a moment the locks of the databases that the others have open.
killed_store() {
    cargo test -p ownkey-store --features kill-points --locked --quiet --test contract kills:: -- --test-threads=1
}

# The binaries to release, and one that can end itself at named points, for crash tests. That one is not optimised: its
# dependencies are those of the crates' tests.
binaries() {
    local target
    target=$(target_dir) || return
    cargo build --locked --package ownkey --features ownkey/kill-points || return
    install -D "$target/debug/ownkey" "$target/kill-points/ownkey" || return
    cargo_release || return
    export OWNKEY_BIN=$target/release/ownkey OWNKEY_SIM_BIN=$target/release/ownkey-sim
    export OWNKEY_KILL_BIN=$target/kill-points/ownkey
}

# Suites wait more than they compute, so several run side by side, so many to a processor, each file in one process. A
# test that hangs is named and ends its process, not the whole run. A soak's loads have the machine to themselves, and
# their time.
acceptance() {
    local to_a_processor=$1
    shift
    [[ -n ${OWNKEY_SOAK:-} ]] || set -- --numprocesses=$((to_a_processor * $(nproc))) --dist=loadfile \
        --timeout=600 --timeout-method=thread "$@"
    .venv/bin/python -m pytest acceptance --ignore=acceptance/test_instructions.py "$@"
}

# By itself: what a server does in the background is counted too, and beside other suites there is more time for that.
instructions() { .venv/bin/python -m pytest acceptance/test_instructions.py --capture=no; }

# How the benchmark reckons, not what it measures.
reckoning() { .venv/bin/python -m pytest bench; }

# Again with every server on PostgreSQL, where most of the time goes by until removals have been heard of. Left out is
# what chooses its database itself and what is about pages in a browser; and, but for soaks, what is about providers,
# bodies, sockets, verdicts, and other ways in to the management API.
acceptance_on_postgres() {
    local once=(test_bad_machine.py test_canary_scanner.py test_database_away.py test_nodes.py test_refresh.py)
    [[ -n ${OWNKEY_SOAK:-} ]] || once+=(
        test_as_it_came.py test_bad_keys.py test_bad_providers.py test_bad_requests.py test_broken_streams.py
        test_coding_agents.py test_command_line.py test_cors.py test_fallback.py test_fault_table.py test_frameworks.py test_leaving.py
        test_malformed_framing.py test_managed_bounds.py test_mcp.py test_models.py test_niyra_models.py test_paths.py
        test_sdk_node.py test_sdk_python.py test_tls.py test_told_right.py test_unread.py test_verdicts.py
    )
    OWNKEY_TEST_DB=postgres acceptance 2 --ignore-glob='acceptance/test_dashboard*.py' "${once[@]/#/--ignore=acceptance/}"
}

step "what the build needs" scripts/setup.sh
if [[ ${1:-} == soak ]]; then
    export OWNKEY_SOAK=1
else
    step "tests of the crates" crates
    step "tests of a store that is killed" killed_store
fi
step "the dashboard" scripts/dashboard.sh
step "binaries" binaries
step "what the tests need" scripts/test-setup.sh
[[ ${1:-} == soak ]] || step "how the benchmark reckons" reckoning
step "instructions of a call" instructions
step "acceptance suites" acceptance 1
step "acceptance suites on PostgreSQL" acceptance_on_postgres
[[ ${1:-} == soak ]] || step "the demo" python3 scripts/demo-check.py
show_timings
