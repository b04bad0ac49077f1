//! Messages for bad input: each is under snapshot, and nothing is left behind.

use std::io::Write;
use std::process::Command;

use crate::support::{Ended, Room, texts};

const GOOD: &str = "id,comment\n1,The courier was rude and the parcel arrived broken.\n2,Everything arrived on time and well packed.\n";

/// Expects the run to fail without output and leave the folder as it was; returns the message.
fn refused(room: &Room, arguments: &str) -> String {
    let before = room.files();
    let ended = room.run(arguments);
    assert_eq!(ended.code, Some(2), "{arguments}: {}{}", ended.out, ended.err);
    assert_eq!(room.files(), before, "{arguments} left something behind");
    ended.err
}

fn snapshot(name: &str, message: &str) {
    let told = message.replace(&format!("undertone{}", std::env::consts::EXE_SUFFIX), "undertone");
    insta::assert_snapshot!(name, told);
}

/// Expects the run to end with rejects; returns them as JSON, and how the run ended.
fn rejects(room: &Room, arguments: &str) -> (Vec<serde_json::Value>, Ended) {
    let ended = room.run(&format!("{arguments} -o out.parquet --quiet"));
    assert_eq!(ended.code, Some(1), "{arguments}: {}", ended.err);
    let lines = std::fs::read_to_string(room.path("out.parquet.rejects.jsonl")).expect("a rejects file");
    (
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect(),
        ended,
    )
}

