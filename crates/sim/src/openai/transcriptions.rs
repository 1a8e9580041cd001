//! POST /v1/audio/transcriptions and /v1/audio/translations

use serde_json::{Value, json};

use super::form::{self, Form};
use super::{chat, error, request};
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Events, Part};
use crate::text;

/// Bytes of a second of sound that does not say it.
const BYTES_PER_SECOND: u64 = 16_000;

/// Answers a request for a transcription.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let accepted = form::read(sim, call, "CreateTranscriptionRequest");
    let accepted = accepted.and_then(|form| Ok((request::model(call, &form.fields, &["audio_transcription"])?, form)));
    match accepted {
        Ok((model, form)) => heard(sim, call, recorder, (&form, model)),
        Err(reply) => *reply,
    }
}

/// Answers a request for a translation, which tells nothing of what it used.
pub fn translation(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let accepted = form::read(sim, call, "CreateTranslationRequest").and_then(|form| {
        let model = request::model(call, &form.fields, &["audio_transcription"])?;
        if model.sells_tokens() {
            return Err(super::request::unsupported(call));
        }
        Ok((model, form))
    });
    match accepted {
        Ok((model, form)) => heard(sim, call, recorder, (&form, model)),
        Err(reply) => *reply,
    }
}

fn heard(sim: &Sim, call: &Call, recorder: &mut Recorder, (form, model): (&Form, &'static Model)) -> Reply {
    let given = |name: &str| form.fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (asked, prompt) = call.asked(given("prompt"));
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let format = if given("response_format").is_empty() { "json" } else { given("response_format") };
    if model.sells_tokens() && !["json", "text"].contains(&format) {
        let said =
            format!("response_format '{format}' is not compatible with model '{}'. Use 'json' instead.", model.id);
        return error::of(
            call,
            400,
            (&said, "invalid_request_error"),
            (Some("response_format"), Some("unsupported_value")),
        );
    }
    let sound =
        form.files.first().map_or((0, BYTES_PER_SECOND), |file| file.samples.unwrap_or((file.bytes, BYTES_PER_SECOND)));
    let seconds = sound.0.div_ceil(sound.1).max(1);
    let words = text::answer(&format!("{seconds} seconds. {prompt}"), &text::Bounds::default()).0;
    let output = text::count(&words);
    let usage = if model.sells_tokens() {
        let (heard, read) = (seconds * 10, text::count(&prompt));
        recorder.bill(Bill::new(model, "default", Input::nested(heard + read, 0, 0)));
        let told = asked.given("usage", "input").unwrap_or(heard + read);
        json!({
            "type": "tokens", "input_tokens": told, "output_tokens": output, "total_tokens": told.saturating_add(output),
            "input_token_details": {"text_tokens": read, "audio_tokens": heard},
        })
    } else {
        let fee = seconds * model.unit("second").unwrap_or(0);
        recorder.bill(Bill { fee, ..Bill::new(model, "default", Input::default()) });
        json!({"type": "duration", "seconds": seconds})
    };
    let usage = (!asked.has("no_usage")).then_some(usage);
    let reply = if request::is_streamed(&form.fields) && model.sells_tokens() {
        let events = events(&words, usage.as_ref(), output);
        Reply::events(oddity::stream(events, &asked, chat::error_event(call, &asked).bytes))
    } else {
        super::plain(call, &asked, plain(call, (format, duration(sound)), &words, (usage, output)))
    };
    super::dressed(call, &asked, reply)
}

/// The exact length of the sound, of which each begun second is billed.
fn duration((bytes, rate): (u64, u64)) -> f64 {
    let tenths = (bytes * 10).div_ceil(rate).max(1);
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}

fn plain(call: &Call, (format, duration): (&str, f64), words: &str, (usage, output): (Option<Value>, u64)) -> Reply {
    let is_translation = call.path.ends_with("translations");
    let mut body = json!({"text": words});
    match format {
        "json" => {}
        "verbose_json" => {
            (body["language"], body["duration"], body["segments"]) = (json!("german"), json!(duration), json!([]));
        }
        _ => {
            return Reply::text(200, "text/plain; charset=utf-8", format!("{words}\n"))
                .marked(Mark { output: Some(output), usage: None });
        }
    }
    let usage = usage.filter(|_| !is_translation);
    if let Some(usage) = &usage {
        body["usage"] = usage.clone();
    }
    Reply::json(200, &body).marked(Mark { output: Some(output), usage })
}

fn events(words: &str, usage: Option<&Value>, output: u64) -> Events {
    let deltas: Vec<Event> = text::pieces(words, 6)
        .into_iter()
        .map(|piece| Event::data(Part::Delta, &json!({"type": "transcript.text.delta", "delta": piece})).output(output))
        .collect();
    let mut done = json!({"type": "transcript.text.done", "text": words});
    if let Some(usage) = usage {
        done["usage"] = usage.clone();
    }
    Box::new(deltas.into_iter().chain([Event::data(Part::Terminal, &done).usage(usage).output(output)]))
}
