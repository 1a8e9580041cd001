use super::*;
use crate::money::{CreditPrice, Markup};
use crate::price::STANDARD_TIER;
use crate::provider::Provider::OpenAi;
use crate::usage::{Accounting, TokenClass, Usage};

fn builtin() -> Catalogue {
    Catalogue::builtin().unwrap()
}

fn rule(id: &str) -> RuleDraft {
    RuleDraft { id: id.to_owned(), ..RuleDraft::default() }
}

/// The rule of the contract's example.
fn apex() -> RuleDraft {
    RuleDraft {
        alias_of: Some("claude-fable-5".to_owned()),
        patterns: vec!["claude-fable-5*".to_owned()],
        availability: Availability::ByokOnly,
        feature: Some("apex".to_owned()),
        gate_message: Some("Ask for it.".to_owned()),
        ..rule("apex")
    }
}

fn gate(catalogue: &Catalogue, name: &str, features: &[&str]) -> Gate {
    let anthropic = ["claude", "apex"].iter().any(|part| name.to_lowercase().contains(part));
    let protocol = if anthropic { Protocol::Anthropic } else { Protocol::OpenAi };
    let resolved = catalogue.resolve(name, protocol).unwrap();
    catalogue.ruling(&resolved, None, |feature| features.contains(&feature)).gate
}

fn with(models: Vec<RuleDraft>) -> Catalogue {
    builtin().with_rules(RulesDraft { models, ..RulesDraft::default() }).unwrap()
}

#[test]
fn a_version_stands_for_one_list_of_prices() {
    let mine = |usd: &str| {
        let prices = [("input", usd), ("output", "1")].map(|(class, usd)| (class.to_owned(), usd.to_owned()));
        let prices = standard_prices(prices.into()).unwrap();
        RuleDraft { id: "gpt-4o".to_owned(), provider: Some(OpenAi), prices, ..RuleDraft::default() }
    };
    let other = || RuleDraft { id: "gpt-4".to_owned(), ..mine("3") };
    let version = |models: Vec<RuleDraft>| with(models).version().to_owned();
    let shipped = builtin().version().to_owned();
    assert_eq!(version(vec![RuleDraft { id: "gpt-4o".to_owned(), ..RuleDraft::default() }]), shipped);
    assert!(version(vec![mine("1")]).starts_with(&format!("{shipped}+")));
    assert_eq!(version(vec![mine("1"), other()]), version(vec![other(), mine("1.0")]));
    assert_ne!(version(vec![mine("1")]), version(vec![mine("2")]));
    assert_ne!(version(vec![mine("1")]), version(vec![mine("1"), other()]));
}

#[test]
fn own_prices_are_those_of_the_snapshots_too() {
    let prices = |usd: &str| {
        let rows = [("input", usd), ("output", usd)].map(|(class, usd)| (class.to_owned(), usd.to_owned()));
        standard_prices(rows.into()).unwrap()
    };
    let own = |id, usd| RuleDraft { provider: Some(OpenAi), prices: prices(usd), ..rule(id) };
    let catalogue = with(vec![own("gpt-4o-2024-05-13", "2"), own("gpt-4o", "1")]);
    for (id, usd) in [("gpt-4o", "1"), ("gpt-4o-2024-08-06", "1"), ("gpt-4o-2024-05-13", "2")] {
        assert_eq!(catalogue.find(id).unwrap().prices, prices(usd), "{id}");
    }
    let shipped = builtin();
    // How long its prompts and answers are is known all the same, unless the operator says otherwise.
    let lengths = |model: &Model| (model.context_tokens, model.output_tokens);
    let known = lengths(shipped.find("gpt-4o").unwrap());
    assert_eq!(lengths(catalogue.find("gpt-4o").unwrap()), known);
    let told = with(vec![RuleDraft { context_tokens: Some(9), ..own("gpt-4o", "1") }]);
    assert_eq!(lengths(told.find("gpt-4o").unwrap()), (Some(9), known.1));
    assert_eq!(catalogue.find("gpt-4o-mini").unwrap().prices, shipped.find("gpt-4o-mini").unwrap().prices);
}

