//! Accuracy of the embedded model on the sample comments: floors below the measured figures, so that a broken model or cleaning fails.

use crate::support::{Room, sample, texts};

/// Minimum share of the sample's comments with a gold sentiment that get the right one of the three classes.
const ACCURACY_FLOOR: f64 = 0.70;
/// Minimum share of the comments of at least 40 characters with the right language.
const LANGUAGE_FLOOR: f64 = 0.95;

#[test]
fn sample_sentiment_is_mostly_right() {
    let room = Room::new();
    let ended = room.run(&format!(
        "eval {} --text comment --label gold --by language --forced --quiet --json",
        sample().display()
    ));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let report: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    let confusion = &report["all"]["confusion"];
    let cell = |gold: usize, answer: usize| confusion[gold][answer].as_u64().expect("a count");
    let right: u64 = (0..3).map(|n| cell(n, n)).sum();
    let rows: u64 = (0..3)
        .flat_map(|gold| (0..5).map(move |answer| (gold, answer)))
        .map(|(g, a)| cell(g, a))
        .sum();
    assert!(rows > 400);
    assert!(right as f64 >= ACCURACY_FLOOR * rows as f64, "{right} of {rows} right");
}

#[test]
fn sample_languages_are_mostly_right() {
    let room = Room::new();
    let ended = room.run(&format!("tag {} -o out.parquet --quiet", sample().display()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("out.parquet");
    let (gold, found, comments) = (
        texts(&table, "language"),
        texts(&table, "ut_language"),
        texts(&table, "comment"),
    );
    let long: Vec<usize> = (0..table.height())
        .filter(|&n| {
            gold[n].as_deref().is_some_and(|l| !l.is_empty())
                && comments[n].as_ref().is_some_and(|c| c.chars().count() >= 40)
        })
        .collect();
    let right = long.iter().filter(|&&n| gold[n] == found[n]).count();
    assert!(long.len() > 300);
    assert!(
        right as f64 >= LANGUAGE_FLOOR * long.len() as f64,
        "{right} of {} right",
        long.len()
    );
}

#[test]
fn rows_without_words_abstain_with_a_reason() {
    let room = Room::new();
    room.put("odd.csv", "id,comment\n1,The delivery was late and nobody answered the phone.\n2,\n3,12345\n4,https://example.org\n5,😡😡😡\n6,  \n");
    let ended = room.run("tag odd.csv -o odd.parquet --text comment --quiet --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("odd.parquet");
    let status: Vec<_> = texts(&table, "ut_status").into_iter().flatten().collect();
    let reason: Vec<_> = texts(&table, "ut_reason")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(
        status,
        ["tagged", "abstained", "abstained", "abstained", "tagged", "abstained"]
    );
    assert_eq!(reason, ["", "empty", "no_words", "no_words", "", "empty"]);
    let sentiment: Vec<_> = texts(&table, "ut_sentiment")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(sentiment, ["negative", "", "", "", "negative", ""]);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(summary["abstained"], serde_json::json!({"empty": 2, "no_words": 2}));
}
