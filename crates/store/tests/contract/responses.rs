//! Responses that providers keep: known to whoever made them, and what those made in the background used counts once.

use std::sync::Arc;

use ownkey_domain::id::{BudgetId, WorkspaceId};
use ownkey_domain::ledger::{AccountId, BudgetLine, Charge, Funds, HoldCall, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Attempt, Outcome, Receipt};
use ownkey_domain::response::{ChainTokens, ResponseId, ResponseNote};
use ownkey_domain::usage::{Measured, TokenClass, Usage};
use ownkey_store::{Expired, GroupBy, JournalLimits, Store, UsageFilter, UsageQuery};

use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, receipt};

crate::on_both! {
    a_chain_is_known_to_its_workspace_alone a_chain_outlives_a_killed_process a_chain_of_unknown_length_is_known
    what_a_response_used_counts_once what_a_response_used_counts_once_across_restarts
    what_a_response_used_corrects_the_budgets_of_the_call_that_made_it
    what_is_told_before_it_is_made_counts_once what_nobody_made_counts_nowhere nodes_count_once_together an_odd_model_stops_nothing
    a_deleted_workspace_leaves_no_response old_responses_go
}

const AT: Provider = Provider::OpenAi;

fn id(text: &str) -> ResponseId {
    text.parse().unwrap()
}

fn call(workspace: WorkspaceId, n: u32, payer: PayerKind, response: ResponseNote) -> Receipt {
    let cost_usd = Some(PicoUsd::ZERO);
    let attempt = Attempt { status: Some(200), outcome: Outcome::Complete, cost_usd, ..Attempt::begun(payer, None) };
    Receipt {
        provider: Some(AT),
        payer: Some(payer),
        model: None,
        usage: Usage::default(),
        measured: Measured::Unknown,
        cost_usd: Some(PicoUsd::ZERO),
        attempts: vec![attempt],
        response: Some(response),
        ..receipt(workspace, n)
    }
}

fn made(workspace: WorkspaceId, n: u32, name: &str, chain: ChainTokens) -> Receipt {
    call(workspace, n, PayerKind::Managed, ResponseNote::Made { id: id(name), chain })
}

/// A response in the background.
pub fn begun(workspace: WorkspaceId, n: u32, name: &str) -> Receipt {
    let note = ResponseNote::Made { id: id(name), chain: ChainTokens::UNKNOWN };
    let model = Some("gpt-5".to_owned());
    Receipt { model, cost_usd: None, ..call(workspace, n, PayerKind::Byok, note) }
}

/// Somebody who asked for it and was shown it whole.
pub fn polled(workspace: WorkspaceId, n: u32, name: &str) -> Receipt {
    let usage = Usage::default().with(TokenClass::Input, 7).with(TokenClass::Output, 5);
    call(
        workspace,
        n,
        PayerKind::Byok,
        ResponseNote::Told {
            id: id(name),
            usage: Box::new(usage),
            cost_usd: Some(PicoUsd::new(99)),
            credits_at_rate: Some(MicroCredits::new(9)),
        },
    )
}

/// How often the totals and the receipts have what [`polled`] shows.
async fn counted(store: &Store, workspace: WorkspaceId, receipts: &[Receipt]) -> (u64, Vec<bool>) {
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Model, only: UsageFilter::default() };
    let rows = store.usage(workspace, &query).await.unwrap();
    let input: u64 = rows.iter().filter_map(|row| row.totals.usage.get(TokenClass::Input)).sum();
    let cost: i128 = rows.iter().map(|row| row.totals.cost_usd.get()).sum();
    assert_eq!(cost, i128::from(input / 7) * 99);
    let mut counting = Vec::new();
    for receipt in receipts {
        let found = store.receipt(workspace, receipt.id).await.unwrap().unwrap();
        let counts = !found.usage.is_empty();
        assert_eq!(found.measured == Measured::Measured, counts);
        if counts {
            assert_eq!((found.model.as_deref(), found.cost_usd), (Some("gpt-5"), Some(PicoUsd::new(99))));
            assert_eq!(found.attempts[0].cost_usd, Some(PicoUsd::new(99)));
        }
        counting.push(counts);
    }
    (input / 7, counting)
}

