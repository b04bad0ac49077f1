//! What a ZIP archive holds: a workbook, or one table packed for its way.

use super::archive::{self, Entry, Part};
use super::input::Input;
use super::workbook;
use crate::error::{Error, Result};

/// What is in a ZIP archive.
#[derive(Debug)]
pub(super) enum Zipped {
    Xlsx,
    /// One file that may be a table.
    One(String, Part),
    /// Several of them.
    Many(Vec<String>),
    Unknown,
}

/// Looks into a ZIP archive.
///
/// # Errors
/// For workbooks of a kind that is not read.
pub(super) fn within(input: &mut Input) -> Result<Zipped> {
    const TABLES: [&str; 13] = [
        "csv", "tsv", "tab", "txt", "json", "jsonl", "ndjson", "parquet", "xlsx", "xlsm", "xlsb", "xls", "ods",
    ];
    let Ok(entries) = archive::entries(&mut input.seekable()?) else {
        return Ok(Zipped::Unknown);
    };
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if has(workbook::MAIN) {
        return Ok(Zipped::Xlsx);
    }
    for (name, looks) in [
        ("xl/workbook.bin", "a binary Excel workbook (XLSB)"),
        ("content.xml", "an OpenDocument file (ODS)"),
    ] {
        if has(name) {
            return Err(Error::NotATable {
                file: input.name.to_string(),
                looks,
                cure: "open it in Excel or LibreOffice, and save the sheet as XLSX or CSV (UTF-8)",
            });
        }
    }
    let extension = |entry: &Entry| {
        entry
            .name
            .rsplit_once('.')
            .map(|(_, end)| end.to_lowercase())
            .unwrap_or_default()
    };
    let hidden = |entry: &Entry| {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        name.is_empty() || name.starts_with('.') || entry.name.starts_with("__MACOSX/")
    };
    let tables = entries
        .into_iter()
        .filter(|entry| !hidden(entry) && TABLES.contains(&extension(entry).as_str()));
    let mut tables: Vec<Entry> = tables.collect();
    // A list of terms or a description beside the table is a text.
    if tables.len() > 1 && tables.iter().filter(|entry| extension(entry) != "txt").count() == 1 {
        tables.retain(|entry| extension(entry) != "txt");
    }
    Ok(match tables.as_slice() {
        [] => Zipped::Unknown,
        [one] => {
            archive::part(&mut input.stored()?, one).map_or(Zipped::Unknown, |part| Zipped::One(one.name.clone(), part))
        }
        _ => Zipped::Many(tables.into_iter().map(|entry| entry.name).collect()),
    })
}
