//! One attempt: claim, send, and write down what came of it. The steps run in a task of their own, so that nothing which
//! ends the loop takes a claim or an answer with it.

use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::WebhookId;
use ownkey_domain::webhook::{Attempt, Sent, next};
use ownkey_store::{Actor, By, SendClaim};
use ownkey_vault::{Secret, VaultError, random_bytes};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

use crate::signing::Signed;
use crate::target::Target;
use crate::webhooks::{Webhooks, place};

/// Between two attempts to write down an answer while the database is away.
const WRITE_AGAIN: Duration = Duration::from_millis(500);
/// So often. Then the claim ends by itself and the message is sent again, which its receiver knows by its id.
const WRITES_MAX: u32 = 10;

impl Webhooks {
    /// Claims a webhook, if nobody else has, and sends it what is due longest. `slot` is given back when it is done.
    pub(crate) fn send_if_due(self: &Arc<Self>, id: WebhookId, slot: OwnedSemaphorePermit) {
        let lease_ms = i64::try_from(self.lease().as_millis()).unwrap_or(i64::MAX);
        let webhooks = Arc::clone(self);
        tokio::spawn(async move {
            match webhooks.parts.store.claim_webhook(id, lease_ms).await {
                Ok(Some(claim)) => {
                    webhooks.deliver(&claim).await;
                    drop(slot);
                    webhooks.parts.slots.ended.notify_one();
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(webhook = %id, %error, "a webhook can't be claimed; there will be another try");
                }
            }
        });
    }

    async fn deliver(&self, claim: &SendClaim) {
        let (at, begun) = ((self.parts.clock)(), Instant::now());
        let sent = self.send(claim).await;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.parts.metrics.sent(sent);
        self.write_down(claim, Attempt { at, took_ms, sent }).await;
    }

    async fn send(&self, claim: &SendClaim) -> Sent {
        // The configuration that it was made under may have allowed it.
        let Ok(target) = Target::parse(&claim.url, &self.parts.networks) else { return Sent::AddressRefused };
        match self.open(claim, &target) {
            Ok(secrets) => {
                let signed = Signed::new(claim.message, (self.parts.clock)(), &claim.body, &secrets);
                self.http.send(&target, signed, claim.body.clone()).await
            }
            Err(error) => {
                tracing::error!(webhook = %claim.webhook, %error, "the secret of a webhook can't be opened");
                Sent::Sealed
            }
        }
    }

    fn open(&self, claim: &SendClaim, target: &Target) -> Result<Vec<Secret>, VaultError> {
        let of = (claim.workspace, claim.webhook);
        let under = (&*self.parts.keyring, &claim.dek);
        let open =
            |stored: &ownkey_store::SealedHookSecret| place(of, target, stored.generation).open(under, &stored.sealed);
        claim.secrets.iter().map(open).collect()
    }

    async fn write_down(&self, claim: &SendClaim, attempt: Attempt) {
        let tries = claim.tries.saturating_add(1);
        // Without randomness pauses are the shortest.
        let random = random_bytes::<4>().map_or(0, u32::from_be_bytes);
        let follows = next(attempt.sent, tries, claim.failing_ms, random);
        for _ in 0..WRITES_MAX {
            let by = By::new(Actor::System, (self.parts.clock)());
            match self.parts.store.record_attempt(claim, attempt, follows, by).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(webhook = %claim.webhook, %error, "an attempt can't be written down yet");
                    sleep(WRITE_AGAIN).await;
                }
            }
        }
    }
}
