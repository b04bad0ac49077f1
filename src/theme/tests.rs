//! Invariants of theme discovery on synthetic embeddings: meanings are directions, languages are offsets, every text has its own noise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::*;
use crate::error::Error;

const WIDTH: u64 = 64;
const WORDS: [&str; 12] = [
    "parcel", "refund", "courier", "invoice", "password", "waiter", "battery", "screen", "hotline", "parking", "menu",
    "tariff",
];

struct Row {
    text: String,
    language: &'static str,
    embedding: Vec<f32>,
}

/// A text about `meaning`; `number` makes it distinct.
fn row(meaning: usize, number: u64) -> Row {
    let figure = |of: u64, at: u64| (xxh3_64_with_seed(&at.to_le_bytes(), of) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let language = number % 3;
    let mut embedding: Vec<f32> = (0..WIDTH)
        .map(|at| {
            figure(meaning as u64, at)
                + 0.5 * figure(100 + language, at)
                + 0.5 * figure(1000 + number + 5000 * meaning as u64, at)
        })
        .collect();
    let length = embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
    embedding.iter_mut().for_each(|x| *x /= length);
    let word = WORDS[meaning % WORDS.len()];
    Row {
        text: format!("{word} trouble number {number} again"),
        language: ["en", "pl", "uk"][language as usize],
        embedding,
    }
}

fn rows(meanings: std::ops::Range<usize>, each: std::ops::Range<u64>) -> Vec<Row> {
    meanings
        .flat_map(|meaning| each.clone().map(move |number| row(meaning, number)))
        .collect()
}

fn sample<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Sample {
    let mut sample = Sample::default();
    rows.into_iter().for_each(|row| sample.add(&unit(row)));
    sample
}

fn unit(row: &Row) -> Unit<'_> {
    Unit {
        text: &row.text,
        language: row.language,
        embedding: &row.embedding,
        targets: &[],
        polarity: [0.1, 0.2, 0.7, 0.0],
    }
}

fn found(rows: &[Row]) -> Themes {
    discover(&sample(rows), &Titles::default(), &Wish::default(), "model").expect("themes")
}

/// The theme id of each row.
fn ids(themes: &Themes, rows: &[Row]) -> Vec<Option<String>> {
    rows.iter()
        .map(|row| {
            themes
                .place(&unit(row))
                .map(|placed| themes.themes[placed.theme].id.clone())
        })
        .collect()
}

#[test]
fn finds_what_is_talked_about_across_languages() {
    let rows = rows(0..10, 0..30);
    let themes = found(&rows);
    assert_eq!(
        themes.themes.len(),
        10,
        "{:?}",
        themes.themes.iter().map(|t| &t.label).collect::<Vec<_>>()
    );
    let ids = ids(&themes, &rows);
    let none = ids.iter().filter(|id| id.is_none()).count();
    assert!(none * 100 < rows.len() * 15, "{none} without a theme");
    for (at, id) in ids.iter().enumerate().filter_map(|(at, id)| Some((at, id.as_ref()?))) {
        let theme = themes.themes.iter().find(|theme| theme.id == *id).expect("the theme");
        assert!(
            theme.label.contains(WORDS[at / 30]),
            "{} for {}",
            theme.label,
            WORDS[at / 30]
        );
        assert!(
            (2..=5).contains(&theme.label.split_whitespace().count()),
            "{}",
            theme.label
        );
    }
    let labels: BTreeSet<&str> = themes.themes.iter().map(|theme| theme.label.as_str()).collect();
    assert_eq!(labels.len(), 10);
    assert!(themes.groups.len() >= 2 && themes.themes.iter().all(|theme| themes.group(theme).is_some()));
    assert!(themes.themes.iter().all(|theme| theme.exemplars.len() == 3));
}

#[test]
fn neither_the_order_of_rows_nor_threads_change_a_byte() {
    let mut rows = rows(0..8, 0..40);
    let forth = found(&rows).to_json().expect("JSON");
    rows.reverse();
    rows.rotate_left(77);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        assert_eq!(pool.install(|| found(&rows)).to_json().expect("JSON"), forth);
    }
}

#[test]
fn a_number_asked_for_is_the_number_given() {
    let rows = rows(0..6, 0..20);
    for wanted in [1, 2, 5, 12, 30] {
        let wish = Wish {
            themes: Some(wanted),
            none_below: None,
        };
        assert_eq!(
            discover(&sample(&rows), &Titles::default(), &wish, "model")
                .expect("themes")
                .themes
                .len(),
            wanted
        );
    }
}