#[test]
fn files_that_cannot_be_read() {
    let room = Room::new();
    std::fs::create_dir(room.path("folder")).expect("a folder");
    room.put("empty.csv", "");
    room.put("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00");
    room.put(
        "noise.csv",
        (0..4096u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect::<Vec<_>>(),
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(GOOD.repeat(200).as_bytes()).expect("gzip");
    let gzip = gzip.finish().expect("gzip");
    room.put("short.csv.gz", &gzip[..gzip.len() / 2]);
    room.put("good.csv", GOOD);
    assert_eq!(room.run("tag good.csv -o good.parquet --quiet").code, Some(0));
    let parquet = std::fs::read(room.path("good.parquet")).expect("a file");
    room.put("short.parquet", &parquet[..parquet.len() / 2]);
    for (name, input) in [
        ("missing_file", "nowhere.csv"),
        ("no_match", "exports/*.csv"),
        ("directory", "folder"),
        ("empty_file", "empty.csv"),
        ("picture", "picture.csv"),
        ("binary_junk", "noise.csv"),
        ("truncated_gzip", "short.csv.gz"),
        ("truncated_parquet", "short.parquet"),
    ] {
        snapshot(name, &refused(&room, &format!("tag {input} -o out.parquet --quiet")));
    }
}

#[test]
fn columns_that_cannot_be_settled() {
    let room = Room::new();
    room.put("good.csv", GOOD);
    room.put(
        "figures.csv",
        "id,amount,date\n1,20.50,2026-03-01\n2,31.00,2026-03-02\n",
    );
    room.put("two.csv", "a,b\nThe parcel came very late again,Nobody at the desk could help me\nVery friendly people at the shop,I waited for an hour on the phone\n");
    for (name, arguments) in [
        ("no_text_column", "figures.csv"),
        ("two_text_columns", "two.csv"),
        ("wrong_text", "good.csv --text coment"),
        ("wrong_id", "good.csv --text comment --id idd"),
        ("wrong_encoding", "good.csv --encoding klingon"),
        ("taken_column", "good.csv --prefix= --id id"),
    ] {
        snapshot(
            name,
            &refused(&room, &format!("tag {arguments} -o out.parquet --quiet")),
        );
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let room = Room::new();
    room.put("good.csv", GOOD);
    room.put("good.parquet", "");
    std::fs::create_dir(room.path("folder.parquet")).expect("a folder");
    for (name, arguments) in [
        ("missing_folder", "good.csv -o nowhere/out.parquet"),
        ("unknown_format", "good.csv -o out.xls"),
        ("output_is_folder", "good.csv -o folder.parquet"),
        ("output_is_input", "good.csv -o good.csv"),
        (
            "output_is_input_by_another_name",
            "good.csv -o ./folder.parquet/../good.csv",
        ),
    ] {
        snapshot(name, &refused(&room, &format!("tag {arguments} --quiet")));
    }
    assert_eq!(std::fs::read_to_string(room.path("good.csv")).expect("the input"), GOOD);
}

#[cfg(unix)]
#[test]
fn a_full_disk_and_a_read_only_folder_leave_nothing() {
    let room = Room::new();
    let rows: String = (0..400)
        .map(|n| format!("{n},Parcel {n} was late again and nobody helped me at all\n"))
        .collect();
    room.put("good.csv", format!("id,comment\n{rows}"));
    // A limit on file size simulates a full disk: writing fails in the middle in the same way.
    let program = assert_cmd::cargo::cargo_bin!("undertone").display().to_string();
    let script = format!("trap '' XFSZ; ulimit -f 4; exec '{program}' tag good.csv -o out.jsonl --themes off --quiet");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(room.path(""))
        .output()
        .expect("a shell");
    assert_eq!(output.status.code(), Some(2));
    snapshot("full_disk", &String::from_utf8_lossy(&output.stderr));
    assert_eq!(room.files(), ["good.csv"]);

    // /proc rejects new files even from the superuser.
    let ended = room.run("tag good.csv -o /proc/out.parquet --quiet");
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("cannot write /proc/out.parquet"), "{}", ended.err);
}

#[test]
fn rows_that_cannot_be_read_are_rejected_and_the_rest_is_tagged() {
    let room = Room::new();
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes.extend(b"3,too,many,fields\n4\n5,\xd0\x9d\xd0 half a letter\n6,a \x00 byte in between\n");
    bytes.extend("7,Чудова кава, але довга черга\n8,\"Дуже добре, дякую\"\n".as_bytes());
    room.put("odd.csv", bytes);
    let (rejects, _) = rejects(&room, "tag odd.csv --text comment");
    let told: Vec<String> = rejects
        .iter()
        .map(|r| serde_json::to_string(r).expect("JSON"))
        .collect();
    snapshot("rejected_rows", &told.join("\n"));
    let ids: Vec<_> = texts(&room.table("out.parquet"), "id").into_iter().flatten().collect();
    assert_eq!(ids.len() + rejects.len(), 8);
    assert!(
        ids.contains(&"1".to_owned()) && ids.contains(&"8".to_owned()),
        "{ids:?}"
    );
    let rows: Vec<_> = texts(&room.table("out.parquet"), "ut_row")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(rows[..2], ["0", "1"]);

    room.put("odd.jsonl", "{\"id\":1,\"comment\":\"Very slow delivery, never again\"}\nnot json\n[1,2]\n{\"id\":2,\"comment\":\"Great!\"}\n");
    let (rejects, _) = self::rejects(&room, "tag odd.jsonl --text comment");
    assert_eq!(rejects.len(), 2);
    assert_eq!(rejects[0]["line"], 2);
    // A clean run removes the rejects file of the last one.
    room.put("good.csv", GOOD);
    assert_eq!(room.run("tag good.csv -o out.parquet --quiet").code, Some(0));
    assert!(!room.path("out.parquet.rejects.jsonl").exists());
}

#[test]
fn a_header_without_rows_gives_an_empty_table() {
    let room = Room::new();
    room.put("header.csv", "id,comment\n");
    let ended = room.run("tag header.csv -o out.parquet --quiet --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("out.parquet");
    assert_eq!(table.height(), 0);
    assert!(table.column("ut_sentiment").is_ok());
}

#[test]
fn a_comment_of_ten_megabytes_is_read_to_its_end() {
    let room = Room::new();
    // Positive at the start, followed by ten megabytes of negative text: a result from the start alone would be positive.
    let blame = "The delivery was terrible. ";
    let comment = format!("Wonderful staff! {}", blame.repeat(400));
    let long = "x".repeat(10 << 20);
    room.put("long.csv", format!("id,comment\n1,\"{comment}\"\n2,\"{long}\"\n"));
    let ended = room.run("tag long.csv -o out.parquet --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("out.parquet");
    let score = table
        .column("ut_sentiment_score")
        .expect("scores")
        .get(0)
        .expect("a row");
    assert!(score.extract::<f32>().is_some_and(|score| score < -0.5), "{score}");
    assert_eq!(texts(&table, "comment")[1].as_ref().map(String::len), Some(10 << 20));
}
