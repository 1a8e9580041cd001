//! Chat completions that were kept: by id, their list, their messages.

use serde_json::{Value, json};

use super::{error, request, untexted};
use crate::call::Call;
use crate::log::Recorder;
use crate::reply::Reply;
use crate::shelf::Kept;
use crate::sim::Sim;

/// `GET …/{id}`
pub fn get(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let kept = sim.completions.get(call.owner(), id(call));
    shown(call, kept.map(|kept| kept.answer))
}

/// `POST …/{id}` changes the metadata and nothing else.
pub fn update(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let body = match request::json(sim, call, "updateChatCompletionBody") {
        Ok(body) => body,
        Err(reply) => return *reply,
    };
    let metadata = body.get("metadata").cloned().unwrap_or_default();
    let changed = sim.completions.change(call.owner(), id(call), |answer| answer["metadata"] = metadata);
    shown(call, changed)
}

/// `DELETE …/{id}`
pub fn delete(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let removed = sim.completions.remove(call.owner(), id(call));
    shown(call, removed.then(|| json!({"object": "chat.completion.deleted", "id": id(call), "deleted": true})))
}

/// `GET …`
pub fn list(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if let Err(reply) = request::query(sim, call, "listChatCompletionsQuery") {
        return *reply;
    }
    let of_model = |kept: &Kept| {
        call.parameter("model").is_none_or(|model| kept.request.get("model").and_then(Value::as_str) == Some(model))
    };
    let all = sim.completions.all(call.owner());
    let all: Vec<Value> = all.into_iter().filter(of_model).map(|kept| kept.answer).collect();
    shown(call, Some(page(call, all)))
}

/// `GET …/{id}/messages`
pub fn messages(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if let Err(reply) = request::query(sim, call, "getChatCompletionMessagesQuery") {
        return *reply;
    }
    let kept = sim.completions.get(call.owner(), id(call));
    let messages = kept.map(|kept| {
        let sent = kept.request.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let named = sent.into_iter().enumerate().map(|(at, message)| {
            let content = message.get("content").filter(|content| content.is_string());
            json!({"id": format!("{}-{at}", id(call)), "role": message["role"], "content": content, "refusal": null})
        });
        page(call, named.collect())
    });
    shown(call, messages)
}

/// The id in the path.
fn id(call: &Call) -> &str {
    call.segment(3)
}

/// A page of a list, the oldest first unless the other order is asked for.
pub fn page(call: &Call, mut all: Vec<Value>) -> Value {
    if call.parameter("order") == Some("desc") {
        all.reverse();
    }
    let id = |item: &Value| item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let limit = call.parameter("limit").and_then(|text| text.parse().ok()).unwrap_or(20);
    let after = call.parameter("after").and_then(|after| all.iter().position(|item| id(item) == after));
    let rest = all.get(after.map_or(0, |at| at + 1)..).unwrap_or_default();
    let data = &rest[..rest.len().min(limit)];
    let (first, last) = (data.first().map(id), data.last().map(id));
    json!({
        "object": "list", "data": data, "has_more": rest.len() > limit,
        "first_id": first.unwrap_or_default(), "last_id": last.unwrap_or_default(),
    })
}

fn shown(call: &Call, found: Option<Value>) -> Reply {
    match found {
        Some(found) => untexted(call, &found),
        None => {
            let said = format!("Completion {} not found", id(call));
            error::of(call, 404, (&said, "invalid_request_error"), (Some("id"), None))
        }
    }
}
