//! Reads rows again that were read before and stand in the parts of a lake: all their columns are text there.

use std::sync::Arc;

use polars::prelude::*;

use super::mapping::Mapped;
use super::place::Place;
use super::{Batch, SourceOptions, column, join};

/// The cells of a column, or of a member of nested ones in it.
pub(crate) fn cells(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<String>>> {
    Place::of(name, frame.schema()).values(frame)
}

/// Whether a frame has a column, or the one that a member is in.
pub(crate) fn has_column(frame: &DataFrame, name: &str) -> bool {
    frame.schema().contains(Place::of(name, frame.schema()).column())
}

/// The comments in these columns.
pub(crate) fn comments(frame: &DataFrame, columns: &[String]) -> PolarsResult<Vec<Option<String>>> {
    let mut texts = vec![None; frame.height()];
    for name in columns {
        for (whole, part) in texts.iter_mut().zip(cells(frame, name)?) {
            join(whole, part);
        }
    }
    Ok(texts)
}

/// The columns that make up the comments of a frame, found as in a file; none where that cannot be told.
pub(crate) fn comment_columns(frame: &DataFrame, options: &SourceOptions) -> Vec<String> {
    let names: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
    if !options.text.is_empty() {
        let named = options.text.iter().filter(|name| has_column(frame, name));
        return named.cloned().collect();
    }
    if let Some(preset) = options.preset.of(&names)
        && !preset.questions
    {
        let found = preset.text.iter().filter_map(|wanted| wanted.among(&names));
        return found.map(str::to_owned).collect();
    }
    column::single(frame).into_iter().collect()
}

/// The column in which the preset that knows these names has the row's id.
pub(crate) fn preset_id(names: &[&str], options: &SourceOptions) -> Option<String> {
    let preset = options.preset.of(names)?;
    preset.id.as_ref()?.among(names).map(str::to_owned)
}

impl Batch {
    /// Rows of one file that stand in a lake. Where the answers of a survey were read one by one, a row's id ends with the column of its answer.
    pub(crate) fn stored(
        columns: DataFrame,
        source: &str,
        rows: Vec<u64>,
        text: &[String],
        ids: Vec<String>,
    ) -> PolarsResult<Self> {
        let mut texts = comments(&columns, text)?;
        for name in text.iter().filter(|_| text.len() > 1) {
            let end = format!("#{name}");
            for ((whole, answer), id) in texts.iter_mut().zip(cells(&columns, name)?).zip(&ids) {
                if id.ends_with(&end) {
                    *whole = answer;
                }
            }
        }
        Ok(Self {
            texts,
            mapped: Mapped::nulls(rows.len()),
            columns,
            source: Arc::from(source),
            rows,
            rejects: Vec::new(),
            text_columns: text.to_vec().into(),
            ids: Some(ids.into_iter().map(Some).collect()),
        })
    }
}
