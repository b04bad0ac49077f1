//! Exports for people: spreadsheets run nothing, characters and dates are right, and our own reader reads the files.

use polars::prelude::*;

use crate::support::{Room, texts};

fn tagged(room: &Room) {
    room.put(
        "a.csv",
        "id,=name,comment,created\n1,=1+1,\"Terrible service, they never answer! Дуже погано\",2026-03-01 12:33:44\n2,+48,Wonderful staff and very fast delivery,2026-03-02 08:00:00\n3,-5,\"=HYPERLINK(\"\"http://x.example\"\") awful awful service\",2026-03-03 08:00:00\n",
    );
    let ended = room.run("tag a.csv --text comment --id id -o a.parquet --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn csv_for_spreadsheets_is_safe() {
    let room = Room::new();
    tagged(&room);
    let ended =
        room.run("export a.parquet --to csv --columns id,=name,comment,ut_time,ut_sentiment_score -o out.csv --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let bytes = std::fs::read(room.path("out.csv")).expect("a file");
    assert!(bytes.starts_with(b"\xEF\xBB\xBF"));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let lines: Vec<&str> = text.trim_start_matches('\u{FEFF}').split("\r\n").collect();
    assert_eq!(lines[0], "id,'=name,comment,ut_time,ut_sentiment_score");
    assert!(
        lines[1].starts_with("1,'=1+1,\"Terrible service, they never answer! Дуже погано\",2026-03-01 12:33:44,-0."),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with("2,'+48,") || lines[2].starts_with("2,+48,"),
        "{}",
        lines[2]
    );
    assert!(lines[3].starts_with("3,-5,\"'=HYPERLINK("), "{}", lines[3]);
    let told: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(told["rows"], 3);
}

#[test]
fn a_workbook_is_read_back_with_text_and_dates() {
    let room = Room::new();
    tagged(&room);
    let ended = room.run("export a.parquet --to xlsx --flat -o out.xlsx --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let ended = room.run("tag out.xlsx --text comment --id id --prefix x_ -o b.parquet --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let (before, after) = (room.table("a.parquet"), room.table("b.parquet"));
    for name in ["=name", "comment", "ut_sentiment", "ut_status"] {
        let filled =
            |values: Vec<Option<String>>| values.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
        assert_eq!(filled(texts(&before, name)), filled(texts(&after, name)), "{name}");
    }
    // A workbook has no time zone.
    let times = |table: &DataFrame| -> Vec<Option<i64>> {
        let column = table.column("ut_time").expect("a column");
        let per_second = match column.dtype() {
            DataType::Datetime(TimeUnit::Milliseconds, None) => 1_000,
            DataType::Datetime(TimeUnit::Microseconds, Some(zone)) if zone.as_str() == "UTC" => 1_000_000,
            other => panic!("{other} is no time"),
        };
        let instants = column.to_physical_repr();
        let instants = instants.i64().expect("instants").iter();
        instants.map(|at| at.map(|at| at / per_second)).collect()
    };
    assert_eq!(times(&before), times(&after));
    assert_eq!(times(&before)[0], Some(1_772_368_424));
    assert!(after.column("ut_sentiment_p_negative").is_ok());
}

#[test]
fn profiles_write_what_tools_import() {
    let room = Room::new();
    tagged(&room);
    for (tool, header, negative) in [
        ("brand24", "ID,Sentiment,Tags", "-1"),
        ("sentione", "id,Sentiment,Tag", "negative"),
        ("meltwater", "URL,Sentiment,Tags", "Negative"),
    ] {
        let ended = room.run(&format!(
            "export a.parquet --to csv --profile {tool} --only negative -o {tool}.csv --quiet"
        ));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let text = std::fs::read_to_string(room.path(&format!("{tool}.csv"))).expect("a file");
        let mut lines = text.trim_start_matches('\u{FEFF}').lines();
        assert_eq!(lines.next(), Some(header));
        let first = lines.next().expect("a row");
        assert!(first.starts_with(&format!("1,{negative},")), "{first}");
    }
    for (arguments, want) in [
        (
            "export a.parquet --to csv --columns nope -o x.csv",
            "--columns: there is no column `nope`",
        ),
        (
            "export a.parquet --to csv --profile nope -o x.csv",
            "there is no profile `nope`",
        ),
        (
            "export a.csv --to csv --only negative -o x.csv",
            "there is no column `ut_sentiment`",
        ),
        ("export a.csv --to csv -o a.csv", "is also an input"),
    ] {
        let ended = room.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments}");
        assert!(ended.err.contains(want), "{}", ended.err);
    }
}

#[test]
fn a_text_longer_than_a_cell_is_cut_and_told_and_line_ends_stay() {
    let room = Room::new();
    let long = "ą\r\n".repeat(14_000);
    room.put(
        "a.csv",
        format!("id,comment\n1,\"{long}\"\n2,=1+1\n3,\"one\r\ntwo_x000D_\"\n"),
    );
    let ended = room.run("export a.csv --to xlsx -o out.xlsx --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((&told["rows"], &told["cut"]), (&3.into(), &1.into()));
    let ended = room.run("export out.xlsx --to jsonl -o back.jsonl --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let lines = std::fs::read_to_string(room.path("back.jsonl")).expect("lines");
    let comments: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|row| row["comment"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(comments[0], long[..long.char_indices().nth(32_767).expect("long").0]);
    assert_eq!(comments[1..], ["=1+1", "one\r\ntwo_x000D_"]);
}
