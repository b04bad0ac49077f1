//! Analyses rows of the lake anew that have answers of another model, other themes or other options: their own columns stand in the parts. Where a comment
//! came from, when it was made, its rating and its duplicates stay as they were.

use polars::prelude::*;

use super::known;
use super::manifest::OWN;
use super::part;
use super::report::Report;
use super::stage::{Group, Part, Stage};
use super::sync::SyncRun;
use crate::error::{Error, Result};
use crate::run;
use crate::source::{self, Batch};
use crate::tag::Tagger;

/// Columns that do not come from the model.
const KEPT: [&str; 9] = [
    "source",
    "row",
    "time",
    "rating",
    "rating_scale",
    "channel",
    "question",
    "duplicate_of",
    "dataset",
];

/// Stages every part of other settings anew; parts without comments are left as they are and told.
pub(super) fn retag(run: &SyncRun<'_>, stage: &mut Stage, report: &mut Report) -> Result<()> {
    let other: Vec<(usize, Part)> = stage.parts.iter().cloned().enumerate().collect();
    let other = other
        .into_iter()
        .filter(|(_, part)| !part.staged && part.left() > 0 && part.entry.settings != stage.key);
    let other: Vec<_> = other.collect();
    let (mut done, mut without) = (0, 0);
    for (number, part) in other {
        match again(run, stage, report, number, &part)? {
            Some(group) => {
                done += group.rows.len() as u64;
                stage.stage_again(&part, group)?;
            }
            None => without += part.left(),
        }
        run.progress.advance(done, None);
    }
    report.rows.retagged = done;
    if without > 0 {
        let text = "rows keep their old answers, since the lake does not hold their comments (--drop-original)";
        report.note(run.progress, format!("{without} {text}"));
    }
    Ok(())
}

/// The rows that are left of a part with new answers; none where their comments are not there.
fn again(
    run: &SyncRun<'_>,
    stage: &mut Stage,
    report: &mut Report,
    number: usize,
    part: &Part,
) -> Result<Option<Group>> {
    let path = stage.path_of(part);
    let list = known::read_list(&stage.list_of(part))?;
    let here: Vec<bool> = list
        .iter()
        .map(|(key, _)| stage.known.get(*key).is_some_and(|(_, home)| home as usize == number))
        .collect();
    let frame = part::read_where(&path, |_| true)?;
    if frame.height() != list.len() {
        return Err(Error::LakeDamaged {
            path,
            reason: format!("{} rows where its list in {OWN} has {}", frame.height(), list.len()),
        });
    }
    let frame = frame.filter(&BooleanChunked::from_slice(PlSmallStr::EMPTY, &here))?;
    let rows = list
        .into_iter()
        .zip(here)
        .filter_map(|(row, here)| here.then_some(row))
        .collect();

    let prefix = &run.job.columns.prefix;
    let name = |name: &str| format!("{prefix}{name}");
    let first_of_ours = frame.schema().index_of(&name("source")).unwrap_or(frame.width());
    let names: Vec<PlSmallStr> = frame.get_column_names_owned();
    let original = frame.select(names[..first_of_ours].iter().cloned())?;
    let text = match part.entry.text.iter().all(|name| source::has_column(&original, name)) {
        true if !part.entry.text.is_empty() => part.entry.text.clone(),
        _ => source::comment_columns(&original, &run.job.source),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let cells = |name: String| source::cells(&frame, &name);
    let ids = cells(name("id"))?.into_iter().map(Option::unwrap_or_default).collect();
    let file = cells(name("source"))?.into_iter().flatten().next().unwrap_or_default();
    let numbers = cells(name("row"))?.into_iter();
    let numbers = numbers
        .map(|row| row.and_then(|row| row.parse().ok()).unwrap_or_default())
        .collect();
    let batch = Batch::stored(original.clone(), &file, numbers, &text, ids)?;

    let mut tagger = Tagger::new(run.engine).telling(run.topics.subjects(run.engine)?);
    let mut ours = run::answer(&batch, &mut tagger, run.job, &mut report.summary)?;
    for name in KEPT.map(name) {
        if let (Ok(old), Ok(new)) = (frame.column(&name), ours.column(&name)) {
            let old = old.cast(new.dtype())?;
            ours.with_column(old)?;
        }
    }
    let mut frame = run.job.privacy.without(original, &text);
    frame.hstack_mut(ours.columns())?;
    Ok(Some(Group { frame, rows }))
}
