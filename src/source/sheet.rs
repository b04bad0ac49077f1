//! Streaming reader of a sheet's XML: rows that are not blank, one at a time, with typed cells at their columns. Dates are numbers with a date style
//! (ECMA-376, 18.17.4.1); a formula has its cached value. A truncated sheet is an error; a row that is too long has no cells.

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};

use super::archive::Part;
use super::input::{Counter, Input};
use super::workbook::{self, Strings, Style, Workbook, Xml};
use super::{MAX_RECORD, moment};
use crate::error::Result;

/// Maximum number of columns of a sheet (ECMA-376: up to XFD).
const MOST_COLUMNS: usize = 16_384;
/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// Value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    Boolean(bool),
    /// Milliseconds since 1970 in the author's local time.
    Moment(i64),
}

impl Cell {
    /// The cell as text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Moment(at) => {
                let moment = chrono::DateTime::from_timestamp_millis(*at).unwrap_or_default();
                let midnight = at.rem_euclid(DAY as i64) == 0;
                moment
                    .format(if midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" })
                    .to_string()
            }
        }
    }

    /// Whether it is blank.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A row that is not blank.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    /// Its number in the sheet, from 1.
    pub(super) number: u64,
    /// Its cells with their columns, from 0, ascending.
    pub(super) cells: Vec<(usize, Cell)>,
    /// Total length of its texts in bytes.
    pub(super) bytes: usize,
}

impl Row {
    /// Whether it was too long to keep.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > MAX_RECORD
    }

    /// Texts from the first column to the last.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = vec![String::new(); self.cells.last().map_or(0, |(at, _)| at + 1)];
        self.cells.iter().for_each(|(at, cell)| texts[*at] = cell.text());
        texts
    }
}

/// The rows of one sheet, from its start.
pub(super) struct SheetRows {
    xml: Xml,
    strings: Arc<Strings>,
    book: Arc<Workbook>,
    buffer: Vec<u8>,
    row: u64,
    open: bool,
}

/// A cell being read.
#[derive(Default)]
struct Draft {
    column: usize,
    kind: String,
    style: usize,
    value: String,
    inside: bool,
    phonetic: bool,
}

impl SheetRows {
    pub(super) fn new(
        input: &Input,
        part: &Part,
        book: &Arc<Workbook>,
        strings: &Arc<Strings>,
        counter: &Counter,
    ) -> Result<Self> {
        Ok(Self {
            xml: workbook::xml(input, part, counter)?,
            strings: Arc::clone(strings),
            book: Arc::clone(book),
            buffer: Vec::new(),
            row: 0,
            open: false,
        })
    }

    /// The next row that is not blank, or none at the end of the sheet.
    pub(super) fn next(&mut self, input: &Input) -> Result<Option<Row>> {
        let mut row = Row::default();
        let mut draft = Draft::default();
        let mut column = 0;
        loop {
            let event = workbook::next(&mut self.xml, &mut self.buffer)
                .map_err(|source| workbook::unreadable(input, source))?;
            match event {
                Event::Eof if self.open => return Err(workbook::damaged(input, &"a sheet ends in its middle")),
                Event::Eof => return Ok(None),
                Event::Start(element) => match element.local_name().as_ref() {
                    "sheetData" => self.open = true,
                    "row" => {
                        let number = workbook::attribute(&element, "r").and_then(|n| n.parse().ok());
                        self.row = number.unwrap_or(self.row + 1);
                        row.number = self.row;
                        column = 0;
                    }
                    "c" => draft = Draft::new(&element, &mut column),
                    "rPh" => draft.phonetic = true,
                    "v" | "t" => draft.inside = !draft.phonetic,
                    _ => {}
                },
                Event::Empty(element) => match element.local_name().as_ref() {
                    "row" => {
                        let number = workbook::attribute(&element, "r").and_then(|n| n.parse().ok());
                        self.row = number.unwrap_or(self.row + 1);
                    }
                    "c" => drop(Draft::new(&element, &mut column)),
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "sheetData" => self.open = false,
                    "v" | "t" => draft.inside = false,
                    "rPh" => draft.phonetic = false,
                    "c" if !row.is_too_long() && draft.column < MOST_COLUMNS => {
                        let draft = std::mem::take(&mut draft);
                        let at = draft.column;
                        if let Some(cell) = draft.finish(&self.book, &self.strings) {
                            row.bytes += 16 + if let Cell::Text(text) = &cell { text.len() } else { 0 };
                            // If a cell occurs twice, the last one wins.
                            while row.cells.pop_if(|(other, _)| *other >= at).is_some() {}
                            row.cells.push((at, cell));
                        }
                        if row.is_too_long() {
                            row.cells.clear();
                        }
                    }
                    "row" if row.is_too_long() || row.cells.iter().any(|(_, cell)| !cell.is_blank()) => {
                        return Ok(Some(row));
                    }
                    "row" => row = Row::default(),
                    _ => {}
                },
                event if draft.inside => workbook::push_text(&event, &mut draft.value),
                _ => {}
            }
        }
    }
}

