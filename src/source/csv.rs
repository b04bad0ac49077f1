//! Which rows does a CSV or TSV file hold? Input: a file, its encoding and dialect. Output: chunks of string columns,
//! cell for cell as written, and a reject for every record with another number of fields than the header, with bytes
//! that are not text, or with a quote that never closes. Blank lines are no records. Refuses nothing else.

use std::collections::HashSet;
use std::io::Read;

use csv::{ByteRecord, StringRecord};
use encoding_rs::Encoding;
use polars::prelude::*;

use super::dialect::{self, Dialect};
use super::encoding;
use super::input::{Counter, Input};
use super::preset::{Choice, Quotes};
use super::reject::{Reason, Reject};
use super::table::{Chunk, Quota, Rows};
use super::tape::{Next, Records};
use super::{MAX_COLUMNS, SourceOptions};
use crate::error::{Error, Result};

/// The dialect and the column names are settled on this much of the file.
const HEAD: u64 = 256 * 1024;

/// Properties of a file, settled by inspection.
#[derive(Debug)]
pub(super) struct Layout {
    encoding: &'static Encoding,
    dialect: Dialect,
    header: Vec<String>,
    /// Records without content above the header row.
    above: usize,
    /// Header rows below it.
    below: usize,
    /// What the first of these calls the columns.
    labels: Vec<String>,
    /// What the last of these says of the columns.
    marks: Vec<String>,
}

/// Settles encoding, dialect and header.
pub(super) fn look(
    input: &Input,
    encoding: &'static Encoding,
    options: &SourceOptions,
    prefer_tab: bool,
    notes: &mut Vec<String>,
) -> Result<Layout> {
    let mut head = Vec::new();
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    decoded
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(|source| input.failed(source))?;
    let whole = (head.len() as u64) < HEAD;
    let dialect = dialect::sniff(&head, whole, options.delimiter, prefer_tab);
    if let Some(fields) = dialect::below_a_title(&head, whole, dialect) {
        return Err(Error::NoHeader {
            file: input.name.to_string(),
            fields,
        });
    }
    drop(head);

    let mut layout = Layout {
        encoding,
        dialect,
        header: Vec::new(),
        above: 0,
        below: 0,
        labels: Vec::new(),
        marks: Vec::new(),
    };
    layout.fit_to_preset(input, options.preset, notes)?;
    let mut record = ByteRecord::new();
    match layout.records(input, &Counter::default(), &mut record)?.1 {
        Next::Record => {}
        Next::End => {
            return Err(Error::Empty {
                file: input.name.to_string(),
            });
        }
        Next::Broken { reason, .. } => {
            let detail = format!("in the header: {reason}");
            return Err(Error::Damaged {
                file: input.name.to_string(),
                what: "CSV",
                detail,
            });
        }
    }
    if record.len() > MAX_COLUMNS {
        return Err(Error::TooManyColumns {
            file: input.name.to_string(),
            limit: MAX_COLUMNS,
        });
    }
    let usual = if prefer_tab { b'\t' } else { b',' };
    if dialect.delimiter != usual || !layout.dialect.quoting {
        notes.push(format!("{}: {}", input.name, layout.dialect.name()));
    }
    let given = record
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    layout.header = unique(given, |note| notes.push(format!("{}: {note}", input.name)));
    Ok(layout)
}

