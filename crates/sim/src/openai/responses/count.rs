//! POST /v1/responses/input_tokens: an estimate, and free.

use serde_json::json;

use super::{MODES, previous, prompt};
use crate::call::Call;
use crate::log::Recorder;
use crate::oddity;
use crate::openai::{dressed, plain, request};
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text;

/// Answers a request to count.
pub fn answer(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let accepted = request::json(sim, call, "TokenCountsBody").and_then(|body| {
        request::model(call, &body, &MODES)?;
        previous(sim, call, &body)?;
        Ok(body)
    });
    let body = match accepted {
        Ok(body) => body,
        Err(reply) => return *reply,
    };
    let (asked, _) = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let tokens = text::count(&prompt::whole(sim, call, &body));
    let reply = Reply::json(200, &json!({"object": "response.input_tokens", "input_tokens": tokens}));
    dressed(call, &asked, plain(call, &asked, reply))
}
