//! Drives fuzz targets: over the files of their corpus, and over inputs that are made up from a fixed seed. All crates
//! share this file. A target is a plain function of bytes that panics on what must not be, so that a coverage-guided
//! fuzzer could call it too.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

/// What is done with an input.
pub type Target = fn(&[u8]);
/// Makes up inputs.
pub type Inputs = BoxedStrategy<Vec<u8>>;

/// Inputs of a target in a usual run, unless it takes its time: all targets together take a few seconds.
pub const CASES: u32 = 512;
/// Any number: every usual run tries the same inputs.
const SEED: u64 = 4;

/// Runs a target over its corpus.
pub fn corpus(name: &str, target: Target) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no corpus");
    for (file, bytes) in seeds {
        assert!(catch_unwind(|| target(&bytes)).is_ok(), "{} breaks it", file.display());
    }
}

/// Runs a target over made-up inputs, and over its corpus with changes. With `PROPTEST_CASES` set, over so many that are
/// different every time.
pub fn random(name: &str, target: Target, cases: u32, own: Inputs) {
    let is_search = std::env::var_os("PROPTEST_CASES").is_some();
    let usual = Config { cases, rng_seed: RngSeed::Fixed(SEED), ..Config::default() };
    let config = if is_search { Config::default() } else { usual };
    let seeds: Vec<_> = seeds(name).into_iter().map(|(_, bytes)| bytes).collect();
    let inputs = prop_oneof![1 => bytes(), 3 => own.clone(), 1 => changed(own), 3 => changed(select(seeds).boxed())];
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..config });
    match runner.run(&inputs, |bytes| {
        target(&bytes);
        Ok(())
    }) {
        Ok(()) => {}
        Err(TestError::Fail(why, bytes)) => {
            panic!("{why}\nKeep this input in tests/corpus/{name}: \"{}\"", bytes.escape_ascii())
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut seeds: Vec<_> = files.map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    // Folders are read in no order, and equal seeds must give equal inputs.
    seeds.sort();
    seeds
}

/// Any bytes.
fn bytes() -> Inputs {
    vec(any::<u8>(), 0..64).boxed()
}

/// Pieces in any order.
pub fn soup(pieces: &'static [&'static str]) -> Inputs {
    vec(select(pieces), 0..24).prop_map(|pieces| pieces.concat().into_bytes()).boxed()
}

/// A change of an input.
#[derive(Debug, Clone)]
enum Change {
    Cut(Index, Index),
    Repeat(Index, Index),
    Move(Index, Index),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
}

fn changed(inputs: Inputs) -> Inputs {
    let place = any::<Index>;
    let change = prop_oneof![
        (place(), place()).prop_map(|(from, to)| Change::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
        (place(), place()).prop_map(|(from, to)| Change::Move(from, to)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (place(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), select(b"\r\n\"\\{}[]:;,= ".as_slice())).prop_map(|(at, byte)| Change::Insert(at, vec![byte])),
    ];
    (inputs, vec(change, 1..4)).prop_map(|(bytes, changes)| changes.iter().fold(bytes, change_by)).boxed()
}

fn change_by(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let place = |index: &Index| index.index(bytes.len() + 1);
    let range = |from: &Index, to: &Index| place(from).min(place(to))..place(from).max(place(to));
    match change {
        Change::Cut(from, to) => drop(bytes.drain(range(from, to))),
        Change::Repeat(from, to) => {
            let range = range(from, to);
            let again = bytes[range.clone()].to_vec();
            bytes.splice(range.start..range.start, again);
        }
        Change::Move(from, to) => {
            let tail = bytes.split_off(place(from));
            let at = to.index(bytes.len() + 1);
            bytes.splice(at..at, tail);
        }
        Change::Set(at, byte) => {
            let at = place(at);
            if let Some(place) = bytes.get_mut(at) {
                *place = *byte;
            }
        }
        Change::Insert(at, more) => {
            let at = place(at);
            bytes.splice(at..at, more.iter().copied());
        }
    }
    bytes
}
