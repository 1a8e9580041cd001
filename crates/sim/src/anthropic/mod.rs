//! api.anthropic.com

mod answer;
mod count;
pub mod error;
mod models;
mod prompt;
mod stream;
mod version;

use http::Method;
use serde_json::{Value, json};

use crate::bill::{self, Model};
use crate::call::Call;
use crate::catalogue;
use crate::clock::{now_secs, rfc3339};
use crate::directive::Directives;
use crate::echo;
use crate::key::Behaviour;
use crate::log::Recorder;
use crate::oddity;
use crate::provider::Provider;
use crate::reply::{Reply, Wait};
use crate::schema::whole_numbers;
use crate::sim::Sim;
use crate::sse::Event;

const MESSAGES: &str = "/v1/messages";
const COUNT_TOKENS: &str = "/v1/messages/count_tokens";

/// The answer to any request.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    // Counting is free, and refused to an account without credit all the same.
    let inference = [MESSAGES, COUNT_TOKENS].contains(&call.path.as_str());
    let refused = refusal(sim, call, inference);
    let reply = refused.unwrap_or_else(|| match (call.method.clone(), call.path.as_str()) {
        (Method::POST, MESSAGES) => messages(sim, call, recorder),
        (Method::POST, COUNT_TOKENS) => count::answer(sim, call),
        (Method::GET, "/v1/models") => oddity::aside(sim, call).unwrap_or_else(|| models::list(sim, call)),
        (Method::GET, path) if path.starts_with("/v1/models/") => {
            oddity::aside(sim, call).unwrap_or_else(|| models::one(call))
        }
        (_, MESSAGES | COUNT_TOKENS | "/v1/models") => {
            error::of(call, 405, "invalid_request_error", "Method Not Allowed")
        }
        _ => catalogue::reply(call, "anthropic.path.not_found"),
    });
    // Length and the like, where no directive has said otherwise yet.
    oddity::finished(reply)
}

/// Credential, key and version, in the order the service looks at them.
fn refusal(sim: &Sim, call: &Call, inference: bool) -> Option<Reply> {
    let error = |id: &str| Some(catalogue::reply(call, id));
    if call.headers.contains_key("origin") {
        return error("anthropic.auth.cors_blocked");
    }
    let token = |value: &str| value.starts_with("sk-ant-oat");
    let bearable = |value: &str| token(value) || value.starts_with("sk-ant-api");
    match (call.header("x-api-key"), call.header("authorization"), call.key.as_deref()) {
        (None | Some(""), None, _) => return error("anthropic.auth.missing_header"),
        (Some(key), _, _) if token(key) => return error("anthropic.auth.oauth_in_x_api_key"),
        (None, Some(_), key) if !key.is_some_and(bearable) => return error("anthropic.auth.invalid_bearer"),
        _ => {}
    }
    let behaviour = sim.keys.behaviour(Provider::Anthropic, call.key.as_deref().unwrap_or_default());
    match (behaviour, inference) {
        (Behaviour::Revoked, _) if call.headers.contains_key("x-api-key") => {
            return error("anthropic.auth.revoked_key");
        }
        (Behaviour::Revoked, _) if call.key.as_deref().is_some_and(token) => {
            return error("anthropic.auth.oauth_revoked");
        }
        (Behaviour::Revoked, _) => return error("anthropic.auth.invalid_bearer"),
        (Behaviour::NoScope, _) | (Behaviour::NoModels, false) => return error("anthropic.permission.denied"),
        (Behaviour::Limited, _) => return error("anthropic.rate.requests_per_minute"),
        (Behaviour::NoQuota, true) => return error("anthropic.billing.credit_too_low"),
        (Behaviour::Down, _) => return error("anthropic.incident.api_error"),
        (Behaviour::Overloaded, _) => return error("anthropic.incident.overloaded"),
        (Behaviour::Hang, _) => return Some(Reply::never(Wait::Forever)),
        (Behaviour::Echo, _) => return Some(oddity::key_echo(call)),
        (Behaviour::Error(id), _) | (Behaviour::InferenceError(id), true) => return error(id),
        _ => {}
    }
    match call.header("anthropic-version") {
        None => error("anthropic.request.version_header"),
        Some(version::LATEST | "2023-06-01" | "2023-01-01") => None,
        Some(other) => {
            let said = format!("anthropic-version: \"{other}\" is not a valid version");
            Some(error::of(call, 400, "invalid_request_error", &said))
        }
    }
}

