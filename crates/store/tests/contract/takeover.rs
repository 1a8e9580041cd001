//! The takeover of the journal: once each, whatever happens in between.

use std::path::Path;
use std::time::Duration;

use ownkey_domain::id::WorkspaceId;
use ownkey_store::{GroupBy, JournalError, JournalLimits, ReceiptFilter, Store, StoreConfig, StoreError, UsageQuery};
use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection};

use crate::bed::{Bed, NOW, receipt};

crate::on_both! {
    receipts_of_a_killed_process_are_taken_over
    a_journal_read_twice_counts_once
    files_go_when_they_are_committed
    large_batches_are_whole
    readers_who_cannot_catch_up_are_told
    a_second_journal_is_refused
}

const SMALL: JournalLimits = JournalLimits { segment_bytes: 4096, total_bytes: 1 << 20 };

/// Calls by the totals, and rows of receipts.
async fn counts(bed: &Bed, workspace: WorkspaceId) -> (u64, usize) {
    let query = UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Day, api_key: None };
    let usage = bed.store.usage(workspace, &query).await.unwrap();
    let page = bed.store.receipts(workspace, &ReceiptFilter::default(), None, 10_000).await.unwrap();
    (usage.iter().map(|row| row.totals.calls).sum(), page.items.len())
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.filter(|p| p.extension() == Some("receipts".as_ref())).collect()
}

async fn receipts_of_a_killed_process_are_taken_over(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    (0..50).for_each(|n| {
        journal.append(&receipt(workspace, n)).unwrap();
    });
    drop((journal, takeover));
    let bed = bed.reopen().await;
    let running = bed.start(SMALL).await;
    running.journal.append(&receipt(workspace, 50)).unwrap();
    assert_eq!(counts(&bed, workspace).await, (51, 51));
    running.stop().await;
}

async fn a_journal_read_twice_counts_once(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let twice = receipt(workspace, 1);
    running.journal.append(&twice).unwrap();
    running.journal.append(&twice).unwrap();
    (2..20).for_each(|n| {
        running.journal.append(&receipt(workspace, n)).unwrap();
    });
    assert_eq!(counts(&bed, workspace).await, (19, 19));
    // A copy of the file under a later number is the same journal, read again behind its position.
    let file = files(&bed.journal_dir()).remove(0);
    running.stop().await;
    let copy = file.with_file_name("0000000009.receipts");
    std::fs::copy(&file, copy).unwrap();
    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    running.journal.append(&receipt(workspace, 30)).unwrap();
    assert_eq!(counts(&bed, workspace).await, (20, 20));
    running.stop().await;
}

async fn files_go_when_they_are_committed(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(SMALL).await;
    (0..100).for_each(|n| {
        running.journal.append(&receipt(workspace, n)).unwrap();
    });
    let journal = running.stop().await;
    assert_eq!(files(&bed.journal_dir()).len(), 1);
    assert!(journal.used_bytes() <= u64::from(SMALL.segment_bytes));
    assert_eq!(counts(&bed, workspace).await, (100, 100));
}

async fn large_batches_are_whole(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    for n in 0..3000 {
        running.journal.append(&receipt(if n < 2500 { one } else { other }, n)).unwrap();
    }
    assert_eq!(counts(&bed, one).await, (2500, 2500));
    assert_eq!(counts(&bed, other).await, (500, 500));
    running.stop().await;
}

async fn readers_who_cannot_catch_up_are_told(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    journal.append(&receipt(workspace, 1)).unwrap();
    let behind = bed.store.catch_up(Duration::from_millis(1)).await;
    assert!(matches!(behind, Err(StoreError::Behind)));
    drop(takeover);
}

async fn a_second_journal_is_refused(bed: Bed) {
    let running = bed.start(SMALL).await;
    let again = bed.store.open_journal(&bed.journal_dir(), SMALL).await;
    assert!(matches!(again, Err(StoreError::Journal(JournalError::AlreadyOpen))));
    running.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Each run appends so many receipts, lets the takeover work or not, and ends.
    #[test]
    fn totals_are_the_sum_of_receipts(runs in prop::collection::vec((0u32..40, any::<bool>()), 1..5)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut bed = Bed::sqlite().await;
            let workspace = bed.workspace().await;
            let mut appended = 0;
            for (count, takes_over) in runs {
                let receipts: Vec<_> = (appended..appended + count).map(|n| receipt(workspace, n)).collect();
                appended += count;
                if takes_over {
                    let running = bed.start(SMALL).await;
                    receipts.iter().for_each(|r| {
 running.journal.append(r).unwrap();
 });
                    running.stop().await;
                } else {
                    let (journal, _) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
                    receipts.iter().for_each(|r| {
 journal.append(r).unwrap();
 });
                }
                bed = bed.reopen().await;
            }
            let running = bed.start(SMALL).await;
            let (calls, rows) = counts(&bed, workspace).await;
            running.stop().await;
            assert_eq!((calls, rows), (u64::from(appended), usize::try_from(appended).unwrap()));
        });
    }
}

#[tokio::test]
async fn a_database_that_is_away_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ownkey.db");
    let mut config = StoreConfig::new(format!("sqlite://{}", path.display()));
    config.busy_timeout = Duration::from_secs(1);
    let store = Store::open(&config).await.unwrap();
    let (journal, takeover) = store.open_journal(&dir.path().join("journal"), SMALL).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(takeover.run(async move { drop(stopped.await) }));

    let mut other = SqliteConnection::connect(&config.url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(1));
    let receipts: Vec<_> = (0..30).map(|n| receipt(workspace, n)).collect();
    for receipt in &receipts {
        journal.append(receipt).unwrap();
    }
    assert!(matches!(store.catch_up(Duration::from_millis(1500)).await, Err(StoreError::Behind)));
    assert!(store.ping().await.is_err());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.catch_up(Duration::from_secs(60)).await.unwrap();
    store.ping().await.unwrap();
    let page = store.receipts(workspace, &ReceiptFilter::default(), None, 100).await.unwrap();
    assert_eq!(page.items.len(), receipts.len());
    drop(stop);
    task.await.unwrap();
}
