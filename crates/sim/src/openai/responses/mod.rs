//! POST /v1/responses

pub mod by_id;
pub mod compact;
pub mod count;
mod object;
mod prompt;
mod ran;
mod stream;

use serde_json::{Value, json};

use self::object::Response;
use super::{error, request};
use crate::bill::{Bill, Model};
use crate::call::Call;
use crate::catalogue;
use crate::directive::Directives;
use crate::echo;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Part};

/// The kinds of models that answer here.
const MODES: [&str; 2] = ["chat", "responses"];

/// Answers a request for a response.
pub fn create(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let (body, model) = match accepted(sim, call) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let asked = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked.0) {
        return oddity::shaped(reply, &asked.0);
    }
    let (response, input) = object::response((sim, call), model, &body, &asked);
    if input.total() > model.max_input_tokens {
        let said = "Your input exceeds the context window of this model. Please adjust your input and try again.";
        let place = (Some("input"), Some("context_length_exceeded"));
        return error::of(call, 400, (said, "invalid_request_error"), place);
    }
    recorder.bill(Bill { fee: ran::fee(&response.ran), ..Bill::new(model, response.tier, input) });
    let in_background = body.get("background") == Some(&Value::Bool(true));
    let is_streamed = request::is_streamed(&body);
    if in_background && !is_streamed {
        let to_come = [response.begun(), response.whole()];
        sim.responses.put_begun(call.owner(), body.clone(), response.queued(), to_come);
    } else if body.get("store") != Some(&Value::Bool(false)) {
        sim.responses.put(call.owner(), body.clone(), response.whole());
    }
    let reply = if is_streamed {
        let events = stream::events(&response, &asked.0);
        Reply::events(oddity::stream(events, &asked.0, error_event(call, &asked.0).bytes))
    } else if in_background {
        // It is made, and billed, while nobody looks; once, however often it is asked for.
        Reply::json(200, &response.queued()).marked(Mark { output: Some(response.output), usage: None })
    } else {
        super::plain(call, &asked.0, plain(&response, &asked.0))
    };
    super::dressed(call, &asked.0, reply)
}

fn plain(response: &Response, asked: &Directives) -> Reply {
    let mut body = response.whole();
    if asked.has("no_usage") {
        body["usage"] = Value::Null;
    }
    let usage = (!asked.has("no_usage")).then(|| response.usage.clone());
    Reply::json(200, &body).marked(Mark { output: Some(response.output), usage })
}

/// The body and its model, if the service would take it.
fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let body = request::json(sim, call, "CreateResponse")?;
    let refused = |said: &str, place: &str| {
        Err(error::of(call, 400, (said, "invalid_request_error"), (Some(place), Some("missing_required_parameter")))
            .into())
    };
    for name in ["model", "input"] {
        if body.get(name).is_none_or(Value::is_null) {
            return refused(&format!("Missing required parameter: '{name}'."), name);
        }
    }
    let model = request::model(call, &body, &MODES)?;
    previous(sim, call, &body)?;
    if body.get("background") == Some(&Value::Bool(true)) && body.get("store") == Some(&Value::Bool(false)) {
        return refused("Background mode requires 'store' to be true.", "background");
    }
    Ok((body, model))
}

/// Whether the response that this one goes on from is there.
fn previous(sim: &Sim, call: &Call, body: &Value) -> Result<(), Box<Reply>> {
    let Some(id) = body.get("previous_response_id").and_then(Value::as_str) else { return Ok(()) };
    if sim.responses.get(call.owner(), id).is_some() {
        return Ok(());
    }
    let said = format!("Previous response with id '{id}' not found.");
    let place = (Some("previous_response_id"), Some("previous_response_not_found"));
    Err(error::of(call, 400, (&said, "invalid_request_error"), place).into())
}

/// What ends a stream that fails on its way.
fn error_event(call: &Call, asked: &Directives) -> Event {
    if asked.has("error_split") {
        let said = echo::operators_words(call);
        let event = json!({
            "type": "error", "code": "rate_limit_exceeded", "message": said, "param": null, "sequence_number": 4,
        });
        return Event::named(Part::Frame, &event);
    }
    let id = asked.text("error", "id").or(asked.text("error_event", "id"));
    let entry = id.and_then(catalogue::entry).or_else(|| catalogue::entry("openai.stream.responses_error_event"));
    let body = entry.map(|entry| catalogue::filled(call, entry.body())).unwrap_or_default();
    Event::named(Part::Frame, &body)
}
