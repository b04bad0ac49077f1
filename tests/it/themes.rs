//! Theme commands: discovery, reuse, naming, merging, updates.

use std::fs;

use undertone::model::{self, Engine, Quality};
use undertone::theme::{Sample, Themes, Titles, Unit, Wish, discover};

use crate::support::{Room, texts};

const COMMENTS: [&str; 6] = [
    "The courier threw the parcel over the fence and it arrived broken",
    "My parcel is three weeks late and the courier does not answer",
    "I was charged twice and nobody gives me my money back",
    "The refund for the double charge on my card never came",
    "The app crashes every time I try to log in",
    "After the update the app logs me out every morning",
];

/// A table of comments, each in several variants.
fn table() -> String {
    let forms = COMMENTS
        .iter()
        .flat_map(|comment| (1..9).map(move |n| format!("\"{comment}, {n} of them. Order {n}.\"\n")));
    format!("comment\n{}", forms.collect::<String>())
}

fn engine() -> model::Native {
    model::base(Quality::Best).expect("the shipped model")
}

/// A theme file of synthetic themes for commands that do not depend on the model.
fn made_up(model: &str) -> Themes {
    let mut sample = Sample::default();
    for number in 0..60_usize {
        let (meaning, word) = (number % 3, ["parcel", "refund", "password"][number % 3]);
        let mut embedding = vec![0.05; 8];
        embedding[meaning] = 1.0;
        embedding[3 + number % 5] += 0.02 * (number as f32);
        let length = embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
        embedding.iter_mut().for_each(|x| *x /= length);
        let text = format!("{word} trouble number {number}");
        sample.add(&Unit {
            text: &text,
            language: "en",
            embedding: &embedding,
            targets: &[],
            polarity: [1.0, 0.0, 0.0, 0.0],
        });
    }
    discover(
        &sample,
        &Titles::default(),
        &Wish {
            themes: Some(3),
            none_below: None,
        },
        model,
    )
    .expect("themes")
}

#[test]
fn a_run_finds_its_themes_and_saves_them_beside_its_output() {
    let room = Room::new();
    room.put("a.csv", table());
    let ended = room.run("tag a.csv -o a.parquet --themes 3");
    if engine().card().head("embedding").is_none() {
        assert_eq!(ended.code, Some(2));
        assert!(
            ended.err.contains("no themes: the model gives no embeddings"),
            "{}",
            ended.err
        );
        let plain = room.run("tag a.csv -o a.parquet");
        assert!(
            plain.code == Some(0) && plain.err.contains("no themes"),
            "{}",
            plain.err
        );
        assert!(
            texts(&room.table("a.parquet"), "ut_theme_id")
                .iter()
                .all(Option::is_none)
        );
        return;
    }
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(
        room.files(),
        [
            "a.csv",
            "a.parquet",
            "a.parquet.themes.json",
            "a.parquet.themes.parquet"
        ]
    );
    let found = texts(&room.table("a.parquet"), "ut_theme_id");
    let themes = Themes::read(&room.path("a.parquet.themes.json")).expect("themes");
    assert_eq!(themes.themes.len(), 3);
    let none = found.iter().filter(|id| id.is_none()).count();
    assert!(
        none * 100 < found.len() * 15,
        "{none} of {} without a theme",
        found.len()
    );

    // The saved themes give the same results for any number of threads and batch size; the run is identical byte for byte.
    fs::copy(room.path("a.parquet.themes.json"), room.path("themes.json")).expect("a copy");
    let again = room.run("tag a.csv -o b.parquet --themes themes.json --threads 1 --batch-rows 7");
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(texts(&room.table("b.parquet"), "ut_theme_id"), found);
    assert_eq!(
        room.table("b.parquet").column("ut_themes").expect("themes"),
        room.table("a.parquet").column("ut_themes").expect("themes")
    );
    let before = fs::read(room.path("a.parquet.themes.json")).expect("a file");
    room.run("tag a.csv -o a.parquet --themes 3 --threads 1 --batch-rows 5");
    assert_eq!(fs::read(room.path("a.parquet.themes.json")).expect("a file"), before);

    // Standard input is also read twice.
    let renewed = room.run("themes update a.csv -o themes.json");
    assert_eq!(renewed.code, Some(0), "{}", renewed.err);
    let kept = Themes::read(&room.path("themes.json")).expect("themes");
    assert!(
        themes
            .themes
            .iter()
            .all(|theme| kept.themes.iter().any(|other| other.id == theme.id))
    );
}

#[test]
fn themes_are_shown_named_and_merged() {
    let room = Room::new();
    let themes = made_up("a model");
    room.put("themes.json", themes.to_json().expect("JSON"));
    let shown = room.run("themes show");
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    insta::assert_snapshot!("themes_show", shown.out);

    let [a, b] = [&themes.themes[0].id, &themes.themes[1].id];
    let named = room
        .undertone()
        .args(["themes", "rename", a, "Late parcels"])
        .output()
        .expect("the program runs");
    assert!(named.status.success());
    let merged = room.run(&format!("themes merge {a} {b}"));
    assert_eq!(merged.code, Some(0), "{}", merged.err);
    let now = Themes::read(&room.path("themes.json")).expect("themes");
    let theme = now.themes.iter().find(|theme| theme.id == *a).expect("the theme");
    assert_eq!((now.themes.len(), theme.title(), theme.size), (2, "Late parcels", 40));

    let gone = room.run(&format!("themes rename {b} x"));
    assert_eq!(gone.code, Some(2));
    assert!(gone.err.contains("it was merged into"), "{}", gone.err);
}

#[test]
fn theme_files_that_cannot_be_used_are_told_before_the_work() {
    let room = Room::new();
    room.put("a.csv", "comment\nGood\n");
    room.put(
        "other.json",
        made_up("0123456789abcdef0123456789abcdef").to_json().expect("JSON"),
    );
    room.put("none.json", "[]");
    let model = engine().fingerprint().to_owned();
    let messages: Vec<String> = ["other.json", "none.json", "missing.json"]
        .iter()
        .map(|file| {
            let ended = room.run(&format!("tag a.csv -o a.parquet --themes {file}"));
            assert_eq!(ended.code, Some(2));
            ended.err.replace(&model, "MODEL")
        })
        .collect();
    insta::assert_snapshot!("themes_unusable", messages.concat());
    assert_eq!(room.files(), ["a.csv", "none.json", "other.json"], "nothing is written");
    let wrong = room.run("tag a.csv --themes 0");
    assert!(
        wrong.code == Some(2) && wrong.err.contains("at least 1 theme"),
        "{}",
        wrong.err
    );
}

#[test]
fn nothing_to_find_is_no_failure() {
    let room = Room::new();
    room.put("a.csv", "id,comment\n1,\n2,   \n");
    let ended = room.run("tag a.csv --text comment -o a.parquet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(texts(&room.table("a.parquet"), "ut_theme").iter().all(Option::is_none));
}
