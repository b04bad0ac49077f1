//! Which rows does an Excel workbook hold? Input: its first sheet that is not hidden, or the one that is named. Output: chunks of
//! typed columns. A first pass finds the header row (blank and title rows may stand above it, blank columns left of it), rows of totals below the table, and settles
//! types (boolean, integer, float, date and time, text; mixed columns become text); the second one reads. Memory holds a batch and
//! the strings that cells share. Refuses a sheet without any row; a row longer than any record is rejected.

use std::sync::Arc;

use polars::prelude::*;

use super::archive::Part;
use super::header::{self, Head};
use super::input::{Counter, Input};
use super::record::is_below;
use super::reject::{Reason, Reject};
use super::sheet::{Cell, Row, SheetRows};
use super::table::{Chunk, Quota, Rows};
use super::workbook::{self, Strings, Workbook};
use super::{MAX_COLUMNS, MAX_RECORD, SourceOptions, csv};
use crate::error::{Error, Result};

/// Rows that are longer end the head early.
const HEAD_BYTES: usize = 16 << 20;
/// Rows below the table that are no rows of it.
const FOOTER: usize = 10;

/// Where the rows of a sheet come from.
#[derive(Debug, Clone)]
struct Origin {
    part: Part,
    book: Arc<Workbook>,
    strings: Arc<Strings>,
}

impl Origin {
    fn rows(&self, input: &Input, counter: &Counter) -> Result<SheetRows> {
        SheetRows::new(input, &self.part, &self.book, &self.strings, counter)
    }

    /// The first rows.
    fn head(&self, input: &Input, most: usize) -> Result<Vec<Row>> {
        let mut rows = self.rows(input, &Counter::default())?;
        let mut head: Vec<Row> = Vec::new();
        while head.len() < most && head.iter().map(|row| row.bytes).sum::<usize>() < HEAD_BYTES {
            match rows.next(input)? {
                Some(row) => head.push(row),
                None => break,
            }
        }
        Ok(head)
    }
}

/// What was settled about a sheet by reading it once.
#[derive(Debug)]
pub(super) struct Layout {
    origin: Origin,
    columns: Vec<SheetColumn>,
    /// The row of names as it is written.
    header: Vec<String>,
    /// Rows that are not blank above the first row of values.
    before: usize,
    /// Rows up to what stands below the table.
    end: u64,
}

/// One column of a sheet.
#[derive(Debug, Clone, PartialEq)]
struct SheetColumn {
    at: usize,
    name: String,
    label: Option<String>,
    /// What the last header row says of it.
    mark: Option<String>,
    dtype: DataType,
}

/// Inspects the sheet in a first pass.
pub(super) fn look(input: &mut Input, options: &SourceOptions, notes: &mut Vec<String>) -> Result<Layout> {
    let book = Arc::new(workbook::open(input)?);
    let strings = Arc::new(book.strings(input)?);
    let origin = |part: Part| Origin {
        part,
        book: Arc::clone(&book),
        strings: Arc::clone(&strings),
    };
    let (name, part) = book.sheet(input, options.sheet.as_deref())?;
    let mut sheets = vec![(name.to_owned(), origin(part))];
    if options.sheet.is_none() {
        let others = book.visible().filter(|(other, _)| *other != name);
        sheets.extend(others.map(|(name, part)| (name.to_owned(), origin(part))));
    }
    settle(input, sheets, options, notes)
}

