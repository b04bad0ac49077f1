//! Part files: Parquet, always of the same bytes for the same rows. Original columns are text in a lake: a column that is a number one night and empty the
//! next must not break its readers.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use super::disk;
use super::manifest::Settings;
use crate::error::{Error, Result};
use crate::source;

/// Rows per row group.
const GROUP_ROWS: usize = 65_536;

/// Footer of a part: the settings, and the version of the program.
pub(super) fn footer(settings: &Settings) -> Vec<(String, String)> {
    let version = ("undertone.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let settings = settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    settings.chain([version]).collect()
}

/// Writes a part and syncs it.
pub(super) fn write(path: &Path, frame: &mut DataFrame, footer: &[(String, String)]) -> Result<()> {
    frame.align_chunks_par();
    frame.rechunk_mut_par();
    let metadata = crate::sink::metadata(frame.schema(), footer.to_vec());
    disk::write(path, |file| {
        ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(None))
            .with_row_group_size(Some(GROUP_ROWS))
            .with_key_value_metadata(Some(metadata))
            .finish(frame)
            .map(drop)
            .map_err(std::io::Error::other)
    })
}

/// A part that is opened.
struct Opened<'a> {
    path: &'a Path,
    reader: ParquetReader<File>,
}

impl<'a> Opened<'a> {
    fn at(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
        Ok(Self {
            path,
            reader: ParquetReader::new(file),
        })
    }

    fn damaged(&self) -> impl Fn(PolarsError) -> Error + use<> {
        let path = self.path.to_owned();
        move |source| Error::LakeDamaged {
            path: path.clone(),
            reason: source.to_string(),
        }
    }

    fn footer(&mut self) -> Result<Vec<(String, String)>> {
        let damaged = self.damaged();
        let metadata = Arc::clone(self.reader.get_metadata().map_err(damaged)?);
        let pairs = metadata.key_value_metadata().iter().flatten();
        let own = pairs.filter(|pair| pair.key.starts_with("undertone."));
        Ok(own
            .map(|pair| {
                (
                    pair.key.to_string(),
                    pair.value.as_ref().map(ToString::to_string).unwrap_or_default(),
                )
            })
            .collect())
    }

    fn names(&mut self) -> Result<Vec<String>> {
        let damaged = self.damaged();
        let schema = self.reader.schema().map_err(damaged)?;
        Ok(schema.iter_names().map(ToString::to_string).collect())
    }
}

/// What the footer of a part says.
pub(super) fn footer_of(path: &Path) -> Result<Vec<(String, String)>> {
    Opened::at(path)?.footer()
}

/// The names of a part's columns, in order.
pub(super) fn column_names(path: &Path) -> Result<Vec<String>> {
    Opened::at(path)?.names()
}

/// The columns of a part whose names are wanted, all rows.
pub(super) fn read_where(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<DataFrame> {
    let mut opened = Opened::at(path)?;
    let names = opened.names()?.into_iter().filter(|name| wanted(name)).collect();
    let damaged = opened.damaged();
    opened.reader.with_columns(Some(names)).finish().map_err(damaged)
}

/// Writes the rows of the part at `from` for which `keep` is true.
pub(super) fn shrink(from: &Path, to: &Path, keep: &[bool]) -> Result<()> {
    let mut opened = Opened::at(from)?;
    let damaged = opened.damaged();
    let footer = opened.footer()?;
    let frame = opened.reader.finish().map_err(&damaged)?;
    if frame.height() != keep.len() {
        return Err(Error::LakeDamaged {
            path: from.to_owned(),
            reason: format!("{} rows where its list has {}", frame.height(), keep.len()),
        });
    }
    let keep = BooleanChunked::from_slice(PlSmallStr::EMPTY, keep);
    write(to, &mut frame.filter(&keep).map_err(damaged)?, &footer)
}

/// Casts all columns to text, as the module doc explains.
pub(super) fn as_text(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let columns = frame.columns().iter().map(|column| {
        if *column.dtype() == DataType::String {
            return Ok(column.clone());
        }
        let mut texts = StringChunkedBuilder::new(column.name().clone(), column.len());
        for row in 0..column.len() {
            match column.get(row)? {
                AnyValue::Null => texts.append_null(),
                value => texts.append_value(crate::sink::cell(value, column.dtype()).as_ref()),
            }
        }
        Ok(texts.finish().into_column())
    });
    DataFrame::new(frame.height(), columns.collect::<PolarsResult<_>>()?)
}

/// For each row a hash of its non-empty cells with their column names, independent of column order, and the row's length in bytes.
pub(super) fn contents(frame: &DataFrame) -> PolarsResult<Vec<(u64, usize)>> {
    let mut contents = vec![(0u64, 0usize); frame.height()];
    let mut columns: Vec<&Column> = frame.columns().iter().collect();
    columns.sort_by_key(|column| column.name().as_str());
    for column in columns {
        for ((hash, length), cell) in contents.iter_mut().zip(column.str()?.iter()) {
            if let Some(cell) = cell {
                *hash = source::with_cell(*hash, column.name(), cell);
                *length += cell.len();
            }
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_is_filled_whatever_the_order_of_columns() {
        let a = df!("x" => ["1", "2"], "y" => [Some("a"), None]).unwrap();
        let b = df!("y" => [Some("a"), None], "z" => [None::<&str>, None], "x" => ["1", "3"]).unwrap();
        let (a, b) = (contents(&a).unwrap(), contents(&b).unwrap());
        assert_eq!((a[0], a[0].1), (b[0], 2));
        assert_ne!(a[1], b[1]);
        // A value that moves to another column changes the content.
        let c = df!("x" => ["a"], "y" => ["1"]).unwrap();
        assert_ne!(contents(&c).unwrap()[0], a[0]);
    }

    #[test]
    fn a_shrunk_part_keeps_types_and_footer() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["a", "b"].map(|name| dir.path().join(name));
        let kind = DataType::from_categories(Categories::global());
        let mut frame = df!("n" => [1i64, 2, 3], "k" => ["u", "v", "u"]).unwrap();
        frame.apply("k", |column| column.cast(&kind).unwrap()).unwrap();
        let footer = vec![("undertone.model".to_owned(), "m 1".to_owned())];
        write(&from, &mut frame, &footer).unwrap();
        shrink(&from, &to, &[true, false, true]).unwrap();
        let mut reader = ParquetReader::new(File::open(&to).unwrap());
        let metadata = Arc::clone(reader.get_metadata().unwrap());
        let pairs = metadata.key_value_metadata().as_ref().unwrap();
        assert!(pairs.iter().any(|pair| pair.key == "undertone.model"));
        let small = reader.finish().unwrap();
        assert_eq!(small.schema(), frame.schema());
        assert_eq!(small.height(), 2);
        assert!(shrink(&from, &to, &[true]).unwrap_err().to_string().contains("3 rows"));
    }
}
