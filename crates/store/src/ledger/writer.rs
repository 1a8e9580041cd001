//! The task that commits holds: what calls ask for while one transaction commits goes into the next one together, each
//! with an answer of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::{NodeId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Funds, HoldCall, Settlement, Shortage};
use ownkey_domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::book::{Holder, OpenBook};
use super::keep::write_draft;
use crate::db::Tx;
use crate::journal::kill;
use crate::{Result, Store, StoreError};

/// Holds of a transaction.
const BATCH: usize = 256;
/// Calls that may wait for one.
const QUEUE: usize = 4 * BATCH;
/// How long a call waits for its hold.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing is held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Credits or a budget do not cover it.
    #[error("credits or a budget do not cover the call")]
    Short(Shortage),
    /// The database did not take it in time.
    #[error("the database takes no holds at the moment")]
    Away,
}

/// Asks for holds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Holds {
    queue: mpsc::Sender<Asked>,
}

/// Commits them. Run it for as long as calls are made.
pub struct HoldsTask {
    store: Store,
    node: NodeId,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    queue: mpsc::Receiver<Asked>,
    /// Holds that were committed when nobody waited for them any more.
    abandoned: BTreeMap<RequestId, WorkspaceId>,
}

#[derive(Debug)]
struct Asked {
    call: HoldCall,
    asks: Asks,
    reply: oneshot::Sender<Result<(), HoldError>>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A hold: the call has none, and none needs to be looked for.
    First,
    /// A hold, in place of one that it may have.
    Again,
    /// More for the hold that it has.
    More,
}

impl Store {
    /// Takes holds for calls of that node.
    pub fn holds(&self, node: NodeId, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> (Holds, HoldsTask) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Holds { queue: sender }, HoldsTask { store: self.clone(), node, clock, queue, abandoned: BTreeMap::new() })
    }
}

impl Holds {
    /// Holds what a call may cost that has not asked before; it is committed when this answers. Whoever leaves before the
    /// answer holds nothing.
    pub async fn hold(&self, call: HoldCall) -> Result<(), HoldError> {
        self.ask(call, Asks::First).await
    }

    /// The same for a call that may hold something already, as one that is decided anew. Whoever leaves before the answer
    /// may keep what he held.
    pub async fn hold_again(&self, call: HoldCall) -> Result<(), HoldError> {
        self.ask(call, Asks::Again).await
    }

    /// Holds more for a call that holds something. Whoever leaves before the answer may hold more or not; what the call
    /// had stays, and it all ends with its receipt. A call whose receipt was taken over holds nothing more.
    pub async fn extend(&self, call: HoldCall) -> Result<(), HoldError> {
        self.ask(call, Asks::More).await
    }

    async fn ask(&self, call: HoldCall, asks: Asks) -> Result<(), HoldError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.queue.send(Asked { call, asks, reply }).await.map_err(|_| HoldError::Away)?;
            answer.await.map_err(|_| HoldError::Away)?
        };
        timeout(PATIENCE, asked).await.unwrap_or(Err(HoldError::Away))
    }
}

impl HoldsTask {
    /// Runs until nobody asks any more.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.queue.recv_many(&mut batch, BATCH).await > 0 {
            // Who is about to ask has a turn.
            yield_now().await;
            let tx = self.store.inner.db.begin().await;
            let mut batch = std::mem::take(&mut batch);
            match tx {
                Ok(tx) => {
                    self.come_along(&mut batch);
                    self.commit(tx, batch).await;
                }
                Err(error) => refuse(batch, &error),
            }
        }
    }

    /// Whoever has asked while the transaction began comes along: it costs about the same for more of them. Whoever has
    /// left by now gets nothing.
    fn come_along(&mut self, batch: &mut Vec<Asked>) {
        batch.retain(|asked| !asked.reply.is_closed());
        while batch.len() < BATCH
            && let Ok(asked) = self.queue.try_recv()
        {
            batch.extend((!asked.reply.is_closed()).then_some(asked));
        }
    }

    async fn commit(&mut self, tx: Tx, batch: Vec<Asked>) {
        let calls: Vec<_> = batch.iter().map(|asked| (&asked.call, asked.asks)).collect();
        let outcomes = match self.try_commit(tx, &calls).await {
            Ok(outcomes) => outcomes,
            Err(error) => return refuse(batch, &error),
        };
        self.abandoned.clear();
        for (asked, outcome) in batch.into_iter().zip(outcomes) {
            let held = outcome.is_ok();
            let (request, workspace) = (asked.call.request, asked.call.workspace);
            if asked.reply.send(outcome.map_err(HoldError::Short)).is_err() && held && asked.asks != Asks::More {
                self.abandoned.insert(request, workspace);
            }
        }
        if !self.abandoned.is_empty() && self.queue.is_empty() {
            // Nobody comes who would take them along.
            match self.end_abandoned().await {
                Ok(()) => self.abandoned.clear(),
                Err(error) => tracing::warn!(%error, "holds that nobody waits for stay for now"),
            }
        }
    }

    async fn end_abandoned(&self) -> Result<()> {
        let tx = self.store.inner.db.begin().await?;
        self.try_commit(tx, &[]).await.map(drop)
    }

    /// Commits those holds, and ends the abandoned ones.
    async fn try_commit(&self, mut tx: Tx, calls: &[(&HoldCall, Asks)]) -> Result<Vec<Result<(), Shortage>>> {
        let asking = calls.iter().map(|(call, _)| call.workspace);
        let workspaces = asking.chain(self.abandoned.values().copied()).collect();
        let may_hold = calls.iter().filter(|(_, asks)| *asks != Asks::First).map(|(call, _)| call.request);
        let requests = may_hold.chain(self.abandoned.keys().copied()).collect();
        let mut open = OpenBook::open(&mut tx, &workspaces, &requests, (self.clock)()).await?;
        for (request, workspace) in &self.abandoned {
            open.book.settle(*request, *workspace, &Settlement::NOTHING);
        }
        let take = |(call, asks): &(&HoldCall, Asks)| match asks {
            Asks::First | Asks::Again => open.book.hold(call),
            Asks::More => open.book.extend(call),
        };
        let outcomes = calls.iter().map(take).collect();
        let funds = calls.iter().map(|(call, _)| (call.request, funds_name(call.funds))).collect();
        let drafts = calls.iter().filter_map(|(call, _)| Some((call.request, call.draft.as_deref()?)));
        let drafts = drafts.map(|(request, draft)| Ok((request, write_draft(draft)?))).collect::<Result<_>>()?;
        open.save(&mut tx, Some(&Holder { node: self.node, funds, drafts })).await?;
        kill::point("hold_before_commit");
        tx.commit().await?;
        kill::point("hold_committed");
        Ok(outcomes)
    }
}

/// Nothing is held for those calls.
fn refuse(batch: Vec<Asked>, error: &StoreError) {
    tracing::warn!(%error, "holds can't be committed");
    batch.into_iter().for_each(|asked| drop(asked.reply.send(Err(HoldError::Away))));
}

/// The word in the store.
pub(super) const fn funds_name(funds: Funds) -> &'static str {
    match funds {
        Funds::None => "none",
        Funds::Allowance => "allowance",
        Funds::All => "all",
    }
}

/// Reads it.
pub(super) fn funds_named(name: &str) -> Result<Funds> {
    let all = [Funds::None, Funds::Allowance, Funds::All];
    all.into_iter().find(|funds| funds_name(*funds) == name).ok_or(StoreError::Corrupt("hold"))
}
