//! Tables as people export them: what stands above and below the rows, how fields are quoted, and what is told of it.

use super::*;
use crate::source::{HeaderRow, Separator};

/// Comments, row by row, and the notes, of a file with these bytes.
fn told(bytes: impl AsRef<[u8]>, options: &SourceOptions) -> (Vec<String>, String) {
    let folder = Folder::new();
    let path = folder.file("a.csv", bytes);
    let all = read_as(&[&path], options).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(all.rejected(), [], "{}", all.notes());
    let texts = all.texts().into_iter().map(Option::unwrap_or_default).collect();
    (texts, all.notes().replace(&path, "a.csv"))
}

fn comments(bytes: impl AsRef<[u8]>) -> Vec<String> {
    told(bytes, &SourceOptions::default()).0
}

const THREE: [&str; 3] = ["The driver was rude, and late", "Lovely people", "It broke \"again\""];

#[test]
fn lines_above_the_header_are_left_out() {
    let table = "Case,Day,Points,Remarks\n\
                 11,2026-01-03,4,\"Quick, thanks a lot\"\n\
                 12,2026-01-04,1,Nobody wrote back for a week\n\
                 13,2026-01-05,5,Lovely people at the desk\n";
    let want = [
        "Quick, thanks a lot",
        "Nobody wrote back for a week",
        "Lovely people at the desk",
    ];
    for above in [
        "Report of May\n",
        "Report of May\n\n",
        "Report of May,,,\n",
        "\"Voice of the customer\"\n\"Period:\",\"2026-01-01 to 2026-01-31\"\n\"By:\",\"us\"\n\n",
        "# exported 2026-02-01\n# filter: all\n",
        "Period;January\n",
    ] {
        let (texts, notes) = told(format!("{above}{table}"), &SourceOptions::default());
        assert_eq!(texts, want, "{above}");
        assert!(notes.contains("names the columns; "), "{notes}");
    }
    let (texts, notes) = told(format!("{table}Totals:,,3.3,\n"), &SourceOptions::default());
    assert_eq!(texts, want);
    assert!(
        notes.contains("a.csv: the last line is no row, and left out: `Totals:  3.3`"),
        "{notes}"
    );
    let (texts, notes) = told(
        format!("{table}\nAnswers in all: 3\nExported by the desk\n"),
        &SourceOptions::default(),
    );
    assert_eq!(texts, want);
    assert!(
        notes.contains("the last 2 lines are no rows, and left out: `Answers in all: 3`"),
        "{notes}"
    );
}

#[test]
fn a_second_row_of_labels_is_no_comment() {
    let folder = Folder::new();
    let path = folder.file(
        "a.csv",
        "StartDate,Key,Q1,Q2\n\
         Start of the interview,Number of the answer,How likely are you to return?,Why is that so?\n\
         2026-03-01 10:00,7,9,Friendly people and good tea\n\
         2026-03-02 11:00,8,2,Waited half an hour to pay\n",
    );
    let all = read(&[&path]).unwrap();
    assert_eq!(all.names(), ["StartDate", "Key", "Q1", "Q2"]);
    assert_eq!(
        all.texts(),
        some(&["Friendly people and good tea", "Waited half an hour to pay"])
    );
    assert!(
        all.notes()
            .contains("2 header rows, of which the first names the columns"),
        "{}",
        all.notes()
    );
}

#[test]
fn tables_without_names_lose_no_row() {
    let tweets = "\"0\",\"1467810369\",\"Mon Apr 06 22:19:45 PDT 2009\",\"ann\",\"the till is down again, and so am I\"\n\
                  \"4\",\"1467810672\",\"Mon Apr 06 22:19:49 PDT 2009\",\"bob\",\"lovely shop and lovely people\"\n";
    let (texts, notes) = told(tweets, &SourceOptions::default());
    assert_eq!(texts.len(), 2);
    assert!(
        notes.contains(
            "no line names the columns, they are called `column_1`, `column_2` and so on, and line 1 is a row"
        )
    );
    let prose =
        "The parcel never came and nobody picks up\nGreat people in the shop, thank you\nCrashes all the time\n";
    let (texts, notes) = told(prose, &SourceOptions::default());
    assert_eq!(texts.len(), 3);
    assert!(
        notes.contains("no line names the columns, it is called `column_1`"),
        "{notes}"
    );
    let (texts, _) = told(
        "What could we do better?\nMore staff at the till\nLower prices\n",
        &SourceOptions::default(),
    );
    assert_eq!(texts.len(), 2, "a question is a name");
}

