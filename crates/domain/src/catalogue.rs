//! The catalogue: which models exist, who serves them, what they cost. Shipped as data in the repository
//! (`catalogue/models.json`, made by `scripts/facts/catalogue.py`).

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::money::PicoUsd;
use crate::price::{LongContext, Prices, Rates};
use crate::provider::{Protocol, Provider};
use crate::usage::TokenClass;

const BUILTIN: &str = include_str!("../catalogue/models.json");

/// A model of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name callers and the provider use.
    pub id: String,
    /// Who serves it.
    pub provider: Provider,
    /// Longest prompt, in tokens.
    pub context_tokens: Option<u64>,
    /// Longest answer, in tokens.
    pub output_tokens: Option<u64>,
    /// List prices.
    pub prices: Prices,
}

/// Every model that is known, and the version its prices carry on receipts.
#[derive(Debug, Clone)]
pub struct Catalogue {
    version: String,
    models: Vec<Model>,
    by_id: HashMap<String, usize>,
}

/// What a model name in a call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// Who serves it.
    pub provider: Provider,
    /// Its catalogue entry, if it has one.
    pub model: Option<&'a Model>,
    /// The name to send upstream: what the caller wrote without a `provider/` prefix.
    pub upstream_name: &'a str,
}

/// A name that the called path can't serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The model is called by the other protocol.
    #[error("the model belongs to {0}")]
    WrongProtocol(Provider),
}

/// The data file is not a catalogue.
#[derive(Debug, thiserror::Error)]
#[error("catalogue: {0}")]
pub struct BadCatalogue(String);

impl Catalogue {
    /// The catalogue that ships with Ownkey.
    pub fn builtin() -> Result<Self, BadCatalogue> {
        Self::parse(BUILTIN)
    }

    /// Reads a catalogue from its JSON form.
    pub fn parse(json: &str) -> Result<Self, BadCatalogue> {
        let file: File = serde_json::from_str(json).map_err(|e| BadCatalogue(e.to_string()))?;
        let models = file.models.into_iter().map(Row::into_model).collect::<Result<Vec<_>, _>>()?;
        let by_id: HashMap<_, _> = models.iter().enumerate().map(|(at, m)| (m.id.clone(), at)).collect();
        if by_id.len() != models.len() {
            return Err(BadCatalogue("an id stands twice".to_owned()));
        }
        Ok(Self { version: file.version, models, by_id })
    }

    /// The version that receipts name.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every model, by provider and id.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The entry of an id, or of the model that a dated id is a snapshot of.
    pub fn find(&self, id: &str) -> Option<&Model> {
        let at = self.by_id.get(id).or_else(|| self.by_id.get(without_date(id)?))?;
        self.models.get(*at)
    }

    /// The entry of an id, if that provider serves it.
    pub fn find_of(&self, provider: Provider, id: &str) -> Option<&Model> {
        self.find(id).filter(|model| model.provider == provider)
    }

    /// What a name means on a path of that protocol. A name that is not in the catalogue goes to the
    /// protocol's own provider as it is.
    pub fn resolve<'a>(&'a self, name: &'a str, protocol: Protocol) -> Result<Resolved<'a>, ResolveError> {
        let prefixed = name.split_once('/').and_then(|(p, id)| Some((p.parse::<Provider>().ok()?, id)));
        let (named, upstream_name) = prefixed.map_or((None, name), |(provider, id)| (Some(provider), id));
        let model = match named {
            Some(provider) => self.find_of(provider, upstream_name),
            None => self.find(upstream_name),
        };
        let provider = named.or(model.map(|m| m.provider)).unwrap_or_else(|| protocol.provider());
        if provider.protocol() != protocol {
            return Err(ResolveError::WrongProtocol(provider));
        }
        Ok(Resolved { provider, model, upstream_name })
    }
}

