//! The answers of a survey one by one: a row for each question that somebody answered.

use polars::prelude::*;

use super::Batch;
use super::mapping::Mapping;

/// A batch with one row for each answer, in the order of the questions; `answers` has a list of cells for each of the mapping's questions. A row
/// without any answer stays one row. The id of an answer is its row's id, `#`, and the column it stands in, so that it stays when other questions come
/// or go.
pub(super) fn one_by_one(batch: Batch, answers: &[Vec<Option<String>>], mapping: &Mapping) -> PolarsResult<Batch> {
    let filled = |cell: &Option<String>| cell.as_ref().is_some_and(|text| !text.trim().is_empty());
    let mut rows: Vec<IdxSize> = Vec::new();
    let mut asked: Vec<Option<usize>> = Vec::new();
    for row in 0..batch.rows.len() {
        let mut said = (0..answers.len())
            .filter(|question| filled(&answers[*question][row]))
            .peekable();
        if said.peek().is_none() {
            rows.push(row as IdxSize);
            asked.push(None);
        }
        for question in said {
            rows.push(row as IdxSize);
            asked.push(Some(question));
        }
    }
    let ids = batch.ids();
    let columns: Vec<String> = mapping.text.iter().map(|place| place.name()).collect();
    let mut split = batch.take(&rows)?;
    split.texts = rows
        .iter()
        .zip(&asked)
        .map(|(row, question)| answers[(*question)?][*row as usize].clone())
        .collect();
    let id = |(row, question): (&IdxSize, &Option<usize>)| {
        let id = &ids[*row as usize];
        Some(question.map_or_else(|| id.clone(), |question| format!("{id}#{}", columns[question])))
    };
    split.ids = Some(rows.iter().zip(&asked).map(id).collect());
    split.mapped.questions = asked
        .iter()
        .map(|question| question.map(|at| mapping.questions[at].clone()))
        .collect();
    Ok(split)
}
