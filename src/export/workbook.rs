//! How does a table become an Excel workbook? Input: rows of cells, one after another. Output: an XLSX file (ECMA-376, in a ZIP) that is
//! written as a stream: no row is kept. Text is inline and never a formula, times are dates of a date style, the header row stays in
//! view; after 1,048,576 rows a further sheet begins. Refuses sheets that pack to more than 4 GiB.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::Value;

use super::cells::Cell;
use crate::sink::Part;

/// Rows of a sheet, the header row among them.
const SHEET_ROWS: u64 = 1 << 20;
/// UTF-16 units that a cell holds.
const CELL_UNITS: usize = 32_767;
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// Styles 0 plain, 1 date and time, 2 header.
const STYLES: &str = "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/></numFmts>\
<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font><font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
<cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/></cellXfs>\
<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// A workbook being written.
pub(super) struct Workbook {
    zip: Zip,
    names: Vec<String>,
    sheets: u32,
    row: u64,
}

impl Workbook {
    /// Begins with a sheet that has these column names.
    pub(super) fn new<'a>(part: Part, names: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let mut book = Self {
            zip: Zip::new(part),
            names: names.map(str::to_owned).collect(),
            sheets: 0,
            row: 0,
        };
        book.begin_sheet()?;
        Ok(book)
    }

    /// Appends a row; answers how many of its texts had to be cut.
    pub(super) fn row<'a>(&mut self, cells: impl Iterator<Item = &'a Cell>) -> io::Result<u64> {
        if self.row == SHEET_ROWS {
            self.end_sheet()?;
            self.begin_sheet()?;
        }
        self.row += 1;
        let mut cut = 0;
        let mut xml = format!("<row r=\"{}\">", self.row);
        for (at, cell) in cells.enumerate() {
            let place = format!("{}{}", letters(at), self.row);
            match cell {
                Cell::Empty => {}
                // Days since 30 December 1899.
                Cell::Moment(moment) => {
                    let days = *moment as f64 / 86_400_000.0 + 25_569.0;
                    xml.push_str(&format!("<c r=\"{place}\" s=\"1\"><v>{days}</v></c>"));
                }
                Cell::Value(Value::Number(number)) if number.as_f64().is_some_and(|n| n.abs() < 1e15) => {
                    xml.push_str(&format!("<c r=\"{place}\"><v>{number}</v></c>"));
                }
                Cell::Value(Value::Bool(value)) => {
                    xml.push_str(&format!("<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(*value)));
                }
                other => {
                    let text = other.text();
                    let (text, was_cut) = fitted(&text);
                    cut += u64::from(was_cut);
                    inline(&mut xml, &place, text, "");
                }
            }
        }
        xml.push_str("</row>");
        self.zip.write_all(xml.as_bytes())?;
        Ok(cut)
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.sheets += 1;
        self.zip.begin(&format!("xl/worksheets/sheet{}.xml", self.sheets))?;
        let mut xml = format!(
            "{XML}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" \
             activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><sheetData><row r=\"1\">"
        );
        for (at, name) in self.names.iter().enumerate() {
            inline(&mut xml, &format!("{}1", letters(at)), fitted(name).0, " s=\"2\"");
        }
        xml.push_str("</row>");
        self.row = 1;
        self.zip.write_all(xml.as_bytes())
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        self.zip.write_all(b"</sheetData></worksheet>")?;
        self.zip.end()
    }

    /// Writes the parts that tell of all sheets; the bytes are complete, the name is still temporary.
    pub(super) fn finish(mut self) -> io::Result<Part> {
        self.end_sheet()?;
        let sheets = 1..=self.sheets;
        let each = |line: &dyn Fn(u32) -> String| sheets.clone().map(line).collect::<String>();
        let parts = [
            (
                "[Content_Types].xml",
                format!(
                    "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                     ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
                     ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPES}.sheet.main+xml\"/>\
                     <Override PartName=\"/xl/styles.xml\" ContentType=\"{TYPES}.styles+xml\"/>{}</Types>",
                    each(&|n| format!(
                        "<Override PartName=\"/xl/worksheets/sheet{n}.xml\" ContentType=\"{TYPES}.worksheet+xml\"/>"
                    ))
                ),
            ),
            (
                "_rels/.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" \
                     Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{}</sheets></workbook>",
                    each(&|n| {
                        let name = if n == 1 {
                            "Tagged".to_owned()
                        } else {
                            format!("Tagged {n}")
                        };
                        format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>")
                    })
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\">{}<Relationship Id=\"rIdStyles\" Type=\"{OFFICE}/styles\" \
                     Target=\"styles.xml\"/></Relationships>",
                    each(&|n| format!(
                        "<Relationship Id=\"rId{n}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
                    ))
                ),
            ),
            (
                "xl/styles.xml",
                format!("<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>"),
            ),
        ];
        for (name, xml) in parts {
            self.zip.begin(name)?;
            self.zip.write_all(XML.as_bytes())?;
            self.zip.write_all(xml.as_bytes())?;
            self.zip.end()?;
        }
        self.zip.finish()
    }
}

/// The letters of a column: 0 is A, 26 is AA.
fn letters(column: usize) -> String {
    let (mut rest, mut letters) = (column + 1, Vec::new());
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

/// As much of a text as a cell holds, and whether that is less than all.
fn fitted(text: &str) -> (&str, bool) {
    let mut units = 0;
    let too_far = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > CELL_UNITS
    });
    too_far.map_or((text, false), |(at, _)| (&text[..at], true))
}

