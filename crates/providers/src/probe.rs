//! Testing a key: the list of models, and the shortest prompt.

use ownkey_domain::provider::Provider;
use serde_json::Value;

use crate::registry::facts;

/// What is asked.
pub(crate) const PROMPT: &str = "ping";
/// Enough for one word; fewer is refused by some models.
pub(crate) const OUTPUT_LIMIT: u32 = 16;

/// A request that tests a key. Headers are those of [`crate::Facts`], besides `content-type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Path and query below the provider's base URL.
    pub path: &'static str,
    /// The JSON to `POST`; `None` for a `GET`.
    pub body: Option<String>,
}

/// Asks which models the key can see.
pub fn list_models(provider: Provider) -> Probe {
    Probe { path: facts(provider).models_path, body: None }
}

/// Asks a model for one word.
pub fn ping(provider: Provider, model: &str) -> Probe {
    let (path, body) = (facts(provider).ping)(model);
    Probe { path, body: Some(body) }
}

/// The ids in a list of models; `None` if it is none.
pub fn parse_models(body: &[u8]) -> Option<Vec<String>> {
    let list: Value = serde_json::from_slice(body).ok()?;
    let ids = list["data"].as_array()?.iter().filter_map(|model| model["id"].as_str());
    Some(ids.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_get_the_limit_by_the_name_they_know() {
        for (model, limit) in [
            ("gpt-4o-mini", "max_tokens"),
            ("ft:gpt-4.1:acme::1", "max_tokens"),
            ("gpt-5-nano", "max_completion_tokens"),
            ("o3-mini", "max_completion_tokens"),
            ("gpt-6-astra", "max_completion_tokens"),
        ] {
            let probe = ping(Provider::OpenAi, model);
            let body: Value = serde_json::from_str(&probe.body.unwrap()).unwrap();
            assert_eq!((probe.path, &body[limit]), ("/chat/completions", &Value::from(16)), "{model}");
            assert_eq!(body.as_object().unwrap().len(), 3);
        }
        let probe = ping(Provider::Anthropic, "claude-haiku-4-5");
        assert_eq!(probe.path, "/v1/messages");
        assert_eq!(serde_json::from_str::<Value>(&probe.body.unwrap()).unwrap()["max_tokens"], 16);
    }

    #[test]
    fn lists_are_read_and_other_things_are_not() {
        let list = br#"{"object":"list","data":[{"id":"a","object":"model"},{"no":"id"},{"id":"b"}]}"#;
        assert_eq!(parse_models(list), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(parse_models(br#"{"data":[]}"#), Some(vec![]));
        for other in [&b"<html>"[..], b"{}", b"[]", b"", br#"{"data":{}}"#] {
            assert_eq!(parse_models(other), None);
        }
    }
}