#[test]
fn the_models_of_both_products_are_there_and_priced() {
    let usage = Usage::default().with(TokenClass::Input, 1_000_000).with(TokenClass::Output, 0);
    let catalogue = builtin();
    for (id, usd) in [
        ("claude-opus-4-6", "5"),
        ("claude-sonnet-4-6", "3"),
        ("claude-haiku-4-5", "1"),
        ("gpt-4o", "2.5"),
        ("gpt-4o-mini", "0.15"),
        ("o1", "15"),
        ("o3-mini", "1.1"),
        ("claude-fable-5", "10"),
        ("text-embedding-3-small", "0.02"),
    ] {
        let model = catalogue.find(id).unwrap();
        // Above its long-context threshold a model has another price.
        let cost = model.prices.tiers[STANDARD_TIER].get(TokenClass::Input).unwrap().times(1_000_000).unwrap();
        assert_eq!(cost.to_string(), usd, "{id}");
        assert!(model.prices.cost(&usage, Accounting::Disjoint, STANDARD_TIER).is_some(), "{id}");
    }
}

#[test]
fn the_data_file_is_read_strictly() {
    let row = |more: &str| {
        format!(
            r#"{{"version":"1","source":"s","models":[{{"id":"a","provider":"openai","mode":"chat","context_tokens":1,
            "output_tokens":1,"tiers":{{"standard":{{"input":"1","output":"1"}}}}{more}}}]}}"#
        )
    };
    assert!(Catalogue::parse(&row("")).is_ok());
    for more in [
        r#","surprise":1"#,
        r#","units":{"input_week":"1"}"#,
        r#","units":{"input_second":1.5}"#,
        r#","long_context":{"above_tokens":1,"tiers":{"standard":{"inputs":"1"}}}"#,
        r#","long_context":{"above_tokens":1,"tiers":{"standard":{"input":"-1"}}}"#,
        r#","long_context":{"above_tokens":1,"tiers":{"standard":{"input":"1e3"}}}"#,
    ] {
        assert!(Catalogue::parse(&row(more)).is_err(), "{more}");
    }
}

