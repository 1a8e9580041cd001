//! A process killed at any point of the journal loses no receipt and counts none twice; one killed while it deletes
//! what is too old leaves chains that verify.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::{TokenClass, Usage};
use ownkey_store::{
    AuditCheck, Expired, GroupBy, JournalLimits, Note, ReceiptFilter, Store, StoreConfig, UsageFilter, UsageQuery,
};

use crate::bed::{BY, Bed, NOW, mac, new_workspace, receipt};
use crate::killed::Work;
use crate::responses::{begun, polled};

const POINTS: [&str; 10] = [
    "frame_staged",
    "journal_appended",
    "takeover_read",
    "takeover_responses",
    "takeover_rows",
    "takeover_totals",
    "takeover_before_commit",
    "takeover_committed",
    "segment_removed",
    "journal_rotated",
];
const LIMITS: JournalLimits = JournalLimits { segment_bytes: 4096, total_bytes: 1 << 20 };

crate::on_both! { no_point_loses_or_doubles_a_receipt no_point_breaks_a_chain_that_is_cut }

async fn open(url: &str) -> Store {
    Store::open(&StoreConfig::new(url)).await.unwrap()
}

/// Of five calls in a row one makes a response in the background, and three show it whole.
fn appended(workspace: WorkspaceId, n: u32) -> Receipt {
    let name = format!("resp_{}", n / 5);
    match n % 5 {
        0 => begun(workspace, n, &name),
        1..=3 => polled(workspace, n, &name),
        _ => receipt(workspace, n),
    }
}

/// What the killed process does: append, note what is appended, wait for the takeover now and then.
#[tokio::test]
async fn child() {
    let Some(Work { url, dir, workspace }) = Work::of_this_process() else { return };
    let store = open(&url).await;
    let (journal, takeover) = store.open_journal(&dir.join("journal"), LIMITS).await.unwrap();
    tokio::spawn(takeover.run(|| NOW, std::future::pending()));
    let mut noted = std::fs::File::create(dir.join("appended")).unwrap();
    for n in 0..500 {
        let receipt = appended(workspace, n);
        // Mostly as calls that have others beside them.
        if n % 4 == 0 {
            journal.append(&receipt).unwrap();
        } else {
            journal.append_with_others(Box::new(receipt.clone())).await.unwrap();
        }
        writeln!(noted, "{}", receipt.id).unwrap();
        if n % 20 == 0 {
            store.catch_up(Duration::from_secs(60)).await.unwrap();
        }
    }
    panic!("the point was never reached");
}

/// A workspace and a journal of its own for each run, in one database.
async fn no_point_loses_or_doubles_a_receipt(bed: Bed) {
    bed.store.close().await;
    let Bed { store, config, dir: _kept } = bed;
    drop(store);
    for point in POINTS {
        for count in [1, 3] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(&config.url).await;
            store.set_audit_mac(mac());
            let workspace = store.create_workspace(&new_workspace(), BY).await.unwrap().id;
            store.close().await;
            drop(store);
            Work::new(&config.url, dir.path(), workspace).dies_at("kills::child", (point, count));
            check(&config.url, (dir.path(), workspace), point).await;
        }
    }
}

async fn check(url: &str, (dir, workspace): (&Path, WorkspaceId), point: &str) {
    let store = open(url).await;
    let (_journal, takeover) = store.open_journal(&dir.join("journal"), LIMITS).await.unwrap();
    takeover.run(|| NOW, std::future::ready(())).await;
    let noted = std::fs::read_to_string(dir.join("appended")).unwrap();
    let noted: Vec<RequestId> = noted.lines().map(|line| line.parse().unwrap()).collect();
    let page = store.receipts(workspace, &ReceiptFilter::default(), None, 1000).await.unwrap();
    let kept: Vec<_> = page.items.iter().rev().map(|r| r.id).collect();
    // The last one may have been appended and not noted.
    assert!(kept.starts_with(&noted) && kept.len() <= noted.len() + 1, "{point}");
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Model, only: UsageFilter::default() };
    let usage = store.usage(workspace, &query).await.unwrap();
    let calls: u64 = usage.iter().map(|row| row.totals.calls).sum();
    assert_eq!(usize::try_from(calls).unwrap(), kept.len(), "{point}");
    for (number, shown) in page.items.iter().rev().collect::<Vec<_>>().chunks(5).enumerate() {
        let count = shown.iter().skip(1).take(3).filter(|receipt| !receipt.usage.is_empty()).count();
        assert_eq!(count, shown.len().min(2) - 1, "{point}: response {number}");
    }
    let input = |usage: &Usage| usage.get(TokenClass::Input).unwrap_or(0);
    let total: u64 = usage.iter().map(|row| input(&row.totals.usage)).sum();
    assert_eq!(total, page.items.iter().map(|receipt| input(&receipt.usage)).sum::<u64>(), "{point}");
    store.close().await;
}

const EVERYTHING: Expired =
    Expired { receipts: None, audit: Some(NOW.plus_millis(1 << 40)), responses: None, messages: None };

/// The first one only looks.
async fn sweep_twice(store: &Store) {
    let mut sweeper = store.sweeper();
    for _ in 0..2 {
        let mut sweep = sweeper.begin(EVERYTHING).await.unwrap();
        while sweep.step().await {}
    }
}

/// What the killed process does: delete what is too old.
#[tokio::test]
async fn sweeping_child() {
    let Some(Work { url, .. }) = Work::of_this_process() else { return };
    let store = open(&url).await;
    store.set_audit_mac(mac());
    sweep_twice(&store).await;
    panic!("the point was never reached");
}

async fn no_point_breaks_a_chain_that_is_cut(mut bed: Bed) {
    for n in 0..1_200 {
        let note = Note { workspace: None, action: "test", object: n.to_string(), detail: serde_json::Value::Null };
        bed.store.note(&note, BY).await.unwrap();
    }
    let workspace = WorkspaceId::from_uuid(uuid::Uuid::nil());
    let mut left = 1_200;
    for (point, count) in [("audit_anchor_moved", 1), ("audit_events_cut", 1), ("audit_events_cut", 2)] {
        bed.store.close().await;
        let Bed { store, config, dir } = bed;
        drop(store);
        Work::new(&config.url, dir.path(), workspace).dies_at("kills::sweeping_child", (point, count));
        let store = open(&config.url).await;
        store.set_audit_mac(mac());
        bed = Bed { store, config, dir };
        // A step is done or is not.
        left -= 500 * (count - 1);
        assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Intact(left), "{point}");
    }
    sweep_twice(&bed.store).await;
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Intact(0));
}