/// Settles a sheet: the first of those that may be read that holds a table.
fn settle(
    input: &Input,
    sheets: Vec<(String, Origin)>,
    options: &SourceOptions,
    notes: &mut Vec<String>,
) -> Result<Layout> {
    let mut note = |text: String| notes.push(format!("{}: {text}", input.name));
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let mut chosen = 0;
    for (at, (_, origin)) in sheets.iter().enumerate().filter(|_| sheets.len() > 1) {
        let wide = |row: &Row| row.cells.iter().filter(|(_, cell)| !cell.is_blank()).count() >= 2;
        if origin
            .head(input, header::LOOKED_AT)?
            .iter()
            .filter(|row| wide(row))
            .count()
            >= 2
        {
            chosen = at;
            break;
        }
    }
    if sheets.len() > 1 {
        note(format!(
            "sheet `{}` of {}; another one with --sheet",
            names[chosen],
            super::table::listed(names.iter().copied())
        ));
    }
    let Some((name, origin)) = sheets.into_iter().nth(chosen) else {
        return Err(workbook::damaged(input, &"it has no sheet"));
    };
    let head = origin.head(input, header::SAMPLED)?;
    let texts: Vec<Vec<String>> = head.iter().map(Row::texts).collect();
    let numbers: Vec<u64> = head.iter().map(|row| row.number).collect();
    if head.is_empty() {
        return Err(Error::Empty {
            file: format!("{} (sheet `{name}`)", input.name),
        });
    }
    let mut found = header::settle(&texts, &numbers, None, options);
    let preset_rows = match (found.names, found.preset) {
        (Some(at), Some(preset)) => preset.more_headers(&texts[at], &texts[at + 1..]),
        _ => 0,
    };
    found.first = found.first.max(found.names.map_or(0, |at| at + 1 + preset_rows));
    drop(head);
    tell_header(found, &numbers, &mut note);

    let header = found.names.map(|at| texts[at].clone()).unwrap_or_default();
    let (types, end) = types(input, &origin, found.first, &header, &mut note)?;
    if types.len().max(header.len()) > MAX_COLUMNS {
        return Err(Error::TooManyColumns {
            file: input.name.to_string(),
            limit: MAX_COLUMNS,
        });
    }
    let mut columns = columns(&header, types, found.names.is_some(), &mut note);
    let labels = found
        .names
        .filter(|at| found.first > at + 1)
        .and_then(|at| texts.get(at + 1));
    for column in columns.iter_mut() {
        column.label = labels.and_then(|row| row.get(column.at)).cloned();
        let marks = labels.and_then(|_| texts.get(found.first - 1));
        column.mark = marks.and_then(|row| row.get(column.at)).cloned();
    }
    Ok(Layout {
        origin,
        columns,
        header,
        before: found.first,
        end,
    })
}

/// Says where the names were found, if not at the top.
fn tell_header(found: Head, numbers: &[u64], note: &mut impl FnMut(String)) {
    let Some(at) = found.names else {
        let first = numbers.get(found.first).copied().unwrap_or(1);
        return note(format!(
            "no row names the columns, they are called `column_1`, `column_2` and so on, and row {first} is the first; if a row \
             does, say which with --header-row"
        ));
    };
    let below = found.first - at - 1;
    if at > 0 || below > 0 {
        let more = if below > 0 {
            ", with more header rows below it"
        } else {
            ""
        };
        note(format!("the header is in row {}{more}", numbers[at]));
    }
}

/// The types of the columns by all rows of a sheet, and how many rows the table has.
fn types(
    input: &Input,
    origin: &Origin,
    before: usize,
    header: &[String],
    note: &mut impl FnMut(String),
) -> Result<(Vec<DataType>, u64)> {
    let mut rows = origin.rows(input, &Counter::default())?;
    for _ in 0..before {
        rows.next(input)?;
    }
    let mut types: Vec<DataType> = vec![DataType::Null; header.len()];
    let (mut below, mut count, mut repeated, mut last) = (Vec::<Row>::new(), 0_u64, 0, None);
    while let Some(row) = rows.next(input)? {
        let apart = last.replace(row.number).is_some_and(|before| row.number > before + 1);
        if is_header(&row, header) {
            repeated += 1;
            continue;
        }
        count += 1;
        let texts = row.cells.iter().map(|(_, cell)| cell.text()).collect::<Vec<_>>();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let first = row.cells.first().map_or(0, |(at, _)| *at);
        let may_be = header.len() >= 2 && below.len() < FOOTER && header.get(first).is_some();
        if may_be && is_below(&texts, apart || !below.is_empty(), header.len() >= 3 && count > 1) {
            below.push(row);
            continue;
        }
        below.drain(..).for_each(|row| settle_types(&mut types, &row));
        settle_types(&mut types, &row);
    }
    match repeated {
        0 => {}
        1 => note("the header stands once more among the rows, and is left out".to_owned()),
        more => note(format!(
            "the header stands {more} more times among the rows, and is left out"
        )),
    }
    if let Some(row) = below.first() {
        let shown: String = row.texts().join(" ").trim().chars().take(60).collect();
        note(format!(
            "row {} and below are no rows of the table, and left out: `{shown}`",
            row.number
        ));
    }
    Ok((types, count - below.len() as u64))
}

