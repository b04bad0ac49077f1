//! The rows of a CSV or TSV file: chunks of string columns, cell for cell as written, and a reject for every record that is no
//! row. A first pass over the whole file settles what is told before anything is tagged: dialect, the line that names the
//! columns, records in another encoding, the lines below the table. Blank lines are no records.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use csv::ByteRecord;
use encoding_rs::Encoding;
use polars::prelude::*;

use super::dialect::{self, Dialect};
use super::encoding::{self, Characters, Strays};
use super::header::{self, Columns, Head};
use super::input::{Counter, Input};
use super::plain::Dropped;
use super::preset::Quotes;
use super::record::{Form, Reading, Step, Survey, is_null};
use super::reject::Reason;
use super::table::{Chunk, Quota, Rows};
use super::tape::{Next, Records};
use super::{HeaderRow, MAX_COLUMNS, SourceOptions};
use crate::error::{Error, Result};

/// The dialect is settled on this much of the file.
const HEAD: u64 = 256 * 1024;

/// Properties of a file, settled by inspection.
#[derive(Debug)]
pub(super) struct Layout {
    dialect: Dialect,
    form: Arc<Form>,
    /// Records above the first row.
    above: usize,
    /// What the row below the names calls the columns.
    labels: Vec<String>,
    /// What the last row of names says of the columns.
    marks: Vec<String>,
}

/// The first records of a file, and the lines they begin on.
#[derive(Default)]
struct Top {
    rows: Vec<Vec<String>>,
    lines: Vec<u64>,
}

/// Settles encoding, dialect and header.
pub(super) fn look(
    input: &Input,
    encoding: &'static Encoding,
    options: &SourceOptions,
    prefer_tab: bool,
    notes: &mut Vec<String>,
) -> Result<Layout> {
    let mut note = |text: String| notes.push(format!("{}: {text}", input.name));
    let characters = Characters::new(encoding, options.encoding.is_some());
    let mut head = Vec::new();
    let decoded = encoding::decoded(input.reader(&Counter::default())?, characters.stream);
    decoded
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(|source| input.failed(source))?;
    let whole = (head.len() as u64) < HEAD;
    let (mut dialect, width) = dialect::sniff(&head, whole, options.delimiter, prefer_tab);
    drop(head);

    let mut top = top(input, dialect, characters)?;
    let mut found = header::settle(&top.rows, &top.lines, Some(width), options);
    if dialect.quoting && found.preset.is_some_and(|preset| preset.quotes == Quotes::Text) {
        dialect.quoting = false;
        top = self::top(input, dialect, characters)?;
        found = header::settle(&top.rows, &top.lines, Some(width), options);
    }
    let below = match (found.names, found.preset) {
        (Some(at), Some(preset)) => preset.more_headers(&top.rows[at], &top.rows[at + 1..]),
        _ => 0,
    };
    found.first = found.first.max(found.names.map_or(0, |at| at + 1 + below));
    let usual = if prefer_tab { b'\t' } else { b',' };
    if !dialect.is_usual(usual) {
        note(dialect.name());
    }
    let (names, header) = names(&top, found, width, &mut note);
    if names.len() > MAX_COLUMNS {
        return Err(Error::TooManyColumns {
            file: input.name.to_string(),
            limit: MAX_COLUMNS,
        });
    }
    let labels = match found.names {
        Some(at) if found.first > at + 1 => top.rows[at + 1].clone(),
        _ => Vec::new(),
    };
    let marks = match found.names {
        Some(at) if found.first > at + 1 => top.rows[found.first - 1].clone(),
        _ => Vec::new(),
    };
    let values = top.rows.get(found.first..).unwrap_or_default();
    let form = Form {
        kinds: Columns::of(values, Some(names.len())).kinds,
        names: unique(names, |text| {
            if found.names.is_some() {
                note(text);
            }
        }),
        header,
        characters,
        end: u64::MAX,
    };
    let mut layout = Layout {
        dialect,
        form: Arc::new(form),
        above: found.first,
        labels,
        marks,
    };
    layout.survey(input, options, &top, found, &mut note)?;
    Ok(layout)
}

/// Reads the first records of a file, as far as they can be read.
fn top(input: &Input, dialect: Dialect, characters: Characters) -> Result<Top> {
    let failed = |source| input.failed(source);
    let decoded = encoding::decoded(input.reader(&Counter::default())?, characters.stream);
    let mut records = Records::new(decoded, dialect, &Dropped::default()).map_err(failed)?;
    let mut top = Top::default();
    while top.rows.len() < header::SAMPLED {
        let mut record = ByteRecord::new();
        match records.next(&mut record).map_err(failed)? {
            Next::Record if record.len() <= MAX_COLUMNS => {}
            Next::Record => {
                return Err(Error::TooManyColumns {
                    file: input.name.to_string(),
                    limit: MAX_COLUMNS,
                });
            }
            Next::Broken { reason, .. } if top.rows.is_empty() => {
                return Err(Error::Damaged {
                    file: input.name.to_string(),
                    what: "CSV",
                    detail: format!("in the header: {reason}"),
                });
            }
            Next::Broken { .. } | Next::End => break,
        }
        let lossy = || {
            record
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).into_owned())
                .collect()
        };
        let cells = match characters.text(record.clone(), records.raw()) {
            Ok((text, _)) => text.iter().map(str::to_owned).collect(),
            Err(_) => lossy(),
        };
        top.rows.push(cells);
        top.lines.push(records.line);
    }
    match top.rows.is_empty() {
        true => Err(Error::Empty {
            file: input.name.to_string(),
        }),
        false => Ok(top),
    }
}

