//! The parts of an Excel workbook (XLSX, a ZIP of XML parts) apart from its cells: sheets by name, shared strings, and which cell styles are dates.
//!
//! Parts are streams that are checked against their length and checksum; nothing is unpacked to disk. Memory is bounded by the shared strings (at most
//! [`MOST_STRINGS`] bytes). Damaged and encrypted files, and parts that unpack to more than the limit, are errors.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::MAX_RECORD;
use super::archive::{self, Entry, Part};
use super::input::{Counter, Input};
use super::table::listed;
use crate::error::{Error, Result};

/// Most bytes a part may unpack to: a sheet of a million rows of long comments.
pub(super) const MOST_UNPACKED: u64 = 4 << 30;
/// Most bytes a part that describes others may unpack to: what it names is kept in memory.
const MOST_DESCRIPTION: u64 = 64 << 20;
/// Maximum size of the shared strings in bytes; they are kept in memory.
const MOST_STRINGS: usize = 512 << 20;
/// Maximum number of shared strings.
const MOST_ENTRIES: usize = 16 << 20;
/// Most cell styles.
const MOST_STYLES: usize = 100_000;

/// The part that names all others.
pub(super) const MAIN: &str = "xl/workbook.xml";

/// A stream of one part's XML.
pub(super) type Xml = quick_xml::Reader<Metered>;

/// A sheet by the name people see.
#[derive(Debug, Clone)]
struct Sheet {
    name: String,
    hidden: bool,
    part: Part,
}

/// How a cell style interprets a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Number,
    /// A date, or a date and a time of day.
    Date,
    /// A time of day or a duration.
    Time,
}

/// A workbook whose parts are known.
#[derive(Debug)]
pub(super) struct Workbook {
    sheets: Vec<Sheet>,
    strings: Option<Part>,
    /// Interpretation of numbers by each cell style.
    pub(super) styles: Vec<Style>,
    /// Days are counted from 1904 (old Macs), not from 1900.
    pub(super) from_1904: bool,
}

/// The shared strings, concatenated.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// The string at an index, empty if there is none.
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// Looks a workbook's parts up.
pub(super) fn open(input: &mut Input) -> Result<Workbook> {
    let mut file = input.seekable()?;
    let entries = archive::entries(&mut file).map_err(|source| damaged(input, &source))?;
    if entries.len() > archive::MOST_FILES {
        return Err(too_large(input, format!("{} parts", entries.len())));
    }
    let parts: HashMap<String, Entry> = entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let part = |path: &str| {
        let read = |entry| archive::part(&mut input.stored()?, entry).map_err(|source| damaged(input, &source));
        parts.get(path).map(read).transpose()
    };
    let Some(main) = part(MAIN)? else {
        return Err(damaged(input, &format!("it has no {MAIN}")));
    };
    let mut book = Workbook {
        sheets: Vec::new(),
        strings: part("xl/sharedStrings.xml")?,
        styles: Vec::new(),
        from_1904: false,
    };
    let targets = targets(input, part("xl/_rels/workbook.xml.rels")?.as_ref())?;
    let mut number = 0;
    let mut sheets = Vec::new();
    elements(input, &main, |element| {
        match element.local_name().as_ref() {
            "workbookPr" => book.from_1904 = attribute(element, "date1904").is_some_and(|v| v == "1" || v == "true"),
            "sheet" => {
                number += 1;
                let target = attribute(element, "id").and_then(|id| targets.get(&id).cloned());
                let path = target.unwrap_or_else(|| format!("xl/worksheets/sheet{number}.xml"));
                let hidden = attribute(element, "state").is_some_and(|state| state != "visible");
                // Chart sheets have their part elsewhere.
                if let (Some(name), true) = (attribute(element, "name"), path.contains("worksheets")) {
                    sheets.push((name, hidden, path));
                }
            }
            _ => {}
        }
    })?;
    for (name, hidden, path) in sheets {
        if let Some(part) = part(&path)? {
            book.sheets.push(Sheet { name, hidden, part });
        }
    }
    if let Some(part) = part("xl/styles.xml")? {
        book.styles = styles(input, &part)?;
    }
    Ok(book)
}

impl Workbook {
    /// The sheet called `wanted`, or the first one that is not hidden; its name and its part.
    pub(super) fn sheet(&self, input: &Input, wanted: Option<&str>) -> Result<(&str, Part)> {
        let same =
            |sheet: &&Sheet| wanted.is_some_and(|name| sheet.name.trim().to_lowercase() == name.trim().to_lowercase());
        let found = match wanted {
            Some(_) => self.sheets.iter().find(same),
            None => self.sheets.iter().find(|sheet| !sheet.hidden).or(self.sheets.first()),
        };
        match (found, wanted) {
            (Some(sheet), _) => Ok((&sheet.name, sheet.part)),
            (None, Some(name)) => Err(Error::UnknownSheet {
                file: input.name.to_string(),
                name: name.to_owned(),
                sheets: listed(self.sheets.iter().map(|sheet| sheet.name.as_str())),
            }),
            (None, None) => Err(damaged(input, &"it has no sheet")),
        }
    }

