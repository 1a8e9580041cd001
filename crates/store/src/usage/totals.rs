//! Totals of a batch of receipts, summed in memory before the database adds them up.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use ownkey_domain::id::ApiKeyId;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::usage::{Measured, TokenClass, Unit};
use uuid::Uuid;

use crate::dialect::{Wide, WideStatement, wide_rows};
use crate::receipts::row::storable;

wide_rows! {
    /// Totals as stored.
    TotalsRow {
        workspace: Uuid => "uuid",
        hour: i64 => "bigint",
        model: String => "text",
        provider: String => "text",
        payer: String => "text",
        api_key: Uuid => "uuid",
        agent: String => "text",
        service: String => "text",
        calls: i64 => "bigint",
        errors: i64 => "bigint",
        unmeasured: i64 => "bigint",
        unpriced: i64 => "bigint",
        cost_pico: i64 => "bigint",
        credits_micro: i64 => "bigint",
        overrun_micro: i64 => "bigint",
        credits_at_rate_micro: i64 => "bigint",
        unrated_pico: i64 => "bigint",
        tokens_input: Option<i64> => "bigint",
        tokens_output: Option<i64> => "bigint",
        tokens_cache_read: Option<i64> => "bigint",
        tokens_cache_write: Option<i64> => "bigint",
        tokens_cache_write_5m: Option<i64> => "bigint",
        tokens_cache_write_1h: Option<i64> => "bigint",
        tokens_reasoning: Option<i64> => "bigint",
        tokens_audio_input: Option<i64> => "bigint",
        tokens_audio_output: Option<i64> => "bigint",
        tokens_image_input: Option<i64> => "bigint",
        tokens_image_output: Option<i64> => "bigint",
        input_characters: Option<i64> => "bigint",
        input_seconds: Option<i64> => "bigint",
        web_searches: Option<i64> => "bigint",
        file_searches: Option<i64> => "bigint",
    }
}

/// How many of the columns are the key.
const KEY_COLUMNS: usize = 8;

pub(crate) static ADD_TOTALS: LazyLock<WideStatement<TotalsRow>> = LazyLock::new(|| {
    let (key, sums) = TotalsRow::COLUMNS.split_at(KEY_COLUMNS);
    // A sum stops at the bound: past it the database would refuse the whole batch. Each side of a comparison stays
    // within 64 bits, since what is added never exceeds the bound. Unknown and known is known; unknown and unknown
    // stays unknown.
    let add = |name: &&str| {
        format!(
            "{name} = COALESCE(CASE WHEN usage_totals.{name} > {SUM_MAX} - excluded.{name} THEN {SUM_MAX} \
             WHEN usage_totals.{name} < -{SUM_MAX} - excluded.{name} THEN -{SUM_MAX} \
             ELSE usage_totals.{name} + excluded.{name} END, usage_totals.{name}, excluded.{name})"
        )
    };
    let sums: Vec<_> = sums.iter().map(add).collect();
    WideStatement::new(&format!(
        "INSERT INTO usage_totals ({{columns}}) SELECT * FROM {{rows}} WHERE column1 IS NOT NULL \
         ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        sums.join(", ")
    ))
});

/// Where every sum stops, so that two of them can be added and compared without an overflow.
const SUM_MAX: i64 = (1 << 62) - 1;
/// The most credits or pico-USD of one call that are believed: 2^53 pico-USD are 9,007 USD.
const AMOUNT_MAX: i64 = 1 << 53;

/// Adds, within what a sum may be.
fn add(sum: &mut i64, more: i64) {
    *sum = sum.saturating_add(more).clamp(-SUM_MAX, SUM_MAX);
}

/// What the call would cost in credits, as far as its receipt tells: what it does cost is that too.
fn at_rate(receipt: &Receipt) -> Option<MicroCredits> {
    let paid =
        || Some(receipt.credits).filter(|credits| !credits.is_zero() && receipt.payer == Some(PayerKind::Managed));
    receipt.credits_at_rate.or_else(paid)
}

/// Borrowed, since nearly every receipt finds a row that is there.
type Key<'r> = (Uuid, i64, Cow<'r, str>, &'static str, &'static str, Uuid, Cow<'r, str>, Cow<'r, str>);

/// What receipts add up to.
#[derive(Default)]
pub(crate) struct Totals<'r>(BTreeMap<Key<'r>, TotalsRow>);

impl<'r> Totals<'r> {
    /// With those receipts.
    pub fn add(&mut self, receipts: &'r [Receipt]) {
        for receipt in receipts {
            self.0.entry(key(receipt)).or_insert_with_key(empty).add(receipt);
        }
    }

    /// Without those, which name no usage.
    pub fn take_away(&mut self, receipts: &'r [Receipt]) {
        for receipt in receipts {
            self.0.entry(key(receipt)).or_insert_with_key(empty).take_away(receipt);
        }
    }

    /// In the order of their keys, so that two nodes lock rows in the same order.
    pub fn into_rows(self) -> Vec<TotalsRow> {
        self.0.into_values().collect()
    }
}

/// The totals of those receipts.
pub(crate) fn of(receipts: &[Receipt]) -> Vec<TotalsRow> {
    let mut totals = Totals::default();
    totals.add(receipts);
    totals.into_rows()
}

