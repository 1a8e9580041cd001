//! What calls hold is told to them when it changes, however long ago they asked for it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use crate::directory::*;

/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(5);

/// Has every workspace, and every platform key until they are revoked.
struct Everyone {
    revoked: Arc<AtomicBool>,
}

impl Source for Everyone {
    fn workspace_named<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn platform_key(&self, lookup: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
        let found = (!self.revoked.load(Ordering::SeqCst)).then(|| key(lookup));
        Box::pin(async move { Ok(found) })
    }

    fn workspace(&self, id: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
        Box::pin(async move { Ok(Some(workspace(id))) })
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

fn key(lookup: LookupId) -> PlatformKey {
    let number = lookup.as_str().parse().unwrap();
    PlatformKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
        workspace: workspace_id(number),
        scopes: Vec::new(),
        hash: [0; 32],
        pepper: 1,
        expires_at: Some(Timestamp::from_millis(1_000)),
        requests_per_minute: None,
        tokens_per_minute: None,
    }
}

fn workspace(id: WorkspaceId) -> Workspace {
    Workspace {
        id,
        plan: "default".to_owned(),
        features: Vec::new(),
        policy: PayerPolicy::ByokPreferred,
        agents: Agents::new(),
        fallback: Fallback::default(),
        budgets: Vec::new(),
        period_anchor: None,
        dek: None,
        credentials: Box::default(),
        known: Known::default(),
    }
}

fn workspace_id(number: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(number))
}

fn lookup(number: u128) -> LookupId {
    LookupId::parse(&format!("{number:012}")).unwrap()
}

fn directory() -> (Arc<Directory>, Arc<AtomicBool>) {
    let revoked = Arc::<AtomicBool>::default();
    (Arc::new(Directory::new(Box::new(Everyone { revoked: Arc::clone(&revoked) }), 100)), revoked)
}

#[tokio::test]
async fn a_key_may_call_until_it_expires_or_is_forgotten() {
    let (directory, _) = directory();
    let caller = directory.platform_key(lookup(1)).await.unwrap().unwrap();
    let now = Timestamp::from_millis(999);
    assert!(caller.may_call(now) && !caller.may_call(Timestamp::from_millis(1_000)));
    directory.forget_key(ApiKeyId::from_uuid(Uuid::from_u128(2)));
    assert!(caller.may_call(now));
    directory.forget_key(caller.id);
    assert!(!caller.may_call(now));
}

#[tokio::test]
async fn whoever_waits_is_told_and_looks_again() {
    let (directory, revoked) = directory();
    let caller = directory.platform_key(lookup(1)).await.unwrap().unwrap();
    let (held, _) = directory.workspace(workspace_id(1)).await.unwrap().unwrap();
    let waiting = tokio::spawn({
        let (caller, held) = (Arc::clone(&caller), Arc::clone(&held));
        async move { tokio::join!(caller.known.over(), held.known.over()) }
    });
    // Now it waits.
    tokio::task::yield_now().await;
    directory.forget_all();
    timeout(SOON, waiting).await.unwrap().unwrap();
    // Who asks only now learns it too.
    timeout(SOON, caller.known.over()).await.unwrap();

    let (again, there) = directory.look_again(&caller, Some(&held)).await.unwrap().unwrap();
    assert!(again.known.holds() && there.unwrap().known.holds());
    revoked.store(true, Ordering::SeqCst);
    directory.forget_key(again.id);
    assert!(directory.look_again(&again, Some(&held)).await.unwrap().is_none());
}

#[tokio::test]
async fn what_a_call_holds_is_not_crowded_out() {
    let (directory, _) = directory();
    let crowd = async |numbers: std::ops::Range<u128>| {
        for number in numbers {
            directory.platform_key(lookup(number)).await.unwrap();
            directory.workspace(workspace_id(number)).await.unwrap();
        }
    };
    // Those that were there first are crowded out last.
    crowd(0..1_000).await;
    let caller = directory.platform_key(lookup(1_000)).await.unwrap().unwrap();
    let (held, _) = directory.workspace(workspace_id(1_000)).await.unwrap().unwrap();
    crowd(1_001..2_000).await;
    directory.forget_key(caller.id);
    directory.forget_workspace(held.id);
    assert!(!caller.known.holds() && !held.known.holds());
}

#[tokio::test]
async fn all_calls_hold_the_same() {
    let (directory, _) = directory();
    let looks = (0..20).map(|_| {
        let directory = Arc::clone(&directory);
        tokio::spawn(async move { directory.platform_key(lookup(1)).await.unwrap().unwrap() })
    });
    let callers = futures_util::future::join_all(looks).await;
    let first = callers[0].as_ref().unwrap();
    assert!(callers.iter().all(|caller| Arc::ptr_eq(caller.as_ref().unwrap(), first)));
}
