//! The ledger: nothing is spent twice, nothing is lost, whatever the order and whoever dies.

use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::{GrantId, NodeId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{
    AccountId, Allowance, Amount, Charge, Funds, Grant, HoldCall, Order, Refund, RefundRefused, Settlement, Shortage,
};
use ownkey_domain::money::{MicroCredits, NanoUsd, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::period::Period;
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::Measured;
use ownkey_store::{
    GrantFilter, GrantState, GroupBy, HoldError, Holds, JournalLimits, LedgerProblem, Ordered, Range, Store,
    UsageFilter, UsageQuery, WorkspaceSummary,
};
use serde_json::json;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, Running, receipt};

crate::on_both! {
    a_hold_is_settled_by_its_receipt
    a_hold_is_never_taken_for_a_first_one
    what_was_held_is_free_again_though_nobody_reads
    exactly_what_is_there_is_held_by_many_at_once
    who_leaves_holds_nothing
    a_dead_process_is_charged_what_was_written_down
    a_dead_node_is_found_by_another
    a_late_receipt_has_the_last_word
    what_a_dead_process_was_charged_has_a_receipt
    the_true_receipt_takes_the_place_of_one_that_was_completed
    what_a_plan_includes_is_counted_though_nothing_is_held
    a_receipt_says_what_was_overrun
    a_month_that_is_over_stays_as_it_is
    orders_take_place_once
    refunds_name_their_charge
    an_allowance_is_granted_once
    what_expires_is_booked
    grants_are_listed_over_all_workspaces
    a_page_of_workspaces_is_summed_up
    nodes_are_told_apart_by_their_lease
    damage_is_found
    transfers_are_for_ever
    entries_run_with_the_balance
}

fn grant(workspace: WorkspaceId, credits: i64, expires_at: Option<Timestamp>) -> Grant {
    let order = Order { reason: "top-up".to_owned(), idempotency_key: None };
    let id = GrantId::from_uuid(Uuid::now_v7());
    Grant { id, workspace, credits: Amount::new(credits).unwrap(), expires_at, order }
}

fn charge(credits: i64) -> Charge {
    Charge { credits: MicroCredits::new(credits), usd: NanoUsd::new(credits * 10) }
}

fn call(workspace: WorkspaceId, credits: i64) -> HoldCall {
    HoldCall {
        request: RequestId::from_uuid(Uuid::now_v7()),
        workspace,
        amount: charge(credits),
        funds: Funds::All,
        allowance: None,
        budgets: Vec::new(),
        draft: None,
    }
}

/// The same with the receipt that was begun of it.
fn drafted(call: HoldCall, payer: PayerKind) -> HoldCall {
    let begun = Receipt::draft(call.request, NOW, call.workspace, "/v1/messages".to_owned());
    let draft = Receipt { payer: Some(payer), model: Some("claude-haiku-4-5".to_owned()), ..begun };
    HoldCall { draft: Some(Box::new(draft)), ..call }
}

/// The receipt of that call, which cost so much.
fn ended(call: &HoldCall, credits: i64) -> Receipt {
    let settlement = Settlement { charge: charge(credits), funds: call.funds, ..Settlement::NOTHING };
    let (at, credits) = (NOW, settlement.charge.credits);
    Receipt { id: call.request, at, credits, settlement: Some(settlement), ..receipt(call.workspace, 1) }
}

/// A store whose ledger is kept, by a node of its own.
struct Kept {
    bed: Bed,
    workspace: WorkspaceId,
    running: Running,
    holds: Holds,
    holding: JoinHandle<()>,
}

impl Kept {
    async fn with(bed: Bed, credits: i64) -> Self {
        let workspace = bed.workspace().await;
        bed.store.grant(&grant(workspace, credits, None), (&json!(1), &json!(1)), BY).await.unwrap();
        let running = bed.start(JournalLimits::default()).await;
        let (holds, holding) = holds(&bed.store, running.journal.node());
        Self { bed, workspace, running, holds, holding }
    }

    /// What there is, and what of it is held.
    async fn has(&self) -> (i64, i64) {
        has(&self.bed.store, self.workspace).await
    }

    async fn check(&self) {
        assert_eq!(self.bed.store.check_ledger().await.unwrap().problems, []);
    }
}

/// An id as a statement of that database writes it.
fn literal(bed: &Bed, id: Uuid) -> String {
    let id = id.simple();
    if bed.config.url.starts_with("sqlite") { format!("x'{id}'") } else { format!("'{id}'") }
}

async fn has(store: &Store, workspace: WorkspaceId) -> (i64, i64) {
    let credits = store.credits(workspace, NOW).await.unwrap();
    (credits.balance().get(), credits.held().get())
}

fn holds(store: &Store, node: NodeId) -> (Holds, JoinHandle<()>) {
    let (holds, task) = store.holds(node, Arc::new(|| NOW));
    (holds, tokio::spawn(task.run()))
}

async fn a_hold_is_never_taken_for_a_first_one(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let one = call(kept.workspace, 400);
    kept.holds.hold(one.clone()).await.unwrap();
    let twice = kept.holds.hold(HoldCall { amount: charge(600), ..one.clone() }).await;
    assert!(matches!(twice, Err(HoldError::Away)), "nothing is overwritten");
    assert_eq!(kept.has().await, (1_000, 400));
    // One such call spoils its transaction, and no other.
    let other = call(kept.workspace, 100);
    let (twice, beside) = tokio::join!(kept.holds.hold(one.clone()), kept.holds.hold(other.clone()));
    assert!(matches!((twice, beside), (Err(HoldError::Away), Err(HoldError::Away))));
    kept.holds.hold_again(HoldCall { amount: charge(500), ..one }).await.unwrap();
    kept.holds.hold_again(other).await.unwrap();
    assert_eq!(kept.has().await, (1_000, 600));
    kept.check().await;
}

async fn a_hold_is_settled_by_its_receipt(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let one = call(kept.workspace, 400);
    kept.holds.hold(one.clone()).await.unwrap();
    assert_eq!(kept.has().await, (1_000, 400));
    kept.holds.hold_again(HoldCall { amount: charge(900), ..one.clone() }).await.unwrap();
    assert_eq!(kept.has().await, (1_000, 900), "it was extended");
    let two = call(kept.workspace, 101);
    let refused = kept.holds.hold(two).await.unwrap_err();
    let (needed, balance, available) = (MicroCredits::new(101), MicroCredits::new(1_000), MicroCredits::new(100));
    assert!(
        matches!(refused, HoldError::Short(shortage) if shortage == Shortage::Credits { needed, balance, available })
    );
    kept.check().await;
    kept.running.journal.append(ended(&one, 1_200)).unwrap();
    assert_eq!(kept.has().await, (0, 0));
    let counted = kept.bed.store.overrun().map(|(reason, credits)| (reason.as_str(), credits.get()));
    assert_eq!(counted.collect::<Vec<_>>(), [("beyond_credits", 200), ("disbelieved", 0), ("service_usage", 0)]);
    assert_eq!(kept.bed.store.open_holds(9).await.unwrap(), []);
    kept.check().await;
}

async fn what_was_held_is_free_again_though_nobody_reads(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    for left in [1_000, 900, 800] {
        // A receipt that nobody waits for is no reason for the next one to wait.
        kept.running.journal.append(receipt(kept.workspace, 7 + u32::try_from(left).unwrap())).unwrap();
        let one = call(kept.workspace, left);
        let free = async {
            while kept.holds.hold_again(one.clone()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), free).await.unwrap();
        kept.running.journal.append(ended(&one, 100)).unwrap();
    }
    assert_eq!(kept.has().await, (700, 0));
}

async fn exactly_what_is_there_is_held_by_many_at_once(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let asked = (0..500).map(|_| kept.holds.hold(call(kept.workspace, 10)));
    let answers = futures_util::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 100);
    assert_eq!(kept.has().await, (1_000, 1_000));
    kept.check().await;
}

