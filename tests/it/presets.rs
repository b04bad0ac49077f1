//! Presets: every known export format is recognised by its columns and read with all of its traps; one fixture and one line each.

use polars::prelude::*;
use undertone::source::{self, Batch, Choice, SourceOptions, presets};

/// Expected result of a fixture.
struct Expected {
    file: &'static str,
    preset: Option<&'static str>,
    rows: usize,
    /// The first comment, the first id.
    text: &'static str,
    id: &'static str,
    /// Times of all rows, to the minute; `-` for none.
    times: &'static [&'static str],
    ratings: &'static [Option<f32>],
    scale: &'static str,
    channel: &'static str,
}

#[rustfmt::skip]
const FIXTURES: &[Expected] = &[
    Expected { file: "zendesk.csv", preset: Some("zendesk"), rows: 4, text: "Refund still missing after three weeks", id: "30311",
        times: &["2026-03-02 09:15", "2026-03-02 11:40", "2026-03-03 07:05", "-"], ratings: &[Some(0.0), Some(1.0), None, None], scale: "good_bad", channel: "Mail" },
    Expected { file: "zendesk.json", preset: Some("zendesk"), rows: 3, text: "Broken screen\n\nThe screen arrived cracked.\nNobody answers my mails.", id: "501",
        times: &["2026-03-05 08:00", "2026-03-05 08:30", "2026-03-06 10:30"], ratings: &[Some(0.0), Some(1.0), None], scale: "good_bad", channel: "email" },
    Expected { file: "freshdesk.csv", preset: Some("freshdesk"), rows: 3, text: "Late parcel\n\n<div>My parcel is <b>ten days</b> late.<br>Where is it?</div>", id: "881",
        times: &["2026-02-27 18:03", "2026-02-28 10:00", "2026-02-28 12:00"], ratings: &[Some(1.0), Some(6.0), None], scale: "happy7", channel: "Email" },
    Expected { file: "brand24.xlsx", preset: Some("brand24"), rows: 3, text: "Delivery <again>\n\nWaited all day & nobody came", id: "7001",
        times: &["2026-03-01 12:33", "2026-03-02 06:00", "2026-03-02 18:00"], ratings: &[None, None, None], scale: "", channel: "Twitter" },
    Expected { file: "brand24-pt.xlsx", preset: Some("brand24"), rows: 2, text: "Atraso\n\nA encomenda chegou três dias depois", id: "8001",
        times: &["2026-03-01 14:05", "2026-03-02 09:30"], ratings: &[None, None], scale: "", channel: "Blog" },
    Expected { file: "sentione.csv", preset: Some("sentione"), rows: 3, text: "Trzeci dzień bez internetu;\nnikt nie odbiera.", id: "a1",
        times: &["2026-03-01 12:33", "2026-03-02 08:00", "2026-03-02 09:00"], ratings: &[None, Some(5.0), None], scale: "stars5", channel: "Facebook" },
    Expected { file: "qualtrics.csv", preset: Some("qualtrics"), rows: 4, text: "Your people on the phone are kind and quick.\n\nNothing comes to my mind right now", id: "R_1",
        times: &["2026-03-01 10:04", "2026-03-02 10:04", "2026-03-03 10:04", "2026-03-04 10:04"], ratings: &[Some(9.0), Some(2.0), Some(10.0), Some(0.0)], scale: "nps", channel: "email" },
    Expected { file: "surveymonkey.csv", preset: Some("surveymonkey"), rows: 3, text: "Keep the shop open in the evening, please", id: "1141",
        times: &["2026-03-04 13:05", "2026-03-05 09:02", "2026-03-05 09:12"], ratings: &[Some(5.0), Some(1.0), Some(3.0)], scale: "csat", channel: "" },
    Expected { file: "typeform.csv", preset: Some("typeform"), rows: 2, text: "The app is simple, but the delivery fee is too high for me", id: "k2j4",
        times: &["2026-03-01 12:01", "2026-03-01 13:01"], ratings: &[Some(8.0), Some(3.0)], scale: "nps", channel: "form" },
    Expected { file: "google-play.csv", preset: Some("google-play"), rows: 3, text: "Після оновлення не запускається, \"пропало\" все", id: "https://play.google.com/a?r=1",
        times: &["2026-03-01 12:33", "2026-03-01 15:00", "2026-03-02 06:00"], ratings: &[Some(1.0), Some(5.0), Some(4.0)], scale: "stars5", channel: "google-play" },
    Expected { file: "app-store.json", preset: Some("app-store"), rows: 2, text: "Crashes\n\nIt crashes every time I open the camera.", id: "r1",
        times: &["2026-02-01 12:05", "2026-02-02 09:00"], ratings: &[Some(1.0), Some(5.0)], scale: "stars5", channel: "app-store" },
    Expected { file: "app-store-api.jsonl", preset: Some("app-store-api"), rows: 2, text: "Hm\n\nThe new design hides everything I need.", id: "r1",
        times: &["2026-02-01 12:05", "2026-02-03 04:05"], ratings: &[Some(2.0), Some(4.0)], scale: "stars5", channel: "app-store" },
    Expected { file: "trustpilot.jsonl", preset: Some("trustpilot"), rows: 2, text: "Nunca mais\n\nEsperei um mês e cancelaram sem avisar.", id: "t1",
        times: &["2026-01-10 09:00", "2026-01-11 09:00"], ratings: &[Some(1.0), Some(5.0)], scale: "stars5", channel: "trustpilot" },
    Expected { file: "cfpb.csv", preset: Some("cfpb"), rows: 3, text: "", id: "9100001",
        times: &["2026-03-04 00:00", "2026-03-05 00:00", "2026-03-05 00:00"], ratings: &[None, None, None], scale: "", channel: "Web" },
    Expected { file: "amazon-reviews.jsonl", preset: Some("amazon-reviews"), rows: 2, text: "Just right\n\nFits well and feels sturdy.<br />Would buy again.", id: "",
        times: &["2024-03-01 12:33", "2024-03-02 12:33"], ratings: &[Some(5.0), Some(1.0)], scale: "stars5", channel: "amazon" },
    Expected { file: "amazon-reviews-2015.tsv", preset: Some("amazon-reviews-2015"), rows: 3, text: "\"Bright\" it is not\n\nIt is 7\" tall and far too dim", id: "R1",
        times: &["2015-08-31 00:00", "2015-08-30 00:00", "2015-08-30 00:00"], ratings: &[Some(2.0), Some(5.0), Some(4.0)], scale: "stars5", channel: "amazon" },
    Expected { file: "olist.csv", preset: Some("olist"), rows: 3, text: "", id: "o1",
        times: &["2018-01-18 00:00", "2018-03-10 00:00", "2018-02-17 00:00"], ratings: &[Some(4.0), Some(1.0), Some(5.0)], scale: "stars5", channel: "" },
    Expected { file: "yelp.jsonl", preset: Some("yelp"), rows: 2, text: "The soup was cold and the waiter shrugged.\n\nNot again.", id: "y1",
        times: &["2018-07-07 22:09", "2019-01-03 12:00"], ratings: &[Some(2.0), Some(5.0)], scale: "stars5", channel: "yelp" },
    Expected { file: "airline-tweets.csv", preset: Some("airline-tweets"), rows: 2, text: "@exampleair four hours at the gate and no word", id: "570000000000000001",
        times: &["2015-02-24 19:35", "2015-02-24 18:00"], ratings: &[None, None], scale: "", channel: "twitter" },
    Expected { file: "meltwater.csv", preset: Some("meltwater"), rows: 2, text: "Customers wait for refunds\n\nMany customers say the refund never came.", id: "https://news.example/1",
        times: &["2026-03-01 12:33", "2026-03-02 09:05"], ratings: &[None, None], scale: "", channel: "News" },
    Expected { file: "qualtrics-legacy.csv", preset: Some("qualtrics-legacy"), rows: 2, text: "The people at the counter were lovely", id: "R_a1",
        times: &["2016-03-01 10:05", "2016-03-02 10:05"], ratings: &[Some(9.0), Some(2.0)], scale: "nps", channel: "" },
    Expected { file: "app-store-feed.json", preset: Some("app-store-feed"), rows: 2, text: "Logged out again\n\nEvery update logs me out and loses my basket.", id: "11001",
        times: &["2026-03-01 12:33", "2026-03-02 16:00"], ratings: &[Some(1.0), Some(5.0)], scale: "stars5", channel: "app-store" },
    Expected { file: "google-business.json", preset: Some("google-business"), rows: 2, text: "Чекали столик сорок хвилин", id: "g1",
        times: &["2026-03-01 12:33", "2026-03-02 10:00"], ratings: &[Some(2.0), Some(5.0)], scale: "stars5", channel: "google" },
    Expected { file: "steam.json", preset: Some("steam"), rows: 2, text: "Servers were down the whole weekend", id: "71001",
        times: &["2026-03-01 12:00", "2026-03-02 12:00"], ratings: &[Some(0.0), Some(1.0)], scale: "good_bad", channel: "steam" },
    Expected { file: "generic.csv", preset: None, rows: 3, text: "Die Schlange an der Kasse war endlos und niemand hat geholfen.", id: "",
        times: &["2026-03-24 00:00", "2026-04-03 00:00", "2026-04-05 00:00"], ratings: &[Some(2.0), Some(5.0), Some(4.0)], scale: "stars5", channel: "" },
    Expected { file: "survey.xlsx", preset: None, rows: 3, text: "The queue was endless and the heating broken", id: "",
        times: &["2026-03-01 00:00", "2026-03-02 00:00", "-"], ratings: &[Some(2.0), Some(5.0), Some(4.5)], scale: "stars5", channel: "" },
];

