//! Input formats: unchanged cells, traceable row numbers, rejects with line and reason.

use super::*;

#[test]
fn csv_cells_come_through_as_written() {
    let folder = Folder::new();
    let text =
        "\u{FEFF}id,comment,score\r\n1,\"Two\r\nlines, and a \"\"quote\"\"\",007\r\n\r\n2,,\r\n3, spaces stay ,1e5";
    let all = read(&[&folder.file("a.csv", text)]).unwrap();
    assert_eq!(all.names(), ["id", "comment", "score"]);
    assert_eq!(
        all.column("comment"),
        some(&["Two\r\nlines, and a \"quote\"", "", " spaces stay "])
    );
    assert_eq!(
        all.column("score"),
        some(&["007", "", "1e5"]),
        "numbers keep their writing"
    );
    assert_eq!((all.rows(), all.rejects()), (vec![0, 1, 2], vec![]));
    assert_eq!(all.texts()[1], Some(String::new()), "empty is not absent");
    assert!(
        all.source
            .schema()
            .iter_values()
            .all(|dtype| *dtype == DataType::String)
    );
}

#[test]
fn csv_rows_that_do_not_fit_are_rejected_with_their_place() {
    let folder = Folder::new();
    let bytes = b"id,comment,city\n1,\"so\nso\",Kyiv\n2,too few\n3,a,b,c\n4,caf\xE9,Lviv\n5,nul\0,Brno\n6,\"\xD1\x84\xD1\x84\",Bonn\n";
    let all = read_as(&[&folder.file("a.csv", bytes)], &with_text(&["comment"])).unwrap();
    assert_eq!(
        all.rejected(),
        [
            (4, 1, "expected 3 fields, found 2".to_owned()),
            (5, 2, "expected 3 fields, found 4".to_owned()),
            (6, 3, "not valid UTF-8".to_owned()),
            (7, 4, "a NUL byte inside the record".to_owned()),
        ]
    );
    assert_eq!(all.rejects()[2].raw, "4,caf\\xE9,Lviv");
    assert_eq!(
        (all.rows(), all.column("city")),
        (vec![0, 5], some(&["Kyiv", "Bonn"])),
        "row numbers count rejects"
    );
}

#[test]
fn a_character_torn_between_two_cells_is_not_valid() {
    let folder = Folder::new();
    let bytes = [b"a,b\nx\xD1,\x84y\n".as_slice(), "дуже,добре\n".as_bytes()].concat();
    let all = read_as(&[&folder.file("a.csv", bytes)], &with_text(&["a"])).unwrap();
    assert_eq!(all.rejected(), [(2, 0, "not valid UTF-8".to_owned())]);
}

#[test]
fn a_quote_that_never_closes_costs_its_own_line_only() {
    let folder = Folder::new();
    let reason = "a quote opens on this line and never closes; reading went on with the next line";
    let text = "id,comment\n1,\"fine\nhere\"\n2,\"broken\n3,good\n4,better\n";
    let all = read(&[&folder.file("a.csv", text)]).unwrap();
    assert_eq!(all.rejected(), [(4, 1, reason.to_owned())]);
    assert_eq!(all.rejects()[0].raw, "2,\"broken\n");
    assert_eq!((all.rows(), all.column("id")), (vec![0, 2, 3], some(&["1", "3", "4"])));
    // The open quote is in the second cell, three lines after the record began.
    let text = "a,b\n\"x\ny\nz\",\"broken\nm,n\np";
    let all = read_as(&[&folder.file("b.csv", text)], &with_text(&["a"])).unwrap();
    assert_eq!(all.rejected()[0].2, reason);
    assert_eq!(
        all.rejected()[1],
        (6, 2, "expected 2 fields, found 1".to_owned()),
        "lines are counted on"
    );
    assert_eq!(all.column("b"), some(&["n"]));
}

#[test]
fn a_record_without_end_is_rejected_and_memory_stays_bounded() {
    let folder = Folder::new();
    let mut text = b"id,comment\n1,fine\n2,".to_vec();
    text.resize(text.len() + super::super::MAX_RECORD + 500_000, b'x');
    let long = text.len() as u64;
    text.extend_from_slice(b"\n3,good\n4,\"open");
    text.resize(text.len() + super::super::MAX_RECORD + 500_000, b'y');
    text.extend_from_slice(b"\n5,best\n");
    let all = read_as(&[&folder.file("a.csv", text)], &with_text(&["comment"])).unwrap();
    assert_eq!(all.column("id"), some(&["1", "3", "5"]));
    let rejects = all.rejects();
    assert_eq!(rejects[0].reason.to_string(), "longer than 64 MiB");
    assert_eq!((rejects[0].line, rejects[0].bytes), (3, long - 18 + 1));
    assert_eq!((rejects[1].line, rejects[1].row), (5, 3));
    assert!(
        rejects
            .iter()
            .all(|reject| reject.raw.len() <= crate::source::SHOWN_BYTES)
    );
}

