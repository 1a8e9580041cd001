//! Patterns over model names cover what the obvious rule says.

use ownkey_domain::catalogue::Pattern;

/// The pattern stands in the first line, the name in the others.
pub fn target(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (pattern, name) = text.split_once('\n').unwrap_or((&text, ""));
    let of_names = |b: u8| b.is_ascii_alphanumeric() || b"*._-:@".contains(&b);
    let is_pattern = (1..=256).contains(&pattern.len()) && pattern.bytes().all(of_names);
    let parsed = Pattern::parse(pattern);
    assert_eq!(parsed.is_ok(), is_pattern);
    if let Ok(parsed) = parsed {
        assert_eq!(parsed.covers(name), obvious(pattern.as_bytes(), name.as_bytes()));
    }
}

/// By table: which beginnings of the pattern cover which beginnings of the name.
fn obvious(pattern: &[u8], name: &[u8]) -> bool {
    let mut covered = vec![false; name.len() + 1];
    covered[0] = true;
    for letter in pattern {
        let before = covered.clone();
        for at in 0..=name.len() {
            covered[at] = match letter {
                b'*' => before[at] || (at > 0 && covered[at - 1]),
                _ => at > 0 && before[at - 1] && letter.eq_ignore_ascii_case(&name[at - 1]),
            };
        }
    }
    covered[name.len()]
}

#[test]
fn corpus() {
    crate::drive::corpus("pattern", target);
}

#[test]
fn random() {
    crate::drive::random(
        "pattern",
        target,
        crate::drive::CASES,
        crate::drive::soup(&["a", "B", "ab", "*", "**", "\n", "-5", "\u{e9}"]),
    );
}
