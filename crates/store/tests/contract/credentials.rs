use ownkey_domain::id::CredentialId;
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::{Explained, Moment, Verdict};
use ownkey_store::{Credential, Ended, Health, Put, Removal, TestResult};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, new_credential};

crate::on_both! { stored_rotated_and_removed kept_apart_by_workspace tests_and_health_are_kept routing_has_what_calls_need a_damaged_row_costs_itself_only }

fn tested() -> TestResult {
    let verdict = Explained {
        verdict: Verdict::RateLimited,
        title: "t".to_owned(),
        cause: "until 12:00 UTC".to_owned(),
        action: None,
        detail: None,
        moment: Some(Moment { at: NOW, words: "12:00 UTC".to_owned() }),
    };
    TestResult { verdict, models: vec!["claude".to_owned()], at: NOW }
}

async fn stored_rotated_and_removed(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let mut first = new_credential(workspace, b"one");
    first.test = Some(tested());
    assert_eq!(store.put_credential(&first, BY).await.unwrap(), Some(Put::New));
    let second = new_credential(workspace, b"two");
    assert_eq!(store.put_credential(&second, BY).await.unwrap(), Some(Put::Rotated(first.id)));
    let current = store.credentials(workspace).await.unwrap();
    assert_eq!(current.iter().map(|c| c.id).collect::<Vec<_>>(), [second.id]);
    let old = store.credential(workspace, first.id).await.unwrap().unwrap();
    assert_eq!((old.ended_at, old.verdict, old.models), (Some(NOW), Some(tested().verdict), tested().models));
    let remove = |meant| store.remove_credential(workspace, (Provider::Anthropic, meant), BY);
    assert_eq!(remove(Some(first.id)).await.unwrap(), Removal::Another, "it was rotated meanwhile");
    let kept = store.routing(workspace).await.unwrap().unwrap();
    assert_eq!(kept.credential(Provider::Anthropic).unwrap().sealed, b"two");
    assert_eq!(remove(Some(second.id)).await.unwrap(), Removal::Done);
    let ended = store.last_end(workspace, Provider::Anthropic).await.unwrap();
    assert_eq!(ended, Some(Ended { by: BY.actor.to_string(), at: BY.at }));
    assert_eq!(store.last_end(workspace, Provider::OpenAi).await.unwrap(), None);
    assert_eq!(remove(None).await.unwrap(), Removal::Nothing);
    assert_eq!(remove(Some(second.id)).await.unwrap(), Removal::Nothing);
    assert!(store.credentials(workspace).await.unwrap().is_empty());
    let actions: Vec<_> = store.audit(Some(workspace), None, 10).await.unwrap().items;
    let actions: Vec<_> = actions.iter().map(|e| e.action.as_str()).collect();
    assert_eq!(actions, ["credential.remove", "credential.rotate", "credential.create", "workspace.create"]);
}

async fn kept_apart_by_workspace(bed: Bed) {
    let (store, mine, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let credential = new_credential(mine, b"one");
    store.put_credential(&credential, BY).await.unwrap().unwrap();
    assert_eq!(store.credential(other, credential.id).await.unwrap(), None);
    assert!(store.credentials(other).await.unwrap().is_empty());
    let theirs = (Provider::Anthropic, Some(credential.id));
    assert_eq!(store.remove_credential(other, theirs, BY).await.unwrap(), Removal::Nothing);
    assert!(!store.record_test(other, credential.id, &tested(), BY).await.unwrap());
    assert!(!store.set_health(other, credential.id, &Health::default(), BY).await.unwrap());
    let unknown = CredentialId::from_uuid(Uuid::now_v7());
    assert!(!store.record_test(mine, unknown, &tested(), BY).await.unwrap());
}

async fn tests_and_health_are_kept(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let credential = new_credential(workspace, b"one");
    store.put_credential(&credential, BY).await.unwrap().unwrap();
    assert!(store.record_test(workspace, credential.id, &tested(), BY).await.unwrap());
    let health = Health { last_error: Some("401".to_owned()), last_error_at: Some(NOW), invalid_since: Some(NOW) };
    assert!(store.set_health(workspace, credential.id, &health, BY).await.unwrap());
    let kept = store.credential(workspace, credential.id).await.unwrap().unwrap();
    assert_eq!((kept.last_tested_at, kept.health, kept.models), (Some(NOW), health, tested().models));
}

async fn routing_has_what_calls_need(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let empty = store.routing(workspace).await.unwrap().unwrap();
    assert!(empty.credentials.is_empty());
    assert_eq!((empty.plan.as_str(), empty.dek.version, &empty.dek.wrapped[..]), ("default", 1, &[1, 2, 3][..]));
    store.put_credential(&new_credential(workspace, b"old"), BY).await.unwrap();
    store.put_credential(&new_credential(workspace, b"new"), BY).await.unwrap();
    let mut openai = new_credential(workspace, b"openai");
    openai.provider = Provider::OpenAi;
    store.put_credential(&openai, BY).await.unwrap();
    let routing = store.routing(workspace).await.unwrap().unwrap();
    let sealed: Vec<_> = routing.credentials.iter().map(|c| &c.sealed[..]).collect();
    assert_eq!(sealed, [&b"new"[..], b"openai"]);
}

async fn a_damaged_row_costs_itself_only(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let anthropic = new_credential(workspace, b"one");
    let mut openai = new_credential(workspace, b"two");
    (openai.provider, openai.test) = (Provider::OpenAi, Some(tested()));
    store.put_credential(&anthropic, BY).await.unwrap();
    store.put_credential(&openai, BY).await.unwrap();
    let whose = async |provider: Provider| {
        let routing = store.routing(workspace).await.unwrap().unwrap();
        let listed = store.credentials(workspace).await.unwrap();
        assert_eq!(Credential::at(&listed, provider).map(|c| c.id), routing.credential(provider).map(|c| c.id));
        routing.credential(provider).cloned().unwrap()
    };

    bed.execute("UPDATE credentials SET models = 'no JSON', verdict = '{}' WHERE provider = 'openai'").await;
    let listed = store.credentials(workspace).await.unwrap();
    assert_eq!(listed.iter().map(|c| (c.id, c.models.len())).collect::<Vec<_>>(), [(anthropic.id, 0), (openai.id, 0)]);
    assert_eq!(store.credential(workspace, openai.id).await.unwrap().unwrap().verdict, None);
    assert_eq!(whose(Provider::OpenAi).await.secret_version, Some(1));

    bed.execute("UPDATE credentials SET secret_version = -1 WHERE provider = 'openai'").await;
    let damaged = whose(Provider::OpenAi).await;
    assert_eq!((damaged.id, damaged.provider, damaged.secret_version), (openai.id, Some(Provider::OpenAi), None));
    assert_eq!(whose(Provider::Anthropic).await.secret_version, Some(1));

    bed.execute("UPDATE credentials SET provider = 'opena1' WHERE provider = 'openai'").await;
    let damaged = whose(Provider::OpenAi).await;
    assert_eq!((damaged.id, damaged.provider), (openai.id, None));
    assert_eq!(whose(Provider::Anthropic).await.id, anthropic.id);

    // Whose it is can't be told, so it may be the key of either.
    store.remove_credential(workspace, (Provider::Anthropic, None), BY).await.unwrap();
    assert_eq!(whose(Provider::Anthropic).await.id, openai.id);
    assert_eq!(whose(Provider::OpenAi).await.id, openai.id);
}
