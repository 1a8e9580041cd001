//! GET /v1/models

use serde_json::{Value, json};

use super::{dressed, error};
use crate::bill::{Model, models};
use crate::call::Call;
use crate::echo;
use crate::oddity;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::sim::Sim;

/// A page of the list.
pub fn list(sim: &Sim, call: &Call) -> Reply {
    let all: Vec<&Model> = models(Provider::Anthropic).collect();
    let limit = match call.parameter("limit").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(limit @ 1..=1000)) => limit,
        Some(_) => return error::of(call, 400, "invalid_request_error", "limit: Input should be between 1 and 1000"),
    };
    let position = |name| call.parameter(name).map(|id| all.iter().position(|model| model.id == id));
    let (start, end) = match (position("after_id"), position("before_id")) {
        (Some(None), _) | (_, Some(None)) => return error::of(call, 400, "invalid_request_error", "Invalid cursor"),
        (Some(Some(after)), _) => (after + 1, (after + 1 + limit).min(all.len())),
        (None, Some(Some(before))) => (before.saturating_sub(limit), before),
        (None, None) => (0, limit.min(all.len())),
    };
    let backwards = call.parameter("after_id").is_none() && call.parameter("before_id").is_some();
    let has_more = if backwards { start > 0 } else { end < all.len() };
    let mut page: Vec<Value> = all[start..end].iter().map(|model| info(model)).collect();
    page.extend(echo::ids(sim, call).into_iter().map(|id| json!({"type": "model", "id": id, "display_name": id})));
    let id = |model: Option<&Value>| model.and_then(|model| model.get("id").cloned());
    let (first_id, last_id) = (id(page.first()), id(page.last()));
    let body = json!({"data": page, "first_id": first_id, "last_id": last_id, "has_more": has_more});
    untexted(call, &body)
}

/// One model.
pub fn one(call: &Call) -> Reply {
    let id = call.path.trim_start_matches("/v1/models/");
    let Some(model) = crate::bill::model(Provider::Anthropic, id) else {
        return error::of(call, 404, "not_found_error", &format!("model: {id}"));
    };
    untexted(call, &info(model))
}

/// Only the header of these calls can ask for something odd.
fn untexted(call: &Call, body: &Value) -> Reply {
    let asked = call.asked_aside();
    dressed(call, &asked, oddity::maybe_broken(Reply::json(200, body), &asked))
}

fn info(model: &Model) -> Value {
    let words = model.id.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    json!({
        "type": "model",
        "id": model.id,
        "display_name": words.collect::<Vec<String>>().join(" "),
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": model.max_input_tokens,
        "max_tokens": model.max_output_tokens,
        "capabilities": null,
    })
}
