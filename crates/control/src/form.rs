//! The forms of values in bodies: parsed once into types that hold only what is allowed. All that is text here is kept
//! and shown in clear, so no form takes a key.

use ownkey_providers::stray::holds_key;
use serde::de::{Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

/// A value has the wrong form. Says nothing of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not have the right form")]
pub(crate) struct BadForm;

/// The form of a [`ownkey_domain::person::Mail`] in words.
pub(crate) const MAIL_FORM: &str = "a mail address";

const NAME_CHARS_MAX: usize = 200;
const ID_BYTES_MAX: usize = 200;
const WORD_BYTES_MAX: usize = 64;
const MODEL_BYTES_MAX: usize = 256;
/// Room to say what is wrong with a URL that is longer than it may be.
const URL_BYTES_MAX: usize = 2 * ownkey_webhooks::URL_BYTES_MAX;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $form:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub(crate) struct $name(String);

        impl $name {
            /// The form in words.
            pub(crate) const FORM: &'static str = $form;

            /// The text.
            pub(crate) fn into_string(self) -> String {
                self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadForm;

            fn try_from(text: String) -> Result<Self, BadForm> {
                let check: fn(&str) -> bool = $check;
                if check(&text) && !holds_key(&text) { Ok(Self(text)) } else { Err(BadForm) }
            }
        }
    };
}

text!(
    /// A name people gave to something.
    Name,
    "text of 1 to 200 characters, without control characters",
    |text| {
        let chars = text.chars().count();
        chars <= NAME_CHARS_MAX && !text.trim().is_empty() && !text.chars().any(char::is_control)
    }
);
text!(
    /// An id that a product uses for its own customer.
    ExternalId,
    "text of 1 to 200 bytes, without control characters",
    |text| (1..=ID_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
);
text!(
    /// The id of a plan, the name of a feature.
    Word,
    "a word of 1 to 64 ASCII letters, digits, `-`, `_`, `.` or `:`",
    |text| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
    }
);

text!(
    /// The name of a model.
    ModelName,
    "the name of a model, of 1 to 256 ASCII letters, digits, `-`, `_`, `.`, `:`, `@` or `/`, and no agent",
    |text| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'@' | b'/');
        let is_agent = text.starts_with(ownkey_domain::agent::PREFIX);
        (1..=MODEL_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) && !is_agent
    }
);

text!(
    /// Something that may be a URL.
    Url,
    "a URL that begins with https://",
    |text| (1..=URL_BYTES_MAX).contains(&text.len())
);

/// A secret in a body: goes into memory that is wiped, and is never compared, shown or kept as text.
pub(crate) struct SecretText(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = SecretText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(Zeroizing::new(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<SecretText, E> {
                Ok(SecretText(Zeroizing::new(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_held() {
        let name = |text: &str| Name::try_from(text.to_owned()).is_ok();
        assert!(name("Acme & Söhne"));
        for bad in ["", "  ", "a\0b", "a\nb", &"x".repeat(201)] {
            assert!(!name(bad), "{bad:?}");
        }
        let word = |text: &str| Word::try_from(text.to_owned()).is_ok();
        assert!(word("pro-2.x"));
        assert!(!word("a b") && !word("") && !word("ä"));
        assert!(serde_json::from_str::<ExternalId>(r#""a\u0000b""#).is_err());
    }
}
