//! Replays the corpus of the fuzz targets, with small seeded changes of its inputs, so that failures are reproducible.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

/// All inputs of a target's corpus, sorted by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a corpus")
        .map(|e| e.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "the corpus of {target} is gone");
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("an input"))
        .collect()
}

/// One change of an input.
#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Join(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    // Bytes that steer parsers, and random ones.
    let byte = prop_oneof![
        prop::sample::select(b"\"',;\t\r\n\0{}[]<>&\\\xff\xef\x80".to_vec()),
        any::<u8>()
    ];
    prop_oneof![
        (at(), byte.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        at().prop_map(Change::Cut),
        (at(), 1usize..9).prop_map(|(at, n)| Change::Remove(at, n)),
        (at(), 1usize..40).prop_map(|(at, n)| Change::Repeat(at, n)),
        (at(), prop::collection::vec(byte, 1..6)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        at().prop_map(Change::Join),
    ]
}

fn changed(corpus: &[Vec<u8>], which: prop::sample::Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = which.get(corpus).clone();
    for change in changes {
        let at = |index: &prop::sample::Index| index.index(bytes.len() + 1);
        match change {
            Change::Set(index, byte) => {
                let at = at(index);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Change::Cut(index) => bytes.truncate(at(index)),
            Change::Remove(index, n) => {
                let at = at(index);
                bytes.drain(at..(at + n).min(bytes.len()));
            }
            Change::Repeat(index, n) => {
                let at = at(index);
                let piece = bytes[at..(at + n).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece.repeat(3));
            }
            Change::Insert(index, piece) => {
                let at = at(index);
                bytes.splice(at..at, piece.iter().copied());
            }
            Change::Join(index) => bytes.extend(index.get(corpus)),
        }
    }
    bytes
}

/// Replays the corpus, then `cases` changed inputs; a failure is shrunk to its smallest input.
fn holds(target: &str, cases: u32, promise: fn(&[u8])) {
    let corpus = corpus(target);
    corpus.iter().for_each(|bytes| promise(bytes));
    let config = Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(20_261_124),
        ..Config::default()
    };
    let changes = (any::<prop::sample::Index>(), prop::collection::vec(change(), 1..5));
    let ended = TestRunner::new(config).run(&changes, |(which, changes)| {
        promise(&changed(&corpus, which, &changes));
        Ok(())
    });
    ended.expect("the promises of fuzz/targets.rs");
}

#[test]
fn readers_answer_any_bytes() {
    holds("readers", 1_000, targets::readers);
}

#[test]
fn cleaning_is_total_and_idempotent() {
    holds("cleaning", 1_000, targets::cleaning);
}

#[test]
fn any_text_is_scored() {
    holds("tokens", 40, targets::tokens);
}

#[test]
fn theme_files_are_read_or_answered() {
    holds("theme_files", 1_000, targets::theme_files);
}