#[test]
fn the_user_decides_where_the_names_are() {
    let options = |header| SourceOptions {
        header,
        ..SourceOptions::default()
    };
    let text = "\nof,the\nid,remark\n1,very slow to answer\n2,never again in my life\n";
    let (texts, _) = told(text, &options(HeaderRow::At(3)));
    assert_eq!(texts, ["very slow to answer", "never again in my life"]);
    let (texts, _) = told("good tea\nbad coffee\n", &options(HeaderRow::None));
    assert_eq!(texts, ["good tea", "bad coffee"]);
    let folder = Folder::new();
    let path = folder.file("a.csv", "id,remark\n1,very slow to answer\n");
    let all = read_as(&[&path], &options(HeaderRow::None)).unwrap();
    assert_eq!(
        (all.names(), all.rows().len()),
        (vec!["column_1".into(), "column_2".into()], 2)
    );
}

#[test]
fn every_way_to_quote_gives_the_same_comments() {
    for text in [
        "id,note\n1,\"The driver was rude, and late\"\n2,Lovely people\n3,\"It broke \"\"again\"\"\"\n",
        "id, note\n1, \"The driver was rude, and late\"\n2, \"Lovely people\"\n3, \"It broke \"\"again\"\"\"\n",
        "id,note\n1,\"The driver was rude, and late\"\n2,\"Lovely people\"\n3,\"It broke \\\"again\\\"\"\n",
        "id,note\n1,'The driver was rude, and late'\n2,'Lovely people'\n3,'It broke \"again\"'\n",
        "\"id,note\"\n\"1,\"\"The driver was rude, and late\"\"\"\n\"2,Lovely people\"\n\"3,\"\"It broke \"\"\"\"again\"\"\"\"\"\"\"\n",
        "id||note\n1||The driver was rude, and late\n2||Lovely people\n3||It broke \"again\"\n",
        "id::note\n1::The driver was rude, and late\n2::Lovely people\n3::It broke \"again\"\n",
        "id;note;\n1;The driver was rude, and late;\n2;Lovely people;\n3;\"It broke \"\"again\"\"\";\n",
        "id;note\n1;The driver was rude, and late;\n2;Lovely people;\n3;\"It broke \"\"again\"\"\";;\n",
        "sep=;\nid;note\n1;The driver was rude, and late\n2;Lovely people\n3;It broke \"again\"\n",
        "\u{FEFF}\"sep=|\"\r\nid|note\r\n1|The driver was rude, and late\r\n2|Lovely people\r\n3|It broke \"again\"\r\n",
        "\n\n id , note \n1,\"The driver was rude, and late\"\n2,Lovely people\n3,It broke \"again\"\n",
        "id,note,tag,who\n1,\"The driver was rude, and late\"\n2,Lovely people,x\n3,It broke \"again\",x,y\n",
        "id\tnote\r1\tThe driver was rude, and late\r2\tLovely people\r3\tIt broke \"again\"\r",
        "id,note\n1,\"The driver was rude, and late\"\n2,Lovely people\nid,note\n3,It broke \"again\"\n\u{1A}",
    ] {
        assert_eq!(comments(text), THREE, "{text}");
    }
    let wide = SourceOptions {
        delimiter: Separator::new("<>"),
        ..SourceOptions::default()
    };
    let text = "id<>note\n1<>The driver was rude, and late\n2<>\"Lovely people\"\n3<>It broke \"again\"\n";
    assert_eq!(told(text, &wide).0, THREE);
}

#[test]
fn an_escape_far_down_the_file_is_noticed() {
    let rows: String = (0..9_000)
        .map(|n| format!("{n},\"a plain remark of some words, number {n}\"\n"))
        .collect();
    let text = format!("id,note\n{rows}9000,\"they said \\\"no\\\", twice over\"\n");
    assert!(text.len() > 300_000, "beyond the head");
    let (texts, notes) = told(text, &SourceOptions::default());
    assert_eq!(texts[9_000], "they said \"no\", twice over");
    assert!(notes.contains("backslash before quotes"), "{notes}");
}

#[test]
fn marks_for_nothing_and_bytes_that_are_none() {
    let folder = Folder::new();
    let path = folder.file("a.tsv", "id\tnote\n1\tvery slow to answer\n2\t\\N\n3\tgood\0 tea\0\n");
    let all = read(&[&path]).unwrap();
    assert_eq!(
        all.texts(),
        [
            Some("very slow to answer".to_owned()),
            None,
            Some("good tea".to_owned())
        ]
    );
    let notes = all.notes();
    assert!(notes.contains("`\\N` is read as an absent value (1 cell)"), "{notes}");
    assert!(notes.contains("2 NUL bytes are left out"), "{notes}");
}

