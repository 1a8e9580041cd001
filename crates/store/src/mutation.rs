//! A mutation: one transaction that holds the change itself, its rows in `changes` and its audit events, and then
//! tells the listeners before anyone is answered. One at a time on both databases.

use ownkey_domain::id::WorkspaceId;
use uuid::Uuid;

use crate::audit::chain;
use crate::change::{Change, ChangeKind};
use crate::db::{Tx, on};
use crate::feed::KNOWN_AFTER;
use crate::{AuditMac, By, Note, Result, Store, StoreError, dialect};

pub(crate) struct Mutation<'s> {
    store: &'s Store,
    pub tx: Tx,
    pub by: By,
    mac: AuditMac,
    changes: Vec<Change>,
    outdates: bool,
    erased: bool,
}

impl Store {
    pub(crate) async fn mutate(&self, by: By) -> Result<Mutation<'_>> {
        let mac = self.inner.audit_mac.get().cloned().ok_or(StoreError::NoAuditKey)?;
        let mut tx = self.inner.db.begin().await?;
        dialect::lock_mutations(&mut tx).await?;
        Ok(Mutation { store: self, tx, by, mac, changes: Vec::new(), outdates: false, erased: false })
    }
}

impl Mutation<'_> {
    /// Tells that something changed which other nodes may remember as it was. The mutation then answers only when none
    /// of them acts on that any more.
    pub async fn changed(&mut self, kind: ChangeKind, workspace: WorkspaceId, subject: Uuid) -> Result<()> {
        self.outdates |= kind != ChangeKind::Health;
        self.told(kind, workspace, subject).await
    }

    /// Tells of something that is new, or that may be remembered as it was without harm.
    pub async fn told(&mut self, kind: ChangeKind, workspace: WorkspaceId, subject: Uuid) -> Result<()> {
        const SQL: &str = "INSERT INTO changes (kind, workspace, subject, at) VALUES ($1, $2, $3, $4)";
        let at = self.by.at.millis();
        on!(self.tx.on(), c => sqlx::query(SQL)
            .bind(kind.as_str()).bind(workspace.uuid()).bind(subject).bind(at)
            .execute(c).await.map(drop))?;
        self.changes.push(Change { kind, workspace, subject });
        Ok(())
    }

    /// Adds an audit event.
    pub async fn note(&mut self, note: &Note) -> Result<()> {
        chain::append(&mut self.tx, note, self.by, &self.mac).await
    }

    /// Tells that sealed bytes were overwritten, so that their copies in the write-ahead log go too.
    pub fn erased(&mut self) {
        self.erased = true;
    }

    /// Commits and tells the listeners. In a task of its own: whoever waits for this may leave at any moment, and
    /// a change that is committed and not told would leave caches wrong for good.
    pub async fn commit(self) -> Result<()> {
        let Self { store, mut tx, changes, outdates, erased, .. } = self;
        if !changes.is_empty() {
            dialect::notify(&mut tx).await?;
        }
        let store = store.clone();
        let task = tokio::spawn(async move {
            let committed = tx.commit().await;
            // Also after a failure: a commit that got no answer may have taken place.
            store.inner.listeners.tell(&changes);
            committed?;
            if erased {
                store.empty_log().await;
            }
            if outdates && dialect::has_other_nodes(&store.inner.db) {
                tokio::time::sleep(KNOWN_AFTER).await;
            }
            Ok(())
        });
        task.await.map_err(|_| StoreError::Unavailable("commit interrupted"))?
    }
}
