//! One file as a table, and the union of several: format and columns of an [`Input`], its rows in chunks, the common schema, and a sample of all
//! files. Columns that differ in type become text. Nested columns of different types are an error, since text could not represent them.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::Encoding;
use polars::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::input::{Counter, Input};
use super::moment::Zone;
use super::preset::Preset;
use super::reject::Reject;
use super::zipped::{self, Zipped};
use super::{BATCH_BYTES, Format, MAX_COLUMNS, SourceOptions, csv, encoding, json, parquet, xlsx};
use crate::error::{Error, Result};

/// A file with settled format and columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) input: Input,
    /// Its preset, if recognised.
    pub(super) preset: Option<&'static Preset>,
    layout: Layout,
    /// Columns that other files call by the same name in other letters: the file's own name, and theirs.
    renamed: Vec<(PlSmallStr, PlSmallStr)>,
}

#[derive(Debug)]
enum Layout {
    Csv(csv::Layout),
    Json(json::Layout),
    Parquet(parquet::Layout),
    Xlsx(xlsx::Layout),
}

/// Reads the rows of one file in chunks; one implementation per format.
pub(super) trait Rows: Send {
    /// The next chunk, or none at the end of the file.
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>>;
}

/// Consecutive rows of one file in the file's own columns.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) frame: DataFrame,
    pub(super) rows: Vec<u64>,
    pub(super) rejects: Vec<Reject>,
}

/// Maximum size of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Chunk {
    /// Completes the chunk with these columns; none if it has neither rows nor rejects.
    pub(super) fn into_some(mut self, columns: Vec<Column>, input: &Input) -> Result<Option<Self>> {
        if self.rows.is_empty() && self.rejects.is_empty() {
            return Ok(None);
        }
        self.frame = DataFrame::new(self.rows.len(), columns).map_err(|source| Error::Columns {
            file: input.name.to_string(),
            source,
        })?;
        Ok(Some(self))
    }
}

impl Quota {
    /// Whether a chunk with this many bytes of records is full.
    pub(super) fn is_full(self, chunk: &Chunk, bytes: usize) -> bool {
        chunk.rows.len() + chunk.rejects.len() >= self.rows || bytes >= self.bytes
    }

    /// Number of rows to take from a decoded table, at least one.
    pub(super) fn rows_of(self, frame: &DataFrame) -> usize {
        let mut lengths = vec![0; self.rows.min(frame.height())];
        for text in frame.columns().iter().filter_map(|column| column.str().ok()) {
            for (length, value) in lengths.iter_mut().zip(text.iter()) {
                *length += value.map_or(0, str::len);
            }
        }
        let mut total = 0;
        let within = lengths.iter().take_while(|length| {
            total += **length;
            total <= self.bytes
        });
        within.count().max(1)
    }
}

impl Table {
    /// Determines the format (by option, content, extension) and the columns of one file.
    pub(super) fn look(
        mut input: Input,
        options: &SourceOptions,
        encoding: Option<&'static Encoding>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let mut magic = Vec::new();
        let reader = input.reader(&Counter::default())?;
        reader
            .take(4)
            .read_to_end(&mut magic)
            .map_err(|source| input.failed(source))?;
        let told = options.format.or(match input.extension().as_str() {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "json" => Some(Format::Json),
            "parquet" | "pq" => Some(Format::Parquet),
            "xlsx" | "xlsm" => Some(Format::Xlsx),
            _ => None,
        });
        if magic == b"PAR1" || (told == Some(Format::Parquet) && !magic.is_empty()) {
            let layout = Layout::Parquet(parquet::look(&mut input)?);
            return Ok(Table::with(input, layout, options));
        }
        if magic == b"PK\x03\x04" {
            match zipped::within(&mut input)? {
                Zipped::Xlsx => {}
                Zipped::Unknown if told == Some(Format::Xlsx) => {}
                Zipped::One(name, part) if !input.is_member() => {
                    notes.push(format!("{}: reads {name}, the table in it", input.name));
                    input.enter(name, part);
                    return Self::look(input, options, encoding, notes);
                }
                Zipped::Many(names) => {
                    return Err(Error::Archive {
                        file: input.name.to_string(),
                        count: names.len(),
                        names: listed(names.iter().map(String::as_str)),
                    });
                }
                Zipped::One(..) | Zipped::Unknown => drop(encoding::detect(&input, None)?),
            }
            let layout = Layout::Xlsx(xlsx::look(&mut input, options, notes)?);
            return Ok(Table::with(input, layout, options));
        }
        let encoding = encoding::detect(&input, encoding)?;
        if encoding != encoding_rs::UTF_8 {
            notes.push(format!("{}: encoding {}", input.name, encoding.name().to_lowercase()));
        }
        let format = match told {
            Some(format) => format,
            None if options.delimiter.is_some() => Format::Csv,
            None => by_content(&input, encoding)?,
        };
        let layout = match format {
            Format::Jsonl => Layout::Json(json::look(&mut input, encoding, true, options, notes)?),
            Format::Json => Layout::Json(json::look(&mut input, encoding, false, options, notes)?),
            _ => Layout::Csv(csv::look(&input, encoding, options, format == Format::Tsv, notes)?),
        };
        Ok(Table::with(input, layout, options))
    }

