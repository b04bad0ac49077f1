//! Messages for bad input, word for word: what happened, where, and what to do.

use std::io;

use super::*;
use crate::source::Format;
use crate::source::input::{Counter, inputs};

/// The message for these inputs, with the folder's name as `DIR`.
fn message(folder: &Folder, paths: &[&str], options: &SourceOptions) -> String {
    let paths: Vec<String> = paths.iter().map(|name| folder.path(name)).collect();
    let paths: Vec<&String> = paths.iter().collect();
    let error = read_as(&paths, options).err().expect("an error");
    error.to_string().replace(folder.0.path().to_str().unwrap(), "DIR")
}

fn of_file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    folder.file(name, bytes);
    message(&folder, &[name], &SourceOptions::default())
}

#[test]
fn paths_that_lead_nowhere() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("inbox")).unwrap();
    let say = |name: &str| message(&folder, &[name], &SourceOptions::default());
    assert_eq!(
        say("none.csv"),
        "there is no file DIR/none.csv: check the name and the folder"
    );
    assert_eq!(
        say("*.csv"),
        "no file matches DIR/*.csv: check the folder and the pattern"
    );
    assert_eq!(
        say("inbox"),
        "DIR/inbox is a directory: name its files, for example 'DIR/inbox/*.csv'"
    );
    assert_eq!(
        say("a***.csv"),
        "DIR/a***.csv is not a pattern: Pattern syntax error near position POS: wildcards are either regular `*` or \
         recursive `**`; write for example 'exports/*.csv'"
            .replace("POS", &(folder.path("a").len() + 2).to_string())
    );
    assert_eq!(
        read(&[]).err().unwrap().to_string(),
        "no input: give one or more files, or - for standard input"
    );
}

#[test]
fn a_file_that_may_not_be_read() {
    // The tests may run as a user who may read anything, so the system's error is simulated.
    let folder = Folder::new();
    let path = folder.file("a.csv", "text\nx\n");
    let input = inputs(&[path], &mut Vec::new()).unwrap().remove(0);
    let error = input.failed(io::Error::from_raw_os_error(13));
    assert_eq!(
        error.to_string().replace(folder.0.path().to_str().unwrap(), "DIR"),
        "may not read DIR/a.csv: permission denied; give yourself the right to read it, or run as a user who has it"
    );
    assert!(
        input
            .failed(io::Error::from_raw_os_error(5))
            .to_string()
            .starts_with("cannot read "),
        "other trouble"
    );
    assert!(input.reader(&Counter::default()).is_ok());
}

#[test]
fn files_without_anything_in_them() {
    let want =
        |name: &str| format!("DIR/{name} is empty: a table needs at least a header row; was the export finished?");
    assert_eq!(of_file("a.csv", ""), want("a.csv"));
    assert_eq!(of_file("a.csv", "\u{FEFF}\r\n \n"), want("a.csv"));
    assert_eq!(of_file("a.csv", b"\xFF\xFE\r\0\n\0"), want("a.csv"));
    assert_eq!(of_file("a.parquet", ""), want("a.parquet"));
    assert_eq!(of_file("a.json.gz", gzip(b"")), want("a.json.gz"));
}

