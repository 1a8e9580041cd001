//! POST /v1/chat/completions

use serde_json::{Value, json};

use super::{answer, error, prompt, request, stream};
use crate::bill::Model;
use crate::call::Call;
use crate::catalogue;
use crate::directive::Directives;
use crate::echo;
use crate::log::Recorder;
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Part};

/// Answers a chat request.
pub fn complete(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let (body, model) = match accepted(sim, call) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let asked = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked.0) {
        return oddity::shaped(reply, &asked.0);
    }
    let (completion, bill) = answer::completion((sim, call), model, &body, &asked);
    let prompt = bill.prompt();
    if prompt > model.max_input_tokens {
        let said = format!(
            "This model's maximum context length is {} tokens. However, your messages resulted in {prompt} tokens. \
             Please reduce the length of the messages.",
            model.max_input_tokens
        );
        let place = (Some("messages"), Some("context_length_exceeded"));
        return error::of(call, 400, (&said, "invalid_request_error"), place);
    }
    recorder.bill(bill);
    if answer::is_kept(&body) {
        let whole = answer::whole(&completion, Some(&completion.usage));
        sim.completions.put(call.owner(), body.clone(), whole);
    }
    let reply = if request::is_streamed(&body) {
        let events = stream::events(completion, &asked.0, request::includes_usage(&body));
        Reply::events(oddity::stream(events, &asked.0, error_event(call, &asked.0).bytes))
    } else {
        super::plain(call, &asked.0, answer::plain(&completion, &asked.0))
    };
    super::dressed(call, &asked.0, reply)
}

/// The body and its model, if the service would take it.
fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateChatCompletionRequest")?;
    let model = request::model(call, &body, &["chat"])?;
    request::options_fit(call, &body)?;
    let reasoning = ["o1", "o3", "o4", "gpt-5", "gpt-6"].iter().any(|family| model.id.starts_with(family));
    let has_old_limit = body.get("max_tokens").is_some_and(|value| !value.is_null());
    if has_old_limit && reasoning && !model.id.contains("chat") {
        return Err(catalogue::reply(call, "openai.request.max_tokens_unsupported").into());
    }
    Ok((body, model))
}

/// What ends a stream that fails on its way.
pub fn error_event(call: &Call, asked: &Directives) -> Event {
    if asked.has("error_split") {
        let said = echo::operators_words(call);
        let error = json!({"message": said, "type": "tokens", "param": null, "code": "rate_limit_exceeded"});
        return Event::data(Part::Frame, &json!({"error": error}));
    }
    let id = asked.text("error", "id").or(asked.text("error_event", "id"));
    let entry = id.and_then(catalogue::entry).or_else(|| catalogue::entry("openai.stream.chat_error_chunk"));
    let body = entry.map(|entry| catalogue::filled(call, entry.body())).unwrap_or_default();
    match (body.get("data"), body.get("then").and_then(Value::as_str)) {
        (Some(data), then) => {
            let then = then.map(|line| format!("{line}\n\n")).unwrap_or_default();
            Event::lines(Part::Frame, format!("data: {data}\n\n{then}"))
        }
        (None, _) => Event::data(Part::Frame, &body),
    }
}
