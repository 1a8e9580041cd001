use ownkey_domain::payer::Gate;
use ownkey_domain::plan::{Features, Managed};
use ownkey_domain::provider::Protocol;

use super::{load, load_with, refusal};
use crate::config::Settings;

fn example(name: &str) -> Settings {
    let path = format!("{}/../../examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    load(Some(std::path::Path::new(&path)), std::collections::HashMap::new()).unwrap()
}

fn gate(settings: &Settings, name: &str, plan: &str) -> Gate {
    let catalogue = &settings.rules.catalogue;
    let plan = &settings.rules.plans[plan];
    let anthropic = ["claude", "apex"].iter().any(|part| name.contains(part));
    let resolved = catalogue.resolve(name, if anthropic { Protocol::Anthropic } else { Protocol::OpenAi }).unwrap();
    catalogue.ruling(&resolved, plan.unknown, |feature| plan.features.has(feature)).gate
}

#[test]
fn celunes_page_is_its_configuration() {
    let celune = example("celune");
    let plans: Vec<_> = celune.rules.plans.values().map(|plan| (plan.id.as_str(), plan.byok, plan.managed)).collect();
    let included = Managed::Included;
    let expected =
        [("spark", false, included), ("pro", true, included), ("team", true, included), ("enterprise", true, included)];
    assert_eq!(plans, expected);
    let mut listed: Vec<_> = celune.rules.catalogue.listed().map(|listed| listed.id).collect();
    listed.sort_unstable();
    let models = ["claude-haiku-4-5", "claude-opus-4-6", "claude-sonnet-4-6", "gpt-4o", "gpt-4o-mini", "o1", "o3-mini"];
    assert_eq!(listed, models);
    for name in ["o3-mini", "o3-mini-2025-01-31", "openai/o3-mini"] {
        assert_eq!(gate(&celune, name, "pro"), Gate::ComingSoon, "{name}");
    }
    assert_eq!(gate(&celune, "gpt-4o-2024-08-06", "spark"), Gate::Available);
    assert_eq!(gate(&celune, "gpt-5", "enterprise"), Gate::NotFound);
}

#[test]
fn niyras_page_is_its_configuration() {
    let niyra = example("niyra");
    let plans: Vec<_> = niyra.rules.plans.values().map(|plan| (plan.id.as_str(), plan.byok, plan.managed)).collect();
    let credits = Managed::Credits;
    assert_eq!(plans, [("free", false, credits), ("pro", true, credits), ("alpha", true, credits)]);
    assert!(niyra.rules.credits.is_some());
    for name in
        ["apex", "claude-fable-5", "claude-fable-5-20260601", "anthropic/claude-fable-5-1", "ft:claude-fable-5:x"]
    {
        assert_eq!(gate(&niyra, name, "pro"), Gate::FeatureMissing, "{name}");
        assert_eq!(gate(&niyra, name, "alpha"), Gate::ByokOnly, "{name}");
    }
    assert_eq!(gate(&niyra, "gpt-5.4", "free"), Gate::Available);
}

#[test]
fn without_plans_there_is_one_with_everything() {
    let settings = load_with("", &[]).unwrap();
    let plan = &settings.rules.plans["default"];
    assert!(plan.byok && plan.managed == Managed::Included && plan.features == Features::All);
    assert_eq!(settings.rules.plans.len(), 1);
}

#[test]
fn mistakes_in_rules_name_file_section_and_field() {
    let plan = "[plans.pro]\nbyok = true\nmanaged = \"included\"\n";
    let with = |more: &str| format!("{plan}{more}");
    for (text, words) in [
        ("[plans.pro]\nbyok = true\nmanaged = \"credits\"".to_owned(), &["usd_per_credit", "plans.pro"][..]),
        (with("allowance_credits = \"10\""), &["usd_per_credit"]),
        (with("allowance_credits = \"-1\""), &["plans.pro", "allowance_credits"]),
        (with("allowance_credits = \"1000000000.000001\""), &["plans.pro", "allowance_credits", "1000000000 at most"]),
        (with("price_usd_month = \"much\""), &["plans.pro", "price_usd_month"]),
        (with("output_limit = 0"), &["plans.pro", "output_limit"]),
        (with("featurs = [\"a\"]"), &["featurs"]),
        (with("features = [\"a b\"]"), &["plans.pro", "features"]),
        ("[plans.pro]\nbyok = true".to_owned(), &["managed"]),
        ("[credits]\nusd_per_credit = \"0\"".to_owned(), &["credits", "usd_per_credit"]),
        ("[credits]\nmarkup = \"x\"".to_owned(), &["credits", "markup"]),
        ("[catalogue]\nlead_model = \"gpt-none\"".to_owned(), &["catalogue", "lead_model"]),
        ("[[models]]\nid = \"a\"\nalias_of = \"b\"".to_owned(), &["models", "`a`", "alias_of"]),
        ("[[models]]\nid = \"gpt-4o\"\n[[models]]\nid = \"gpt-4o\"".to_owned(), &["models", "gpt-4o", "twice"]),
        ("[[models]]\nid = \"gpt-4o\"\nmatch = [\"a?\"]".to_owned(), &["models", "match"]),
        ("[[models]]\nid = \"gpt-4o\"\nmarkup = \"0\"".to_owned(), &["models", "gpt-4o", "markup"]),
        ("[[models]]\nid = \"tts-1\"\ncredits = \"0\"".to_owned(), &["models", "tts-1", "credits"]),
        ("[[models]]\nid = \"tts-1\"\ncredits = \"1\"\nmarkup = \"2\"".to_owned(), &["tts-1", "credits", "markup"]),
        ("[[models]]\nid = \"gpt-4o\"\ncredits = \"1\"".to_owned(), &["gpt-4o", "credits", "by tokens", "markup"]),
        (
            "[[models]]\nid = \"a\"\nprovider = \"openai\"\nprices = { inptu = \"1\" }".to_owned(),
            &["`a`", "prices", "inptu"],
        ),
        ("[gateway]\nunlisted = \"managed\"".to_owned(), &["gateway", "unlisted"]),
        ("[routes.\"embedings\"]\npayer = \"decide\"".to_owned(), &["embedings"]),
        ("[routes.\"audio/translations\"]\npayer = \"managed\"".to_owned(), &["audio/translations", "managed"]),
    ] {
        let said = refusal(&text, &[]);
        assert!(words.iter().all(|word| said.contains(word)) && said.contains("ownkey.toml"), "{text}\n{said}");
    }
}

#[test]
fn a_model_of_the_operators_own_is_priced() {
    let text =
        "[[models]]\nid = \"mine\"\nprovider = \"openai\"\nprices = { input = \"0.000001\", output = \"0.000002\" }";
    let settings = load_with(text, &[]).unwrap();
    assert!(settings.rules.catalogue.find("mine").unwrap().prices.by_token());
}
