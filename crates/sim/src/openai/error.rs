//! OpenAI's errors and the way it words what is wrong with a request.

use serde_json::json;

use crate::call::Call;
use crate::reply::Reply;
use crate::schema::{Fault, Measure, Problem, Step};

/// An error in OpenAI's envelope: message and type, parameter and code.
pub fn of(call: &Call, status: u16, (message, kind): (&str, &str), place: (Option<&str>, Option<&str>)) -> Reply {
    let error = json!({"message": message, "type": kind, "param": place.0, "code": place.1});
    let mut reply = Reply::json(status, &json!({"error": error}));
    reply.set("x-request-id", &call.id);
    reply.set("openai-version", "2020-10-01");
    reply
}

/// The error a status stands for.
pub fn of_status(call: &Call, status: u16) -> Reply {
    let (message, kind, code) = match status {
        401 => ("Incorrect API key provided.", "invalid_request_error", Some("invalid_api_key")),
        403 => ("You have insufficient permissions for this operation.", "invalid_request_error", None),
        404 => ("Not found", "invalid_request_error", None),
        429 => ("Rate limit reached for requests", "requests", Some("rate_limit_exceeded")),
        400..=499 => ("Invalid request", "invalid_request_error", None),
        503 => ("The engine is currently overloaded, please try again later", "server_error", None),
        _ => ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    };
    of(call, status, (message, kind), (None, code))
}

/// The body is not JSON.
pub fn bad_json(call: &Call) -> Reply {
    let said = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your \
                HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)";
    of(call, 400, (said, "invalid_request_error"), (None, None))
}

/// What is wrong with a request, in OpenAI's words.
pub fn of_problem(call: &Call, problem: &Problem) -> Reply {
    let place = place(problem);
    let (said, code) = match &problem.fault {
        Fault::Missing => (format!("Missing required parameter: '{place}'."), "missing_required_parameter"),
        Fault::Extra if problem.path.len() == 1 => {
            let said = format!("Unrecognized request argument supplied: {place}");
            return of(call, 400, (&said, "invalid_request_error"), (None, None));
        }
        Fault::Extra => (format!("Unknown parameter: '{place}'."), "unknown_parameter"),
        Fault::Type(wanted, found) => {
            let wanted: Vec<&str> = wanted.iter().map(|kind| article(kind)).collect();
            let wanted = match wanted.as_slice() {
                [one] => (*one).to_owned(),
                several => format!("one of {}", several.join(" or ")),
            };
            let found = article(found);
            (format!("Invalid type for '{place}': expected {wanted}, but got {found} instead."), "invalid_type")
        }
        Fault::Value(allowed, found) => (supported(found, allowed), "invalid_value"),
        Fault::Tag(_, found, known) => (supported(found, known), "invalid_value"),
        Fault::Excess(of, most, found) => {
            let (said, code) = excess(*of, *most, *found);
            (format!("Invalid '{place}': {said}"), code)
        }
        Fault::Bound(said) => (format!("Invalid '{place}': {}.", in_own_words(said)), bound_code(said)),
    };
    of(call, 400, (&said, "invalid_request_error"), (Some(&place), Some(code)))
}

fn supported(found: &str, allowed: &[String]) -> String {
    let quoted: Vec<String> = allowed.iter().map(|value| format!("'{value}'")).collect();
    let listed = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
        _ => quoted.join(""),
    };
    format!("Invalid value: '{found}'. Supported values are: {listed}.")
}

/// What is too much, and the code for that.
fn excess(of: Measure, most: u64, found: u64) -> (String, &'static str) {
    let text = format!("too long. Expected a string with maximum length {most}, but got a string with length {found}");
    match of {
        Measure::Text => (format!("string {text} instead."), "string_above_max_length"),
        Measure::Name => (format!("property name {text} instead."), "property_name_above_max_length"),
        Measure::Members => {
            let wanted = format!("Expected an object with at most {most} properties");
            let got = format!("but got an object with {found} properties instead.");
            (format!("too many properties. {wanted}, {got}"), "object_above_max_properties")
        }
        Measure::Whole => {
            let said = format!("integer above maximum value. Expected a value <= {most}, but got {found} instead.");
            (said, "integer_above_max_value")
        }
    }
}

/// The walker words bounds in Anthropic's way.
fn in_own_words(said: &str) -> String {
    let last = said.rsplit(' ').next().unwrap_or_default();
    if said.starts_with("List should have at least") {
        return "empty array. Expected an array with minimum length 1, but got an empty array instead".to_owned();
    }
    if said.contains("less than or equal") {
        return format!("decimal above maximum value. Expected a value <= {last}");
    }
    if said.contains("greater than") {
        return format!("decimal below minimum value. Expected a value >= {last}");
    }
    said.to_owned()
}

fn bound_code(said: &str) -> &'static str {
    match said {
        _ if said.starts_with("List should have at least") => "empty_array",
        _ if said.contains("less than or equal") => "decimal_above_max_value",
        _ if said.contains("greater than") => "decimal_below_min_value",
        _ => "invalid_value",
    }
}

/// `messages[0].content`
fn place(problem: &Problem) -> String {
    let mut place = String::new();
    for step in &problem.path {
        match step {
            Step::Key(name) if place.is_empty() => place.push_str(name),
            Step::Key(name) => {
                place.push('.');
                place.push_str(name);
            }
            Step::Index(index) => place.push_str(&format!("[{index}]")),
            Step::Tag(_) => {}
        }
    }
    place
}

fn article(kind: &str) -> &'static str {
    match kind {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a decimal",
        "boolean" => "a boolean",
        "array" => "an array",
        "object" => "an object",
        _ => "null",
    }
}
