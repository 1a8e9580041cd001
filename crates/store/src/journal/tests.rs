use std::path::Path;

use futures_util::FutureExt;
use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::Settlement;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Attempt, Outcome, Receipt, Timing};
use ownkey_domain::response::{ChainTokens, ResponseId, ResponseNote};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, Usage};
use proptest::prelude::*;
use uuid::Uuid;

use super::reader::{Batch, Reader};
use super::recent::KEPT_BYTES_MAX;
use super::segment::{self, HEAD};
use super::{Journal, JournalError, JournalLimits, Position};

const SMALL: JournalLimits = JournalLimits { segment_bytes: 2048, total_bytes: 1 << 20 };

fn receipt(n: u128) -> Receipt {
    Receipt {
        id: RequestId::from_uuid(Uuid::from_u128(n)),
        at: Timestamp::from_millis(1_795_366_800_000),
        workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
        api_key: None,
        agent: Some("ÿ".repeat(usize::try_from(n % 7).unwrap())),
        user: None,
        client_request_id: None,
        route: "/v1/messages".to_owned(),
        service: None,
        provider: None,
        model: None,
        model_served: None,
        stream: false,
        payer: None,
        credential: None,
        status: 200,
        error: None,
        outcome: Outcome::Complete,
        credits: MicroCredits::ZERO,
        overrun: MicroCredits::ZERO,
        credits_at_rate: None,
        included: false,
        cost_usd: None,
        price_version: None,
        credit_rate: None,
        usage: Usage::default(),
        measured: Measured::Unknown,
        attempts: Vec::new(),
        timing: Timing::default(),
        settlement: None,
        response: None,
    }
}

#[test]
fn a_receipt_of_an_older_version_is_read() {
    // What an update finds in the journal was written before the member `user` was.
    let mut frame = serde_json::to_value(receipt(1)).unwrap();
    assert!(frame.as_object_mut().unwrap().remove("user").is_some());
    assert_eq!(serde_json::from_value::<Receipt>(frame).unwrap(), receipt(1));
}

/// One that has everything a receipt can have, in JSON as this is written.
const FULL: &str = r#"{"id":"req_00000000000000000000000000000001","at":"2026-11-22T21:00:00.007Z","workspace":"ws_00000000000000000000000000000001","api_key":"key_00000000000000000000000000000002","agent":"a \"b\"\n\u001f é","user":"","client_request_id":"x\\y","route":"/services/s","service":{"name":"s","unit":"call","credits_each":"0.000000000001","quantity":18446744073709551615},"provider":"openai","model":"gpt-4o","model_served":"gpt-4o-2024-08-06","stream":true,"payer":"managed","credential":"cred_00000000000000000000000000000003","status":200,"error":"e","outcome":"cancelled","credits":"-1.5","overrun":"0.000001","credits_at_rate":"2","included":true,"cost_usd":"170141183460469231731687303.715884105727","price_version":"2026-11-20","credit_rate":{"usd_per_credit":"0.01","markup":"1.2"},"usage":{"input":0,"image_output":18446744073709551615,"file_searches":3},"measured":"estimated","attempts":[{"payer":"byok","credential":null,"status":null,"outcome":"failed","cost_usd":null,"provider_request_id":null},{"payer":"managed","credential":null,"status":429,"outcome":"complete","cost_usd":"-0.5","provider_request_id":"r","duration_ms":9,"consent":{"after":"rate_limited","daily_cap_usd":"9.999999999"},"not_followed":"n"}],"timing":{"own_us":1,"upstream_first_ms":null,"total_ms":18446744073709551615},"settlement":{"charge":{"credits":"1","usd":"0.000000001"},"funds":"allowance","included":false,"disbelieved":"3"},"response":{"told":{"id":"resp_1","usage":{},"cost_usd":null,"credits_at_rate":"1"}}}"#;

fn open(dir: &Path, limits: JournalLimits) -> Journal {
    Journal::start(segment::find(dir).unwrap(), limits, Position::default()).unwrap()
}

