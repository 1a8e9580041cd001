//! The connections of this node, and what they work with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::connection::{Life, RefreshTimes};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{SealedTokens, Store, WrappedDek};
use ownkey_vault::{Keyring, Origin, Secret, Token, VaultError};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use crate::http::Http;
use crate::metrics::Metrics;
use crate::oauth::Granted;
use crate::provider::Provider;
use crate::sealing::Place;
use crate::under_way::UnderWay;

/// Refreshes that one provider is asked for at a time: after an outage everything is due at once.
const AT_ONCE: usize = 16;
/// A claim lasts so many time-outs. A request that has not gone out after all but one of them does not go out.
const LEASE_TIMEOUTS: u32 = 3;
/// A token that is said to live shorter is refreshed no sooner: else a provider that says 0 would be asked without end.
const DUE_AFTER_MS_MIN: i64 = 1_000;

/// What [`Connections`] are made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The KEKs.
    pub keyring: Arc<Keyring>,
    /// The providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// When tokens are refreshed.
    pub times: RefreshTimes,
    /// How long a provider may take to answer.
    pub timeout: Duration,
    /// Where browsers come back to: below it each provider has an address of its own.
    pub callback: String,
    /// What is being refreshed, shared with what an older configuration has begun.
    pub under_way: Arc<UnderWay>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tells the time, for the audit log. Refreshes go by the database's.
    pub clock: fn() -> Timestamp,
}

/// The connections.
pub struct Connections {
    pub(crate) parts: Parts,
    pub(crate) http: Http,
    lanes: BTreeMap<String, Lane>,
}

/// What the refreshes of one provider share.
pub(crate) struct Lane {
    /// Room for those under way.
    pub(crate) room: Arc<Semaphore>,
    /// Something may be due sooner than was known.
    pub(crate) changed: Notify,
}

/// When a provider was asked, by the database's clock and by one that goes on between two looks at that.
#[derive(Clone, Copy)]
pub(crate) struct AskedAt {
    /// Not later than that.
    pub(crate) at: Timestamp,
    /// Not later than `at` was read.
    pub(crate) since: Instant,
}

impl AskedAt {
    /// Now: not earlier than the answer came.
    fn answered(self) -> Timestamp {
        self.at.plus_millis(i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX).saturating_add(1))
    }
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client for providers of connections: {0}")]
pub struct NoClient(#[from] reqwest::Error);

impl Connections {
    /// From their parts.
    pub fn new(parts: Parts) -> Result<Self, NoClient> {
        let http = Http::new(parts.timeout)?;
        let lane = || Lane { room: Arc::new(Semaphore::new(AT_ONCE)), changed: Notify::new() };
        let lanes = parts.providers.keys().map(|name| (name.clone(), lane())).collect();
        Ok(Self { parts, http, lanes })
    }

    /// The providers by name.
    pub fn providers(&self) -> &BTreeMap<String, Provider> {
        &self.parts.providers
    }

    /// Where browsers come back to from a provider, exactly. No other one sends them there.
    pub fn redirect_uri(&self, provider: &str) -> String {
        format!("{}/{provider}", self.parts.callback)
    }

    pub(crate) fn lane(&self, provider: &str) -> Option<&Lane> {
        self.lanes.get(provider)
    }

    pub(crate) fn lease(&self) -> Duration {
        self.parts.timeout * LEASE_TIMEOUTS
    }

    /// How long after a claim a request may go out: what is left of the claim is enough for its answer.
    pub(crate) fn patience(&self) -> Duration {
        self.parts.timeout * (LEASE_TIMEOUTS - 1)
    }

    /// Seals tokens that came just now. `kept` is the refresh token that stays if none came.
    ///
    /// They were issued at some moment between asking and answering. They expire as if it had been the first, and are due
    /// as if it had been the last: so neither is an expired one used nor one refreshed early.
    pub(crate) fn sealed(
        &self,
        (place, dek): (&Place<'_>, &WrappedDek),
        granted: &Granted,
        (kept, scopes): (Option<&Secret>, &[String]),
        asked: AskedAt,
    ) -> Result<SealedTokens, VaultError> {
        let under = (&*self.parts.keyring, dek);
        let refresh = granted.refresh.as_ref().or(kept);
        let lives = granted.lives.map(|lives| i64::try_from(lives.as_millis()).unwrap_or(i64::MAX));
        let from =
            |issued_at: Timestamp| lives.map(|lives| Life { issued_at, expires_at: issued_at.plus_millis(lives) });
        let (issued_at, answered_at) = (asked.at, asked.answered());
        let due = match (refresh, from(answered_at)) {
            (Some(_), life) => {
                life.map(|life| self.parts.times.due(life).max(answered_at.plus_millis(DUE_AFTER_MS_MIN)))
            }
            // There is nothing to do but to tell.
            (None, life) => life.map(|life| life.expires_at),
        };
        Ok(SealedTokens {
            issuer: place.issuer.to_string(),
            access: place.seal(under, Token::Access, granted.access.as_secret())?,
            refresh: refresh.map(|token| place.seal(under, Token::Refresh, token)).transpose()?,
            generation: place.generation,
            scopes: granted.scopes.clone().unwrap_or_else(|| scopes.to_vec()),
            issued_at,
            expires_at: from(issued_at).map(|life| life.expires_at),
            due_at: due,
        })
    }

    /// Where tokens of a connection belong that this provider issues.
    pub(crate) fn place<'a>(
        (workspace, connection): (WorkspaceId, ConnectionId),
        provider: &'a str,
        issuer: &'a Origin,
        generation: u32,
    ) -> Place<'a> {
        Place { workspace, connection, provider, issuer, generation }
    }
}