    /// The sheets that are not hidden.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&str, Part)> {
        self.sheets
            .iter()
            .filter(|sheet| !sheet.hidden)
            .map(|sheet| (sheet.name.as_str(), sheet.part))
    }

    /// Reads the shared strings.
    pub(super) fn strings(&self, input: &Input) -> Result<Strings> {
        let mut strings = Strings::default();
        let Some(part) = &self.strings else { return Ok(strings) };
        let mut xml = xml(input, part, &Counter::default())?;
        let (mut inside, mut phonetic) = (false, false);
        let mut buffer = Vec::new();
        loop {
            match next(&mut xml, &mut buffer).map_err(|source| unreadable(input, source))? {
                Event::Eof => return Ok(strings),
                Event::Start(element) => match element.local_name().as_ref() {
                    "t" => inside = !phonetic,
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Event::Empty(element) if element.local_name().as_ref() == "si" => {
                    strings.ends.push(strings.text.len() as u32)
                }
                Event::End(element) => match element.local_name().as_ref() {
                    "t" => inside = false,
                    "rPh" => phonetic = false,
                    "si" => strings.ends.push(strings.text.len() as u32),
                    _ => {}
                },
                event if inside => push_text(&event, &mut strings.text),
                _ => {}
            }
            if strings.text.len() > MOST_STRINGS || strings.ends.len() > MOST_ENTRIES {
                return Err(too_large(
                    input,
                    format!(
                        "more than {} MiB or {MOST_ENTRIES} of strings that cells share",
                        MOST_STRINGS >> 20
                    ),
                ));
            }
        }
    }
}

/// Appends the text of an event inside a text element.
pub(super) fn push_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(&part.xml10_content()),
        Event::GeneralRef(entity) => {
            if let Ok(Some(c)) = entity.resolve_char_ref() {
                text.push(c);
            } else if let Some(known) = quick_xml::escape::resolve_predefined_entity(entity) {
                text.push_str(known);
            }
        }
        _ => {}
    }
}

/// Unescapes characters that XML cannot hold, which Excel writes as `_x000D_`.
pub(super) fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("_x") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 7).and_then(|code| code.strip_suffix('_'));
        let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        match code
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32)
        {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out.into()
}

/// Parts by the ids used in the workbook.
fn targets(input: &Input, part: Option<&Part>) -> Result<HashMap<String, String>> {
    let mut targets = HashMap::new();
    let Some(part) = part else { return Ok(targets) };
    elements(input, part, |element| {
        if let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target")) {
            let path = target
                .strip_prefix('/')
                .map_or_else(|| format!("xl/{target}"), str::to_owned);
            targets.insert(id, path);
        }
    })?;
    Ok(targets)
}

/// Interpretation of numbers by each cell style.
fn styles(input: &Input, part: &Part) -> Result<Vec<Style>> {
    let mut formats: HashMap<u32, Style> = HashMap::new();
    let (mut styles, mut cells) = (Vec::new(), false);
    let mut xml = description(input, part)?;
    let mut buffer = Vec::new();
    loop {
        match next(&mut xml, &mut buffer).map_err(|source| unreadable(input, source))? {
            Event::Eof => return Ok(styles),
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "cellXfs" => cells = true,
                "numFmt" => {
                    let id = attribute(&element, "numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, attribute(&element, "formatCode")) {
                        formats.insert(id, style(&code));
                    }
                }
                "xf" if cells && styles.len() < MOST_STYLES => {
                    let id = attribute(&element, "numFmtId")
                        .and_then(|id| id.parse().ok())
                        .unwrap_or(0);
                    styles.push(formats.get(&id).copied().unwrap_or_else(|| built_in(id)));
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "cellXfs" => cells = false,
            _ => {}
        }
    }
}

/// ECMA-376, 18.8.30: the built-in number formats, which have no code in the file.
const fn built_in(id: u32) -> Style {
    match id {
        14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58 => Style::Date,
        18..=21 | 32..=35 | 45..=47 | 55 | 56 => Style::Time,
        _ => Style::Number,
    }
}

/// Whether a format code is a date's: it has day or year outside of quotes, brackets and escapes.
fn style(code: &str) -> Style {
    let (mut date, mut clock) = (false, false);
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => drop(characters.by_ref().find(|c| *c == '"')),
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                clock |= !inside.is_empty() && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's' | 'H' | 'M' | 'S'));
            }
            '\\' | '_' | '*' => drop(characters.next()),
            'y' | 'Y' | 'd' | 'D' => date = true,
            'h' | 'H' | 's' | 'S' => clock = true,
            'm' | 'M' if !clock => date |= !code.contains(['h', 'H', 's', 'S']),
            // `General` and scientific notation.
            'G' | 'E' => return Style::Number,
            _ => {}
        }
    }
    match (date, clock) {
        (true, _) => Style::Date,
        (false, true) => Style::Time,
        _ => Style::Number,
    }
}