fn messages(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let (body, model) = match accepted(sim, call) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let asked = prompt::directives(call, &body);
    if let Some(reply) = oddity::replaced(sim, call, &asked.0) {
        return oddity::shaped(reply, &asked.0);
    }
    let (message, bill) = answer::message((sim, call), model, &body, &asked);
    if message.prompt > bill.model.max_input_tokens {
        let said = format!("prompt is too long: {} tokens > {} maximum", message.prompt, bill.model.max_input_tokens);
        return error::of(call, 400, "invalid_request_error", &said);
    }
    recorder.bill(bill);
    let reply = if body.get("stream") == Some(&Value::Bool(true)) {
        let events = stream::events(message, &asked.0);
        Reply::events(oddity::stream(events, &asked.0, error_event(call, &asked.0).bytes))
    } else if asked.0.has("error_event") || asked.0.has("error") {
        error::of_status(call, 500)
    } else if asked.0.has("error_split") {
        echo::operators_error(error::of_status(call, 500), call)
    } else {
        oddity::maybe_broken(answer::plain(&message, &asked.0), &asked.0)
    };
    dressed(call, &asked.0, reply)
}

/// An answer with the headers that all have, and what a directive does to it.
fn dressed(call: &Call, asked: &Directives, mut reply: Reply) -> Reply {
    usual_headers(call, &mut reply);
    echo::in_head(call, asked, &mut reply);
    oddity::shaped(reply, asked)
}

/// The body and its model, if the service would take it.
fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    let (body, model) = fitting(sim, call, ["CreateMessageParams", "BetaCreateMessageParams"])?;
    let invalid = |said: &str| Box::new(error::of(call, 400, "invalid_request_error", said));
    let id = &model.id;
    let limit = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0);
    if limit > model.max_output_tokens {
        let most = model.max_output_tokens;
        return Err(invalid(&format!(
            "max_tokens: {limit} > {most}, which is the maximum allowed number of output tokens for {id}"
        )));
    }
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) if messages.is_empty() => Err(invalid("messages: at least one message is required")),
        _ => Ok((body, model)),
    }
}

/// The body, if it fits its schema (the second one where betas are on), and the model it names.
fn fitting(sim: &Sim, call: &Call, schemas: [&str; 2]) -> Result<(Value, &'static Model), Box<Reply>> {
    if call.oversize {
        return Err(catalogue::reply(call, "anthropic.request.too_large").into());
    }
    let mut body: Value = serde_json::from_slice(&call.body).map_err(|fault| {
        let said = format!("The request body is not valid JSON: {fault}");
        error::of(call, 400, "invalid_request_error", &said)
    })?;
    whole_numbers(&mut body);
    let schema = schemas[usize::from(call.headers.contains_key("anthropic-beta"))];
    let invalid = |said: &str| Box::new(error::of(call, 400, "invalid_request_error", said));
    sim.schemas(Provider::Anthropic).check(schema, &body).map_err(|problem| invalid(&error::wording(&problem)))?;
    if call.header("anthropic-version") == Some(version::LATEST) {
        version::check(&body).map_err(|said| invalid(&said))?;
    }
    let id = body.get("model").and_then(Value::as_str).unwrap_or_default();
    match bill::model(Provider::Anthropic, id) {
        Some(model) => Ok((body, model)),
        None => Err(error::of(call, 404, "not_found_error", &format!("model: {id}")).into()),
    }
}

/// The event that ends a stream that fails on its way.
fn error_event(call: &Call, asked: &Directives) -> Event {
    if asked.has("error_split") {
        let error = json!({"type": "rate_limit_error", "message": echo::operators_words(call)});
        return Event::named(crate::sse::Part::Frame, &json!({"type": "error", "error": error}));
    }
    let id = asked.text("error", "id").or(asked.text("error_event", "id"));
    let entry = id.and_then(catalogue::entry).or_else(|| catalogue::entry("anthropic.incident.overloaded_midstream"));
    let data = entry.and_then(|entry| entry.body().get("data").cloned()).unwrap_or_default();
    Event::named(crate::sse::Part::Frame, &catalogue::filled(call, &data))
}

/// The headers of every answer of the service itself.
fn usual_headers(call: &Call, reply: &mut Reply) {
    reply.set("request-id", &call.id);
    reply.set("anthropic-organization-id", crate::call::ORGANIZATION);
    let reset = rfc3339(now_secs() + 1);
    let limits =
        [("requests", "4000"), ("input-tokens", "2000000"), ("output-tokens", "400000"), ("tokens", "2400000")];
    for (class, limit) in limits {
        let remaining = if class == "requests" { "3999" } else { limit };
        reply.set(&format!("anthropic-ratelimit-{class}-limit"), limit);
        reply.set(&format!("anthropic-ratelimit-{class}-remaining"), remaining);
        reply.set(&format!("anthropic-ratelimit-{class}-reset"), &reset);
    }
}
