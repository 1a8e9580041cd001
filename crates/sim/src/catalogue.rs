//! The providers' errors as they are on the wire, from `data/errors.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::clock::{now_secs, rfc3339};
use crate::reply::{Reply, Wait};

/// One error.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    id: String,
    status: Option<u16>,
    /// `http_json`, `http_non_json`, `sse_event`, `ws_event`, `in_body`, `none`
    pub transport: String,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    body: Value,
}

impl Entry {
    /// The status, where one is known.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The body, with placeholders.
    pub fn body(&self) -> &Value {
        &self.body
    }
}

static ENTRIES: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let all: Vec<Entry> = serde_json::from_str(include_str!("../data/errors.json")).unwrap_or_default();
    all.into_iter().map(|entry| (entry.id.clone(), entry)).collect()
});

/// The ids of all entries.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ENTRIES.keys().map(String::as_str)
}

/// The entry of an id.
pub fn entry(id: &str) -> Option<&'static Entry> {
    ENTRIES.get(id)
}

/// The answer an entry describes.
pub fn reply(call: &Call, id: &str) -> Reply {
    let Some(entry) = entry(id) else {
        return Reply::text(500, "text/plain", format!("the simulator knows no error {id}"));
    };
    if entry.transport == "none" {
        return Reply::never(Wait::Break);
    }
    // Where the providers say no status, a refusal is the closest.
    let status = entry.status.filter(|status| *status >= 200).unwrap_or(403);
    let mut reply = match filled(call, &entry.body) {
        Value::String(text) => Reply::text(status, "text/html; charset=UTF-8", text),
        body => Reply::json(status, &body),
    };
    for (name, value) in entry.headers.iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if name != "content-type" || entry.transport == "http_json" {
            reply.set(name, fill(call, &text));
        }
    }
    reply
}

/// A body with its placeholders filled in.
pub fn filled(call: &Call, body: &Value) -> Value {
    match body {
        Value::String(text) => Value::String(fill(call, text)),
        Value::Array(items) => items.iter().map(|item| filled(call, item)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), filled(call, value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn fill(call: &Call, text: &str) -> String {
    if text == "req_<id>" {
        return call.id.clone();
    }
    if !text.contains('<') || text.starts_with("<!DOCTYPE") || text.starts_with("<html") {
        return text.to_owned();
    }
    let key = call.key.as_deref().unwrap_or_default();
    let text = text.replace("<first 8>***...***<last 4>", &masked(key)).replace("<the whole value>", key);
    let (mut out, mut left) = (String::new(), text.as_str());
    while let Some((before, rest)) = left.split_once('<') {
        let Some((inside, behind)) = rest.split_once('>') else { break };
        out.push_str(before);
        out.push_str(&known(call, inside).unwrap_or_else(|| inside.to_owned()));
        left = behind;
    }
    out + left
}

/// OpenAI's way to show a key: in full if it is short.
pub fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() <= 12 {
        return key.to_owned();
    }
    let first: String = chars[..8].iter().collect();
    let last: String = chars[chars.len() - 4..].iter().collect();
    format!("{first}{}{last}", "*".repeat(chars.len().min(140) - 12))
}

fn known(call: &Call, placeholder: &str) -> Option<String> {
    let tail = call.id.trim_start_matches("req_");
    Some(match placeholder {
        "id" | "client id" => tail.to_owned(),
        "uuid" => crate::call::ORGANIZATION.to_owned(),
        "org" => "sim-organization".to_owned(),
        "org-id" => "org-SimulatedOrganization".to_owned(),
        "model" => call.model.clone().unwrap_or_else(|| "simulated-model".to_owned()),
        "rfc3339" => rfc3339(now_secs() + 7),
        "YYYY-MM-DD" => rfc3339(now_secs() + 86_400 * 30)[..10].to_owned(),
        "t" => "7s".to_owned(),
        "limit" => "200000".to_owned(),
        "path" => call.path.trim_start_matches("/v1/").to_owned(),
        "n rounded to 1000" => "0".to_owned(),
        "n" | "m" | "v" | "i" | "j" => "50".to_owned(),
        _ if placeholder.starts_with("seconds") => "7".to_owned(),
        _ => return None,
    })
}