/// Calls a function for every start element of a part.
fn elements(input: &Input, part: &Part, mut tell: impl FnMut(&BytesStart<'_>)) -> Result<()> {
    let mut xml = description(input, part)?;
    let mut buffer = Vec::new();
    loop {
        match next(&mut xml, &mut buffer).map_err(|source| unreadable(input, source))? {
            Event::Eof => return Ok(()),
            Event::Start(element) | Event::Empty(element) => tell(&element),
            _ => {}
        }
    }
}

/// An attribute by its name without a prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element
        .attributes()
        .flatten()
        .find(|a| a.key.local_name().as_ref() == name)?;
    found
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The XML of a part that describes others.
fn description(input: &Input, part: &Part) -> Result<Xml> {
    if part.size > MOST_DESCRIPTION {
        return Err(too_large(input, format!("a description of {} MiB", part.size >> 20)));
    }
    xml(input, part, &Counter::default())
}

/// The XML of a part, from its start. Stored bytes are counted as they are read.
pub(super) fn xml(input: &Input, part: &Part, counter: &Counter) -> Result<Xml> {
    if part.size > MOST_UNPACKED {
        return Err(too_large(input, format!("a part of {} MiB", part.size >> 20)));
    }
    let checked = archive::unpacked(input.stored()?, part, counter).map_err(|source| input.failed(source))?;
    let mut reader = quick_xml::Reader::from_reader(Metered {
        inner: BufReader::with_capacity(1 << 16, checked),
        since: 0,
    });
    reader.config_mut().allow_dangling_amp = true;
    Ok(reader)
}

/// The next event; an event longer than the longest record is an error.
pub(super) fn next<'b>(xml: &mut Xml, buffer: &'b mut Vec<u8>) -> std::result::Result<Event<'b>, quick_xml::Error> {
    buffer.clear();
    xml.get_mut().since = 0;
    xml.read_event_into(buffer)
}

/// Refuses to feed one event with more than the longest record.
pub(super) struct Metered {
    inner: BufReader<Box<dyn Read + Send>>,
    since: usize,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl BufRead for Metered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > MAX_RECORD {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a text longer than any cell",
            ));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.since += n;
        self.inner.consume(n);
    }
}

/// Error for a damaged workbook.
pub(super) fn damaged(input: &Input, detail: &dyn std::fmt::Display) -> Error {
    Error::Damaged {
        file: input.name.to_string(),
        what: "XLSX",
        detail: detail.to_string(),
    }
}

/// Error for XML that cannot be read.
pub(super) fn unreadable(input: &Input, source: quick_xml::Error) -> Error {
    match source {
        quick_xml::Error::Io(source) if source.raw_os_error().is_some() => {
            input.failed(io::Error::other(source.to_string()))
        }
        other => damaged(input, &other),
    }
}

/// Error for a workbook that unpacks to too much.
pub(super) fn too_large(input: &Input, what: String) -> Error {
    Error::WorkbookTooLarge {
        file: input.name.to_string(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_codes_are_told_apart() {
        for (code, want) in [
            ("yyyy\\-mm\\-dd", Style::Date),
            ("d/m/yy h:mm", Style::Date),
            ("[$-409]mmm\\ yy", Style::Date),
            ("mmm", Style::Date),
            ("hh:mm:ss", Style::Time),
            ("[h]:mm", Style::Time),
            ("mm:ss.0", Style::Time),
            ("General", Style::Number),
            ("0.00E+00", Style::Number),
            ("#,##0 \"days\"", Style::Number),
            ("0.00\\d", Style::Number),
            ("[Red]0.0", Style::Number),
        ] {
            assert_eq!(style(code), want, "{code}");
        }
    }

    #[test]
    fn escapes_of_excel_are_undone() {
        assert_eq!(unescaped("a_x000D_b"), "a\rb");
        assert_eq!(unescaped("a_x005F_x000D_b"), "a_x000D_b");
        assert_eq!(unescaped("file_xy _x00G1_ _x"), "file_xy _x00G1_ _x");
    }
}
