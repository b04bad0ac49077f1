//! Documents that hold a table column by column: `{"id": [1, 2], "comment": ["a", "b"]}`, or an object by row number for each column, as pandas writes.

use std::io::Write;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::source::input::{Bytes, Input};
use crate::source::spool::spooling;

/// The whole document is in memory while its rows are put together; a larger one is refused.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Writes the rows of the document, one object a line, to a temporary file, and reads that in place of the document.
pub(super) fn by_rows(input: &mut Input, decoded: Bytes) -> Result<()> {
    use std::io::Read;
    let mut text = Vec::new();
    decoded
        .take(LARGEST + 1)
        .read_to_end(&mut text)
        .map_err(|source| input.failed(source))?;
    if text.len() as u64 > LARGEST {
        return Err(Error::JsonColumns {
            file: input.name.to_string(),
            limit: LARGEST / 1024 / 1024,
        });
    }
    let damaged = |problem: serde_json::Error| Error::Damaged {
        file: input.name.to_string(),
        what: "JSON",
        detail: problem.to_string(),
    };
    let columns: Map<String, Value> = serde_json::from_slice(&text).map_err(damaged)?;
    drop(text);
    let mut file = std::io::BufWriter::new(tempfile::tempfile().map_err(spooling)?);
    for row in rows(columns) {
        serde_json::to_writer(&mut file, &row).map_err(|problem| spooling(problem.into()))?;
        file.write_all(b"\n").map_err(spooling)?;
    }
    let file = file.into_inner().map_err(|end| spooling(end.into_error()))?;
    input.replace(file)
}

/// The rows, in the order in which the first column that has them names them; what a column does not hold of a row is null.
fn rows(mut columns: Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for column in columns.values() {
        let own: Vec<String> = match column {
            Value::Array(values) => (0..values.len()).map(|n| n.to_string()).collect(),
            Value::Object(values) => values.keys().cloned().collect(),
            _ => Vec::new(),
        };
        names.extend(own.into_iter().filter(|name| known.insert(name.clone())));
    }
    let mut rows: Vec<Map<String, Value>> = names.iter().map(|_| Map::new()).collect();
    for (name, column) in std::mem::take(&mut columns) {
        match column {
            Value::Array(values) => {
                for (row, value) in rows.iter_mut().zip(values) {
                    row.insert(name.clone(), value);
                }
            }
            Value::Object(mut values) => {
                for (row, at) in rows.iter_mut().zip(&names) {
                    row.insert(name.clone(), values.remove(at).unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_from_columns() {
        let told = |json: &str| {
            let rows = rows(serde_json::from_str(json).unwrap());
            rows.into_iter()
                .map(|row| Value::Object(row).to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told(r#"{"a":[1,2],"b":["x",null]}"#),
            [r#"{"a":1,"b":"x"}"#, r#"{"a":2,"b":null}"#]
        );
        assert_eq!(
            told(r#"{"a":{"7":1,"9":2},"b":{"9":"x"}}"#),
            [r#"{"a":1,"b":null}"#, r#"{"a":2,"b":"x"}"#]
        );
    }
}
