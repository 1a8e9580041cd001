//! POST /v1/completions, the legacy path.

use serde_json::{Value, json};

use super::{chat, error, request};
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::clock::now_secs;
use crate::directive::Directives;
use crate::echo;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Events, Part};
use crate::text::{self, Bounds, Stop, pieces, tokens};

/// What the service generates where no limit is given.
const LIMIT: u64 = 16;

/// Answers a request for a completion.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    accepted(sim, call).map_or_else(|reply| *reply, |(body, model)| complete(sim, call, recorder, (&body, model)))
}

fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateCompletionRequest")?;
    let model = request::model(call, &body, &["completion"])?;
    request::options_fit(call, &body)?;
    let best_of = body.get("best_of").and_then(Value::as_u64);
    let refused =
        |said: &str| Err(error::of(call, 400, (said, "invalid_request_error"), (Some("best_of"), None)).into());
    match best_of {
        Some(best_of) if best_of < number(&body, "n") => {
            refused("You requested that the server return more choices than it will generate.")
        }
        Some(2..) if request::is_streamed(&body) => refused("Streaming is not supported when best_of is above n."),
        _ => Ok((body, model)),
    }
}

fn number(body: &Value, name: &str) -> u64 {
    body.get(name).and_then(Value::as_u64).unwrap_or(1)
}

/// A completion before it is written.
struct Completion {
    base: Value,
    texts: Vec<(String, Stop)>,
    /// Tokens made for all choices, also for those not shown.
    made: u64,
    usage: Value,
    include_usage: bool,
}

fn complete(sim: &Sim, call: &Call, recorder: &mut Recorder, (body, model): (&Value, &'static Model)) -> Reply {
    let mut prompts = request::texts(body.get("prompt"));
    let (asked, rest) = call.asked(prompts.last().map_or("", String::as_str));
    if let Some(last) = prompts.last_mut() {
        *last = rest;
    }
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let input: u64 = prompts.iter().map(|prompt| text::count(prompt)).sum();
    let completion = completion(call, &asked, (body, model), &prompts);
    recorder.bill(Bill::new(model, "default", Input::nested(input, 0, 0)));
    let reply = if request::is_streamed(body) {
        let error = chat::error_event(call, &asked).bytes;
        Reply::events(oddity::stream(events(&completion, &asked), &asked, error))
    } else {
        super::plain(call, &asked, plain(&completion, &asked))
    };
    super::dressed(call, &asked, reply)
}

fn completion(call: &Call, asked: &Directives, (body, model): (&Value, &Model), prompts: &[String]) -> Completion {
    let bounds = Bounds {
        limit: Some(body.get("max_tokens").and_then(Value::as_u64).unwrap_or(LIMIT)),
        stops: request::texts(body.get("stop")),
        least_chars: asked.count("chunks", "n", 12).unwrap_or(0).saturating_mul(3),
        huge: asked.count("huge", "bytes", 1_000_000),
    };
    let shown = number(body, "n");
    let made = number(body, "best_of").max(shown);
    let echo = body.get("echo") == Some(&Value::Bool(true));
    let texts = prompts.iter().flat_map(|prompt| {
        let (words, stop) = text::answer(prompt, &bounds);
        let words = if echo { format!("{prompt}{words}") } else { words };
        std::iter::repeat_n((words, stop), usize::try_from(shown).unwrap_or(1))
    });
    let input: u64 = prompts.iter().map(|prompt| text::count(prompt)).sum();
    let output: u64 = prompts.iter().map(|prompt| text::count(&text::answer(prompt, &bounds).0) * made).sum();
    let told = asked.given("usage", "input").unwrap_or(input);
    let told_output = asked.given("usage", "output").unwrap_or(output);
    Completion {
        base: json!({
            "id": call.unique("cmpl-"), "object": "text_completion", "created": now_secs(),
            "model": echo::key_in(call, asked, "model").unwrap_or_else(|| model.id.clone()),
        }),
        texts: texts.collect(),
        made: output,
        usage: json!({
            "prompt_tokens": told, "completion_tokens": told_output, "total_tokens": told.saturating_add(told_output),
        }),
        include_usage: request::includes_usage(body),
    }
}

fn choice(index: usize, text: &str, reason: Option<&str>) -> Value {
    json!({"text": text, "index": index, "logprobs": null, "finish_reason": reason})
}

fn reason(stop: &Stop) -> &'static str {
    if *stop == Stop::Limit { "length" } else { "stop" }
}

fn plain(completion: &Completion, asked: &Directives) -> Reply {
    let mut body = completion.base.clone();
    let choices = completion.texts.iter().enumerate();
    body["choices"] = choices.map(|(index, (text, stop))| choice(index, text, Some(reason(stop)))).collect();
    let usage = (!asked.has("no_usage")).then(|| completion.usage.clone());
    if let Some(usage) = &usage {
        body["usage"] = usage.clone();
    }
    Reply::json(200, &body).marked(Mark { output: Some(completion.made), usage })
}

/// Each choice after the other.
fn events(completion: &Completion, asked: &Directives) -> Events {
    let chunk = |part, choices: Value| {
        let mut chunk = completion.base.clone();
        chunk["choices"] = choices;
        if completion.include_usage {
            chunk["usage"] = Value::Null;
        }
        Event::data(part, &chunk)
    };
    let parts = asked.count("chunks", "n", 12).unwrap_or(12);
    let (mut all, mut chars) = (Vec::new(), 0);
    for (index, (text, stop)) in completion.texts.iter().enumerate() {
        for piece in pieces(text, parts) {
            chars += piece.chars().count();
            all.push(chunk(Part::Delta, json!([choice(index, &piece, None)])).output(tokens(chars)));
        }
        all.push(chunk(Part::Frame, json!([choice(index, "", Some(reason(stop)))])));
    }
    if let Some(last) = all.last_mut() {
        last.mark.output = Some(completion.made);
    }
    if completion.include_usage && !asked.has("no_usage") {
        let mut last = completion.base.clone();
        last["choices"] = json!([]);
        last["usage"] = completion.usage.clone();
        all.push(Event::data(Part::Frame, &last).usage(Some(&completion.usage)));
    }
    all.push(Event::lines(Part::Terminal, "data: [DONE]\n\n".to_owned()));
    Box::new(all.into_iter())
}
