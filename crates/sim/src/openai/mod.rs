//! api.openai.com

mod answer;
pub mod error;
mod models;
mod prompt;
mod stream;

use http::Method;
use serde_json::{Value, json};

use crate::bill::{self, Model};
use crate::call::Call;
use crate::catalogue;
use crate::directive::Directives;
use crate::echo;
use crate::key::Behaviour;
use crate::log::Recorder;
use crate::oddity;
use crate::provider::Provider;
use crate::reply::{Reply, Wait};
use crate::sim::Sim;
use crate::sse::{Event, Part};

const CHAT: &str = "/v1/chat/completions";

/// The answer to any request.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let model = call.path.starts_with("/v1/models/");
    let reply = match (&call.method, call.path.as_str()) {
        (&Method::POST, CHAT) => refusal(sim, call, true).unwrap_or_else(|| completions(sim, call, recorder)),
        (&Method::GET, "/v1/models") => refusal(sim, call, false).unwrap_or_else(|| models::list(sim, call)),
        (&Method::GET, _) if model => refusal(sim, call, false).unwrap_or_else(|| models::one(call)),
        (method, CHAT | "/v1/models") => {
            let hint = "(HINT: Perhaps you meant to use a different HTTP method?)";
            let said = format!("Not allowed to {method} on {}. {hint}", call.path);
            error::of(call, 405, (&said, "invalid_request_error"), (None, Some("method_not_supported")))
        }
        (method, path) => {
            let said = format!("Invalid URL ({method} {path})");
            error::of(call, 404, (&said, "invalid_request_error"), (None, None))
        }
    };
    oddity::finished(reply)
}

/// What the credential of a request leads to before the body is looked at.
fn refusal(sim: &Sim, call: &Call, inference: bool) -> Option<Reply> {
    let error = |id: &str| Some(catalogue::reply(call, id));
    let bears =
        call.header("authorization").is_some_and(|value| value.len() > 7 && value[..7].eq_ignore_ascii_case("bearer "));
    let Some(key) = call.key.as_deref().filter(|_| bears) else {
        return error("openai.auth.missing_key");
    };
    let behaviour = sim.keys.behaviour(Provider::OpenAi, key);
    match (behaviour, inference) {
        (Behaviour::Revoked, _) => error("openai.auth.invalid_api_key"),
        (Behaviour::NoScope | Behaviour::NoModels, false) => error("openai.perm.missing_scope_models"),
        (Behaviour::NoScope, true) => error("openai.perm.missing_scope_inference"),
        (Behaviour::Limited, _) => error("openai.rate.requests"),
        (Behaviour::NoQuota, true) => error("openai.quota.insufficient_quota"),
        (Behaviour::Down, _) => error("openai.incident.server_error"),
        (Behaviour::Overloaded, _) => error("openai.incident.engine_overloaded"),
        (Behaviour::Hang, _) => Some(Reply::never(Wait::Forever)),
        (Behaviour::Echo, _) => Some(oddity::key_echo(call)),
        (Behaviour::Error(id), _) | (Behaviour::InferenceError(id), true) => error(id),
        _ => None,
    }
}

fn completions(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let (body, model) = match accepted(sim, call) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let asked = prompt::directives(&body);
    if let Some(reply) = oddity::replaced(sim, call, &asked.0) {
        return oddity::shaped(reply, &asked.0);
    }
    let (completion, bill) = answer::completion((sim, call), model, &body, &asked);
    let prompt = bill.input.total();
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
    let mut reply = if body.get("stream") == Some(&Value::Bool(true)) {
        let include = body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
        let events = stream::events(completion, &asked.0, include);
        Reply::events(oddity::stream(events, &asked.0, error_event(call, &asked.0).bytes))
    } else if asked.0.has("error_event") || asked.0.has("error") {
        error::of_status(call, 500)
    } else if asked.0.has("error_split") {
        echo::operators_error(error::of_status(call, 500), call)
    } else {
        oddity::maybe_broken(answer::plain(&completion, &asked.0), &asked.0)
    };
    usual_headers(call, &mut reply);
    echo::in_head(call, &asked.0, &mut reply);
    oddity::shaped(reply, &asked.0)
}

/// The body and its model, if the service would take it.
fn accepted(sim: &Sim, call: &Call) -> Result<(Value, &'static Model), Box<Reply>> {
    if call.oversize {
        let said = "Request body is too large";
        return Err(error::of(call, 413, (said, "invalid_request_error"), (None, None)).into());
    }
    let parsed: Result<Value, _> = serde_json::from_slice(&call.body);
    let Some(body) = parsed.ok().filter(Value::is_object) else {
        return Err(error::bad_json(call).into());
    };
    let schemas = sim.schemas(Provider::OpenAi);
    schemas.check("CreateChatCompletionRequest", &body).map_err(|problem| error::of_problem(call, &problem))?;
    let id = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let Some(model) = bill::model(Provider::OpenAi, id) else {
        return Err(catalogue::reply(call, "openai.perm.model_not_found").into());
    };
    let given = |name| body.get(name).is_some_and(|value| !value.is_null());
    if given("stream_options") && body.get("stream") != Some(&Value::Bool(true)) {
        let said = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(error::of(call, 400, (said, "invalid_request_error"), (Some("stream_options"), None)).into());
    }
    let reasoning = ["o1", "o3", "o4", "gpt-5", "gpt-6"].iter().any(|family| id.starts_with(family));
    if given("max_tokens") && reasoning && !id.contains("chat") {
        return Err(catalogue::reply(call, "openai.request.max_tokens_unsupported").into());
    }
    Ok((body, model))
}

/// What ends a stream that fails on its way.
fn error_event(call: &Call, asked: &Directives) -> Event {
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

/// The headers of every answer of the service itself.
fn usual_headers(call: &Call, reply: &mut Reply) {
    let usual = [
        ("x-request-id", call.id.as_str()),
        ("openai-organization", "sim-organization"),
        ("openai-processing-ms", "12"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-tokens", "1999900"),
        ("x-ratelimit-reset-tokens", "3ms"),
    ];
    for (name, value) in usual {
        reply.set(name, value);
    }
}