#[test]
fn a_ten_megabyte_comment_passes_in_every_format() {
    let folder = Folder::new();
    let long = "дуже довго ".repeat(500_000);
    let csv = folder.file("a.csv", format!("id,comment\n1,{long}\n2,short one here\n"));
    let jsonl = folder.file(
        "a.jsonl",
        format!("{{\"comment\":\"{long}\"}}\n{{\"comment\":\"short one here\"}}\n"),
    );
    let json = folder.file(
        "a.json",
        format!("[{{\"comment\":\"{long}\"}},{{\"comment\":\"short one here\"}}]"),
    );
    for path in [csv, jsonl, json] {
        let all = read(&[&path]).unwrap();
        assert_eq!(
            all.texts(),
            [Some(long.clone()), Some("short one here".to_owned())],
            "{path}"
        );
    }
}

#[test]
fn every_encoding_ends_as_the_same_text() {
    let folder = Folder::new();
    let polish = "id;komentarz\n1;Przesyłka przyszła późno, a kurier źle się odzywał\n2;Żenada, więcej tu nie kupię\n";
    let ukrainian = "id;відгук\n1;Дуже повільна доставка, їжа холодна\n2;Все сподобалось, але черга велика 😀\n";
    let little: Vec<u8> = ukrainian.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = ukrainian.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let plain = ukrainian.replace(" 😀", "");
    let cases = [
        (encoding_rs::WINDOWS_1250.encode(polish).0.into_owned(), polish),
        (encoding_rs::WINDOWS_1251.encode(&plain).0.into_owned(), &plain),
        ([b"\xFF\xFE".as_slice(), &little].concat(), ukrainian),
        ([b"\xFE\xFF".as_slice(), &big].concat(), ukrainian),
        (little, ukrainian),
        (big, ukrainian),
        (ukrainian.as_bytes().to_vec(), ukrainian),
    ];
    for (bytes, text) in cases {
        let all = read(&[&folder.file("a.csv", bytes)]).unwrap();
        let want: Vec<_> = text
            .lines()
            .skip(1)
            .map(|line| line.split_once(';').unwrap().1)
            .collect();
        assert_eq!(all.texts(), some(&want), "{}", all.notes());
        assert_eq!(all.ids(), ["1", "2"]);
    }
    let options = SourceOptions {
        encoding: Some("cp1251".to_owned()),
        ..SourceOptions::default()
    };
    let bytes = encoding_rs::WINDOWS_1251.encode("comment\nОк\n").0.into_owned();
    assert_eq!(
        read_as(&[&folder.file("a.csv", bytes)], &options).unwrap().texts(),
        some(&["Ок"])
    );
}

