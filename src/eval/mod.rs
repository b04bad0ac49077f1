//! Evaluation on labelled rows, read as `tag` reads them: a [`Report`] with accuracy, macro-F1,
//! precision, recall, confusion, calibration and bootstrap intervals, over all rows and by the values of one column. Rows without a usable label are left out and counted.
//!
//! [`suite`] judges behaviour instead: what a reader of feedback must be able to do, capability by capability.

mod calibration;
mod choices;
mod figures;
mod interval;
mod judge;
mod mapping;
mod ranking;
mod scored;
mod sets;
mod show;
pub mod suite;
mod targets;
mod touchpoints;

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::*;
use serde::{Deserialize, Serialize};

pub use calibration::Bin;
pub use figures::{ClassFigures, Figures, Found, SpanFigures};
pub use ranking::Answered;

use crate::error::{Error, Result};
use crate::find::Topics;
use crate::model::{Engine, Head};
use crate::progress::Progress;
use crate::source::{self, Batch, SourceOptions};
use crate::tag::Tagger;
use judge::{Judge, Tally};
use mapping::Mapping;

/// What the rows are labelled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// negative, neutral, positive or mixed
    Sentiment,
    /// Any number of emotions, or `none`
    Emotion,
    /// complaint, praise, request, question or other
    Intent,
    /// Where along the customer's journey it belongs, or `none`
    Touchpoint,
    /// Any number of signals, or `none`
    Signals,
    /// What is praised or blamed: a JSON list of {"term": ..., "polarity": ...}
    Targets,
}

/// Options of an evaluation.
#[derive(Debug, Clone)]
pub struct Question {
    /// Labelled files.
    pub inputs: Vec<String>,
    /// How to read them.
    pub source: SourceOptions,
    /// Task of the labels.
    pub task: Task,
    /// Column of gold labels.
    pub label: String,
    /// File that maps the labels of the column to ours.
    pub mapping: Option<PathBuf>,
    /// Column to group by.
    pub by: Option<String>,
    /// Row filters: a column and its allowed values; all must hold.
    pub only: Vec<(String, Vec<String>)>,
    /// Of sentiment, choose the likeliest of negative, neutral and positive, never abstaining and never mixed; rows labelled mixed are left out.
    pub forced: bool,
}

/// The evaluated model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelName {
    /// Its name and version.
    pub id: String,
    /// Hash of its files.
    pub fingerprint: String,
}

impl ModelName {
    fn of(engine: &dyn Engine) -> Self {
        Self {
            id: format!("{} {}", engine.card().id, engine.card().version),
            fingerprint: engine.fingerprint().to_owned(),
        }
    }
}

/// Result of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The evaluated task.
    pub task: Task,
    /// The evaluated model.
    pub model: ModelName,
    /// Figures of all evaluated rows.
    pub all: Figures,
    /// Figures by value of the `--by` column.
    pub groups: BTreeMap<String, Figures>,
    /// Mean of the groups' macro-F1, if there are groups.
    pub mean_macro_f1: Option<f64>,
    /// Rows without a usable label, or filtered out.
    pub left_out: u64,
    /// The classes, in the order of the confusion.
    #[serde(skip)]
    classes: Vec<String>,
}

/// Scores labelled rows and compares the results with the labels.
///
/// # Errors
/// When the files cannot be read, a named column is missing, the model has no head for the task, or no row has a usable label.
pub fn eval(question: &Question, engine: &dyn Engine, progress: &Progress) -> Result<Report> {
    let mapping = question.mapping.as_deref().map(Mapping::read).transpose()?;
    match question.task {
        Task::Sentiment => {
            let judge = choices::SentimentJudge::new(engine, mapping, question.forced);
            count(question, engine, progress, judge)
        }
        Task::Intent => {
            let classes = head(engine, "intent")?.labels.clone();
            count(
                question,
                engine,
                progress,
                choices::IntentJudge::new(engine, classes, mapping),
            )
        }
        Task::Emotion => {
            let judge = sets::SetJudge::emotions(engine, head(engine, "emotion")?, mapping);
            count(question, engine, progress, judge)
        }
        Task::Signals => {
            let judge = sets::SetJudge::signals(engine, head(engine, "signals")?, mapping);
            count(question, engine, progress, judge)
        }
        Task::Touchpoint => {
            let topics = Topics::named(None)?;
            let tagger = Tagger::new(engine).telling(topics.subjects(engine)?);
            let judge = touchpoints::TouchpointJudge::new(tagger, mapping);
            count(question, engine, progress, judge)
        }
        Task::Targets => {
            head(engine, "target")?;
            count(question, engine, progress, targets::TargetJudge::new(engine))
        }
    }
}

