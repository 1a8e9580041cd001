//! An edited body differs by the stated edits only, and is read as what was asked for.

use bytes::Bytes;
use ownkey_providers::form::Payload;
use ownkey_providers::fuzzing::{acted_on, routes};
use ownkey_providers::peek::{Edits, edit, peek};
use ownkey_providers::route::Route;

use crate::node::Node;

const MODEL: &str = "other-\"model";

/// The input is the body.
pub fn target(input: &[u8]) {
    for route in routes() {
        for edits in [
            Edits { model: Some(MODEL), include_usage: true, output_limit: Some(7) },
            Edits { model: None, include_usage: true, output_limit: None },
            Edits { model: None, include_usage: false, output_limit: Some(7) },
            Edits { model: Some(MODEL), ..Edits::default() },
        ] {
            check(input, route, edits);
        }
    }
}

fn json(bytes: &[u8]) -> Payload<'_> {
    Payload { bytes, kind: Some(b"application/json") }
}

fn check(input: &[u8], route: &'static Route, edits: Edits<'_>) {
    let Ok(before) = peek(json(input), route) else { return };
    let body = Bytes::copy_from_slice(input);
    assert_eq!(edit(&body, route, &before, Edits::default()).concat(), input);
    let Some(acted_on) = acted_on(route) else { return };
    let pieces = edit(&body, route, &before, edits);
    untouched(&body, &pieces);
    let edited = Bytes::from(pieces.concat());
    // What is read now is what was asked for.
    let after = peek(json(&edited), route).unwrap();
    assert_eq!(after.model.as_deref(), edits.model.or(before.model.as_deref()), "{route:?}");
    let takes_limit = !acted_on.limits.is_empty();
    assert_eq!(after.output_limit, before.output_limit.or(edits.output_limit.filter(|_| takes_limit)), "{route:?}");
    assert_eq!(after.include_usage, before.include_usage || (edits.include_usage && acted_on.asks_usage), "{route:?}");
    assert_eq!((after.stream, after.answers), (before.stream, before.answers));
    assert_eq!(edit(&edited, route, &after, edits).concat(), edited, "{route:?}: once is enough");
    // And all else is what it was, if it has no number beyond every float.
    let rest = |bytes: &[u8]| Node::parse(bytes).map(|node| rest(node, acted_on.limits));
    assert_eq!(rest(&edited), rest(input), "{route:?}");
}

/// The pieces of the body that are left stand in their order, and what is missing between them was one value.
fn untouched(body: &Bytes, pieces: &[Bytes]) {
    let start = body.as_ptr().addr();
    let places = pieces.iter().filter_map(|piece| {
        let at = piece.as_ptr().addr().checked_sub(start)?;
        (at + piece.len() <= body.len()).then_some((at, at + piece.len()))
    });
    let mut at = 0;
    for (from, to) in places.chain([(body.len(), body.len())]) {
        assert!(at <= from);
        let gone = &body[at..from];
        assert!(gone.is_empty() || matches!(Node::parse(gone), Some(Node::Null | Node::Flag(_) | Node::Text(_))));
        at = to;
    }
}

/// The body without what edits may touch.
fn rest(node: Node, limits: &[&str]) -> Vec<(String, Node)> {
    let Node::Object(mut members) = node else { return Vec::new() };
    for (name, value) in &mut members {
        if let ("stream_options", Node::Object(options)) = (name.as_str(), value) {
            options.retain(|(name, _)| name != "include_usage");
        }
    }
    let nothing = Node::Object(Vec::new());
    let touched = |name: &str| name == "model" || limits.contains(&name);
    members.retain(|(name, value)| {
        let asks = name == "stream_options" && (*value == nothing || *value == Node::Null);
        !asks && !touched(name)
    });
    members
}

#[test]
fn corpus() {
    crate::drive::corpus("peek", target);
}

#[test]
fn random() {
    crate::drive::random(
        "peek",
        target,
        crate::drive::CASES,
        crate::json::json(crate::peek::KEYS, crate::peek::LEAVES),
    );
}
