//! No other spelling of a model's name opens a gate that stands on it, and what a name is resolved to is its own.

use std::sync::LazyLock;

use ownkey_domain::agent;
use ownkey_domain::catalogue::{Availability, Catalogue, RuleDraft, RulesDraft};
use ownkey_domain::payer::Gate;
use ownkey_domain::provider::{Protocol, Provider};

use crate::filled::filled;

/// Names that no caller here may use, by rules of every kind.
const CLOSED: [&str; 5] = ["gpt-4o", "o3-mini", "claude-fable-5", "apex", "claude-opus-4-5-20251101"];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let rule = |id: &str| RuleDraft { id: id.to_owned(), feature: Some("apex".to_owned()), ..RuleDraft::default() };
    let soon = |id: &str| RuleDraft { availability: Availability::ComingSoon, feature: None, ..rule(id) };
    let models = vec![
        soon("gpt-4o"),
        RuleDraft { availability: Availability::ByokOnly, ..rule("o3-mini") },
        RuleDraft { patterns: vec!["claude-fable-5*".to_owned()], ..rule("claude-fable-5") },
        RuleDraft { alias_of: Some("claude-opus-4-6".to_owned()), ..rule("apex") },
        rule("claude-opus-4-5-20251101"),
    ];
    Catalogue::builtin().unwrap().with_rules(RulesDraft { models, ..RulesDraft::default() }).unwrap()
});

/// `{MODEL}` in the input stands for each name that is closed.
pub fn target(input: &[u8]) {
    for closed in CLOSED {
        let name = String::from_utf8_lossy(&filled(input, "{MODEL}", closed.as_bytes())).into_owned();
        for protocol in [Protocol::OpenAi, Protocol::Anthropic] {
            check(&name, protocol);
        }
        if let Some(Ok(agent)) = agent::called(&name) {
            assert_eq!(name, format!("{}{}", agent::PREFIX, agent.as_str()));
        }
    }
}

fn check(name: &str, protocol: Protocol) {
    let Ok(resolved) = CATALOGUE.resolve(name, protocol) else { return };
    assert_eq!(resolved.provider.protocol(), protocol);
    assert!(resolved.model.is_none_or(|model| model.provider == resolved.provider));
    let upstream = resolved.upstream_name;
    assert!(name.ends_with(upstream) || CATALOGUE.models().iter().any(|model| model.id == upstream), "{upstream}");
    let is_open = is_open(name, protocol);
    if CLOSED.contains(&without_disguise(name).as_str()) || CLOSED.contains(&without_disguise(upstream).as_str()) {
        assert!(!is_open, "{name:?} opens a gate");
    }
    // What is closed stays closed by any way of writing it.
    if !is_open {
        let prefixed = format!("{}/{name}", resolved.provider);
        let others =
            [upstream.to_owned(), format!(" {name}\t"), name.to_ascii_uppercase(), format!("ft:{upstream}:acme::x")];
        let others = others.into_iter().chain((!name.contains('/')).then_some(prefixed));
        for other in others.filter(|other| without_disguise(other) == without_disguise(name)) {
            assert!(!self::is_open(&other, protocol), "{other:?} opens what {name:?} closes");
        }
    }
}

fn is_open(name: &str, protocol: Protocol) -> bool {
    let resolved = CATALOGUE.resolve(name, protocol);
    resolved.is_ok_and(|resolved| CATALOGUE.ruling(&resolved, None, |_| false).gate == Gate::Available)
}

/// The model that could be meant by a name: prefixes, case, white space, a date, and what a fine-tune was made for don't
/// count.
fn without_disguise(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let mut bare = lower.as_str();
    while let Some(rest) = Provider::ALL.iter().find_map(|provider| bare.strip_prefix(&format!("{provider}/"))) {
        bare = rest.trim();
    }
    let tuned = bare.strip_prefix("ft:").and_then(|rest| rest.split(':').next()).unwrap_or(bare);
    if CLOSED.contains(&tuned) { tuned.to_owned() } else { without_date(tuned).to_owned() }
}

fn without_date(name: &str) -> &str {
    let parts: Vec<_> = name.rsplitn(4, '-').collect();
    let are_digits = |lens: &[usize]| {
        parts.len() > lens.len()
            && lens.iter().zip(&parts).all(|(len, part)| part.len() == *len && part.bytes().all(|b| b.is_ascii_digit()))
    };
    if are_digits(&[8]) {
        &name[..name.len() - 9]
    } else if are_digits(&[2, 2, 4]) {
        &name[..name.len() - 11]
    } else {
        name
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("model_name", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "{MODEL}",
        "{MODEL}",
        "openai/",
        "anthropic/",
        "OpenAI/",
        "ft:",
        ":acme::x",
        "-2026-01-31",
        "-20260131",
        " ",
        "\t",
        "-",
        "*",
        "agent/",
        "lead",
        "GPT-4O",
        "O3-Mini",
        "\u{e9}",
        "x",
    ];
    crate::drive::random("model_name", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
