//! What is deleted for its age, and what must survive that.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use ownkey_store::{
    Actor, AuditCheck, By, Expired, GroupBy, JournalLimits, Note, ReceiptFilter, Store, Sweep, Sweeper, Swept,
    UsageFilter, UsageQuery, UsageRow,
};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::audit::{run, tamper};
use crate::bed::{Bed, NOW, new_api_key, receipt};

crate::on_both! {
    old_receipts_go_and_their_totals_stay whole_months_go a_chain_is_verified_from_where_it_begins
    nobody_else_moves_the_beginning_of_a_chain what_is_not_as_it_was_written_is_not_deleted
    changes_that_everyone_knows_go what_has_no_age_stays nodes_may_sweep_at_the_same_time
    a_wrong_clock_costs_two_days_at_a_time a_clock_that_is_behind_deletes_nothing nodes_keep_the_pace_together
}

const NOTHING: Expired = Expired { receipts: None, audit: None, responses: None, messages: None };
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    NOW.plus_millis(millis)
}

/// Looks, as a server does at its start.
async fn sweeper(store: &Store) -> Sweeper {
    let mut sweeper = store.sweeper();
    assert_eq!(sweep_once(&mut sweeper, at(1_000 * DAY)).await.1, Swept::default());
    sweeper
}

/// One sweep of both by that clock. How many steps it took, and what is gone.
async fn sweep_once(sweeper: &mut Sweeper, before: Timestamp) -> (usize, Swept) {
    let expired =
        Expired { receipts: Some(before), audit: Some(before), responses: Some(before), messages: Some(before) };
    run_through(sweeper.begin(expired).await.unwrap()).await
}

async fn run_through(mut sweep: Sweep) -> (usize, Swept) {
    let mut steps = 1;
    while sweep.step().await {
        steps += 1;
    }
    (steps, sweep.swept())
}

/// Sweeps as often as it takes to get anywhere in these tests. How many steps it took, and what is gone but for
/// changes.
async fn sweep(bed: &Bed, expired: Expired) -> (usize, Swept) {
    let (mut sweeper, mut steps, mut all) = (bed.store.sweeper(), 0, Swept::default());
    for _ in 0..10 {
        let (more, swept) = run_through(sweeper.begin(expired).await.unwrap()).await;
        steps += more;
        all.months += swept.months;
        all.receipts += swept.receipts;
        all.audit += swept.audit;
    }
    (steps, all)
}

async fn write(bed: &Bed, receipts: impl Iterator<Item = Receipt>) {
    let running = bed.start(JournalLimits::default()).await;
    for receipt in receipts {
        running.journal.append(receipt).unwrap();
    }
    running.stop().await;
}

/// When the calls were whose receipts are left, oldest first.
async fn kept(bed: &Bed, workspace: WorkspaceId) -> Vec<Timestamp> {
    let page = bed.store.receipts(workspace, &ReceiptFilter::default(), None, 5_000).await.unwrap();
    page.items.iter().rev().map(|receipt| receipt.at).collect()
}

async fn usage(bed: &Bed, workspace: WorkspaceId) -> Vec<UsageRow> {
    let query = UsageQuery { from: NOW, to: at(100 * DAY), group_by: GroupBy::Hour, only: UsageFilter::default() };
    bed.store.usage(workspace, &query).await.unwrap()
}

async fn note(bed: &Bed, workspace: Option<WorkspaceId>, minutes: impl Iterator<Item = i64>) {
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
    // The last one of November is left when December's first day goes.
    let months = if bed.config.url.starts_with("sqlite") { (0, 14) } else { (1, 13) };
    assert_eq!((swept.months, swept.receipts), months);
    assert_eq!((kept(&bed, workspace).await.len(), usage(&bed, workspace).await.len()), (36, 50));
    // One that comes late has its place again.
    let bed = bed.reopen().await;
    write(&bed, std::iter::once(receipt(workspace, 1))).await;
    assert_eq!(kept(&bed, workspace).await.len(), 37);
}

async fn a_wrong_clock_costs_two_days_at_a_time(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..20).map(|day| receipt(workspace, day * 24 * 60))).await;
    note(&bed, Some(workspace), (1..20).map(|day| day * 24 * 60)).await;
    let left = async || (kept(&bed, workspace).await.len(), events(&bed, Some(workspace)).await.len());
    // A restart, be it again and again, only looks.
    for _ in 0..3 {
        sweeper(&bed.store).await;
    }
    assert_eq!(left().await, (20, 20));
    let mut sweeper = sweeper(&bed.store).await;
    sweep_once(&mut sweeper, at(1_000 * DAY)).await;
    assert_eq!(left().await, (18, 18));
    sweep_once(&mut sweeper, at(1_000 * DAY)).await;
    assert_eq!(left().await, (16, 16));
    // As far as the right clock says, and no further.
    for _ in 0..3 {
        sweep_once(&mut sweeper, at(5 * DAY)).await;
    }
    assert_eq!(left().await, (15, 15));
    assert_eq!(bed.store.audit_verify(Some(workspace)).await.unwrap(), AuditCheck::Intact(15));
}

