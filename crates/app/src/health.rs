//! Learns the health of provider keys from the calls that go out on them, and writes it down when it turns.

mod exhausted;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use exhausted::Exhausted;
use ownkey_domain::health::{KeySeen, Refusals, Turn};
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Actor, By, ChangeKind, Health, Store};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Keys with refusals that are remembered. Beyond them those count anew that are not shown as invalid yet.
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
    /// The account of a key has no money.
    Exhausted(Timestamp),
    /// What is stored of a key has changed: its health, by a test or by traffic on another node, or it has ended.
    Stored,
}

/// What traffic has shown of keys that were refused.
pub struct KeyHealth {
    refused: Arc<Refused>,
    exhausted: Arc<Exhausted>,
    news: Sender<(Key, News)>,
}

impl KeyHealth {
    /// Starts from what the store shows, writes down what turns and hears what others write, for as long as the
    /// process lives.
    pub async fn start(store: &Store) -> ownkey_store::Result<Self> {
        let (news, heard) = channel(WAITING_MAX);
        let tell = news.clone();
        let refused = Arc::new(Refused::default());
        let known = Arc::clone(&refused);
        // Before reading what is shown, so that nothing is missed in between.
        store.on_change(Box::new(move |change| {
            let key = (change.workspace, CredentialId::from_uuid(change.subject));
            let concerns = match change.kind {
                ChangeKind::Health => true,
                // Most keys that come and go were never refused.
                ChangeKind::Credential => known.has(key.1),
                ChangeKind::Workspace | ChangeKind::ApiKey => false,
            };
            if concerns {
                // If there is no room, a turn that nobody hears of comes again with further calls.
                let _ = tell.try_send((key, News::Stored));
            }
        }));
        let shown = store.keys_shown_invalid(u32::try_from(KEYS_MAX).unwrap_or(u32::MAX)).await?;
        for (credential, since) in shown {
            refused.put(credential, Some(Refusals::shown_since(since)));
        }
        let exhausted = Arc::default();
        tokio::spawn(keep(store.clone(), heard, (Arc::clone(&refused), Arc::clone(&exhausted))));
        Ok(Self { refused, exhausted, news })
    }

    /// Takes in how the provider took a key.
    pub fn seen(&self, key: Key, seen: KeySeen, at: Timestamp) {
        if seen == KeySeen::Exhausted {
            if self.exhausted.is_news(key.1, at) && self.news.try_send((key, News::Exhausted(at))).is_err() {
                self.exhausted.take_back(key.1);
            }
            return;
        }
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
                keys.retain(|_, refusals| refusals.is_shown());
                if keys.len() >= KEYS_MAX {
                    return None;
                }
            }
            let (after, turn) = Refusals::after(before, seen, at);
            match after {
                Some(refusals) => keys.insert(credential, refusals),
                None => keys.remove(&credential),
            };
            turn
        })
    }

    fn has(&self, credential: CredentialId) -> bool {
        self.count.load(Ordering::Relaxed) > 0 && self.change(|keys| keys.contains_key(&credential))
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
async fn keep(store: Store, mut heard: Receiver<(Key, News)>, (refused, exhausted): (Arc<Refused>, Arc<Exhausted>)) {
    while let Some((key, news)) = heard.recv().await {
        match news {
            News::Turned(turn, at) => match write_down(&store, key, turn, at).await {
                Ok(true) => {
                    tracing::info!(workspace = %key.0, credential = %key.1, ?turn, "a provider key's health turned")
                }
                // It has ended meanwhile, and nothing will be heard of it again.
                Ok(false) => refused.put(key.1, None),
                Err(error) => {
                    refused.take_back(key.1, turn);
                    tracing::warn!(credential = %key.1, %error, "the health of a provider key could not be written");
                }
            },
            News::Exhausted(at) => {
                if let Err(error) = store.tell_exhausted(key.0, key.1, at).await {
                    exhausted.take_back(key.1);
                    tracing::warn!(credential = %key.1, %error, "that a provider key has no money could not be written");
                }
            }
            News::Stored => match store.credential(key.0, key.1).await {
                Ok(known) => match known.filter(|known| known.ended_at.is_none()) {
                    Some(known) => refused.put_stored(key.1, known.health.invalid_since),
                    None => refused.put(key.1, None),
                },
                Err(error) => tracing::warn!(credential = %key.1, %error, "the health of a provider key can't be read"),
            },
        }
    }
}

/// Writes a turn down. Whether there still is such a key.
async fn write_down(store: &Store, key: Key, turn: Turn, at: Timestamp) -> ownkey_store::Result<bool> {
    let health = match turn {
        Turn::Invalid(since) => {
            Health { last_error: Some(REFUSED.to_owned()), last_error_at: Some(at), invalid_since: Some(since) }
        }
        Turn::Cleared(_) => {
            let known = store.credential(key.0, key.1).await?;
            Health { invalid_since: None, ..known.map(|known| known.health).unwrap_or_default() }
        }
    };
    store.set_health(key.0, key.1, &health, By::new(Actor::System, at)).await
}

#[cfg(test)]
mod tests;
