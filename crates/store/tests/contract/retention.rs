//! What is deleted for its age, and what must survive that.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use ownkey_store::{
    Actor, AuditCheck, By, Expired, GroupBy, JournalLimits, Note, ReceiptFilter, Swept, UsageQuery, UsageRow,
};
use serde_json::json;

use crate::audit::{run, tamper};
use crate::bed::{Bed, NOW, new_api_key, receipt};

crate::on_both! {
    old_receipts_go_and_their_totals_stay whole_months_go a_chain_is_verified_from_where_it_begins
    nobody_else_moves_the_beginning_of_a_chain what_is_not_as_it_was_written_is_not_deleted
    changes_that_everyone_knows_go what_has_no_age_stays nodes_may_sweep_at_the_same_time
}

const NOTHING: Expired = Expired { receipts: None, audit: None, changes: Timestamp::from_millis(0) };
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    NOW.plus_millis(millis)
}

/// Sweeps to the end. How many steps it took, and what is gone.
async fn sweep(bed: &Bed, expired: Expired) -> (usize, Swept) {
    let mut sweep = bed.store.sweep(expired);
    let mut steps = 1;
    while sweep.step().await.unwrap() {
        steps += 1;
    }
    (steps, sweep.swept())
}

async fn write(bed: &Bed, receipts: impl Iterator<Item = Receipt>) {
    let running = bed.start(JournalLimits::default()).await;
    for receipt in receipts {
        running.journal.append(&receipt).unwrap();
    }
    running.stop().await;
}

/// When the calls were whose receipts are left, oldest first.
async fn kept(bed: &Bed, workspace: WorkspaceId) -> Vec<Timestamp> {
    let page = bed.store.receipts(workspace, &ReceiptFilter::default(), None, 5_000).await.unwrap();
    page.items.iter().rev().map(|receipt| receipt.at).collect()
}

async fn usage(bed: &Bed, workspace: WorkspaceId) -> Vec<UsageRow> {
    let query = UsageQuery { from: NOW, to: at(100 * DAY), group_by: GroupBy::Hour, api_key: None };
    bed.store.usage(workspace, &query).await.unwrap()
}

async fn note(bed: &Bed, workspace: Option<WorkspaceId>, minutes: std::ops::Range<i64>) {
    for minute in minutes {
        let by = By::new(Actor::System, at(minute * MINUTE));
        let note = Note { workspace, action: "test", object: "x".to_owned(), detail: json!({"minute": minute}) };
        bed.store.note(&note, by).await.unwrap();
    }
}

/// The numbers of the events that are left, oldest first.
async fn events(bed: &Bed, workspace: Option<WorkspaceId>) -> Vec<u64> {
    let page = bed.store.audit(workspace, None, 5_000).await.unwrap();
    page.items.iter().rev().map(|event| event.seq).collect()
}

async fn old_receipts_go_and_their_totals_stay(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    write(&bed, (0..1_200).map(|n| receipt(one, n)).chain((595..605).map(|n| receipt(other, n)))).await;
    let before = (usage(&bed, one).await, usage(&bed, other).await);
    let (steps, swept) = sweep(&bed, Expired { receipts: Some(at(600 * MINUTE)), ..NOTHING }).await;
    assert_eq!(swept, Swept { receipts: 605, ..Swept::default() });
    assert!(steps > 4, "in small steps");
    let minutes = |minutes: std::ops::Range<i64>| minutes.map(|n| at(n * MINUTE)).collect::<Vec<_>>();
    assert_eq!(kept(&bed, one).await, minutes(600..1_200));
    assert_eq!(kept(&bed, other).await, minutes(600..605));
    assert_eq!((usage(&bed, one).await, usage(&bed, other).await), before);
}

async fn whole_months_go(bed: Bed) {
    let workspace = bed.workspace().await;
    // From the 22nd of November on, one a day: into January.
    write(&bed, (0..50).map(|day| receipt(workspace, day * 24 * 60))).await;
    let (_, swept) = sweep(&bed, Expired { receipts: Some(at(14 * DAY)), ..NOTHING }).await;
    let months = if bed.config.url.starts_with("sqlite") { (0, 14) } else { (1, 5) };
    assert_eq!((swept.months, swept.receipts), months);
    assert_eq!((kept(&bed, workspace).await.len(), usage(&bed, workspace).await.len()), (36, 50));
    // One that comes late has its place again.
    let bed = bed.reopen().await;
    write(&bed, std::iter::once(receipt(workspace, 1))).await;
    assert_eq!(kept(&bed, workspace).await.len(), 37);
}

