//! POST /v1/embeddings

use base64::Engine;
use serde_json::{Value, json};

use super::{error, request};
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::echo;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text;

/// Answers a request for embeddings.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    accepted(sim, call).map_or_else(|reply| *reply, |(body, model)| embed(sim, call, recorder, (&body, model)))
}

fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateEmbeddingRequest")?;
    let model = request::model(call, &body, &["embedding"])?;
    let refused = |said: &str, place| Err(error::of(call, 400, (said, "invalid_request_error"), (place, None)).into());
    if body.get("dimensions").is_some() && !model.id.starts_with("text-embedding-3") {
        return refused("This model does not support specifying dimensions.", None);
    }
    if request::texts(body.get("input")).iter().any(String::is_empty) {
        return refused("'$.input' is invalid. Please check the API reference.", Some("input"));
    }
    Ok((body, model))
}

fn embed(sim: &Sim, call: &Call, recorder: &mut Recorder, (body, model): (&Value, &'static Model)) -> Reply {
    let mut texts = request::texts(body.get("input"));
    let (asked, rest) = call.asked(texts.last().map_or("", String::as_str));
    if let Some(last) = texts.last_mut() {
        *last = rest;
    }
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let tokens = texts.iter().map(|text| text::count(text)).sum();
    let size =
        body.get("dimensions").and_then(Value::as_u64).unwrap_or(if model.id.contains("large") { 3072 } else { 1536 });
    let coded = body.get("encoding_format") == Some(&Value::from("base64"));
    let vector = |text: &String| if coded { base64(&numbers(text, size)) } else { json!(numbers(text, size)) };
    let data = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text)}));
    let name = echo::key_in(call, &asked, "model").unwrap_or_else(|| model.id.clone());
    let mut answer = json!({"object": "list", "data": data.collect::<Vec<_>>(), "model": name});
    let told = asked.given("usage", "input").unwrap_or(tokens);
    let usage = (!asked.has("no_usage")).then(|| json!({"prompt_tokens": told, "total_tokens": told}));
    if let Some(usage) = &usage {
        answer["usage"] = usage.clone();
    }
    recorder.bill(Bill::new(model, "default", Input::nested(tokens, 0, 0)));
    let reply = Reply::json(200, &answer).marked(Mark { output: Some(0), usage });
    super::dressed(call, &asked, super::plain(call, &asked, reply))
}

/// The same text gives the same direction.
fn numbers(text: &str, size: u64) -> Vec<f32> {
    let mut state = text.bytes().fold(0x2545_f491_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [.., byte] = state.to_le_bytes();
        (f32::from(byte) - 127.5) / 4096.0
    };
    (0..size).map(next).collect()
}

fn base64(numbers: &[f32]) -> Value {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}
