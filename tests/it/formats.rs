//! Equal results for all formats: every input and output format gives the same comments the same labels.

use std::io::Write;

use crate::support::{Room, texts};

const ROWS: [(&str, &str); 5] = [
    ("a-1", "Доставка запізнилася на тиждень, ніхто не вибачився"),
    ("a-2", "Obsługa była przemiła, wszystko wyjaśnili!"),
    ("a-3", "Great coffee, awful queue"),
    ("a-4", "A számla \"dupla\" volt,\nhárom hete nem javítják"),
    ("a-5", "Atendimento excelente, recomendo muito"),
];

fn csv(delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(["ticket_id", "comment"]).expect("a record");
    ROWS.iter()
        .for_each(|(id, text)| writer.write_record([id, text]).expect("a record"));
    writer.into_inner().expect("bytes")
}

fn jsonl() -> Vec<u8> {
    ROWS.iter()
        .flat_map(|(id, text)| format!("{}\n", serde_json::json!({"ticket_id": id, "comment": text})).into_bytes())
        .collect()
}

fn verdicts(room: &Room, input: &str) -> Vec<(Option<String>, Option<String>)> {
    let ended = room.run(&format!("tag {input} -o out.parquet --quiet"));
    assert_eq!(ended.code, Some(0), "{input}: {}", ended.err);
    let table = room.table("out.parquet");
    let comments: Vec<_> = texts(&table, "comment").into_iter().flatten().collect();
    assert_eq!(comments, ROWS.map(|(_, text)| text), "{input}");
    texts(&table, "ut_id")
        .into_iter()
        .zip(texts(&table, "ut_sentiment_score"))
        .collect()
}

#[test]
fn every_input_format_gives_the_same_verdicts() {
    let room = Room::new();
    room.put("a.csv", csv(b','));
    let wanted = verdicts(&room, "a.csv");
    assert_eq!(wanted[0].0.as_deref(), Some("a-1"));

    room.put("b.csv", csv(b';'));
    room.put("c.tsv", csv(b'\t'));
    room.put("d.jsonl", jsonl());
    let array: Vec<serde_json::Value> = ROWS
        .iter()
        .map(|(id, text)| serde_json::json!({"ticket_id": id, "comment": text}))
        .collect();
    room.put("e.json", serde_json::to_vec_pretty(&array).expect("JSON"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&csv(b',')).expect("gzip");
    room.put("f.csv.gz", gzip.finish().expect("gzip"));
    room.put("g.jsonl.zst", zstd::encode_all(&jsonl()[..], 3).expect("zstd"));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(
            String::from_utf8(csv(b'\t'))
                .expect("text")
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    room.put("h.csv", utf16);
    std::fs::rename(room.path("out.parquet"), room.path("i.parquet")).expect("a file");
    let again = room.run("tag i.parquet -o j.parquet --text comment --id ticket_id --prefix again_ --quiet");
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(
        texts(&room.table("j.parquet"), "again_sentiment_score"),
        texts(&room.table("j.parquet"), "ut_sentiment_score")
    );

    for input in [
        "b.csv",
        "c.tsv",
        "d.jsonl",
        "e.json",
        "f.csv.gz",
        "g.jsonl.zst",
        "h.csv",
    ] {
        assert_eq!(verdicts(&room, input), wanted, "{input}");
    }
}

#[test]
fn standard_input_and_globs_are_read() {
    let room = Room::new();
    room.put("part-1.csv", csv(b','));
    room.put("part-2.csv", csv(b','));
    let ended = room.run("tag part-*.csv -o both.parquet --id ticket_id --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("both.parquet");
    assert_eq!(table.height(), 10);
    let sources: Vec<_> = texts(&table, "ut_source").into_iter().flatten().collect();
    assert!(
        sources[..5].iter().all(|s| s == "part-1.csv") && sources[5..].iter().all(|s| s == "part-2.csv"),
        "{sources:?}"
    );
    let copies: Vec<_> = texts(&table, "ut_duplicate_of").into_iter().skip(5).flatten().collect();
    assert_eq!(copies, ["a-1", "a-2", "a-3", "a-4", "a-5"]);

    let mut child = room
        .undertone()
        .args(["tag", "-", "-o", "piped.parquet", "--quiet"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("a start");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(&csv(b','))
        .expect("a write");
    assert!(child.wait().expect("an end").success());
    assert_eq!(room.table("piped.parquet").height(), 5);
}

#[test]
fn csv_and_json_lines_outputs_hold_the_same_rows() {
    let room = Room::new();
    room.put("a.csv", csv(b','));
    for output in ["out.csv", "out.jsonl"] {
        let ended = room.run(&format!("tag a.csv -o {output} --quiet"));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    let mut reader = csv::Reader::from_path(room.path("out.csv")).expect("CSV");
    let names = reader.headers().expect("a header").clone();
    let at = |name: &str| names.iter().position(|n| n == name).expect("a column");
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("records");
    let lines = std::fs::read_to_string(room.path("out.jsonl")).expect("JSON lines");
    let objects: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((records.len(), objects.len()), (5, 5));
    for ((record, object), (id, text)) in records.iter().zip(&objects).zip(ROWS) {
        assert_eq!((&record[at("ticket_id")], &record[at("comment")]), (id, text));
        assert_eq!(
            (object["ticket_id"].as_str(), object["comment"].as_str()),
            (Some(id), Some(text))
        );
        assert_eq!(object["ut_sentiment"].as_str(), Some(&record[at("ut_sentiment")]));
        let p: serde_json::Value = serde_json::from_str(&record[at("ut_sentiment_p")]).expect("nested JSON");
        assert_eq!(p, object["ut_sentiment_p"]);
        let sum: f64 = ["negative", "neutral", "positive", "mixed"]
            .iter()
            .map(|c| p[c].as_f64().expect("a probability"))
            .sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}
