//! One refresh: claim, ask, and write down what came of it. The steps between the claim and its end run in a task of
//! their own, so that nobody who leaves takes an answer with him.

use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::connection::{Asked, ConnectionState, Next, Reauth, hung_pause_ms, may_send, next, pause_ms};
use ownkey_domain::id::ConnectionId;
use ownkey_store::{Actor, By, Claim, Result, SealedTokens};
use ownkey_vault::{Origin, Secret, Token, random_bytes};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, sleep};

use crate::connections::{AskedAt, Connections};
use crate::metrics::Outcome;
use crate::oauth::{Granted, NotGranted, UNANSWERED};

/// Between two attempts to write down an answer while the database is away: it must not be lost. Far shorter than other
/// nodes' pause, whose claim would else come first once the database is back.
const WRITE_AGAIN: Duration = Duration::from_millis(250);
/// So often. By then the access token of before has expired with most providers.
const WRITES_MAX: u32 = 2_400;

/// A claim of this node.
struct Claimed {
    claim: Claim,
    /// From before the claim on, by a clock that goes on while the process stands still.
    since: Instant,
}

/// What an answer leads to in the store.
enum Written<'a> {
    Tokens(&'a SealedTokens),
    Postponed { pause_ms: i64, failed: NotGranted },
    Over(Reauth),
}

/// What could not be asked for at all.
enum Stop {
    /// Try again later.
    Later(NotGranted),
    /// Never.
    Over(Reauth),
}

impl From<NotGranted> for Stop {
    fn from(failed: NotGranted) -> Self {
        Self::Later(failed)
    }
}

const SEALED: NotGranted = NotGranted { asked: Asked::Unserved, word: "sealed" };
const NOT_CONFIGURED: NotGranted = NotGranted { asked: Asked::Unserved, word: "not_configured" };

impl Connections {
    /// Claims a connection that is due, if nobody else has, and refreshes its tokens, whoever waits for that. Whether it
    /// was claimed. `room` is given back when it is done.
    pub(crate) async fn refresh_if_due(self: &Arc<Self>, id: ConnectionId, room: OwnedSemaphorePermit) -> Result<bool> {
        let Some(under_way) = self.parts.under_way.begin(id) else { return Ok(false) };
        let (tell, told) = oneshot::channel();
        let connections = Arc::clone(self);
        tokio::spawn(async move {
            let claimed = connections.claim(id).await;
            // Whoever asked may have left.
            match claimed {
                Ok(Some(claimed)) => {
                    connections.parts.metrics.began();
                    let _ = tell.send(Ok(true));
                    connections.carry_out(&claimed).await;
                }
                Ok(None) => drop(tell.send(Ok(false))),
                Err(error) => drop(tell.send(Err(error))),
            }
            drop((under_way, room));
        });
        // The task ends without a word only when the process does.
        told.await.unwrap_or(Ok(false))
    }

    async fn claim(&self, id: ConnectionId) -> Result<Option<Claimed>> {
        let since = Instant::now();
        let lease_ms = i64::try_from(self.lease().as_millis()).unwrap_or(i64::MAX);
        let claim = self.parts.store.claim_connection(id, lease_ms).await?;
        Ok(claim.map(|claim| Claimed { claim, since }))
    }

    async fn carry_out(&self, claimed: &Claimed) {
        let outcome = self.refresh(claimed).await;
        self.parts.metrics.ended(outcome);
        if let Some(lane) = self.lane(&claimed.claim.provider) {
            lane.changed.notify_one();
        }
    }

    async fn refresh(&self, claimed: &Claimed) -> Outcome {
        let claim = &claimed.claim;
        match self.ask(claimed).await {
            Ok((granted, old, issuer)) => self.keep(claimed, (granted, old), &issuer).await,
            Err(Stop::Over(reason)) => self.give_up(claim, reason).await,
            Err(Stop::Later(failed)) => match next(failed.asked, claim.unknown_answers) {
                Next::Over(reason) => self.give_up(claim, reason).await,
                Next::Again => self.postpone(claim, failed).await,
            },
        }
    }

    /// Asks the provider. Also returns the old refresh token, and who issued the new ones.
    async fn ask(&self, claimed: &Claimed) -> std::result::Result<(Granted, Secret, Origin), Stop> {
        let claim = &claimed.claim;
        let provider = self.parts.providers.get(&claim.provider).ok_or(NOT_CONFIGURED)?;
        let sealed = claim.tokens.refresh.as_deref().ok_or(Stop::Over(Reauth::Expired))?;
        if !may_send(claim.unknown_answers.saturating_sub(1), has_hung(claim)) {
            return Err(Stop::Over(Reauth::Lost));
        }
        let grants = self
            .grants_of(&claim.provider, provider)
            .await
            .map_err(|_| Stop::Later(NotGranted { asked: Asked::Unserved, word: "unreachable" }))?;
        // A refresh token goes to who issued it, whatever the configuration says by now.
        let issuer = Origin::of_url(&grants.endpoints.token).map_err(|_| NOT_CONFIGURED)?;
        let place = Self::place((claim.workspace, claim.id), &claim.provider, &issuer, claim.tokens.generation);
        let old = place.open((&self.parts.keyring, &claim.dek), Token::Refresh, sealed).map_err(|error| {
            tracing::error!(connection = %claim.id, %error, "the tokens of a connection can't be opened");
            SEALED
        })?;
        let granted = grants.by_refresh(&old, claimed.since + self.patience()).await?;
        Ok((granted, old, issuer))
    }

