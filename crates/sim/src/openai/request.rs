//! What the service checks of any request with a JSON body.

use serde_json::{Map, Value};

use super::error;
use crate::bill::{self, Model};
use crate::call::Call;
use crate::catalogue;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::schema::whole_numbers;
use crate::sim::Sim;

/// The body, if it fits its schema.
pub fn json(sim: &Sim, call: &Call, schema: &str) -> Result<Value, Box<Reply>> {
    let body = object(call)?;
    let schemas = sim.schemas(Provider::OpenAi);
    schemas.check(schema, &body).map_err(|problem| error::of_problem(call, &problem))?;
    Ok(body)
}

/// Whether the query fits its schema; parameters that it does not name are passed over.
pub fn query(sim: &Sim, call: &Call, schema: &str) -> Result<(), Box<Reply>> {
    let schemas = sim.schemas(Provider::OpenAi);
    let mut given = Map::new();
    for (name, text) in call.parameters() {
        // Lists come as `name[]=item` or `name=item`, once for each item; maps as `name[key]=text`.
        let (name, key) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, key)) => (name, Some(key)),
            None => (name.as_str(), None),
        };
        let value = schemas.read(schema, name, &text);
        match (given.entry(name.to_owned()).or_insert_with(|| schemas.empty(schema, name)), key) {
            (Value::Array(items), _) => items.push(value),
            (Value::Object(members), Some(key)) => drop(members.insert(key.to_owned(), value)),
            (one, _) => *one = value,
        }
    }
    schemas.check(schema, &Value::Object(given)).map_err(|problem| error::of_problem(call, &problem).into())
}

/// The body, if it is an object of JSON.
pub fn object(call: &Call) -> Result<Value, Box<Reply>> {
    if call.oversize {
        let said = "Request body is too large";
        return Err(error::of(call, 413, (said, "invalid_request_error"), (None, None)).into());
    }
    let parsed: Result<Value, _> = serde_json::from_slice(&call.body);
    let Some(mut body) = parsed.ok().filter(Value::is_object) else {
        return Err(error::bad_json(call).into());
    };
    whole_numbers(&mut body);
    Ok(body)
}

/// The model of a body, if it is one of these kinds.
pub fn model(call: &Call, body: &Value, modes: &[&str]) -> Result<&'static Model, Box<Reply>> {
    named(call, body.get("model").and_then(Value::as_str).unwrap_or_default(), modes)
}

/// The model of that name, if it is one of these kinds.
pub fn named(call: &Call, id: &str, modes: &[&str]) -> Result<&'static Model, Box<Reply>> {
    let Some(model) = bill::model(Provider::OpenAi, id) else {
        return Err(catalogue::reply(call, "openai.perm.model_not_found").into());
    };
    if modes.contains(&model.mode.as_str()) {
        return Ok(model);
    }
    Err(unsupported(call))
}

/// The model is of another kind than this path is for.
pub fn unsupported(call: &Call) -> Box<Reply> {
    let said = format!("This model is not supported in the {} endpoint.", call.path.trim_start_matches('/'));
    error::of(call, 404, (&said, "invalid_request_error"), (Some("model"), None)).into()
}

/// Whether `stream_options` stands beside a stream only.
pub fn options_fit(call: &Call, body: &Value) -> Result<(), Box<Reply>> {
    let given = body.get("stream_options").is_some_and(|options| !options.is_null());
    if !given || is_streamed(body) {
        return Ok(());
    }
    let said = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    Err(error::of(call, 400, (said, "invalid_request_error"), (Some("stream_options"), None)).into())
}

/// Whether a stream is asked for.
pub fn is_streamed(body: &Value) -> bool {
    body.get("stream") == Some(&Value::Bool(true))
}

/// Whether its usage is asked for.
pub fn includes_usage(body: &Value) -> bool {
    body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true))
}

/// Texts that are given as one, as several, or as tokens; tokens count as the words `token 5`.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) if items.iter().all(Value::is_number) => vec![of_tokens(items)],
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => text.clone(),
                Value::Array(tokens) => of_tokens(tokens),
                other => other.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Four characters a token, so that they count as many.
fn of_tokens(tokens: &[Value]) -> String {
    "tok ".repeat(tokens.len())
}
