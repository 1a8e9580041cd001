//! Callers and sealed credentials in memory: bounded, never written back, forgotten when they change.

mod known;

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use futures_util::future::BoxFuture;
use ownkey_domain::agent::Agents;
use ownkey_domain::budget::Budget;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, CredentialId, WorkspaceId};
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::policy::{Fallback, PayerPolicy};
use ownkey_domain::provider::Provider;
use ownkey_domain::response::{ChainTokens, ResponseId};
use ownkey_domain::time::Timestamp;
use ownkey_vault::{Origin, Sealed, WrappedDek};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

pub use self::known::Known;
use self::known::{Held, held};

/// Reads of the source at once by calls that look again: all that are under way do so at once when everything is
/// forgotten, and those that find their answer in memory then wait for few others only.
const LOOKS_AGAIN_MAX: usize = 8;

/// Who calls: a platform key as the directory knows it.
pub struct Caller {
    /// The key.
    pub key: PlatformKey,
    /// Whether it is still what the directory knows.
    pub known: Known,
    lookup: LookupId,
}

impl Caller {
    /// Whether the key still works at that moment.
    pub fn may_call(&self, now: Timestamp) -> bool {
        self.known.holds() && self.is_live(now)
    }
}

impl Deref for Caller {
    type Target = PlatformKey;

    fn deref(&self) -> &PlatformKey {
        &self.key
    }
}

/// What a call needs to know of its workspace.
pub struct Workspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// Id of its plan.
    pub plan: String,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Who it wants to pay.
    pub policy: PayerPolicy,
    /// The models that it has chosen for its agents.
    pub agents: Agents,
    /// When managed access may step in for its own keys.
    pub fallback: Fallback,
    /// The bounds that it has set itself.
    pub budgets: Vec<Budget>,
    /// When its periods begin, if not with the calendar's months.
    pub period_anchor: Option<Timestamp>,
    /// Its data key, wrapped; absent if the row is damaged.
    pub dek: Option<WrappedDek>,
    /// Its provider keys, sealed.
    pub credentials: Box<[Credential]>,
    /// Whether it is still what the directory knows.
    pub known: Known,
}

/// A stored provider key, sealed.
pub struct Credential {
    /// Its id, never reused.
    pub id: CredentialId,
    /// Whose key it is.
    pub provider: Provider,
    /// The one place it may be sent to; absent if the row is damaged.
    pub origin: Option<Origin>,
    /// The key, sealed; absent if the row is damaged.
    pub sealed: Option<Sealed>,
    /// Version of the secret within its row.
    pub version: u32,
}

impl Workspace {
    /// The workspace's key at a provider.
    pub fn credential(&self, provider: Provider) -> Option<&Credential> {
        self.credentials.iter().find(|c| c.provider == provider)
    }
}

/// Until when the directory may use what it remembers. Whoever hears of the changes that others make extends it;
/// when that ends, so does the trust, and calls are refused until it is extended again.
#[derive(Debug)]
pub struct Trust {
    base: Instant,
    // Nanoseconds behind `base`, exclusive; the largest number is for ever.
    until: AtomicU64,
}

impl Trust {
    /// Where nobody else can change anything.
    pub fn always() -> Self {
        Self { base: Instant::now(), until: AtomicU64::new(u64::MAX) }
    }

    /// None until it is first extended.
    pub fn until_extended() -> Self {
        Self { base: Instant::now(), until: AtomicU64::new(0) }
    }

    /// What is remembered may be used until then.
    pub fn extend(&self, until: Instant) {
        let nanos = until.saturating_duration_since(self.base).as_nanos();
        self.until.fetch_max(u64::try_from(nanos).unwrap_or(u64::MAX - 1), Ordering::SeqCst);
    }

    /// Whether it may be used now.
    pub fn holds(&self) -> bool {
        let until = self.until.load(Ordering::SeqCst);
        until == u64::MAX || self.base.elapsed().as_nanos() < u128::from(until)
    }
}