/// The columns' names, empty where there are none, and the record that holds them.
fn names(top: &Top, found: Head, width: usize, note: &mut impl FnMut(String)) -> (Vec<String>, Option<Vec<String>>) {
    let above = |count: usize| match count {
        0 => String::new(),
        1 => "; the line above it is left out".to_owned(),
        _ => format!("; {count} lines above it are left out"),
    };
    let trimmed = |row: &[String]| {
        row.iter()
            .map(|name| name.trim_matches([' ', '\u{FEFF}']).to_owned())
            .collect()
    };
    let Some(at) = found.names else {
        // Tables of R have a name for each column but the first, which numbers the rows.
        let before = found.first.checked_sub(1).and_then(|at| top.rows.get(at));
        if let Some(row) = before.filter(|row| row.len() + 1 == width && row.iter().all(|cell| !cell.trim().is_empty()))
        {
            note(format!(
                "line {} names all columns but the first",
                top.lines[found.first - 1]
            ));
            let mut names: Vec<String> = trimmed(row);
            names.insert(0, String::new());
            return (names, Some(row.clone()));
        }
        let called = if width == 1 {
            "it is called `column_1`"
        } else {
            "they are called `column_1`, `column_2` and so on"
        };
        let first = top.lines.get(found.first).copied().unwrap_or(1);
        note(format!(
            "no line names the columns, {called}, and line {first} is a row; if a line does, say which with --header-row{}",
            if found.first > 0 {
                "; what stands above it is left out"
            } else {
                ""
            }
        ));
        return (vec![String::new(); width], None);
    };
    let row = &top.rows[at];
    let filled = row
        .iter()
        .rposition(|name| !name.trim().is_empty())
        .map_or(0, |last| last + 1);
    let names: Vec<String> = trimmed(&row[..filled.max(width.min(row.len()))]);
    let (line, below) = (top.lines[at], found.first - at - 1);
    if at > 0 {
        note(format!("line {line} names the columns{}", above(at)));
    }
    if below > 0 {
        note(format!(
            "{} header rows, of which the first names the columns",
            below + 1
        ));
    } else if at == 0 && width == 1 && names.iter().all(|name| !super::names::is_known(name)) {
        note(format!(
            "the first line, `{}`, is taken for the column's name; if it is a comment, say --no-header",
            names.concat()
        ));
    }
    (names, Some(row.clone()))
}

impl Layout {
    /// Name of a column in the header row below the first: a survey's question.
    pub(super) fn label(&self, column: &str) -> Option<&str> {
        let at = self.form.names.iter().position(|name| name == column)?;
        self.labels.get(at).map(String::as_str)
    }

    /// What the last header row says of a column.
    pub(super) fn mark(&self, column: &str) -> Option<&str> {
        let at = self.form.names.iter().position(|name| name == column)?;
        self.marks.get(at).map(String::as_str)
    }

    /// Every column is text.
    pub(super) fn schema(&self) -> Schema {
        self.form
            .names
            .iter()
            .map(|name| Field::new(name.as_str().into(), DataType::String))
            .collect()
    }

    /// Iterates over the rows of the file, from its start.
    pub(super) fn rows(&self, input: &Input, counter: &Counter) -> Result<CsvRows> {
        Ok(CsvRows {
            reading: self.reading(input, counter, &Dropped::default())?,
            names: self.form.names.clone(),
        })
    }

    fn reading(&self, input: &Input, counter: &Counter, dropped: &Dropped) -> Result<Reading> {
        let failed = |source| input.failed(source);
        let decoded = encoding::decoded(input.reader(counter)?, self.form.characters.stream);
        let mut records = Records::new(decoded, self.dialect, dropped).map_err(failed)?;
        let mut record = ByteRecord::new();
        for _ in 0..self.above {
            records.next(&mut record).map_err(failed)?;
        }
        Ok(Reading::new(records, Arc::clone(&self.form)))
    }

