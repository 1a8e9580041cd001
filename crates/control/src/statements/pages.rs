//! A statement as a body that is written while its entries are read.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use ownkey_domain::id::WorkspaceId;
use ownkey_store::{Entry, Page, Range, Store, StoreError};

use super::Tally;

/// Entries read at a time.
const PAGE: u32 = 500;

/// How a statement is written.
pub(super) trait Form: Send + 'static {
    /// Before the entries.
    fn head(&mut self) -> String;
    /// An entry, with the balance after it.
    fn entry(&mut self, entry: &Entry, balance: ownkey_domain::money::MicroCredits) -> String;
    /// After the entries.
    fn tail(&mut self, tally: &Tally) -> String;
}

/// The entries of a statement that are still to come.
pub(super) struct Entries {
    pub store: Store,
    pub workspace: WorkspaceId,
    pub range: Range,
}

struct Writing<F> {
    entries: Entries,
    form: F,
    tally: Tally,
    /// What is to be written next; `None` at the end.
    next: Option<Page<Entry>>,
    is_begun: bool,
}

impl Entries {
    async fn after(&self, seq: i64) -> Result<Page<Entry>, StoreError> {
        let page = self.store.entries_in_order(self.workspace, self.range, seq, PAGE).await;
        // Its caller sees no more than a body that breaks off.
        page.inspect_err(|error| tracing::warn!(%error, workspace = %self.workspace, "a statement can't be read on"))
    }

    /// The body. Its first entries are read before it begins, so that a database that is away is told by the status.
    pub(super) async fn body(self, form: impl Form, tally: Tally) -> Result<Body, StoreError> {
        let first = self.after(0).await?;
        let writing = Writing { entries: self, form, tally, next: Some(first), is_begun: false };
        Ok(Body::from_stream(stream::try_unfold(writing, Writing::step)))
    }
}

impl<F: Form> Writing<F> {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let Some(page) = self.next.take() else { return Ok(None) };
        let mut text = String::new();
        if !self.is_begun {
            text.push_str(&self.form.head());
            self.is_begun = true;
        }
        for entry in &page.items {
            let balance = self.tally.count(entry);
            text.push_str(&self.form.entry(entry, balance));
        }
        match page.items.last().filter(|_| page.more) {
            Some(last) => self.next = Some(self.entries.after(last.seq).await?),
            None => text.push_str(&self.form.tail(&self.tally)),
        }
        Ok(Some((Bytes::from(text), self)))
    }
}
