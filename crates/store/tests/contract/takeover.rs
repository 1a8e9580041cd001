//! The takeover of the journal: once each, whatever happens in between.

use std::path::Path;
use std::time::Duration;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::money::PicoUsd;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::usage::{TokenClass, Usage};
use ownkey_store::{
    GroupBy, JournalError, JournalLimits, ReceiptFilter, Store, StoreConfig, StoreError, UsageFilter, UsageQuery,
};
use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection};

use crate::bed::{Bed, NOW, receipt};

crate::on_both! {
    receipts_of_a_killed_process_are_taken_over
    what_waits_is_told
    what_nobody_waits_for_is_taken_over_all_the_same
    a_journal_read_twice_counts_once
    files_go_when_they_are_committed
    large_batches_are_whole
    readers_who_cannot_catch_up_are_told
    a_second_journal_is_refused
    a_lying_provider_stops_nothing
    sums_stop_at_a_bound
    a_receipt_the_database_refuses_is_set_aside
    a_frame_that_is_no_receipt_is_set_aside
}

const SMALL: JournalLimits = JournalLimits { segment_bytes: 4096, total_bytes: 1 << 20 };

/// Calls by the totals, and rows of receipts.
async fn counts(bed: &Bed, workspace: WorkspaceId) -> (u64, usize) {
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Day, only: UsageFilter::default() };
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
        journal.append(receipt(workspace, n)).unwrap();
    });
    drop((journal, takeover));
    let bed = bed.reopen().await;
    let running = bed.start(SMALL).await;
    running.journal.append(receipt(workspace, 50)).unwrap();
    assert_eq!(counts(&bed, workspace).await, (51, 51));
    running.stop().await;
}

async fn what_waits_is_told(bed: Bed) {
    let workspace = bed.workspace().await;
    assert_eq!(bed.store.queue(), None);
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    let waiting = || bed.store.queue().unwrap().waiting_bytes;
    assert_eq!(waiting(), 0);
    journal.append(receipt(workspace, 0)).unwrap();
    let one = waiting();
    assert!(one > 0);
    // Over the end of a file, too.
    (1..20).for_each(|n| {
        journal.append(receipt(workspace, n)).unwrap();
    });
    assert!(waiting() > u64::from(SMALL.segment_bytes) && waiting() < 40 * one);
    takeover.run(|| NOW, std::future::ready(())).await;
    assert_eq!(waiting(), 0);
}

async fn what_nobody_waits_for_is_taken_over_all_the_same(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    let task = tokio::spawn(takeover.run(|| NOW, std::future::pending()));
    for n in 0..3 {
        journal.append(receipt(workspace, n)).unwrap();
        let taken_over = async {
            // To ask this ends no wait, as reading a receipt would.
            while bed.store.queue().unwrap().waiting_bytes > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), taken_over).await.unwrap();
    }
    task.abort();
}

async fn a_journal_read_twice_counts_once(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let twice = receipt(workspace, 1);
    running.journal.append(&twice).unwrap();
    running.journal.append(&twice).unwrap();
    (2..20).for_each(|n| {
        running.journal.append(receipt(workspace, n)).unwrap();
    });
    assert_eq!(counts(&bed, workspace).await, (19, 19));
    // A copy of the file under a later number is the same journal, read again behind its position.
    let file = files(&bed.journal_dir()).remove(0);
    running.stop().await;
    let copy = file.with_file_name("0000000009.receipts");
    std::fs::copy(&file, copy).unwrap();
    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    running.journal.append(receipt(workspace, 30)).unwrap();
    assert_eq!(counts(&bed, workspace).await, (20, 20));
    running.stop().await;
}

async fn files_go_when_they_are_committed(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(SMALL).await;
    (0..100).for_each(|n| {
        running.journal.append(receipt(workspace, n)).unwrap();
    });
    running.stop().await;
    let left = files(&bed.journal_dir());
    assert_eq!(left.len(), 1);
    assert!(std::fs::metadata(&left[0]).unwrap().len() <= u64::from(SMALL.segment_bytes));
    assert_eq!(counts(&bed, workspace).await, (100, 100));
}

async fn large_batches_are_whole(bed: Bed) {
    let (one, other) = (bed.workspace().await, bed.workspace().await);
    let running = bed.start(JournalLimits::default()).await;
    for n in 0..3000 {
        running.journal.append(receipt(if n < 2500 { one } else { other }, n)).unwrap();
    }
    assert_eq!(counts(&bed, one).await, (2500, 2500));
    assert_eq!(counts(&bed, other).await, (500, 500));
    running.stop().await;
}

