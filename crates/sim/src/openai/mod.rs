//! api.openai.com

mod answer;
mod chat;
mod completions;
mod embeddings;
pub mod error;
mod files;
mod form;
mod images;
mod models;
mod moderations;
mod prompt;
mod request;
mod responses;
mod speech;
mod stored;
mod stream;
mod transcriptions;

use http::Method;

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

/// Answers a request whose key is good.
type Answering = fn(&Sim, &Call, &mut Recorder) -> Reply;

/// The paths of calls, and what answers each.
const CALLS: [(Method, &str, Answering); 27] = [
    (Method::POST, "/v1/chat/completions", chat::complete),
    (Method::GET, "/v1/chat/completions", stored::list),
    (Method::GET, "/v1/chat/completions/{id}", stored::get),
    (Method::POST, "/v1/chat/completions/{id}", stored::update),
    (Method::DELETE, "/v1/chat/completions/{id}", stored::delete),
    (Method::GET, "/v1/chat/completions/{id}/messages", stored::messages),
    (Method::POST, "/v1/responses", responses::create),
    (Method::POST, "/v1/responses/input_tokens", responses::count::answer),
    (Method::POST, "/v1/responses/compact", responses::compact::answer),
    (Method::GET, "/v1/responses/{id}", responses::by_id::get),
    (Method::DELETE, "/v1/responses/{id}", responses::by_id::delete),
    (Method::POST, "/v1/responses/{id}/cancel", responses::by_id::cancel),
    (Method::GET, "/v1/responses/{id}/input_items", responses::by_id::input_items),
    (Method::POST, "/v1/completions", completions::answer),
    (Method::POST, "/v1/embeddings", embeddings::answer),
    (Method::POST, "/v1/moderations", moderations::answer),
    (Method::POST, "/v1/audio/speech", speech::answer),
    (Method::POST, "/v1/audio/transcriptions", transcriptions::answer),
    (Method::POST, "/v1/audio/translations", transcriptions::translation),
    (Method::POST, "/v1/images/generations", images::generations),
    (Method::POST, "/v1/images/edits", images::edits),
    (Method::POST, "/v1/images/variations", images::variations),
    (Method::POST, "/v1/files", files::create),
    (Method::GET, "/v1/files", files::list),
    (Method::GET, "/v1/files/{id}", files::get),
    (Method::DELETE, "/v1/files/{id}", files::delete),
    (Method::GET, "/v1/files/{id}/content", files::content),
];

/// The answer to any request.
pub fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let path = call.path.as_str();
    let is_models = path == "/v1/models";
    let known = CALLS.iter().filter(|(_, template, _)| is_at(template, path));
    let found = known.clone().find(|(method, ..)| *method == call.method);
    let in_place = |inference| refusal(sim, call, inference).or_else(|| oddity::aside(sim, call));
    let reply = match (&call.method, found) {
        (_, Some((method, template, answering))) => {
            let has_text = *method == Method::POST && !template.contains("{id}");
            let instead = if has_text { refusal(sim, call, true) } else { in_place(true) };
            instead.unwrap_or_else(|| answering(sim, call, recorder))
        }
        (&Method::GET, None) if is_models => in_place(false).unwrap_or_else(|| models::list(sim, call)),
        (&Method::GET, None) if path.starts_with("/v1/models/") => in_place(false).unwrap_or_else(|| models::one(call)),
        (method, None) if is_models || known.count() > 0 => {
            let hint = "(HINT: Perhaps you meant to use a different HTTP method?)";
            let said = format!("Not allowed to {method} on {path}. {hint}");
            error::of(call, 405, (&said, "invalid_request_error"), (None, Some("method_not_supported")))
        }
        (method, None) => {
            let said = format!("Invalid URL ({method} {path})");
            error::of(call, 404, (&said, "invalid_request_error"), (None, None))
        }
    };
    oddity::finished(reply)
}

/// Whether a path is of that form, `{id}` standing for one segment.
fn is_at(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(expected, segment)| expected == segment || expected == "{id}")
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

/// An answer with the headers that all have, and what a directive does to it.
fn dressed(call: &Call, asked: &Directives, mut reply: Reply) -> Reply {
    usual_headers(call, &mut reply);
    echo::in_head(call, asked, &mut reply);
    oddity::shaped(reply, asked)
}

/// The answer to a call without a text: only its header can ask for something odd.
fn untexted(call: &Call, body: &serde_json::Value) -> Reply {
    let asked = call.asked_aside();
    dressed(call, &asked, plain(call, &asked, Reply::json(200, body)))
}

/// A whole answer, or what a directive makes of it.
fn plain(call: &Call, asked: &Directives, reply: Reply) -> Reply {
    if asked.has("error_event") || asked.has("error") {
        error::of_status(call, 500)
    } else if asked.has("error_split") {
        echo::operators_error(error::of_status(call, 500), call)
    } else {
        oddity::maybe_broken(reply, asked)
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
