//! POST /v1/messages/count_tokens: an estimate, and free.

use serde_json::{Value, json};

use super::{dressed, error, fitting, prompt};
use crate::call::Call;
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text;

/// Answers a request to count.
pub fn answer(sim: &Sim, call: &Call) -> Reply {
    let body = match fitting(sim, call, ["CountMessageTokensParams", "BetaCountMessageTokensParams"]) {
        Ok((body, _)) => body,
        Err(reply) => return *reply,
    };
    if body.get("messages").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let said = "messages: at least one message is required";
        return error::of(call, 400, "invalid_request_error", said);
    }
    let (asked, _) = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let tokens: u64 = prompt::segments(&body).iter().map(|segment| text::count(&segment.text)).sum();
    dressed(call, &asked, oddity::maybe_broken(Reply::json(200, &json!({"input_tokens": tokens})), &asked))
}
