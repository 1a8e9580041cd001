//! A process killed at any point of a call that holds money: nothing stays held, and each call is charged once, by its
//! receipt, else by the last word of what it cost, else nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::{GrantId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Charge, Funds, Grant, HoldCall, Order, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_store::{JournalLimits, Range, ReceiptFilter, Store, StoreConfig};
use serde_json::json;
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, mac, new_workspace, receipt};
use crate::killed::Work;

const POINTS: [&str; 9] = [
    "hold_before_commit",
    "hold_committed",
    "evidence_noted",
    "receipt_due",
    "receipt_appended",
    "journal_appended",
    "takeover_settled",
    "takeover_before_commit",
    "takeover_committed",
];
const LIMITS: JournalLimits = JournalLimits { segment_bytes: 4096, total_bytes: 1 << 20 };
const GRANTED: i64 = 1_000_000;
const HELD: i64 = 100;
const NOTED: i64 = 10;
const CHARGED: i64 = 25;

crate::on_both! { no_point_loses_or_doubles_a_charge }

async fn open(url: &str) -> Store {
    let store = Store::open(&StoreConfig::new(url)).await.unwrap();
    store.set_audit_mac(mac());
    store
}

const fn charge(credits: i64) -> Charge {
    Charge { credits: MicroCredits::new(credits), usd: NanoUsd::new(credits * 10) }
}

fn ended(call: &HoldCall, n: u32) -> Receipt {
    let settlement = Settlement { charge: charge(CHARGED), funds: call.funds, ..Settlement::NOTHING };
    let credits = settlement.charge.credits;
    Receipt { id: call.request, credits, settlement: Some(settlement), ..receipt(call.workspace, n) }
}

/// What the killed process does: hold, say what is known, end two calls of three, and note each step behind it.
#[tokio::test]
async fn child() {
    let Some(Work { url, dir, workspace }) = Work::of_this_process() else { return };
    let store = open(&url).await;
    let (journal, takeover) = store.open_journal(&dir.join("journal"), LIMITS).await.unwrap();
    tokio::spawn(takeover.run(|| NOW, std::future::pending()));
    let (holds, holding) = store.holds(journal.node(), Arc::new(|| NOW));
    tokio::spawn(holding.run());
    let mut steps = std::fs::File::create(dir.join("steps")).unwrap();
    let mut step = |call: &HoldCall, name: &str| writeln!(steps, "{} {name}", call.request).unwrap();
    for n in 0..300 {
        let request = RequestId::from_uuid(Uuid::now_v7());
        let (amount, budgets) = (charge(HELD), Vec::new());
        let draft = Some(Box::new(Receipt { id: request, ..receipt(workspace, n) }));
        let call = HoldCall { request, workspace, amount, funds: Funds::All, allowance: None, budgets, draft };
        step(&call, "begun");
        holds.hold(call.clone()).await.unwrap();
        step(&call, "held");
        journal.note(request, charge(NOTED)).unwrap();
        step(&call, "noted");
        if n % 3 > 0 {
            journal.append(ended(&call, n)).unwrap();
            step(&call, "ended");
        }
        if n % 20 == 0 {
            store.catch_up(Duration::from_secs(60)).await.unwrap();
        }
    }
    panic!("the point was never reached");
}

/// A workspace and a journal of its own for each run, in one database.
async fn no_point_loses_or_doubles_a_charge(bed: Bed) {
    bed.store.close().await;
    let Bed { store, config, dir: _kept } = bed;
    drop(store);
    for point in POINTS {
        for count in [1, 4] {
            let dir = tempfile::tempdir().unwrap();
            let workspace = with_credits(&config.url).await;
            Work::new(&config.url, dir.path(), workspace).dies_at("money_kills::child", (point, count));
            check(&config.url, (dir.path(), workspace), point).await;
        }
    }
}

async fn with_credits(url: &str) -> WorkspaceId {
    let store = open(url).await;
    let workspace = store.create_workspace(&new_workspace(), BY).await.unwrap().id;
    let id = GrantId::from_uuid(Uuid::now_v7());
    let order = Order { reason: "top-up".to_owned(), idempotency_key: None };
    let grant = Grant { id, workspace, credits: Amount::new(GRANTED).unwrap(), expires_at: None, order };
    store.grant(&grant, (&json!(1), &json!(1)), BY).await.unwrap();
    store.close().await;
    workspace
}

/// As the next process of the same node does it: what is open is found, the journal is taken over, the rest is ended.
async fn check(url: &str, (dir, workspace): (&Path, WorkspaceId), point: &str) {
    let store = open(url).await;
    let (journal, takeover) = store.open_journal(&dir.join("journal"), LIMITS).await.unwrap();
    let left = store.held_by(journal.node()).await.unwrap();
    takeover.run(|| NOW, std::future::ready(())).await;
    store.end_left(&left, NOW).await.unwrap();
    let found = store.check_ledger().await.unwrap();
    assert_eq!((found.holds, found.problems), (0, vec![]), "{point}");
    let mut charges = charges(&store, workspace).await;
    let receipts = receipts(&store, workspace).await;
    for (request, charged) in &charges {
        assert_eq!(receipts.get(request), Some(charged), "{point}: what is charged has a receipt that says so");
    }
    let has = store.credits(workspace, NOW).await.unwrap();
    assert_eq!((has.balance().get(), has.held().get()), (GRANTED - charges.values().sum::<i64>(), 0), "{point}");

    let steps = std::fs::read_to_string(dir.join("steps")).unwrap();
    let mut reached: BTreeMap<RequestId, &str> = BTreeMap::new();
    for line in steps.lines() {
        let (request, step) = line.split_once(' ').unwrap();
        reached.insert(request.parse().unwrap(), step);
    }
    let last = steps.lines().last().and_then(|line| line.split_once(' ')).unwrap().0.parse().unwrap();
    for (request, step) in reached {
        let charged = charges.remove(&request).unwrap_or(0);
        let is_explained = receipts.get(&request).copied().unwrap_or(0) == charged;
        assert!(is_explained, "{point}: the receipt of {request} says something else");
        // The last one may have come a step further than was noted.
        let expected: &[i64] = match step {
            "begun" => &[0],
            "held" if request == last => &[0, NOTED],
            "noted" if request == last => &[NOTED, CHARGED],
            "noted" => &[NOTED],
            "ended" => &[CHARGED],
            other => panic!("{point}: {request} stays {other}"),
        };
        assert!(expected.contains(&charged), "{point}: {request} is {step} and charged {charged}");
    }
    assert_eq!(charges, BTreeMap::new(), "{point}: charged for calls that never were");
    store.close().await;
}

/// What the receipt of each call says that it costs.
async fn receipts(store: &Store, workspace: WorkspaceId) -> BTreeMap<RequestId, i64> {
    let page = store.receipts(workspace, &ReceiptFilter::default(), None, 1_000).await.unwrap();
    assert!(!page.more);
    page.items.into_iter().map(|receipt| (receipt.id, receipt.credits.get())).collect()
}

/// What each call was charged; none twice.
async fn charges(store: &Store, workspace: WorkspaceId) -> BTreeMap<RequestId, i64> {
    let page = store.entries_in_order(workspace, Range::default(), 0, 1_000).await.unwrap();
    assert!(!page.more && page.items.iter().all(|entry| entry.balance.get() >= 0));
    let mut charges = BTreeMap::new();
    for entry in page.items.iter().filter(|entry| entry.kind == "charge") {
        let twice = charges.insert(entry.request.unwrap(), -entry.change.get());
        assert_eq!(twice, None, "{:?} is charged twice", entry.request);
    }
    charges
}
