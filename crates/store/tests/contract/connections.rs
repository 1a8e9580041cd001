use std::time::Duration;

use ownkey_domain::connection::{ConnectionState, Reauth};
use ownkey_domain::id::{ConnectionId, SessionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Added, Claim, ConnectionStart, SealedTokens, Store};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW};

crate::on_both! {
    stored_shown_and_kept_apart claimed_by_one_and_only_when_due a_claim_that_was_taken_over_writes_nothing
    failures_postpone_and_unknown_answers_are_counted needing_somebody_ends_refreshes connected_again_fences_what_is_under_way
    a_refused_token_is_due_once_and_not_while_it_is_young disconnecting_overwrites_the_tokens a_way_back_counts_once_and_for_its_session what_is_due_is_told_by_provider
}

const LEASE_MS: i64 = 60_000;

fn new_id() -> ConnectionId {
    ConnectionId::from_uuid(Uuid::now_v7())
}

fn tokens(generation: u32, issued_at: Timestamp, due_at: Option<Timestamp>) -> SealedTokens {
    SealedTokens {
        issuer: "https://id.example.com:443".to_owned(),
        access: format!("access {generation}").into_bytes(),
        refresh: Some(format!("refresh {generation}").into_bytes()),
        generation,
        scopes: vec!["mail".to_owned()],
        issued_at,
        expires_at: due_at.map(|due| due.plus_millis(60_000)),
        due_at,
    }
}

/// A connection whose token is due since a second ago, or in an hour.
async fn connection(store: &Store, workspace: WorkspaceId, is_due: bool) -> ConnectionId {
    let (id, now) = (new_id(), store.database_time().await.unwrap());
    let due = now.plus_millis(if is_due { -1_000 } else { 3_600_000 });
    let added = store.add_connection((workspace, id), "google", &tokens(1, now, Some(due)), BY).await.unwrap();
    assert_eq!(added, Added::Stored);
    id
}

async fn claimed(store: &Store, id: ConnectionId, lease_ms: i64) -> Claim {
    store.claim_connection(id, lease_ms).await.unwrap().unwrap()
}