#[test]
fn files_that_are_no_tables() {
    assert_eq!(
        of_file("a.csv", b"PK\x03\x04\x14\0\x08\x08\x08\0xl/workbook.xml"),
        "DIR/a.csv is not a table of comments: it looks like an Excel workbook (XLSX); save the sheet as CSV (UTF-8) and give that"
    );
    assert_eq!(
        of_file("a.csv", b"\x89PNG\r\n\x1A\n"),
        "DIR/a.csv is not a table of comments: it looks like a PNG image; give CSV, TSV, JSON lines, a JSON array, Parquet or XLSX"
    );
    let noise: Vec<u8> = (0..5000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    assert_eq!(
        of_file("noise", noise),
        "DIR/noise is not a table of comments: it looks like binary data; give CSV, TSV, JSON lines, a JSON array, Parquet or \
         XLSX (--encoding, if it is text after all)"
    );
}

#[test]
fn packed_files_that_are_cut_short() {
    let rows: String = (0..5000)
        .map(|n| format!("{n},some words about {}\n", n * 7919))
        .collect();
    let text = format!("id,text\n{rows}");
    let packed = gzip(text.as_bytes());
    let hint = "fetch it again, half a file is never tagged";
    let gz = of_file("a.csv.gz", &packed[..packed.len() - 20]);
    assert_eq!(
        gz,
        format!("DIR/a.csv.gz is damaged or cut short (gzip: incomplete deflate stream); {hint}")
    );
    let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
    let zst = of_file("a.csv.zst", &packed[..packed.len() - 20]);
    assert_eq!(
        zst,
        format!("DIR/a.csv.zst is damaged or cut short (zstd: incomplete frame); {hint}")
    );
    // Rows before the damage do not count: the iteration ends with the error.
    let rows: String = (0..60_000).map(|n| format!("{n},слова про {}\n", n * 7919)).collect();
    let packed = zstd::encode_all(format!("id,text\n{rows}").as_bytes(), 1).unwrap();
    let folder = Folder::new();
    let path = folder.file("a.csv.zst", &packed[..packed.len() - 20]);
    let options = SourceOptions {
        id: Some("id".into()),
        batch_rows: 10,
        ..with_text(&["text"])
    };
    assert!(
        open(&[path], &options).is_err(),
        "the file is read to its end before anything is tagged"
    );
}

#[test]
fn parquet_that_is_cut_short() {
    let folder = Folder::new();
    let path = folder.path("a.parquet");
    let texts: Vec<_> = (0..1000).map(|n| format!("comment {n}")).collect();
    parquet(Path::new(&path), &mut df!("text" => texts).unwrap(), 100);
    let whole = std::fs::read(&path).unwrap();
    let say = |bytes: &[u8]| {
        folder.file("a.parquet", bytes);
        message(&folder, &["a.parquet"], &SourceOptions::default())
    };
    let cut = say(&whole[..whole.len() / 2]);
    assert!(
        cut.starts_with("DIR/a.parquet is damaged or cut short (Parquet: "),
        "{cut}"
    );
    assert!(cut.ends_with("); fetch it again, half a file is never tagged"), "{cut}");
    assert!(
        say(b"id,text\n1,x\n").starts_with("DIR/a.parquet is damaged or cut short (Parquet: "),
        "CSV in disguise"
    );
}

#[test]
fn json_that_is_no_list_of_comments() {
    assert_eq!(
        of_file(
            "a.json",
            "{\"praise\":[{\"text\":\"it was all so nice\"}],\"blame\":[{\"text\":\"it was all so bad\"}]}"
        ),
        "DIR/a.json holds several lists that could be the comments, with so many elements: `praise` (1), `blame` (1); say which \
         with --records PATH"
    );
    assert_eq!(
        of_file("a.json", "{\"reviews\": [\n{\"text\":\"one\"},\n{\"text\":\"tw"),
        "DIR/a.json is damaged or cut short (JSON: EOF while parsing a string at line 3 column 11); fetch it again, half a file \
         is never tagged"
    );
    assert_eq!(
        of_file("a.jsonl", "\nhello\nworld\n"),
        "nothing in DIR/a.jsonl is a JSON object; line 2: not JSON: expected value at line 1 column 1; give an array of \
         objects or one object a line"
    );
    let cut = |detail: &str| {
        format!(
            "DIR/a.json is damaged or cut short (JSON array: {detail}); fetch it again, half a file is never tagged"
        )
    };
    assert_eq!(
        of_file("a.json", "[\n{\"text\":\"one\"},\n{\"text\":\"tw"),
        cut("line 3: the file ends inside the element that begins on line 3")
    );
    assert_eq!(
        of_file("a.json", "[{\"text\":\"one\"},\n"),
        cut("line 2: no ] at the end")
    );
    assert_eq!(
        of_file("a.json", "[{\"text\":\"one\"}]\n[{}]"),
        cut("line 2: text follows the array")
    );
}

#[test]
fn headers_that_most_records_do_not_fit() {
    assert_eq!(
        of_file(
            "a.csv",
            "id,comment,stars\n1,a,b,c,5\n2,b\n3,c,d,5\n4,d,e,f,g,5\n5,e,f,5\n"
        ),
        "line 1 of DIR/a.csv has 3 column names, but 4 of 5 records have another number of fields: name the line of the column \
         names with --header-row, or say --no-header; what stands between two fields can be said with --delimiter"
    );
    let broken = of_file("a.csv", "id,\"text\n1,fine\n2,better\n");
    assert!(
        broken.starts_with("DIR/a.csv is damaged or cut short (CSV: in the header: a quote opens"),
        "{broken}"
    );
}

#[test]
fn columns_that_cannot_be_chosen() {
    assert_eq!(
        of_file("a.csv", "id,stars\n1,5\n2,4\n"),
        "no column reads like comments; columns: `id`, `stars`; name the right one with --text COLUMN"
    );
    assert_eq!(
        of_file(
            "a.csv",
            "liked,disliked\nthe food was really good here,waiting for an hour was not\nall the friendly people at the desk,nothing at all to be honest\n"
        ),
        "two columns read like comments: `liked` (“all the friendly people at the desk”) and `disliked` (“waiting for an \
         hour was not”); choose with --text COLUMN, give --text twice to join them, or --answers to read each as a comment of its own"
    );
    let folder = Folder::new();
    folder.file("a.csv", "Ticket ID,Comment,Body\n1,x,y\n");
    let say = |options: &SourceOptions| message(&folder, &["a.csv"], options);
    assert_eq!(
        say(&with_text(&["comments"])),
        "--text: there is no column `comments`; did you mean `Comment`?"
    );
    assert_eq!(
        say(&with_text(&["verbatim"])),
        "--text: there is no column `verbatim`; columns: `Ticket ID`, `Comment`, `Body`"
    );
    let id = SourceOptions {
        id: Some("ticket_id".to_owned()),
        ..with_text(&["Body"])
    };
    assert_eq!(
        say(&id),
        "--id: there is no column `ticket_id`; did you mean `Ticket ID`?"
    );
}

#[test]
fn too_many_columns_and_unknown_encodings() {
    let header: Vec<String> = (0..10_001).map(|n| format!("c{n}")).collect();
    assert_eq!(
        of_file("a.csv", header.join(",")),
        "DIR/a.csv has more than 10000 columns: is the delimiter right (--delimiter), or are ids used as JSON keys?"
    );
    let keys: Vec<String> = (0..10_001).map(|n| format!("{{\"k{n}\":1}}")).collect();
    assert!(of_file("a.jsonl", keys.join("\n")).starts_with("DIR/a.jsonl has more than 10000 columns"));
    let folder = Folder::new();
    folder.file("a.csv", "text\nx\n");
    let options = SourceOptions {
        encoding: Some("klingon".to_owned()),
        ..SourceOptions::default()
    };
    assert_eq!(
        message(&folder, &["a.csv"], &options),
        "no encoding is called klingon: give a name such as utf-8, utf-16le, windows-1250, windows-1251 or windows-1252"
    );
}

#[test]
fn a_file_that_changes_between_two_readings() {
    let folder = Folder::new();
    let path = folder.file("a.jsonl", "{\"text\":\"some words\",\"n\":1}\n");
    let mut source = open(std::slice::from_ref(&path), &with_text(&["text"])).unwrap();
    folder.file("a.jsonl", "{\"text\":\"some words\",\"n\":\"one\"}\n");
    let error = source.next().unwrap().unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{path} changed while it was being read: wait until the export is finished, then run again")
    );
}

#[test]
fn columns_whose_types_no_text_can_hold() {
    let folder = Folder::new();
    let nested = Series::new("text".into(), [Series::new("".into(), ["a", "b"])]).into_column();
    parquet(
        Path::new(&folder.path("a.parquet")),
        &mut DataFrame::new(1, vec![nested]).unwrap(),
        10,
    );
    folder.file("b.csv", "text\nx\n");
    let said = message(&folder, &["a.parquet", "b.csv"], &with_text(&["text"]));
    assert!(said.starts_with("cannot use the columns of DIR/a.parquet: "), "{said}");
}

#[test]
fn the_output_must_not_be_an_input() {
    let folder = Folder::new();
    let path = folder.file("a.csv", "text\nsome words\n");
    let source = open(
        std::slice::from_ref(&path),
        &SourceOptions {
            format: Some(Format::Csv),
            ..with_text(&["text"])
        },
    )
    .unwrap();
    assert!(
        source
            .refuse_as_output(Path::new(&folder.path("./a.csv")))
            .unwrap_err()
            .to_string()
            .contains("also an input")
    );
    assert!(source.refuse_as_output(Path::new(&folder.path("b.csv"))).is_ok());
}