async fn a_chain_is_known_to_its_workspace_alone(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    let chain = ChainTokens::new(1_200);
    running.journal.append(made(one, 1, "resp_1", chain)).unwrap();
    running.journal.append(begun(one, 2, "resp_own")).unwrap();
    // At once: whoever asks waits for the takeover.
    assert_eq!(bed.store.chain(one, AT, &id("resp_1")).await.unwrap(), Some(chain));
    for (workspace, provider, name) in
        [(other, AT, "resp_1"), (one, Provider::Anthropic, "resp_1"), (one, AT, "resp_2"), (one, AT, "resp_own")]
    {
        assert_eq!(bed.store.chain(workspace, provider, &id(name)).await.unwrap(), None, "{name}");
    }
    // The same id is another response in another workspace.
    running.journal.append(made(other, 3, "resp_1", ChainTokens::new(5))).unwrap();
    assert_eq!(bed.store.chain(other, AT, &id("resp_1")).await.unwrap(), Some(ChainTokens::new(5)));
    assert_eq!(bed.store.chain(one, AT, &id("resp_1")).await.unwrap(), Some(chain));
    running.stop().await;
}

async fn a_chain_outlives_a_killed_process(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), JournalLimits::default()).await.unwrap();
    journal.append(made(workspace, 1, "resp_1", ChainTokens::new(3))).unwrap();
    drop((journal, takeover));
    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    running.journal.append(receipt(workspace, 2)).unwrap();
    assert_eq!(bed.store.chain(workspace, AT, &id("resp_1")).await.unwrap(), Some(ChainTokens::new(3)));
    running.stop().await;
}

async fn a_chain_of_unknown_length_is_known(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    for (n, name, chain) in [(1, "resp_1", ChainTokens::UNKNOWN), (2, "resp_2", ChainTokens::new(u64::MAX))] {
        running.journal.append(made(workspace, n, name, chain)).unwrap();
        let found = bed.store.chain(workspace, AT, &id(name)).await.unwrap();
        assert_eq!(found, Some(ChainTokens::UNKNOWN), "{name}");
    }
    running.stop().await;
}

async fn what_a_response_used_counts_once(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    let polls: Vec<_> = (2..6).map(|n| polled(one, n, "resp_1")).collect();
    let strangers = [polled(other, 6, "resp_1")];
    // Within a batch their order says nothing.
    for receipt in [&polls[0], &begun(one, 1, "resp_1"), &strangers[0], &polls[1], &polls[2]] {
        running.journal.append(receipt).unwrap();
    }
    let (times, counting) = counted(&bed.store, one, &polls[..3]).await;
    assert_eq!((times, counting.iter().filter(|counts| **counts).count()), (1, 1));
    // And in a later one.
    running.journal.append(&polls[3]).unwrap();
    assert_eq!(counted(&bed.store, one, &polls[3..]).await, (1, vec![false]));
    assert_eq!(counted(&bed.store, other, &strangers).await, (0, vec![false]));
    running.stop().await;
}

