//! Telling by its looks whether a text can be a provider's key, before anything is sent.

use ownkey_domain::diagnosis::{Flaw, Kind, Owner};
use ownkey_domain::platform_key;
use ownkey_domain::provider::Provider;

use crate::registry::{Facts, facts};

const KEY_LEN_MIN: usize = 20;
/// A key must be longer than its prefix by this much before its end is shown.
const HINT_SECRET_MIN: usize = 24;
const HINT_TAIL: usize = 4;
const BARE_PREFIX: &str = "sk-";
const ELLIPSIS: char = '…';

/// How a provider's keys look.
pub(crate) struct KeyFormat {
    /// Prefixes that no other provider uses, each longer one before the shorter one it begins with.
    pub(crate) prefixes: &'static [&'static str],
    /// Something only its keys contain.
    pub(crate) infix: Option<&'static str>,
    /// Prefixes of what it issues that can't call models, and what that is for.
    pub(crate) wrong_kinds: &'static [(&'static str, Kind)],
}

/// Providers that are not offered but whose keys people paste.
const STRANGERS: [(&str, &str); 5] =
    [("sk-or-", "OpenRouter"), ("AIza", "Google"), ("gsk_", "Groq"), ("xai-", "xAI"), ("hf_", "Hugging Face")];

/// Login tokens look alike everywhere: a JSON Web Token.
const JWT_PREFIX: &str = "eyJ";

/// What a text looks like as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShape {
    /// It may be a key of this provider; only the provider can tell.
    Plausible,
    /// It can't be a key.
    Malformed(Flaw),
    /// It is another provider's.
    WrongProvider(Owner),
    /// It is no inference key; what it is instead.
    WrongKind(Kind),
}

/// The text without the white space and quotes that come along when a key is copied.
pub fn tidy_key(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '\u{feff}'))
}

/// The first step of the ladder: nothing is sent yet. The text is tidied first.
pub fn classify_key(provider: Provider, text: &str) -> KeyShape {
    let key = tidy_key(text);
    if let Some(flaw) = flaw_of(key) {
        return KeyShape::Malformed(flaw);
    }
    if key.starts_with(platform_key::PREFIX) {
        return KeyShape::WrongKind(Kind::Platform);
    }
    if let Some(other) = owner_of(key).filter(|owner| owner.name != facts(provider).guide.title) {
        return KeyShape::WrongProvider(other);
    }
    if let Some((_, kind)) = facts(provider).keys.wrong_kinds.iter().find(|(prefix, _)| key.starts_with(prefix)) {
        return KeyShape::WrongKind(*kind);
    }
    if key.starts_with(JWT_PREFIX) {
        return KeyShape::WrongKind(Kind::SignIn);
    }
    KeyShape::Plausible
}

/// What people may see of a key: how it begins, and its last four characters if it is long enough to spare them.
pub fn hint(provider: Provider, key: &str) -> String {
    let key = tidy_key(key);
    let prefix = facts(provider).keys.prefixes.iter().find(|prefix| key.starts_with(**prefix)).copied();
    let prefix = prefix.or_else(|| key.starts_with(BARE_PREFIX).then_some(BARE_PREFIX)).unwrap_or_default();
    let mut hint = format!("{prefix}{ELLIPSIS}");
    if key.len() >= prefix.len() + HINT_SECRET_MIN {
        hint.push_str(key.get(key.len() - HINT_TAIL..).unwrap_or_default());
    }
    hint
}

/// Whether a word is a key, or another credential, of one of the providers beyond doubt.
pub(crate) fn is_of_a_provider(word: &str) -> bool {
    word.len() >= KEY_LEN_MIN && word.starts_with(BARE_PREFIX) && owner_of(word).is_some()
}

fn flaw_of(key: &str) -> Option<Flaw> {
    if key.is_empty() {
        return Some(Flaw::Empty);
    }
    if key.contains(char::is_whitespace) {
        return Some(Flaw::Space);
    }
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(Flaw::Character);
    }
    (key.len() < KEY_LEN_MIN).then_some(Flaw::Short(key.len()))
}

/// Whose key it is, if that is beyond doubt. A bare `sk-` is used by too many to say.
fn owner_of(key: &str) -> Option<Owner> {
    let stranger = STRANGERS.iter().find(|(prefix, _)| key.starts_with(prefix));
    let stranger = stranger.map(|&(seen, name)| Owner { name, seen, served: false });
    stranger.or_else(|| Provider::ALL.into_iter().find_map(|provider| owned_by(provider, key)))
}

