//! The received key where a careless provider could repeat it: beside the
//! body, in its small members, in errors that hide it.

use serde_json::Value;

use crate::call::Call;
use crate::directive::Directives;
use crate::provider::Provider;
use crate::reply::{Content, Reply};
use crate::sim::Sim;
use crate::writes;

/// The key, if `echo_in` asks for it in this place.
pub fn key_in(call: &Call, asked: &Directives, place: &str) -> Option<String> {
    let wanted = asked.has("echo_in").then(|| asked.text("echo_in", "where").unwrap_or("header"));
    (wanted == Some(place)).then(|| call.key.clone().unwrap_or_default())
}

/// The service tier that an answer names, where another than the true one is asked for.
pub fn tier(call: &Call, asked: &Directives) -> Option<String> {
    key_in(call, asked, "tier").or_else(|| asked.text("tier", "is").map(str::to_owned))
}

/// Puts the key into the head, where that is asked for.
pub fn in_head(call: &Call, asked: &Directives, reply: &mut Reply) {
    if let Some(key) = key_in(call, asked, "header") {
        reply.set("x-echo", key);
    }
    if let Some(key) = key_in(call, asked, "request_id") {
        let name = if call.provider == Provider::Anthropic { "request-id" } else { "x-request-id" };
        reply.set(name, key);
    }
    if let Some(key) = key_in(call, asked, "www-authenticate") {
        reply.set("www-authenticate", format!("Bearer realm=\"{key}\""));
    }
}

/// Ids that repeat the key, for a list of models that is asked to do that.
pub fn ids(sim: &Sim, call: &Call) -> Vec<String> {
    let key = call.key.as_deref().unwrap_or_default();
    if !sim.keys.is_echoed_in_lists(call.provider, key) {
        return Vec::new();
    }
    let tuned = format!("ft:model:{key}::1");
    call.key_echoes().into_iter().chain([tuned]).collect()
}

/// An error that takes the place of the answer.
pub fn replaced(sim: &Sim, call: &Call, asked: &Directives) -> Option<Reply> {
    let status = |name, default| {
        let code = asked.number(name, "status", default).and_then(|code| u16::try_from(code).ok());
        code.filter(|code| (400..=999).contains(code))
    };
    if let Some(status) = status("gzip_error", 400) {
        let mut reply = with_message(sim.plain_error(call, status), &call.key_echoes().join(" "));
        if let Content::Whole(bytes, _) = &mut reply.content {
            *bytes = writes::coded(bytes);
        }
        reply.set("content-encoding", "gzip");
        return Some(reply);
    }
    let mut reply = sim.plain_error(call, status("echo_in", 200)?);
    in_head(call, asked, &mut reply);
    Some(patched(reply, |body| {
        if let Some(key) = key_in(call, asked, "request_id") {
            body["request_id"] = key.into();
        }
        if let Some(key) = key_in(call, asked, "tier") {
            body["service_tier"] = key.into();
        }
        if let Some(key) = key_in(call, asked, "model") {
            body["error"]["message"] = format!("model: {key}").into();
            body["model"] = key.into();
        }
    }))
}

/// What a provider says of whose account it is, and with which key.
pub fn operators_words(call: &Call) -> String {
    let key = call.key.as_deref().unwrap_or_default();
    format!("Rate limit reached in organization org-Operator1 and project proj_Operator by key {key}.")
}

/// An error in one piece that says so.
pub fn operators_error(reply: Reply, call: &Call) -> Reply {
    with_message(reply, &operators_words(call))
}

fn with_message(reply: Reply, said: &str) -> Reply {
    patched(reply, |body| body["error"]["message"] = said.into())
}

fn patched(mut reply: Reply, change: impl FnOnce(&mut Value)) -> Reply {
    if let Content::Whole(bytes, _) = &mut reply.content
        && let Ok(mut body) = serde_json::from_slice::<Value>(bytes)
    {
        change(&mut body);
        *bytes = body.to_string().into();
    }
    reply
}
