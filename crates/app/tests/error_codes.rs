//! Every code that a caller may see is explained. Sources are read as text: a code is a word there, and no other crate
//! may know both planes.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use ownkey_domain::error_code::explain;
use ownkey_domain::verdict::Verdict;

/// Whose error it is, which is told beside its code.
const SOURCES: [&str; 2] = ["ownkey", "provider"];

type Outcome = Result<(), Box<dyn Error>>;

/// The codes of a file and all below a folder.
fn collect(at: &Path, codes: &mut BTreeSet<String>) -> Outcome {
    if at.is_dir() {
        for entry in std::fs::read_dir(at)? {
            collect(&entry?.path(), codes)?;
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(at)?;
    let production = text.split("#[cfg(test)]").next().unwrap_or_default();
    codes.extend(production.lines().filter_map(code).map(str::to_owned));
    Ok(())
}

/// The code that a line names: `Self::NAME => "code"` of calls, `STATUS, "code", "title"` of the management API.
fn code(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once('"')?;
    let (word, after) = rest.split_once('"')?;
    let of_calls = before.trim_start().starts_with("Self::") && before.ends_with("=> ");
    let status = before.strip_suffix(", ").is_some_and(|before| before.ends_with(|c: char| c.is_ascii_uppercase()));
    (!word.is_empty() && (of_calls || (status && after.starts_with(", \"")))).then_some(word)
}

#[test]
fn every_code_is_explained() -> Outcome {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut codes = BTreeSet::new();
    collect(&crates.join("gateway/src/error.rs"), &mut codes)?;
    collect(&crates.join("control/src"), &mut codes)?;
    // The word of a verdict is the code where it refuses a key.
    codes.extend(
        [
            Verdict::Invalid,
            Verdict::WrongProvider,
            Verdict::WrongKind,
            Verdict::Malformed,
            Verdict::Unreachable,
            Verdict::ProviderIncident,
        ]
        .map(|verdict| verdict.as_str().to_owned()),
    );
    for known in ["key_sealed", "conflict", "cross_site", "invalid_value", "malformed"] {
        assert!(codes.contains(known), "{known} was found: {codes:?}");
    }
    let explained = |code: &&String| SOURCES.contains(&code.as_str()) || explain(code).is_some();
    let unexplained: Vec<_> = codes.iter().filter(|code| !explained(code)).collect();
    assert!(unexplained.is_empty(), "explain these in domain/src/error_code.rs: {unexplained:?}");
    Ok(())
}