impl Draft {
    /// Starts a cell at the element's reference, or in the next column.
    fn new(element: &BytesStart<'_>, column: &mut usize) -> Self {
        let at = workbook::attribute(element, "r")
            .and_then(|reference| column_of(&reference))
            .unwrap_or(*column);
        *column = at + 1;
        Self {
            column: at,
            kind: workbook::attribute(element, "t").unwrap_or_default(),
            style: workbook::attribute(element, "s")
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            ..Self::default()
        }
    }

    /// Completes the cell; none if it holds no value.
    fn finish(self, book: &Workbook, strings: &Strings) -> Option<Cell> {
        let text = |text: &str| Some(Cell::Text(workbook::unescaped(text).into_owned()));
        let value = self.value.trim();
        match self.kind.as_str() {
            "s" => text(strings.get(value.parse().ok()?)?),
            "inlineStr" | "str" => text(&self.value),
            "b" => Some(Cell::Boolean(value == "1" || value == "true")),
            "d" => moment::read(value, &moment::Form::default())
                .map(Cell::Moment)
                .or_else(|| text(value)),
            "e" => text(value),
            _ if value.is_empty() => None,
            _ => match value.parse::<f64>().ok().filter(|number| number.is_finite()) {
                Some(number) => Some(styled(number, book.styles.get(self.style).copied(), book.from_1904)),
                None => text(value),
            },
        }
    }
}

/// `AB12` is column 27.
fn column_of(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.take(4).fold(0, |n, letter| {
        n * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    number.checked_sub(1).filter(|column| *column < MOST_COLUMNS)
}

/// A number, or the date or time of day that its style makes of it.
pub(super) fn styled(number: f64, style: Option<Style>, from_1904: bool) -> Cell {
    // Days up to the end of the year 9999.
    let is_moment = (0.0..2_958_466.0).contains(&number);
    match style {
        Some(Style::Date) if is_moment && number >= 1.0 => {
            // 1900 was no leap year, but day 60 is its 29 February.
            let days = match from_1904 {
                true => number - 24_107.0,
                false if number < 60.0 => number - 25_568.0,
                false => number - 25_569.0,
            };
            Cell::Moment((days * DAY / 1000.0).round() as i64 * 1000)
        }
        Some(Style::Date | Style::Time) if is_moment => {
            let seconds = (number * DAY / 1000.0).round() as u64;
            Cell::Text(format!(
                "{:02}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            ))
        }
        _ => Cell::Number(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_and_parts_of_days_are_times() {
        let date = |number, from_1904| styled(number, Some(Style::Date), from_1904).text();
        assert_eq!(date(45_352.0, false), "2024-03-01");
        assert_eq!(date(45_352.523_425_925_93, false), "2024-03-01 12:33:44");
        assert_eq!(date(43_890.0, true), "2024-03-01");
        assert_eq!(date(1.0, false), "1900-01-01");
        assert_eq!(date(0.5, false), "12:00:00");
        assert_eq!(styled(1.5, Some(Style::Time), false).text(), "36:00:00");
        assert_eq!(styled(45_352.0, Some(Style::Number), false), Cell::Number(45_352.0));
        assert_eq!(styled(-3.0, Some(Style::Date), false), Cell::Number(-3.0));
    }

    #[test]
    fn columns_are_counted_in_letters() {
        assert_eq!(
            ["A1", "Z9", "AA1", "XFD1"].map(column_of),
            [Some(0), Some(25), Some(26), Some(16_383)]
        );
        assert_eq!(["", "1", "XFE1", "ZZZZZ1"].map(column_of), [None; 4]);
    }
}