async fn what_a_response_used_corrects_the_budgets_of_the_call_that_made_it(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let (holds, task) = bed.store.holds(running.journal.node(), Arc::new(|| NOW));
    tokio::spawn(task.run());
    let budget = |n| AccountId::Budget(workspace, BudgetId::from_uuid(Uuid::from_u128(n)), NOW);
    // One whose period is over by the time that it is known, and one that goes on.
    let line = |n, ends_at| BudgetLine { account: budget(n), ends_at, limit: Some(NanoUsd::new(9_000)) };
    let bound = Charge { usd: NanoUsd::new(500), ..Charge::default() };
    let held = |call: &Receipt, amount, budgets| HoldCall {
        request: call.id,
        workspace,
        amount,
        funds: Funds::None,
        allowance: None,
        budgets,
        draft: None,
    };
    for (n, name) in [(1, "resp_1"), (2, "resp_2"), (3, "resp_3")] {
        let call = begun(workspace, n, name);
        let budgets = vec![line(1, Some(NOW.plus_millis(60_000))), line(2, None)];
        holds.hold(held(&call, bound, budgets)).await.unwrap();
        let settlement = Settlement { charge: bound, funds: Funds::None, ..Settlement::NOTHING };
        running.journal.append(Receipt { settlement: Some(settlement), ..call }).unwrap();
    }
    let counted = async || {
        bed.store.catch_up(std::time::Duration::from_secs(9)).await.unwrap();
        let accounts = bed.store.budget_accounts(workspace).await.unwrap();
        accounts.iter().find(|account| account.id == budget(2)).unwrap().counted().get()
    };
    assert_eq!(counted().await, 1_500, "at what they can cost at most");
    // In one batch and in several: 99 pico-USD, rounded up.
    for n in 4..7 {
        running.journal.append(polled(workspace, n, "resp_1")).unwrap();
    }
    assert_eq!(counted().await, 1_001);
    running.journal.append(polled(workspace, 7, "resp_1")).unwrap();
    assert_eq!(counted().await, 1_001, "once");
    running.journal.append(polled(workspace, 8, "resp_2")).unwrap();
    assert_eq!(counted().await, 502);
    // What is left is free for others, though nobody reads.
    running.journal.append(polled(workspace, 9, "resp_3")).unwrap();
    let rest = Charge { usd: NanoUsd::new(8_997), ..Charge::default() };
    let free = async {
        while holds.hold_again(held(&begun(workspace, 10, "resp_4"), rest, vec![line(2, None)])).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), free).await.unwrap();
    let accounts = bed.store.budget_accounts(workspace).await.unwrap();
    assert!(accounts.iter().all(|account| account.id != budget(1)), "its period is over, and stays over");
    assert_eq!(bed.store.check_ledger().await.unwrap().problems, []);
    running.stop().await;
}

async fn what_a_response_used_counts_once_across_restarts(bed: Bed) {
    let workspace = bed.workspace().await;
    let polls: Vec<_> = (2..4).map(|n| polled(workspace, n, "resp_1")).collect();
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), JournalLimits::default()).await.unwrap();
    journal.append(begun(workspace, 1, "resp_1")).unwrap();
    journal.append(&polls[0]).unwrap();
    drop((journal, takeover));
    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    assert_eq!(counted(&bed.store, workspace, &polls[..1]).await, (1, vec![true]));
    // The same receipt once more, as from a journal that is read again, and another one.
    running.journal.append(&polls[0]).unwrap();
    running.journal.append(&polls[1]).unwrap();
    assert_eq!(counted(&bed.store, workspace, &polls).await, (1, vec![true, false]));
    running.stop().await;
}

/// A stream may go on while its response is shown elsewhere: the call that made it counts it, when that is known.
async fn what_is_told_before_it_is_made_counts_once(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    let early: Vec<_> = (2..4).map(|n| polled(one, n, "resp_1")).collect();
    for poll in &early {
        running.journal.append(poll).unwrap();
        assert_eq!(counted(&bed.store, one, std::slice::from_ref(poll)).await, (0, vec![false]));
    }
    let making = [begun(one, 1, "resp_1"), begun(other, 6, "resp_1")];
    for receipt in &making {
        running.journal.append(receipt).unwrap();
    }
    assert_eq!(counted(&bed.store, one, &making[..1]).await, (1, vec![true]));
    assert_eq!(counted(&bed.store, other, &making[1..]).await, (0, vec![false]));
    let late = polled(one, 4, "resp_1");
    running.journal.append(&late).unwrap();
    assert_eq!(counted(&bed.store, one, &[early[0].clone(), early[1].clone(), late]).await, (1, vec![false; 3]));
    running.stop().await;
}

async fn what_nobody_made_counts_nowhere(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    // A managed response was counted with the call that made it, and that of a key elsewhere is not ours to count.
    running.journal.append(made(workspace, 1, "resp_1", ChainTokens::NONE)).unwrap();
    let polls = [polled(workspace, 2, "resp_1"), polled(workspace, 3, "resp_elsewhere")];
    for poll in &polls {
        running.journal.append(poll).unwrap();
    }
    assert_eq!(counted(&bed.store, workspace, &polls).await, (0, vec![false, false]));
    running.stop().await;
}

