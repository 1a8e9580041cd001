//! The walk through the closed world of managed calls comes to what a plain look at the whole body comes to.

use std::mem::discriminant;
use std::sync::{Arc, LazyLock};

use ownkey_domain::catalogue::{Catalogue, Model};
use ownkey_providers::form::Payload;
use ownkey_providers::fuzzing::{Look, Members, Terms, Words, routes, terms};
use ownkey_providers::managed::{ClosedWorld, Extensions, Objection, Shape};
use ownkey_providers::peek::peek;
use proptest::prelude::*;
use proptest::sample::select;

use crate::filled::filled;
use crate::node::Node;

static MODEL: LazyLock<Model> = LazyLock::new(|| Catalogue::builtin().unwrap().find("gpt-5").unwrap().clone());

/// The input is the body.
pub fn target(input: &[u8]) {
    let more = Arc::new(Extensions { tools: vec!["more".to_owned()], ..Extensions::default() });
    for route in routes() {
        let body = Payload { bytes: input, kind: Some(b"application/json") };
        let world = ClosedWorld::of(route, Some(&MODEL), &more);
        let found = world.look_through(body);
        if found.is_ok() {
            assert_eq!(
                world.on_own_key().look_through(body),
                found,
                "what the operator lets pass has a bound for others too"
            );
        }
        let Some(terms) = terms(route) else {
            assert!(matches!(found, Err(Objection::Unserved(_))));
            continue;
        };
        let Some(node) = Node::parse(input) else {
            // Such a body never gets here, because it was peeked into before. Where none is read there need not be one.
            let is_none = input.trim_ascii().is_empty() && peek(body, route).is_ok();
            assert!(found.is_err() || peek(body, route).is_err() || is_none, "{route:?}");
            continue;
        };
        match (plain(&node, terms), found) {
            (Ok(expected), Ok(found)) => assert_eq!(found, expected, "{route:?}"),
            (Err(expected), Err(found)) => {
                assert_eq!(discriminant(&found), discriminant(&expected), "{route:?}: {found:?} {expected:?}");
                assert!(!found.to_string().contains("sk-"), "{found}");
            }
            (expected, found) => panic!("{route:?}: {found:?}, not {expected:?}"),
        }
    }
}

fn reference() -> Objection {
    Objection::Reference(String::new())
}

fn not_priced() -> Objection {
    Objection::NotPriced(String::new())
}

/// All of a body at once.
fn plain(body: &Node, terms: &Terms) -> Result<Shape, Objection> {
    let tools = [terms.tools, &["more"]].concat();
    let tiers: Vec<_> =
        terms.tiers.iter().filter(|(_, answers)| MODEL.prices.has_tier(answers[0])).map(|(name, _)| *name).collect();
    let kind = Look::Word(Words { what: "", known: &tools });
    let own_kind = Look::Word(Words { what: "", known: &["function", "custom"] });
    let own = Look::Object(&[("type", &own_kind)]);
    let tool = Look::Object(&[("type", &kind), ("tools", &Look::Each(&own))]);
    let (tools, tier) = (Look::Each(&tool), Look::Word(Words { what: "", known: &tiers }));
    let Node::Object(members) = body else { return Err(Objection::Unreadable) };
    for (at, (name, value)) in members.iter().enumerate() {
        if !terms.members.contains(&name.as_str()) {
            return Err(not_priced());
        }
        if members[..at].iter().any(|(before, _)| before == name) {
            return Err(Objection::Duplicate);
        }
        match name.as_str() {
            "tools" => look(value, tools)?,
            "service_tier" => look(value, tier)?,
            _ => looks(terms).filter(|(known, _)| *known == name).try_for_each(|(_, what)| look(value, **what))?,
        }
    }
    if terms.needs.iter().any(|(name, _)| body.get(name).is_none()) {
        return Err(Objection::Untold(""));
    }
    let items = |name: &str| match body.get(name) {
        Some(Node::List(items)) if name == "tools" || looks(terms).any(|(known, _)| *known == name) => {
            items.len() as u64
        }
        _ => 0,
    };
    let asked = terms.tiers.iter().find(|(name, _)| match body.get("service_tier") {
        Some(Node::Text(asked)) => name == asked,
        _ => true,
    });
    Ok(Shape {
        messages: items("messages") + items("input"),
        has_tools: items("tools") > 0,
        tiers: asked.map_or(&[], |(_, answers)| answers),
        refers: false,
    })
}

fn looks(terms: &Terms) -> impl Iterator<Item = &(&'static str, &'static Look<'static>)> {
    terms.look.iter().chain(terms.tells)
}

