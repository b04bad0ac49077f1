//! Invariants of a run as property tests: all rows kept, columns identical, order kept, and the same bytes for any batch size and thread count.

use proptest::prelude::*;

use crate::support::{Room, texts};

/// A table with a header and string cells, some of them comments.
fn table() -> impl Strategy<Value = Vec<(String, String)>> {
    let odd = "\\PC{0,40}";
    let words = prop::sample::select(vec![
        "Дуже повільна доставка",
        "ótimo atendimento!",
        "nem működik az alkalmazás",
        "bardzo miła obsługa 😊",
        "It works.",
        "",
        "n/a",
        "<p>Alles&nbsp;gut</p>",
        "C'est nul, mais le prix est correct",
        "не плохо, но дорого",
    ]);
    let comment = prop_oneof![3 => words.prop_map(str::to_owned), 1 => odd.prop_map(|s: String| s)];
    prop::collection::vec(("[a-z0-9 ,;\"\n]{0,12}", comment), 1..12)
}

fn write(room: &Room, name: &str, rows: &[(String, String)]) {
    let mut writer = csv::Writer::from_path(room.path(name)).expect("a file");
    writer.write_record(["note", "comment"]).expect("a header");
    rows.iter()
        .for_each(|(note, comment)| writer.write_record([note, comment]).expect("a record"));
    writer.flush().expect("a flush");
}

fn bytes(room: &Room, options: &str) -> Vec<u8> {
    let ended = room.run(&format!("tag in.csv -o out.parquet --text comment --quiet {options}"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    std::fs::read(room.path("out.parquet")).expect("an output")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_columns_and_order_are_kept(rows in table()) {
        let room = Room::new();
        write(&room, "in.csv", &rows);
        bytes(&room, "");
        let out = room.table("out.parquet");
        prop_assert_eq!(out.height(), rows.len());
        let (notes, comments) = (texts(&out, "note"), texts(&out, "comment"));
        for (n, (note, comment)) in rows.iter().enumerate() {
            prop_assert_eq!(notes[n].as_deref().unwrap_or(""), note.as_str());
            prop_assert_eq!(comments[n].as_deref().unwrap_or(""), comment.as_str());
        }
        let numbers: Vec<_> = texts(&out, "ut_row").into_iter().flatten().collect();
        prop_assert_eq!(numbers, (0..rows.len()).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn batches_and_threads_change_no_byte(rows in table()) {
        let room = Room::new();
        write(&room, "in.csv", &rows);
        let wanted = bytes(&room, "");
        for options in ["--batch-rows 1", "--batch-rows 3 --threads 1", "--threads 3"] {
            prop_assert!(bytes(&room, options) == wanted, "{}", options);
        }
    }

    #[test]
    fn permuting_rows_permutes_the_answers(rows in table(), turn in 0usize..12) {
        let room = Room::new();
        write(&room, "in.csv", &rows);
        bytes(&room, "");
        let answer = |room: &Room| -> Vec<Vec<Option<String>>> {
            let out = room.table("out.parquet");
            let columns: Vec<_> = ["ut_language", "ut_sentiment", "ut_sentiment_score", "ut_status", "ut_reason"].map(|c| texts(&out, c)).into();
            (0..out.height()).map(|n| columns.iter().map(|c| c[n].clone()).collect()).collect()
        };
        let mut wanted = answer(&room);
        let mut turned = rows.clone();
        let by = turn % rows.len();
        wanted.rotate_left(by);
        turned.rotate_left(by);
        write(&room, "in.csv", &turned);
        bytes(&room, "");
        prop_assert_eq!(answer(&room), wanted);
    }
}