/// Nothing remembered may be used, so nothing can be looked up and still be true when the call goes out.
#[derive(Debug, thiserror::Error)]
#[error("changes made elsewhere have not been heard of for too long")]
struct Untrusted;

/// The directory could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be read")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where the directory looks on a miss.
pub trait Source: Send + Sync {
    /// The platform key with that lookup id, unless it is revoked.
    fn platform_key(&self, lookup: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>>;

    /// The workspace that the product calls so, unless it is deleted.
    fn workspace_named<'a>(&'a self, external_id: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>>;

    /// The workspace, unless it is deleted.
    fn workspace(&self, id: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>>;

    /// The conversation behind a response that the workspace made at that provider on managed access. Knows of every
    /// one whose receipt was written before.
    fn chain<'a>(
        &'a self,
        workspace: WorkspaceId,
        at: Provider,
        id: &'a ResponseId,
    ) -> BoxFuture<'a, Result<Option<ChainTokens>, SourceError>>;
}

/// The cache. A miss reads the [`Source`]; a change must be told before it is acknowledged to anyone.
pub struct Directory {
    source: Box<dyn Source>,
    trust: Arc<Trust>,
    keys: Held<LookupId, Caller>,
    // What no key has: whoever tries one again and again costs one reading.
    no_keys: Cache<LookupId, ()>,
    workspaces: Held<WorkspaceId, Workspace>,
    names: Cache<String, WorkspaceId>,
    generation: AtomicU64,
    // Held for reading by whoever inserts, for writing by whoever forgets: a row read before a change can't
    // be inserted after it.
    inserting: RwLock<()>,
    looks_again: Semaphore,
}

/// Which state of the directory a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Directory {
    /// A directory over that source which keeps at most so many entries of each kind. It hears of every change.
    pub fn new(source: Box<dyn Source>, entries_max: usize) -> Self {
        Self {
            source,
            trust: Arc::new(Trust::always()),
            keys: held(entries_max),
            no_keys: Cache::new(entries_max),
            workspaces: held(entries_max),
            names: Cache::new(entries_max),
            generation: AtomicU64::new(0),
            inserting: RwLock::new(()),
            looks_again: Semaphore::new(LOOKS_AGAIN_MAX),
        }
    }

    /// The same, but used only while that trust holds: others change things too, and may not be heard.
    pub fn while_trusted(self, trust: Arc<Trust>) -> Self {
        Self { trust, ..self }
    }

    /// Whether it may be used now: without trust no caller is known.
    pub fn is_trusted(&self) -> bool {
        self.trust.holds()
    }

    /// The platform key with that lookup id.
    pub async fn platform_key(&self, lookup: LookupId) -> Result<Option<Arc<Caller>>, SourceError> {
        self.trusted()?;
        if let Some(caller) = self.keys.get(&lookup) {
            return Ok(Some(caller));
        }
        if self.no_keys.get(&lookup).is_some() {
            return Ok(None);
        }
        let before = self.generation();
        let Some(key) = self.source.platform_key(lookup).await? else {
            self.insert_if_unchanged(before, || self.no_keys.insert(lookup, ()));
            return Ok(None);
        };
        let caller = Arc::new(Caller { key, known: Known::default(), lookup });
        let kept = self.insert_if_unchanged(before, || first(&self.keys, lookup, &caller));
        // What is not kept can't be forgotten later: whoever holds it looks again before it counts.
        kept.is_none().then(|| caller.known.end());
        Ok(Some(kept.unwrap_or(caller)))
    }

    /// The workspace that the product calls so.
    pub async fn workspace_named(&self, external_id: &str) -> Result<Option<WorkspaceId>, SourceError> {
        self.trusted()?;
        if let Some(id) = self.names.get(external_id) {
            return Ok(Some(id));
        }
        let before = self.generation();
        let Some(id) = self.source.workspace_named(external_id).await? else { return Ok(None) };
        self.insert_if_unchanged(before, || self.names.insert(external_id.to_owned(), id));
        Ok(Some(id))
    }

