//! Forms of text that several sections use.

use serde::{Deserialize, Deserializer};

/// A text that must not be shown: a token, a key.
#[derive(Deserialize, Default, Clone)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What is said of a number that must be whole, and of one that no such number can be.
pub const WHOLE: &str = "must be a whole number";
pub const TOO_LARGE: &str = "is too large";

/// A whole number, or a text of one in the environment. One with a fraction would be cut off without a word.
pub fn number<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(u64),
        Text(String),
    }
    let number = match Form::deserialize(deserializer) {
        Ok(Form::Number(number)) => Some(number),
        Ok(Form::Text(text)) => text.trim().parse().ok(),
        Err(_) => None,
    };
    let number = number.ok_or_else(|| serde::de::Error::custom(WHOLE))?;
    N::try_from(number).map_err(|_| serde::de::Error::custom(TOO_LARGE))
}

/// The same that may be absent.
pub fn whole<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<Option<N>, D::Error> {
    number(deserializer).map(Some)
}

/// A list in the file, or a text with commas in the environment.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Many(items) => items,
        Form::One(text) => text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect(),
    })
}