#[test]
fn json_lines_settle_columns_and_types_first() {
    let folder = Folder::new();
    let text = r#"{"id": 1, "text": "first words here", "stars": 5, "meta": {"b": 1, "a": [1, 2]}, "ok": true}

{"id": 2, "text": "second words here", "stars": 4.5, "meta": null}
{"id": 3, "text": null, "late": "x", "mixed": 1}
not json
[1]
{"id": 4, "text": "", "mixed": "1"}"#;
    let all = read(&[&folder.file("a.jsonl", text)]).unwrap();
    assert_eq!(all.names(), ["id", "text", "stars", "meta", "ok", "late", "mixed"]);
    let types: Vec<_> = all.source.schema().iter_values().cloned().collect();
    use DataType::{Boolean, Float64, Int64, String as Text};
    assert_eq!(types, [Int64, Text, Float64, Text, Boolean, Text, Text]);
    assert_eq!(
        all.column("meta")[0].as_deref(),
        Some(r#"{"b":1,"a":[1,2]}"#),
        "compact, keys in order"
    );
    assert_eq!(
        all.column("mixed"),
        [None, None, Some("1".to_owned()), Some("1".to_owned())]
    );
    assert_eq!(all.texts()[2..], [None, Some(String::new())]);
    assert_eq!(all.rows(), [0, 1, 2, 5]);
    let rejected = all.rejected();
    assert_eq!((rejected[0].0, rejected[0].1), (5, 3));
    assert!(
        rejected[0].2.starts_with("not JSON: expected ident"),
        "{}",
        rejected[0].2
    );
    assert_eq!(rejected[1], (6, 4, "expected a JSON object, found an array".to_owned()));
}

#[test]
fn json_arrays_are_read_element_by_element() {
    let folder = Folder::new();
    let text = "\u{FEFF} [\n  {\"text\": \"one, \\\"two\\\" ] three\", \"n\": [1, {\"x\": \"}\"}]},\n  {\"text\": oops},\n  7,\n\
                {\"text\": \"four five six\"}\n]\n";
    for name in ["a.json", "a.unknown"] {
        let all = read(&[&folder.file(name, text)]).unwrap();
        assert_eq!(all.texts(), some(&["one, \"two\" ] three", "four five six"]));
        assert_eq!(all.rows(), [0, 3]);
        let rejected = all.rejected();
        assert_eq!((rejected[0].0, rejected[0].1), (3, 1));
        assert_eq!(rejected[1], (4, 2, "expected a JSON object, found a number".to_owned()));
    }
    let nothing = read(&[&folder.file("b.json", "[]")]).unwrap();
    assert_eq!((nothing.batches.len(), nothing.names().len()), (0, 0));
    let lines = read(&[&folder.file(
        "c.json",
        "{\"text\": \"lines in a json file\"}\n{\"text\": \"are fine\"}\n",
    )])
    .unwrap();
    assert_eq!(lines.texts().len(), 2);
}

#[test]
fn parquet_keeps_types_and_is_cut_into_batches() {
    let folder = Folder::new();
    let comments: Vec<String> = (0..100).map(|n| format!("comment number {n} about the food")).collect();
    let mut frame = df!(
        "when" => (0..100).map(|n| n * 86_400_000_i64).collect::<Vec<_>>(),
        "stars" => (0..100).map(|n| (n % 7 != 0).then_some(n as i8)).collect::<Vec<_>>(),
        "comment" => &comments,
    )
    .unwrap();
    frame
        .try_apply("when", |s| s.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)))
        .unwrap();
    let path = folder.path("a.parquet");
    parquet(Path::new(&path), &mut frame, 30);
    let options = SourceOptions {
        batch_rows: 8,
        ..SourceOptions::default()
    };
    let all = read_as(&[&path], &options).unwrap();
    assert_eq!(all.source.schema(), frame.schema().as_ref());
    let mut back = all.batches[0].columns.clone();
    all.batches[1..]
        .iter()
        .for_each(|batch| back = back.vstack(&batch.columns).unwrap());
    assert!(back.equals_missing(&frame));
    assert_eq!((all.rows(), all.texts().len()), ((0..100).collect(), 100));
    assert!(all.batches.len() >= 100 / 8);
    // Compressed Parquet is unpacked first, whatever its name.
    let packed = folder.file("b.bin", gzip(&std::fs::read(&path).unwrap()));
    assert_eq!(read(&[&packed]).unwrap().texts(), all.texts());
}

#[test]
fn several_files_become_one_table() {
    let folder = Folder::new();
    let first = folder.file("1.csv", "id,comment\n1,\"good food, slow service\"\n");
    let second = folder.file(
        "2.jsonl.gz",
        gzip(b"{\"comment\":\"never again in my life\",\"id\":7,\"vip\":true}\n"),
    );
    let third = folder.path("3.parquet");
    parquet(
        Path::new(&third),
        &mut df!("id" => [8_i64], "vip" => [false]).unwrap(),
        10,
    );
    let all = read(&[&first, &second, &third]).unwrap();
    assert_eq!(all.names(), ["id", "comment", "vip"]);
    assert_eq!(
        all.column("id"),
        some(&["1", "7", "8"]),
        "types that differ become text"
    );
    assert_eq!(
        all.column("vip"),
        [None, Some("true".to_owned()), Some("false".to_owned())]
    );
    assert_eq!(all.texts()[2], None);
    assert_eq!(all.rows(), [0, 0, 0], "rows are counted per file");
    let sources: Vec<_> = all.batches.iter().map(|batch| batch.source.to_string()).collect();
    assert_eq!(sources, [first, second, third]);
}