    fn with(input: Input, layout: Layout, options: &SourceOptions) -> Self {
        let mut table = Table {
            input,
            preset: None,
            layout,
            renamed: Vec::new(),
        };
        let names = table.names();
        table.preset = options.preset.of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        table
    }

    /// The file's columns, by the names that all files share.
    pub(super) fn schema(&self) -> Schema {
        let own = self.own_schema();
        if self.renamed.is_empty() {
            return own;
        }
        let shared = |name: &PlSmallStr| {
            self.renamed
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, name)| name.clone())
        };
        own.into_iter()
            .map(|(name, dtype)| Field::new(shared(&name).unwrap_or(name), dtype))
            .collect()
    }

    fn own_schema(&self) -> Schema {
        match &self.layout {
            Layout::Csv(layout) => layout.schema(),
            Layout::Json(layout) => layout.schema(),
            Layout::Parquet(layout) => layout.schema(),
            Layout::Xlsx(layout) => layout.schema(),
        }
    }

    /// The names of its columns, and of the members of nested ones as `column.member`.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.schema().iter_names().map(ToString::to_string).collect();
        match &self.layout {
            Layout::Json(layout) => names.extend(layout.members().map(str::to_owned)),
            Layout::Parquet(layout) => {
                for (name, dtype) in layout.schema().iter() {
                    members(name, dtype, &mut names);
                }
            }
            Layout::Csv(_) | Layout::Xlsx(_) => {}
        }
        names
    }

    /// Name of a column in a survey's second header row.
    pub(super) fn label(&self, column: &str) -> Option<&str> {
        let column = self
            .renamed
            .iter()
            .find(|(_, name)| name == column)
            .map_or(column, |(own, _)| own.as_str());
        match &self.layout {
            Layout::Csv(layout) => layout.label(column),
            Layout::Xlsx(layout) => layout.label(column),
            Layout::Json(_) | Layout::Parquet(_) => None,
        }
    }

    /// The zone that the file states for the times in a column.
    pub(super) fn zone(&self, column: &str) -> Option<Zone> {
        let mark = match &self.layout {
            Layout::Csv(layout) => layout.mark(column),
            Layout::Xlsx(layout) => layout.mark(column),
            Layout::Json(_) | Layout::Parquet(_) => None,
        }?;
        // Qualtrics writes {"ImportId":"startDate","timeZone":"America/Denver"} under the name.
        let mark: serde_json::Value = serde_json::from_str(mark).ok()?;
        Zone::of(mark.get("timeZone")?.as_str()?)
    }

    /// The rows from the start of the file; stored bytes are counted as they are read.
    pub(super) fn rows(&self, counter: &Counter, settled: &Schema) -> Result<Box<dyn Rows>> {
        // By the file's own names.
        let mut settled = settled.clone();
        for (own, shared) in &self.renamed {
            if let Some(dtype) = settled.get(shared).cloned() {
                settled.with_column(own.clone(), dtype);
            }
        }
        let rows: Box<dyn Rows> = match &self.layout {
            Layout::Csv(layout) => Box::new(layout.rows(&self.input, counter)?),
            Layout::Json(layout) => Box::new(layout.rows(&self.input, counter, &settled)?),
            Layout::Parquet(layout) => Box::new(layout.rows(counter)),
            Layout::Xlsx(layout) => Box::new(layout.rows(&self.input, counter, &settled)?),
        };
        Ok(match self.renamed.is_empty() {
            true => rows,
            false => Box::new(Renamed {
                inner: rows,
                names: self.renamed.clone(),
            }),
        })
    }
}

