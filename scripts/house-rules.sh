#!/usr/bin/env bash
# Rules of CONTRIBUTING.md that no lint of the compiler knows. Looks at tracked and new files; takes a moment.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

broken=0
# A rule and the places that break it, one a line.
rule() {
    [[ -n $2 ]] || return 0
    printf '%s\n%s\n\n' "$1" "$2" >&2
    broken=1
}

# The files of a pathspec that are there, for xargs.
files() {
    git ls-files -z --cached --others --exclude-standard --deduplicate -- "$@" |
        while IFS= read -r -d '' file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done
}
# grep over the files of a pathspec; finding nothing is no failure.
find_in() {
    local pattern=$1
    shift
    files "$@" | xargs -r0 grep -nHIsE -e "$pattern" || true
}

long_files() { files 'crates/*/src/*.rs' | xargs -r0 awk 'FNR == 501 { print FILENAME }'; }

# A file's production code is what stands before its tests.
gateway_unwraps() {
    files 'crates/gateway/src/*.rs' ':!crates/gateway/src/*/tests.rs' |
        xargs -r0 awk 'FNR == 1 { tests = 0 } /^#\[cfg\(test\)\]/ { tests = 1 } !tests && /\.(unwrap|expect)\(/ { print FILENAME ":" FNR ":" $0 }'
}

store_but_dialect=('crates/store/src/*.rs' ':!crates/store/src/dialect.rs' ':!crates/store/src/dialect')
hosts='crates\.io|pypi\.org|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com|proxy\.golang\.org|deb\.debian\.org'

rule "A source file has at most 500 lines; split it:" "$(long_files)"
rule 'Use #[expect(…, reason = "…")] instead of #[allow(…)]:' "$(find_in '#!?\[allow\(' 'crates/*.rs')"
rule "The gateway never unwraps; a bad request costs that request only:" "$(gateway_unwraps)"
rule "Only the store names sqlx:" "$(find_in '\bsqlx(::|\.workspace| *=)' 'crates/*.rs' 'crates/*/Cargo.toml' ':!crates/store' ':!crates/app/tests/architecture.rs')"
rule "SQL is fixed text; what must be put together belongs into dialect.rs:" \
    "$(find_in 'AssertSqlSafe|format!\(.*"[^"]*\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b' "${store_but_dialect[@]}")"
# Lock files say where packages come from: the public index, not somebody's mirror.
rule "No names of package registries or mirrors in the repository:" "$(find_in "$hosts" . ':!Cargo.lock' ':!scripts/house-rules.sh')"
rule "Cargo.lock names another source than the public index:" "$(grep -E '^source = ' Cargo.lock | sort -u | grep -vF '"registry+https://github.com/rust-lang/' || true)"
rule "A merge was not finished here:" "$(find_in '^(<{7}|>{7}) ' .)"
rule "No paths of one machine in the repository:" "$(find_in '(^|[^A-Za-z0-9_.~$}*/-])/(home|root|Users|work)/[A-Za-z]' . ':!scripts/house-rules.sh')"

((broken == 0)) || die "house rules are broken"
