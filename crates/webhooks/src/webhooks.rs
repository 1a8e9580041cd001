//! The webhooks of this node, and what they work with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::{WebhookId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::Event;
use ownkey_store::{AddedWebhook, By, NewWebhook, Store, StoreError, Webhook, WrappedDek};
use ownkey_vault::{Keyring, Secret, VaultError};
use zeroize::Zeroizing;

use crate::http::Http;
use crate::metrics::Metrics;
use crate::networks::Networks;
use crate::sealing::Place;
use crate::signing::shown;
use crate::slots::Slots;
use crate::target::{BadTarget, Target};

/// A claim lasts so many time-outs: long enough for an attempt and for writing down what came of it.
const LEASE_TIMEOUTS: u32 = 3;

/// What [`Webhooks`] are made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The KEKs.
    pub keyring: Arc<Keyring>,
    /// Where messages may go beside the public internet.
    pub networks: Networks,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// Room for what is under way, shared with what an older configuration has begun.
    pub slots: Arc<Slots>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tells the time, for signatures and the audit log. What is due goes by the database's.
    pub clock: fn() -> Timestamp,
}

/// The webhooks.
pub struct Webhooks {
    pub(crate) parts: Parts,
    pub(crate) http: Http,
}

/// A webhook, or its secret, that was just made.
pub struct Made {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret, for whoever receives. It can't be shown again.
    pub secret: Zeroizing<String>,
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client for webhooks: {0}")]
pub struct NoClient(#[from] reqwest::Error);

/// Why there is no webhook, or no new secret.
#[derive(Debug, thiserror::Error)]
pub enum NoWebhook {
    /// Its URL is none that messages go to.
    #[error(transparent)]
    BadTarget(#[from] BadTarget),
    /// The workspace or the webhook is gone.
    #[error("it is gone")]
    Gone,
    /// The workspace has as many as it may.
    #[error("too many webhooks")]
    TooMany,
    /// Somebody else changed the secret at the same time.
    #[error("it was changed at the same time")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Webhooks {
    /// From their parts.
    pub fn new(parts: Parts) -> Result<Self, NoClient> {
        let http = Http::new(parts.timeout, &parts.networks)?;
        Ok(Self { parts, http })
    }

    pub(crate) fn lease(&self) -> Duration {
        self.parts.timeout * LEASE_TIMEOUTS
    }

    /// Makes a webhook, with a secret of its own.
    pub async fn create(
        &self,
        (workspace, id): (WorkspaceId, WebhookId),
        (url, events): (&str, BTreeSet<Event>),
        dek: &WrappedDek,
        by: By,
    ) -> Result<Made, NoWebhook> {
        let target = Target::parse(url, &self.parts.networks)?;
        let (secret, sealed) = self.new_secret(&place((workspace, id), &target, 1), dek)?;
        let (url, shown) = (url.to_owned(), target.origin().to_string());
        let new = NewWebhook { id, workspace, url, shown, events, secret: sealed };
        match self.parts.store.add_webhook(&new, by).await? {
            AddedWebhook::Stored => self.made((workspace, id), secret).await,
            AddedWebhook::NoWorkspace => Err(NoWebhook::Gone),
            AddedWebhook::TooMany => Err(NoWebhook::TooMany),
        }
    }

    /// Gives a webhook a new secret. The one before signs too for a day.
    pub async fn rotate(&self, of: (WorkspaceId, WebhookId), dek: &WrappedDek, by: By) -> Result<Made, NoWebhook> {
        let store = &self.parts.store;
        let webhook = store.webhook(of.0, of.1).await?.ok_or(NoWebhook::Gone)?;
        let target = Target::parse(&webhook.url, &self.parts.networks)?;
        let generation = webhook.generation.saturating_add(1);
        let (secret, sealed) = self.new_secret(&place(of, &target, generation), dek)?;
        if !store.rotate_webhook_secret(of, (&sealed, generation), by).await? {
            return Err(NoWebhook::Changed);
        }
        self.made(of, secret).await
    }

    async fn made(&self, of: (WorkspaceId, WebhookId), secret: Zeroizing<String>) -> Result<Made, NoWebhook> {
        let webhook = self.parts.store.webhook(of.0, of.1).await?.ok_or(NoWebhook::Gone)?;
        Ok(Made { webhook, secret })
    }

    /// A fresh secret, to be shown and sealed.
    fn new_secret(&self, place: &Place<'_>, dek: &WrappedDek) -> Result<(Zeroizing<String>, Vec<u8>), VaultError> {
        let secret = Secret::random()?;
        let sealed = place.seal((&self.parts.keyring, dek), &secret)?;
        Ok((shown(&secret), sealed))
    }
}

pub(crate) fn place((workspace, webhook): (WorkspaceId, WebhookId), target: &Target, generation: u32) -> Place<'_> {
    Place { workspace, webhook, destination: target.origin(), generation }
}
