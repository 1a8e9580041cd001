//! Webhooks: what they are told stands in the outbox with what it tells of, once, and is sent by one node at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use ownkey_domain::budget::{Budget, BudgetAction, BudgetPayer, BudgetPeriod, Scope, Unpriced};
use ownkey_domain::connection::Reauth;
use ownkey_domain::id::{BudgetId, ConnectionId, CredentialId, GrantId, MessageId, RequestId, WebhookId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Charge, Funds, Grant, HoldCall, Order, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::webhook::{ATTEMPTS_KEPT, Attempt, DeliveryState, Disabled, Event, Next, Sent, WEBHOOKS_MAX};
use ownkey_store::{
    AddedWebhook, Expired, Health, JournalLimits, Message, NewWebhook, Receivers, Replayed, SealedTokens, SendClaim,
    Store, WebhookPatch,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, new_credential, receipt};

crate::on_both! {
    kept_apart_and_no_more_than_allowed told_with_what_it_tells_of_and_once claimed_by_one_and_written_by_its_claim
    what_follows_from_an_attempt_is_kept a_new_secret_signs_beside_the_old_one disabled_and_enabled_again
    money_that_moves_is_told_of_where_it_crosses a_workspace_takes_its_webhooks_along
    what_is_too_old_goes nobody_waits_behind_what_hangs_elsewhere
    what_is_given_up_while_it_is_sent_stays_given_up
}

const LEASE_MS: i64 = 60_000;

/// A webhook that wants to be told of everything.
async fn webhook(store: &Store, workspace: WorkspaceId) -> (WorkspaceId, WebhookId) {
    let id = WebhookId::from_uuid(Uuid::now_v7());
    let events = Event::ALL.iter().copied().filter(|event| event.can_be_chosen()).collect();
    let new = NewWebhook {
        id,
        workspace,
        url: "https://example.com/hooks".to_owned(),
        shown: "https://example.com:443".to_owned(),
        events,
        secret: b"first".to_vec(),
    };
    assert_eq!(store.add_webhook(&new, BY).await.unwrap(), AddedWebhook::Stored);
    (workspace, id)
}

async fn told(store: &Store, of: (WorkspaceId, WebhookId)) -> Vec<Message> {
    let mut messages = store.webhook_messages(of, None, 100).await.unwrap().items;
    messages.sort_by_key(|message| message.event);
    messages
}

async fn claimed(store: &Store, id: WebhookId, lease_ms: i64) -> SendClaim {
    store.claim_webhook(id, lease_ms).await.unwrap().unwrap()
}

fn attempt(sent: Sent) -> Attempt {
    Attempt { at: NOW, took_ms: 3, sent }
}

async fn record(store: &Store, claim: &SendClaim, sent: Sent, next: Next) -> bool {
    store.record_attempt(claim, attempt(sent), next, BY).await.unwrap()
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

async fn kept_apart_and_no_more_than_allowed(bed: Bed) {
    let (store, mine, other) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let of = webhook(store, mine).await;
    let message = store.test_webhook(of, BY).await.unwrap().unwrap();
    let strange = (other, of.1);
    assert_eq!(store.webhook(other, of.1).await.unwrap(), None);
    assert_eq!(store.test_webhook(strange, BY).await.unwrap(), None);
    assert_eq!(store.webhook_message(strange, message).await.unwrap(), None);
    assert!(store.webhook_messages(strange, None, 9).await.unwrap().items.is_empty());
    assert_eq!(store.replay_message(strange, message, BY).await.unwrap(), Replayed::NotFound);
    assert!(!store.change_webhook(strange, &WebhookPatch::default(), BY).await.unwrap());
    assert!(!store.rotate_webhook_secret(strange, (b"x", 2), BY).await.unwrap());
    assert!(!store.remove_webhook(other, of.1, BY).await.unwrap());
    for _ in 1..WEBHOOKS_MAX {
        webhook(store, mine).await;
    }
    let new = |workspace| NewWebhook {
        id: WebhookId::from_uuid(Uuid::now_v7()),
        workspace,
        url: String::new(),
        shown: String::new(),
        events: BTreeSet::new(),
        secret: Vec::new(),
    };
    assert_eq!(store.add_webhook(&new(mine), BY).await.unwrap(), AddedWebhook::TooMany);
    let nowhere = WorkspaceId::from_uuid(Uuid::now_v7());
    assert_eq!(store.add_webhook(&new(nowhere), BY).await.unwrap(), AddedWebhook::NoWorkspace);
    assert!(store.remove_webhook(mine, of.1, BY).await.unwrap());
    assert_eq!(store.webhook_message(of, message).await.unwrap(), None);
    assert_eq!(store.webhooks(mine).await.unwrap().len(), WEBHOOKS_MAX - 1);
}

async fn told_with_what_it_tells_of_and_once(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let (key, of) = (new_credential(workspace, b"x"), webhook(store, workspace).await);
    // Somebody else's, and one that wants nothing of it.
    let other = webhook(store, bed.workspace().await).await;
    let choosy = webhook(store, workspace).await;
    let patch = WebhookPatch { events: Some(BTreeSet::from([Event::CreditsLow])), enabled: None };
    assert!(store.change_webhook(choosy, &patch, BY).await.unwrap());
    store.put_credential(&key, BY).await.unwrap();
    let health = |invalid_since| Health { invalid_since, ..Health::default() };
    for invalid_since in [None, Some(NOW), Some(NOW), None, None] {
        assert!(store.set_health(workspace, key.id, &health(invalid_since), BY).await.unwrap());
    }
    for hours in [0, 1, 6, 7] {
        store.tell_exhausted(workspace, key.id, NOW.plus_millis(hours * 3_600_000)).await.unwrap();
    }
    store.tell_exhausted(workspace, CredentialId::from_uuid(Uuid::now_v7()), NOW).await.unwrap();
    need_reauth(store, workspace).await;
    let told_of = told(store, of).await;
    let events: Vec<_> = told_of.iter().map(|message| message.event).collect();
    let expected = [
        Event::KeyInvalid,
        Event::KeyRecovered,
        // It is 17:00: there are two days in these seven hours.
        Event::QuotaExhausted,
        Event::QuotaExhausted,
        Event::NeedsReauth,
    ];
    assert_eq!(events, expected);
    let invalid = body(&told_of[0]);
    let data = json!({"credential": key.id, "provider": "anthropic", "hint": "…wxyz", "invalid_since": NOW});
    let whole = json!({"type": "provider_key.invalid", "timestamp": NOW, "workspace": workspace, "data": data});
    assert_eq!(invalid, whole);
    assert_eq!(body(&told_of[4])["data"]["reason"], "refused_by_provider");
    assert!(told(store, other).await.is_empty() && told(store, choosy).await.is_empty());
}

async fn need_reauth(store: &Store, workspace: WorkspaceId) {
    let (id, now) = (ConnectionId::from_uuid(Uuid::now_v7()), store.database_time().await.unwrap());
    let tokens = SealedTokens {
        issuer: "https://id.example.com:443".to_owned(),
        access: b"a".to_vec(),
        refresh: Some(b"r".to_vec()),
        generation: 1,
        scopes: Vec::new(),
        issued_at: now,
        expires_at: None,
        due_at: Some(now.plus_millis(-1_000)),
    };
    store.add_connection((workspace, id), "google", &tokens, BY).await.unwrap();
    let claim = store.claim_connection(id, 0).await.unwrap().unwrap();
    assert!(store.need_reauth(&claim, Reauth::Refused, BY).await.unwrap());
    assert!(!store.need_reauth(&claim, Reauth::Refused, BY).await.unwrap(), "and is told of once");
}

async fn claimed_by_one_and_written_by_its_claim(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    assert_eq!(store.claim_webhook(of.1, LEASE_MS).await.unwrap(), None, "nothing is due");
    assert!(store.due_webhooks(Receivers::Taking, 9).await.unwrap().is_empty());
    let first = store.test_webhook(of, BY).await.unwrap().unwrap();
    assert_eq!(store.due_webhooks(Receivers::Taking, 9).await.unwrap(), [of.1]);
    let claims = futures_util::future::join_all((0..8).map(|_| store.claim_webhook(of.1, LEASE_MS))).await;
    let claims: Vec<_> = claims.into_iter().filter_map(|claim| claim.unwrap()).collect();
    let [claim] = claims.as_slice() else { panic!("{} claims", claims.len()) };
    assert_eq!((claim.message, claim.tries, claim.secrets[0].sealed.as_slice()), (first, 0, &b"first"[..]));
    assert!(store.due_webhooks(Receivers::Taking, 9).await.unwrap().is_empty(), "it is under way");
    assert!(record(store, claim, Sent::TimedOut, Next::Again { pause_ms: 0 }).await);
    // One that stood still until another took over writes nothing.
    let slow = claimed(store, of.1, 0).await;
    let quick = claimed(store, of.1, LEASE_MS).await;
    assert_eq!((slow.message, quick.message, quick.tries), (first, first, 1));
    assert!(!record(store, &slow, Sent::TimedOut, Next::GiveUp).await);
    assert!(record(store, &quick, Sent::answered(200), Next::Done).await);
    let message = store.webhook_message(of, first).await.unwrap().unwrap();
    let sent: Vec<_> = message.attempts.iter().map(|attempt| attempt.sent).collect();
    assert_eq!((message.state, sent), (DeliveryState::Delivered, vec![Sent::TimedOut, Sent::answered(200)]));
    assert_eq!(store.claim_webhook(of.1, LEASE_MS).await.unwrap(), None);
}

async fn what_follows_from_an_attempt_is_kept(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    let id = store.test_webhook(of, BY).await.unwrap().unwrap();
    let is_failing = async || store.webhook(of.0, of.1).await.unwrap().unwrap().failing_since.is_some();
    let state = async || store.webhook_message(of, id).await.unwrap().unwrap().state;
    for _ in 0..ATTEMPTS_KEPT + 2 {
        let claim = claimed(store, of.1, LEASE_MS).await;
        assert!(record(store, &claim, Sent::answered(500), Next::Again { pause_ms: 0 }).await);
    }
    let message = store.webhook_message(of, id).await.unwrap().unwrap();
    assert!(message.attempts.len() == ATTEMPTS_KEPT && message.next_at.is_some() && is_failing().await);
    let claim = claimed(store, of.1, LEASE_MS).await;
    assert!(record(store, &claim, Sent::Unreachable, Next::Again { pause_ms: 3_600_000 }).await);
    assert_eq!(store.claim_webhook(of.1, LEASE_MS).await.unwrap(), None, "not before the pause is over");
    // By hand it is due at once, and begins anew.
    assert_eq!(store.replay_message(of, id, BY).await.unwrap(), Replayed::Due);
    let claim = claimed(store, of.1, LEASE_MS).await;
    assert_eq!(claim.tries, 0);
    assert!(record(store, &claim, Sent::Unreachable, Next::GiveUp).await);
    assert_eq!(state().await, DeliveryState::Failed);
    assert_eq!(store.replay_message(of, id, BY).await.unwrap(), Replayed::Due);
    let claim = claimed(store, of.1, LEASE_MS).await;
    assert!(record(store, &claim, Sent::answered(204), Next::Done).await);
    assert!(state().await == DeliveryState::Delivered && !is_failing().await);
}

async fn a_new_secret_signs_beside_the_old_one(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    store.test_webhook(of, BY).await.unwrap().unwrap();
    assert!(store.rotate_webhook_secret(of, (b"second", 2), BY).await.unwrap());
    assert!(!store.rotate_webhook_secret(of, (b"other", 2), BY).await.unwrap(), "somebody was quicker");
    let claim = claimed(store, of.1, 0).await;
    let secrets: Vec<_> = claim.secrets.iter().map(|s| (s.sealed.as_slice(), s.generation)).collect();
    assert_eq!(secrets, [(&b"second"[..], 2), (&b"first"[..], 1)]);
    bed.execute("UPDATE webhooks SET old_until = 1").await;
    assert_eq!(claimed(store, of.1, 0).await.secrets.len(), 1, "its day is over");
}

async fn disabled_and_enabled_again(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let (of, key) = (webhook(store, workspace).await, new_credential(workspace, b"x"));
    let ids: Vec<MessageId> =
        vec![store.test_webhook(of, BY).await.unwrap().unwrap(), store.test_webhook(of, BY).await.unwrap().unwrap()];
    let claim = claimed(store, of.1, LEASE_MS).await;
    assert!(record(store, &claim, Sent::answered(410), Next::Disable(Disabled::Gone)).await);
    for message in told(store, of).await {
        assert_eq!((message.state, message.next_at), (DeliveryState::Failed, None));
    }
    store.put_credential(&key, BY).await.unwrap();
    store.tell_exhausted(workspace, key.id, NOW).await.unwrap();
    assert_eq!(told(store, of).await.len(), 2, "nothing is told to who hears nothing");
    assert_eq!(store.replay_message(of, ids[0], BY).await.unwrap(), Replayed::Disabled);
    let patch = |enabled| WebhookPatch { events: None, enabled: Some(enabled) };
    assert!(store.change_webhook(of, &patch(false), BY).await.unwrap());
    let why = store.webhook(of.0, of.1).await.unwrap().unwrap().disabled;
    assert_eq!(why, Some(Disabled::Gone), "the first reason stays");
    let last = &store.audit(Some(workspace), None, 9).await.unwrap().items;
    assert!(last.iter().any(|event| event.action == "webhook.disabled" && event.detail["reason"] == "gone"));
    assert!(store.change_webhook(of, &patch(true), BY).await.unwrap());
    assert_eq!(store.replay_message(of, ids[0], BY).await.unwrap(), Replayed::Due);
    assert_eq!(claimed(store, of.1, LEASE_MS).await.message, ids[0]);
}

/// A call that costs so many micro-credits, and ten times as many nano-USD, and its receipt.
fn call(workspace: WorkspaceId, cost: i64, budget: &Budget) -> (HoldCall, Receipt) {
    let charge = Charge { credits: MicroCredits::new(cost), usd: NanoUsd::new(cost * 10) };
    let held = HoldCall {
        request: RequestId::from_uuid(Uuid::now_v7()),
        workspace,
        amount: charge,
        funds: Funds::All,
        allowance: None,
        budgets: vec![budget.line(workspace, NOW)],
        draft: None,
    };
    let settlement = Some(Settlement { charge, funds: Funds::All, ..Settlement::NOTHING });
    let ended = Receipt { id: held.request, at: NOW, settlement, ..receipt(workspace, 1) };
    (held, ended)
}

async fn money_that_moves_is_told_of_where_it_crosses(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    let budget = Budget {
        name: "monthly".parse().unwrap(),
        id: BudgetId::from_uuid(Uuid::from_u128(1)),
        scope: Scope::Workspace,
        payer: BudgetPayer::Any,
        period: BudgetPeriod::Month,
        limit_usd: NanoUsd::new(10_000),
        action: BudgetAction::Notify,
        unpriced: Unpriced::Refuse,
    };
    store.put_budget(workspace, budget.clone(), BY).await.unwrap();
    let order = Order { reason: "top-up".to_owned(), idempotency_key: None };
    let (id, credits) = (GrantId::from_uuid(Uuid::now_v7()), Amount::new(1_000).unwrap());
    let grant = Grant { id, workspace, credits, expires_at: None, order };
    store.grant(&grant, (&json!(1), &json!(1)), BY).await.unwrap();
    let running = bed.start(JournalLimits::default()).await;
    let (holds, holding) = store.holds(running.journal.node(), Arc::new(|| NOW));
    tokio::spawn(holding.run());
    let mut seen = Vec::new();
    // Of 1,000 credits and 10,000 nano-USD: 49 %, 50, 79, 80, 90, 100.
    for cost in [490, 10, 290, 10, 100, 100] {
        let (held, ended) = call(workspace, cost, &budget);
        holds.hold(held).await.unwrap();
        running.journal.append(ended).unwrap();
        store.catch_up(std::time::Duration::from_secs(10)).await.unwrap();
        let now = told(store, of).await;
        seen.push(now.iter().map(|m| (m.event, body(m)["data"]["threshold"].as_u64())).collect::<Vec<_>>());
    }
    let reached = |percent| (Event::BudgetThreshold, Some(percent));
    let low = (Event::CreditsLow, None);
    let sorted = |mut all: Vec<(Event, Option<u64>)>| {
        all.sort();
        all
    };
    let seen: Vec<_> = seen.into_iter().map(sorted).collect();
    let half = vec![reached(50)];
    let most = vec![reached(50), reached(80), low];
    assert_eq!(
        seen,
        [vec![], half.clone(), half, most.clone(), most, vec![reached(50), reached(80), reached(100), low]]
    );
    let ran_low = told(store, of).await.into_iter().find(|message| message.event == Event::CreditsLow).unwrap();
    assert_eq!(body(&ran_low)["data"], json!({"left_credits": "0.0002", "of_credits": "0.001"}));
    // All is used. More of it is granted, and expires unused; of a limit that is lowered, the next one is told.
    let (id, expires_at) = (GrantId::from_uuid(Uuid::now_v7()), Some(NOW.plus_millis(1_000)));
    let order = Order { reason: "gift".to_owned(), idempotency_key: None };
    let gift = Grant { id, workspace, credits, expires_at, order };
    store.grant(&gift, (&json!(1), &json!(1)), BY).await.unwrap();
    let count = async |event| told(store, of).await.iter().filter(|message| message.event == event).count();
    let before = count(Event::CreditsLow).await;
    for _ in 0..2 {
        store.book_expired(NOW.plus_millis(1_000)).await.unwrap();
        assert_eq!(count(Event::CreditsLow).await, before + 1);
    }
    for (limit, more) in [(20_000, 0), (12_000, 1), (11_000, 2), (9_000, 3), (9_000, 3), (30_000, 3)] {
        let changed = Budget { limit_usd: NanoUsd::new(limit), ..budget.clone() };
        store.put_budget(workspace, changed, BY).await.unwrap();
        assert_eq!(count(Event::BudgetThreshold).await, 3 + more, "{limit}");
    }
    running.stop().await;
}

async fn a_workspace_takes_its_webhooks_along(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    let id = store.test_webhook(of, BY).await.unwrap().unwrap();
    let claim = claimed(store, of.1, LEASE_MS).await;
    assert!(store.delete_workspace(workspace, BY).await.unwrap());
    assert!(!record(store, &claim, Sent::answered(200), Next::Done).await);
    assert_eq!(store.webhook_message(of, id).await.unwrap(), None);
    for receivers in Receivers::ALL {
        assert!(store.due_webhooks(receivers, 9).await.unwrap().is_empty());
    }
    assert_eq!(store.waiting_messages().await.unwrap(), 0);
}

async fn what_is_too_old_goes(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    store.test_webhook(of, BY).await.unwrap().unwrap();
    let mut sweeper = store.sweeper();
    // The first sweep only looks.
    for (before, left) in [(1, 1), (0, 1), (1, 0)] {
        let messages = Some(NOW.plus_millis(before));
        let mut sweep =
            sweeper.begin(Expired { receipts: None, audit: None, responses: None, messages }).await.unwrap();
        while sweep.step().await {}
        assert_eq!(told(store, of).await.len(), left);
    }
}

async fn nobody_waits_behind_what_hangs_elsewhere(bed: Bed) {
    let (store, busy, quiet) = (&bed.store, bed.workspace().await, bed.workspace().await);
    let mut hooks = Vec::new();
    for _ in 0..6 {
        let of = webhook(store, busy).await;
        for _ in 0..3 {
            store.test_webhook(of, BY).await.unwrap().unwrap();
        }
        hooks.push(of.1);
    }
    let late = webhook(store, quiet).await;
    store.test_webhook(late, BY).await.unwrap().unwrap();
    let due = async |receivers| store.due_webhooks(receivers, 64).await.unwrap();
    // Of one workspace four at a time, whatever waits there.
    assert_eq!(due(Receivers::Taking).await, [&hooks[..4], &[late.1]].concat());
    let mut claims = Vec::new();
    for hook in &hooks[..3] {
        claims.push(claimed(store, *hook, LEASE_MS).await);
    }
    assert_eq!(due(Receivers::Taking).await, [hooks[3], late.1]);
    for claim in &claims {
        assert!(record(store, claim, Sent::TimedOut, Next::Again { pause_ms: 0 }).await);
    }
    // Those that hang have more to be told, and room of their own: two at a time.
    assert_eq!(due(Receivers::Taking).await, [hooks[3], hooks[4], hooks[5], late.1]);
    let failing = due(Receivers::Failing).await;
    assert!(failing.len() == 2 && failing.iter().all(|hook| hooks[..3].contains(hook)));
    let again = claimed(store, failing[0], LEASE_MS).await;
    assert_eq!(due(Receivers::Failing).await.len(), 1);
    assert!(record(store, &again, Sent::answered(204), Next::Done).await);
    assert!(due(Receivers::Taking).await.contains(&failing[0]), "it took one");
    // What is asked for again is not before what waits longer either.
    let waiting = store.test_webhook((busy, hooks[0]), BY).await.unwrap().unwrap();
    assert_eq!(store.replay_message((busy, hooks[0]), waiting, BY).await.unwrap(), Replayed::Due);
    assert_ne!(claimed(store, hooks[0], LEASE_MS).await.message, waiting);
}

async fn what_is_given_up_while_it_is_sent_stays_given_up(bed: Bed) {
    let (store, workspace) = (&bed.store, bed.workspace().await);
    let of = webhook(store, workspace).await;
    let patch = |enabled| WebhookPatch { events: None, enabled: Some(enabled) };
    for enabled_again in [false, true] {
        let both =
            [store.test_webhook(of, BY).await.unwrap().unwrap(), store.test_webhook(of, BY).await.unwrap().unwrap()];
        let claim = claimed(store, of.1, LEASE_MS).await;
        let (id, other) = (claim.message, if claim.message == both[0] { both[1] } else { both[0] });
        assert_eq!(store.replay_message(of, id, BY).await.unwrap(), Replayed::UnderWay);
        assert_eq!(store.replay_message(of, other, BY).await.unwrap(), Replayed::Due);
        assert!(store.change_webhook(of, &patch(false), BY).await.unwrap());
        if enabled_again {
            assert!(store.change_webhook(of, &patch(true), BY).await.unwrap());
            assert_eq!(store.replay_message(of, id, BY).await.unwrap(), Replayed::UnderWay);
        }
        assert!(record(store, &claim, Sent::TimedOut, Next::Again { pause_ms: 0 }).await);
        let message = store.webhook_message(of, id).await.unwrap().unwrap();
        assert_eq!((message.state, message.attempts.len()), (DeliveryState::Failed, 1));
        assert!(store.change_webhook(of, &patch(true), BY).await.unwrap());
        assert_eq!(store.claim_webhook(of.1, LEASE_MS).await.unwrap(), None);
    }
    let told = told(store, of).await;
    assert_eq!(store.replay_message(of, told[0].id, BY).await.unwrap(), Replayed::Due);
    assert_eq!(claimed(store, of.1, LEASE_MS).await.message, told[0].id);
}
