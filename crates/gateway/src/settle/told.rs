//! What an answer said of itself, as far as it can be true. A provider that names more than twice what the operator's own
//! request can have used, limits that we wrote into it among them, is not charged to the workspace as he tells it: what he
//! tells beyond that the operator's overrun pays.

use std::borrow::Cow;

use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::{self, Measured, Unit, Usage};
use ownkey_providers::answer::Served;
use ownkey_providers::facts;

use super::{OpenReceipt, price};

/// What is believed of an answer.
pub struct Believed<'s> {
    /// What it said of itself, as far as it can be true.
    pub served: Cow<'s, Served>,
    /// What it said to have cost beyond that.
    pub beyond: PicoUsd,
}

/// What a managed call can use and cost at most.
#[derive(Clone, Copy)]
struct Bound {
    usage: usage::Bound,
    cost: PicoUsd,
}

impl OpenReceipt {
    /// Fills in what the call used and costs, as far as that can be true.
    pub(super) fn believe<'s>(&self, receipt: &mut Receipt, served: &'s Served) -> Believed<'s> {
        let told = self.told(receipt, served);
        let told_cost = self.book.price(receipt, &told);
        let bound = self.bound(receipt);
        let (served, cost) = match bound.and_then(|bound| at_most(receipt, bound, &told)) {
            None => (told, told_cost),
            Some(served) => {
                let cost = self.book.price(receipt, &served);
                (Cow::Owned(served), cost)
            }
        };
        (receipt.usage, receipt.measured, receipt.cost_usd) = (served.usage, served.measured, cost);
        // It can be too much by units that are no tokens, or in a tier that the call did not ask for.
        if let Some(bound) = bound.filter(|bound| cost.is_some_and(|cost| is_beyond(cost, bound.cost))) {
            (receipt.measured, receipt.cost_usd) = (Measured::Estimated, Some(bound.cost));
        }
        let beyond = told_cost.zip(receipt.cost_usd).map_or(PicoUsd::ZERO, |(told, cost)| told.less(cost));
        if beyond != PicoUsd::ZERO {
            self.disbelieved(receipt, beyond);
        }
        Believed { served, beyond }
    }

    /// What the answer said of itself, or was counted in its place; nothing if no numbers can be like that.
    fn told<'s>(&self, receipt: &Receipt, served: &'s Served) -> Cow<'s, Served> {
        let mut told = Cow::Borrowed(served);
        let mut usages = served.parts.iter().map(|part| &part.usage).chain([&served.usage]);
        if !usages.all(Usage::is_believable) {
            let told = told.to_mut();
            (told.usage, told.measured, told.parts) = (Usage::default(), Measured::Unknown, Vec::new());
        } else if let Some(characters) = self.characters_sold(receipt, served) {
            let told = told.to_mut();
            told.usage = Usage::default().with_unit(Unit::InputCharacter, characters);
            told.measured = Measured::Estimated;
        }
        told
    }

    /// What a workspace's own key is billed is between it and its provider: of managed calls only.
    fn bound(&self, receipt: &Receipt) -> Option<Bound> {
        let held = self.held.as_ref().filter(|_| receipt.payer == Some(PayerKind::Managed) && self.guess.is_bound)?;
        let quote = held.funding.quote()?;
        let cost = quote.cost(quote.most).filter(|cost| *cost != PicoUsd::ZERO)?;
        Some(Bound { usage: usage::Bound { prompt: self.guess.prompt, output: quote.most }, cost })
    }

    fn disbelieved(&self, receipt: &Receipt, beyond: PicoUsd) {
        self.book.metrics.estimated();
        let (request, workspace) = (receipt.id, receipt.workspace);
        let provider = receipt.provider.map(|provider| provider.as_str());
        tracing::warn!(
            %request, %workspace, provider, beyond_usd = %beyond,
            "a provider told more than twice what the call can have used: the workspace is charged at most what it can cost"
        );
    }

    /// The characters that were sent, where a model that is sold by them has answered and says nothing of what it used.
    fn characters_sold(&self, receipt: &Receipt, served: &Served) -> Option<u64> {
        let characters = self.guess.characters.filter(|_| served.usage.is_empty())?;
        let was_answered = receipt.attempts.last()?.status.is_some_and(|status| (200..300).contains(&status));
        let by_unit = price::model(&self.book.catalogue, receipt, served)?.prices.by_unit();
        (was_answered && by_unit == Some(Unit::InputCharacter)).then_some(characters)
    }
}

/// The same answer with what the call can have used, if that is less than half of what was told.
fn at_most(receipt: &Receipt, bound: Bound, told: &Served) -> Option<Served> {
    let usage = told.usage.beyond(bound.usage, facts(receipt.provider?).accounting)?;
    Some(Served { usage, measured: Measured::Estimated, parts: Vec::new(), ..told.clone() })
}

/// Whether a cost is more than twice what can be.
fn is_beyond(cost: PicoUsd, most: PicoUsd) -> bool {
    most.times(usage::DENSEST).is_some_and(|bound| cost > bound)
}
