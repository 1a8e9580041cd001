//! What the catalogue that ships with Ownkey must hold: every model, and every price that a call of it can incur.

use std::collections::BTreeSet;

use super::*;
use crate::price::{LongContext, Rates};
use crate::provider::Provider::{Anthropic, OpenAi};
use crate::usage::Unit;

/// The families of the two products' pages, by their undated names.
const FAMILIES: [(Provider, &[&str]); 9] = [
    (Anthropic, &["claude-haiku-4-5", "claude-haiku-5-5"]),
    (Anthropic, &["claude-sonnet-4-5", "claude-sonnet-4-6", "claude-sonnet-5", "claude-sonnet-5-5"]),
    (
        Anthropic,
        &[
            "claude-opus-4-5",
            "claude-opus-4-6",
            "claude-opus-4-7",
            "claude-opus-4-8",
            "claude-opus-5",
            "claude-opus-5-5",
        ],
    ),
    (
        Anthropic,
        &["claude-fable-5", "claude-fable-5-1", "claude-mythos-5", "claude-mythos-5-1", "claude-mythos-preview"],
    ),
    (OpenAi, &["gpt-4", "gpt-4-turbo", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini"]),
    (
        OpenAi,
        &[
            "gpt-5",
            "gpt-5-mini",
            "gpt-5-nano",
            "gpt-5-pro",
            "gpt-5-codex",
            "gpt-5-search-api",
            "gpt-5.1",
            "gpt-5.1-codex",
            "gpt-5.1-codex-max",
            "gpt-5.1-codex-mini",
            "gpt-5.2",
            "gpt-5.2-codex",
            "gpt-5.2-pro",
            "gpt-5.3-codex",
            "gpt-5.4",
            "gpt-5.4-mini",
            "gpt-5.4-nano",
            "gpt-5.4-pro",
            "gpt-5.5",
            "gpt-5.5-pro",
            "gpt-5.5-cyber",
            "gpt-5.6",
            "gpt-5.6-cyber",
            "gpt-5.6-luna",
            "gpt-5.6-sol",
            "gpt-5.6-terra",
            "gpt-6-astra",
            "gpt-6-luna",
            "gpt-6-sol",
            "gpt-6.1-sol",
        ],
    ),
    (OpenAi, &["o1", "o1-pro", "o3", "o3-mini", "o3-pro", "o3-deep-research", "o4-mini", "o4-mini-deep-research"]),
    (OpenAi, &["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"]),
    (
        OpenAi,
        &[
            "gpt-audio",
            "gpt-audio-mini",
            "gpt-audio-1.5",
            "gpt-realtime",
            "gpt-realtime-2.1",
            "gpt-4o-transcribe",
            "gpt-4o-mini-transcribe",
            "gpt-4o-mini-tts",
            "tts-1",
            "tts-1-hd",
            "whisper-1",
        ],
    ),
];

fn builtin() -> Catalogue {
    Catalogue::builtin().unwrap()
}

/// The name without its date: what holds for a model holds for its snapshots.
fn family(model: &Model) -> &str {
    name::without_date(&model.id).unwrap_or(&model.id)
}

/// Whether a name is one of these, or starts with one that ends with a star.
fn is_any(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

fn classes(rates: &Rates) -> BTreeSet<&'static str> {
    rates.iter().map(|(class, _)| class.as_str()).collect()
}

/// Models whose tokens are sold by price, in text or in audio.
fn priced_by_token(provider: Provider) -> Vec<Model> {
    let models = builtin().models;
    models.into_iter().filter(|model| model.provider == provider && model.prices.by_token()).collect()
}

#[test]
fn every_family_is_there_in_whole() {
    let catalogue = builtin();
    for (provider, ids) in FAMILIES {
        for id in ids {
            assert_eq!(catalogue.find(id).map(|model| model.provider), Some(provider), "{id}");
        }
    }
}

#[test]
fn a_model_has_a_price_unless_it_takes_a_fee_that_no_token_tells_of() {
    let fee = ["gpt-4o-search-preview", "gpt-4o-mini-search-preview", "gpt-5-search-api", "o3-deep-research"];
    let fee = [&fee[..], &["o4-mini-deep-research"]].concat();
    for model in builtin().models {
        let has_price = model.prices.are_known();
        assert_eq!(has_price, !fee.contains(&family(&model)), "{}", model.id);
        let is_text = matches!(model.mode, Mode::Chat | Mode::Responses | Mode::Embedding);
        assert!(!has_price || !is_text || model.prices.by_token(), "{}", model.id);
    }
}

#[test]
fn anthropics_models_have_all_cache_classes() {
    let all = BTreeSet::from(["input", "output", "cache_read", "cache_write_5m", "cache_write_1h"]);
    let models = priced_by_token(Anthropic);
    assert!(models.len() >= 22);
    for model in models {
        let is_old = is_any(
            &model.id,
            &["claude-haiku-4-5*", "claude-sonnet-4-5*", "claude-opus-4-5*", "claude-mythos-preview"],
        );
        let expected = if is_old { vec![STANDARD_TIER] } else { vec![STANDARD_TIER, "us"] };
        assert_eq!(model.prices.tiers.keys().collect::<Vec<_>>(), expected, "{}", model.id);
        for (tier, rates) in &model.prices.tiers {
            assert_eq!(classes(rates), all, "{} {tier}", model.id);
        }
    }
}

#[test]
fn openais_models_have_the_classes_that_their_usage_names() {
    // The oldest models and those that think longest have no cache; those of the 5.6 family on charge for filling it.
    let uncached = ["gpt-3.5-*", "gpt-4", "gpt-4-*", "computer-use-*"];
    let fills = ["gpt-5.6*", "gpt-6*", "daybreak-*", "gpt-daybreak-*"];
    for model in priced_by_token(OpenAi) {
        if !matches!(model.mode, Mode::Chat | Mode::Responses) {
            continue;
        }
        let has_audio = model.id.contains("audio");
        let is_cached = !has_audio
            && !is_any(&model.id, &uncached)
            && !family(&model).ends_with("-pro")
            && model.id != "gpt-4o-2024-05-13";
        let mut expected = BTreeSet::from(["input", "output"]);
        expected.extend(is_cached.then_some("cache_read"));
        expected.extend(is_any(&model.id, &fills).then_some("cache_write"));
        expected.extend(has_audio.then_some(["audio_input", "audio_output"]).into_iter().flatten());
        for (tier, rates) in &model.prices.tiers {
            assert_eq!(classes(rates), expected, "{} {tier}", model.id);
        }
    }
}

#[test]
fn openais_service_tiers_are_there() {
    let priority = ["gpt-4.1*", "gpt-4o", "gpt-4o-mini", "gpt-5.3-codex"];
    let flex = ["gpt-5-nano", "gpt-5.4-nano", "gpt-5.4-pro", "gpt-5.5-pro"];
    let both = ["gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.5", "o3", "o4-mini"];
    let both = [&both[..], &["gpt-5.6", "gpt-5.6-luna", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-6*"]].concat();
    for model in priced_by_token(OpenAi) {
        let name = family(&model);
        let mut expected = BTreeSet::from([STANDARD_TIER]);
        expected.extend((is_any(name, &priority) || is_any(name, &both)).then_some("priority"));
        expected.extend((is_any(name, &flex) || is_any(name, &both)).then_some("flex"));
        expected.extend(is_any(name, &["gpt-6-astra", "gpt-6.1-sol"]).then_some("ultrafast"));
        assert_eq!(model.prices.tiers.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{}", model.id);
    }
}

#[test]
fn long_prompts_have_prices_in_every_tier_and_class() {
    let openais = ["gpt-5.4", "gpt-5.4-pro", "gpt-5.5", "gpt-5.5-pro", "gpt-5.6*", "gpt-6*"];
    let openais = [&openais[..], &["daybreak-*", "gpt-daybreak-*"]].concat();
    for model in builtin().models {
        let above = match family(&model) {
            "claude-haiku-5-5" => Some(100_000),
            name => is_any(name, &openais).then_some(272_000),
        };
        let long = model.prices.long_context.as_ref();
        assert_eq!(long.map(|long| long.above_tokens), above, "{}", model.id);
        let shape = |tiers: &BTreeMap<String, Rates>| {
            tiers.iter().map(|(tier, rates)| (tier.clone(), classes(rates))).collect::<BTreeMap<_, _>>()
        };
        if let Some(LongContext { tiers, .. }) = long {
            assert_eq!(shape(tiers), shape(&model.prices.tiers), "{}", model.id);
        }
    }
}

#[test]
fn inference_in_the_united_states_costs_a_tenth_more() {
    for model in priced_by_token(Anthropic) {
        let long = model.prices.long_context.iter().map(|long| &long.tiers);
        for tiers in std::iter::once(&model.prices.tiers).chain(long) {
            let Some(us) = tiers.get("us") else { continue };
            for (class, price) in tiers[STANDARD_TIER].iter() {
                assert_eq!(us.get(class).unwrap().get() * 10, price.get() * 11, "{}", model.id);
            }
        }
    }
}

#[test]
fn tools_have_their_fees_where_the_fee_is_all() {
    let fee = |name: &str, unit| builtin().find(name).unwrap().prices.cost_of(unit, 1).map(|fee| fee.to_string());
    for name in ["claude-haiku-4-5", "claude-opus-5", "gpt-4o", "gpt-5-pro"] {
        assert_eq!(fee(name, Unit::WebSearch).as_deref(), Some("0.01"), "{name}");
    }
    assert_eq!(fee("gpt-5", Unit::FileSearch).as_deref(), Some("0.0025"));
    // A search of theirs takes tokens that no usage shows.
    for name in ["gpt-4o-mini", "gpt-4.1-mini", "gpt-5-search-api", "tts-1"] {
        assert_eq!(fee(name, Unit::WebSearch), None, "{name}");
    }
}

#[test]
fn audio_is_priced_by_what_its_calls_count() {
    let audio = BTreeSet::from(["input", "output", "audio_input", "audio_output"]);
    for model in builtin().models {
        let tokens = model.prices.tiers.get(STANDARD_TIER).map(classes).unwrap_or_default();
        let units: BTreeSet<_> = model.prices.units.keys().copied().collect();
        let fine = match model.mode {
            Mode::AudioTranscription => units.contains(&Unit::InputSecond),
            Mode::AudioSpeech => units.contains(&Unit::InputCharacter) || tokens.contains("audio_output"),
            Mode::Realtime => units.contains(&Unit::InputSecond) || tokens.is_superset(&audio),
            Mode::Embedding | Mode::Moderation => tokens.contains("input"),
            Mode::Chat | Mode::Responses => true,
        };
        assert!(fine, "{}: {tokens:?} {units:?}", model.id);
    }
}