async fn who_leaves_holds_nothing(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    for patience in 0..60 {
        let (holds, call) = (kept.holds.clone(), call(kept.workspace, 100));
        let leaving = tokio::spawn({
            let call = call.clone();
            async move { holds.hold(call).await }
        });
        for _ in 0..patience {
            tokio::task::yield_now().await;
        }
        leaving.abort();
        // One that was answered before it could leave is ended by its receipt.
        if leaving.await.is_ok() {
            kept.running.journal.append(ended(&call, 0)).unwrap();
        }
    }
    // Who comes behind those who left takes what they held along.
    for _ in 0..2 {
        kept.holds.hold(call(kept.workspace, 1)).await.unwrap();
    }
    assert_eq!(kept.has().await, (1_000, 2));
    kept.check().await;
}

async fn a_dead_process_is_charged_what_was_written_down(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let [silent, sent, ended_well] = [(); 3].map(|()| call(kept.workspace, 100));
    for call in [&silent, &sent, &ended_well] {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    let journal = &kept.running.journal;
    journal.note(sent.request, charge(10)).unwrap();
    journal.note(sent.request, charge(30)).unwrap();
    journal.append(ended(&ended_well, 7)).unwrap();
    let node = journal.node();
    drop(kept.running.stop().await);
    drop(kept.holds);
    // The task that commits holds has the store until it has seen that nobody asks any more.
    kept.holding.await.unwrap();

    let bed = kept.bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    assert_eq!(running.journal.node(), node, "the folder is the node");
    let left = bed.store.held_by(node).await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(bed.store.end_left(&left, NOW).await.unwrap(), 2);
    assert_eq!(has(&bed.store, kept.workspace).await, (1_000 - 30 - 7, 0));
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
}

async fn a_dead_node_is_found_by_another(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let other = NodeId::from_uuid(Uuid::now_v7());
    let (elsewhere, _) = holds(&kept.bed.store, other);
    kept.bed.store.node_lives(other).await.unwrap();
    kept.bed.store.node_lives(kept.running.journal.node()).await.unwrap();
    elsewhere.hold(call(kept.workspace, 100)).await.unwrap();
    kept.holds.hold(call(kept.workspace, 100)).await.unwrap();
    assert_eq!(kept.bed.store.end_dead(NOW).await.unwrap(), 0);
    let dead = literal(&kept.bed, other.uuid());
    kept.bed.execute(&format!("UPDATE nodes SET lease_until = 1 WHERE id = {dead}")).await;
    assert_eq!(kept.bed.store.end_dead(NOW).await.unwrap(), 1);
    assert_eq!(kept.has().await, (1_000, 100));
    kept.check().await;
}

async fn a_late_receipt_has_the_last_word(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let late = call(kept.workspace, 100);
    kept.holds.hold(late.clone()).await.unwrap();
    kept.running.journal.note(late.request, charge(60)).unwrap();
    kept.bed.store.catch_up(std::time::Duration::from_secs(5)).await.unwrap();
    assert_eq!(kept.bed.store.end_left(&[late.request], NOW).await.unwrap(), 1);
    assert_eq!(kept.has().await, (940, 0));
    kept.running.journal.append(ended(&late, 45)).unwrap();
    assert_eq!(kept.has().await, (955, 0));
    kept.check().await;
}

async fn what_a_dead_process_was_charged_has_a_receipt(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let calls = [(); 2].map(|()| drafted(call(kept.workspace, 100), PayerKind::Managed));
    let older = call(kept.workspace, 100);
    for call in calls.iter().chain([&older]) {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    // More of a hold does not take the draft away.
    kept.holds.extend(HoldCall { draft: None, amount: charge(200), ..calls[0].clone() }).await.unwrap();
    for noted in [&calls[0], &older] {
        kept.running.journal.note(noted.request, charge(30)).unwrap();
    }
    kept.bed.store.catch_up(std::time::Duration::from_secs(5)).await.unwrap();
    let left = kept.bed.store.held_by(kept.running.journal.node()).await.unwrap();
    assert_eq!(kept.bed.store.end_left(&left, NOW).await.unwrap(), 3);
    let found = async |request| kept.bed.store.receipt(kept.workspace, request).await.unwrap().unwrap();
    let sent = found(calls[0].request).await;
    assert_eq!((sent.outcome, sent.error.as_deref()), (Outcome::Failed, Some("interrupted")));
    assert_eq!((sent.credits.get(), sent.measured), (30, Measured::Estimated));
    assert_eq!(sent.cost_usd, Some(PicoUsd::new(300_000)));
    assert_eq!((sent.model.as_deref(), sent.payer), (Some("claude-haiku-4-5"), Some(PayerKind::Managed)));
    assert_eq!((sent.attempts.len(), sent.status), (1, 0));
    let silent = found(calls[1].request).await;
    assert_eq!((silent.credits.get(), silent.measured, silent.attempts.len()), (0, Measured::Unknown, 0));
    let bare = found(older.request).await;
    assert_eq!((bare.credits.get(), bare.payer, bare.error.as_deref()), (30, None, Some("interrupted")));
    assert_eq!(totals(&kept.bed.store, kept.workspace).await, (3, 60));
    assert_eq!(kept.has().await, (940, 0));
    kept.check().await;
}

/// The calls and credits that usage tells of.
async fn totals(store: &Store, workspace: WorkspaceId) -> (u64, i64) {
    let (from, to) = (NOW.plus_millis(-3_600_000), NOW.plus_millis(3_600_000));
    let query = UsageQuery { from, to, group_by: GroupBy::Payer, only: UsageFilter::default() };
    let rows = store.usage(workspace, &query).await.unwrap();
    rows.iter().fold((0, 0), |(calls, credits), row| (calls + row.totals.calls, credits + row.totals.credits.get()))
}

async fn the_true_receipt_takes_the_place_of_one_that_was_completed(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let (late, other) = (drafted(call(kept.workspace, 100), PayerKind::Managed), call(kept.workspace, 100));
    for call in [&late, &other] {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    kept.running.journal.note(late.request, charge(60)).unwrap();
    kept.bed.store.catch_up(std::time::Duration::from_secs(5)).await.unwrap();
    assert_eq!(kept.bed.store.end_left(&[late.request], NOW).await.unwrap(), 1);
    assert_eq!(totals(&kept.bed.store, kept.workspace).await, (1, 60));
    for (call, credits) in [(&other, 10), (&late, 45)] {
        kept.running.journal.append(ended(call, credits)).unwrap();
    }
    assert_eq!(kept.has().await, (1_000 - 45 - 10, 0));
    let truth = kept.bed.store.receipt(kept.workspace, late.request).await.unwrap().unwrap();
    assert_eq!((truth.credits.get(), truth.error), (45, None));
    assert_eq!(totals(&kept.bed.store, kept.workspace).await, (2, 55));
    kept.check().await;
}

async fn what_a_plan_includes_is_counted_though_nothing_is_held(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let included = |n| HoldCall { funds: Funds::None, ..drafted(call(kept.workspace, n), PayerKind::Managed) };
    let (killed, over) = (included(100), included(100));
    for call in [&killed, &over] {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    kept.running.journal.note(killed.request, Charge { credits: MicroCredits::ZERO, ..charge(7) }).unwrap();
    let settlement = Settlement { charge: charge(5), funds: Funds::None, included: true, ..Settlement::NOTHING };
    kept.running.journal.append(Receipt { settlement: Some(settlement), ..ended(&over, 5) }).unwrap();
    assert_eq!(kept.has().await, (1_000, 0));
    assert_eq!(kept.bed.store.end_left(&[killed.request], NOW).await.unwrap(), 1);
    let receipt = kept.bed.store.receipt(kept.workspace, killed.request).await.unwrap().unwrap();
    assert_eq!((receipt.credits.get(), receipt.cost_usd), (0, Some(PicoUsd::new(70_000))));
    let accounts = kept.bed.store.budget_accounts(kept.workspace).await.unwrap();
    let included = accounts.iter().find(|account| account.id == AccountId::Included(kept.workspace)).unwrap();
    assert_eq!(included.debits_posted.get(), 70 + 50);
    kept.check().await;
}

async fn a_receipt_says_what_was_overrun(bed: Bed) {
    let kept = Kept::with(bed, 100).await;
    let calls = [60, 40].map(|credits| call(kept.workspace, credits));
    for call in &calls {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    let mut overrun = Vec::new();
    for (call, cost) in calls.iter().zip([60, 75]) {
        kept.running.journal.append(ended(call, cost)).unwrap();
        let receipt = kept.bed.store.receipt(kept.workspace, call.request).await.unwrap().unwrap();
        overrun.push((receipt.credits.get(), receipt.overrun.get()));
    }
    assert_eq!(overrun, [(60, 0), (75, 35)]);
    let query = UsageQuery {
        from: NOW.plus_millis(-3_600_000),
        to: NOW.plus_millis(3_600_000),
        group_by: GroupBy::Payer,
        only: UsageFilter::default(),
    };
    let rows = kept.bed.store.usage(kept.workspace, &query).await.unwrap();
    let totals = rows.iter().map(|row| (row.totals.credits.get(), row.totals.overrun.get()));
    let (credits, overrun) = totals.fold((0, 0), |(c, o), (credits, overrun)| (c + credits, o + overrun));
    let entries = kept.bed.store.entries(kept.workspace, Range::default(), None, 9).await.unwrap();
    let paid: i64 = entries.items.iter().filter(|entry| entry.kind == "charge").map(|entry| -entry.change.get()).sum();
    assert_eq!((credits - overrun, overrun, paid), (100, 35, 100));
    kept.check().await;
}

async fn a_month_that_is_over_stays_as_it_is(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let (in_time, late) = (call(kept.workspace, 100), call(kept.workspace, 100));
    for call in [&in_time, &late] {
        kept.holds.hold(call.clone()).await.unwrap();
    }
    kept.running.journal.append(ended(&in_time, 10)).unwrap();
    assert_eq!(kept.has().await, (990, 100));
    // The node was away when the month ended, and its receipts are taken over in the next one.
    let journal = kept.running.kill().await;
    journal.append(ended(&late, 20)).unwrap();
    drop((journal, kept.holds));
    kept.holding.await.unwrap();
    let bed = kept.bed.reopen().await;
    let december = Period::month(NOW, None).end.unwrap();
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), JournalLimits::default()).await.unwrap();
    takeover.run(|| december.plus_millis(5), std::future::ready(())).await;
    drop(journal);
    assert_eq!(bed.store.balance_at(kept.workspace, december).await.unwrap().get(), 990);
    let page = bed.store.entries_in_order(kept.workspace, Range::default(), 0, 9).await.unwrap();
    let told: Vec<_> = page.items.iter().map(|entry| (entry.change.get(), entry.at >= december)).collect();
    assert_eq!(told, [(1_000, false), (-10, false), (-20, true)]);
}

async fn orders_take_place_once(bed: Bed) {
    let workspace = bed.workspace().await;
    let order = Order { reason: "top-up".to_owned(), idempotency_key: Some("k".to_owned()) };
    let new = |credits| Grant { order: order.clone(), ..grant(workspace, credits, None) };
    let (asked, answer) = (json!({"credits": "5"}), json!({"id": "grant_1"}));
    assert_eq!(bed.store.grant(&new(5), (&asked, &answer), BY).await.unwrap(), Ordered::Done(Ok(())));
    let again = bed.store.grant(&new(5), (&asked, &json!("other")), BY).await.unwrap();
    assert_eq!(again, Ordered::Repeated(answer.clone()));
    let other = bed.store.grant(&new(6), (&json!({"credits": "6"}), &answer), BY).await.unwrap();
    assert_eq!(other, Ordered::KeyReused);
    assert_eq!(has(&bed.store, workspace).await, (5, 0));
    let nobody = WorkspaceId::from_uuid(Uuid::now_v7());
    let nothing = bed.store.grant(&grant(nobody, 5, None), (&asked, &answer), BY).await.unwrap();
    assert_eq!(nothing, Ordered::NoWorkspace);
}

async fn refunds_name_their_charge(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    let one = call(kept.workspace, 100);
    kept.holds.hold(one.clone()).await.unwrap();
    kept.running.journal.append(ended(&one, 80)).unwrap();
    assert_eq!(kept.has().await, (920, 0));
    let refund = |credits: i64| Refund {
        request: one.request,
        workspace: kept.workspace,
        credits: Amount::new(credits).unwrap(),
        fresh: GrantId::from_uuid(Uuid::now_v7()),
        order: Order { reason: "sorry".to_owned(), idempotency_key: None },
    };
    let give = async |credits| kept.bed.store.refund(&refund(credits), (&json!(1), &json!(1)), BY).await.unwrap();
    assert_eq!(give(50).await, Ordered::Done(Ok(())));
    let left = Amount::new(30).unwrap();
    assert_eq!(give(31).await, Ordered::Done(Err(RefundRefused::Exceeds { left })));
    assert_eq!(give(30).await, Ordered::Done(Ok(())));
    assert_eq!(kept.has().await, (1_000, 0));
    kept.check().await;
}

async fn an_allowance_is_granted_once(bed: Bed) {
    let workspace = bed.workspace().await;
    let period = Period { start: NOW, end: Some(NOW.plus_millis(1_000)) };
    let allow = |credits| Allowance { credits: MicroCredits::new(credits), period };
    bed.store.allow(workspace, allow(100), BY).await.unwrap();
    let bed = bed.reopen().await;
    for credits in [100, 40, 100] {
        bed.store.allow(workspace, allow(credits), BY).await.unwrap();
        assert_eq!(has(&bed.store, workspace).await, (100, 0));
    }
    bed.store.allow(workspace, allow(250), BY).await.unwrap();
    assert_eq!(has(&bed.store, workspace).await, (250, 0), "an upgrade gives the difference");
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
}

async fn what_expires_is_booked(bed: Bed) {
    let workspace = bed.workspace().await;
    let soon = NOW.plus_millis(1_000);
    for (credits, expires_at) in [(10, Some(soon)), (5, None)] {
        bed.store.grant(&grant(workspace, credits, expires_at), (&json!(1), &json!(1)), BY).await.unwrap();
    }
    assert_eq!(bed.store.book_expired(NOW).await.unwrap(), 0);
    assert_eq!(bed.store.book_expired(soon).await.unwrap(), 1);
    assert_eq!(bed.store.book_expired(soon).await.unwrap(), 0);
    assert_eq!(has(&bed.store, workspace).await, (5, 0));
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
}

async fn grants_are_listed_over_all_workspaces(bed: Bed) {
    let (one, two) = (bed.workspace().await, bed.workspace().await);
    let soon = NOW.plus_millis(1_000);
    for (workspace, credits, expires_at) in [(one, 5, None), (two, 6, Some(soon)), (two, 7, None)] {
        let given = grant(workspace, credits, expires_at);
        let done = bed.store.grant(&given, (&json!(credits), &json!({})), BY).await.unwrap();
        assert_eq!(done, Ordered::Done(Ok(())));
    }
    let list = async |filter, now, before| {
        let page = bed.store.grants(filter, now, before, 2).await.unwrap();
        (
            page.items.iter().map(|grant| grant.credits.get()).collect::<Vec<_>>(),
            page.more,
            page.items.last().map(|g| g.seq),
        )
    };
    let (newest, more, last) = list(GrantFilter::default(), NOW, None).await;
    assert_eq!((newest, more), (vec![7, 6], true));
    assert_eq!(list(GrantFilter::default(), NOW, last).await.0, [5]);
    assert_eq!(list(GrantFilter { workspace: Some(one), state: None }, NOW, None).await.0, [5]);
    let expired = GrantFilter { workspace: None, state: Some(GrantState::Expired) };
    assert_eq!((list(expired, NOW, None).await.0, list(expired, soon, None).await.0), (vec![], vec![6]));
    let active = GrantFilter { workspace: Some(two), state: Some(GrantState::Active) };
    assert_eq!(list(active, soon, None).await.0, [7]);
}

async fn a_page_of_workspaces_is_summed_up(bed: Bed) {
    let (one, two, out) = (bed.workspace().await, bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    let before = NOW.plus_millis(-3_600_000);
    for (workspace, payer, at) in [
        (one, PayerKind::Byok, NOW),
        (one, PayerKind::Managed, NOW),
        (one, PayerKind::Managed, before),
        (out, PayerKind::Byok, NOW),
    ] {
        let told = Receipt { at, payer: Some(payer), cost_usd: Some(PicoUsd::new(7)), ..receipt(workspace, 2) };
        running.journal.append(&told).unwrap();
    }
    let sums = bed.store.summaries((one, two), NOW).await.unwrap();
    let summary = WorkspaceSummary { own_usd: PicoUsd::new(7), credits_paid: MicroCredits::new(4) };
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), [(one, summary)]);
    running.stop().await;
}

async fn nodes_are_told_apart_by_their_lease(bed: Bed) {
    let (this, other) = (NodeId::from_uuid(Uuid::now_v7()), NodeId::from_uuid(Uuid::now_v7()));
    for node in [other, this] {
        bed.store.node_lives(node).await.unwrap();
    }
    bed.execute(&format!("UPDATE nodes SET lease_until = 1 WHERE id = {}", literal(&bed, other.uuid()))).await;
    let nodes = bed.store.nodes(10).await.unwrap();
    let told: Vec<_> = nodes.iter().map(|node| (node.id, node.alive)).collect();
    assert_eq!(told, [(this, true), (other, false)]);
}

async fn damage_is_found(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    kept.holds.hold(call(kept.workspace, 10)).await.unwrap();
    let found = kept.bed.store.check_ledger().await.unwrap();
    assert_eq!((found.transfers, found.holds, found.problems), (1, 1, vec![]));
    kept.bed.execute("UPDATE accounts SET credits_posted = credits_posted + 1 WHERE no_overdraft = 1").await;
    let problems = kept.bed.store.check_ledger().await.unwrap().problems;
    assert!(problems.iter().any(|problem| matches!(problem, LedgerProblem::Posted(_))), "{problems:?}");
    assert!(problems.iter().any(|problem| matches!(problem, LedgerProblem::Unbalanced(_))), "{problems:?}");
    kept.bed.execute("DELETE FROM holds").await;
    let problems = kept.bed.store.check_ledger().await.unwrap().problems;
    assert!(problems.iter().any(|problem| matches!(problem, LedgerProblem::Pending(_))), "{problems:?}");
}

async fn transfers_are_for_ever(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    for sql in ["DELETE FROM transfers", "UPDATE transfers SET amount = 1"] {
        let damage = tokio::spawn({
            let url = kept.bed.config.url.clone();
            async move { crate::bed::try_execute(&url, sql).await }
        });
        assert!(damage.await.unwrap().is_err(), "{sql}");
    }
    kept.check().await;
}

async fn entries_run_with_the_balance(bed: Bed) {
    let kept = Kept::with(bed, 1_000).await;
    for credits in [10, 20, 30] {
        let one = call(kept.workspace, credits);
        kept.holds.hold(one.clone()).await.unwrap();
        kept.running.journal.append(ended(&one, credits)).unwrap();
        assert_eq!(kept.has().await.1, 0);
    }
    let page = kept.bed.store.entries(kept.workspace, Range::default(), None, 3).await.unwrap();
    let told: Vec<_> = page.items.iter().map(|entry| (entry.change.get(), entry.balance.get())).collect();
    assert_eq!((told, page.more), (vec![(-30, 940), (-20, 970), (-10, 990)], true));
    let before = page.items.last().map(|entry| entry.seq);
    let rest = kept.bed.store.entries(kept.workspace, Range::default(), before, 3).await.unwrap();
    assert_eq!(rest.items.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["grant"]);
    let in_order = kept.bed.store.entries_in_order(kept.workspace, Range::default(), 0, 9).await.unwrap();
    assert_eq!(in_order.items.iter().map(|entry| entry.change.get()).collect::<Vec<_>>(), [1_000, -10, -20, -30]);
    let other = kept.bed.workspace().await;
    assert_eq!(kept.bed.store.entries(other, Range::default(), None, 9).await.unwrap().items, []);
    let now = NOW.plus_millis(1 << 40);
    assert_eq!(kept.bed.store.balance_at(kept.workspace, now).await.unwrap().get(), 940);
}

/// Two nodes ask for the same workspace's credits at the same time.
#[tokio::test]
async fn two_nodes_hold_exactly_what_is_there() {
    let Some(bed) = Bed::postgres().await else { return };
    let kept = Kept::with(bed, 1_000).await;
    let other = kept.bed.beside().await;
    let (elsewhere, _) = holds(&other, NodeId::from_uuid(Uuid::now_v7()));
    let asked = (0..400).map(|n| {
        let holds = if n % 2 == 0 { &kept.holds } else { &elsewhere };
        holds.hold(call(kept.workspace, 10))
    });
    let answers = futures_util::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 100);
    assert!(answers.iter().all(|answer| !matches!(answer, Err(HoldError::Away))));
    kept.check().await;
}