    /// The workspace, with the generation its state belongs to.
    pub async fn workspace(&self, id: WorkspaceId) -> Result<Option<(Arc<Workspace>, Generation)>, SourceError> {
        self.trusted()?;
        let before = self.generation();
        if let Some(workspace) = self.workspaces.get(&id) {
            return Ok(Some((workspace, before)));
        }
        let Some(workspace) = self.source.workspace(id).await?.map(Arc::new) else { return Ok(None) };
        let kept = self.insert_if_unchanged(before, || first(&self.workspaces, id, &workspace));
        kept.is_none().then(|| workspace.known.end());
        Ok(Some((kept.unwrap_or(workspace), before)))
    }

    /// The conversation behind a response that the workspace made at that provider on managed access. Not remembered:
    /// few calls ask, each for another one.
    pub async fn chain(
        &self,
        workspace: WorkspaceId,
        at: Provider,
        id: &ResponseId,
    ) -> Result<Option<ChainTokens>, SourceError> {
        self.source.chain(workspace, at, id).await
    }

    /// What has become of a caller and of the workspace that it calls for; `None` if either is gone.
    pub async fn look_again(
        &self,
        caller: &Caller,
        workspace: Option<&Workspace>,
    ) -> Result<Option<(Arc<Caller>, Option<Arc<Workspace>>)>, SourceError> {
        // The semaphore is never closed.
        let _turn = self.looks_again.acquire().await.ok();
        let Some(caller) = self.platform_key(caller.lookup).await? else { return Ok(None) };
        let Some(workspace) = workspace else { return Ok(Some((caller, None))) };
        let found = self.workspace(workspace.id).await?;
        Ok(found.map(|(workspace, _)| (caller, Some(workspace))))
    }

    /// Whether what was decided for a workspace as it was in that generation still stands. When in doubt, no: the
    /// call then decides anew.
    pub fn still_current(&self, since: Generation, workspace: &Arc<Workspace>) -> bool {
        if !self.trust.holds() {
            return false;
        }
        self.generation() == since
            || self.workspaces.get(&workspace.id).is_some_and(|known| Arc::ptr_eq(&known, workspace))
    }

    /// Forgets a platform key, also that there was none: it may be new. Looks through all of them: keys are made and
    /// revoked rarely and read all the time.
    pub fn forget_key(&self, id: ApiKeyId) {
        self.forget(|| {
            self.no_keys.clear();
            self.keys.retain(|_, caller| {
                let stays = caller.id != id;
                if !stays {
                    caller.known.end();
                }
                stays
            });
        });
    }

    /// Forgets a workspace with its credentials.
    pub fn forget_workspace(&self, id: WorkspaceId) {
        self.forget(|| {
            if let Some((_, workspace)) = self.workspaces.remove(&id) {
                workspace.known.end();
            }
            self.names.retain(|_, named| *named != id);
        });
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.forget(|| {
            self.no_keys.clear();
            self.keys.retain(|_, caller| {
                caller.known.end();
                false
            });
            self.workspaces.retain(|_, workspace| {
                workspace.known.end();
                false
            });
            self.names.clear();
        });
    }

    /// Also what would be read now is not looked up: with the trust gone, nothing would tell of a change between
    /// reading it and sending the call.
    fn trusted(&self) -> Result<(), SourceError> {
        if self.is_trusted() { Ok(()) } else { Err(SourceError(Box::new(Untrusted))) }
    }

    fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    fn insert_if_unchanged<T>(&self, since: Generation, insert: impl FnOnce() -> T) -> Option<T> {
        let _inserting = self.inserting.read().unwrap_or_else(PoisonError::into_inner);
        (self.generation() == since).then(insert)
    }

    fn forget(&self, remove: impl FnOnce()) {
        let _nobody_inserts = self.inserting.write().unwrap_or_else(PoisonError::into_inner);
        // In this order: whoever sees the new generation must not find the old entry.
        remove();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

/// What is kept under that key: the one that is there already, if another look was quicker, so that all calls hold
/// the one that is forgotten.
fn first<K: Eq + std::hash::Hash + Clone, T>(cache: &Held<K, T>, key: K, new: &Arc<T>) -> Arc<T> {
    let Ok(kept) = cache.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::clone(new)));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Has workspaces of any id and no keys, but says how often it was asked for one.
    #[derive(Default)]
    struct Empty(Arc<AtomicU64>);