impl Layout {
    /// Name of a column in the header row below the first: a survey's question.
    pub(super) fn label(&self, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|name| name == column)?;
        self.labels.get(at).map(String::as_str)
    }

    /// What the last header row says of a column.
    pub(super) fn mark(&self, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|name| name == column)?;
        self.marks.get(at).map(String::as_str)
    }

    /// Every column is text.
    pub(super) fn schema(&self) -> Schema {
        self.header
            .iter()
            .map(|name| Field::new(name.as_str().into(), DataType::String))
            .collect()
    }

    /// Iterates over the rows of the file, from its start.
    pub(super) fn rows(&self, input: &Input, counter: &Counter) -> Result<CsvRows> {
        let mut record = ByteRecord::new();
        let (mut records, _) = self.records(input, counter, &mut record)?;
        for _ in 0..self.below {
            records.next(&mut record).map_err(|source| input.failed(source))?;
        }
        Ok(CsvRows {
            records,
            header: self.header.clone(),
            encoding: self.encoding,
            row: 0,
        })
    }

    /// Takes over what a known export format says about quotes and header rows, where the file bears it out.
    fn fit_to_preset(&mut self, input: &Input, choice: Choice, notes: &mut Vec<String>) -> Result<()> {
        /// Blank records above a header that are looked past.
        const ABOVE: usize = 8;
        let known = |row: &[String]| choice.of(&row.iter().map(String::as_str).collect::<Vec<_>>());
        let mut head = self.first_records(input, ABOVE)?;
        let blank = |row: &Vec<String>| row.iter().all(|cell| cell.trim().is_empty());
        let above = head.iter().take_while(|row| blank(row)).count();
        let Some((row, preset)) = head.get(above).and_then(|row| known(row).map(|preset| (row, preset))) else {
            return Ok(());
        };
        if above > 0 && !preset.names_all(row) {
            return Ok(());
        }
        self.above = above;
        if preset.quotes == Quotes::Text && self.dialect.quoting {
            self.dialect.quoting = false;
            head = self.first_records(input, ABOVE)?;
        }
        if let Some((header, rows)) = head.get(above..).and_then(<[_]>::split_first) {
            self.below = preset.more_headers(header, rows);
            self.labels = rows.first().filter(|_| self.below > 0).cloned().unwrap_or_default();
            self.marks = self
                .below
                .checked_sub(1)
                .and_then(|last| rows.get(last))
                .cloned()
                .unwrap_or_default();
        }
        if self.below > 0 {
            notes.push(format!(
                "{}: {} header rows, of which the first names the columns",
                input.name,
                self.below + 1
            ));
        }
        Ok(())
    }

    /// The first records of the file as text, as far as they can be read.
    fn first_records(&self, input: &Input, most: usize) -> Result<Vec<Vec<String>>> {
        let failed = |source| input.failed(source);
        let decoded = encoding::decoded(input.reader(&Counter::default())?, self.encoding);
        let mut records = Records::new(decoded, self.dialect).map_err(failed)?;
        let (mut rows, mut record) = (Vec::new(), ByteRecord::new());
        while rows.len() < most
            && matches!(records.next(&mut record).map_err(failed)?, Next::Record)
            && record.len() <= MAX_COLUMNS
        {
            rows.push(
                record
                    .iter()
                    .map(|cell| String::from_utf8_lossy(cell).into_owned())
                    .collect(),
            );
        }
        Ok(rows)
    }

    /// The records after the header, which goes into `header`.
    fn records(&self, input: &Input, counter: &Counter, header: &mut ByteRecord) -> Result<(Records, Next)> {
        let failed = |source| input.failed(source);
        let decoded = encoding::decoded(input.reader(counter)?, self.encoding);
        let mut records = Records::new(decoded, self.dialect).map_err(failed)?;
        for _ in 0..self.above {
            records.next(header).map_err(failed)?;
        }
        let next = records.next(header).map_err(failed)?;
        Ok((records, next))
    }
}

/// Column names, made unique: an empty one becomes `column_3`, a repeated one `name_2`.
pub(super) fn unique(given: Vec<String>, mut note: impl FnMut(String)) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(given.len());
    let mut taken: HashSet<String> = given.iter().cloned().collect();
    let mut seen = HashSet::new();
    for (i, name) in given.into_iter().enumerate() {
        if !name.trim().is_empty() && seen.insert(name.clone()) {
            names.push(name);
            continue;
        }
        let (stem, first, why) = if name.trim().is_empty() {
            ("column", i + 1, "empty")
        } else {
            (name.as_str(), 2, "taken")
        };
        let unique = (first..)
            .map(|n| format!("{stem}_{n}"))
            .find(|n| taken.insert(n.clone()))
            .unwrap_or_default();
        note(format!(
            "column {} is called `{unique}`, because its name is {why}",
            i + 1
        ));
        names.push(unique);
    }
    names
}

/// Rows of one file, chunk by chunk.
pub(super) struct CsvRows {
    records: Records,
    header: Vec<String>,
    encoding: &'static Encoding,
    row: u64,
}

impl Rows for CsvRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let mut cells: Vec<StringChunkedBuilder> = self
            .header
            .iter()
            .map(|name| StringChunkedBuilder::new(name.as_str().into(), 0))
            .collect();
        let mut chunk = Chunk::default();
        let mut record = ByteRecord::new();
        let mut bytes = 0;
        while !quota.is_full(&chunk, bytes) {
            let next = self.records.next(&mut record).map_err(|source| input.failed(source))?;
            let (row, line) = (self.row, self.records.line);
            let reason = match next {
                Next::End => break,
                Next::Broken { reason, shown, bytes } => {
                    chunk.rejects.push(Reject {
                        bytes,
                        ..Reject::new(&input.name, line, row, reason, &shown)
                    });
                    self.row += 1;
                    continue;
                }
                Next::Record => encoding::fault(self.records.raw(), self.encoding),
            };
            self.row += 1;
            bytes += self.records.raw().len();
            let reason = reason.or_else(|| {
                let (expected, found) = (cells.len(), record.len());
                (expected != found).then_some(Reason::Fields { expected, found })
            });
            let (reason, used) = match (reason, StringRecord::from_byte_record(record)) {
                (None, Ok(text)) => {
                    cells
                        .iter_mut()
                        .zip(&text)
                        .for_each(|(cells, value)| cells.append_value(value));
                    chunk.rows.push(row);
                    (None, text.into_byte_record())
                }
                (Some(reason), Ok(text)) => (Some(reason), text.into_byte_record()),
                (reason, Err(damage)) => (reason.or(Some(Reason::NotUtf8)), damage.into_byte_record()),
            };
            record = used;
            if let Some(reason) = reason {
                chunk
                    .rejects
                    .push(Reject::new(&input.name, line, row, reason, self.records.raw()));
            }
        }
        let columns = cells.into_iter().map(|cells| cells.finish().into_column()).collect();
        chunk.into_some(columns, input)
    }
}