fn owned_by(provider: Provider, key: &str) -> Option<Owner> {
    let Facts { guide, keys, .. } = facts(provider);
    let kinds = keys.wrong_kinds.iter().map(|(prefix, _)| *prefix);
    let prefix = keys.prefixes.iter().copied().chain(kinds).find(|prefix| key.starts_with(prefix));
    // Told by what is within, it starts as those of many do.
    let within = || keys.infix.filter(|infix| key.contains(infix)).map(|_| BARE_PREFIX);
    prefix.or_else(within).map(|seen| Owner { name: guide.title, seen, served: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyShape::{Malformed, Plausible, WrongKind, WrongProvider};
    use Provider::{Anthropic, OpenAi};

    const TAIL: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn shapes() {
        let jwt = format!("eyJ{TAIL}");
        let served = |name, seen| WrongProvider(Owner { name, seen, served: true });
        let stranger = |name, seen| WrongProvider(Owner { name, seen, served: false });
        for (provider, head, shape) in [
            (Anthropic, "sk-ant-api03-", Plausible),
            (Anthropic, "sk-ant-new99-", Plausible),
            (Anthropic, "something-else-", Plausible),
            (Anthropic, "sk-", Plausible),
            (Anthropic, "sk-ant-admin01-", WrongKind(Kind::Admin)),
            (Anthropic, "sk-ant-api01-", WrongKind(Kind::Admin)),
            (Anthropic, "sk-ant-oat01-", WrongKind(Kind::SignIn)),
            (Anthropic, "sk-proj-", served("OpenAI", "sk-proj-")),
            (Anthropic, "sk-admin-", served("OpenAI", "sk-admin-")),
            (Anthropic, "sk-aaaaaaaaaaaaaaaaaaaaT3BlbkFJ", served("OpenAI", "sk-")),
            (Anthropic, "sk-or-v1-", stranger("OpenRouter", "sk-or-")),
            (OpenAi, "sk-", Plausible),
            (OpenAi, "sk-proj-", Plausible),
            (OpenAi, "sk-svcacct-", Plausible),
            (OpenAi, "sk-admin-", WrongKind(Kind::Admin)),
            (OpenAi, "sess-", WrongKind(Kind::SignIn)),
            (OpenAi, "ek_", WrongKind(Kind::Session)),
            (OpenAi, "sk-ant-api03-", served("Anthropic", "sk-ant-api03-")),
            (OpenAi, "sk-ant-admin01-", served("Anthropic", "sk-ant-")),
            (OpenAi, "AIza", stranger("Google", "AIza")),
            (OpenAi, "gsk_", stranger("Groq", "gsk_")),
            (OpenAi, "ok_", WrongKind(Kind::Platform)),
        ] {
            assert_eq!(classify_key(provider, &format!("{head}{TAIL}")), shape, "{head}");
        }
        assert_eq!(classify_key(Anthropic, &jwt), WrongKind(Kind::SignIn));
    }

    #[test]
    fn what_comes_along_when_copying_is_forgiven_and_the_rest_is_not() {
        let key = format!("sk-ant-api03-{TAIL}");
        for text in [
            format!(" {key}\n"),
            format!("\"{key}\""),
            format!("'{key}' "),
            format!("“{key}”"),
            format!("\u{feff}{key}"),
        ] {
            assert_eq!(classify_key(Anthropic, &text), Plausible);
            assert_eq!(tidy_key(&text), key);
        }
        for (text, flaw) in [
            ("", Flaw::Empty),
            ("\" \"", Flaw::Empty),
            ("sk-ant-short", Flaw::Short(12)),
            (&format!("{key} {key}"), Flaw::Space),
            (&format!("{key}\u{7}x"), Flaw::Character),
            (&format!("{key}é"), Flaw::Character),
        ] {
            assert_eq!(classify_key(Anthropic, text), Malformed(flaw), "{text:?}");
        }
        assert_eq!(classify_key(OpenAi, &format!("sk-{}", "a".repeat(16))), Malformed(Flaw::Short(19)));
        assert_eq!(classify_key(OpenAi, &format!("sk-{}", "a".repeat(17))), Plausible);
    }

    #[test]
    fn a_hint_gives_nothing_of_a_short_key() {
        assert_eq!(hint(Anthropic, &format!("sk-ant-api03-{TAIL}wxyz")), "sk-ant-api03-…wxyz");
        assert_eq!(hint(OpenAi, &format!("sk-{TAIL}wxyz")), "sk-…wxyz");
        assert_eq!(hint(OpenAi, "sk-proj-12345678901234567890"), "sk-proj-…");
        assert_eq!(hint(OpenAi, "unknown-key-of-someone"), "…");
        assert_eq!(hint(OpenAi, ""), "…");
    }
}
