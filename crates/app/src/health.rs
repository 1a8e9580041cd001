//! Learns the health of provider keys from the calls that go out on them, and writes it down when it turns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ownkey_domain::health::{KeySeen, Refusals, Turn};
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Actor, By, Health, Store};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Keys with refusals that are remembered. Beyond them nothing is learned of further keys until some work again.
const KEYS_MAX: usize = 10_000;
/// Turns that wait for the database; more are dropped, and come again with the next refusals.
const WAITING_MAX: usize = 1_024;
/// The code under which people see it.
const REFUSED: &str = "provider_key_invalid";

/// A key's state turned.
struct Turned {
    workspace: WorkspaceId,
    credential: CredentialId,
    turn: Turn,
    at: Timestamp,
}

/// What traffic has shown of keys that were refused.
pub struct KeyHealth {
    refused: Mutex<HashMap<CredentialId, Refusals>>,
    /// How many there are: most of the time none, and then a call need not wait for the lock.
    count: AtomicUsize,
    turned: Sender<Turned>,
}

impl KeyHealth {
    /// Starts from what the store shows, and writes down what turns, for as long as it lives.
    pub async fn start(store: &Store) -> ownkey_store::Result<Self> {
        let shown = store.keys_shown_invalid(u32::try_from(KEYS_MAX).unwrap_or(u32::MAX)).await?;
        let refused: HashMap<_, _> = shown.into_iter().map(|(id, since)| (id, Refusals::shown_since(since))).collect();
        let (turned, turns) = channel(WAITING_MAX);
        tokio::spawn(write_down(store.clone(), turns));
        Ok(Self { count: AtomicUsize::new(refused.len()), refused: Mutex::new(refused), turned })
    }

    /// Takes in how the provider took a key.
    pub fn seen(&self, (workspace, credential): (WorkspaceId, CredentialId), seen: KeySeen, at: Timestamp) {
        if seen == KeySeen::Accepted && self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Each entry is right by itself, whoever panicked.
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.get(&credential).copied();
        if before.is_none() && refused.len() >= KEYS_MAX {
            return;
        }
        let (after, turn) = Refusals::after(before, seen, at);
        match after {
            Some(refusals) => refused.insert(credential, refusals),
            None => refused.remove(&credential),
        };
        self.count.store(refused.len(), Ordering::Relaxed);
        drop(refused);
        if let Some(turn) = turn
            && self.turned.try_send(Turned { workspace, credential, turn, at }).is_err()
        {
            tracing::warn!(%credential, "the health of a provider key could not be noted");
        }
    }
}

async fn write_down(store: Store, mut turns: Receiver<Turned>) {
    while let Some(Turned { workspace, credential, turn, at }) = turns.recv().await {
        let health = match turn {
            Turn::Invalid(since) => {
                Health { last_error: Some(REFUSED.to_owned()), last_error_at: Some(at), invalid_since: Some(since) }
            }
            Turn::Cleared => match store.credential(workspace, credential).await {
                Ok(Some(known)) => Health { invalid_since: None, ..known.health },
                _ => Health::default(),
            },
        };
        // A key that has ended meanwhile is none any more.
        match store.set_health(workspace, credential, &health, By::new(Actor::System, at)).await {
            Ok(_) => tracing::info!(%workspace, %credential, ?turn, "the health of a provider key turned"),
            Err(error) => tracing::warn!(%credential, %error, "the health of a provider key could not be written"),
        }
    }
}
