//! A service that is no model: tools, search, enrichment, as one JSON API. It echoes what it was sent and answers with
//! as many items as it is asked for.

use http::Method;
use serde_json::{Value, json};

use crate::call::Call;
use crate::directive::Directives;
use crate::echo;
use crate::key::Behaviour;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::provider::Provider;
use crate::reply::{Reply, Wait};
use crate::sim::Sim;

/// What is below it is served.
const ROOT: &str = "/api/";
/// A call, in pico-USD.
const CALL: u64 = 10_000_000_000;
/// An item of an answer.
const ITEM: u64 = 100_000_000_000;

/// The answer to any request.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let reply = refusal(sim, call).unwrap_or_else(|| match body(call) {
        Ok(body) if is_served(call) => serve(sim, call, recorder, &body),
        Ok(_) => of_status(call, if call.path.starts_with(ROOT) { 405 } else { 404 }),
        Err(reply) => *reply,
    });
    oddity::finished(reply)
}

/// The error a status stands for.
pub fn of_status(call: &Call, status: u16) -> Reply {
    let (code, message) = match status {
        400 | 422 => ("invalid_request", "The request is not understood."),
        401 => ("unauthorized", "The API key is missing or unknown."),
        402 => ("payment_required", "The account acct_1032D82eZvKYlo2C has no money."),
        403 => ("forbidden", "The account acct_1032D82eZvKYlo2C may not do this."),
        404 => ("not_found", "There is no such path."),
        405 => ("method_not_allowed", "This path does not know that method."),
        429 => ("rate_limited", "Too many requests for account acct_1032D82eZvKYlo2C."),
        400..=499 => ("refused", "The request is refused."),
        _ => ("internal", "Something went wrong."),
    };
    let mut reply = Reply::json(status, &json!({"error": {"code": code, "message": message}}));
    if status == 429 {
        reply.set("retry-after", "7");
    }
    headers(call, &mut reply);
    reply
}

fn headers(call: &Call, reply: &mut Reply) {
    reply.set("x-request-id", &call.id);
    reply.set("x-account", "acct_1032D82eZvKYlo2C");
}

fn is_served(call: &Call) -> bool {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    call.path.starts_with(ROOT) && known.contains(&call.method)
}

/// What the credential leads to: one is wanted, in one of the two headers, and only one.
fn refusal(sim: &Sim, call: &Call) -> Option<Reply> {
    let all = |name: &str| call.headers.get_all(name).iter().count();
    let bears = call.header("authorization").is_none_or(|value| value.starts_with("Bearer "));
    if all("x-api-key") + all("authorization") != 1 || !bears {
        return Some(of_status(call, 401));
    }
    match sim.keys.behaviour(Provider::Service, call.key.as_deref().unwrap_or_default()) {
        Behaviour::Revoked => Some(of_status(call, 401)),
        Behaviour::NoScope | Behaviour::NoModels => Some(of_status(call, 403)),
        Behaviour::NoQuota => Some(of_status(call, 402)),
        Behaviour::Limited => Some(of_status(call, 429)),
        Behaviour::Down => Some(of_status(call, 500)),
        Behaviour::Overloaded => Some(of_status(call, 503)),
        Behaviour::Hang => Some(Reply::never(Wait::Forever)),
        Behaviour::Echo => Some(oddity::key_echo(call)),
        _ => None,
    }
}

/// The body, if there is one: as JSON where it says that it is.
fn body(call: &Call) -> Result<Value, Box<Reply>> {
    let is_json = call.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if call.oversize {
        return Err(of_status(call, 413).into());
    }
    if call.body.is_empty() || !is_json {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&call.body).map_err(|_| of_status(call, 400).into())
}

/// What is asked for stands in `x-sim`, or in a text of the body.
fn asked(call: &Call, body: &Value) -> Directives {
    let texts = ["input", "query", "text"].into_iter().filter_map(|name| body[name].as_str());
    let all: Vec<&str> = call.header("x-sim").into_iter().chain(texts).collect();
    Directives::take(&all.join(" ")).0
}

fn serve(sim: &Sim, call: &Call, recorder: &mut Recorder, body: &Value) -> Reply {
    let asked = asked(call, body);
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let count = asked.number("items", "n", 2).unwrap_or(2);
    let items: Vec<Value> =
        (0..count).map(|n| json!({"id": n, "name": format!("item, {n}"), "tags": ["a", "b"]})).collect();
    recorder.charge(CALL.saturating_add(ITEM.saturating_mul(count)));
    let mark = Mark { output: None, usage: Some(json!({"items": count})) };
    let mut reply = if asked.has("list") {
        Reply::json(200, &Value::Array(items))
    } else {
        let mut answer = json!({
            "method": call.method.as_str(), "path": call.path, "query": call.query, "received": body,
            "received_bytes": call.body.len(),
        });
        if !asked.has("no_items") {
            answer[asked.text("items", "as").unwrap_or("results")] = items.into();
        }
        Reply::json(200, &answer)
    };
    reply = reply.marked(mark);
    headers(call, &mut reply);
    echo::in_head(call, &asked, &mut reply);
    oddity::shaped(oddity::maybe_broken(echoing(call, &asked, reply), &asked), &asked)
}

/// The key in the answer itself, where that is asked for.
fn echoing(call: &Call, asked: &Directives, reply: Reply) -> Reply {
    match echo::key_in(call, asked, "body") {
        Some(_) => Reply::text(200, "application/json", format!("{{\"said\":{}}}", call.key_echo_json())),
        None => reply,
    }
}