fn path(file: &str) -> String {
    format!("{}/tests/fixtures/presets/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str, options: &SourceOptions) -> (Vec<Batch>, String) {
    let mut source = source::open(&[path(file)], options).unwrap_or_else(|error| panic!("{file}: {error}"));
    let batches = source
        .by_ref()
        .collect::<Result<Vec<_>, _>>()
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    (batches, source.notes().join("\n"))
}

fn minutes(time: Option<i64>) -> String {
    let at = time.and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

#[test]
fn every_fixture_is_recognised_and_mapped() {
    for want in FIXTURES {
        let (batches, notes) = read(want.file, &SourceOptions::default());
        let [batch] = batches.as_slice() else {
            panic!("{}: one batch", want.file)
        };
        assert!(batch.rejects.is_empty(), "{}: {:?}", want.file, batch.rejects);
        assert_eq!(batch.rows, (0..want.rows as u64).collect::<Vec<_>>(), "{}", want.file);
        assert_eq!(
            batch.texts[0].as_deref().unwrap_or_default(),
            want.text,
            "{}",
            want.file
        );
        if !want.id.is_empty() {
            assert_eq!(batch.ids()[0], want.id, "{}", want.file);
        }
        let mapped = &batch.mapped;
        assert_eq!(
            mapped.times.iter().map(|t| minutes(*t)).collect::<Vec<_>>(),
            want.times,
            "{}",
            want.file
        );
        assert_eq!(mapped.ratings, want.ratings, "{}", want.file);
        assert_eq!(
            mapped.scale.map_or("", |scale| scale.name()),
            want.scale,
            "{}",
            want.file
        );
        assert_eq!(
            mapped.channels[0].as_deref().unwrap_or_default(),
            want.channel,
            "{}",
            want.file
        );
        let said = want
            .preset
            .and_then(|name| presets().iter().find(|p| p.name == name))
            .map(|p| format!("reads as a {} export", p.title));
        match said {
            Some(said) => assert!(notes.contains(&said), "{}: {notes}", want.file),
            None => assert!(!notes.contains("reads as"), "{}: {notes}", want.file),
        }
    }
}

#[test]
fn every_preset_has_a_fixture() {
    for preset in presets() {
        assert!(
            FIXTURES.iter().any(|f| f.preset == Some(&preset.name)),
            "{} has no fixture",
            preset.name
        );
    }
    for entry in std::fs::read_dir(path("")).expect("the fixtures") {
        let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
        assert!(FIXTURES.iter().any(|f| f.file == name), "{name} is not in the table");
    }
}

#[test]
fn original_columns_come_through_with_or_without_a_preset() {
    for want in FIXTURES.iter().filter(|f| f.file.ends_with("sv")) {
        let none = SourceOptions {
            preset: Choice::None,
            text: vec!["text".to_owned()],
            ..SourceOptions::default()
        };
        let (batches, _) = read(want.file, &SourceOptions::default());
        // A file read without its preset may need the text column; the header is the same.
        if let Ok(mut plain) = source::open(&[path(want.file)], &none) {
            let plain = plain.next().expect("a batch").expect("rows");
            assert_eq!(
                plain.columns.get_column_names(),
                batches[0].columns.get_column_names(),
                "{}",
                want.file
            );
        }
    }
    let (batches, _) = read("brand24.xlsx", &SourceOptions::default());
    let names: Vec<_> = batches[0]
        .columns
        .get_column_names()
        .iter()
        .map(|n| n.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "ID",
            "Date",
            "Hrs",
            "Title",
            "Content",
            "Source",
            "Domain",
            "Category",
            "Sentiment",
            "Tags",
            "Author"
        ]
    );
    assert_eq!(batches[0].columns.column("ID").expect("ids").dtype(), &DataType::Int64);
    assert!(matches!(
        batches[0].columns.column("Date").expect("dates").dtype(),
        DataType::Datetime(..)
    ));
    let (batches, _) = read("qualtrics.csv", &SourceOptions::default());
    assert_eq!(batches[0].columns.width(), 21);
}

#[test]
fn several_exports_go_into_one_table() {
    let files: Vec<String> = ["zendesk.csv", "google-play.csv", "brand24.xlsx", "trustpilot.jsonl"]
        .map(path)
        .to_vec();
    let mut source = source::open(&files, &SourceOptions::default()).expect("a source");
    let batches = source.by_ref().collect::<Result<Vec<_>, _>>().expect("rows");
    let first: Vec<_> = batches
        .iter()
        .map(|batch| batch.texts[0].clone().unwrap_or_default())
        .collect();
    for (text, want) in first
        .iter()
        .zip(["Refund still", "Після", "Delivery <again>", "Nunca mais"])
    {
        assert!(text.starts_with(want), "{text}");
    }
    let scales: Vec<_> = batches
        .iter()
        .map(|batch| batch.mapped.scale.map(|scale| scale.name()))
        .collect();
    assert_eq!(scales, [Some("good_bad"), Some("stars5"), None, Some("stars5")]);
}

#[test]
fn what_is_not_understood_is_counted_and_never_guessed() {
    let (batches, _) = read("zendesk.csv", &SourceOptions::default());
    let unread = &batches[0].mapped.unread;
    assert_eq!(
        (unread.times, unread.first_time.as_deref(), unread.ratings),
        (1, Some("soon"), 0)
    );

    let room = crate::support::Room::new();
    let rows = |dates: [&str; 3]| {
        let texts = [
            "The parcel came late again",
            "Nobody answered my call today",
            "Very kind people at the desk",
        ];
        let lines: Vec<_> = dates
            .iter()
            .zip(texts)
            .map(|(date, text)| format!("{date},{text},7\n"))
            .collect();
        format!("date,comment,nps\n{}", lines.concat())
    };
    let open = |options: &SourceOptions| {
        let file = room.path("a.csv").to_string_lossy().into_owned();
        let mut source = source::open(&[file], options).expect("a source");
        let batch = source.next().expect("a batch").expect("rows");
        (batch.mapped, source.notes().join("\n"))
    };
    room.put("a.csv", rows(["03/04/2026", "05/06/2026", "01/02/2026"]));
    let (mapped, notes) = open(&SourceOptions::default());
    assert_eq!((mapped.times.iter().flatten().count(), mapped.unread.times), (0, 3));
    assert!(notes.contains("say which with --date-order"), "{notes}");
    let mut options = SourceOptions::default();
    options.roles.date_order = Some(source::DateOrder::Dmy);
    assert_eq!(
        open(&options).0.times.iter().map(|t| minutes(*t)).next().as_deref(),
        Some("2026-04-03 00:00")
    );
    room.put("a.csv", rows(["03/04/2026", "25/06/2026", "01/02/2026"]));
    let (mapped, notes) = open(&SourceOptions::default());
    assert_eq!(minutes(mapped.times[0]), "2026-04-03 00:00");
    assert!(notes.contains("day first"), "{notes}");
    room.put("a.csv", rows(["13/04/2026", "04/13/2026", "01/02/2026"]));
    let (mapped, notes) = open(&SourceOptions::default());
    assert_eq!((mapped.times.iter().flatten().count(), mapped.unread.times), (2, 1));
    assert!(notes.contains("some month first"), "{notes}");
    assert_eq!(mapped.scale.map(|scale| scale.name()), Some("nps"));
}
