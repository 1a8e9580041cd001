//! POST /v1/audio/speech

use base64::Engine;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{chat, error, request};
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Part};
use crate::text;

/// Answers a request for speech.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    accepted(sim, call).map_or_else(|reply| *reply, |(body, model)| speak(sim, call, recorder, (&body, model)))
}

fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateSpeechRequest")?;
    let model = request::model(call, &body, &["audio_speech"])?;
    if is_events(&body) && !model.sells_tokens() {
        let said = "stream_format 'sse' is not supported for this model.";
        return Err(error::of(call, 400, (said, "invalid_request_error"), (Some("stream_format"), None)).into());
    }
    Ok((body, model))
}

fn is_events(body: &Value) -> bool {
    body.get("stream_format") == Some(&Value::from("sse"))
}

fn speak(sim: &Sim, call: &Call, recorder: &mut Recorder, (body, model): (&Value, &'static Model)) -> Reply {
    let given = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (asked, words) = call.asked(given("input"));
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let input = text::count(&words) + text::count(given("instructions"));
    let output = 2 * text::count(&words);
    // Directives too: they were sent as text.
    let by_character = model.unit("character").map(|price| given("input").chars().count() as u64 * price);
    let tokens = if by_character.is_some() { 0 } else { input };
    let fee = by_character.unwrap_or(0);
    recorder.bill(Bill { fee, ..Bill::new(model, "default", Input::nested(tokens, 0, 0)) });
    let pieces: Vec<Bytes> = (0..asked.count("chunks", "n", 12).unwrap_or(12)).map(|at| sound(&words, at)).collect();
    let error = chat::error_event(call, &asked).bytes;
    let mut reply = if is_events(body) {
        let told = |name, count| asked.given("usage", name).unwrap_or(count);
        let (input, made) = (told("input", input), told("output", output));
        let usage = json!({"input_tokens": input, "output_tokens": made, "total_tokens": input.saturating_add(made)});
        Reply::events(oddity::stream(events(pieces, output, (!asked.has("no_usage")).then_some(usage)), &asked, error))
    } else {
        let all = pieces.into_iter().map(move |bytes| Event { bytes, part: Part::Delta, mark: mark(output) });
        Reply::events(oddity::stream(Box::new(all), &asked, Bytes::new()))
    };
    if !is_events(body) {
        let format = body.get("response_format").and_then(Value::as_str).unwrap_or("mp3");
        reply.set("content-type", if format == "mp3" { "audio/mpeg".to_owned() } else { format!("audio/{format}") });
    }
    super::dressed(call, &asked, reply)
}

fn mark(output: u64) -> Mark {
    Mark { output: Some(output), usage: None }
}

fn events(pieces: Vec<Bytes>, output: u64, usage: Option<Value>) -> crate::sse::Events {
    let coded = |bytes: &Bytes| base64::engine::general_purpose::STANDARD.encode(bytes);
    let delta = move |bytes: Bytes| {
        Event::data(Part::Delta, &json!({"type": "speech.audio.delta", "audio": coded(&bytes)})).output(output)
    };
    let mut done = json!({"type": "speech.audio.done"});
    if let Some(usage) = &usage {
        done["usage"] = usage.clone();
    }
    let done = Event::data(Part::Terminal, &done).usage(usage.as_ref()).output(output);
    Box::new(pieces.into_iter().map(delta).chain([done]))
}

/// Bytes of no text, the same for the same words.
fn sound(words: &str, at: usize) -> Bytes {
    let digest = crate::digest::sha256_hex(format!("{at} {words}").as_bytes());
    let odd = digest.bytes().map(|byte| byte.wrapping_mul(7) ^ 0x80);
    std::iter::once(0xff).chain(odd).collect::<Vec<u8>>().repeat(8).into()
}