    /// Reads the file once to its end; settles what only that shows, and tells it.
    fn survey(
        &mut self,
        input: &Input,
        options: &SourceOptions,
        top: &Top,
        found: Head,
        note: &mut impl FnMut(String),
    ) -> Result<()> {
        let dropped = Dropped::default();
        let mut survey = self.pass(input, &dropped)?;
        if survey.escapes && !self.dialect.escape && self.dialect.quoting {
            let mut other = Self {
                dialect: Dialect {
                    escape: true,
                    ..self.dialect
                },
                form: Arc::clone(&self.form),
                above: self.above,
                labels: self.labels.clone(),
                marks: self.marks.clone(),
            };
            let escaped = other.pass(input, &Dropped::default())?;
            if escaped.found.misfits <= survey.found.misfits {
                note(other.dialect.name());
                (*self, survey) = (other, escaped);
            }
        }
        let found_in = survey.found;
        let decided = options.header != HeaderRow::Find || found.preset.is_some();
        if !decided && found_in.records() >= 4 && found_in.misfits * 2 > found_in.records() {
            return Err(Error::NoHeader {
                file: input.name.to_string(),
                line: found.names.and_then(|at| top.lines.get(at)).copied().unwrap_or(1),
                names: self.form.names.len(),
                misfits: found_in.misfits,
                records: found_in.records(),
            });
        }
        self.tell(&found_in, dropped.load(Ordering::Relaxed), note);
        if let Some(below) = found_in.footer.first() {
            Arc::make_mut(&mut self.form).end = below.row;
        }
        Ok(())
    }

    /// One pass over the whole file.
    fn pass(&mut self, input: &Input, dropped: &Dropped) -> Result<Pass> {
        let mut strays = Strays::new();
        let mut reading = self.reading(input, &Counter::default(), dropped)?;
        let (mut found, mut escapes) = (Survey::default(), false);
        loop {
            let step = reading.next(input)?;
            if matches!(step, Step::End) {
                break;
            }
            found.add(&step);
            let raw = reading.records.raw();
            escapes |= raw.contains(&b'\\') && dialect::escapes(raw, self.dialect);
            if let Step::Reject { reject, .. } = &step
                && reject.reason == Reason::NotUtf8
            {
                strays.add(raw);
            }
        }
        let characters = self.form.characters.with_strays(strays);
        if characters.has_other() && !self.form.characters.has_other() {
            Arc::make_mut(&mut self.form).characters = characters;
            dropped.store(0, Ordering::Relaxed);
            return self.pass(input, dropped);
        }
        Ok(Pass {
            found: found.finish(),
            escapes,
        })
    }

    /// Says what was decided about the rows.
    fn tell(&self, found: &Survey, dropped: u64, note: &mut impl FnMut(String)) {
        let rows = |count: u64| {
            if count == 1 {
                "1 row".to_owned()
            } else {
                format!("{count} rows")
            }
        };
        if found.odd > 0 {
            let name = self.form.characters.odd_name().to_lowercase();
            note(format!(
                "{} of another encoding than the rest, read as {name}",
                rows(found.odd)
            ));
        }
        if found.short > 0 {
            note(format!(
                "{} with fewer fields than the header; the fields at the end are absent",
                rows(found.short)
            ));
        }
        if found.nulls > 0 {
            let cells = if found.nulls == 1 {
                "1 cell".to_owned()
            } else {
                format!("{} cells", found.nulls)
            };
            note(format!("`\\N` is read as an absent value ({cells})"));
        }
        match dropped {
            0 => {}
            1 => note("a NUL byte is left out".to_owned()),
            more => note(format!("{more} NUL bytes are left out")),
        }
        match found.headers {
            0 => {}
            1 => note("the header stands once more among the rows, and is left out".to_owned()),
            more => note(format!(
                "the header stands {more} more times among the rows, and is left out"
            )),
        }
        if let Some(first) = found.footer.iter().find(|below| !below.text.is_empty()) {
            let shown: String = first.text.chars().filter(|c| !c.is_control()).take(60).collect();
            let what = match found.footer.len() {
                1 => "the last line is no row".to_owned(),
                lines => format!("the last {lines} lines are no rows"),
            };
            // The mark of old systems for the end of a file says nothing.
            if !shown.is_empty() {
                note(format!("{what}, and left out: `{shown}`"));
            }
        }
    }
}

/// What one pass over a file found.
struct Pass {
    found: Survey,
    /// A backslash stands before a quote in the middle of a field.
    escapes: bool,
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
    reading: Reading,
    names: Vec<String>,
}

impl Rows for CsvRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let mut columns: Vec<StringChunkedBuilder> = self
            .names
            .iter()
            .map(|name| StringChunkedBuilder::new(name.as_str().into(), 0))
            .collect();
        let mut chunk = Chunk::default();
        let mut total = 0;
        while !quota.is_full(&chunk, total) {
            match self.reading.next(input)? {
                Step::End => break,
                Step::Header => {}
                Step::Reject { reject, .. } => chunk.rejects.push(reject),
                Step::Row { row, cells, bytes, .. } => {
                    total += bytes;
                    let values = cells.iter().map(|cell| (!is_null(cell)).then_some(cell));
                    for (column, value) in columns.iter_mut().zip(values.chain(std::iter::repeat(None))) {
                        column.append_option(value);
                    }
                    chunk.rows.push(row);
                }
            }
        }
        let columns = columns.into_iter().map(|cells| cells.finish().into_column()).collect();
        chunk.into_some(columns, input)
    }
}
