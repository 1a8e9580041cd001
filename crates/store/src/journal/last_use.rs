//! When platform keys and provider keys were used last: told to the minute, and looked up no oftener than that.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use crate::Result;
use crate::db::Tx;
use crate::dialect::{WideStatement, wide_rows};

/// Last uses are told to this: a key may have been used until so long after the moment that is written down.
pub const LAST_USE_MS: i64 = 60_000;

/// Keys whose last use is remembered: both of a hundred thousand workspaces, and about ten MiB.
const KNOWN_MAX: usize = 1 << 18;

wide_rows! {
    /// The last use of a platform key or of a provider key.
    LastUse {
        id: Uuid => "uuid",
        at: i64 => "bigint",
    }
}

/// By [`LAST_USE_MS`], which SQL can't name: with many keys in turn, each use that is written changes two pages of its own, and costs more
/// than the receipt.
macro_rules! last_use {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET last_used_at = v.column2 FROM {rows} WHERE ",
            $table,
            ".id = v.column1 AND (last_used_at IS NULL OR last_used_at <= v.column2 - 60000) RETURNING id, last_used_at"
        )
    };
}

static USE_API_KEYS: LazyLock<WideStatement<LastUse>> = LazyLock::new(|| WideStatement::new(last_use!("api_keys")));
static USE_CREDENTIALS: LazyLock<WideStatement<LastUse>> =
    LazyLock::new(|| WideStatement::new(last_use!("credentials")));

/// Last uses that this process wrote down. What is written may only be later by now, so a use within the minute after it
/// moves nothing.
#[derive(Debug, Default)]
pub(super) struct LastUses(HashMap<Uuid, i64>);

/// What a transaction has written down.
pub(super) struct Written(Vec<(Uuid, i64)>);

impl LastUses {
    /// Writes down when the keys of those calls were used last, where that moves anything.
    pub async fn write(&self, tx: &mut Tx, receipts: &[Receipt]) -> Result<Written> {
        let of_api_keys = receipts.iter().filter_map(|receipt| Some((receipt.api_key?.uuid(), receipt.at)));
        let mut written = USE_API_KEYS.fetch(tx, self.news(of_api_keys)).await?;
        let of_credentials = receipts.iter().flat_map(uses_of_credentials);
        written.append(&mut USE_CREDENTIALS.fetch(tx, self.news(of_credentials)).await?);
        Ok(Written(written))
    }

    /// Remembers what is committed. When there are too many it starts anew.
    pub fn committed(&mut self, Written(written): Written) {
        if self.0.len() + written.len() > KNOWN_MAX {
            self.0.clear();
        }
        self.0.extend(written);
    }

    /// The latest use of each id, in the order of ids, so that two nodes lock rows in the same order.
    fn news(&self, uses: impl Iterator<Item = (Uuid, Timestamp)>) -> Vec<LastUse> {
        let mut last = BTreeMap::new();
        for (id, at) in uses {
            let latest = last.entry(id).or_insert(at);
            *latest = at.max(*latest);
        }
        let uses = last.into_iter().map(|(id, at)| LastUse { id, at: at.millis() });
        uses.filter(|used| self.0.get(&used.id).is_none_or(|known| known.saturating_add(LAST_USE_MS) <= used.at))
            .collect()
    }
}

/// The key that the call ended on, and those that failed before it.
fn uses_of_credentials(receipt: &Receipt) -> impl Iterator<Item = (Uuid, Timestamp)> {
    let tried = receipt.attempts.iter().filter_map(|attempt| attempt.credential);
    tried.chain(receipt.credential).map(|id| (id.uuid(), receipt.at))
}