#[test]
fn encodings_may_change_from_line_to_line() {
    let bytes = [
        "id,note\n1,Дуже смачно, дякую\n"
            .replace("смачно, ", "смачно ")
            .into_bytes(),
        b"2,le caf\xE9 \xE9tait froid\n3,plain words here\n".to_vec(),
    ]
    .concat();
    let (texts, notes) = told(bytes, &SourceOptions::default());
    assert_eq!(texts, ["Дуже смачно дякую", "le café était froid", "plain words here"]);
    assert!(
        notes.contains("1 row of another encoding than the rest, read as windows-1252"),
        "{notes}"
    );
    let mut bytes = b"id,note\n".to_vec();
    for n in 0..9 {
        bytes.extend(format!("{n},").bytes());
        bytes.extend(
            encoding_rs::WINDOWS_1251
                .encode("Посылка пришла поздно и коробка порвана")
                .0
                .iter(),
        );
        bytes.push(b'\n');
    }
    bytes.extend("9,Обслуговування чудове\n".bytes());
    let (texts, notes) = told(bytes, &SourceOptions::default());
    assert_eq!(
        (texts[0].as_str(), texts[9].as_str()),
        ("Посылка пришла поздно и коробка порвана", "Обслуговування чудове")
    );
    assert!(
        notes.contains("1 row of another encoding than the rest, read as utf-8"),
        "{notes}"
    );
}

#[test]
fn a_comment_torn_over_two_lines_is_rejected_whole() {
    let folder = Folder::new();
    let text = "id,note,score\n1,fine words,5\n2,the driver was\nrude and late,1\n3,so so,3\n4,good tea\n5,bad tea,1\n6,tea,2\n";
    let all = read_as(&[&folder.file("a.csv", text)], &with_text(&["note"])).unwrap();
    let lines: Vec<u64> = all.rejected().iter().map(|reject| reject.0).collect();
    assert_eq!(lines, [3, 4], "both halves");
    assert_eq!(
        all.texts(),
        some(&["fine words", "so so", "good tea", "bad tea", "tea"])
    );
}

#[test]
fn names_that_differ_in_case_are_one_column() {
    let folder = Folder::new();
    let first = folder.file("1.csv", "id,Comment,Score\n1,very slow to answer,1\n");
    let second = folder.file("2.csv", "ID,comment,SCORE \n2,lovely people and good tea,5\n");
    let all = read(&[&first, &second]).unwrap();
    assert_eq!(all.names(), ["id", "Comment", "Score"]);
    assert_eq!(
        all.texts(),
        some(&["very slow to answer", "lovely people and good tea"])
    );
    assert_eq!(all.column("Score"), some(&["1", "5"]));
    assert!(
        all.notes().contains("column `comment` is `Comment` of the other files"),
        "{}",
        all.notes()
    );
    let both = folder.file("3.csv", "id,Comment,comment\n3,bad tea in the morning,\n");
    assert_eq!(
        read(&[&both]).unwrap().names(),
        ["id", "Comment", "comment"],
        "in one file they are two"
    );
}

#[test]
fn tables_of_r_name_all_columns_but_the_first() {
    let folder = Folder::new();
    let text = "\"note\" \"score\"\n".replace(' ', ",")
        + "\"1\",\"very slow to answer\",1\n\"2\",\"lovely people there\",5\n\"3\",\"good\",4\n";
    let all = read(&[&folder.file("a.csv", text)]).unwrap();
    assert_eq!(all.names(), ["column_1", "note", "score"]);
    assert_eq!(
        all.texts(),
        some(&["very slow to answer", "lovely people there", "good"])
    );
}

/// A ZIP archive of files that are not packed.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, text) in files {
        let mut checksum = flate2::Crc::new();
        checksum.update(text.as_bytes());
        let mut fields = [0; 8].to_vec();
        fields.extend(checksum.sum().to_le_bytes());
        fields.extend((text.len() as u32).to_le_bytes());
        fields.extend((text.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        directory.extend([b"PK\x01\x02\x14\0\x14\0".as_slice(), &fields, &[0; 10]].concat());
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.bytes());
        bytes.extend(
            [
                b"PK\x03\x04\x14\0".as_slice(),
                &fields,
                name.as_bytes(),
                text.as_bytes(),
            ]
            .concat(),
        );
    }
    let (start, length, count) = (bytes.len() as u32, directory.len() as u32, files.len() as u16);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

