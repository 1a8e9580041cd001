//! Learns the health of provider keys from the calls that go out on them, and writes it down when it turns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ownkey_domain::health::{KeySeen, Refusals, Turn};
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Actor, By, ChangeKind, Health, Store};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Keys with refusals that are remembered. Beyond them nothing is learned of further keys until some work again.
const KEYS_MAX: usize = 10_000;
/// News that wait for the database; more are dropped.
const WAITING_MAX: usize = 1_024;
/// The code under which people see it.
const REFUSED: &str = "provider_key_invalid";

type Key = (WorkspaceId, CredentialId);

/// What the database has to hear, or to tell.
enum News {
    /// Traffic here has turned a key's state.
    Turned(Turn, Timestamp),
    /// What is stored of a key's health has changed: by a test, or by traffic on another node.
    Stored,
}

/// What traffic has shown of keys that were refused.
pub struct KeyHealth {
    refused: Arc<Refused>,
    news: Sender<(Key, News)>,
}

impl KeyHealth {
    /// Starts from what the store shows, writes down what turns and hears what others write, for as long as the
    /// process lives.
    pub async fn start(store: &Store) -> ownkey_store::Result<Self> {
        let (news, heard) = channel(WAITING_MAX);
        let tell = news.clone();
        // Before reading what is shown, so that nothing is missed in between.
        store.on_change(Box::new(move |change| {
            if change.kind == ChangeKind::Health {
                let key = (change.workspace, CredentialId::from_uuid(change.subject));
                // If there is no room, a turn that nobody hears of comes again with further calls.
                let _ = tell.try_send((key, News::Stored));
            }
        }));
        let shown = store.keys_shown_invalid(u32::try_from(KEYS_MAX).unwrap_or(u32::MAX)).await?;
        let refused = Arc::new(Refused::default());
        for (credential, since) in shown {
            refused.put(credential, Some(Refusals::shown_since(since)));
        }
        tokio::spawn(keep(store.clone(), heard, Arc::clone(&refused)));
        Ok(Self { refused, news })
    }

    /// Takes in how the provider took a key.
    pub fn seen(&self, key: Key, seen: KeySeen, at: Timestamp) {
        let Some(turn) = self.refused.after(key.1, seen, at) else { return };
        if self.news.try_send((key, News::Turned(turn, at))).is_err() {
            self.refused.take_back(key.1, turn);
            tracing::warn!(credential = %key.1, "the health of a provider key could not be noted");
        }
    }
}

/// The refusals of every key that was not accepted since.
#[derive(Default)]
struct Refused {
    keys: Mutex<HashMap<CredentialId, Refusals>>,
    /// How many there are: most of the time none, and then a call need not wait for the lock.
    count: AtomicUsize,
}

impl Refused {
    fn after(&self, credential: CredentialId, seen: KeySeen, at: Timestamp) -> Option<Turn> {
        if seen == KeySeen::Accepted && self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.change(|keys| {
            let before = keys.get(&credential).copied();
            if before.is_none() && keys.len() >= KEYS_MAX {
                return None;
            }
            let (after, turn) = Refusals::after(before, seen, at);
            match after {
                Some(refusals) => keys.insert(credential, refusals),
                None => keys.remove(&credential),
            };
            turn
        })
    }

    fn put(&self, credential: CredentialId, refusals: Option<Refusals>) {
        self.change(|keys| match refusals {
            Some(refusals) => keys.insert(credential, refusals),
            None => keys.remove(&credential),
        });
    }

    /// What is stored is what is shown. Refusals that are not shown yet go on counting.
    fn put_stored(&self, credential: CredentialId, invalid_since: Option<Timestamp>) {
        let shown = invalid_since.map(Refusals::shown_since);
        self.change(|keys| match shown {
            Some(shown) => drop(keys.insert(credential, shown)),
            None => keys.retain(|id, refusals| *id != credential || !refusals.is_shown()),
        });
    }

    /// A turn was not written down: what further calls show brings it again.
    fn take_back(&self, credential: CredentialId, turn: Turn) {
        match turn {
            Turn::Invalid(_) => self.put(credential, None),
            Turn::Cleared(since) => self.put(credential, Some(Refusals::shown_since(since))),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<CredentialId, Refusals>) -> T) -> T {
        // Each entry is right by itself, whoever panicked.
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut keys);
        self.count.store(keys.len(), Ordering::Relaxed);
        changed
    }
}

/// Keeps the store and the memory in step.
async fn keep(store: Store, mut heard: Receiver<(Key, News)>, refused: Arc<Refused>) {
    while let Some((key, news)) = heard.recv().await {
        match news {
            News::Turned(turn, at) => match write_down(&store, key, turn, at).await {
                Ok(()) => {
                    tracing::info!(workspace = %key.0, credential = %key.1, ?turn, "a provider key's health turned")
                }
                Err(error) => {
                    refused.take_back(key.1, turn);
                    tracing::warn!(credential = %key.1, %error, "the health of a provider key could not be written");
                }
            },
            News::Stored => match store.credential(key.0, key.1).await {
                Ok(known) => {
                    let since = known.and_then(|known| known.health.invalid_since);
                    refused.put_stored(key.1, since);
                }
                Err(error) => tracing::warn!(credential = %key.1, %error, "the health of a provider key can't be read"),
            },
        }
    }
}

async fn write_down(store: &Store, key: Key, turn: Turn, at: Timestamp) -> ownkey_store::Result<()> {
    let health = match turn {
        Turn::Invalid(since) => {
            Health { last_error: Some(REFUSED.to_owned()), last_error_at: Some(at), invalid_since: Some(since) }
        }
        Turn::Cleared(_) => {
            let known = store.credential(key.0, key.1).await?;
            Health { invalid_since: None, ..known.map(|known| known.health).unwrap_or_default() }
        }
    };
    // A key that has ended meanwhile is none any more.
    store.set_health(key.0, key.1, &health, By::new(Actor::System, at)).await.map(drop)
}
