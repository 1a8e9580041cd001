//! POST /v1/moderations: free, and without a usage.

use serde_json::{Map, Value, json};

use super::request;
use crate::bill::Model;
use crate::call::Call;
use crate::echo;
use crate::log::Recorder;
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;

const CATEGORIES: [&str; 13] = [
    "hate",
    "hate/threatening",
    "harassment",
    "harassment/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// Answers a request for moderation.
pub fn answer(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    accepted(sim, call).map_or_else(|reply| *reply, |(body, model)| judge(sim, call, &body, model))
}

fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateModerationRequest")?;
    let name = body.get("model").and_then(Value::as_str).unwrap_or("omni-moderation-latest");
    let model = request::named(call, name, &["moderation"])?;
    Ok((body, model))
}

fn judge(sim: &Sim, call: &Call, body: &Value, model: &Model) -> Reply {
    let mut texts = request::texts(body.get("input"));
    let is_one = body.get("input").and_then(Value::as_array).is_some_and(|items| items.iter().any(Value::is_object));
    if is_one {
        // The parts of one input.
        texts = vec![texts.join("\n")];
    }
    let (asked, _) = call.asked(texts.last().map_or("", String::as_str));
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let results: Vec<Value> = texts.iter().map(|text| result(text)).collect();
    let name = echo::key_in(call, &asked, "model").unwrap_or_else(|| model.id.clone());
    let reply = Reply::json(200, &json!({"id": call.unique("modr-"), "model": name, "results": results}));
    super::dressed(call, &asked, super::plain(call, &asked, reply))
}

fn result(text: &str) -> Value {
    let is_bad = |category: &str| category == "violence" && text.contains("kill");
    let all = |of: &dyn Fn(&str) -> Value| {
        Value::Object(CATEGORIES.iter().map(|name| ((*name).to_owned(), of(name))).collect::<Map<_, _>>())
    };
    json!({
        "flagged": CATEGORIES.iter().any(|name| is_bad(name)),
        "categories": all(&|name| is_bad(name).into()),
        "category_scores": all(&|name| if is_bad(name) { json!(0.93) } else { json!(0.000_018) }),
        "category_applied_input_types": all(&|_| json!(["text"])),
    })
}