/// All ids in the journal, as the takeover would read them.
fn ids(journal: &Journal) -> Vec<u128> {
    let mut reader = Reader::new(Position::default());
    let mut ids = Vec::new();
    loop {
        // From a copy of the position, so that nothing is removed.
        let batch = reader.read(journal, 3).unwrap();
        if batch.receipts.is_empty() {
            return ids;
        }
        ids.extend(batch.receipts.iter().map(|r| r.id.uuid().as_u128()));
    }
}

fn used(journal: &Journal) -> u64 {
    journal.used_bytes.load(std::sync::atomic::Ordering::Relaxed)
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension() == Some("receipts".as_ref()))
        .count()
}

/// A folder whose first file holds those bytes.
fn folder_with(bytes: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(segment::path(dir.path(), 1), bytes).unwrap();
    dir
}

/// The bytes of a file with three receipts, and where each ends.
fn three() -> (Vec<u8>, Vec<usize>) {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), SMALL);
    let ends = (1..=3).map(|n| journal.append(receipt(n)).unwrap().offset.try_into().unwrap()).collect();
    (std::fs::read(segment::path(dir.path(), 1)).unwrap(), ends)
}

#[test]
fn receipts_are_written_as_every_version_reads_them() {
    let full: Receipt = serde_json::from_str(FULL).unwrap();
    assert_eq!(serde_json::to_string(&full).unwrap(), FULL);
    let id: ResponseId = "resp_1".parse().unwrap();
    let notes = [
        ResponseNote::Made { id: id.clone(), chain: ChainTokens::UNKNOWN },
        ResponseNote::Made { id: id.clone(), chain: ChainTokens::new(7) },
        ResponseNote::Told { id, usage: Box::default(), cost_usd: None, credits_at_rate: None },
    ];
    let noted = notes.map(|note| Receipt { response: Some(note), ..receipt(1) });
    let attempt = Attempt::begun(PayerKind::Byok, None);
    let attempted = Receipt { attempts: vec![attempt], settlement: Some(Settlement::NOTHING), ..receipt(2) };
    for receipt in [full, receipt(6), receipt(7), attempted].into_iter().chain(noted) {
        let dir = tempfile::tempdir().unwrap();
        let journal = open(dir.path(), JournalLimits::default());
        journal.append(&receipt).unwrap();
        let file = std::fs::read(segment::path(dir.path(), 1)).unwrap();
        let frame = super::frame::find(&file, HEAD.try_into().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Receipt>(frame.payload).unwrap(), receipt);
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_rest_stays() {
    let (bytes, ends) = three();
    for cut in 0..bytes.len() {
        let dir = folder_with(&bytes[..cut]);
        let journal = open(dir.path(), SMALL);
        let whole = u128::try_from(ends.iter().filter(|&&end| end <= cut).count()).unwrap();
        journal.append(receipt(9)).unwrap();
        assert_eq!(ids(&journal), (1..=whole).chain([9]).collect::<Vec<_>>(), "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_costs_one_receipt_at_most() {
    let (bytes, ends) = three();
    for at in usize::try_from(HEAD).unwrap()..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let dir = folder_with(&damaged);
        let journal = open(dir.path(), SMALL);
        let lost = 1 + u128::try_from(ends.iter().filter(|&&end| end <= at).count()).unwrap();
        assert_eq!(ids(&journal), (1..=3).filter(|&n| n != lost).collect::<Vec<_>>(), "flipped at {at}");
    }
}

#[test]
fn files_are_begun_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), SMALL);
    for n in 0..50 {
        journal.append(receipt(n)).unwrap();
    }
    assert!(files(dir.path()) > 5);
    // Reading to the end takes it that what was read before is committed.
    assert_eq!(ids(&journal), (0..50).collect::<Vec<_>>());
    assert_eq!(files(dir.path()), 1);
    assert!(used(&journal) <= u64::from(SMALL.segment_bytes));
}

