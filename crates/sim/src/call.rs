//! One request to a provider port, read completely.

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::directive::Directives;
use crate::provider::Provider;

/// The Anthropic organization every key belongs to.
pub const ORGANIZATION: &str = "51f0a3de-0000-4000-8000-000000000001";

/// A request and what the simulator says about it.
pub struct Call {
    /// Which port.
    pub provider: Provider,
    /// HTTP method.
    pub method: Method,
    /// Path as sent.
    pub path: String,
    /// Query as sent.
    pub query: Option<String>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, empty if it was over the limit.
    pub body: Bytes,
    /// The body was over the limit and is not read to its end.
    pub oversize: bool,
    /// The request id of the answer.
    pub id: String,
    /// Position in the log.
    pub seq: u64,
    /// Credential as sent.
    pub key: Option<String>,
    /// The model of the body.
    pub model: Option<String>,
}

impl Call {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The directives of a text and of the header that any call may have, and the text without them.
    pub fn asked(&self, text: &str) -> (Directives, String) {
        let (found, rest) = Directives::take(text);
        (found.and(self.asked_aside()), rest)
    }

    /// The directives of the header: all that a call without a text can ask for.
    pub fn asked_aside(&self) -> Directives {
        Directives::take(self.header("x-sim").unwrap_or_default()).0
    }

    /// A query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.as_deref()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All parameters of the query, decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = self.query.as_deref().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        pairs.map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
    }

    /// The credential, as the name of whose things these are.
    pub fn owner(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// A segment of the path, the first being `v1`.
    pub fn segment(&self, at: usize) -> &str {
        self.path.split('/').nth(at + 1).unwrap_or_default()
    }

    /// An id of the answer, unlike that of any other answer of this run.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.id.trim_start_matches("req_"))
    }

    /// The key in the encodings a careless error could repeat it in: raw,
    /// base64, URL-encoded. JSON-escaped is up to who writes the JSON.
    pub fn key_echoes(&self) -> [String; 3] {
        let key = self.key.clone().unwrap_or_default();
        let coded = base64::engine::general_purpose::STANDARD.encode(&key);
        let percent = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        [key, coded, percent]
    }

    /// The text of a JSON string that says the key in all encodings.
    pub fn key_echo_json(&self) -> String {
        let [raw, coded, percent] = self.key_echoes();
        let escaped: String = raw.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let raw = serde_json::Value::String(raw).to_string();
        let raw = raw.trim_matches('"');
        format!("\"key {raw} escaped {escaped} base64 {coded} url {percent}\"")
    }
}

/// The credential of a request: `x-api-key`, or what `authorization` bears.
pub fn credential(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer =
        |value: &str| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")).map(str::to_owned);
    text("x-api-key").map(str::to_owned).or_else(|| text("authorization").and_then(bearer))
}
