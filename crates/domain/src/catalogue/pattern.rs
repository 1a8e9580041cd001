//! Patterns over model names: letters as they are, `*` for any run of characters. Case is not told apart: a provider
//! that would take another spelling must not open a gate.

/// The longest pattern.
const LEN_MAX: usize = 256;

/// A pattern such as `claude-fable-5*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// The text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern is a model name in which `*` stands for any characters")]
pub struct BadPattern;

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let fine = |b: u8| b == b'*' || is_name_byte(b);
        let fits = !text.is_empty() && text.len() <= LEN_MAX && text.bytes().all(fine);
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { Err(BadPattern) }
    }

    /// Whether the pattern covers that name. The first part stands at the start, the last at the end, the others
    /// anywhere between, each as early as it can: no backtracking, so no name takes long.
    pub fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut left) = name.strip_prefix(first) else { return false };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        left.ends_with(last)
    }
}

/// Whether a byte may stand in the id of a model.
pub fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, covered, not) in [
            (
                "claude-fable-5*",
                &["claude-fable-5", "claude-fable-5-20260101", "CLAUDE-Fable-5x"][..],
                &["claude-fable"][..],
            ),
            ("gpt-4o", &["gpt-4o", "GPT-4o"], &["gpt-4o-mini", "xgpt-4o", ""]),
            ("*", &["", "a"], &[]),
            ("a*b*c", &["abc", "aXbXc", "abbcc"], &["ab", "acb", "abcd"]),
            ("*-mini*", &["gpt-4o-mini", "o3-mini-2025-01-31"], &["gpt-4o"]),
            ("a**b", &["ab", "axxb"], &["a"]),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert!(covered.iter().all(|name| pattern.covers(name)), "{pattern:?}");
            assert!(!not.iter().any(|name| pattern.covers(name)), "{pattern:?}");
        }
        for bad in ["", "a b", "a?", "[a]", "é*", "a/b"] {
            assert_eq!(Pattern::parse(bad), Err(BadPattern), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn like_the_obvious_rule(pattern in "[ab*]{1,8}", name in "[ab]{0,10}") {
            fn obvious(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern, name) {
                    ([], []) => true,
                    ([b'*', rest @ ..], _) => {
                        obvious(rest, name) || (!name.is_empty() && obvious(pattern, &name[1..]))
                    }
                    ([p, rest @ ..], [n, more @ ..]) => p == n && obvious(rest, more),
                    _ => false,
                }
            }
            let expected = obvious(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(Pattern::parse(&pattern).unwrap().covers(&name), expected);
        }
    }
}