async fn a_chain_is_verified_from_where_it_begins(bed: Bed) {
    let workspace = bed.workspace().await;
    note(&bed, Some(workspace), 1..700).await;
    note(&bed, None, 0..3).await;
    let cut = |minute| Expired { audit: Some(at(minute * MINUTE)), ..NOTHING };
    // The chain began with the making of the workspace.
    let (_, swept) = sweep(&bed, cut(600)).await;
    assert_eq!(swept, Swept { audit: 600 + 3, ..Swept::default() });
    assert_eq!(events(&bed, Some(workspace)).await, (601..=700).collect::<Vec<_>>());
    let verified = async |of| bed.store.audit_verify(of).await.unwrap();
    assert_eq!(verified(Some(workspace)).await, AuditCheck::Intact(100));
    assert_eq!(verified(None).await, AuditCheck::Intact(0));
    // It goes on as before, is cut again, and one of which nothing is left goes on too.
    note(&bed, Some(workspace), 700..710).await;
    note(&bed, None, 700..702).await;
    assert_eq!(
        (verified(Some(workspace)).await, verified(None).await),
        (AuditCheck::Intact(110), AuditCheck::Intact(2))
    );
    assert_eq!(events(&bed, None).await, [4, 5]);
    assert_eq!(sweep(&bed, cut(650)).await.1.audit, 50);
    assert_eq!(verified(Some(workspace)).await, AuditCheck::Intact(60));
    assert_eq!(sweep(&bed, cut(650)).await.1, Swept::default());
    let bed = bed.reopen().await;
    assert_eq!(bed.store.audit_verify(Some(workspace)).await.unwrap(), AuditCheck::Intact(60));
}

async fn nobody_else_moves_the_beginning_of_a_chain(bed: Bed) {
    note(&bed, None, 0..10).await;
    sweep(&bed, Expired { audit: Some(at(4 * MINUTE)), ..NOTHING }).await;
    for refused in [
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE seq = 5",
        "UPDATE audit_events SET actor = 'x'",
        "UPDATE audit_anchors SET seq = 3",
        "DELETE FROM audit_anchors",
    ] {
        assert!(run(&bed, refused).await.is_err(), "{refused}");
    }
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Intact(6));
    // The triggers let it forward; but without the audit key there is no seal for that.
    let forward = "UPDATE audit_anchors SET seq = 6, mac = (SELECT mac FROM audit_events WHERE seq = 6)";
    run(&bed, forward).await.unwrap();
    run(&bed, "DELETE FROM audit_events WHERE seq <= 6").await.unwrap();
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(1));
    assert_eq!(sweep(&bed, Expired { audit: Some(at(DAY)), ..NOTHING }).await.1, Swept::default());
}

async fn what_is_not_as_it_was_written_is_not_deleted(bed: Bed) {
    let workspace = bed.workspace().await;
    note(&bed, None, 0..5).await;
    note(&bed, Some(workspace), 1..5).await;
    let mut sql = "UPDATE audit_events SET actor = 'nobody' WHERE seq = 2 AND workspace = ".to_owned();
    sql += if bed.config.url.starts_with("sqlite") { "zeroblob(16)" } else { "'00000000-0000-0000-0000-000000000000'" };
    tamper(&bed, &sql).await;
    let (_, swept) = sweep(&bed, Expired { audit: Some(at(DAY)), ..NOTHING }).await;
    assert_eq!(swept.audit, 5, "the other chain goes");
    assert_eq!(events(&bed, None).await, [1, 2, 3, 4, 5]);
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(2));
}

async fn changes_that_everyone_knows_go(bed: Bed) {
    let workspace = bed.workspace().await;
    for hour in 0..30 {
        let by = By::new(Actor::Operator, at(hour * 60 * MINUTE));
        bed.store.create_api_key(&new_api_key(workspace), by).await.unwrap().unwrap();
    }
    let latest = bed.store.latest_change().await.unwrap();
    let (_, swept) = sweep(&bed, Expired { changes: at(10 * 60 * MINUTE), ..NOTHING }).await;
    assert_eq!(swept, Swept { changes: 1 + 10, ..Swept::default() });
    assert_eq!(bed.store.changes(0, 100).await.unwrap().len(), 20);
    // The latest one stays, however old it is: whoever begins to follow starts behind it.
    sweep(&bed, Expired { changes: at(DAY * 9), ..NOTHING }).await;
    assert_eq!(bed.store.latest_change().await.unwrap(), latest);
    bed.workspace().await;
    assert_eq!(bed.store.changes(latest, 100).await.unwrap().len(), 1);
}

async fn what_has_no_age_stays(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..10).map(|n| receipt(workspace, n))).await;
    let (steps, swept) = sweep(&bed, NOTHING).await;
    assert_eq!((swept, kept(&bed, workspace).await.len()), (Swept::default(), 10));
    assert!(steps < 9);
}

async fn nodes_may_sweep_at_the_same_time(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..1_500).map(|n| receipt(workspace, n))).await;
    note(&bed, Some(workspace), 1..600).await;
    let expired = Expired { receipts: Some(at(2 * DAY)), audit: Some(at(2 * DAY)), ..NOTHING };
    let ((_, one), (_, other)) = tokio::join!(sweep(&bed, expired), sweep(&bed, expired));
    assert_eq!((one.receipts + other.receipts, one.audit + other.audit), (1_500, 600));
    assert_eq!(bed.store.audit_verify(Some(workspace)).await.unwrap(), AuditCheck::Intact(0));
}
