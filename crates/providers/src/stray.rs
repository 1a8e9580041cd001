//! Keys that stray into places for other text: names, ids, headers. What is kept and shown there is no secret, so a
//! key must not get there.

use ownkey_domain::platform_key;

use crate::key::is_of_a_provider;

/// How the keys of many providers begin.
const USUAL_PREFIX: &str = "sk-";

/// Whether the text may hold a key. What callers send along with a call is not kept then; ordinary words that merely
/// begin like a key are a loss that one can live with.
pub fn may_hold_key(text: &str) -> bool {
    // Most texts don't hold it at all, and need not be taken apart.
    let may_begin_one = text.contains(USUAL_PREFIX) && words(text).any(|word| word.starts_with(USUAL_PREFIX));
    may_begin_one || platform_key::appears_in(text.as_bytes())
}

/// Whether the text holds a key beyond doubt, so that it can be refused where names and ids are expected.
pub fn holds_key(text: &str) -> bool {
    platform_key::appears_in(text.as_bytes()) || words(text).any(is_of_a_provider)
}

/// The pieces of a text that a key could be.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_and_ordinary_words_are_not() {
        let (_, platform) = platform_key::generate(&[4; platform_key::ENTROPY_LEN]);
        let tail = "A".repeat(30);
        for key in [
            platform,
            format!("sk-ant-api03-{tail}"),
            format!("sk-ant-admin01-{tail}"),
            format!("sk-proj-{tail}"),
            format!("sk-svcacct-{tail}"),
            format!("sk-admin-{tail}"),
            "sk-aaaaaaaaaaaaaaaaaaaaT3BlbkFJaaaaaaaaaaaaaaaaaaaa".to_owned(),
        ] {
            for text in [key.clone(), format!("the key is {key}"), format!("key={key}&x=1"), format!("„{key}“")] {
                assert!(holds_key(&text) && may_hold_key(&text), "{text}");
            }
        }
        for doubtful in ["sk-1", "sk-team", "sk-proj-x", "sk-ant-", "sk-lived1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c"] {
            assert!(may_hold_key(doubtful) && !holds_key(doubtful), "{doubtful}");
        }
        for fine in ["", "notebook_1", "book_keeper", "ok_", "ask-proj-management-2026-overview", "task-ant-hill-of-it"]
        {
            assert!(!may_hold_key(fine) && !holds_key(fine), "{fine}");
        }
    }
}