fn head<'a>(engine: &'a dyn Engine, name: &'static str) -> Result<&'a Head> {
    engine.card().head(name).ok_or_else(|| Error::NoHead {
        model: ModelName::of(engine).id,
        head: name,
    })
}

fn count<J: Judge>(question: &Question, engine: &dyn Engine, progress: &Progress, mut judge: J) -> Result<Report> {
    let mut source = source::open(&question.inputs, &question.source)?;
    source.require("--label", &question.label)?;
    question.by.iter().try_for_each(|name| source.require("--by", name))?;
    let conditions = &question.only;
    conditions
        .iter()
        .try_for_each(|(name, _)| source.require("--where", name))?;

    let (mut all, mut groups) = (Tally::default(), BTreeMap::<String, Tally<J::Key>>::new());
    let (mut done, mut left_out) = (0, 0);
    while let Some(batch) = source.next().transpose()? {
        let cells = strings(&batch.columns, &question.label)?;
        let asked = asked(question, &batch)?;
        let wanted = (0..cells.len()).filter(|&n| asked[n]);
        let (chosen, gold): (Vec<usize>, Vec<J::Gold>) = wanted
            .filter_map(|n| judge.gold(&cells[n]).map(|gold| (n, gold)))
            .unzip();
        left_out += (cells.len() - chosen.len()) as u64;

        let texts: Vec<Option<String>> = chosen.iter().map(|&n| batch.texts[n].clone()).collect();
        let outcomes = judge.outcomes(&texts, &gold)?;
        outcomes.iter().for_each(|outcome| all.add(outcome));
        if let Some(by) = &question.by {
            let by = strings(&batch.columns, by)?;
            let named = chosen.iter().map(|&n| by[n].clone());
            named
                .zip(&outcomes)
                .for_each(|(name, outcome)| groups.entry(name).or_default().add(outcome));
        }
        done += cells.len() as u64;
        progress.advance(done, source.progress());
    }
    progress.done();

    let all = all.figures(&judge);
    if all.rows == 0 {
        return Err(Error::NothingToJudge {
            label: question.label.clone(),
            left_out,
            labels: judge.expects(),
        });
    }
    let groups: BTreeMap<String, Figures> = groups
        .into_iter()
        .map(|(name, tally)| (name, tally.figures(&judge)))
        .collect();
    let mean = groups.values().map(|f| f.macro_f1).sum::<f64>() / groups.len().max(1) as f64;
    Ok(Report {
        task: question.task,
        model: ModelName::of(engine),
        mean_macro_f1: (!groups.is_empty()).then_some(mean),
        classes: judge.classes().to_vec(),
        all,
        groups,
        left_out,
    })
}

/// Marks the rows that meet every condition.
fn asked(question: &Question, batch: &Batch) -> Result<Vec<bool>> {
    let mut asked = vec![true; batch.texts.len()];
    for (column, values) in &question.only {
        let found = strings(&batch.columns, column)?;
        asked
            .iter_mut()
            .zip(found)
            .for_each(|(asked, found)| *asked &= values.contains(&found));
    }
    Ok(asked)
}

/// A column as strings, null as the empty string.
fn strings(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    let column = frame.column(name)?;
    let text = column.cast(&DataType::String)?;
    let values = text.str()?.iter();
    Ok(values.map(|value| value.unwrap_or_default().to_owned()).collect())
}

#[cfg(test)]
mod tests;
