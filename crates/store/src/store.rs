//! The store itself: opening, listeners, readiness, backup.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ownkey_domain::id::NodeId;
use ownkey_domain::money::MicroCredits;

use crate::callers::Callers;
use crate::change::{Change, ChangeRow, Listeners};
use crate::db::{Db, on};
use crate::journal::{Journal, Queue};
use crate::ledger::{OverrunReason, Overruns};
use crate::open::{LockFile, Opened};
use crate::reach::Reach;
use crate::{AuditMac, Result, StoreConfig, StoreError, dialect, open};

/// The store. Cheap to clone: every clone is the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub db: Db,
    pub config: StoreConfig,
    pub reach: Arc<Reach>,
    pub audit_mac: OnceLock<AuditMac>,
    pub listeners: Listeners,
    /// The journal whose takeover readers of receipts wait for.
    pub journal: OnceLock<Arc<Journal>>,
    catch_up_timeout: Duration,
    pub callers: Callers,
    /// Whether the write-ahead log may still hold what was overwritten.
    log_full: AtomicBool,
    /// What calls cost beyond what their workspaces had, since the start.
    pub overrun: Overruns,
    _lock: Option<LockFile>,
}

impl Store {
    /// Opens the database, making it if need be, and brings it up to date.
    pub async fn open(config: &StoreConfig) -> Result<Self> {
        let Opened { db, lock } = open::open(config).await?;
        Ok(Self::of(db, lock, config))
    }

    /// Opens the database as it is, to look: nothing is made, migrated or written. `None` if there is none yet.
    pub async fn look(config: &StoreConfig) -> Result<Option<Self>> {
        Ok(open::look(config).await?.map(|db| Self::of(db, None, config)))
    }

    fn of(db: Db, lock: Option<LockFile>, config: &StoreConfig) -> Self {
        let inner = Inner {
            db,
            config: config.clone(),
            reach: Arc::default(),
            audit_mac: OnceLock::new(),
            listeners: Listeners::default(),
            journal: OnceLock::new(),
            catch_up_timeout: config.catch_up_timeout,
            callers: Callers::new(),
            // A process that was killed may have left it so.
            log_full: AtomicBool::new(true),
            overrun: Overruns::default(),
            _lock: lock,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Gives the store the audit chains' MAC. Mutations fail until then: the key is itself sealed in here, so
    /// it can only be known after opening. The first one stays.
    pub fn set_audit_mac(&self, mac: AuditMac) {
        self.inner.audit_mac.get_or_init(|| mac);
    }

    /// Calls `listener` for every change: of this process after its commit and before the mutation answers, of others
    /// when the feed reads it. It must neither block nor panic.
    pub fn on_change(&self, listener: Box<dyn Fn(&Change) + Send + Sync>) {
        self.inner.listeners.add(listener);
    }

    /// Changes of all nodes after number `after`, in order, with their numbers.
    pub async fn changes(&self, after: i64, limit: u32) -> Result<Vec<(i64, Change)>> {
        let rows: Vec<ChangeRow> = on!(self.inner.db.read(), c => sqlx::query_as(ChangeRow::FROM)
            .bind(after.saturating_add(1)).bind(i64::from(limit)).fetch_all(c).await)?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// The number of the latest change; 0 if there is none.
    pub async fn latest_change(&self) -> Result<i64> {
        let (seq,): (i64,) = on!(self.inner.db.read(), c => sqlx::query_as(ChangeRow::LATEST).fetch_one(c).await)?;
        Ok(seq)
    }

    /// Whether the database answers and can be written.
    pub async fn ping(&self) -> Result<()> {
        dialect::writable(&self.inner.db).await
    }

    /// Writes a consistent copy of the database to a new file (SQLite only).
    pub async fn backup(&self, path: &Path) -> Result<()> {
        dialect::backup(&self.inner.db, path).await
    }

    /// Waits until every receipt appended on this node before this call is committed; `Behind` if that takes too
    /// long. Readers of receipts and usage do this themselves.
    pub async fn catch_up(&self, timeout: Duration) -> Result<()> {
        let Some(journal) = self.inner.journal.get() else { return Ok(()) };
        if journal.taken_over(timeout).await { Ok(()) } else { Err(StoreError::Behind) }
    }

    /// What waits in this node's journal; `None` where no journal is open.
    pub fn queue(&self) -> Option<Queue> {
        self.inner.journal.get().map(|journal| journal.queue())
    }

    /// The node that this process is; `None` where no journal is open.
    pub fn node(&self) -> Option<NodeId> {
        self.inner.journal.get().map(|journal| journal.node())
    }

    /// Which database it is.
    pub fn database_kind(&self) -> &'static str {
        dialect::kind(&self.inner.db)
    }

    /// What calls cost since the start beyond what their workspaces are charged, by reason: the operator paid it.
    pub fn overrun(&self) -> impl Iterator<Item = (OverrunReason, MicroCredits)> + '_ {
        self.inner.overrun.so_far()
    }

    pub(crate) async fn caught_up(&self) -> Result<()> {
        self.catch_up(self.inner.catch_up_timeout).await
    }

    /// Closes all connections and waits for that. What still uses the store fails afterwards.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Empties the write-ahead log, or leaves a note to do it later.
    pub(crate) async fn empty_log(&self) {
        let emptied = dialect::empty_log(&self.inner.db).await.unwrap_or(false);
        self.inner.log_full.store(!emptied, Ordering::Relaxed);
    }

    /// Does what `empty_log` left undone.
    pub(crate) async fn tidy(&self) {
        if self.inner.log_full.load(Ordering::Relaxed) {
            self.empty_log().await;
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
