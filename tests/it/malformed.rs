//! Malformed input: every case ends with an error, rejects, or rows, never with a panic or an endless wait. The results are under snapshot.

use std::io::Write;
use std::path::Path;

use undertone::source::{self, SourceOptions};

use crate::support::Room;

const GOOD: &str = "id,comment\n1,The courier was rude and late again\n2,Everything was on time and well packed\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/presets")
            .join(name),
    )
    .expect("a fixture")
}

/// A fixture with bytes replaced at an offset, given as a share of its length.
fn damaged(name: &str, share: f64, bytes: &[u8]) -> Vec<u8> {
    let mut all = fixture(name);
    let at = (all.len() as f64 * share) as usize;
    let end = (at + bytes.len()).min(all.len());
    all[at..end].copy_from_slice(&bytes[..end - at]);
    all
}

fn cut(name: &str, share: f64) -> Vec<u8> {
    let all = fixture(name);
    all[..(all.len() as f64 * share) as usize].to_vec()
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let wide: String = (0..10_001).map(|n| format!("c{n},")).collect();
    let keys: String = (0..10_001).map(|n| format!("\"k{n}\":1,")).collect();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    vec![
        ("nothing.csv", vec![]),
        ("blank.csv", text("\n\n  \n")),
        ("mark_only.csv", text("\u{FEFF}")),
        ("one_byte.csv", text("x")),
        ("header_only.csv", text("id,comment")),
        ("delimiters_only.csv", text(",,,\n,,,\n")),
        ("quote_never_closes.csv", text("id,comment\n1,\"never closed and long\n2,fine words in here\n")),
        ("quote_in_header.csv", text("id,\"comment\n1,words go here\n")),
        ("too_many_fields.csv", text("id,comment\n1,a few words here,extra\n2,these are fine words\n")),
        ("too_few_fields.csv", text("id,comment\n1\n2,these are fine words\n")),
        ("nul_bytes.csv", text("id,comment\n1,a \0 in words here\n2,these are fine words\n")),
        ("latin_in_utf8.csv", [GOOD.as_bytes(), b"3,caf\xE9 was closed \xC3\xA9 \xC3\xA8\n4,\xD0\xB4\xD1\x83\xD0\xB6\xD0\xB5\n"].concat()),
        ("same_names.csv", text("comment,comment\nwords of a kind here,b\nother words are here,c\n")),
        ("empty_names.csv", text(",,comment\n1,2,some words go here\n3,4,other words go here\n")),
        ("ten_thousand_columns.csv", text(&format!("{wide}z\n"))),
        ("long_header.csv", format!("{},comment\n1,words are here now\n", "h".repeat(1 << 20)).into_bytes()),
        ("hostile_names.csv", text("=cmd|' /C calc'!A0,../../etc/passwd,\u{202E}comment\n1,2,some words go here\n")),
        ("title_above.csv", text("Report of May\nid,comment,stars\n1,words here,5\n2,b c d,5\n3,c d e,5\n4,d e f,5\n")),
        ("only_carriage_returns.csv", text("id,comment\r1,some words go here\r2,other words go here\r")),
        ("mixed_line_ends.csv", text("id,comment\r\n1,some words go here\n2,other words go here\r\n")),
        ("lone_surrogates_utf16.csv", [&[0xFF, 0xFE][..], &"id,comment\n1,words ".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), &[0x00, 0xD8, 0x0A, 0x00]].concat()),
        ("odd_utf16.csv", [&[0xFF, 0xFE][..], &"id,comment\n1,words go here\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), &[0x41]].concat()),
        ("utf32.csv", [&[0xFF, 0xFE, 0, 0][..], &b"i\0\0\0d\0\0\0"[..]].concat()),
        ("noise.csv", (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
        ("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("pdf.csv", b"%PDF-1.7\n%\xE2\xE3".to_vec()),
        ("html.csv", text("<!doctype html><title>Sign in</title>")),
        ("xml.csv", text("<?xml version=\"1.0\"?><a/>")),
        ("sqlite.csv", b"SQLite format 3\0\x10\0".to_vec()),
        ("elf.csv", b"\x7FELF\x02\x01\x01\0".to_vec()),
        ("old_or_locked_excel.xlsx", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0".to_vec()),
        ("figures.csv", text("id,amount\n1,20.50\n2,31.00\n")),
        ("two_texts.csv", text("a,b\nThe parcel came very late again,Nobody at the desk could help me\nVery friendly people at the shop,I waited for an hour on the phone\n")),
        ("not_json.jsonl", text("hello\nworld\n")),
        ("some_json.jsonl", text("{\"comment\":\"these are some words\"}\n{oops}\n[1]\nnull\n7\n\"x\"\n")),
        ("cut_object.jsonl", text("{\"comment\":\"these are some words\"}\n{\"comment\":\"cut")),
        ("deep.jsonl", text(&format!("{{\"comment\":\"these are some words\"}}\n{{\"comment\":{deep}}}\n"))),
        ("many_keys.jsonl", text(&format!("{{{keys}\"z\":1}}\n"))),
        ("wrong_types.jsonl", text("{\"comment\":\"these are some words\",\"n\":1}\n{\"comment\":5,\"n\":\"x\"}\n{\"comment\":{\"a\":1},\"n\":[1]}\n")),
        ("same_keys.jsonl", text("{\"comment\":\"these are some words\",\"comment\":\"those are the last ones\"}\n")),
        ("huge_numbers.jsonl", text("{\"comment\":\"these are some words\",\"n\":1e999}\n{\"comment\":\"these are other words\",\"n\":123456789012345678901234567890}\n")),
        ("surrogate.jsonl", text("{\"comment\":\"half \\ud83d only words\"}\n{\"comment\":\"these are some words\"}\n")),
        ("bad_utf8.jsonl", b"{\"comment\":\"caf\xC3\xA9 was fine\"}\n{\"comment\":\"caf\xE9\"}\n{\"comment\":\"\xD0\xB4\xD1\x83\xD0\xB6\"}\n".to_vec()),
        ("array_cut.json", text("[{\"comment\":\"these are some words\"},{\"comment\":\"cut")),
        ("array_not_closed.json", text("[{\"comment\":\"these are some words\"}")),
        ("array_and_more.json", text("[{\"comment\":\"these are some words\"}] x")),
        ("array_of_numbers.json", text("[1,2,3]")),
        ("empty_array.json", text("[]")),
        ("wrapper.json", text("{\"data\":[{\"comment\":\"these are some words\"}],\"page\":1}")),
        ("deep.json", text(&deep)),
        ("commas.json", text("[,,,]")),
        ("cut.csv.gz", { let all = gzip(GOOD.repeat(50).as_bytes()); all[..all.len() / 2].to_vec() }),
        ("wrong_checksum.csv.gz", { let mut all = gzip(GOOD.as_bytes()); let n = all.len(); all[n - 6] ^= 0xFF; all }),
        ("only_magic.csv.gz", b"\x1F\x8B\x08\0\0\0\0\0\0\x03".to_vec()),
        ("gzip_in_gzip.csv.gz", gzip(&gzip(GOOD.as_bytes()))),
        ("cut.csv.zst", { let all = zstd::encode_all(GOOD.repeat(50).as_bytes(), 3).expect("zstd"); all[..all.len() / 2].to_vec() }),
        ("only_magic.csv.zst", vec![0x28, 0xB5, 0x2F, 0xFD]),
        ("bomb_of_one_line.csv.gz", gzip(&[b"id,comment\n1,".to_vec(), vec![b'x'; 70 << 20]].concat())),
        ("bomb_of_rows.csv.gz", gzip(format!("id,comment\n1,some words go here\n{}", "\n".repeat(20 << 20)).as_bytes())),
        ("magic_only.parquet", b"PAR1".to_vec()),
        ("text.parquet", text(GOOD)),
        ("noise.parquet", [b"PAR1".to_vec(), vec![0x7F; 200], b"PAR1".to_vec()].concat()),
        ("long_footer.parquet", [b"PAR1".to_vec(), vec![0; 20], 0xFFFF_FFF0_u32.to_le_bytes().to_vec(), b"PAR1".to_vec()].concat()),
        ("cut.xlsx", cut("brand24.xlsx", 0.5)),
        ("cut_late.xlsx", cut("brand24.xlsx", 0.98)),
        ("no_directory.xlsx", b"PK\x03\x04\x14\0\0\0".to_vec()),
        ("damaged_part.xlsx", damaged("brand24.xlsx", 0.5, &[0x55; 40])),
        ("damaged_directory.xlsx", damaged("brand24.xlsx", 0.9, &[0xFF; 30])),
        ("text.xlsx", text(GOOD)),
        ("zip_of_text.zip", zip(&[("a.txt", b"words", false)])),
        ("no_sheets.xlsx", zip(&[("xl/workbook.xml", b"<workbook><sheets/></workbook>", false)])),
        ("sheet_is_missing.xlsx", zip(&[("xl/workbook.xml", b"<workbook><sheets><sheet name=\"a\" sheetId=\"1\"/></sheets></workbook>", false)])),
        ("encrypted_entry.xlsx", zip(&[("xl/workbook.xml", b"<workbook/>", true)])),
        ("no_rows.xlsx", sheet("<sheetData/>")),
        ("sheet_ends_early.xlsx", sheet("<sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>comment</t></is></c></row>")),
        ("wrong_xml.xlsx", sheet("<sheetData><row><c></row></c></sheetData>")),
        ("far_column.xlsx", sheet("<sheetData><row r=\"1\"><c r=\"XFD1\"><v>1</v></c><c r=\"ZZZZZZ1\"><v>1</v></c></row></sheetData>")),
        ("entities.xlsx", sheet("<sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>&lol;&#1;&amp;comment</t></is></c></row><row><c t=\"s\"><v>99</v></c></row></sheetData>")),
        ("billion_rows.xlsx", sheet("<sheetData><row r=\"1\"><c t=\"inlineStr\"><is><t>comment</t></is></c></row><row r=\"1000000000\"><c t=\"inlineStr\"><is><t>far down some words</t></is></c></row></sheetData>")),
        ("odd_values.xlsx", sheet("<sheetData><row><c t=\"inlineStr\"><is><t>comment</t></is></c><c t=\"inlineStr\"><is><t>n</t></is></c></row><row><c t=\"e\"><v>#REF!</v></c><c><v>NaN</v></c></row><row><c t=\"b\"><v>2</v></c><c><v>1e308</v></c></row></sheetData>")),
    ]
}

/// One entry of a ZIP archive, as its headers describe it.
struct Packed {
    name: String,
    stored: Vec<u8>,
    size: u64,
    checksum: u32,
    locked: bool,
    deflated: bool,
}

/// An uncompressed entry.
fn stored(name: &str, bytes: &[u8], locked: bool) -> Packed {
    let mut checksum = flate2::Crc::new();
    checksum.update(bytes);
    Packed {
        name: name.to_owned(),
        stored: bytes.to_vec(),
        size: bytes.len() as u64,
        checksum: checksum.sum(),
        locked,
        deflated: false,
    }
}

/// An entry of `head`, many times `again`, and `tail`, compressed as fast as one `again`: a flushed deflate block can be repeated.
fn bomb(name: &str, head: &str, again: &str, times: u64, tail: &str) -> Packed {
    let mut packed = Packed {
        deflated: true,
        ..stored(name, b"", false)
    };
    let mut checksum = flate2::Crc::new();
    let parts = [(head, 1), (again, times), (tail, 1)];
    for (n, (text, times)) in parts.into_iter().enumerate() {
        let mut own = flate2::Crc::new();
        own.update(text.as_bytes());
        let flush = if n == 2 {
            flate2::FlushCompress::Finish
        } else {
            flate2::FlushCompress::Full
        };
        let mut block = Vec::with_capacity(text.len() + 1000);
        let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
        deflate
            .compress_vec(text.as_bytes(), &mut block, flush)
            .expect("deflate");
        assert_eq!(deflate.total_in(), text.len() as u64);
        for _ in 0..times {
            checksum.combine(&own);
            packed.stored.extend(&block);
        }
        packed.size += text.len() as u64 * times;
    }
    packed.checksum = checksum.sum();
    packed
}

/// A ZIP archive of uncompressed entries.
fn zip(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
    archive(entries.iter().map(|(name, bytes, locked)| stored(name, bytes, *locked)))
}

fn archive(entries: impl IntoIterator<Item = Packed>) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for entry in entries {
        let start = out.len() as u32;
        let (size, extra) = match u32::try_from(entry.size) {
            Ok(size) => (size, Vec::new()),
            Err(_) => (u32::MAX, [&[1, 0, 8, 0], entry.size.to_le_bytes().as_slice()].concat()),
        };
        let mut fields = u16::from(entry.locked).to_le_bytes().to_vec();
        fields.extend(if entry.deflated { [8, 0] } else { [0, 0] });
        fields.extend([0; 4]);
        fields.extend(entry.checksum.to_le_bytes());
        fields.extend((entry.stored.len() as u32).to_le_bytes());
        fields.extend(size.to_le_bytes());
        fields.extend((entry.name.len() as u16).to_le_bytes());
        fields.extend((extra.len() as u16).to_le_bytes());
        let name = entry.name.as_bytes();
        out.extend([b"PK\x03\x04\x14\0".as_slice(), &fields, name, &extra, &entry.stored].concat());
        directory.extend(
            [
                b"PK\x01\x02\x14\0\x14\0".as_slice(),
                &fields,
                &[0; 10],
                &start.to_le_bytes(),
                name,
                &extra,
            ]
            .concat(),
        );
        count += 1;
    }
    let (start, length) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(
        [
            b"PK\x05\x06\0\0\0\0".as_slice(),
            &count.to_le_bytes(),
            &count.to_le_bytes(),
            &length.to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    out
}

/// Workbooks of a few megabytes at most that unpack to much more (ZIP bombs).
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let main = || {
        stored(
            "xl/workbook.xml",
            b"<workbook><sheets><sheet name=\"a\" sheetId=\"1\"/></sheets></workbook>",
            false,
        )
    };
    let sheet = |data: &str, times| {
        bomb(
            "xl/worksheets/sheet1.xml",
            "<worksheet><sheetData>",
            data,
            times,
            "</sheetData></worksheet>",
        )
    };
    let rows = "<row/>".repeat(1 << 17);
    let strings = |data: &str, times| bomb("xl/sharedStrings.xml", "<sst>", data, times, "</sst>");
    let letters = "x".repeat(1 << 20);
    let header = "<row><c t=\"inlineStr\"><is><t>comment</t></is></c></row>";
    let long_row = format!(
        "<row>{}</row>",
        format!("<c t=\"inlineStr\"><is><t>{letters}</t></is></c>").repeat(70)
    );
    let liar = Packed {
        size: 10_000,
        ..sheet(&rows, 4000)
    };
    vec![
        ("bomb_of_a_sheet.xlsx", archive([main(), sheet(&rows, 7000)])),
        ("bomb_that_lies.xlsx", archive([main(), liar])),
        ("bomb_of_blank_rows.xlsx", archive([main(), sheet(&rows, 200)])),
        (
            "bomb_of_one_row.xlsx",
            archive([main(), sheet(&format!("{header}{long_row}"), 1)]),
        ),
        (
            "bomb_of_one_cell.xlsx",
            archive([
                main(),
                bomb(
                    "xl/worksheets/sheet1.xml",
                    "<worksheet><sheetData><row><c><v>",
                    &letters,
                    300,
                    "</v></c></row></sheetData></worksheet>",
                ),
            ]),
        ),
        (
            "bomb_of_strings.xlsx",
            archive([
                main(),
                strings(&format!("<si><t>{letters}</t></si>"), 600),
                sheet("<row/>", 1),
            ]),
        ),
        (
            "bomb_of_empty_strings.xlsx",
            archive([main(), strings(&"<si/>".repeat(1 << 17), 140), sheet("<row/>", 1)]),
        ),
        (
            "bomb_of_one_string.xlsx",
            archive([
                main(),
                strings(&format!("<si><t>{}</t></si>", "words over ".repeat(10_000)), 1),
                sheet(
                    &format!("{header}<row>{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(500)),
                    3,
                ),
            ]),
        ),
        (
            "bomb_of_sheets.xlsx",
            archive([bomb(
                "xl/workbook.xml",
                "<workbook><sheets>",
                &"<sheet name=\"a\"/>".repeat(1 << 16),
                100,
                "</sheets></workbook>",
            )]),
        ),
        (
            "bomb_of_parts.xlsx",
            archive(
                (0..10_001)
                    .map(|n| stored(&format!("xl/{n}"), b"", false))
                    .chain([main()]),
            ),
        ),
    ]
}

/// A workbook of one sheet.
fn sheet(data: &str) -> Vec<u8> {
    zip(&[
        (
            "xl/workbook.xml",
            b"<workbook><sheets><sheet name=\"a\" sheetId=\"1\"/></sheets></workbook>",
            false,
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet>{data}</worksheet>").as_bytes(),
            false,
        ),
    ])
}

#[test]
fn every_malformed_input_has_an_answer() {
    let room = Room::new();
    let cases: Vec<_> = cases().into_iter().chain(bombs()).collect();
    assert!(cases.len() >= 70);
    assert!(cases.iter().all(|(_, bytes)| bytes.len() < 16 << 20));
    let mut answers = Vec::new();
    for (name, bytes) in cases {
        let path = room.put(name, bytes).to_string_lossy().into_owned();
        let read = || -> Result<String, undertone::Error> {
            let (mut rows, mut rejects) = (0, Vec::new());
            for batch in source::open(&[path.clone()], &SourceOptions::default())? {
                let batch = batch?;
                rows += batch.rows.len();
                rejects.extend(
                    batch
                        .rejects
                        .into_iter()
                        .map(|reject| format!("line {}: {}", reject.line, reject.reason)),
                );
            }
            Ok(format!("{rows} rows; {} rejects {rejects:?}", rejects.len()))
        };
        let answer = read().unwrap_or_else(|error| format!("error: {error}"));
        let folder = room.path("").to_string_lossy().into_owned();
        let answer = answer.replace(&folder, "");
        let short: String = answer.chars().take(260).collect();
        answers.push(format!("{name}: {short}"));
        std::fs::remove_file(room.path(name)).expect("a file");
    }
    insta::assert_snapshot!("malformed_inputs", answers.join("\n"));
}