async fn nodes_count_once_together(bed: Bed) {
    if bed.config.url.starts_with("sqlite") {
        return;
    }
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let other = bed.beside().await;
    let (journal, takeover) =
        other.open_journal(&bed.dir.path().join("other"), JournalLimits::default()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(takeover.run(|| NOW, async move { drop(stopped.await) }));
    let names: Vec<_> = (0..20).map(|n| format!("resp_{n}")).collect();
    for (n, name) in (0..).zip(&names) {
        running.journal.append(begun(workspace, n, name)).unwrap();
    }
    running.journal.append(made(workspace, 90, "resp_chain", ChainTokens::new(8))).unwrap();
    bed.store.catch_up(std::time::Duration::from_secs(60)).await.unwrap();
    // Both nodes show all of them at the same time, in opposite orders.
    let mut polls = Vec::new();
    for (n, (name, last)) in (0..).zip(names.iter().zip(names.iter().rev())) {
        let (here, there) = (polled(workspace, 100 + n, name), polled(workspace, 200 + n, last));
        running.journal.append(&here).unwrap();
        journal.append(&there).unwrap();
        polls.extend([here, there]);
    }
    other.catch_up(std::time::Duration::from_secs(60)).await.unwrap();
    let (times, counting) = counted(&bed.store, workspace, &polls).await;
    assert_eq!((times, counting.iter().filter(|counts| **counts).count()), (20, 20));
    assert_eq!(other.chain(workspace, AT, &id("resp_chain")).await.unwrap(), Some(ChainTokens::new(8)));
    // What the other node has yet to take over is waited for, a moment.
    journal.append(made(workspace, 91, "resp_late", ChainTokens::new(9))).unwrap();
    let found = bed.store.chain(workspace, AT, &id("resp_late")).await.unwrap();
    assert!(found.is_none_or(|chain| chain == ChainTokens::new(9)));
    other.catch_up(std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(bed.store.chain(workspace, AT, &id("resp_late")).await.unwrap(), Some(ChainTokens::new(9)));
    drop(stop);
    task.await.unwrap();
    running.stop().await;
}

async fn an_odd_model_stops_nothing(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let odd = Receipt { model: Some("a\0b".to_owned()), ..begun(workspace, 1, "resp_1") };
    running.journal.append(&odd).unwrap();
    let poll = polled(workspace, 2, "resp_1");
    running.journal.append(&poll).unwrap();
    let found = bed.store.receipt(workspace, poll.id).await.unwrap().unwrap();
    assert_eq!((found.model.as_deref(), found.usage.get(TokenClass::Output)), (Some("a\u{fffd}b"), Some(5)));
    assert_eq!(running.journal.set_aside(), 0);
    running.stop().await;
}

async fn a_deleted_workspace_leaves_no_response(bed: Bed) {
    let (gone, left) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    running.journal.append(made(gone, 1, "resp_1", ChainTokens::NONE)).unwrap();
    running.journal.append(made(left, 2, "resp_1", ChainTokens::NONE)).unwrap();
    assert!(bed.store.chain(gone, AT, &id("resp_1")).await.unwrap().is_some());
    bed.store.delete_workspace(gone, BY).await.unwrap();
    assert_eq!(bed.store.chain(gone, AT, &id("resp_1")).await.unwrap(), None);
    // A call that ends after that.
    running.journal.append(made(gone, 3, "resp_2", ChainTokens::NONE)).unwrap();
    assert_eq!(bed.store.chain(gone, AT, &id("resp_2")).await.unwrap(), None);
    assert!(bed.store.chain(left, AT, &id("resp_1")).await.unwrap().is_some());
    running.stop().await;
}

async fn old_responses_go(bed: Bed) {
    const HOUR: i64 = 3_600_000;
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    for hour in 0..30u32 {
        running.journal.append(made(workspace, hour * 60, &format!("resp_{hour}"), ChainTokens::NONE)).unwrap();
    }
    running.stop().await;
    let expired = Expired { receipts: None, audit: None, responses: Some(NOW.plus_millis(25 * HOUR)), messages: None };
    let mut sweeper = bed.store.sweeper();
    let mut gone = 0;
    for _ in 0..2 {
        let mut sweep = sweeper.begin(expired).await.unwrap();
        while sweep.step().await {}
        gone += sweep.swept().responses;
    }
    assert_eq!(gone, 25);
    let known = async |hour: u32| bed.store.chain(workspace, AT, &id(&format!("resp_{hour}"))).await.unwrap().is_some();
    assert_eq!((known(24).await, known(25).await, known(29).await), (false, true, true));
}
