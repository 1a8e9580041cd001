//! A plain answer says the same however it is cut and written, at every path, and whatever it says has a price or none.

use std::sync::LazyLock;

use ownkey_domain::catalogue::{Catalogue, Model};
use ownkey_domain::usage::{TokenClass, Usage};
use ownkey_providers::answer::{AnswerMeter, Served};
use ownkey_providers::facts;
use ownkey_providers::fuzzing::routes;
use ownkey_providers::route::Route;

use crate::node::Node;
use crate::pieces::cuts;

/// One model of every kind of prices.
static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let catalogue = Catalogue::builtin().unwrap();
    let names = [
        "claude-opus-4-6",
        "claude-haiku-5-5",
        "gpt-5.4",
        "gpt-audio",
        "gpt-4o-transcribe",
        "text-embedding-3-small",
        "whisper-1",
    ];
    names.map(|name| catalogue.find(name).unwrap().clone()).to_vec()
});

/// The input is the answer.
pub fn target(input: &[u8]) {
    for route in routes() {
        let whole = served(route, &[input]);
        for pieces in cuts(input) {
            assert_eq!(served(route, &pieces), whole, "{route:?} {pieces:?}");
        }
        if route.is_free() {
            assert!((whole.usage.is_empty() || whole.is_deferred) && whole.parts.is_empty());
        }
        price(&whole);
    }
    // Another way to write the same. Names with escapes are none that a provider writes, and of twins some reader may
    // take either.
    let is_plain = input.len() < 8_000 && !input.contains(&b'\\');
    if Node::parse(input).is_some_and(|node| is_plain && node.members().is_some() && !node.has_twins()) {
        let value: serde_json::Value = serde_json::from_slice(input).unwrap();
        let again = serde_json::to_vec_pretty(&value).unwrap();
        for route in
            routes().filter(|_| serde_json::from_slice::<serde_json::Value>(&again).ok() == Some(value.clone()))
        {
            assert_eq!(served(route, &[&again]), served(route, &[input]), "{route:?}");
        }
    }
}

fn served(route: &'static Route, pieces: &[&[u8]]) -> Served {
    let mut meter = AnswerMeter::new(route);
    pieces.iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}

/// Any numbers have a cost or none; none of them breaks it, and more tokens are never cheaper.
fn price(served: &Served) {
    for model in &*MODELS {
        let accounting = facts(model.provider).accounting;
        let cost = |usage: &Usage, tier: &str| model.prices.cost(usage, accounting, tier);
        let tier = served.service_tier.as_deref().unwrap_or("standard");
        let more = served.usage.get(TokenClass::Output).and_then(|output| output.checked_add(1));
        let more = more.map(|output| served.usage.with(TokenClass::Output, output));
        if let (Some(cost), Some(dearer)) = (cost(&served.usage, tier), more.and_then(|more| cost(&more, tier))) {
            assert!(cost <= dearer, "{served:?}");
        }
        let _ = model.prices.dearest_cost(&served.usage, accounting);
        for part in &served.parts {
            let _ = cost(&part.usage, tier);
        }
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("answer", target);
}

#[test]
fn random() {
    const KEYS: &[&str] = &[
        "\"usage\"",
        "\"usage\"",
        "\"id\"",
        "\"model\"",
        "\"service_tier\"",
        "\"status\"",
        "\"background\"",
        "\"store\"",
        "\"stop_reason\"",
        "\"output\"",
        "\"type\"",
        "\"input_tokens\"",
        "\"output_tokens\"",
        "\"prompt_tokens\"",
        "\"completion_tokens\"",
        "\"prompt_tokens_details\"",
        "\"cached_tokens\"",
        "\"audio_tokens\"",
        "\"cache_creation\"",
        "\"ephemeral_1h_input_tokens\"",
        "\"cache_creation_input_tokens\"",
        "\"cache_read_input_tokens\"",
        "\"iterations\"",
        "\"seconds\"",
        "\"duration\"",
        "\"tools\"",
        "\"web_search_requests\"",
        "\"inference_geo\"",
        "\"server_tool_use\"",
    ];
    const LEAVES: &[&str] = &[
        "0",
        "1",
        "7",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1.5",
        "1e999",
        "null",
        "true",
        "false",
        "\"queued\"",
        "\"completed\"",
        "\"\"",
        "\"compaction\"",
        "\"advisor_message\"",
        "\"web_search\"",
        "\"web_search_call\"",
        "\"us\"",
        "\"duration\"",
        "\"refusal\"",
        "\"priority\"",
        "\"m}\"",
        "[]",
        "{}",
        "{\"type\":\"message\"}",
    ];
    crate::drive::random("answer", target, crate::drive::CASES, crate::json::json(KEYS, LEAVES));
}
