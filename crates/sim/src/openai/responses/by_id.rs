//! Responses that were kept: by id, their cancelling, their input.

use serde_json::{Value, json};

use super::{prompt, stream};
use crate::call::Call;
use crate::log::Recorder;
use crate::openai::{dressed, error, request, stored, untexted};
use crate::reply::Reply;
use crate::sim::Sim;

/// `GET …/{id}`: the response, or its events again, those behind a number if one is named. One in the background goes a step further each time it is asked
/// for; its events go on to its end.
pub fn get(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if let Err(reply) = request::query(sim, call, "getResponseQuery") {
        return *reply;
    }
    if call.parameter("stream") != Some("true") {
        return sim
            .responses
            .step(call.owner(), id(call))
            .map_or_else(|| unknown(call), |kept| untexted(call, &kept.answer));
    }
    let Some(kept) = sim.responses.finish(call.owner(), id(call)) else { return unknown(call) };
    let after = call.parameter("starting_after").and_then(|after| after.parse::<usize>().ok());
    let told = stream::again(&kept.answer, &prompt::directives(call, &kept.request).0);
    let rest = told.skip(after.map_or(0, |after| after.saturating_add(1)));
    let asked = call.asked_aside();
    let script = crate::oddity::stream(Box::new(rest), &asked, super::error_event(call, &asked).bytes);
    dressed(call, &asked, Reply::events(script))
}

/// `DELETE …/{id}`
pub fn delete(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if !sim.responses.remove(call.owner(), id(call)) {
        return unknown(call);
    }
    untexted(call, &json!({"id": id(call), "object": "response", "deleted": true}))
}

/// `POST …/{id}/cancel`: only what runs in the background. What has ended is shown as it ended.
pub fn cancel(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let Some(kept) = sim.responses.get(call.owner(), id(call)) else { return unknown(call) };
    if kept.request.get("background") != Some(&Value::Bool(true)) {
        let said = "Cannot cancel a synchronous response.";
        return error::of(call, 400, (said, "invalid_request_error"), (None, None));
    }
    let cancelled = |answer: &mut Value| {
        (answer["status"], answer["usage"], answer["output"]) = (json!("cancelled"), Value::Null, json!([]));
        answer["completed_at"] = Value::Null;
    };
    let ended = sim.responses.end_early(call.owner(), id(call), cancelled);
    ended.map_or_else(|| unknown(call), |kept| untexted(call, &kept.answer))
}

/// `GET …/{id}/input_items`
pub fn input_items(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if let Err(reply) = request::query(sim, call, "listInputItemsQuery") {
        return *reply;
    }
    let Some(kept) = sim.responses.get(call.owner(), id(call)) else { return unknown(call) };
    untexted(call, &stored::page(call, prompt::listed(&kept.request, id(call))))
}

/// The id in the path.
fn id(call: &Call) -> &str {
    call.segment(2)
}

fn unknown(call: &Call) -> Reply {
    let said = format!("Response with id '{}' not found.", id(call));
    error::of(call, 404, (&said, "invalid_request_error"), (None, None))
}
