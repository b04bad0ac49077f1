//! Duplicate detection: precision and recall on small cases, arbitrary texts, and perturbed sample comments.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::text::clean;

/// The index of the first duplicate of each row; ids are indices.
fn firsts(rows: &[&str]) -> Vec<Option<usize>> {
    let mut seen = Duplicates::new();
    rows.iter()
        .enumerate()
        .map(|(n, row)| seen.first_of(&print(row), &n.to_string(), None))
        .map(|first| first.map(|id| id.parse().expect("a place")))
        .collect()
}

fn print(raw: &str) -> Print {
    Print::new(clean(raw).text())
}

const LONG: &str = "I ordered a red kettle three weeks ago and nobody can tell me where the parcel is right now";

#[test]
fn short_comments_need_the_same_words() {
    assert_eq!(
        firsts(&["good", "not good", "Good!", "GOOD", "goods", "no good"]),
        [None, None, Some(0), Some(0), None, None]
    );
    assert_eq!(firsts(&["ok :)", "ok :(", "ok", "", "", "..."]), [None; 6]);
    assert_eq!(
        firsts(&["Very good service", "Very bad service", "very good, service"]),
        [None, None, Some(0)]
    );
}

#[test]
fn copies_of_long_comments_are_found() {
    let retweet = format!("RT @shop: {LONG} https://shop.example/1");
    let typo = LONG.replace("kettle", "ketle");
    let number = format!("{LONG} 4711");
    let other = LONG.replace("three weeks ago", "yesterday with express shipping");
    assert_eq!(
        firsts(&[LONG, &retweet, &typo, &number, &other]),
        [None, Some(0), Some(0), None, None]
    );
}

#[test]
fn one_word_for_another_is_no_copy() {
    for (one, other) in [
        ("red kettle", "blue kettle"),
        ("three weeks", "three days"),
        ("weeks", "months"),
        ("nobody can tell me", "nobody would tell me"),
        ("a red kettle", "two red kettles"),
    ] {
        assert_eq!(
            firsts(&[LONG, &LONG.replace(one, other)]),
            [None, None],
            "{one} / {other}"
        );
    }
    let refund = "The refund of 50 euro arrived two days after I had asked for it in the shop";
    for (one, other) in [("50", "500"), ("50 euro", "50 zloty"), ("two", "six"), ("shop", "mall")] {
        assert_eq!(
            firsts(&[refund, &refund.replace(one, other)]),
            [None, None],
            "{one} / {other}"
        );
    }
    let phone = "The battery of my Orion 14 lasts half a day and then the phone goes dead without any warning";
    assert_eq!(
        firsts(&[phone, &phone.replace("14", "15"), &phone.replace("Orion", "Pegas")]),
        [None; 3]
    );
    assert_eq!(
        firsts(&[
            phone,
            &phone.replace("battery", "batery"),
            &phone.replace("warning", "warning!!! 👍")
        ]),
        [None, Some(0), Some(0)]
    );
}

#[test]
fn long_texts_are_compared_by_shingles_and_numbers() {
    let varied = |ending: char| LONG.replace(' ', &format!("{ending} "));
    let long = ('a'..='t').map(varied).collect::<Vec<_>>().join(" ");
    assert!(long.len() > COMPARED);
    assert_eq!(
        firsts(&[&long, &format!("{long} indeed"), &format!("{long} 7")]),
        [None, Some(0), None]
    );
}

#[test]
fn a_turned_comment_is_no_copy() {
    let turned = LONG.replace("can tell", "can not tell");
    assert_eq!(firsts(&[LONG, &turned]), [None, None]);
    // The same words except one that changes the sentiment.
    let mut seen = Duplicates::new();
    let good = print("The staff at the front desk was very good to us during the whole of our long stay");
    let bad = print("The staff at the front desk was very rude to us during the whole of our long stay");
    assert_eq!(seen.first_of(&good, "a", Some(Sentiment::Positive)), None);
    assert_eq!(seen.first_of(&bad, "b", Some(Sentiment::Negative)), None);
    assert_eq!(
        seen.first_of(&good, "c", Some(Sentiment::Positive)).as_deref(),
        Some("a")
    );
}

#[test]
fn copies_of_copies_name_the_first() {
    let (one, two) = (format!("{LONG} indeed"), format!("{LONG} truly"));
    assert_eq!(firsts(&[LONG, &one, &two, &one]), [None, Some(0), Some(0), Some(0)]);
}

#[test]
fn the_oldest_are_forgotten_first_and_completely() {
    let mut seen = Duplicates::remembering(2);
    let text = |n: u32| {
        print(&format!(
            "{n} {n}{n} one more comment number {n} that is like no other one {}",
            "x".repeat(n as usize * 7)
        ))
    };
    for n in 1..=5 {
        seen.first_of(&text(n), &n.to_string(), None);
        assert!(seen.firsts.len() <= 2 && seen.bands.len() <= 2 * BANDS);
    }
    let ids: Vec<&str> = seen.firsts.iter().map(|first| first.id.as_str()).collect();
    assert_eq!(ids, ["4", "5"]);
}

