//! Checking audit chains: whole, or a part at a time, so that whoever waits for a long one can be told how far it is.

use ownkey_domain::id::WorkspaceId;
use uuid::Uuid;

use super::chain::{Head, chain_id};
use super::{AuditMac, events, number};
use crate::db::on;
use crate::{Result, Store, StoreError};

/// What a check of an audit chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditCheck {
    /// Every event that was looked at and is still kept is as it was written; so many.
    Intact(u64),
    /// The first event that is changed or missing.
    Broken(u64),
}

/// What a check of a part of an audit chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPart {
    /// What was found in this part.
    pub check: AuditCheck,
    /// How many events the whole chain has now.
    pub events: u64,
    /// The event that the next part begins after; `None` at the end.
    pub next_after: Option<u64>,
}

/// Events checked at a time: enough to be quick, few enough to stay small.
const VERIFY_ROWS: i64 = 500;

impl Store {
    /// Checks a whole audit chain (`None`: the operator's own), from where it begins now up to its present end.
    ///
    /// A chain that was cut off together with its recorded end still verifies: only an end kept elsewhere could
    /// tell.
    pub async fn audit_verify(&self, workspace: Option<WorkspaceId>) -> Result<AuditCheck> {
        Ok(self.verify(workspace, 0, i64::MAX).await?.check)
    }

    /// Checks so many events of an audit chain at most, those after number `after`, or from where it begins if that is
    /// later. The event that it begins after is taken to be as it was found when its own part was checked.
    pub async fn audit_verify_part(&self, workspace: Option<WorkspaceId>, after: u64, most: u32) -> Result<AuditPart> {
        self.verify(workspace, i64::try_from(after).unwrap_or(i64::MAX), most.into()).await
    }

    async fn verify(&self, workspace: Option<WorkspaceId>, after: i64, most: i64) -> Result<AuditPart> {
        let mac = self.inner.audit_mac.get().ok_or(StoreError::NoAuditKey)?;
        let id = chain_id(workspace);
        loop {
            let Some(beginning) = self.beginning(id, mac).await? else { return Ok(AuditPart::broken_at(1)) };
            let part = match self.start(&beginning, workspace, after).await? {
                Some(start) => self.verify_from(&start, workspace, mac, most).await?,
                None => AuditPart::broken_at(number(after)?),
            };
            // What was cut off meanwhile is not missing.
            let now = self.beginning(id, mac).await?;
            if matches!(part.check, AuditCheck::Intact(_)) || now.is_some_and(|now| now.seq == beginning.seq) {
                return Ok(AuditPart { events: part.events.saturating_sub(number(beginning.seq)?), ..part });
            }
        }
    }

    /// What the first event to check has to follow; `None` if that is missing.
    async fn start(&self, beginning: &Head, workspace: Option<WorkspaceId>, after: i64) -> Result<Option<Head>> {
        const SQL: &str = events!("seq >= $2 ORDER BY seq LIMIT $3");
        if after <= beginning.seq {
            return Ok(Some(beginning.clone()));
        }
        let rows = self.events(SQL, workspace, after, 1).await?;
        let row = rows.into_iter().find(|row| row.seq == after);
        Ok(row.map(|row| Head { seq: row.seq, mac: row.mac }))
    }

    /// Checks what follows `start`; the count of events is that of the chain's end.
    async fn verify_from(
        &self,
        start: &Head,
        workspace: Option<WorkspaceId>,
        mac: &AuditMac,
        most: i64,
    ) -> Result<AuditPart> {
        const HEAD: &str = "SELECT seq, mac FROM audit_heads WHERE workspace = $1";
        const SQL: &str = events!("seq > $2 ORDER BY seq LIMIT $3");
        let id = chain_id(workspace);
        let head: Option<Head> = on!(self.inner.db.read(), c => sqlx::query_as(HEAD).bind(id).fetch_optional(c).await)?;
        let mut last = start.clone();
        let Some(end) = head else { return self.without_end(start, workspace).await };
        loop {
            let left = most - (last.seq - start.seq);
            let rows = self.events(SQL, workspace, last.seq, left.min(VERIFY_ROWS)).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let at_end = row.seq != end.seq || row.mac == end.mac;
                if !row.follows(&last, mac) || !at_end {
                    return Ok(AuditPart::broken_at(number(last.seq + 1)?));
                }
                last = Head { seq: row.seq, mac: row.mac };
            }
        }
        // Events may have been added since the end was read, but none may be missing before it.
        let (checked, is_behind) = (last.seq - start.seq, last.seq < end.seq);
        if is_behind && checked < most {
            return Ok(AuditPart::broken_at(number(last.seq + 1)?));
        }
        Ok(AuditPart {
            check: AuditCheck::Intact(number(checked)?),
            events: number(end.seq.max(last.seq))?,
            next_after: is_behind.then(|| number(last.seq)).transpose()?,
        })
    }

    /// What a chain is that has no recorded end: one that was never begun, or one from which that was taken.
    async fn without_end(&self, start: &Head, workspace: Option<WorkspaceId>) -> Result<AuditPart> {
        const ANY: &str = events!("seq > $2 ORDER BY seq LIMIT $3");
        const MADE: &str = "SELECT id FROM workspaces WHERE id = $1";
        let id = chain_id(workspace);
        // A workspace's own making is the first event of its chain.
        let made: Option<(Uuid,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(MADE).bind(id).fetch_optional(c).await)?;
        let never = made.is_none() && start.seq == 0 && self.events(ANY, workspace, 0, 1).await?.is_empty();
        Ok(if never { AuditPart::NOTHING } else { AuditPart::broken_at(number(start.seq + 1)?) })
    }
}

impl AuditPart {
    const NOTHING: Self = Self { check: AuditCheck::Intact(0), events: 0, next_after: None };

    /// Behind what is broken nothing is checked.
    const fn broken_at(seq: u64) -> Self {
        Self { check: AuditCheck::Broken(seq), ..Self::NOTHING }
    }
}
