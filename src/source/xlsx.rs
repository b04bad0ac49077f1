//! Which rows does an Excel workbook hold? Input: its first sheet that is not hidden, or the one that is named. Output: chunks of
//! typed columns. A first pass finds the header row (blank and title rows may stand above it, blank columns left of it) and settles
//! types (boolean, integer, float, date and time, text; mixed columns become text); the second one reads. Memory holds a batch and
//! the strings that cells share. Refuses a sheet without any row; a row longer than any record is rejected.

use std::sync::Arc;

use polars::prelude::*;

use super::input::{Counter, Input};
use super::preset::Preset;
use super::reject::{Reason, Reject};
use super::sheet::{Cell, Row, SheetRows};
use super::table::{Chunk, Quota, Rows};
use super::workbook::{self, Part, Strings, Workbook};
use super::{MAX_COLUMNS, MAX_RECORD, SourceOptions, csv};
use crate::error::{Error, Result};

/// The header row is among this many rows.
const HEAD: usize = 30;
/// Rows that are longer end the head early.
const HEAD_BYTES: usize = 16 << 20;

/// What was settled about a sheet by reading it once.
#[derive(Debug)]
pub(super) struct Layout {
    part: Part,
    book: Arc<Workbook>,
    strings: Arc<Strings>,
    columns: Vec<SheetColumn>,
    /// Rows that are not blank up to the last header row.
    before: usize,
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
    let (name, part) = book.sheet(input, options.sheet.as_deref())?;
    let name = name.to_owned();
    if book.names().len() > 1 {
        let names = book.names();
        notes.push(format!(
            "{}: sheet `{name}` of {}; another one with --sheet",
            input.name,
            super::table::listed(names.into_iter())
        ));
    }
    let strings = Arc::new(book.strings(input)?);
    let mut rows = SheetRows::new(input, &part, &book, &strings, &Counter::default())?;
    let mut head: Vec<Row> = Vec::new();
    while head.len() < HEAD && head.iter().map(|row| row.bytes).sum::<usize>() < HEAD_BYTES {
        match rows.next(input)? {
            Some(row) => head.push(row),
            None => break,
        }
    }
    let Some((at, preset)) = header_row(&head, options) else {
        return Err(Error::Empty {
            file: format!("{} (sheet `{name}`)", input.name),
        });
    };
    let names = head[at].texts();
    let texts: Vec<Vec<String>> = head[at + 1..].iter().take(4).map(Row::texts).collect();
    let below = preset.map_or(0, |preset| preset.more_headers(&names, &texts));
    if at > 0 || below > 0 {
        let (row, below) = (head[at].number, below);
        notes.push(format!(
            "{}: the header is in row {row}{}",
            input.name,
            if below > 0 {
                ", with more header rows below it"
            } else {
                ""
            }
        ));
    }

    let before = at + 1 + below;
    let mut types: Vec<DataType> = vec![DataType::Null; names.len()];
    for row in head.drain(..).skip(before) {
        settle_types(&mut types, &row);
    }
    while let Some(row) = rows.next(input)? {
        settle_types(&mut types, &row);
    }
    if types.len() > MAX_COLUMNS {
        return Err(Error::TooManyColumns {
            file: input.name.to_string(),
            limit: MAX_COLUMNS,
        });
    }
    let mut columns = columns(&names, types, |note| notes.push(format!("{}: {note}", input.name)));
    for column in columns.iter_mut().filter(|_| below > 0) {
        column.label = texts.first().and_then(|row| row.get(column.at)).cloned();
        column.mark = below
            .checked_sub(1)
            .and_then(|last| texts.get(last)?.get(column.at))
            .cloned();
    }
    Ok(Layout {
        part,
        book,
        strings,
        columns,
        before,
    })
}

/// The row that names the columns: the one a preset knows, else the first with two names in it, else the first.
fn header_row(head: &[Row], options: &SourceOptions) -> Option<(usize, Option<&'static Preset>)> {
    let preset = |row: &Row| {
        options
            .preset
            .of(&row.texts().iter().map(String::as_str).collect::<Vec<_>>())
    };
    let wide = |row: &Row| row.cells.iter().filter(|(_, cell)| !cell.is_blank()).count() >= 2;
    let known = |row: &Row| preset(row).filter(|preset| preset.names_all(&row.texts()));
    let at = head
        .iter()
        .position(|row| known(row).is_some())
        .or_else(|| head.iter().position(wide))
        .or((!head.is_empty()).then_some(0))?;
    Some((at, preset(&head[at])))
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
fn columns(names: &[String], types: Vec<DataType>, note: impl FnMut(String)) -> Vec<SheetColumn> {
    let name = |at: usize| names.get(at).map_or("", |name| name.trim());
    let kept: Vec<(usize, DataType)> = types
        .into_iter()
        .enumerate()
        .filter(|(at, dtype)| !name(*at).is_empty() || *dtype != DataType::Null)
        .collect();
    let given = kept.iter().map(|(at, _)| name(*at).to_owned()).collect();
    let unique = csv::unique(given, note);
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
        let mut rows = SheetRows::new(input, &self.part, &self.book, &self.strings, counter)?;
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
            row: 0,
        })
    }
}

/// Rows of one sheet, chunk by chunk.
pub(super) struct XlsxRows {
    rows: SheetRows,
    columns: Vec<SheetColumn>,
    row: u64,
}

impl Rows for XlsxRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let mut cells: Vec<Cells> = self.columns.iter().map(Cells::new).collect();
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        while !quota.is_full(&chunk, bytes) {
            let Some(row) = self.rows.next(input)? else { break };
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