#[test]
fn what_was_appended_just_now_is_not_read_again_and_all_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), JournalLimits { segment_bytes: 1 << 20, ..JournalLimits::default() });
    let begin = Position { segment: 1, offset: HEAD };
    let ids = |batch: &Batch| batch.receipts.iter().map(|r| r.id.uuid().as_u128()).collect::<Vec<_>>();
    let bytes = journal.append(receipt(0)).unwrap().offset - HEAD;
    let append = |n| assert!(journal.append(receipt(n)).is_ok());
    (1..3).for_each(append);
    let mut reader = Reader::new(begin);
    assert_eq!(reader.recall(&journal, 2).map(|batch| ids(&batch)), Some(vec![0, 1]));
    assert_eq!(reader.recall(&journal, 2).map(|batch| ids(&batch)), Some(vec![2]));
    assert!(reader.recall(&journal, 2).is_none());
    // One that starts over finds in the files what the first one has taken, and what there was no room for.
    let all = u128::from(KEPT_BYTES_MAX / bytes) + 100;
    (3..all).for_each(append);
    let mut reader = Reader::new(begin);
    assert!(reader.recall(&journal, 2).is_none());
    let mut read = Vec::new();
    loop {
        let batch = reader.recall(&journal, 100).unwrap_or_else(|| reader.read(&journal, 100).unwrap());
        if batch.frames() == 0 {
            break;
        }
        read.extend(ids(&batch));
    }
    assert_eq!(read, (0..all).collect::<Vec<_>>());
    assert_eq!(files(dir.path()), 1);
}

#[test]
fn a_full_journal_says_so_and_keeps_a_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), JournalLimits { segment_bytes: 4096, total_bytes: 16384 });
    assert!(journal.has_room());
    let mut appended = 0;
    let mut admitted = 0;
    loop {
        admitted += u128::from(journal.has_room());
        match journal.append(receipt(appended)) {
            Ok(_) => appended += 1,
            Err(JournalError::Full) => break,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(admitted < appended && admitted > 0);
    assert!(used(&journal) <= 16384);
    assert_eq!(ids(&journal), (0..appended).collect::<Vec<_>>());
    assert!(journal.has_room());
    journal.append(receipt(appended)).unwrap();
}

#[test]
fn a_second_opener_and_bad_limits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), SMALL);
    assert!(matches!(segment::find(dir.path()), Err(JournalError::AlreadyOpen)));
    drop(journal);
    let found = segment::find(dir.path()).unwrap();
    let limits = JournalLimits { segment_bytes: 4096, total_bytes: 8192 };
    assert!(matches!(Journal::start(found, limits, Position::default()), Err(JournalError::BadLimits)));
}

#[test]
fn a_receipt_too_large_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), SMALL);
    let large = Receipt { route: "x".repeat(300 << 10), ..receipt(1) };
    assert!(matches!(journal.append(large), Err(JournalError::TooLarge)));
    // One larger than a file gets a file of its own.
    journal.append(Receipt { route: "x".repeat(4000), ..receipt(2) }).unwrap();
    journal.append(receipt(3)).unwrap();
    assert_eq!(ids(&journal), [2, 3]);
}

#[test]
fn writing_starts_behind_what_was_ever_committed() {
    let dir = tempfile::tempdir().unwrap();
    let committed = Position { segment: 7, offset: 999 };
    let journal = Journal::start(segment::find(dir.path()).unwrap(), SMALL, committed).unwrap();
    journal.append(receipt(1)).unwrap();
    let mut reader = Reader::new(committed);
    assert_eq!(reader.read(&journal, 9).unwrap().receipts, [receipt(1)]);
}

#[test]
fn the_id_of_a_journal_stays() {
    let dir = tempfile::tempdir().unwrap();
    let id = open(dir.path(), SMALL).id;
    assert_eq!(open(dir.path(), SMALL).id, id);
    let other = tempfile::tempdir().unwrap();
    assert_ne!(open(other.path(), SMALL).id, id);
}