async fn a_clock_that_is_behind_deletes_nothing(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..4).map(|day| receipt(workspace, day * 24 * 60))).await;
    sweep(&bed, Expired { receipts: Some(at(2 * DAY)), ..NOTHING }).await;
    // What comes late is older than what went; the clock says that it may stay.
    let bed = bed.reopen().await;
    write(&bed, std::iter::once(receipt(workspace, 5))).await;
    sweep(&bed, Expired { receipts: Some(at(DAY)), ..NOTHING }).await;
    assert_eq!(kept(&bed, workspace).await.len(), 3);
    sweep(&bed, Expired { receipts: Some(at(2 * DAY + MINUTE)), ..NOTHING }).await;
    assert_eq!(kept(&bed, workspace).await, [at(3 * DAY)]);
}

/// However many have a wrong clock.
async fn nodes_keep_the_pace_together(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..20).map(|day| receipt(workspace, day * 24 * 60))).await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(sweeper(&bed.store).await);
    }
    for left in [18, 16, 14] {
        for node in &mut nodes {
            sweep_once(node, at(1_000 * DAY)).await;
        }
        assert_eq!(kept(&bed, workspace).await.len(), left);
    }
}

#[tokio::test]
async fn a_month_that_another_node_drops_is_made_again() {
    let Some(bed) = Bed::postgres().await else { return };
    let workspace = bed.workspace().await;
    let node = bed.start(JournalLimits::default()).await;
    let write = async |minute| {
        node.journal.append(receipt(workspace, minute)).unwrap();
        kept(&bed, workspace).await.len()
    };
    assert_eq!(write(0).await, 1);
    // Its clock is far ahead, for long.
    let mut sweeper = sweeper(&bed.beside().await).await;
    for _ in 0..10 {
        sweep_once(&mut sweeper, at(1_000 * DAY)).await;
    }
    assert_eq!(kept(&bed, workspace).await.len(), 0);
    assert_eq!(write(1).await, 1);
    let journal = node.stop().await;
    assert_eq!(journal.set_aside(), 0);
}

/// By somebody who dumps the database, say.
#[tokio::test]
async fn a_month_that_is_held_does_not_keep_the_rest() {
    let Some(bed) = Bed::postgres().await else { return };
    let workspace = bed.workspace().await;
    write(&bed, (0..12).map(|day| receipt(workspace, day * 24 * 60))).await;
    note(&bed, Some(workspace), (1..12).map(|day| day * 24 * 60)).await;
    let mut dump = PgConnection::connect(&bed.config.url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE receipts IN ACCESS SHARE MODE").execute(&mut dump).await.unwrap();
    let mut sweeper = sweeper(&bed.store).await;
    let mut sum = Swept::default();
    for _ in 0..6 {
        let (_, swept) = sweep_once(&mut sweeper, at(10 * DAY)).await;
        sum.months += swept.months;
        sum.audit += swept.audit;
    }
    assert_eq!((sum.months, sum.audit, kept(&bed, workspace).await.len()), (0, 10, 2));
    drop(dump);
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
    // What was there at the sweep before, whatever any clock says.
    let mut sweeper = sweeper(&bed.store).await;
    let looked = bed.store.latest_change().await.unwrap();
    bed.workspace().await;
    bed.workspace().await;
    assert_eq!(sweep_once(&mut sweeper, at(0)).await.1, Swept { changes: 1 + 30, ..Swept::default() });
    assert_eq!(bed.store.changes(0, 100).await.unwrap().len(), 2);
    // The latest one stays, however long it is there: whoever has read it sees that nothing was missed.
    let latest = bed.store.latest_change().await.unwrap();
    for changes in [1, 0, 0] {
        assert_eq!(sweep_once(&mut sweeper, at(0)).await.1.changes, changes);
    }
    assert_eq!((bed.store.latest_change().await.unwrap(), latest), (looked + 2, looked + 2));
    bed.workspace().await;
    assert_eq!(bed.store.changes(latest, 100).await.unwrap().len(), 1);
}

async fn what_has_no_age_stays(bed: Bed) {
    let workspace = bed.workspace().await;
    write(&bed, (0..10).map(|n| receipt(workspace, n))).await;
    let (steps, swept) = sweep(&bed, NOTHING).await;
    assert_eq!((swept, kept(&bed, workspace).await.len()), (Swept::default(), 10));
    assert!(steps < 70);
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
