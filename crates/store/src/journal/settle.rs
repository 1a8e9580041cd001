//! Commits a batch, whatever its receipts hold: those the database refuses are found by halving and set aside.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

use super::batch::{self, Known, Step};
use super::reader::Batch;
use super::{Journal, JournalError, Position};
use crate::dialect::{self, Partitions};
use crate::{Result, Store, StoreError};

/// Commits batches of one journal.
pub(super) struct Settler {
    pub store: Store,
    pub known: Known,
    /// The end of the last batch of which something is written aside: trying it again must not write it twice.
    pub written: Option<Position>,
}

impl Settler {
    /// Takes a batch over as a whole, or as far as the database takes it.
    pub async fn settle(&mut self, journal: &Journal, (from, now): (Position, Timestamp), batch: &Batch) -> Result<()> {
        let Batch { receipts, evidence, unreadable, upto } = batch;
        let step = Step { journal: journal.id, evidence, from, upto: *upto, now };
        let mut aside = unreadable.clone();
        if aside.is_empty() {
            match self.commit(receipts, &step).await {
                Err(error) if dialect::blames_data(&self.store.inner.db, &error) => {
                    tracing::error!(%error, "the database refuses receipts for what they hold");
                }
                done => return done,
            }
        }
        let refused = self.commit_sound(receipts, &Step { upto: from, ..step }).await?;
        for receipt in refused {
            tracing::error!(request = %receipt.id, workspace = %receipt.workspace, "a receipt is set aside");
            aside.push(serde_json::to_vec(receipt).map_err(|_| StoreError::Unstorable("receipt"))?);
        }
        self.write_down(journal, *upto, &aside)?;
        self.commit(&[], &step).await?;
        journal.aside.counted(aside.len());
        Ok(())
    }

    /// Commits what the database takes, and returns the rest. The position stays where it is: should this end
    /// half-way, the next attempt finds the same batch, and leaves out what is committed already.
    async fn commit_sound<'r>(&mut self, receipts: &'r [Receipt], step: &Step<'_>) -> Result<Vec<&'r Receipt>> {
        let mut refused = Vec::new();
        let mut open = vec![receipts];
        while let Some(part) = open.pop() {
            match (self.commit(part, step).await, part) {
                (Ok(()), _) => {}
                (Err(error), _) if !dialect::blames_data(&self.store.inner.db, &error) => return Err(error),
                (Err(error), []) => return Err(error),
                (Err(_), [one]) => refused.push(one),
                (Err(_), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    open.extend([second, first]);
                }
            }
        }
        Ok(refused)
    }

    async fn commit(&mut self, receipts: &[Receipt], step: &Step<'_>) -> Result<()> {
        match self.try_commit(receipts, step).await {
            Err(error) if dialect::lacks_partition(&self.store.inner.db, &error) => {
                self.known.partitions = Partitions::default();
                self.try_commit(receipts, step).await
            }
            done => done,
        }
    }

    async fn try_commit(&mut self, receipts: &[Receipt], step: &Step<'_>) -> Result<()> {
        let (months, last_uses) = match batch::commit(&self.store, receipts, step, &self.known).await {
            Err(StoreError::Duplicate(_)) => {
                let fresh = batch::without_known(&self.store, receipts).await?;
                batch::commit(&self.store, &fresh, step, &self.known).await?
            }
            done => done?,
        };
        self.known.partitions.committed(months);
        self.known.last_uses.committed(last_uses);
        Ok(())
    }

    fn write_down(&mut self, journal: &Journal, upto: Position, aside: &[Vec<u8>]) -> Result<()> {
        if aside.is_empty() || self.written == Some(upto) {
            return Ok(());
        }
        let left_out = journal.aside.keep(aside).map_err(JournalError::from)?;
        if left_out > 0 {
            tracing::error!(receipts = left_out, "the file of receipts set aside is full: these are in the log only");
        }
        self.written = Some(upto);
        Ok(())
    }
}
