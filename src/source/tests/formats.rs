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
    let bytes = b"id,comment,city\n1,\"so\nso\",Kyiv\n2,too few\n3,a,b,c\n4,caf\xE9,Lviv\n5,nul\0,Brno\n6,\"\xD1\x84\xD1\x84\",Bonn\n7,\xD1\x84\xE9,Rome\n";
    let path = folder.file("a.csv", bytes);
    let all = read_as(&[&path], &with_text(&["comment"])).unwrap();
    assert_eq!(
        all.rejected(),
        [
            (5, 2, "expected 3 fields, found 4".to_owned()),
            (9, 6, "not valid UTF-8".to_owned()),
        ]
    );
    assert_eq!(all.rejects()[1].raw, "7,\u{444}\\xE9,Rome");
    assert_eq!(all.rows(), [0, 1, 3, 4, 5], "row numbers count rejects");
    let kept = ["Kyiv", "", "Lviv", "Brno", "Bonn"].map(|city| (!city.is_empty()).then(|| city.to_owned()));
    assert_eq!(all.column("city"), kept, "a field that is not there is absent");
    assert_eq!(all.texts()[2..4], some(&["caf\u{E9}", "nul"]));
    assert_eq!(
        all.notes().replace(&path, "a.csv"),
        "a.csv: 1 row of another encoding than the rest, read as windows-1252\n\
         a.csv: 1 row with fewer fields than the header; the fields at the end are absent\n\
         a.csv: a NUL byte is left out\n\
         ids are in column `id`"
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

/// The comments of a JSON file, and what was told.
fn comments(text: &str, records: Option<&str>) -> (Vec<String>, All) {
    let folder = Folder::new();
    let options = SourceOptions {
        records: records.map(str::to_owned),
        ..with_text(&["comment"])
    };
    let all = read_as(&[&folder.file("a.json", text)], &options).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let texts = all.texts().into_iter().flatten().collect();
    (texts, all)
}

#[test]
fn records_are_found_wherever_they_are_in_json() {
    let (a, b) = (
        "{\"n\":1,\"comment\":\"The courier was rude\"}",
        "{\"n\":2,\"comment\":\"Great staff\"}",
    );
    for text in [
        format!("{{\"data\":[{a},{b}],\"meta\":{{\"next\":null}}}}"),
        format!("{{\n \"meta\": {{\"x\":[\"}}\"]}},\n \"reviews\": [\n  {a},\n  {b}\n ]\n}}\n"),
        format!("{{\"result\":{{\"status\":\"ok\",\"items\":[{a},{b}],\"n\":2}}}}"),
        format!("{{\"data\":[{a}],\"page\":0}}\n{{\"data\":[],\"page\":1}}\n{{\"data\":[{b}],\"page\":2}}\n"),
        format!("[{{\"data\":[{a}]}},{{\"data\":[{b}]}}]"),
        format!("{{\n \"data\": [{a}]\n}}\n{{\n \"data\": [{b}]\n}}\n"),
        "{\n \"n\": 1,\n \"comment\": \"The courier was rude\"\n}\n{\n \"n\": 2,\n \"comment\": \"Great staff\"\n}\n"
            .to_owned(),
        format!("{{\"x1\":{a},\"x2\":{b}}}"),
        "{\"n\":[1,2],\"comment\":[\"The courier was rude\",\"Great staff\"]}".to_owned(),
        "{\"n\":{\"0\":1,\"1\":2},\"comment\":{\"0\":\"The courier was rude\",\"1\":\"Great staff\"}}".to_owned(),
        "{\"columns\":[\"n\",\"comment\"],\"index\":[0,1],\"data\":[[1,\"The courier was rude\"],[2,\"Great staff\"]]}"
            .to_owned(),
        "[[\"n\",\"comment\"],[1,\"The courier was rude\"],[2,\"Great staff\"]]".to_owned(),
        format!("\u{FEFF}[{a},\n{b},\n]\n"),
    ] {
        let (texts, all) = comments(&text, None);
        assert_eq!(texts, ["The courier was rude", "Great staff"], "{text}");
        assert_eq!(all.column("n"), some(&["1", "2"]), "{text}");
        assert_eq!(all.rows(), [0, 1], "{text}");
        assert!(all.rejects().is_empty(), "{text}");
    }
}

#[test]
fn the_object_around_records_is_kept_beside_them() {
    let text = "[{\"hotel\":\"Blue\",\"reviews\":[{\"comment\":\"The room was small\"}]},\
                {\"hotel\":\"Red\",\"reviews\":[{\"comment\":\"Great staff here\"},{\"comment\":\"Never again\"}]}]";
    let (texts, all) = comments(text, None);
    assert_eq!(texts.len(), 3);
    assert_eq!(all.column("parent.hotel"), some(&["Blue", "Red", "Red"]));
    let (_, all) = comments(
        "{\"a7\":{\"comment\":\"Great staff\"},\"a9\":{\"comment\":\"Never again\"}}",
        None,
    );
    assert_eq!(all.column("id"), some(&["a7", "a9"]));
}

#[test]
fn the_user_names_the_list_of_records() {
    let text = "{\"praise\":[{\"comment\":\"it was all so nice\"}],\"blame\":[{\"comment\":\"it was all so bad\"}]}";
    assert_eq!(comments(text, Some("blame")).0, ["it was all so bad"]);
    let folder = Folder::new();
    let options = SourceOptions {
        records: Some("results".to_owned()),
        ..with_text(&["comment"])
    };
    let path = folder.file("a.json", text);
    assert_eq!(
        read_as(&[&path], &options).err().unwrap().to_string(),
        format!("--records: {path} has no such list of records; lists: `praise`, `blame`")
    );
}

#[test]
fn a_page_that_is_broken_costs_only_itself() {
    let text = "{\"data\":[{\"comment\":\"The courier was rude\"},7]}\n{\"error\":\"timeout\"}\nnot JSON\n{\"data\":[{\"comment\":\"Great staff\"}]}\n";
    let (texts, all) = comments(text, None);
    assert_eq!(texts, ["The courier was rude", "Great staff"]);
    let rejected = all.rejected();
    assert_eq!(rejected[0], (1, 1, "expected a JSON object, found a number".to_owned()));
    assert_eq!(rejected[1], (2, 2, "expected a list `data` in the object".to_owned()));
    assert!(rejected[2].2.starts_with("not JSON"), "{rejected:?}");
    assert_eq!((all.rows(), rejected.len()), (vec![0, 4], 3));
}

#[test]
fn comments_and_times_inside_nested_records_are_found() {
    let folder = Folder::new();
    let node = |n: usize, text: &str| {
        format!(
            "{{\"node\":{{\"id\":{n},\"text\":\"{text}\",\"rating\":{n},\"createdAt\":\"2026-03-0{n}T10:00:00Z\",\"reply\":{{\"text\":\"We thank you so much for the time that you took\"}}}}}}"
        )
    };
    let text = format!(
        "{{\"data\":{{\"reviews\":{{\"edges\":[{},{}]}}}}}}",
        node(1, "The courier was rude"),
        node(2, "Great staff")
    );
    let all = read(&[&folder.file("a.json", text)]).unwrap();
    assert_eq!(all.texts(), some(&["The courier was rude", "Great staff"]));
    assert_eq!(all.batches[0].mapped.ratings, [Some(1.0), Some(2.0)]);
    assert_eq!(all.batches[0].times(), [Some(1_772_359_200), Some(1_772_445_600)]);
}

#[test]
fn parquet_lists_of_strings_are_comments_and_typed_times_are_times() {
    let folder = Folder::new();
    let path = folder.path("a.parquet");
    let list = |texts: &[&str]| Series::new("".into(), texts);
    let comments = Series::new(
        "comments".into(),
        [list(&["good tea", "bad queue"]), list(&["never again"]), list(&[])],
    );
    let moments = Int64Chunked::new("moment".into(), [1_772_359_200_000_000_000, 0, 1]).into_series();
    let moments = moments.cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap();
    let mut frame = DataFrame::new(3, vec![comments.into_column(), moments.into_column()]).unwrap();
    parquet(Path::new(&path), &mut frame, 100);
    let all = read(&[&path]).unwrap();
    assert_eq!(all.texts(), some(&["good tea\n\nbad queue", "never again", ""]));
    assert_eq!(all.batches[0].times()[0], Some(1_772_359_200));
    assert!(
        all.batches[0].columns.equals_missing(&frame),
        "original columns are as they were"
    );
}