#[test]
fn threads_append_whole_receipts() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), SMALL);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let journal = &journal;
            scope.spawn(move || {
                (0..100).for_each(|n| {
                    journal.append(receipt(thread * 100 + n)).unwrap();
                })
            });
        }
    });
    let mut ids = ids(&journal);
    ids.sort_unstable();
    assert_eq!(ids, (0..400).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn nothing_in_a_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let dir = folder_with(&bytes);
        let journal = open(dir.path(), SMALL);
        journal.append(receipt(1)).unwrap();
        prop_assert_eq!(ids(&journal), [1]);
    }

    #[test]
    fn every_receipt_survives_reopening(counts in prop::collection::vec(0u32..20, 1..6)) {
        let dir = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for (run, count) in counts.into_iter().enumerate() {
            let journal = open(dir.path(), SMALL);
            for n in 0..count {
                let id = u128::try_from(run).unwrap() * 1000 + u128::from(n);
                journal.append(receipt(id)).unwrap();
                expected.push(id);
            }
        }
        prop_assert_eq!(ids(&open(dir.path(), SMALL)), expected);
    }
}

/// What one write to the file took: what is appended moves there and nowhere else.
fn at_end(journal: &Journal) -> u32 {
    journal.end().offset
}

#[tokio::test]
async fn receipts_that_are_due_together_are_written_together() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), JournalLimits::default());
    let mut appending: Vec<_> = (0..20).map(|n| Box::pin(journal.append_with_others(Box::new(receipt(n))))).collect();
    assert!(appending.iter_mut().all(|appending| appending.now_or_never().is_none()));
    assert_eq!(at_end(&journal), HEAD, "they wait for each other");
    assert!(matches!(appending.swap_remove(0).now_or_never(), Some(Ok(()))));
    let written = at_end(&journal);
    assert_eq!(ids(&journal), (0..20).collect::<Vec<_>>(), "the first to go on writes all, in their order");
    assert!(appending.into_iter().all(|appending| matches!(appending.now_or_never(), Some(Ok(())))));
    assert_eq!(at_end(&journal), written, "none is written twice");
    assert_eq!(journal.progress.count(), 20);
}

#[tokio::test]
async fn one_that_waits_is_written_with_what_is_appended_at_once_and_when_its_call_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), JournalLimits::default());
    let mut waiting = Box::pin(journal.append_with_others(Box::new(receipt(1))));
    assert!((&mut waiting).now_or_never().is_none());
    let at = journal.append(receipt(2)).unwrap();
    assert_eq!((ids(&journal), at), (vec![1, 2], journal.end()));
    let mut left = Box::pin(journal.append_with_others(Box::new(receipt(3))));
    assert!((&mut left).now_or_never().is_none());
    drop(left);
    drop(journal.append_with_others(Box::new(receipt(4))));
    assert_eq!(ids(&journal), [1, 2, 3, 4]);
    assert!(matches!(waiting.now_or_never(), Some(Ok(()))));
    assert_eq!(ids(&journal), [1, 2, 3, 4]);
}

#[tokio::test]
async fn of_those_that_are_due_together_only_those_are_lost_that_do_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let limits = JournalLimits { segment_bytes: 1 << 14, total_bytes: 1 << 16 };
    let journal = open(dir.path(), limits);
    let large = |n| Receipt { route: "x".repeat(13_000), ..receipt(n) };
    // Each large one fills a file.
    let receipts = [receipt(1), large(2), receipt(3), large(4), large(5), large(6), large(7), receipt(8)];
    let mut appending: Vec<_> = receipts.map(|receipt| Box::pin(journal.append_with_others(Box::new(receipt)))).into();
    assert!(appending.iter_mut().all(|appending| appending.now_or_never().is_none()));
    let outcomes: Vec<_> = appending.into_iter().rev().map(|appending| appending.now_or_never().unwrap()).collect();
    let lost: Vec<_> = outcomes.iter().rev().map(Result::is_err).collect();
    assert_eq!(lost, [false, false, false, false, false, false, true, false]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(JournalError::Full))));
    assert_eq!(ids(&journal), [1, 2, 3, 4, 5, 6, 8]);
    let used = journal.used_bytes.load(std::sync::atomic::Ordering::Relaxed);
    let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert_eq!(used, files.sum::<u64>(), "what is counted is what there is");
}
