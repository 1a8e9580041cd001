//! What an answer said of itself, as far as it can be true. A provider that names more than twice what the operator's own
//! request can have used, limits that we wrote into it among them, is not charged to the workspace as he tells it.

use std::borrow::Cow;

use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::{Bound, Measured, Unit, Usage};
use ownkey_providers::answer::Served;
use ownkey_providers::facts;

use super::{OpenReceipt, price};

impl OpenReceipt {
    /// What the answer said of itself, as far as it can be true.
    pub(super) fn told<'s>(&self, receipt: &Receipt, served: &'s Served) -> Cow<'s, Served> {
        let mut told = Cow::Borrowed(served);
        let mut usages = served.parts.iter().map(|part| &part.usage).chain([&served.usage]);
        if !usages.all(Usage::is_believable) {
            let told = told.to_mut();
            (told.usage, told.measured, told.parts) = (Usage::default(), Measured::Unknown, Vec::new());
        } else if let Some(characters) = self.characters_sold(receipt, served) {
            let told = told.to_mut();
            told.usage = Usage::default().with_unit(Unit::InputCharacter, characters);
            told.measured = Measured::Estimated;
        } else if let Some(usage) = self.at_most(receipt, &served.usage) {
            let told = told.to_mut();
            (told.usage, told.measured, told.parts) = (usage, Measured::Estimated, Vec::new());
            self.disbelieved(receipt);
        }
        told
    }

    /// What the call can have used, if that is less than half of what was told.
    fn at_most(&self, receipt: &Receipt, usage: &Usage) -> Option<Usage> {
        let (most, _) = self.bound(receipt)?;
        usage.beyond(Bound { prompt: self.guess.prompt, output: most }, facts(receipt.provider?).accounting)
    }

    /// Brings a cost down that is more than twice what the call can cost: by units that are no tokens, or in a tier that it
    /// did not ask for.
    pub(super) fn bound_cost(&self, receipt: &mut Receipt) {
        let Some((_, most)) = self.bound(receipt) else { return };
        let is_beyond = receipt.cost_usd.is_some_and(|cost| most.times(2).is_some_and(|twice| cost > twice));
        if is_beyond {
            receipt.cost_usd = Some(most);
            receipt.measured = Measured::Estimated;
            self.disbelieved(receipt);
        }
    }

    /// The tokens of output of a managed call at most, and its cost. What a workspace's own key is billed is between it
    /// and its provider.
    fn bound(&self, receipt: &Receipt) -> Option<(u64, PicoUsd)> {
        let held = self.held.as_ref().filter(|_| receipt.payer == Some(PayerKind::Managed) && self.guess.is_bound)?;
        let quote = held.funding.quote()?;
        let cost = quote.cost(quote.most).filter(|cost| *cost != PicoUsd::ZERO)?;
        Some((quote.most, cost))
    }

    fn disbelieved(&self, receipt: &Receipt) {
        self.book.metrics.estimated();
        let (request, workspace) = (receipt.id, receipt.workspace);
        let provider = receipt.provider.map(|provider| provider.as_str());
        tracing::warn!(
            %request, %workspace, provider,
            "a provider told more than twice what the call can have used: it is charged at most what it can cost"
        );
    }

    /// The characters that were sent, where a model that is sold by them has answered and says nothing of what it used.
    fn characters_sold(&self, receipt: &Receipt, served: &Served) -> Option<u64> {
        let by_unit = price::model(&self.book.catalogue, receipt, served)?.prices.by_unit();
        let was_answered = receipt.attempts.last()?.status.is_some_and(|status| (200..300).contains(&status));
        let sells = served.usage.is_empty() && was_answered && by_unit == Some(Unit::InputCharacter);
        self.guess.characters.filter(|_| sells)
    }
}
