//! Invariants that must hold for any bytes; a violation panics. Used by `cargo fuzz`, which searches for new inputs, and by `cargo test`, which
//! replays the corpus with small changes.

use std::sync::OnceLock;

use undertone::model::{self, Engine, Native, Passage, Quality};
use undertone::source::{self, SourceOptions};
use undertone::text;
use undertone::theme::Themes;
use undertone::theme::taxonomy::Taxonomy;

/// File names that select the reader, chosen by the first byte: every format, plain and compressed, and none.
const NAMES: [&str; 12] = [
    "a.csv",
    "a.tsv",
    "a.json",
    "a.jsonl",
    "a.parquet",
    "a.xlsx",
    "a.csv.gz",
    "a.jsonl.zst",
    "a.parquet.gz",
    "a",
    "a.txt",
    "a.json.zst",
];

/// Any file is a table or an error with a message; every row of a table has its text, number and id.
pub(crate) fn readers(bytes: &[u8]) {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(NAMES[usize::from(first) % NAMES.len()]);
    std::fs::write(&path, bytes).expect("a file");
    let options = SourceOptions {
        batch_rows: 7,
        ..SourceOptions::default()
    };
    let mut source = match source::open(&[path.to_string_lossy().into_owned()], &options) {
        Ok(source) => source,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let mut last = None;
    while let Some(batch) = source.next() {
        let Ok(batch) = batch else { return };
        assert!(batch.rows.len() <= 7);
        assert_eq!(batch.rows.len(), batch.columns.height());
        assert_eq!(
            (batch.texts.len(), batch.ids().len(), batch.times().len()),
            (batch.rows.len(), batch.rows.len(), batch.rows.len())
        );
        for &row in &batch.rows {
            assert!(last.is_none_or(|last| last < row), "records are numbered in order");
            last = Some(row);
        }
    }
}

/// Cleaning accepts any text and is idempotent, and opinion units are parts of the clean text.
pub(crate) fn cleaning(bytes: &[u8]) {
    let raw = String::from_utf8_lossy(bytes);
    let clean = text::clean(&raw);
    assert_eq!(
        text::clean(clean.text()).text(),
        clean.text(),
        "cleaned twice is cleaned once"
    );
    let language = text::language(clean.text());
    assert!((0.0..=1.0).contains(&language.confidence));
    let mut end = 0;
    for unit in text::units(clean.text(), language.code) {
        assert!(unit.start >= end && unit.end > unit.start, "units follow one another");
        assert!(
            clean.text().get(unit.clone()).is_some(),
            "units begin and end at characters"
        );
        end = unit.end;
    }
}

/// Any text can be tokenised and scored: probabilities sum to one and do not depend on the batch.
pub(crate) fn tokens(bytes: &[u8]) {
    static ENGINE: OnceLock<Native> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| model::base(Quality::Best).expect("the embedded model"));
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
    let units = text::units(&text, "und");
    let passage = Passage {
        text: &text,
        spans: &units,
    };
    let company = Passage {
        text: "The parcel came late.",
        spans: &[],
    };
    let alone = engine.score(&[passage]).expect("scores");
    let together = engine.score(&[company, passage]).expect("scores");
    assert_eq!(alone[0], together[1]);
    let scores = &alone[0];
    assert!(scores.tokens >= 2);
    assert!(
        scores.sentiment.iter().all(|p| (0.0..=1.0).contains(p)),
        "{:?}",
        scores.sentiment
    );
    assert!(
        (scores.sentiment.iter().sum::<f32>() - 1.0).abs() < 1e-3,
        "{:?}",
        scores.sentiment
    );
    for target in &scores.targets {
        assert!(
            text.get(target.range.clone()).is_some(),
            "targets begin and end at characters"
        );
    }
}

/// Any text is a taxonomy or an error that names its problems; any file is an error or a theme file that is written back unchanged.
pub(crate) fn theme_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Taxonomy::parse(&text, "a.toml") {
        Ok(taxonomy) => {
            assert!(!taxonomy.themes.is_empty());
            assert!(
                taxonomy
                    .threshold
                    .is_none_or(|threshold| (0.0..=1.0).contains(&threshold))
            );
        }
        Err(error) => assert!(error.to_string().contains("a.toml"), "{error}"),
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("bytes");
    match Themes::read(file.path()) {
        Ok(themes) => {
            std::fs::write(file.path(), themes.to_json().expect("JSON")).expect("bytes");
            assert_eq!(Themes::read(file.path()).expect("the same themes"), themes);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