/// The id without a trailing `-YYYYMMDD` or `-YYYY-MM-DD`.
fn without_date(id: &str) -> Option<&str> {
    let is_date = |tail: &str, dashes: &[usize]| {
        tail.bytes().enumerate().all(|(i, b)| if dashes.contains(&i) { b == b'-' } else { b.is_ascii_digit() })
    };
    [(9, &[0][..]), (11, &[0, 5, 8][..])].into_iter().find_map(|(len, dashes)| {
        let at = id.len().checked_sub(len)?;
        let tail = id.get(at..)?;
        is_date(tail, dashes).then(|| &id[..at])
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(rename = "source")]
    _source: String,
    models: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    provider: Provider,
    context_tokens: Option<u64>,
    output_tokens: Option<u64>,
    tiers: TierRows,
    long_context: Option<LongContextRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongContextRow {
    above_tokens: u64,
    tiers: TierRows,
}

type TierRows = BTreeMap<String, BTreeMap<String, String>>;

impl Row {
    fn into_model(self) -> Result<Model, BadCatalogue> {
        let long_context = match self.long_context {
            Some(row) => Some(LongContext { above_tokens: row.above_tokens, tiers: tiers(row.tiers)? }),
            None => None,
        };
        Ok(Model {
            id: self.id,
            provider: self.provider,
            context_tokens: self.context_tokens,
            output_tokens: self.output_tokens,
            prices: Prices { tiers: tiers(self.tiers)?, long_context },
        })
    }
}

fn tiers(rows: TierRows) -> Result<BTreeMap<String, Rates>, BadCatalogue> {
    rows.into_iter()
        .map(|(tier, row)| {
            let rates = row.into_iter().map(|(class, price)| rate(&class, &price)).collect::<Result<Vec<_>, _>>()?;
            Ok((tier, Rates::new(rates)))
        })
        .collect()
}

fn rate(class: &str, price: &str) -> Result<(TokenClass, PicoUsd), BadCatalogue> {
    let known = TokenClass::ALL.iter().find(|c| c.as_str() == class);
    let class = known.ok_or_else(|| BadCatalogue(format!("no token class is called {class}")))?;
    let price = PicoUsd::parse_usd(price).map_err(|_| BadCatalogue(format!("{price} is no price")))?;
    Ok((*class, price))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::STANDARD_TIER;
    use crate::usage::Usage;

    fn builtin() -> Catalogue {
        Catalogue::builtin().unwrap()
    }

    #[test]
    fn the_models_of_both_products_are_there_and_priced() {
        let usage = Usage::default().with(TokenClass::Input, 1_000_000).with(TokenClass::Output, 0);
        for (id, usd) in [
            ("claude-opus-4-6", "5"),
            ("claude-sonnet-4-6", "3"),
            ("claude-haiku-4-5", "1"),
            ("gpt-4o", "2.5"),
            ("gpt-4o-mini", "0.15"),
            ("o1", "15"),
            ("claude-fable-5", "10"),
        ] {
            let catalogue = builtin();
            let model = catalogue.find(id).unwrap();
            let cost = model.prices.cost(&usage, STANDARD_TIER).unwrap();
            assert_eq!(cost.to_string(), usd, "{id}");
        }
    }

    #[test]
    fn dated_snapshots_are_their_model_unless_listed() {
        let catalogue = builtin();
        assert_eq!(catalogue.find("claude-opus-4-6-20991231").unwrap().id, "claude-opus-4-6");
        assert_eq!(catalogue.find("gpt-4o-2099-12-31").unwrap().id, "gpt-4o");
        assert_eq!(catalogue.find("gpt-4o-2024-05-13").unwrap().id, "gpt-4o-2024-05-13");
        for unknown in ["", "-", "gpt-4o-20", "gpt-4o-2099-12-3x", "gpt-9", "gpt-4o-é9991231"] {
            assert!(catalogue.find(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn names_resolve_by_prefix_catalogue_and_path() {
        let catalogue = builtin();
        let openai = |name| catalogue.resolve(name, Protocol::OpenAi).map(|r| (r.provider, r.upstream_name));
        assert_eq!(openai("openai/gpt-4o"), Ok((Provider::OpenAi, "gpt-4o")));
        assert_eq!(openai("ft:gpt-4o:acme"), Ok((Provider::OpenAi, "ft:gpt-4o:acme")));
        assert_eq!(openai("meta/llama"), Ok((Provider::OpenAi, "meta/llama")));
        let wrong = Err(ResolveError::WrongProtocol(Provider::Anthropic));
        assert_eq!(openai("claude-opus-4-6"), wrong);
        assert_eq!(openai("anthropic/anything"), wrong);
    }
}
