//! The environment, as far as it is ours: variables named `OWNKEY_…`.

use std::collections::HashMap;
use std::ffi::OsString;

use anyhow::bail;

/// Prefix of our variables.
pub const PREFIX: &str = "OWNKEY_";
/// What stands between a section and a field, so that both may have underscores.
const SEPARATOR: &str = "__";
/// Variables that mean something elsewhere: the log filter, and what clients, demos and tests read.
const KNOWN: [&str; 3] = ["OWNKEY_LOG", "OWNKEY_URL", "OWNKEY_API_KEY"];
const TESTS: &str = "OWNKEY_TEST_";

/// Our variables among all. Another program's need not be text; ours must.
pub fn ours(all: impl IntoIterator<Item = (OsString, OsString)>) -> anyhow::Result<HashMap<String, String>> {
    let mut ours = HashMap::new();
    for (name, value) in all.into_iter().filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => ours.insert(name, value),
            (Ok(name), Err(_)) => bail!("the variable {name} is not UTF-8 text"),
            (Err(name), _) => bail!("the name of the variable {name:?} is not UTF-8 text"),
        };
    }
    Ok(ours)
}

/// Whether a variable overrides a field of the file. One that does and names no field is an error later on.
pub fn overrides(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(SEPARATOR)) && !name.starts_with(TESTS)
}

/// The variables that look as if they were for us and do nothing, in order.
pub fn without_effect<'v>(names: impl Iterator<Item = &'v String>) -> Vec<String> {
    let idle = |name: &&String| !overrides(name) && !KNOWN.contains(&name.as_str()) && !name.starts_with(TESTS);
    let mut idle: Vec<String> = names.filter(idle).cloned().collect();
    idle.sort();
    idle
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn bytes(text: &[u8]) -> OsString {
        OsString::from_vec(text.to_vec())
    }

    #[test]
    fn only_ours_must_be_text() {
        let all = [(bytes(b"PATH\xff"), bytes(b"\xff")), (bytes(b"OWNKEY_LOG"), bytes(b"info"))];
        assert_eq!(ours(all).unwrap().len(), 1);
        let refusal = |name: &[u8], value: &[u8]| ours([(bytes(name), bytes(value))]).unwrap_err().to_string();
        let value = refusal(b"OWNKEY_OPERATOR__TOKEN", b"secret\xff");
        assert!(value.contains("OWNKEY_OPERATOR__TOKEN") && !value.contains("secret"));
        assert!(refusal(b"OWNKEY_\xff", b"secret").contains("OWNKEY_"));
    }

    #[test]
    fn a_variable_that_does_nothing_is_named() {
        let names = ["OWNKEY_SERVER_LISTEN", "OWNKEY_SERVER__LISTEN", "OWNKEY_LOG", "OWNKEY_TEST_KILL_AT", "OWNKEY_A"];
        let names: Vec<String> = names.map(str::to_owned).into();
        assert_eq!(without_effect(names.iter()), ["OWNKEY_A", "OWNKEY_SERVER_LISTEN"]);
    }
}