#[test]
fn dated_snapshots_are_their_model_unless_listed() {
    let catalogue = builtin();
    assert_eq!(catalogue.find("claude-opus-4-6-20991231").unwrap().id, "claude-opus-4-6");
    assert_eq!(catalogue.find("gpt-4o-2099-12-31").unwrap().id, "gpt-4o");
    assert_eq!(catalogue.find("gpt-4o-2024-05-13").unwrap().id, "gpt-4o-2024-05-13");
    for unknown in ["", "-", "gpt-4o-20", "gpt-4o-2099-12-3x", "gpt-9", "gpt-4o-é9991231", "ft:gpt-4o:acme"] {
        assert!(catalogue.find(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn names_resolve_by_prefix_catalogue_and_path() {
    let catalogue = builtin();
    let openai = |name| catalogue.resolve(name, Protocol::OpenAi).map(|r| (r.provider, r.upstream_name.to_owned()));
    assert_eq!(openai("openai/gpt-4o"), Ok((Provider::OpenAi, "gpt-4o".to_owned())));
    assert_eq!(openai("ft:gpt-4o:acme"), Ok((Provider::OpenAi, "ft:gpt-4o:acme".to_owned())));
    assert_eq!(openai("meta/llama"), Ok((Provider::OpenAi, "meta/llama".to_owned())));
    let wrong = Err(ResolveError::WrongProtocol(Provider::Anthropic));
    assert_eq!(openai("claude-opus-4-6"), wrong);
    assert_eq!(openai("anthropic/anything"), wrong);
}

#[test]
fn a_gate_has_no_second_door() {
    let catalogue = with(vec![apex(), RuleDraft { availability: Availability::ComingSoon, ..rule("o3-mini") }]);
    for name in [
        "apex",
        "anthropic/apex",
        "claude-fable-5",
        "anthropic/claude-fable-5",
        "claude-fable-5-20260601",
        "claude-fable-5-1",
        "claude-fable-5-1-2099-01-01",
        "Claude-Fable-5",
        " claude-fable-5",
        "apex-20260101",
        "ft:claude-fable-5:acme::x",
    ] {
        assert_eq!(gate(&catalogue, name, &[]), Gate::FeatureMissing, "{name}");
        assert_eq!(gate(&catalogue, name, &["apex"]), Gate::ByokOnly, "{name}");
    }
    for name in ["o3-mini", "openai/o3-mini", "o3-mini-2025-01-31", "o3-mini-2099-12-31", "ft:o3-mini-2025-01-31:a::b"]
    {
        assert_eq!(gate(&catalogue, name, &["apex"]), Gate::ComingSoon, "{name}");
    }
    for open in ["claude-opus-4-6", "o3", "o3-mini-high", "gpt-4o"] {
        assert_eq!(gate(&catalogue, open, &[]), Gate::Available, "{open}");
    }
}

#[test]
fn a_gate_on_a_model_is_on_its_aliases() {
    let gated = RuleDraft { availability: Availability::ByokOnly, ..rule("gpt-4o") };
    let alias = RuleDraft { alias_of: Some("gpt-4o".to_owned()), ..rule("quick") };
    let catalogue = with(vec![alias, gated]);
    assert_eq!(gate(&catalogue, "quick", &[]), Gate::ByokOnly);
    let resolved = catalogue.resolve("quick", Protocol::OpenAi).unwrap();
    assert_eq!((resolved.upstream_name, resolved.model.unwrap().id.as_str()), ("gpt-4o", "gpt-4o"));
    assert_eq!(catalogue.find_of(Provider::OpenAi, "openai/quick").unwrap().id, "gpt-4o");
    let wrong = ResolveError::WrongProtocol(Provider::OpenAi);
    assert_eq!(catalogue.resolve("quick", Protocol::Anthropic).unwrap_err(), wrong);
}

#[test]
fn the_message_is_the_closed_gates() {
    let catalogue = with(vec![apex()]);
    let resolved = catalogue.resolve("claude-fable-5-20990101", Protocol::Anthropic).unwrap();
    assert_eq!(catalogue.ruling(&resolved, None, |_| false).message, Some("Ask for it."));
    assert_eq!(catalogue.ruling(&resolved, None, |_| true).message, None);
}

#[test]
fn unknown_and_unoffered_names() {
    let draft =
        |unknown, builtin| RulesDraft { unknown, builtin, models: vec![rule("gpt-4o")], ..RulesDraft::default() };
    for (unknown, builtin, name, expected) in [
        (Unknown::OwnKey, Builtin::Offered, "gpt-9", Gate::Available),
        (Unknown::Refuse, Builtin::Offered, "gpt-9", Gate::NotFound),
        (Unknown::Refuse, Builtin::Offered, "o1", Gate::Available),
        (Unknown::Refuse, Builtin::PricedOnly, "o1", Gate::NotFound),
        (Unknown::OwnKey, Builtin::PricedOnly, "o1", Gate::ByokOnly),
        (Unknown::Refuse, Builtin::PricedOnly, "gpt-4o", Gate::Available),
        (Unknown::Refuse, Builtin::PricedOnly, "gpt-4o-2024-08-06", Gate::Available),
        (Unknown::Refuse, Builtin::PricedOnly, "ft:gpt-4o:acme", Gate::Available),
    ] {
        let catalogue = builtin_with(draft(unknown, builtin));
        assert_eq!(gate(&catalogue, name, &[]), expected, "{unknown:?} {builtin:?} {name}");
    }
    // A plan's own word stands over the catalogue's.
    let catalogue = builtin_with(draft(Unknown::OwnKey, Builtin::Offered));
    let resolved = catalogue.resolve("gpt-9", Protocol::OpenAi).unwrap();
    assert_eq!(catalogue.ruling(&resolved, Some(Unknown::Refuse), |_| true).gate, Gate::NotFound);
}

fn builtin_with(draft: RulesDraft) -> Catalogue {
    builtin().with_rules(draft).unwrap()
}

#[test]
fn lists_name_what_is_offered() {
    let ids = |catalogue: &Catalogue| catalogue.listed().map(|l| l.id.to_owned()).collect::<Vec<_>>();
    let whole = with(vec![apex()]);
    assert_eq!(ids(&whole).len(), builtin().models().len() + 1);
    let few =
        RulesDraft { builtin: Builtin::PricedOnly, models: vec![rule("gpt-4o"), apex()], ..RulesDraft::default() };
    assert_eq!(ids(&builtin_with(few)), ["gpt-4o", "apex"]);
}

#[test]
fn impossible_rules_name_their_field() {
    let own = |id: &str| RuleDraft { provider: Some(Provider::OpenAi), ..rule(id) };
    let alias = |id: &str, of: &str| RuleDraft { alias_of: Some(of.to_owned()), ..rule(id) };
    for (models, field) in [
        (vec![rule("nobody-knows-it")], "id"),
        (vec![rule("gpt-4o"), rule("GPT-4o")], "id"),
        (vec![rule("a b")], "id"),
        (vec![alias("quick", "nobody-knows-it")], "alias_of"),
        (vec![alias("gpt-4o", "o1")], "id"),
        (vec![alias("a", "gpt-4o"), alias("b", "a")], "alias_of"),
        (vec![RuleDraft { provider: Some(Provider::OpenAi), ..alias("a", "gpt-4o") }], "alias_of"),
        (vec![RuleDraft { provider: Some(Provider::Anthropic), ..rule("gpt-4o") }], "provider"),
        (vec![RuleDraft { patterns: vec!["a?".to_owned()], ..rule("gpt-4o") }], "match"),
        (vec![RuleDraft { gate_message: Some("x".to_owned()), ..rule("gpt-4o") }], "gate_message"),
    ] {
        let error = builtin().with_rules(RulesDraft { models, ..RulesDraft::default() }).unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    assert!(builtin().with_rules(RulesDraft { models: vec![own("my-model")], ..RulesDraft::default() }).is_ok());
}

#[test]
fn a_rule_says_what_its_model_costs_by_whichever_name() {
    let markup = |text| Some(ModelRate::MarkedUp(Markup::parse(text).unwrap()));
    let fixed = Some(ModelRate::Fixed(CreditPrice::parse("0.5").unwrap()));
    let catalogue = with(vec![
        RuleDraft { rate: markup("2"), patterns: vec!["gpt-4o*".to_owned()], ..rule("gpt-4o") },
        RuleDraft { rate: markup("3"), alias_of: Some("gpt-4o".to_owned()), ..rule("quick") },
        RuleDraft { alias_of: Some("gpt-4o".to_owned()), ..rule("plain") },
        RuleDraft { rate: fixed, ..rule("tts-1") },
    ]);
    let usual = CreditRate::parse("0.01", "1.5").unwrap();
    let of = |name: &str| serde_json::to_value(catalogue.rate(usual, name)).unwrap();
    for (name, markup) in [
        ("gpt-4o", "2"),
        ("openai/GPT-4o", "2"),
        ("gpt-4o-2024-08-06", "2"),
        ("ft:gpt-4o:acme::x", "2"),
        ("gpt-4o-mini", "2"),
        ("quick", "3"),
        ("plain", "2"),
        ("o3-mini", "1.5"),
        ("unheard-of", "1.5"),
    ] {
        assert_eq!(of(name)["markup"], markup, "{name}");
    }
    assert_eq!((&of("tts-1")["credits_each"], &of("tts-1")["list_each_usd"]), (&"0.5".into(), &"0.000015".into()));
    let by_tokens = RulesDraft { models: vec![RuleDraft { rate: fixed, ..rule("gpt-4o") }], ..RulesDraft::default() };
    let refused = Catalogue::builtin().unwrap().with_rules(by_tokens).unwrap_err();
    assert_eq!((refused.id.as_str(), refused.field), ("gpt-4o", "credits"));
}