    /// Writes the new tokens down, before anybody uses them.
    async fn keep(&self, claimed: &Claimed, (granted, old): (Granted, Secret), issuer: &Origin) -> Outcome {
        let Claimed { claim, since } = claimed;
        let asked = AskedAt { at: claim.now, since: *since };
        let generation = claim.tokens.generation.saturating_add(1);
        let place = Self::place((claim.workspace, claim.id), &claim.provider, issuer, generation);
        let sealed = self.sealed((&place, &claim.dek), &granted, (Some(&old), &claim.tokens.scopes), asked);
        let tokens = match sealed {
            Ok(tokens) => tokens,
            Err(error) => {
                tracing::error!(connection = %claim.id, %error, "new tokens can't be sealed, and are lost");
                return self.give_up(claim, Reauth::Lost).await;
            }
        };
        match self.write(claim, &Written::Tokens(&tokens)).await {
            Some(true) => Outcome::Refreshed,
            Some(false) => {
                self.withdraw(claim, &granted).await;
                Outcome::Superseded
            }
            None => Outcome::Failed(Asked::Lost),
        }
    }

    /// New tokens of a connection that was disconnected meanwhile are nobody's.
    async fn withdraw(&self, claim: &Claim, granted: &Granted) {
        let found = self.parts.store.connection(claim.workspace, claim.id).await.ok().flatten();
        if found.is_some_and(|found| found.state == ConnectionState::Revoked) {
            self.revoke(&claim.provider, granted.refresh.as_ref(), Some(&granted.access)).await;
        }
    }

    async fn give_up(&self, claim: &Claim, reason: Reauth) -> Outcome {
        match self.write(claim, &Written::Over(reason)).await {
            Some(true) => {
                let provider = claim.provider.as_str();
                tracing::warn!(connection = %claim.id, provider, reason = reason.as_str(), "a connection needs somebody to sign in again");
                self.parts.metrics.needs_reauth();
            }
            Some(false) => return Outcome::Superseded,
            None => {}
        }
        Outcome::Failed(match reason {
            Reauth::Refused | Reauth::Expired => Asked::Refused,
            Reauth::Lost => Asked::Lost,
        })
    }

    async fn postpone(&self, claim: &Claim, failed: NotGranted) -> Outcome {
        let random = random_bytes().map_or(u32::MAX, u32::from_be_bytes);
        let pause_ms = match failed.asked {
            Asked::Unanswered => hung_pause_ms(claim.unknown_answers, random),
            _ => pause_ms(claim.failures.saturating_add(1), random),
        };
        let (provider, reason) = (claim.provider.as_str(), failed.word);
        if failed.asked == Asked::Misconfigured {
            let what =
                "a provider does not accept this server as its client, or how it asks; look at its configuration";
            tracing::warn!(connection = %claim.id, provider, reason, "{what}");
        } else {
            tracing::info!(connection = %claim.id, provider, reason, "a refresh failed");
        }
        let kept = self.write(claim, &Written::Postponed { pause_ms, failed }).await;
        if kept == Some(false) { Outcome::Superseded } else { Outcome::Failed(failed.asked) }
    }

    /// Writes down what an answer says, also if the database is away for a while. Whether the claim was still ours;
    /// `None` if the database did not come back.
    async fn write(&self, claim: &Claim, what: &Written<'_>) -> Option<bool> {
        let store = &self.parts.store;
        for _ in 0..WRITES_MAX {
            let written = match what {
                Written::Tokens(tokens) => store.keep_tokens(claim, tokens).await,
                Written::Postponed { pause_ms, failed } => {
                    let is_known = failed.asked.is_known();
                    // Without that word the count of unknown answers would be one of answers that were lost.
                    let word = if is_known && has_hung(claim) { UNANSWERED } else { failed.word };
                    store.postpone_refresh(claim, *pause_ms, word, is_known).await
                }
                Written::Over(reason) => {
                    store.need_reauth(claim, *reason, By::new(Actor::System, (self.parts.clock)())).await
                }
            };
            match written {
                Ok(ours) => return Some(ours),
                Err(error) => {
                    tracing::warn!(connection = %claim.id, %error, "a provider's answer can't be written down yet");
                    sleep(WRITE_AGAIN).await;
                }
            }
        }
        tracing::error!(connection = %claim.id, "a provider's answer was not written down");
        None
    }
}

/// Whether the last answer to this refresh token did not come in time.
fn has_hung(claim: &Claim) -> bool {
    claim.last_error.as_deref() == Some(UNANSWERED)
}
