use ownkey_domain::id::WorkspaceId;
use ownkey_store::{Rewrap, WrappedDek};

use crate::bed::{BY, Bed};

crate::on_both! { deks_are_replaced_only_where_they_are_what_was_read a_deleted_workspace_has_no_dek }

fn rewrap(workspace: Option<WorkspaceId>, from: &[u8], to: &[u8]) -> Rewrap {
    Rewrap { workspace, from: from.to_vec(), to: to.to_vec() }
}

async fn deks_are_replaced_only_where_they_are_what_was_read(bed: Bed) {
    let store = &bed.store;
    store.put_system_dek(&WrappedDek { wrapped: vec![9], version: 1 }).await.unwrap();
    let (one, two) = (bed.workspace().await, bed.workspace().await);
    assert_eq!(store.workspace_dek_count().await.unwrap(), 2);

    let moved = [rewrap(None, &[9], &[8]), rewrap(Some(one), &[1, 2, 3], &[4]), rewrap(Some(two), &[7], &[5])];
    assert_eq!(store.rewrap("new", &moved, BY).await.unwrap(), 2);
    assert_eq!(store.rewrap("new", &moved, BY).await.unwrap(), 0);
    assert_eq!(store.system_dek().await.unwrap().unwrap().wrapped, [8]);
    let deks = store.workspace_deks(None, 10).await.unwrap();
    let found: Vec<_> = deks.iter().map(|found| (found.workspace, found.dek.wrapped.as_slice())).collect();
    assert_eq!(found, [(one, &[4][..]), (two, &[1, 2, 3][..])]);
    assert_eq!(store.workspace_deks(Some(one), 10).await.unwrap().len(), 1);
    assert_eq!(store.workspace_deks(None, 1).await.unwrap()[0].workspace, one);

    // The second one changed nothing, so nothing is noted of it.
    let events = store.audit(None, None, 10).await.unwrap().items;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].action.as_str(), events[0].object.as_str()), ("vault.rotate", "new"));
}

async fn a_deleted_workspace_has_no_dek(bed: Bed) {
    let gone = bed.workspace().await;
    bed.store.delete_workspace(gone, BY).await.unwrap();
    assert_eq!(bed.store.workspace_deks(None, 10).await.unwrap(), []);
    let revived = [rewrap(Some(gone), &[1, 2, 3], &[4])];
    assert_eq!(bed.store.rewrap("new", &revived, BY).await.unwrap(), 0);
}
