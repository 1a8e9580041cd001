use std::time::Duration;

use ownkey_domain::provider::Provider;
use ownkey_store::{NewCredential, NewWorkspace, StoreConfig, WrappedDek};
use tokio::time::timeout;
use uuid::Uuid;

use super::*;

const WAIT: Duration = Duration::from_secs(20);
const NOW: Timestamp = Timestamp::from_millis(1_795_366_800_000);
const BY: By = By::new(Actor::Operator, NOW);

struct Bed {
    store: Store,
    health: KeyHealth,
    workspace: WorkspaceId,
    _dir: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreConfig::new(format!("sqlite://{}", dir.path().join("a.db").display()))).await;
        let store = store.unwrap();
        store.set_audit_mac(Arc::new(|_| [0; 32]));
        let workspace = WorkspaceId::from_uuid(Uuid::now_v7());
        let new = NewWorkspace {
            id: workspace,
            name: "Acme".to_owned(),
            external_id: None,
            plan: "default".to_owned(),
            features: Vec::new(),
            period_anchor: None,
            dek: WrappedDek { wrapped: vec![1], version: 1 },
        };
        store.create_workspace(&new, BY).await.unwrap();
        let health = KeyHealth::start(&store).await.unwrap();
        Self { store, health, workspace, _dir: dir }
    }

    async fn put_key(&self) -> Key {
        let id = CredentialId::from_uuid(Uuid::now_v7());
        let new = NewCredential {
            id,
            workspace: self.workspace,
            provider: Provider::OpenAi,
            origin: "https://api.openai.com".to_owned(),
            sealed: vec![1],
            secret_version: 1,
            hint: "…wxyz".to_owned(),
            test: None,
        };
        self.store.put_credential(&new, BY).await.unwrap().unwrap();
        (self.workspace, id)
    }

    fn refuse(&self, key: Key, times: i64) {
        for second in 0..times {
            self.health.seen(key, KeySeen::Refused, NOW.plus_millis(second * 1_000));
        }
    }

    fn remembered(&self) -> usize {
        self.health.refused.count.load(Ordering::Relaxed)
    }

    async fn until_remembered(&self, keys: usize) {
        let remembered = async {
            while self.remembered() != keys {
                tokio::task::yield_now().await;
            }
        };
        timeout(WAIT, remembered).await.unwrap();
    }

    async fn until_shown(&self, key: Key) {
        let shown = async {
            while self.store.credential(key.0, key.1).await.unwrap().unwrap().health.invalid_since.is_none() {}
        };
        timeout(WAIT, shown).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_has_ended_is_forgotten() {
    let bed = Bed::new().await;
    // Replaced after one refusal; after it was shown as invalid; removed; gone with its workspace.
    let first = bed.put_key().await;
    bed.refuse(first, 1);
    let second = bed.put_key().await;
    bed.until_remembered(0).await;
    bed.refuse(second, 3);
    bed.until_shown(second).await;
    let third = bed.put_key().await;
    bed.until_remembered(0).await;
    bed.refuse(third, 2);
    bed.store.remove_credential(bed.workspace, (Provider::OpenAi, None), BY).await.unwrap();
    bed.until_remembered(0).await;
    let last = bed.put_key().await;
    bed.refuse(last, 2);
    assert_eq!(bed.remembered(), 1);
    bed.store.delete_workspace(bed.workspace, BY).await.unwrap();
    bed.until_remembered(0).await;
    // A call that was under way tells of it later.
    bed.refuse(last, 3);
    bed.until_remembered(0).await;
}

#[tokio::test]
async fn a_key_that_stays_goes_on_counting() {
    let bed = Bed::new().await;
    let key = bed.put_key().await;
    bed.refuse(key, 2);
    // Another key's end is none of its business.
    bed.health.news.send((key, News::Stored)).await.unwrap();
    let other = (bed.workspace, CredentialId::from_uuid(Uuid::now_v7()));
    bed.refuse(other, 3);
    bed.until_remembered(1).await;
    bed.health.seen(key, KeySeen::Refused, NOW.plus_millis(5_000));
    bed.until_shown(key).await;
}

#[test]
fn when_there_is_no_room_those_that_are_not_shown_count_anew() {
    let (refused, key) = (Refused::default(), |n| CredentialId::from_uuid(Uuid::from_u128(n)));
    for n in 0..u128::try_from(KEYS_MAX).unwrap() {
        refused.put(key(n), (n < 10).then(|| Refusals::shown_since(NOW)));
        refused.after(key(n), KeySeen::Refused, NOW);
    }
    assert_eq!(refused.count.load(Ordering::Relaxed), KEYS_MAX);
    let new = key(u128::MAX);
    let turns: Vec<_> =
        (0..3).filter_map(|second| refused.after(new, KeySeen::Refused, NOW.plus_millis(second * 1_000))).collect();
    assert_eq!(turns, [Turn::Invalid(NOW)]);
    assert_eq!(refused.count.load(Ordering::Relaxed), 11);
}