/// Perturbations of a text that keep its meaning.
const COPIES: [(&str, fn(&str) -> String); 9] = [
    ("capitals", |text| text.to_uppercase()),
    ("exclamation marks", |text| format!("{text}!!!")),
    ("a link", |text| format!("{text} https://example.org/x/17")),
    ("a mention", |text| format!("@somebody {text}")),
    ("a retweet", |text| format!("RT @somebody: {text}")),
    ("two letters swapped", |text| {
        change_longest(text, |word| {
            let mut letters: Vec<char> = word.chars().collect();
            let middle = letters.len() / 2;
            letters.swap(middle - 1, middle);
            letters.into_iter().collect()
        })
    }),
    ("an emoji", |text| format!("{text} 🙏")),
    ("a word added", |text| format!("{text} indeed")),
    ("last word lost", |text| {
        text.trim_end()
            .rsplit_once(' ')
            .map_or(text, |(most, _)| most)
            .to_owned()
    }),
];

/// Ways in which a text comes to say the opposite.
const TURNS: [(&str, fn(&str) -> String); 3] = [
    ("not put in", |text| {
        let middle = text.len() / 2;
        let at = text
            .char_indices()
            .map(|(at, _)| at)
            .find(|at| *at >= middle && text[*at..].starts_with(' '));
        at.map_or_else(
            || format!("not {text}"),
            |at| format!("{} not{}", &text[..at], &text[at..]),
        )
    }),
    ("nie put before", |text| format!("nie {text}")),
    ("a number put in", |text| format!("{text} 2026")),
];

fn change_longest(text: &str, change: impl Fn(&str) -> String) -> String {
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .max_by_key(|word| word.chars().count())
        .unwrap_or_default();
    if word.chars().count() < 2 {
        text.to_owned()
    } else {
        text.replacen(word, &change(word), 1)
    }
}

fn samples() -> Vec<String> {
    let mut reader =
        csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/data/samples/feedback.csv")).expect("the sample");
    let comments = reader.records().map(|row| row.expect("a row")[6].to_owned());
    comments
        .filter(|comment| !bare(clean(comment).text()).is_empty())
        .collect()
}

/// Share of perturbed sample comments detected as duplicates of their original, by number of words.
#[test]
fn perturbed_samples() {
    let mut table = String::from("change                 under 8 words   8 to 19 words   20 words and more\n");
    let changes = COPIES.into_iter().map(|change| (change, false));
    for ((name, change), turned) in changes.chain(TURNS.into_iter().map(|turn| (turn, true))) {
        let mut shares: BTreeMap<usize, (u32, u32)> = BTreeMap::new();
        for comment in samples() {
            let comment = clean(&comment).text().to_owned();
            let changed = change(&comment);
            if changed == comment {
                continue;
            }
            let words = bare(&comment).split(' ').count();
            let share = shares
                .entry(usize::from(words >= FEWEST_WORDS) + usize::from(words >= 20))
                .or_default();
            let found = firsts(&[&comment, &changed])[1] == Some(0);
            assert!(!found || !turned, "{comment} / {changed}");
            share.0 += u32::from(found);
            share.1 += 1;
        }
        let cells: Vec<String> = shares
            .values()
            .map(|(found, all)| format!("{found} of {all}"))
            .collect();
        writeln!(table, "{name:22} {:15} {:15} {}", cells[0], cells[1], cells[2]).expect("text");
    }
    insta::assert_snapshot!(table);
}

/// Different sample comments are not detected as duplicates, except those written as such.
#[test]
fn samples_among_themselves() {
    let samples = samples();
    let rows: Vec<&str> = samples.iter().map(String::as_str).collect();
    let pairs: Vec<String> = firsts(&rows)
        .into_iter()
        .enumerate()
        .filter_map(|(n, first)| first.map(|first| (rows[first], rows[n])))
        .filter(|(first, row)| first != row)
        .map(|(first, row)| format!("{first}\n  = {row}"))
        .collect();
    insta::assert_snapshot!(pairs.join("\n"));
}

proptest! {
    /// The similarity of short texts is exactly that of their sets of shingles.
    #[test]
    fn overlap_is_jaccard(one in "[ab ]{0,6}( [a-d]{1,3}){8,12}", two in "( [a-d]{1,3}){8,12}") {
        let sets = [&one, &two].map(|text| {
            let letters: Vec<char> = bare(text).chars().collect();
            letters.windows(SHINGLE).map(|w| w.iter().collect()).collect::<std::collections::BTreeSet<String>>()
        });
        let common = sets[0].intersection(&sets[1]).count() as f64;
        let union = sets[0].union(&sets[1]).count() as f64;
        let sketch = |text: &str| Sketch::new(&bare(text)).expect("long enough");
        prop_assert!((sketch(&one).overlap(&sketch(&two)) - common / union).abs() < 1e-9);
    }

    /// Any text has a valid fingerprint, and is a duplicate of itself if it has words.
    #[test]
    fn every_text_is_like_itself(text in any::<String>()) {
        let expected = (!bare(clean(&text).text()).is_empty()).then_some(0);
        prop_assert_eq!(firsts(&[&text, &text])[1], expected);
    }
}