async fn state(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> (ConnectionState, Option<String>) {
    let found = store.connection(workspace, id).await.unwrap().unwrap();
    (found.state, found.last_error)
}

async fn stored_shown_and_kept_apart(bed: Bed) {
    let (store, mine, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let first = connection(store, mine, false).await;
    let second = connection(store, mine, false).await;
    let page = store.connections(mine, None, 1).await.unwrap();
    assert_eq!((page.items[0].id, page.more), (second, true));
    let page = store.connections(mine, Some(second), 1).await.unwrap();
    assert_eq!((page.items[0].id, page.more), (first, false));
    assert_eq!(page.items[0].scopes, ["mail"]);
    assert_eq!(store.connection(other, first).await.unwrap(), None);
    assert_eq!(store.held_token(other, first).await.unwrap(), None);
    assert!(store.connections(other, None, 9).await.unwrap().items.is_empty());
    assert!(!store.note_token(other, first, BY).await.unwrap() && store.note_token(mine, first, BY).await.unwrap());
    assert_eq!(store.disconnect(other, first, BY).await.unwrap(), None);
    let now = store.database_time().await.unwrap();
    assert!(store.reconnect((other, first), &tokens(3, now, None), BY).await.unwrap().is_none());
    let nowhere = WorkspaceId::from_uuid(Uuid::now_v7());
    let added = store.add_connection((nowhere, new_id()), "google", &tokens(1, NOW, None), BY).await.unwrap();
    assert_eq!(added, Added::NoWorkspace);
    let actions: Vec<_> = store.audit(Some(mine), None, 3).await.unwrap().items.into_iter().map(|e| e.action).collect();
    assert_eq!(actions, ["connection.token", "connection.create", "connection.create"]);
}

async fn claimed_by_one_and_only_when_due(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let later = connection(store, workspace, false).await;
    assert_eq!(store.claim_connection(later, LEASE_MS).await.unwrap(), None);
    let due = connection(store, workspace, true).await;
    let claims = futures_util::future::join_all((0..8).map(|_| store.claim_connection(due, LEASE_MS))).await;
    let claims: Vec<Claim> = claims.into_iter().filter_map(|claim| claim.unwrap()).collect();
    let [claim] = claims.as_slice() else { panic!("{} claims", claims.len()) };
    assert_eq!((claim.epoch, claim.unknown_answers, claim.until.millis() - claim.now.millis()), (1, 1, LEASE_MS));
    assert_eq!(claim.tokens.refresh.as_deref(), Some(&b"refresh 1"[..]));
    assert!(store.held_token(workspace, due).await.unwrap().unwrap().is_claimed);
    let next = tokens(2, claim.now, Some(claim.now.plus_millis(3_600_000)));
    assert!(store.keep_tokens(claim, &next).await.unwrap());
    let held = store.held_token(workspace, due).await.unwrap().unwrap();
    assert_eq!((held.generation, &held.access[..], held.is_claimed), (2, &b"access 2"[..], false));
    assert_eq!(store.claim_connection(due, LEASE_MS).await.unwrap(), None, "one refresh for a generation");
}

async fn a_claim_that_was_taken_over_writes_nothing(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let id = connection(store, workspace, true).await;
    let slow = claimed(store, id, 0).await;
    // Nobody has taken it over: late is no reason to lose an answer.
    let other = claimed(store, id, LEASE_MS).await;
    assert_eq!((other.epoch, other.unknown_answers), (2, 2));
    assert!(!store.keep_tokens(&slow, &tokens(2, slow.now, None)).await.unwrap());
    assert!(!store.postpone_refresh(&slow, 1, "x", true).await.unwrap());
    assert!(!store.need_reauth(&slow, Reauth::Refused, BY).await.unwrap());
    assert!(store.keep_tokens(&other, &tokens(2, other.now, None)).await.unwrap());
    let alone = connection(store, workspace, true).await;
    let late = claimed(store, alone, 0).await;
    assert!(store.keep_tokens(&late, &tokens(2, late.now, None)).await.unwrap(), "late, and still its own");
}

async fn failures_postpone_and_unknown_answers_are_counted(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let id = connection(store, workspace, true).await;
    let first = claimed(store, id, LEASE_MS).await;
    assert!(store.postpone_refresh(&first, 0, "unavailable", true).await.unwrap());
    // As whoever does not know whether the database took it.
    assert!(!store.postpone_refresh(&first, 0, "unavailable", true).await.unwrap(), "the claim is given back");
    assert_eq!(state(store, workspace, id).await, (ConnectionState::Active, Some("unavailable".to_owned())));
    let second = claimed(store, id, LEASE_MS).await;
    assert_eq!((second.unknown_answers, second.failures), (1, 1), "an answer that is known does not count");
    assert!(store.postpone_refresh(&second, 0, "answer_lost", false).await.unwrap());
    let third = claimed(store, id, LEASE_MS).await;
    assert_eq!((third.unknown_answers, third.failures), (2, 2));
    assert!(store.postpone_refresh(&third, 3_600_000, "unavailable", true).await.unwrap());
    assert_eq!(store.claim_connection(id, LEASE_MS).await.unwrap(), None, "not before the pause is over");
    assert_eq!(store.held_token(workspace, id).await.unwrap().unwrap().generation, 1);
}

async fn needing_somebody_ends_refreshes(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let id = connection(store, workspace, true).await;
    let claim = claimed(store, id, 0).await;
    assert!(store.need_reauth(&claim, Reauth::Refused, BY).await.unwrap());
    let needing = (ConnectionState::NeedsReauth, Some("refused_by_provider".to_owned()));
    assert_eq!(state(store, workspace, id).await, needing);
    assert_eq!(store.claim_connection(id, LEASE_MS).await.unwrap(), None);
    assert_eq!(store.audit(Some(workspace), None, 1).await.unwrap().items[0].action, "connection.needs_reauth");
}

async fn connected_again_fences_what_is_under_way(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let id = connection(store, workspace, true).await;
    let claim = claimed(store, id, LEASE_MS).await;
    let now = store.database_time().await.unwrap();
    let again = store.reconnect((workspace, id), &tokens(1, now, None), BY).await.unwrap();
    assert_eq!(again, None, "generations are used once");
    let former = store.reconnect((workspace, id), &tokens(3, now, None), BY).await.unwrap().unwrap();
    assert_eq!((former.tokens.generation, former.tokens.refresh.as_deref()), (1, Some(&b"refresh 1"[..])));
    assert!(!store.keep_tokens(&claim, &tokens(2, now, None)).await.unwrap());
    assert_eq!(state(store, workspace, id).await, (ConnectionState::Active, None));
    assert_eq!(store.held_token(workspace, id).await.unwrap().unwrap().generation, 3);
}

async fn a_refused_token_is_due_once_and_not_while_it_is_young(bed: Bed) {
    const YOUNG_MS: i64 = 60_000;
    let (store, workspace, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let (id, now) = (new_id(), store.database_time().await.unwrap());
    let (old, later) = (now.plus_millis(-YOUNG_MS), now.plus_millis(3_600_000));
    store.add_connection((workspace, id), "google", &tokens(1, old, Some(later)), BY).await.unwrap();
    let refuse = async |workspace, generation| store.refuse_token((workspace, id), generation, YOUNG_MS).await.unwrap();
    assert!(!refuse(other, 1).await && !refuse(workspace, 2).await);
    assert_eq!(store.claim_connection(id, LEASE_MS).await.unwrap(), None);
    assert!(refuse(workspace, 1).await && !refuse(workspace, 1).await, "due once");
    let claim = claimed(store, id, LEASE_MS).await;
    assert!(!refuse(workspace, 1).await, "it is being refreshed");
    assert!(store.postpone_refresh(&claim, 3_600_000, "unavailable", true).await.unwrap());
    assert!(!refuse(workspace, 1).await, "a provider that fails is left alone");
    assert!(store.reconnect((workspace, id), &tokens(3, claim.now, Some(later)), BY).await.unwrap().is_some());
    assert!(!refuse(workspace, 3).await, "it came just now");
    let bare = SealedTokens { refresh: None, ..tokens(4, old, None) };
    assert!(store.reconnect((workspace, id), &bare, BY).await.unwrap().is_some());
    assert!(!refuse(workspace, 4).await, "there is nothing to refresh it by");
}

async fn disconnecting_overwrites_the_tokens(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let (id, other) = (connection(store, workspace, true).await, connection(store, workspace, true).await);
    let claim = claimed(store, id, LEASE_MS).await;
    let ended = store.disconnect(workspace, id, BY).await.unwrap().unwrap();
    assert_eq!((ended.provider.as_str(), ended.tokens.refresh.as_deref()), ("google", Some(&b"refresh 1"[..])));
    assert_eq!(store.disconnect(workspace, id, BY).await.unwrap(), None);
    assert!(!store.keep_tokens(&claim, &tokens(2, claim.now, None)).await.unwrap());
    let held = store.held_token(workspace, id).await.unwrap().unwrap();
    assert_eq!((held.state, held.access.len()), (ConnectionState::Revoked, 0));
    assert_eq!(state(store, workspace, id).await.1, None);
    for whose in [id, other] {
        store.note_not_revoked((workspace, whose), BY).await.unwrap();
    }
    assert_eq!(state(store, workspace, id).await.1.as_deref(), Some("not_revoked"));
    assert_eq!(state(store, workspace, other).await.1, None, "one that lives has its own");
    let standing = store.standing_tokens(workspace).await.unwrap();
    assert!(matches!(&standing[..], [(id, left)] if *id == other && left.tokens.refresh.is_some()));
    assert!(store.delete_workspace(workspace, BY).await.unwrap());
    assert!(store.standing_tokens(workspace).await.unwrap().is_empty());
    assert_eq!(store.claim_connection(other, LEASE_MS).await.unwrap(), None);
    assert_eq!(state(store, workspace, other).await.0, ConnectionState::Revoked);
}

async fn a_way_back_counts_once_and_for_its_session(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let session = SessionId::from_uuid(Uuid::now_v7());
    let stranger = SessionId::from_uuid(Uuid::now_v7());
    let expires_at = NOW.plus_millis(1_000);
    let start =
        ConnectionStart { session, workspace, provider: "google".to_owned(), connection: Some(new_id()), expires_at };
    store.leave_for_provider(&[1; 32], &start, NOW).await.unwrap();
    assert_eq!(store.back_from_provider(&[1; 32], stranger, NOW).await.unwrap(), None);
    assert_eq!(store.back_from_provider(&[2; 32], session, NOW).await.unwrap(), None);
    assert_eq!(store.back_from_provider(&[1; 32], session, expires_at).await.unwrap(), None);
    assert_eq!(store.back_from_provider(&[1; 32], session, NOW).await.unwrap(), Some(start.clone()));
    assert_eq!(store.back_from_provider(&[1; 32], session, NOW).await.unwrap(), None);
    for n in 0..=20 {
        let start = ConnectionStart { expires_at: expires_at.plus_millis(n.into()), ..start.clone() };
        store.leave_for_provider(&[100 + n; 32], &start, NOW).await.unwrap();
    }
    assert_eq!(store.back_from_provider(&[100; 32], session, NOW).await.unwrap(), None, "the oldest is forgotten");
    assert!(store.back_from_provider(&[101; 32], session, NOW).await.unwrap().is_some());
}

async fn what_is_due_is_told_by_provider(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let none = store.due_connections("google", 9).await.unwrap();
    assert_eq!((none.connections.len(), none.next), (0, None));
    let (first, later) = (connection(store, workspace, true).await, connection(store, workspace, false).await);
    let due = store.due_connections("google", 9).await.unwrap();
    let in_an_hour = store.connection(workspace, later).await.unwrap().unwrap().due_at;
    assert_eq!((due.connections, due.next), (vec![first], in_an_hour));
    assert!(store.due_connections("slack", 9).await.unwrap().connections.is_empty());
    let claim = claimed(store, first, LEASE_MS).await;
    let due = store.due_connections("google", 9).await.unwrap();
    assert_eq!((due.connections.len(), due.next), (0, Some(claim.until)), "the end of a claim wakes the next");
    let drift = store.database_time().await.unwrap().millis() - due.now.millis();
    assert!((0..Duration::from_secs(60).as_millis().try_into().unwrap()).contains(&drift));
}