/// Whether a row is the header once more.
fn is_header(row: &Row, header: &[String]) -> bool {
    let Some((at, first)) = row.cells.first() else {
        return false;
    };
    let filled = header.iter().filter(|name| !name.trim().is_empty()).count();
    filled >= 2
        && header
            .get(*at)
            .is_some_and(|name| matches!(first, Cell::Text(text) if text.trim() == name.trim()))
        && row.cells.len() >= filled
        && row
            .texts()
            .iter()
            .map(|cell| cell.trim())
            .eq(header.iter().map(|name| name.trim()))
}

/// Widens the types of the columns so that they hold the row's cells.
fn settle_types(types: &mut Vec<DataType>, row: &Row) {
    for (at, cell) in &row.cells {
        if *at >= types.len() {
            types.resize(at + 1, DataType::Null);
        }
        let own = match cell {
            Cell::Text(_) => DataType::String,
            Cell::Boolean(_) => DataType::Boolean,
            Cell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => DataType::Int64,
            Cell::Number(_) => DataType::Float64,
            Cell::Moment(_) => DataType::Datetime(TimeUnit::Milliseconds, None),
        };
        let known = &mut types[*at];
        *known = match (&*known, own) {
            (DataType::Null, own) => own,
            (known, own) if *known == own => own,
            (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
            _ => DataType::String,
        };
    }
}

/// The columns that have a name or a value.
fn columns(names: &[String], types: Vec<DataType>, named: bool, mut note: impl FnMut(String)) -> Vec<SheetColumn> {
    let name = |at: usize| names.get(at).map_or("", |name| name.trim());
    let kept: Vec<(usize, DataType)> = types
        .into_iter()
        .enumerate()
        .filter(|(at, dtype)| !name(*at).is_empty() || *dtype != DataType::Null)
        .collect();
    let given = kept.iter().map(|(at, _)| name(*at).to_owned()).collect();
    let unique = csv::unique(given, |text| {
        if named {
            note(text);
        }
    });
    kept.into_iter()
        .zip(unique)
        .map(|((at, dtype), name)| SheetColumn {
            at,
            name,
            label: None,
            mark: None,
            dtype,
        })
        .collect()
}

impl Layout {
    /// Name of a column in the header row below the first: a survey's question.
    pub(super) fn label(&self, column: &str) -> Option<&str> {
        self.columns.iter().find(|known| known.name == column)?.label.as_deref()
    }

    /// What the last header row says of a column.
    pub(super) fn mark(&self, column: &str) -> Option<&str> {
        self.columns.iter().find(|known| known.name == column)?.mark.as_deref()
    }

    /// Columns and types; a column without values has the type `Null`.
    pub(super) fn schema(&self) -> Schema {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_str().into(), column.dtype.clone()));
        fields.collect()
    }

    /// Iterates over the rows of the sheet, in the types settled for all files together.
    pub(super) fn rows(&self, input: &Input, counter: &Counter, settled: &Schema) -> Result<XlsxRows> {
        let mut rows = self.origin.rows(input, counter)?;
        for _ in 0..self.before {
            rows.next(input)?;
        }
        let settle = |column: &SheetColumn| SheetColumn {
            dtype: settled.get(&column.name).cloned().unwrap_or(DataType::String),
            ..column.clone()
        };
        Ok(XlsxRows {
            rows,
            columns: self.columns.iter().map(settle).collect(),
            header: self.header.clone(),
            row: 0,
            end: self.end,
        })
    }
}