/// The members of a struct column, and of the structs in it, as `column.member`.
fn members(name: &str, dtype: &DataType, names: &mut Vec<String>) {
    if let DataType::Struct(fields) = dtype {
        for field in fields {
            let name = format!("{name}.{}", field.name);
            members(&name, &field.dtype, names);
            names.push(name);
        }
    }
}

/// Rows whose columns get the names that all files share.
struct Renamed {
    inner: Box<dyn Rows>,
    names: Vec<(PlSmallStr, PlSmallStr)>,
}

impl Rows for Renamed {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let Some(mut chunk) = self.inner.next(input, quota)? else {
            return Ok(None);
        };
        for (own, shared) in &self.names {
            chunk
                .frame
                .rename(own, shared.clone())
                .map_err(|source| Error::Columns {
                    file: input.name.to_string(),
                    source,
                })?;
        }
        Ok(Some(chunk))
    }
}

/// Gives columns whose names differ from file to file in case or outer blanks only the name that the first file has.
pub(super) fn share_names(tables: &mut std::collections::VecDeque<Table>, notes: &mut Vec<String>) {
    let folded = |name: &str| name.trim().to_lowercase();
    let mut known: Vec<PlSmallStr> = Vec::new();
    for table in tables {
        let own: Vec<PlSmallStr> = table.own_schema().iter_names().cloned().collect();
        let may_be = !matches!(table.layout, Layout::Json(_));
        for name in &own {
            if known.contains(name) {
                continue;
            }
            let alone = own.iter().filter(|other| folded(other) == folded(name)).count() == 1;
            let same = known
                .iter()
                .find(|other| folded(other) == folded(name) && !own.contains(other));
            match same.filter(|_| alone && may_be).cloned() {
                Some(shared) => {
                    notes.push(format!(
                        "{}: column `{name}` is `{shared}` of the other files",
                        table.input.name
                    ));
                    table.renamed.push((name.clone(), shared));
                }
                None => known.push(name.clone()),
            }
        }
    }
}

fn by_content(input: &Input, encoding: &'static Encoding) -> Result<Format> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    Ok(
        match json::piece::first_character(decoded).map_err(|source| input.failed(source))? {
            Some(b'[' | b'{') => Format::Json,
            _ => Format::Csv,
        },
    )
}

/// Union of the columns of all tables in the order of first occurrence. Columns of different types become text; a column that is null in one file
/// takes its type from the others.
pub(super) fn union<'a>(tables: impl Iterator<Item = &'a Table>) -> Result<Schema> {
    let mut union = Schema::default();
    for table in tables {
        for (name, dtype) in table.schema().iter() {
            let settled = match union.get(name) {
                Some(known) if *known == DataType::Null => dtype.clone(),
                Some(known) if known == dtype || *dtype == DataType::Null => known.clone(),
                Some(_) => DataType::String,
                None => dtype.clone(),
            };
            union.with_column(name.clone(), settled);
        }
        if union.len() > MAX_COLUMNS {
            return Err(Error::TooManyColumns {
                file: table.input.name.to_string(),
                limit: MAX_COLUMNS,
            });
        }
    }
    let nulls: Vec<_> = union
        .iter()
        .filter(|(_, d)| **d == DataType::Null)
        .map(|(name, _)| name.clone())
        .collect();
    for name in nulls {
        union.with_column(name, DataType::String);
    }
    Ok(union)
}

