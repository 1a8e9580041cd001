use ownkey_domain::id::{ApiKeyId, SessionId, UserId, WorkspaceId};
use ownkey_domain::person::Role;
use ownkey_domain::time::Timestamp;
use ownkey_store::{
    Account, Actor, By, EndedBy, Joined, KeyPurpose, LinkKind, LinkState, MemberChange, NewLink, NewSession, NewUser,
    OPEN_INVITES_MAX, Store, StoreError,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, new_api_key, new_workspace};

crate::on_both! {
    one_person_becomes_the_operator one_link_makes_one_person invitations a_workspace_keeps_an_owner
    invitations_are_listed_and_taken_back leaving_ends_keys sessions_end a_new_password_ends_sessions links_come_to_an_end
}

const DAY_MS: i64 = 24 * 3_600_000;

fn new_user(mail: &str) -> NewUser {
    let id = UserId::from_uuid(Uuid::now_v7());
    NewUser { id, mail: mail.parse().unwrap(), name: "Dana".to_owned(), password: "$argon2id$1".to_owned() }
}

fn link(n: u8, kind: LinkKind) -> NewLink {
    NewLink { hash: [n; 32], kind, expires_at: NOW.plus_millis(DAY_MS) }
}

fn invite(n: u8, workspace: WorkspaceId, mail: &str, role: Role) -> NewLink {
    link(n, LinkKind::Invite { workspace, mail: mail.parse().unwrap(), role })
}

/// Somebody who accepted an invitation to that workspace.
async fn member(store: &Store, workspace: WorkspaceId, mail: &str, role: Role) -> UserId {
    let hash = Uuid::now_v7().simple().to_string().into_bytes().try_into().unwrap();
    let invite = NewLink { hash, ..invite(0, workspace, mail, role) };
    assert!(store.create_link(&invite, BY).await.unwrap());
    let new = new_user(mail);
    assert_eq!(store.accept_invite(&hash, Joined::New(&new), BY).await.unwrap(), Some(workspace));
    new.id
}

fn new_session(account: &Account, n: u8) -> NewSession {
    NewSession {
        id: SessionId::from_uuid(Uuid::now_v7()),
        hash: [n; 32],
        user: account.user.id,
        epoch: account.epoch,
        expires_at: NOW.plus_millis(30 * DAY_MS),
        user_agent: "Firefox".to_owned(),
    }
}

async fn one_person_becomes_the_operator(bed: Bed) {
    let store = &bed.store;
    assert!(!store.has_operator().await.unwrap());
    store.create_link(&link(1, LinkKind::Setup), BY).await.unwrap();
    store.create_link(&link(2, LinkKind::Setup), BY).await.unwrap();
    // Others may be there before.
    member(store, bed.workspace().await, "gus@example.com", Role::Owner).await;
    assert!(!store.has_operator().await.unwrap());
    let (first, workspace) = (new_user("dana@example.com"), new_workspace());
    let taken = store.set_up(&[1; 32], (&new_user("gus@example.com"), None), BY).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))));
    assert_eq!(store.set_up(&[9; 32], (&first, None), BY).await.unwrap(), Some(false));
    assert_eq!(store.set_up(&[1; 32], (&first, Some(&workspace)), BY).await.unwrap(), Some(true));
    let account = store.account(&first.mail).await.unwrap().unwrap();
    assert!(account.user.is_operator && account.user.id == first.id && account.password == first.password);
    assert_eq!(store.account_of(first.id).await.unwrap(), Some(account));
    let memberships = store.memberships(first.id).await.unwrap();
    assert_eq!(memberships.iter().map(|m| (m.workspace, m.role)).collect::<Vec<_>>(), [(workspace.id, Role::Owner)]);
    // Another link, or the same one, makes no second operator.
    for n in [1, 2] {
        assert_eq!(store.set_up(&[n; 32], (&new_user("eli@example.com"), None), BY).await.unwrap(), None);
    }
    assert!(store.has_operator().await.unwrap());
}

async fn one_link_makes_one_person(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    store.create_link(&invite(1, workspace, "eli@example.com", Role::Member), BY).await.unwrap();
    let mut accepting = JoinSet::new();
    for n in 0..8 {
        let (store, new) = (store.clone(), new_user(&format!("eli{n}@example.com")));
        accepting.spawn(async move { store.accept_invite(&[1; 32], Joined::New(&new), BY).await.unwrap() });
    }
    assert_eq!(accepting.join_all().await.into_iter().flatten().collect::<Vec<_>>(), [workspace]);
    assert_eq!(store.members(workspace).await.unwrap().len(), 1);
}