fn inline(xml: &mut String, place: &str, text: &str, style: &str) {
    xml.push_str(&format!(
        "<c r=\"{place}\" t=\"inlineStr\"{style}><is><t xml:space=\"preserve\">"
    ));
    for (at, c) in text.char_indices() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' | '\n' => xml.push(c),
            // Characters that XML cannot hold, as Excel writes them.
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => xml.push_str(&format!("_x{:04X}_", u32::from(c))),
            '_' if is_escape(&text[at..]) => xml.push_str("_x005F_"),
            c => xml.push(c),
        }
    }
    xml.push_str("</t></is></c>");
}

/// Whether a text begins with what would be read as an escape.
fn is_escape(text: &str) -> bool {
    let code = text.strip_prefix("_x").and_then(|rest| rest.get(..5));
    code.and_then(|code| code.strip_suffix('_'))
        .is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A ZIP archive being written as a stream: sizes and checksums follow the data (APPNOTE.TXT 4.4.4, bit 3).
struct Zip {
    state: State,
    entries: Vec<Entry>,
    checksum: Crc,
}

enum State {
    Between(Counted),
    Packing(DeflateEncoder<Counted>),
    Broken,
}

struct Entry {
    name: String,
    start: u32,
    stored: u32,
    size: u32,
    checksum: u32,
}

struct Counted {
    part: Part,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.part.write(bytes)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.part.flush()
    }
}

fn narrow(bytes: u64) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::other("a workbook cannot be larger than 4 GiB; export CSV instead"))
}

/// Little-endian fields, each of its own width.
fn fields(shorts: &[u16], longs: &[u32]) -> Vec<u8> {
    let shorts = shorts.iter().flat_map(|n| n.to_le_bytes());
    shorts.chain(longs.iter().flat_map(|n| n.to_le_bytes())).collect()
}

/// 1 January 1980, the first day a ZIP knows: no clock goes into the file.
const DAY: u16 = 0x21;
/// Sizes follow the data; names are UTF-8.
const FLAGS: u16 = 0x0808;

impl Zip {
    fn new(part: Part) -> Self {
        Self {
            state: State::Between(Counted { part, bytes: 0 }),
            entries: Vec::new(),
            checksum: Crc::new(),
        }
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        let State::Between(mut out) = std::mem::replace(&mut self.state, State::Broken) else {
            return Err(out_of_turn());
        };
        let start = narrow(out.bytes)?;
        out.write_all(b"PK\x03\x04")?;
        out.write_all(&fields(&[20, FLAGS, 8, 0, DAY], &[0, 0, 0]))?;
        out.write_all(&fields(&[name.len() as u16, 0], &[]))?;
        out.write_all(name.as_bytes())?;
        self.entries.push(Entry {
            name: name.to_owned(),
            start,
            stored: narrow(out.bytes)?,
            size: 0,
            checksum: 0,
        });
        self.checksum = Crc::new();
        self.state = State::Packing(DeflateEncoder::new(out, Compression::fast()));
        Ok(())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (State::Packing(out), Some(entry)) = (&mut self.state, self.entries.last_mut()) else {
            return Err(out_of_turn());
        };
        self.checksum.update(bytes);
        entry.size = narrow(u64::from(entry.size) + bytes.len() as u64)?;
        out.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let State::Packing(out) = std::mem::replace(&mut self.state, State::Broken) else {
            return Err(out_of_turn());
        };
        let mut out = out.finish()?;
        let entry = self.entries.last_mut().ok_or_else(out_of_turn)?;
        entry.stored = narrow(out.bytes)? - entry.stored;
        entry.checksum = self.checksum.sum();
        out.write_all(b"PK\x07\x08")?;
        out.write_all(&fields(&[], &[entry.checksum, entry.stored, entry.size]))?;
        self.state = State::Between(out);
        Ok(())
    }

    fn finish(self) -> io::Result<Part> {
        let State::Between(mut out) = self.state else {
            return Err(out_of_turn());
        };
        let start = narrow(out.bytes)?;
        for entry in &self.entries {
            out.write_all(b"PK\x01\x02")?;
            out.write_all(&fields(
                &[20, 20, FLAGS, 8, 0, DAY],
                &[entry.checksum, entry.stored, entry.size],
            ))?;
            out.write_all(&fields(&[entry.name.len() as u16, 0, 0, 0, 0], &[0, entry.start]))?;
            out.write_all(entry.name.as_bytes())?;
        }
        let (length, count) = (narrow(out.bytes)? - start, self.entries.len() as u16);
        out.write_all(b"PK\x05\x06")?;
        out.write_all(&fields(&[0, 0, count, count], &[length, start]))?;
        out.write_all(&fields(&[0], &[]))?;
        Ok(out.part)
    }
}

fn out_of_turn() -> io::Error {
    io::Error::other("the archive failed before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters_and_long_texts_are_cut() {
        assert_eq!(
            [0, 25, 26, 701, 702, 16_383].map(letters),
            ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
        );
        assert_eq!(fitted("short"), ("short", false));
        let long = "😀".repeat(20_000);
        let (text, cut) = fitted(&long);
        assert!(cut && text.encode_utf16().count() == 32_766);
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        let mut xml = String::new();
        inline(&mut xml, "A1", "a<b>&\u{1}\r_x0041_", "");
        assert!(xml.contains("a&lt;b&gt;&amp;_x0001__x000D__x005F_x0041_"), "{xml}");
    }
}