#[test]
fn a_file_gives_the_same_themes_back() {
    let rows = rows(0..6, 0..25);
    let themes = found(&rows);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("themes.json");
    std::fs::write(&path, themes.to_json().expect("JSON")).expect("a file");
    let read = Themes::load(&path, "model").expect("themes");
    assert_eq!(read, themes);
    assert_eq!(ids(&read, &rows), ids(&themes, &rows));
    assert_eq!(
        read.fingerprint().expect("a hash"),
        themes.fingerprint().expect("a hash")
    );
}

#[test]
fn little_or_odd_input_gets_a_sensible_small_answer() {
    let none = found(&[]);
    assert!(none.themes.is_empty() && none.place(&unit(&row(0, 0))).is_none());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.json");
    std::fs::write(&path, none.to_json().expect("JSON")).expect("a file");
    assert_eq!(
        Themes::load(&path, "model").expect("a file without themes can be read"),
        none
    );

    let one = [row(0, 0)];
    let themes = found(&one);
    assert_eq!((themes.themes.len(), themes.themes[0].size), (1, 1));
    assert_eq!(ids(&themes, &one), [Some(themes.themes[0].id.clone())]);

    let same: Vec<Row> = (0..50).map(|_| row(3, 3)).collect();
    let themes = found(&same);
    assert_eq!((themes.themes.len(), themes.sample.texts), (1, 1));
    assert!(ids(&themes, &same).iter().all(Option::is_some));

    let three = rows(0..3, 0..1);
    assert_eq!(
        found(&three).themes.len(),
        1,
        "three texts are too few to tell themes apart"
    );
    let wish = Wish {
        themes: Some(7),
        none_below: None,
    };
    assert_eq!(
        discover(&sample(&three), &Titles::default(), &wish, "model")
            .expect("themes")
            .themes
            .len(),
        3,
        "as many as there are texts"
    );

    let wordless = Row {
        text: "12:30 !!!".to_owned(),
        ..row(0, 0)
    };
    assert!(found(&[wordless]).themes.is_empty());
    let other_width = Row {
        embedding: vec![1.0; 3],
        ..row(0, 1)
    };
    assert!(found(&three).place(&unit(&other_width)).is_none());
}

#[test]
fn a_language_without_stop_words_gets_labels_without_its_common_words() {
    let mut rows = rows(0..8, 0..40);
    for row in &mut rows {
        row.language = "qq";
        row.text = format!(
            "zu {} na {}",
            row.text.split(' ').next().unwrap_or_default(),
            row.text.split(' ').nth(3).unwrap_or_default()
        );
    }
    let themes = found(&rows);
    assert!(
        themes
            .themes
            .iter()
            .all(|theme| !theme.label.split(' ').any(|word| word == "zu" || word == "na")),
        "{themes:?}"
    );
}

#[test]
fn bad_files_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = found(&rows(0..4, 0..10)).to_json().expect("JSON");
    let told = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let error = Themes::load(&path, "model").expect_err("refused");
        error
            .to_string()
            .replace(&folder.path().display().to_string(), "FOLDER")
    };
    let first = good.find("t-").expect("an id");
    let id = &good[first..first + 8];
    let second = good[first + 8..].find("\"t-").expect("another id") + first + 9;
    let messages = [
        told("no.json", "themes!"),
        told("other.json", "{\"a\": 1}"),
        told("version.json", &good.replacen("\"version\": 1", "\"version\": 7", 1)),
        told("key.json", &good.replacen("\"language\"", "\"langauge\"", 1)),
        told("twice.json", &good.replacen(&good[second..second + 8], id, 1)),
        told(
            "model.json",
            &good.replacen("\"model\": \"model\"", "\"model\": \"other\"", 1),
        ),
        told("cut.json", "{\"format\": \"undertone.themes\", "),
    ];
    insta::assert_snapshot!(messages.join("\n").replace(id, "t-ID"));
    assert!(matches!(
        Themes::load(Path::new("/nowhere/themes.json"), "model"),
        Err(Error::Missing { .. })
    ));
}

#[test]
fn a_model_without_embeddings_is_told() {
    let rows = [Row {
        embedding: Vec::new(),
        ..row(0, 0)
    }];
    assert!(matches!(
        discover(&sample(&rows), &Titles::default(), &Wish::default(), "model"),
        Err(Error::NoEmbeddings)
    ));
}