/// A workbook of sheets of text and numbers.
fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let cell = |cell: &&str| match cell.parse::<f64>() {
        _ if cell.is_empty() => "<c/>".to_owned(),
        Ok(_) => format!("<c><v>{cell}</v></c>"),
        Err(_) => format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
    };
    let row = |cells: &&[&str]| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    let numbered = || sheets.iter().zip(1..);
    let names: String = numbered()
        .map(|((name, _), at)| format!("<sheet name=\"{name}\" sheetId=\"{at}\"/>"))
        .collect();
    let parts: Vec<(String, String)> = numbered()
        .map(|((_, rows), at)| {
            let rows: String = rows.iter().map(row).collect();
            let text = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
            (format!("xl/worksheets/sheet{at}.xml"), text)
        })
        .collect();
    let main = format!("<workbook><sheets>{names}</sheets></workbook>");
    let mut files = vec![("xl/workbook.xml", main.as_str())];
    files.extend(parts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    zip(&files)
}

#[test]
fn sheets_have_titles_totals_and_covers_too() {
    let folder = Folder::new();
    let texts = |sheets: &[(&str, &[&[&str]])]| {
        let path = folder.file("a.xlsx", workbook(sheets));
        let all = read(&[&path]).unwrap();
        let texts: Vec<String> = all.texts().into_iter().map(Option::unwrap_or_default).collect();
        (all.names(), texts, all.notes().replace(&path, "a.xlsx"))
    };
    let names: &[&str] = &["id", "points", "note"];
    let rows: [&[&str]; 2] = [&["1", "5", "lovely people there"], &["2", "1", "very slow to answer"]];
    let want = ["lovely people there", "very slow to answer"]
        .map(String::from)
        .to_vec();
    let title: &[&str] = &["Report"];
    let groups: &[&str] = &["", "Score", ""];
    let total: &[&str] = &["Total", "6", ""];
    let (columns, found, notes) = texts(&[
        ("About", &[&["How to read this"], &["See the next sheet"]]),
        (
            "Data",
            &[title, groups, names, rows[0], names, rows[1], total, &["Made by us"]],
        ),
    ]);
    assert_eq!((columns.len(), &found), (3, &want), "{notes}");
    assert!(
        notes.contains("sheet `Data` of `About`, `Data`; another one with --sheet"),
        "{notes}"
    );
    assert!(notes.contains("the header is in row 3"), "{notes}");
    assert!(
        notes.contains("the header stands once more among the rows, and is left out"),
        "{notes}"
    );
    assert!(
        notes.contains("row 7 and below are no rows of the table, and left out: `Total 6`"),
        "{notes}"
    );
    let (columns, found, notes) = texts(&[("Data", &rows)]);
    assert_eq!((columns.len(), found), (3, want));
    assert!(
        notes.contains("no row names the columns, they are called `column_1`"),
        "{notes}"
    );
    let told = SourceOptions {
        header: HeaderRow::At(2),
        ..SourceOptions::default()
    };
    let sheet: [&[&str]; 4] = [&["x", "y", "z"], &["k", "l", "m"], rows[0], rows[1]];
    let path = folder.file("b.xlsx", workbook(&[("Data", &sheet)]));
    assert_eq!(read_as(&[&path], &told).unwrap().names(), ["k", "l", "m"]);
}

#[test]
fn a_table_in_an_archive_is_read() {
    let folder = Folder::new();
    let table = (
        "in/reviews.csv",
        "id,note\n1,very slow to answer\n2,lovely people there\n",
    );
    let path = folder.file(
        "a.zip",
        zip(&[table, ("__MACOSX/in/._reviews.csv", "x"), ("licence.txt", "free")]),
    );
    let all = read(&[&path]).unwrap();
    assert_eq!(all.texts(), some(&["very slow to answer", "lovely people there"]));
    assert!(
        all.notes().contains("reads in/reviews.csv, the table in it"),
        "{}",
        all.notes()
    );
    assert_eq!(all.source.progress(), Some(1.0));
    let path = folder.file("b.zip", zip(&[table, ("more.csv", "id,note\n")]));
    let told = read(&[&path]).err().unwrap().to_string().replace(&path, "b.zip");
    assert_eq!(
        told,
        "b.zip is a ZIP archive of 2 files (`in/reviews.csv`, `more.csv`): unpack it and name the files to read"
    );
    let mut wrong = zip(&[table]);
    let at = wrong.iter().position(|b| *b == b'v').unwrap();
    wrong[at + 40] ^= 1;
    assert!(
        read(&[&folder.file("c.zip", wrong)]).is_err(),
        "the checksum is looked at"
    );
}
