//! What is read of a body is what any reader of JSON reads there, or it is refused.

use ownkey_providers::form::Payload;
use ownkey_providers::fuzzing::{ActedOn, acted_on, routes};
use ownkey_providers::peek::{PeekError, Previous, peek};

use serde::de::IgnoredAny;

use crate::node::Node;

/// The input is the body.
pub fn target(input: &[u8]) {
    for route in routes() {
        let found = peek(Payload { bytes: input, kind: Some(b"application/json") }, route);
        let Some(acted_on) = acted_on(route) else {
            assert!(found.is_ok());
            continue;
        };
        let Some(node) = Node::parse(input) else {
            // A number beyond every float is JSON all the same.
            assert!(found.is_err() || serde_json::from_slice::<IgnoredAny>(input).is_ok(), "{route:?}");
            continue;
        };
        match (expected(&node, &acted_on), found) {
            (Ok(read), Ok(found)) => {
                let told = (
                    found.model,
                    found.stream,
                    found.include_usage,
                    found.output_limit,
                    found.answers,
                    found.characters,
                );
                assert_eq!(told, read, "{route:?}");
                assert_eq!(found.previous, previous(&node, &acted_on), "{route:?}");
            }
            (Err(error), Err(found)) => {
                assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&found), "{route:?}");
            }
            (expected, found) => panic!("{route:?}: {expected:?} {found:?}"),
        }
    }
}

type Read = (Option<String>, bool, bool, Option<u32>, Option<u32>, Option<u64>);

const WRONG: PeekError = PeekError::WrongType { member: "", expected: "" };

fn expected(node: &Node, acted_on: &ActedOn) -> Result<Read, PeekError> {
    if node.members().is_none() {
        return Err(PeekError::NotAnObject);
    }
    let options = acted_on.asks_usage.then_some("stream_options");
    let lists = [&["model", "stream"][..], acted_on.limits, acted_on.answers];
    let mut read = lists.concat().into_iter().chain(options).chain(acted_on.counted).chain(acted_on.previous);
    if read.any(|name| node.all(name).nth(1).is_some()) {
        return Err(PeekError::Duplicate(""));
    }
    let model = match node.all("model").next() {
        None => None,
        Some(Node::Null) if acted_on.null_model => None,
        Some(Node::Text(text)) if text.len() <= 256 && !text.chars().any(char::is_control) => Some(text.clone()),
        Some(_) => return Err(WRONG),
    };
    let stream = flag(node, "stream")?;
    let limit = largest(node, acted_on.limits)?;
    let answers = largest(node, acted_on.answers)?;
    let mut include_usage = false;
    if let Some(options) = options.and_then(|name| node.get(name)) {
        let Node::Object(_) = options else { return Err(WRONG) };
        if options.all("include_usage").nth(1).is_some() {
            return Err(PeekError::Duplicate(""));
        }
        include_usage = flag(options, "include_usage")?;
    }
    let characters = match acted_on.counted.and_then(|name| node.get(name)) {
        Some(Node::Text(text)) => Some(text.chars().count() as u64),
        _ => None,
    };
    Ok((model, stream, include_usage, limit, answers, characters))
}

fn previous(node: &Node, acted_on: &ActedOn) -> Previous {
    match acted_on.previous.and_then(|name| node.get(name)) {
        None => Previous::Nothing,
        Some(Node::Text(text)) => text.parse().map_or(Previous::NoId, Previous::Response),
        Some(_) => Previous::NoId,
    }
}

fn flag(node: &Node, name: &str) -> Result<bool, PeekError> {
    match node.get(name) {
        None => Ok(false),
        Some(Node::Flag(flag)) => Ok(*flag),
        Some(_) => Err(WRONG),
    }
}

fn largest(node: &Node, names: &[&str]) -> Result<Option<u32>, PeekError> {
    let mut most = None;
    for value in names.iter().filter_map(|name| node.get(name)) {
        let Node::Number(Some(count)) = value else { return Err(WRONG) };
        most = most.max(Some(u32::try_from(*count).map_err(|_| WRONG)?));
    }
    Ok(most)
}

pub const KEYS: &[&str] = &[
    "\"model\"",
    "\"model\"",
    "\"stream\"",
    "\"stream_options\"",
    "\"previous_response_id\"",
    "\"previous_response_id\"",
    "\"include_usage\"",
    "\"max_tokens\"",
    "\"max_completion_tokens\"",
    "\"max_output_tokens\"",
    "\"n\"",
    "\"best_of\"",
    "\"messages\"",
    "\"input\"",
    "\"mod\\u0065l\"",
    "\"Model\"",
    "\"\"",
];
pub const LEAVES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "16",
    "1.0",
    "1e2",
    "4294967296",
    "\"gpt-4o\"",
    "\"a\\u0000\"",
    "\"\\ud800\"",
    "\"\u{e9}\"",
    "\"\u{1f642}\\ud83d\\ude42\\n\"",
    "{}",
    "{\"include_usage\":true}",
    "{ \"include_usage\" : null }",
    "[]",
    "1e999",
];

#[test]
fn corpus() {
    crate::drive::corpus("peek", target);
}

#[test]
fn random() {
    crate::drive::random("peek", target, crate::drive::CASES, crate::json::json(KEYS, LEAVES));
}
