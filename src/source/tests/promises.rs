//! Property tests of the readers: tables written by the csv crate are read back, no bytes cause a panic, batch sizes do not matter.

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngSeed;

use super::*;
use crate::source::{Format, HeaderRow, Separator};

fn cell() -> impl Strategy<Value = String> {
    // Any text without NUL, which is left out by design; often short, with all that CSV could trip over.
    prop_oneof!["[^\\x00]{0,12}", "[,;|\"\t\r\n a-zйї]{0,8}", Just(String::new())]
}

fn table() -> impl Strategy<Value = (Vec<Vec<String>>, u8)> {
    let delimiter = prop::sample::select(vec![b',', b';', b'\t', b'|', b'^']);
    (1_usize..5)
        .prop_flat_map(|columns| prop::collection::vec(prop::collection::vec(cell(), columns), 0..12))
        .prop_flat_map(move |rows| (Just(rows), delimiter.clone()))
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_the_csv_crate_writes_comes_back((rows, delimiter) in table(), batch_rows in 1_usize..6) {
        let folder = Folder::new();
        let columns = rows.first().map_or(2, Vec::len);
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        let header: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
        writer.write_record(&header).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let path = folder.file("a.csv", writer.into_inner().unwrap());
        // The encoding is given, because a few random characters may be detected as another one.
        let options = SourceOptions {
            delimiter: Separator::new(char::from(delimiter).encode_utf8(&mut [0; 4])),
            encoding: Some("utf-8".to_owned()),
            header: HeaderRow::At(1),
            batch_rows,
            ..with_text(&["c0"])
        };
        let all = read_as(&[&path], &options).unwrap();
        prop_assert_eq!(all.rejected(), vec![]);
        prop_assert_eq!(all.rows(), (0..rows.len() as u64).collect::<Vec<_>>());
        for (n, name) in header.iter().enumerate() {
            let want: Vec<_> = rows.iter().map(|row| Some(row[n].clone())).collect();
            prop_assert_eq!(all.column(name), want);
        }
    }

    #[test]
    fn any_json_values_come_back(
        values in prop::collection::vec((any::<Option<i64>>(), any::<bool>(), "\\PC{0,9}", any::<f64>()), 1..9),
        array: bool,
    ) {
        let folder = Folder::new();
        let objects: Vec<_> = values
            .iter()
            .map(|(i, b, s, f)| serde_json::json!({"i": i, "b": b, "s": s, "f": f}).to_string())
            .collect();
        let text = if array { format!("[{}]", objects.join(",")) } else { objects.join("\n") };
        let all = read_as(&[&folder.file("a.json", text)], &with_text(&["s"])).unwrap();
        prop_assert_eq!(all.rejected(), vec![]);
        prop_assert_eq!(all.column("s"), values.iter().map(|v| Some(v.2.clone())).collect::<Vec<_>>());
        let integers: Vec<_> = values.iter().map(|v| v.0.map(|i| i.to_string())).collect();
        prop_assert_eq!(all.column("i"), integers);
        let floats: Vec<_> = all.column("f").iter().flatten().map(|v| v.parse::<f64>().unwrap()).collect();
        prop_assert_eq!(floats, values.iter().map(|v| v.3).filter(|f| f.is_finite()).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_cause_a_panic(
        start in prop::sample::select(vec!["", "a,b\n", "[", "{\"a\":", "PAR1", "\u{FEFF}", "sep=;\n", "id\ttext\n"]),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(prop::sample::select(b"\"\\,;\t\n\r{}[]:a1 \0\xD1\x84\xFF".to_vec()), 0..300),
        ],
        format in prop::option::of(prop::sample::select(vec![
            Format::Csv, Format::Tsv, Format::Jsonl, Format::Json, Format::Parquet,
        ])),
        encoding in prop::option::of(prop::sample::select(vec!["utf-8", "utf-16le", "windows-1251", "shift_jis"])),
        batch_rows in 0_usize..5,
    ) {
        let folder = Folder::new();
        let path = folder.file("a", [start.as_bytes(), &bytes].concat());
        let options = SourceOptions {
            format,
            encoding: encoding.map(str::to_owned),
            batch_rows,
            ..SourceOptions::default()
        };
        if let Err(error) = read_as(&[&path], &options) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn records_and_rejects_add_up(lines in prop::collection::vec("[ab,\"\u{E9}]{1,6}", 1..20)) {
        // Whatever the quotes, every line is part of a row or of a reject.
        let folder = Folder::new();
        let path = folder.file("a.csv", format!("x,y\n{}\n", lines.join("\n")));
        let options = SourceOptions {
            delimiter: Separator::new(","),
            header: HeaderRow::At(1),
            ..with_text(&["x"])
        };
        let all = read_as(&[&path], &options).unwrap();
        let mut numbers = all.rows();
        numbers.extend(all.rejects().iter().map(|reject| reject.row));
        numbers.sort_unstable();
        prop_assert_eq!(&numbers, &(0..numbers.len() as u64).collect::<Vec<_>>(), "no number is missing or double");
        let cells: usize = ["x", "y"].iter().flat_map(|c| all.column(c)).flatten().map(|c| c.matches(['a', 'b']).count()).sum();
        let rejected: usize = all.rejects().iter().map(|reject| reject.raw.matches(['a', 'b']).count()).sum();
        prop_assert_eq!(cells + rejected, lines.iter().map(|line| line.matches(['a', 'b']).count()).sum::<usize>());
    }
}

proptest! {
    // A fixed seed: some damages make the decoder of polars request more memory than there is, which no caller can catch (docs/limits.md).
    #![proptest_config(Config { cases: 150, failure_persistence: None, rng_seed: RngSeed::Fixed(17), ..Config::default() })]

    #[test]
    fn damaged_parquet_is_an_error_or_still_a_table(at in 0.0..1.0, value: u8, cut in prop::option::of(0.0..1.0)) {
        let folder = Folder::new();
        let path = folder.path("a.parquet");
        let texts: Vec<_> = (0..40).map(|n| format!("comment {n} with words")).collect();
        parquet(Path::new(&path), &mut df!("n" => (0..40).collect::<Vec<i32>>(), "text" => texts).unwrap(), 16);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = (at * bytes.len() as f64) as usize;
        bytes[place] = value;
        bytes.truncate(cut.map_or(bytes.len(), |cut: f64| (cut * bytes.len() as f64) as usize));
        let path = folder.file("b.parquet", bytes);
        let _ = read_as(&[&path], &with_text(&["text"]));
    }
}