/// Converts rows to the settled columns: absent ones are null, others are cast if needed.
pub(super) fn align(frame: &DataFrame, settled: &Schema) -> PolarsResult<DataFrame> {
    let columns = settled.iter().map(|(name, dtype)| match frame.column(name) {
        Ok(column) if column.dtype() == dtype => Ok(column.clone()),
        Ok(column) if *dtype == DataType::String => as_text(column),
        Ok(column) => column.strict_cast(dtype),
        Err(_) => Ok(Column::full_null(name.clone(), frame.height(), dtype)),
    });
    DataFrame::new(frame.height(), columns.collect::<PolarsResult<_>>()?)
}

/// Casts a column to text. Untyped bytes count as UTF-8, as in old Parquet writers.
pub(super) fn as_text(column: &Column) -> PolarsResult<Column> {
    match column.dtype() {
        DataType::String => Ok(column.clone()),
        DataType::Binary => {
            let bytes = column.binary()?;
            let text: StringChunked = bytes.iter().map(|value| value.map(String::from_utf8_lossy)).collect();
            Ok(text.with_name(column.name().clone()).into_column())
        }
        _ => column.strict_cast(&DataType::String),
    }
}

/// One hash per row over the names and values of its cells. Absent cells do not count, nor does the order of the columns, so that it does not matter
/// which columns other files have and where an export puts them.
pub(super) fn hashes(frame: &DataFrame) -> Vec<u64> {
    let mut hashes = vec![0; frame.height()];
    let mut columns: Vec<&Column> = frame.columns().iter().collect();
    columns.sort_by_key(|column| column.name().as_str());
    for column in columns {
        let text = as_text(column).ok();
        let text = text.as_ref().and_then(|text| text.str().ok());
        for (row, hash) in hashes.iter_mut().enumerate() {
            // Nested values have no cast to text, but they can be printed.
            let cell = match text {
                Some(text) => text.get(row).map(Cow::Borrowed),
                None => column
                    .get(row)
                    .ok()
                    .filter(|v| !v.is_null())
                    .map(|value| Cow::Owned(format!("{value:?}"))),
            };
            if let Some(cell) = cell {
                *hash = with_cell(*hash, column.name(), &cell);
            }
        }
    }
    hashes
}

/// The hash of a row's content with one more cell: each is hashed with all before it as the seed.
pub(crate) fn with_cell(content: u64, column: &str, cell: &str) -> u64 {
    xxh3_64_with_seed(cell.as_bytes(), content ^ xxh3_64(column.as_bytes()))
}

/// Rows from the start of every file.
pub(super) struct Sample {
    pub(super) frame: DataFrame,
    /// For each file the index after its last row.
    pub(super) ends: Vec<usize>,
}

impl Sample {
    /// Takes about this many rows in total, at least 50 of each file.
    pub(super) fn take(tables: &[&Table], settled: &Schema, rows: usize) -> Result<Self> {
        /// Very long rows end the sample early.
        const CHUNKS: usize = 8;
        let mut frame = DataFrame::empty_with_schema(settled);
        let mut ends = Vec::new();
        for table in tables {
            let failed = |source| Error::Columns {
                file: table.input.name.to_string(),
                source,
            };
            let end = frame.height() + (rows / tables.len().max(1)).max(50);
            let mut reader = table.rows(&Counter::default(), settled)?;
            let mut chunks = 0;
            while frame.height() < end && chunks < CHUNKS {
                let quota = Quota {
                    rows: end - frame.height(),
                    bytes: BATCH_BYTES / CHUNKS,
                };
                let Some(chunk) = reader.next(&table.input, quota)? else {
                    break;
                };
                chunks += usize::from(!chunk.rows.is_empty());
                frame
                    .vstack_mut(&align(&chunk.frame, settled).map_err(failed)?)
                    .map_err(failed)?;
            }
            ends.push(frame.height());
        }
        Ok(Sample { frame, ends })
    }
}

/// List of names for a message, at most thirty.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 30;
    let more = names.len().saturating_sub(SHOWN);
    let mut list = names
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    list
}
