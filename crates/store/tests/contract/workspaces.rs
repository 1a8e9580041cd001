use std::sync::{Arc, Mutex};

use ownkey_domain::money::NanoUsd;
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use ownkey_store::{Change, ChangeKind, StoreError, WorkspacePatch};

use crate::bed::{BY, Bed, new_api_key, new_credential, new_workspace};

crate::on_both! { made_found_and_listed external_ids_are_unique changed policy_changes deleting_ends_everything listeners_hear_first }

async fn made_found_and_listed(bed: Bed) {
    let store = &bed.store;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let new = new_workspace();
        let made = store.create_workspace(&new, BY).await.unwrap();
        assert_eq!(store.workspace(new.id).await.unwrap(), Some(made));
        ids.insert(0, new.id);
    }
    let first = store.workspaces(None, 2).await.unwrap();
    assert_eq!((first.items.iter().map(|w| w.id).collect::<Vec<_>>(), first.more), (ids[..2].to_vec(), true));
    let second = store.workspaces(Some(ids[1]), 2).await.unwrap();
    assert_eq!((second.items.iter().map(|w| w.id).collect::<Vec<_>>(), second.more), (ids[2..].to_vec(), false));
    assert_eq!(store.workspace(new_workspace().id).await.unwrap(), None);
}

async fn external_ids_are_unique(bed: Bed) {
    let store = &bed.store;
    let mut new = new_workspace();
    new.external_id = Some("acme-1".to_owned());
    let made = store.create_workspace(&new, BY).await.unwrap();
    assert_eq!(store.workspace_by_external_id("acme-1").await.unwrap(), Some(made));
    let mut other = new_workspace();
    other.external_id.clone_from(&new.external_id);
    assert!(matches!(store.create_workspace(&other, BY).await, Err(StoreError::Duplicate(_))));
    let third = bed.workspace().await;
    let patch = WorkspacePatch { external_id: Some(new.external_id.clone()), ..WorkspacePatch::default() };
    assert!(matches!(store.update_workspace(third, &patch, BY).await, Err(StoreError::Duplicate(_))));
    assert!(store.delete_workspace(new.id, BY).await.unwrap());
    assert_eq!(store.workspace_by_external_id("acme-1").await.unwrap(), None);
    store.create_workspace(&other, BY).await.unwrap();
}

async fn changed(bed: Bed) {
    let id = bed.workspace().await;
    let patch = WorkspacePatch {
        name: Some("New".to_owned()),
        external_id: Some(Some("x".to_owned())),
        plan: Some("pro".to_owned()),
        features: Some(Vec::new()),
        period_anchor: Some(None),
    };
    let after = bed.store.update_workspace(id, &patch, BY).await.unwrap().unwrap();
    assert_eq!((after.name.as_str(), after.plan.as_str(), after.period_anchor), ("New", "pro", None));
    assert_eq!(bed.store.workspace(id).await.unwrap(), Some(after.clone()));
    let nothing = WorkspacePatch::default();
    assert_eq!(bed.store.update_workspace(id, &nothing, BY).await.unwrap(), Some(after));
    assert_eq!(bed.store.update_workspace(new_workspace().id, &patch, BY).await.unwrap(), None);
}

async fn policy_changes(bed: Bed) {
    let id = bed.workspace().await;
    assert!(bed.store.set_policy(id, PayerPolicy::ByokOnly, &Fallback::default(), BY).await.unwrap());
    assert_eq!(bed.store.workspace(id).await.unwrap().unwrap().policy, PayerPolicy::ByokOnly);
    let consent =
        Fallback { on: vec![FallbackClass::Unavailable], daily_cap_usd: Some(NanoUsd::parse_usd("2.5").unwrap()) };
    assert!(bed.store.set_policy(id, PayerPolicy::ByokOnly, &consent, BY).await.unwrap());
    assert_eq!(bed.store.workspace(id).await.unwrap().unwrap().fallback, consent);
    assert_eq!(bed.store.routing(id).await.unwrap().unwrap().fallback, consent);
    assert!(!bed.store.set_policy(new_workspace().id, PayerPolicy::ByokOnly, &Fallback::default(), BY).await.unwrap());
}

async fn deleting_ends_everything(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    let key = new_api_key(id);
    store.create_api_key(&key, BY).await.unwrap().unwrap();
    let credential = new_credential(id, b"sealed");
    store.put_credential(&credential, BY).await.unwrap().unwrap();
    assert!(store.delete_workspace(id, BY).await.unwrap());
    assert!(!store.delete_workspace(id, BY).await.unwrap());
    assert_eq!(store.workspace(id).await.unwrap(), None);
    assert_eq!(store.routing(id).await.unwrap(), None);
    assert_eq!(store.caller(&key.lookup).await.unwrap(), None);
    assert!(store.credentials(id).await.unwrap().is_empty());
    assert_eq!(store.put_credential(&new_credential(id, b"x"), BY).await.unwrap(), None);
    assert_eq!(store.create_api_key(&new_api_key(id), BY).await.unwrap(), None);
    assert!(!store.audit(Some(id), None, 10).await.unwrap().items.is_empty());
}

async fn listeners_hear_first(bed: Bed) {
    let heard = Arc::new(Mutex::new(Vec::<Change>::new()));
    let ear = Arc::clone(&heard);
    bed.store.on_change(Box::new(move |change| ear.lock().unwrap().push(*change)));
    let id = bed.workspace().await;
    let change = Change { kind: ChangeKind::Workspace, workspace: id, subject: id.uuid() };
    assert_eq!(*heard.lock().unwrap(), [change]);
    let latest = bed.store.latest_change().await.unwrap();
    assert_eq!(bed.store.changes(latest - 1, 9).await.unwrap(), [(latest, change)]);
    assert!(!bed.store.set_policy(new_workspace().id, PayerPolicy::ByokOnly, &Fallback::default(), BY).await.unwrap());
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert_eq!(bed.store.latest_change().await.unwrap(), latest);
}
