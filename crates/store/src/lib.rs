//! All that Ownkey keeps: the only crate that names sqlx.
//!
//! One noun a file, with its SQL and its rows. The store holds sealed bytes and hashes; it never sees a key.
//!
//! SQL is written once and runs unchanged on SQLite and PostgreSQL. What keeps it so:
//!
//! - Parameters are `$1…$n`, each number bound once and in order.
//! - Common ground: `INSERT … ON CONFLICT … DO UPDATE … RETURNING`, `UPDATE … FROM`, CTEs, window functions.
//!   A `SUM` is cast to `BIGINT`, as PostgreSQL would answer `NUMERIC`.
//! - Ids are UUIDs (16 bytes), money and time are `BIGINT` in their smallest unit, secrets are bytes, JSON is
//!   text that is never queried. SQLite tables are `STRICT`.
//! - No `now()`: time comes from the caller. Leases alone are by the database's clock (`dialect::now`).
//! - Races are settled by guarded single statements and unique indexes; the number of rows touched is checked.
//!   Mutations are one at a time on both databases (see `mutation`).
//! - What truly differs is in `dialect`, each with its reason. Two migration folders hold equal file names,
//!   and a test compares what they make.

#![warn(missing_docs)]

mod actor;
mod agents;
mod api_keys;
mod audit;
mod budgets;
mod callers;
mod change;
mod config;
mod connections;
mod credentials;
mod db;
mod deks;
mod dialect;
mod error;
mod feed;
mod fresh;
pub mod journal;
mod json;
mod ledger;
mod mutation;
mod open;
mod outbox;
mod page;
mod people;
mod reach;
mod receipts;
mod responses;
mod retention;
mod routing;
mod store;
mod summaries;
mod usage;
mod vault;
mod webhooks;
mod workspaces;

pub use actor::{Actor, By};
pub use agents::SetAgent;
pub use api_keys::{ApiKey, Caller, KeyPurpose, Limits, NewApiKey};
pub use audit::{AuditCheck, AuditEvent, AuditFilter, AuditMac, AuditPart, Note};
pub use budgets::PutBudget;
pub use change::{Change, ChangeKind};
pub use config::StoreConfig;
pub use connections::{
    Added, CONNECTIONS_MAX, Claim, Connection, ConnectionStart, Disconnected, Due, HeldToken, SealedTokens,
};
pub use credentials::{Credential, Ended, Health, NewCredential, Put, Rebound, Removal, SealedCredential, TestResult};
pub use deks::{Rewrap, WorkspaceDek};
pub use error::{Result, StoreError};
pub use feed::{Feed, News, TRUSTED_FOR};
pub use journal::{Journal, JournalError, JournalLimits, LAST_USE_MS, Queue, Takeover};
pub use ledger::{
    BeyondCount, Credits, Entry, GrantFilter, GrantOrder, GrantRecord, GrantState, HoldError, Holds, HoldsTask,
    LedgerCheck, LedgerProblem, NODE_LEASE, NodeRecord, OpenHold, Ordered, OverrunReason, Purse, Range, RefundOrder,
    ServiceUsage,
};
pub use page::Page;
pub use people::{
    Account, EndedBy, Invitation, Joined, Link, LinkKind, LinkState, Member, MemberChange, Membership, NewLink,
    NewSession, NewUser, OPEN_INVITES_MAX, Session, User,
};
pub use receipts::{ReceiptFilter, StatusClass};
pub use retention::{Expired, Sweep, Sweeper, Swept};
pub use routing::{Routing, StoredCredential};
pub use store::Store;
pub use summaries::{PayerSpend, WorkspaceSummary};
pub use usage::{GroupBy, UsageFilter, UsageKey, UsageQuery, UsageRow, UsageTotals};
pub use vault::{SystemSecret, WrappedDek};
pub use webhooks::{
    AddedWebhook, Message, NewWebhook, Receivers, Replayed, SealedHookSecret, SendClaim, Webhook, WebhookPatch,
};
pub use workspaces::{NewWorkspace, Workspace, WorkspacePatch};