/// Rows of one sheet, chunk by chunk.
pub(super) struct XlsxRows {
    rows: SheetRows,
    columns: Vec<SheetColumn>,
    header: Vec<String>,
    row: u64,
    end: u64,
}

impl Rows for XlsxRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let mut cells: Vec<Cells> = self.columns.iter().map(Cells::new).collect();
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        while !quota.is_full(&chunk, bytes) && self.row < self.end {
            let Some(row) = self.rows.next(input)? else { break };
            if is_header(&row, &self.header) {
                continue;
            }
            bytes += row.bytes;
            let number = self.row;
            self.row += 1;
            if row.is_too_long() {
                let reason = Reason::TooLong { limit: MAX_RECORD };
                let reject = Reject::new(&input.name, row.number, number, reason, b"");
                chunk.rejects.push(Reject {
                    bytes: row.bytes as u64,
                    ..reject
                });
                continue;
            }
            let mut given = row.cells.into_iter().peekable();
            for (column, cells) in self.columns.iter().zip(&mut cells) {
                while given.next_if(|(at, _)| *at < column.at).is_some() {}
                if !cells.push(given.next_if(|(at, _)| *at == column.at).map(|(_, cell)| cell)) {
                    return Err(Error::Changed {
                        file: input.name.to_string(),
                    });
                }
            }
            chunk.rows.push(number);
        }
        let columns: PolarsResult<Vec<Column>> = cells.into_iter().map(Cells::finish).collect();
        let columns = columns.map_err(|source| Error::Columns {
            file: input.name.to_string(),
            source,
        })?;
        chunk.into_some(columns, input)
    }
}

/// A column being built.
enum Cells {
    Boolean(BooleanChunkedBuilder),
    Integer(PrimitiveChunkedBuilder<Int64Type>, DataType),
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Text(StringChunkedBuilder),
}

impl Cells {
    fn new(column: &SheetColumn) -> Self {
        let name: PlSmallStr = column.name.as_str().into();
        match &column.dtype {
            DataType::Boolean => Self::Boolean(BooleanChunkedBuilder::new(name, 0)),
            dtype @ (DataType::Int64 | DataType::Datetime(..)) => {
                Self::Integer(PrimitiveChunkedBuilder::new(name, 0), dtype.clone())
            }
            DataType::Float64 => Self::Float(PrimitiveChunkedBuilder::new(name, 0)),
            _ => Self::Text(StringChunkedBuilder::new(name, 0)),
        }
    }

    /// Appends a cell; false if it does not fit the column.
    fn push(&mut self, cell: Option<Cell>) -> bool {
        match (self, cell) {
            (Self::Boolean(cells), None) => cells.append_null(),
            (Self::Integer(cells, _), None) => cells.append_null(),
            (Self::Float(cells), None) => cells.append_null(),
            (Self::Text(cells), None) => cells.append_null(),
            (Self::Text(cells), Some(cell)) => cells.append_value(cell.text()),
            (Self::Boolean(cells), Some(Cell::Boolean(value))) => cells.append_value(value),
            (Self::Integer(cells, DataType::Int64), Some(Cell::Number(number))) => cells.append_value(number as i64),
            (Self::Integer(cells, DataType::Datetime(..)), Some(Cell::Moment(at))) => cells.append_value(at),
            (Self::Float(cells), Some(Cell::Number(number))) => cells.append_value(number),
            _ => return false,
        }
        true
    }

    fn finish(self) -> PolarsResult<Column> {
        Ok(match self {
            Self::Boolean(cells) => cells.finish().into_column(),
            Self::Integer(cells, dtype) => cells.finish().into_column().cast(&dtype)?,
            Self::Float(cells) => cells.finish().into_column(),
            Self::Text(cells) => cells.finish().into_column(),
        })
    }
}