    impl Source for Empty {
        fn workspace_named<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>> {
            Box::pin(async { Ok(None) })
        }

        fn platform_key(&self, _: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(None) })
        }

        fn workspace(&self, id: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
            let (plan, policy) = ("default".to_owned(), PayerPolicy::ByokPreferred);
            Box::pin(async move {
                Ok(Some(Workspace {
                    id,
                    plan,
                    policy,
                    features: Vec::new(),
                    agents: Agents::new(),
                    fallback: Fallback::default(),
                    budgets: Vec::new(),
                    period_anchor: None,
                    dek: None,
                    credentials: Box::default(),
                    known: Known::default(),
                }))
            })
        }

        fn chain<'a>(
            &'a self,
            _: WorkspaceId,
            _: Provider,
            _: &'a ResponseId,
        ) -> BoxFuture<'a, Result<Option<ChainTokens>, SourceError>> {
            Box::pin(async { Ok(None) })
        }
    }

    #[tokio::test]
    async fn a_key_that_nobody_has_is_looked_up_once_until_keys_change() {
        let asked = Arc::new(AtomicU64::new(0));
        let directory = Directory::new(Box::new(Empty(Arc::clone(&asked))), 10);
        let nobody = LookupId::parse("aaaaaaaaaaaa").unwrap();
        for round in 1..4 {
            for _ in 0..100 {
                assert!(directory.platform_key(nobody).await.unwrap().is_none());
            }
            assert_eq!(asked.load(Ordering::SeqCst), round);
            // As when a key is made or revoked, on whatever node.
            directory.forget_key("key_00000000000000000000000000000001".parse().unwrap());
        }
        // However many there are, no more are remembered than there is room for.
        for n in 0..1_000 {
            let other = LookupId::parse(&format!("{n:012}")).unwrap();
            assert!(directory.platform_key(other).await.unwrap().is_none());
        }
        assert!(directory.no_keys.len() <= 10);
    }

    #[tokio::test]
    async fn a_decision_stands_until_its_workspace_changes() {
        let directory = Directory::new(Box::new(Empty::default()), 10);
        let (one, other) = ("ws_00000000000000000000000000000001", "ws_00000000000000000000000000000002");
        let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
        let (workspace, since) = directory.workspace(one).await.unwrap().unwrap();
        directory.forget_workspace(other);
        assert!(directory.still_current(since, &workspace));
        directory.forget_workspace(one);
        assert!(!directory.still_current(since, &workspace));
        // It may be as it was, and may not: whoever decided on the old one decides anew.
        let (again, later) = directory.workspace(one).await.unwrap().unwrap();
        assert!(!directory.still_current(since, &workspace) && directory.still_current(later, &again));
    }

    #[tokio::test]
    async fn without_trust_nothing_is_found_and_nothing_goes_out() {
        let trust = Arc::new(Trust::until_extended());
        let directory = Directory::new(Box::new(Empty::default()), 10).while_trusted(Arc::clone(&trust));
        let id = "ws_00000000000000000000000000000001".parse().unwrap();
        assert!(directory.workspace(id).await.is_err());

        trust.extend(Instant::now() + Duration::from_secs(600));
        let (workspace, since) = directory.workspace(id).await.unwrap().unwrap();
        assert!(directory.still_current(since, &workspace));

        // A moment that has passed does not shorten it; one that passes ends it.
        trust.extend(Instant::now());
        assert!(trust.holds());
        let brief = Arc::new(Trust::until_extended());
        let directory = directory.while_trusted(Arc::clone(&brief));
        brief.extend(Instant::now() + Duration::from_millis(5));
        std::thread::sleep(Duration::from_millis(6));
        assert!(directory.workspace(id).await.is_err() && !directory.still_current(since, &workspace));
        assert!(Trust::always().holds());
    }
}