async fn readers_who_cannot_catch_up_are_told(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    journal.append(receipt(workspace, 1)).unwrap();
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

fn always() -> UsageQuery {
    UsageQuery { from: NOW, to: NOW.plus_millis(1 << 40), group_by: GroupBy::Provider, only: UsageFilter::default() }
}

async fn a_lying_provider_stops_nothing(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    for n in 0..1_120 {
        let mut lie = receipt(workspace, 1);
        lie.id = receipt(workspace, n).id;
        lie.usage = Usage::default().with(TokenClass::Input, u64::MAX / 2).with(TokenClass::Output, 7);
        lie.cost_usd = Some(PicoUsd::new(1 << 53));
        running.journal.append(lie).unwrap();
    }
    let usage = bed.store.usage(workspace, &always()).await.unwrap();
    let totals = usage[0].totals;
    assert_eq!((totals.calls, totals.unmeasured, totals.unpriced), (1_120, 1_120, 1_120));
    // Who lies about one class is not believed about another.
    assert!(totals.usage.is_empty());
    assert_eq!(totals.cost_usd, PicoUsd::new(0));
    assert_eq!((running.journal.set_aside(), counts(&bed, workspace).await), (0, (1_120, 1_120)));
    running.stop().await;
}

async fn sums_stop_at_a_bound(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let append = |n: u32, model: &str| {
        let mut one = receipt(workspace, n);
        (one.at, one.model) = (NOW, Some(model.to_owned()));
        running.journal.append(one).unwrap();
    };
    let models = ["a", "b", "c", "d"];
    for (n, model) in (1..).zip(models) {
        append(n, model);
    }
    bed.store.usage(workspace, &always()).await.unwrap();
    // As an earlier version may have left them.
    let most = i64::MAX;
    bed.execute(&format!("UPDATE usage_totals SET tokens_input = {most}, cost_pico = {most}, calls = {most}")).await;
    for (n, model) in (6..).zip(models) {
        append(n, model);
    }
    let usage = bed.store.usage(workspace, &always()).await.unwrap();
    let totals = usage[0].totals;
    let bound = u64::try_from(i64::MAX / 2).unwrap();
    assert!(totals.calls > bound && totals.usage.get(TokenClass::Input).unwrap() > bound);
    assert!(totals.cost_usd > PicoUsd::new(i128::from(bound)));
    assert_eq!(running.journal.set_aside(), 0);
    running.stop().await;
}

/// Makes the database refuse receipts for that model.
async fn refuse_model(bed: &Bed, model: &str) {
    let sql = match bed.config.url.starts_with("sqlite") {
        true => format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON receipts WHEN NEW.model = '{model}' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
        false => format!("ALTER TABLE receipts ADD CONSTRAINT refuse CHECK (model <> '{model}')"),
    };
    bed.execute(&sql).await;
}

fn set_aside(bed: &Bed) -> Vec<String> {
    let text = std::fs::read_to_string(bed.journal_dir().join("set-aside.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn a_receipt_the_database_refuses_is_set_aside(bed: Bed) {
    let workspace = bed.workspace().await;
    refuse_model(&bed, "poison").await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), JournalLimits::default()).await.unwrap();
    let poison = [3, 77, 78];
    let mut refused = Vec::new();
    for n in 0..100 {
        let mut one = receipt(workspace, n);
        if poison.contains(&n) {
            one.model = Some("poison".to_owned());
            refused.push(one.clone());
        }
        journal.append(one).unwrap();
    }
    takeover.run(|| NOW, std::future::ready(())).await;
    assert_eq!(counts(&bed, workspace).await, (97, 97));
    assert_eq!(journal.set_aside(), 3);
    let kept: Vec<Receipt> = set_aside(&bed).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept, refused);
    drop(journal);
    // Done with: the next start finds nothing of it.
    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    running.journal.append(receipt(workspace, 100)).unwrap();
    assert_eq!((counts(&bed, workspace).await, running.journal.set_aside()), ((98, 98), 0));
    assert_eq!(set_aside(&bed).len(), 3);
    running.stop().await;
}

/// Bytes as a whole frame of the journal.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let checksum = crc32fast::hash(&[&length[..], payload].concat()).to_le_bytes();
    [b"\xFFOKR", &length[..], &checksum[..], payload].concat()
}

async fn a_frame_that_is_no_receipt_is_set_aside(bed: Bed) {
    let workspace = bed.workspace().await;
    let (journal, takeover) = bed.store.open_journal(&bed.journal_dir(), SMALL).await.unwrap();
    journal.append(receipt(workspace, 1)).unwrap();
    drop((journal, takeover));
    let file = files(&bed.journal_dir()).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend(frame(b"{\"of\": \"a newer version\"}"));
    std::fs::write(&file, bytes).unwrap();
    let bed = bed.reopen().await;
    let running = bed.start(SMALL).await;
    running.journal.append(receipt(workspace, 2)).unwrap();
    assert_eq!((counts(&bed, workspace).await, running.journal.set_aside()), ((2, 2), 1));
    assert_eq!(set_aside(&bed), ["{\"of\": \"a newer version\"}"]);
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
    let task = tokio::spawn(takeover.run(|| NOW, async move { drop(stopped.await) }));

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
