use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ownkey_domain::platform_key::LookupId;
use ownkey_store::{Caller, StoreError};

use crate::bed::{BY, Bed, NOW, new_api_key};

crate::on_both! { made_found_and_revoked kept_apart_by_workspace strangers_hold_up_nobody }

async fn made_found_and_revoked(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let (old, new) = (new_api_key(workspace), new_api_key(workspace));
    let made = store.create_api_key(&old, BY).await.unwrap().unwrap();
    assert_eq!(store.api_key(workspace, old.key.id).await.unwrap(), Some(made));
    store.create_api_key(&new, BY).await.unwrap().unwrap();
    assert!(matches!(store.create_api_key(&new, BY).await, Err(StoreError::Duplicate(_))));
    let page = store.api_keys(workspace, None, 1).await.unwrap();
    assert_eq!((page.items[0].id, page.more), (new.key.id, true));
    let page = store.api_keys(workspace, Some(new.key.id), 1).await.unwrap();
    assert_eq!((page.items[0].id, page.more), (old.key.id, false));
    let caller = Caller { key: old.key.clone(), limits: old.limits };
    assert_eq!(store.caller(&old.lookup).await.unwrap(), Some(caller));
    assert!(store.revoke_api_key(workspace, old.key.id, BY).await.unwrap());
    assert!(!store.revoke_api_key(workspace, old.key.id, BY).await.unwrap());
    assert_eq!(store.caller(&old.lookup).await.unwrap(), None);
    assert_eq!(store.api_key(workspace, old.key.id).await.unwrap().unwrap().revoked_at, Some(NOW));
}

async fn kept_apart_by_workspace(bed: Bed) {
    let (store, mine, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let key = new_api_key(mine);
    store.create_api_key(&key, BY).await.unwrap().unwrap();
    assert_eq!(store.api_key(other, key.key.id).await.unwrap(), None);
    assert!(store.api_keys(other, None, 9).await.unwrap().items.is_empty());
    assert!(!store.revoke_api_key(other, key.key.id, BY).await.unwrap());
}

/// Anyone may make up texts that look like platform keys, any number of them.
async fn strangers_hold_up_nobody(bed: Bed) {
    const STRANGERS: usize = 4_000;
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let known = new_api_key(workspace);
    store.create_api_key(&known, BY).await.unwrap().unwrap();
    // Was found once, as every caller of whom something is remembered.
    assert!(store.caller(&known.lookup).await.unwrap().is_some());
    let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let strangers: Vec<_> = (0..STRANGERS)
        .map(|n| {
            let (store, asked, answered) = (store.clone(), Arc::clone(&asked), Arc::clone(&answered));
            let lookup = LookupId::parse(&format!("{n:012}")).unwrap();
            tokio::spawn(async move {
                asked.fetch_add(1, Ordering::SeqCst);
                // Who waits too long is told to come again.
                assert!(!matches!(store.caller(&lookup).await, Ok(Some(_))));
                answered.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    while asked.load(Ordering::SeqCst) < STRANGERS {
        tokio::task::yield_now().await;
    }
    let before = answered.load(Ordering::SeqCst);
    assert!(store.workspace(workspace).await.unwrap().is_some());
    assert_eq!(store.caller(&known.lookup).await.unwrap().map(|caller| caller.key), Some(known.key));
    let meanwhile = answered.load(Ordering::SeqCst) - before;
    assert!(meanwhile < STRANGERS / 2, "whoever is known does not wait behind them: {meanwhile} were answered");
    for stranger in strangers {
        stranger.await.unwrap();
    }
}