async fn invitations(bed: Bed) {
    let (store, workspace, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let eli = member(store, workspace, "eli@example.com", Role::Admin).await;
    assert_eq!(store.role(workspace, eli).await.unwrap(), Some(Role::Admin));
    assert_eq!(store.role(other, eli).await.unwrap(), None);
    assert_eq!(store.member(other, eli).await.unwrap(), None);
    assert_eq!(store.members(other).await.unwrap(), []);

    // Somebody who is known joins another workspace; an invitation takes nothing away.
    let account = store.account_of(eli).await.unwrap().unwrap();
    assert!(store.begin_session(&new_session(&account, 1), BY).await.unwrap());
    for (n, workspace, role) in [(1, other, Role::Viewer), (2, workspace, Role::Viewer)] {
        store.create_link(&invite(n, workspace, "eli@example.com", role), BY).await.unwrap();
        store.accept_invite(&[n; 32], Joined::Known(eli), BY).await.unwrap().unwrap();
    }
    assert_eq!(store.role(other, eli).await.unwrap(), Some(Role::Viewer));
    assert_eq!(store.role(workspace, eli).await.unwrap(), Some(Role::Admin));
    assert_eq!(store.session(&[1; 32], NOW).await.unwrap(), None);

    // Nobody gets a second account, and the link still works.
    store.create_link(&invite(3, other, "eli@example.com", Role::Member), BY).await.unwrap();
    let again = new_user("eli@example.com");
    assert!(matches!(store.accept_invite(&[3; 32], Joined::New(&again), BY).await, Err(StoreError::Duplicate(_))));
    store.accept_invite(&[3; 32], Joined::Known(eli), BY).await.unwrap().unwrap();
    assert_eq!(store.role(other, eli).await.unwrap(), Some(Role::Member));

    // The workspace is gone.
    store.create_link(&invite(4, other, "gus@example.com", Role::Member), BY).await.unwrap();
    store.delete_workspace(other, BY).await.unwrap();
    assert_eq!(store.accept_invite(&[4; 32], Joined::New(&new_user("gus@example.com")), BY).await.unwrap(), None);
    assert_eq!(store.memberships(eli).await.unwrap().len(), 1);
    let actions: Vec<_> =
        store.audit(Some(workspace), None, 20).await.unwrap().items.into_iter().map(|event| event.action).collect();
    assert_eq!(actions, ["member.invite", "member.join", "member.invite", "workspace.create"]);
}

async fn invitations_are_listed_and_taken_back(bed: Bed) {
    let (store, workspace, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    for (n, workspace, mail) in [(1, workspace, "eli@x.y"), (2, workspace, "gus@x.y"), (3, other, "eli@x.y")] {
        assert!(store.create_link(&invite(n, workspace, mail, Role::Admin), BY).await.unwrap());
    }
    let mails = async |workspace| {
        let open = store.invitations(workspace, NOW).await.unwrap();
        open.iter().map(|invitation| invitation.mail.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(mails(workspace).await, ["eli@x.y", "gus@x.y"]);
    let open = store.invitations(workspace, NOW).await.unwrap();
    assert_eq!((open[0].role, open[0].expires_at), (Role::Admin, NOW.plus_millis(DAY_MS)));
    assert_eq!(store.invitations(workspace, NOW.plus_millis(DAY_MS)).await.unwrap(), []);

    assert!(!store.cancel_invitation(other, open[0].id, BY).await.unwrap(), "another workspace's");
    assert!(store.cancel_invitation(workspace, open[0].id, BY).await.unwrap());
    assert!(!store.cancel_invitation(workspace, open[0].id, BY).await.unwrap());
    assert_eq!(store.accept_invite(&[1; 32], Joined::New(&new_user("eli@x.y")), BY).await.unwrap(), None);
    assert!(store.accept_invite(&[2; 32], Joined::New(&new_user("gus@x.y")), BY).await.unwrap().is_some());
    assert!(!store.cancel_invitation(workspace, open[1].id, BY).await.unwrap(), "it has been accepted");
    assert_eq!((mails(workspace).await.len(), mails(other).await.len()), (0, 1));
    let events = store.audit(Some(workspace), None, 20).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.action == "member.invite_cancel").count(), 1);
}

async fn a_workspace_keeps_an_owner(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let dana = member(store, workspace, "dana@example.com", Role::Owner).await;
    let eli = member(store, workspace, "eli@example.com", Role::Owner).await;
    let mut leaving = JoinSet::new();
    for user in [dana, eli] {
        let store = store.clone();
        leaving.spawn(async move { store.remove_member(workspace, user, false, BY).await.unwrap() });
    }
    let mut left = leaving.join_all().await;
    left.sort_by_key(|change| *change == MemberChange::LastOwner);
    assert_eq!(left, [MemberChange::Done, MemberChange::LastOwner]);
    let [last] = store.members(workspace).await.unwrap().try_into().unwrap();
    let last = last.user.id;
    assert_eq!(store.set_role(workspace, last, Role::Admin, BY).await.unwrap(), MemberChange::LastOwner);
    let gus = member(store, workspace, "gus@example.com", Role::Member).await;
    assert_eq!(store.set_role(workspace, gus, Role::Owner, BY).await.unwrap(), MemberChange::Done);
    assert_eq!(store.set_role(workspace, last, Role::Viewer, BY).await.unwrap(), MemberChange::Done);
    assert_eq!(store.role(workspace, last).await.unwrap(), Some(Role::Viewer));
    let stranger = UserId::from_uuid(Uuid::now_v7());
    assert_eq!(store.set_role(workspace, stranger, Role::Owner, BY).await.unwrap(), MemberChange::NoMember);
    assert_eq!(store.remove_member(workspace, stranger, true, BY).await.unwrap(), MemberChange::NoMember);
}

async fn leaving_ends_keys(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let make = async |user, purpose| {
        let mut new = new_api_key(workspace);
        new.purpose = purpose;
        let made = store.create_api_key(&new, By::new(Actor::User(user), NOW)).await.unwrap();
        made.unwrap().id
    };
    let live = async |id: ApiKeyId| store.api_key(workspace, id).await.unwrap().unwrap().revoked_at.is_none();
    for keys_too in [false, true] {
        let eli = member(store, workspace, &format!("eli{keys_too}@example.com"), Role::Member).await;
        let [own, playground] = [make(eli, KeyPurpose::Own).await, make(eli, KeyPurpose::Playground).await];
        let others = make(UserId::from_uuid(Uuid::now_v7()), KeyPurpose::Own).await;
        let listed = store.api_keys(workspace, None, 50).await.unwrap().items;
        assert!(listed.iter().any(|key| key.id == own) && listed.iter().all(|key| key.id != playground));
        assert_eq!(store.remove_member(workspace, eli, keys_too, BY).await.unwrap(), MemberChange::Done);
        assert_eq!((live(own).await, live(playground).await, live(others).await), (!keys_too, false, true));
    }
    // A playground's key is forgotten when it is over.
    let eli = UserId::from_uuid(Uuid::now_v7());
    let playground = make(eli, KeyPurpose::Playground).await;
    store.create_api_key(&new_api_key(workspace), By::new(Actor::User(eli), NOW.plus_millis(2000))).await.unwrap();
    assert_eq!(store.api_key(workspace, playground).await.unwrap(), None);
}

async fn sessions_end(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let eli = member(store, workspace, "eli@example.com", Role::Member).await;
    let account = store.account_of(eli).await.unwrap().unwrap();
    let at = |days: i64| NOW.plus_millis(days * DAY_MS);
    for n in 1..=3 {
        assert!(store.begin_session(&new_session(&account, n), BY).await.unwrap());
    }
    assert_eq!(store.session(&[9; 32], NOW).await.unwrap(), None);
    // Used now and then it lasts, but not for ever; unused it does not.
    for days in [6, 12, 18, 24, 29] {
        assert_eq!(store.session(&[1; 32], at(days)).await.unwrap().unwrap().user.id, eli);
    }
    assert_eq!(store.members(workspace).await.unwrap()[0].seen_at, Some(at(29)));
    assert_eq!(store.session(&[1; 32], at(30)).await.unwrap(), None);
    assert_eq!(store.session(&[2; 32], at(7)).await.unwrap(), None);

    assert_eq!(store.sessions(eli, NOW).await.unwrap().len(), 3);
    let two = store.session(&[2; 32], NOW).await.unwrap().unwrap().id;
    let stranger = UserId::from_uuid(Uuid::now_v7());
    assert_eq!(store.end_sessions(stranger, EndedBy::One(two), BY).await.unwrap(), 0);
    assert_eq!(store.end_sessions(eli, EndedBy::AllBut(two), BY).await.unwrap(), 2);
    assert_eq!(store.session(&[3; 32], NOW).await.unwrap(), None);
    assert_eq!(store.end_sessions(eli, EndedBy::One(two), BY).await.unwrap(), 1);
    assert_eq!(store.sessions(eli, NOW).await.unwrap(), []);

    // The oldest beyond twenty.
    for n in 10..35 {
        assert!(store.begin_session(&new_session(&account, n), BY).await.unwrap());
    }
    assert_eq!(store.sessions(eli, NOW).await.unwrap().len(), 20);
    assert_eq!(store.session(&[14; 32], NOW).await.unwrap(), None);
    assert!(store.session(&[15; 32], NOW).await.unwrap().is_some());
}

async fn a_new_password_ends_sessions(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let eli = member(store, workspace, "eli@example.com", Role::Member).await;
    let before = store.account_of(eli).await.unwrap().unwrap();
    assert!(store.begin_session(&new_session(&before, 1), BY).await.unwrap());
    let (old, new) = (before.password.as_str(), "$argon2id$2");
    store.rehash_password(eli, ("another", "third")).await.unwrap();
    assert_eq!(store.change_password(eli, ("another", new), BY).await.unwrap(), None);
    assert!(store.session(&[1; 32], NOW).await.unwrap().is_some());
    let epoch = store.change_password(eli, (old, new), BY).await.unwrap();
    assert_eq!(store.session(&[1; 32], NOW).await.unwrap(), None);
    // A login that began before is too late.
    assert!(!store.begin_session(&new_session(&before, 2), BY).await.unwrap());
    let after = store.account_of(eli).await.unwrap().unwrap();
    assert_eq!((after.password.as_str(), Some(after.epoch)), (new, epoch));
    assert!(store.begin_session(&new_session(&after, 3), BY).await.unwrap());

    let mail = after.user.mail.clone();
    store.create_link(&link(1, LinkKind::Reset { mail: mail.clone() }), BY).await.unwrap();
    store.create_link(&link(2, LinkKind::Reset { mail }), BY).await.unwrap();
    // The second link took the place of the first.
    assert!(!store.reset_password(&[1; 32], "$argon2id$3", BY).await.unwrap());
    assert!(store.reset_password(&[2; 32], "$argon2id$3", BY).await.unwrap());
    assert!(!store.reset_password(&[2; 32], "$argon2id$4", BY).await.unwrap());
    assert_eq!(store.session(&[3; 32], NOW).await.unwrap(), None);
    assert_eq!(store.account_of(eli).await.unwrap().unwrap().password, "$argon2id$3");
    // Another role, too.
    let account = store.account_of(eli).await.unwrap().unwrap();
    assert!(store.begin_session(&new_session(&account, 4), BY).await.unwrap());
    store.set_role(workspace, eli, Role::Admin, BY).await.unwrap();
    assert_eq!(store.session(&[4; 32], NOW).await.unwrap(), None);
}

async fn links_come_to_an_end(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let state = async |n: u8, at: Timestamp| store.link(&[n; 32]).await.unwrap().map(|link| link.state(at));
    store.create_link(&invite(1, workspace, "eli@example.com", Role::Member), BY).await.unwrap();
    assert_eq!(state(1, NOW).await, Some(LinkState::Open));
    assert_eq!(state(1, NOW.plus_millis(DAY_MS)).await, Some(LinkState::Expired));
    assert_eq!(state(2, NOW).await, None);
    let late = By::new(Actor::Operator, NOW.plus_millis(DAY_MS));
    let eli = new_user("eli@example.com");
    assert_eq!(store.accept_invite(&[1; 32], Joined::New(&eli), late).await.unwrap(), None);
    // Only for what it is for.
    assert!(!store.reset_password(&[1; 32], "x", BY).await.unwrap());
    assert_eq!(store.set_up(&[1; 32], (&eli, None), BY).await.unwrap(), Some(false));
    store.accept_invite(&[1; 32], Joined::New(&eli), BY).await.unwrap().unwrap();
    assert_eq!(state(1, NOW).await, Some(LinkState::Used));

    let hash = |n: i64| Uuid::from_u128(n.unsigned_abs().into()).simple().to_string().into_bytes().try_into().unwrap();
    for n in 0..=OPEN_INVITES_MAX {
        let one = NewLink { hash: hash(n), ..invite(0, workspace, &format!("{n}@example.com"), Role::Viewer) };
        assert_eq!(store.create_link(&one, BY).await.unwrap(), n < OPEN_INVITES_MAX);
    }
    // One for the same address takes the place of the one before.
    let again = NewLink { hash: hash(1000), ..invite(0, workspace, "0@example.com", Role::Viewer) };
    assert!(store.create_link(&again, BY).await.unwrap());
    assert_eq!(store.link(&hash(0)).await.unwrap(), None);
    let much_later = By::new(Actor::Operator, NOW.plus_millis(40 * DAY_MS));
    store.create_link(&link(3, LinkKind::Setup), much_later).await.unwrap();
    assert_eq!(state(1, NOW).await, None);
}