#[test]
fn an_update_with_a_tenth_more_rows_keeps_ids() {
    let old = found(&rows(0..12, 0..30));
    let (now, changes) =
        update(&old, &sample(&rows(0..12, 0..33)), &Titles::default(), &Wish::default()).expect("themes");
    let before: BTreeSet<&str> = old.themes.iter().map(|theme| theme.id.as_str()).collect();
    let kept = now
        .themes
        .iter()
        .filter(|theme| before.contains(theme.id.as_str()))
        .count();
    assert!(kept * 100 >= before.len() * 95, "{kept} of {}", before.len());
    assert!(
        changes
            .iter()
            .all(|change| matches!(change.fate, Fate::Kept | Fate::Grown | Fate::Shrunk)),
        "{changes:?}"
    );
}

#[test]
fn an_update_looks_for_as_many_themes_as_there_were() {
    let wish = Wish {
        themes: Some(20),
        ..Wish::default()
    };
    let old = discover(&sample(&rows(0..12, 0..30)), &Titles::default(), &wish, "model").expect("themes");
    let (now, _) = update(&old, &sample(&rows(0..12, 0..33)), &Titles::default(), &Wish::default()).expect("themes");
    let kept = old
        .themes
        .iter()
        .filter(|old| now.themes.iter().any(|now| now.id == old.id));
    let kept = kept.count();
    // With a newly selected number, the twelve in the data, most of these would be merged.
    assert!(old.themes.len() == 20 && kept >= 18, "{kept}");
}

#[test]
fn an_update_tells_new_gone_grown_and_shrunk() {
    let old = found(&rows(0..8, 0..30));
    let title = |meaning: usize| {
        old.themes
            .iter()
            .find(|theme| theme.label.contains(WORDS[meaning]))
            .expect("a theme")
            .id
            .clone()
    };
    // Theme 0 disappears, 1 shrinks, 2 grows, 8 is new.
    let mut now = rows(3..8, 0..30);
    now.extend(rows(1..2, 0..15));
    now.extend(rows(2..3, 0..60));
    now.extend(rows(8..9, 0..30));
    let (themes, changes) = update(&old, &sample(&now), &Titles::default(), &Wish::default()).expect("themes");
    let fates: BTreeMap<&str, &str> = changes
        .iter()
        .map(|change| (change.id.as_str(), change.fate.name()))
        .collect();
    assert_eq!(
        (
            fates[title(0).as_str()],
            fates[title(1).as_str()],
            fates[title(2).as_str()]
        ),
        ("gone", "shrunk", "grown"),
        "{changes:?}"
    );
    let new: Vec<&Change> = changes.iter().filter(|change| change.fate == Fate::New).collect();
    assert_eq!(new.len(), 1, "{changes:?}");
    assert!(new[0].title.contains(WORDS[8]), "{new:?}");
    assert_eq!(themes.themes.len(), 8);
    let silent = update(&old, &sample(&[]), &Titles::default(), &Wish::default()).expect("themes");
    assert_eq!(silent.0, old, "silence is no reason to forget");
}

#[test]
fn names_and_merges_survive_updates() {
    let mut old = found(&rows(0..9, 0..30));
    let (a, b, c) = (
        old.themes[0].id.clone(),
        old.themes[1].id.clone(),
        old.themes[2].id.clone(),
    );
    old.rename(&a, "  Late parcels ").expect("a name");
    old.merge(&a, &b).expect("one theme");
    assert_eq!(old.themes.len(), 8);
    let (now, _) = update(&old, &sample(&rows(0..9, 3..33)), &Titles::default(), &Wish::default()).expect("themes");
    let theme = now.themes.iter().find(|theme| theme.id == a).expect("the merged theme");
    assert_eq!(
        (theme.title(), theme.merged.as_slice()),
        ("Late parcels", [b.clone()].as_slice())
    );
    assert!(
        now.themes.iter().all(|theme| theme.id != b),
        "what a person merged stays merged"
    );
    assert!(now.themes.iter().any(|theme| theme.id == c));
    assert_eq!(now.themes.len(), 8);

    let unknown = old.rename("t-zzzzzz", "x").expect_err("no such theme").to_string();
    assert!(
        unknown.contains("t-zzzzzz") && unknown.contains("the nearest are t-"),
        "{unknown}"
    );
    let merged = old.merge(&b, &c).expect_err("merged away").to_string();
    assert!(merged.contains(&format!("it was merged into {a}")), "{merged}");
    assert!(old.merge(&a, &a).is_err());
    old.rename(&a, "").expect("no name");
    assert_eq!(old.themes[0].name, None);
}
