//! Totals of a batch of receipts, summed in memory before the database adds them up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ownkey_domain::id::ApiKeyId;
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::usage::{Measured, TokenClass};
use uuid::Uuid;

use crate::dialect::{Wide, WideStatement, wide_rows};
use crate::receipts::row::column;

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
        calls: i64 => "bigint",
        errors: i64 => "bigint",
        unmeasured: i64 => "bigint",
        unpriced: i64 => "bigint",
        cost_pico: i64 => "bigint",
        credits_micro: i64 => "bigint",
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
    }
}

/// How many of the columns are the key.
const KEY_COLUMNS: usize = 7;

pub(crate) static ADD_TOTALS: LazyLock<WideStatement<TotalsRow>> = LazyLock::new(|| {
    let (key, sums) = TotalsRow::COLUMNS.split_at(KEY_COLUMNS);
    let add = |name: &&str| match name.starts_with("tokens_") {
        // Unknown and known is known; unknown and unknown stays unknown.
        true => {
            format!("{name} = COALESCE(usage_totals.{name} + excluded.{name}, usage_totals.{name}, excluded.{name})")
        }
        false => format!("{name} = usage_totals.{name} + excluded.{name}"),
    };
    let sums: Vec<_> = sums.iter().map(add).collect();
    WideStatement::new(&format!(
        "INSERT INTO usage_totals ({{columns}}) SELECT * FROM {{rows}} WHERE column1 IS NOT NULL \
         ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        sums.join(", ")
    ))
});

/// The most a receipt adds to a sum: no honest call has more, and sums of a lying provider's numbers must never
/// overflow, since the database would then refuse the whole batch for good. 2^53 pico-USD are 9,007 USD.
const MOST: i64 = 1 << 53;

type Key = (Uuid, i64, String, String, String, Uuid, String);

/// The totals of those receipts, in the order of their keys, so that two nodes lock rows in the same order.
pub(crate) fn of(receipts: &[Receipt]) -> Vec<TotalsRow> {
    let mut totals: BTreeMap<Key, TotalsRow> = BTreeMap::new();
    for receipt in receipts {
        let key = key(receipt);
        totals.entry(key).or_insert_with_key(empty).add(receipt);
    }
    totals.into_values().collect()
}

fn key(receipt: &Receipt) -> Key {
    let name = |text: Option<&str>| text.map(column).unwrap_or_default();
    (
        receipt.workspace.uuid(),
        receipt.at.hour().millis(),
        name(receipt.model.as_deref()),
        name(receipt.provider.map(|p| p.as_str())),
        name(receipt.payer.map(|p| p.as_str())),
        receipt.api_key.map_or(Uuid::nil(), ApiKeyId::uuid),
        name(receipt.agent.as_deref()),
    )
}

fn empty(key: &Key) -> TotalsRow {
    let (workspace, hour, model, provider, payer, api_key, agent) = key.clone();
    TotalsRow {
        workspace,
        hour,
        model,
        provider,
        payer,
        api_key,
        agent,
        calls: 0,
        errors: 0,
        unmeasured: 0,
        unpriced: 0,
        cost_pico: 0,
        credits_micro: 0,
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
    }
}

impl TotalsRow {
    fn add(&mut self, receipt: &Receipt) {
        let served = receipt.payer.is_some();
        let failed = matches!(receipt.outcome, Outcome::Failed | Outcome::Refused) || receipt.status >= 400;
        let cost = receipt.cost_usd.and_then(|cost| i64::try_from(cost.get()).ok()).filter(|c| c.abs() <= MOST);
        self.calls += 1;
        self.errors += i64::from(failed);
        self.unmeasured += i64::from(served && receipt.measured == Measured::Unknown);
        self.unpriced += i64::from(served && cost.is_none());
        self.cost_pico += cost.unwrap_or(0);
        self.credits_micro += receipt.credits.get().clamp(-MOST, MOST);
        for (class, tokens) in receipt.usage.iter() {
            let tokens = i64::try_from(tokens).map_or(MOST, |n| n.min(MOST));
            let sum = self.tokens(class);
            *sum = Some(sum.unwrap_or(0) + tokens);
        }
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
        }
    }
}