fn key(receipt: &Receipt) -> Key<'_> {
    (
        receipt.workspace.uuid(),
        receipt.at.hour().millis(),
        receipt.model.as_deref().map(storable).unwrap_or_default(),
        receipt.provider.map(|p| p.as_str()).unwrap_or_default(),
        receipt.payer.map(|p| p.as_str()).unwrap_or_default(),
        receipt.api_key.map_or(Uuid::nil(), ApiKeyId::uuid),
        receipt.agent.as_deref().map(storable).unwrap_or_default(),
        receipt.service.as_ref().map(|service| storable(service.name.as_str())).unwrap_or_default(),
    )
}

fn empty(key: &Key<'_>) -> TotalsRow {
    let (workspace, hour, model, provider, payer, api_key, agent, service) = key;
    TotalsRow {
        workspace: *workspace,
        hour: *hour,
        model: model.to_string(),
        provider: (*provider).to_owned(),
        payer: (*payer).to_owned(),
        api_key: *api_key,
        agent: agent.to_string(),
        service: service.to_string(),
        calls: 0,
        errors: 0,
        unmeasured: 0,
        unpriced: 0,
        cost_pico: 0,
        credits_micro: 0,
        overrun_micro: 0,
        credits_at_rate_micro: 0,
        unrated_pico: 0,
        tokens_input: None,
        tokens_output: None,
        tokens_cache_read: None,
        tokens_cache_write: None,
        tokens_cache_write_5m: None,
        tokens_cache_write_1h: None,
        tokens_reasoning: None,
        tokens_audio_input: None,
        tokens_audio_output: None,
        tokens_image_input: None,
        tokens_image_output: None,
        input_characters: None,
        input_seconds: None,
        web_searches: None,
        file_searches: None,
    }
}

impl TotalsRow {
    fn add(&mut self, receipt: &Receipt) {
        let served = receipt.payer.is_some();
        let failed = matches!(receipt.outcome, Outcome::Failed | Outcome::Refused) || receipt.status >= 400;
        let believed = receipt.usage.is_believable();
        let cost = receipt.cost_usd.and_then(|cost| i64::try_from(cost.get()).ok());
        // What was computed from numbers that are not believed is not believed either.
        let cost = cost.filter(|cost| believed && (-AMOUNT_MAX..=AMOUNT_MAX).contains(cost));
        self.calls += 1;
        self.errors += i64::from(failed);
        self.unmeasured += i64::from(served && (receipt.measured == Measured::Unknown || !believed));
        // A service has a price in credits, and none of a provider's.
        self.unpriced += i64::from(served && cost.is_none() && receipt.service.is_none());
        add(&mut self.cost_pico, cost.unwrap_or(0));
        add(&mut self.credits_micro, receipt.credits.get().clamp(-AMOUNT_MAX, AMOUNT_MAX));
        add(&mut self.overrun_micro, receipt.overrun.get().clamp(-AMOUNT_MAX, AMOUNT_MAX));
        match at_rate(receipt) {
            Some(credits) => add(&mut self.credits_at_rate_micro, credits.get().clamp(-AMOUNT_MAX, AMOUNT_MAX)),
            None => add(&mut self.unrated_pico, cost.unwrap_or(0)),
        }
        if believed {
            let count = |sum: &mut Option<i64>, more| add(sum.get_or_insert(0), i64::try_from(more).unwrap_or(SUM_MAX));
            receipt.usage.iter().for_each(|(class, tokens)| count(self.tokens(class), tokens));
            receipt.usage.units().for_each(|(unit, more)| count(self.units(unit), more));
        }
    }

    /// The opposite, for receipts that name no usage.
    fn take_away(&mut self, receipt: &Receipt) {
        let mut its = empty(&key(receipt));
        its.add(receipt);
        self.calls -= its.calls;
        self.errors -= its.errors;
        self.unmeasured -= its.unmeasured;
        self.unpriced -= its.unpriced;
        add(&mut self.cost_pico, -its.cost_pico);
        add(&mut self.credits_micro, -its.credits_micro);
        add(&mut self.overrun_micro, -its.overrun_micro);
        add(&mut self.credits_at_rate_micro, -its.credits_at_rate_micro);
        add(&mut self.unrated_pico, -its.unrated_pico);
    }

    fn tokens(&mut self, class: TokenClass) -> &mut Option<i64> {
        match class {
            TokenClass::Input => &mut self.tokens_input,
            TokenClass::Output => &mut self.tokens_output,
            TokenClass::CacheRead => &mut self.tokens_cache_read,
            TokenClass::CacheWrite => &mut self.tokens_cache_write,
            TokenClass::CacheWrite5m => &mut self.tokens_cache_write_5m,
            TokenClass::CacheWrite1h => &mut self.tokens_cache_write_1h,
            TokenClass::Reasoning => &mut self.tokens_reasoning,
            TokenClass::AudioInput => &mut self.tokens_audio_input,
            TokenClass::AudioOutput => &mut self.tokens_audio_output,
            TokenClass::ImageInput => &mut self.tokens_image_input,
            TokenClass::ImageOutput => &mut self.tokens_image_output,
        }
    }

    fn units(&mut self, unit: Unit) -> &mut Option<i64> {
        match unit {
            Unit::InputCharacter => &mut self.input_characters,
            Unit::InputSecond => &mut self.input_seconds,
            Unit::WebSearch => &mut self.web_searches,
            Unit::FileSearch => &mut self.file_searches,
        }
    }
}
