//! What a call costs at list price.

use ownkey_domain::catalogue::{Catalogue, Model};
use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::price::STANDARD_TIER;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::Usage;
use ownkey_providers::answer::{Billing, Served};
use ownkey_providers::facts;

/// The list-price cost, as far as the usage tells it.
pub(super) fn cost(catalogue: &Catalogue, receipt: &Receipt, served: &Served) -> Option<PicoUsd> {
    match served.billing {
        Billing::Nothing => return Some(PicoUsd::ZERO),
        Billing::BeyondUsage => return None,
        Billing::ByUsage => {}
    }
    let provider = receipt.provider?;
    let accounting = facts(provider).accounting;
    let tier = served.service_tier.as_deref().unwrap_or(STANDARD_TIER);
    let price = |model: &Model, usage: &Usage| {
        let cost = model.prices.cost(usage, accounting, tier);
        // A tier that nobody here asked for, for the operator's account may choose it: what he pays has a bound all the
        // same.
        let bound = || model.prices.dearest_cost(usage, accounting);
        if receipt.payer == Some(PayerKind::Managed) { cost.or_else(bound) } else { cost }
    };
    let model = model(catalogue, receipt, served);
    if served.parts.is_empty() {
        return price(model?, &served.usage);
    }
    served.parts.iter().try_fold(PicoUsd::ZERO, |sum, part| {
        let named = part.model.as_deref().map(|name| catalogue.find_of(provider, name));
        sum.checked_add(price(named.unwrap_or(model)?, &part.usage)?)
    })
}

/// The model that the provider bills: the one it served, or else the one that was asked for.
pub(super) fn model<'a>(catalogue: &'a Catalogue, receipt: &Receipt, served: &Served) -> Option<&'a Model> {
    let provider = receipt.provider?;
    catalogue.billed(provider, served.model.as_deref(), receipt.model.as_deref())
}

#[cfg(test)]
mod tests {
    use ownkey_domain::id::{RequestId, WorkspaceId};
    use ownkey_domain::money::MicroCredits;
    use ownkey_domain::provider::Provider;
    use ownkey_domain::receipt::{Outcome, Timing};
    use ownkey_domain::time::Timestamp;
    use ownkey_domain::usage::{Measured, TokenClass, Unit};
    use ownkey_providers::answer::Part;
    use uuid::Uuid;

    use super::*;

    fn receipt(payer: PayerKind, model: &str) -> Receipt {
        Receipt {
            id: RequestId::from_uuid(Uuid::nil()),
            at: Timestamp::from_millis(0),
            workspace: WorkspaceId::from_uuid(Uuid::nil()),
            api_key: None,
            agent: None,
            user: None,
            client_request_id: None,
            route: "/v1/messages".to_owned(),
            service: None,
            provider: Some(Provider::Anthropic),
            model: Some(model.to_owned()),
            model_served: None,
            stream: false,
            payer: Some(payer),
            credential: None,
            status: 200,
            error: None,
            outcome: Outcome::Complete,
            credits: MicroCredits::ZERO,
            overrun: MicroCredits::ZERO,
            credits_at_rate: None,
            included: false,
            cost_usd: None,
            price_version: None,
            credit_rate: None,
            usage: Usage::default(),
            measured: Measured::Measured,
            attempts: Vec::new(),
            timing: Timing::default(),
            settlement: None,
            response: None,
        }
    }

    fn usage(input: u64, output: u64) -> Usage {
        Usage::default().with(TokenClass::Input, input).with(TokenClass::Output, output)
    }

    fn priced(payer: PayerKind, model: &str, served: &Served) -> Option<String> {
        cost(&Catalogue::builtin().unwrap(), &receipt(payer, model), served).map(|cost| cost.to_string())
    }

    fn steps(parts: &[(Option<&str>, Usage)]) -> Served {
        let parts: Vec<_> =
            parts.iter().map(|(model, usage)| Part { model: model.map(str::to_owned), usage: *usage }).collect();
        let usage = parts.iter().fold(Usage::default(), |sum, part| sum.plus(&part.usage));
        Served { usage, measured: Measured::Measured, parts, ..Served::unknown() }
    }

    #[test]
    fn each_step_has_its_own_models_price_and_its_own_prompt() {
        // A hundred thousand tokens are the longest prompt that this model takes at its low price.
        let catalogue = Catalogue::builtin().unwrap();
        let haiku = &catalogue.find("claude-haiku-5-5").unwrap().prices;
        let opus = &catalogue.find("claude-opus-5").unwrap().prices;
        let price = |prices: &ownkey_domain::price::Prices, input, output| {
            prices.cost(&usage(input, output), facts(Provider::Anthropic).accounting, STANDARD_TIER).unwrap()
        };
        let served =
            steps(&[(None, usage(90_000, 10)), (Some("claude-opus-5"), usage(7, 8)), (None, usage(90_000, 20))]);
        let expected = [price(haiku, 90_000, 10), price(opus, 7, 8), price(haiku, 90_000, 20)];
        let expected = expected.into_iter().fold(PicoUsd::ZERO, |sum, cost| sum.checked_add(cost).unwrap());
        assert_eq!(priced(PayerKind::Byok, "claude-haiku-5-5", &served).unwrap(), expected.to_string());
        assert!(expected < price(haiku, 180_000, 30));
    }

    #[test]
    fn a_step_of_nobody_knows_whom_has_no_price() {
        let served = steps(&[(None, usage(1, 1)), (Some("claude-of-tomorrow"), usage(1, 1))]);
        assert_eq!(priced(PayerKind::Byok, "claude-haiku-4-5", &served), None);
        let beyond = Served { billing: Billing::BeyondUsage, ..steps(&[]) };
        assert_eq!(priced(PayerKind::Byok, "claude-haiku-4-5", &beyond), None);
    }

    #[test]
    fn fees_and_places_have_their_price() {
        let served = |tier: &str, usage: Usage| Served {
            usage,
            service_tier: Some(tier.to_owned()),
            measured: Measured::Measured,
            ..Served::unknown()
        };
        // 5 USD in and 25 out a million, a tenth more in the United States, and a cent a search.
        let searched = usage(1_000, 100).with_unit(Unit::WebSearch, 2);
        let own = |tier, usage| priced(PayerKind::Byok, "claude-opus-4-6", &served(tier, usage));
        assert_eq!(own("standard", searched).unwrap(), "0.0275");
        assert_eq!(own("us", usage(1_000, 100)).unwrap(), "0.00825");
        assert_eq!(own("fast", usage(1_000, 100)), None);
        // What the operator pays is never taken for less than it may be.
        let managed = priced(PayerKind::Managed, "claude-opus-4-6", &served("batch", usage(1_000, 100)));
        assert_eq!(managed.unwrap(), "0.00825");
    }
}
