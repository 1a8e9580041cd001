//! What a token endpoint answers with. Real ones are looser than RFC 6749: they write the life of a token as text, or leave
//! the type out. To refuse such an answer would lose tokens that were issued, so what is not needed may be anything.

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Tokens, as they are read.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    access_token: AccessToken,
    /// How it is called does not matter: all of them are sent as `Bearer`.
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "life", skip_serializing)]
    expires_in: Option<Duration>,
    #[serde(default, deserialize_with = "text", skip_serializing)]
    refresh_token: Option<RefreshToken>,
    #[serde(default, rename = "scope", deserialize_with = "scopes", skip_serializing)]
    scopes: Option<Vec<Scope>>,
}

impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

const fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// Seconds, as a number or as text. What is neither, or below zero, says nothing.
fn life<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let seconds: Option<f64> = match Value::deserialize(from)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| *seconds >= 0.0);
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds.floor()).unwrap_or(Duration::MAX)))
}

/// A token that is there.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RefreshToken>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty()).map(RefreshToken::new))
}

/// Words with spaces between them, or a list of words.
fn scopes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Scope>>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text.split_whitespace().map(|word| Scope::new(word.to_owned())).collect()),
        Value::Array(words) => {
            Some(words.iter().filter_map(Value::as_str).map(|word| Scope::new(word.to_owned())).collect())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(members: &str) -> Answer {
        serde_json::from_str(&format!(r#"{{"access_token":"a"{members}}}"#)).unwrap()
    }

    #[test]
    fn lives_are_read_as_they_are_written() {
        let lives = |members: &str| read(members).expires_in().map(|lives| lives.as_secs());
        for hour in ["3600", "\"3600\"", "3600.0", "\"3600.9\""] {
            assert_eq!(lives(&format!(r#","token_type":"bearer","expires_in":{hour}"#)), Some(3_600), "{hour}");
        }
        for nothing in
            ["", r#","expires_in":null"#, r#","expires_in":-1"#, r#","expires_in":"soon""#, r#","expires_in":{}"#]
        {
            assert_eq!(lives(nothing), None, "{nothing}");
        }
        assert_eq!(lives(r#","expires_in":0"#), Some(0));
        assert!(lives(r#","expires_in":1e300"#).unwrap() > 1 << 40);
    }

    #[test]
    fn only_the_access_token_is_needed() {
        let answer = read(r#","token_type":17,"refresh_token":null,"scope":["a","b"]"#);
        assert!(answer.refresh_token().is_none());
        assert_eq!(answer.scopes().unwrap().iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read(r#","scope":"a b""#).scopes().unwrap().len(), 2);
        assert!(serde_json::from_str::<Answer>(r#"{"token_type":"bearer"}"#).is_err());
    }
}
