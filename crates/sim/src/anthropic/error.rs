//! Anthropic's errors and the way it words what is wrong with a request.

use serde_json::json;

use crate::bounds::plural;
use crate::call::Call;
use crate::reply::Reply;
use crate::schema::{Fault, Measure, Problem, Step};

/// An error in Anthropic's envelope.
pub fn of(call: &Call, status: u16, kind: &str, message: &str) -> Reply {
    let error = json!({"type": kind, "message": message});
    let mut reply = Reply::json(status, &json!({"type": "error", "error": error, "request_id": call.id}));
    reply.set("request-id", &call.id);
    reply
}

/// The error a status stands for.
pub fn of_status(call: &Call, status: u16) -> Reply {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Billing error"),
        403 => ("permission_error", "Permission denied"),
        404 => ("not_found_error", "Not found"),
        429 => ("rate_limit_error", "Rate limited"),
        504 => ("timeout_error", "Request timeout"),
        529 => ("overloaded_error", "Overloaded"),
        400..=499 => ("invalid_request_error", "Error"),
        _ => ("api_error", "Internal server error"),
    };
    of(call, status, kind, message)
}

/// `messages.0.content: Input should be a valid string`
pub fn wording(problem: &Problem) -> String {
    let said = match &problem.fault {
        Fault::Missing => "Field required".to_owned(),
        Fault::Extra => "Extra inputs are not permitted".to_owned(),
        Fault::Type(wanted, _) => format!("Input should be {}", wanted.first().map_or("valid", |kind| valid(kind))),
        Fault::Value(allowed, _) => format!("Input should be {}", quoted(allowed, " or ")),
        Fault::Tag(tag, found, known) => {
            let known = quoted(known, ", ");
            format!("Input tag '{found}' found using '{tag}' does not match any of the expected tags: {known}")
        }
        Fault::Bound(said) => said.clone(),
        Fault::Excess(of, most, found) => excess(*of, *most, *found),
    };
    let path: Vec<String> = problem.path.iter().map(step).collect();
    if path.is_empty() { said } else { format!("{}: {said}", path.join(".")) }
}

fn step(step: &Step) -> String {
    match step {
        Step::Key(name) | Step::Tag(name) => name.clone(),
        Step::Index(index) => index.to_string(),
    }
}

fn valid(kind: &str) -> &'static str {
    match kind {
        "string" => "a valid string",
        "integer" => "a valid integer",
        "number" => "a valid number",
        "boolean" => "a valid boolean",
        "array" => "a valid list",
        "object" => "a valid dictionary",
        _ => "valid",
    }
}

fn quoted(values: &[String], last: &str) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{}{last}{end}", rest.join(", ")),
        None => String::new(),
    }
}

fn excess(of: Measure, most: u64, found: u64) -> String {
    let s = plural(most);
    match of {
        Measure::Text | Measure::Name => format!("String should have at most {most} character{s}"),
        Measure::Members => format!("Dictionary should have at most {most} item{s} after validation, not {found}"),
        Measure::Whole => format!("Input should be less than or equal to {most}"),
    }
}