fn look(value: &Node, what: Look<'_>) -> Result<(), Objection> {
    match (what, value) {
        (Look::Kind(words, listed), Node::Object(_)) => {
            of_kind(value, &[("type", &Look::Word(words))], listed)?;
            if value.get("type").is_some() { Ok(()) } else { Err(not_priced()) }
        }
        (Look::Item(words, listed), Node::Object(_)) => {
            let told_by: &[_] = &[("type", &Look::ItemKind(words)), ("role", &Look::Any), ("id", &Look::Any)];
            of_kind(value, told_by, listed)?;
            match ["type", "role", "id"].map(|name| value.get(name).is_some()) {
                [false, false, true] => Err(reference()),
                [false, false, false] => Err(not_priced()),
                _ => Ok(()),
            }
        }
        (Look::Kind(..) | Look::Item(..), _) => Err(not_priced()),
        (_, Node::Null) | (Look::Any, _) | (Look::Nothing(_), Node::Flag(false)) => Ok(()),
        (Look::Nothing(_), Node::List(items)) if items.is_empty() => Ok(()),
        (Look::Nothing(why), _) => Err(why()),
        (Look::Word(words), Node::Text(word)) if words.known.contains(&word.as_str()) => Ok(()),
        (Look::Only(known, _), Node::Text(word)) if known.contains(&word.as_str()) => Ok(()),
        (Look::Only(_, why), _) => Err(why()),
        (Look::ItemKind(words), Node::Text(word)) if words.known.contains(&word.as_str()) => Ok(()),
        (Look::ItemKind(_), Node::Text(word)) if word == "item_reference" => Err(reference()),
        (Look::Word(_) | Look::ItemKind(_), _) => Err(not_priced()),
        (Look::Each(each), Node::List(items)) => items.iter().try_for_each(|item| look(item, *each)),
        (Look::Each(each), Node::Object(_)) => look(value, *each),
        (Look::Object(listed), Node::Object(_)) => members(value, listed),
        (Look::Each(_) | Look::Object(_), _) => Ok(()),
    }
}

fn of_kind(value: &Node, told_by: Members<'_>, listed: Members<'_>) -> Result<(), Objection> {
    members(value, &[told_by, listed].concat())
}

fn members(value: &Node, listed: Members<'_>) -> Result<(), Objection> {
    let all = value.members().unwrap_or_default();
    for (at, (name, inner)) in all.iter().enumerate() {
        let Some((_, what)) = listed.iter().find(|(known, _)| known == name) else { continue };
        if all[..at].iter().any(|(before, _)| before == name) {
            return Err(Objection::Duplicate);
        }
        look(inner, **what)?;
    }
    Ok(())
}

const KEYS: &[&str] = &[
    "\"messages\"",
    "\"messages\"",
    "\"content\"",
    "\"content\"",
    "\"type\"",
    "\"type\"",
    "\"role\"",
    "\"source\"",
    "\"file_id\"",
    "\"file\"",
    "\"tools\"",
    "\"service_tier\"",
    "\"store\"",
    "\"input\"",
    "\"output\"",
    "\"container\"",
    "\"context_management\"",
    "\"edits\"",
    "\"audio\"",
    "\"voice\"",
    "\"id\"",
    "\"model\"",
    "\"stream_format\"",
    "\"image\"",
    "\"prompt\"",
    "\"t\\u0079pe\"",
    "\"sk-proj-AAAAAAAAAAAAAAAAAAAA\"",
    "\"system\"",
];
const LEAVES: &[&str] = &[
    "null",
    "false",
    "true",
    "0",
    "[]",
    "{}",
    "\"\"",
    "\"text\"",
    "\"message\"",
    "\"input_text\"",
    "\"file\"",
    "\"auto\"",
    "\"flex\"",
    "\"sse\"",
    "\"function\"",
    "\"more\"",
    "\"custom\"",
    "\"base64\"",
    "\"item_reference\"",
    "\"clear_thinking_20251015\"",
    "1e999",
    "\"\\ud800\"",
    "{\"type\":\"text\"}",
    "{\"role\":\"user\"}",
    "\"sk-proj-x\"",
];
/// What is worth looking at stands in few places.
const PLACES: &[&str] = &[
    "$",
    r#"{"messages":[{"role":"user","content":[$]}]}"#,
    r#"{"messages":[{"content":$}],"system":[{"type":"text"}]}"#,
    r#"{"messages":[{"content":[{"type":"document","source":$}]}]}"#,
    r#"{"messages":[$],"tools":[{"type":"function"}]}"#,
    r#"{"input":[$]}"#,
    r#"{"input":[{"type":"message","content":[$]}]}"#,
    r#"{"store":$}"#,
    r#"{"container":$}"#,
    r#"{"tools":$}"#,
    r#"{"service_tier":$}"#,
    r#"{"audio":$}"#,
    r#"{"image":$}"#,
    r#"{"context_management":{"edits":$}}"#,
    r#"{"stream_format":$,"voice":$}"#,
];

#[test]
fn corpus() {
    crate::drive::corpus("look", target);
}

#[test]
fn random() {
    let inner = crate::json::json(KEYS, LEAVES);
    let placed = (select(PLACES), inner).prop_map(|(place, json)| filled(place.as_bytes(), "$", &json));
    crate::drive::random("look", target, 2 * crate::drive::CASES, placed.boxed());
}
