//! How often are the verdicts right? Input: labelled rows, read as `tag` reads them. Output: a [`Report`] with accuracy, macro-F1, precision, recall,
//! confusion and calibration error, over all rows and by the values of one column. Rows without a usable label are left out and counted.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};
use polars::prelude::*;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::Engine;
use crate::progress::Progress;
use crate::source::{self, SourceOptions};
use crate::tag::{Seconds, Sentiment, TaggedRow, Tagger};

/// Equal-width bins of the confidence, for the expected calibration error (Guo 2017).
const BINS: usize = 15;

/// What to judge.
#[derive(Debug, Clone)]
pub struct Question {
    /// Labelled files.
    pub inputs: Vec<String>,
    /// How to read them.
    pub source: SourceOptions,
    /// Column of the right answers.
    pub label: String,
    /// Column to report by.
    pub by: Option<String>,
    /// Only rows whose column has one of these values; all must hold.
    pub only: Vec<(String, Vec<String>)>,
    /// Choose the likeliest of the three classes, never abstaining and never mixed; rows labelled mixed are left out.
    pub forced: bool,
}

/// Counts of right and wrong answers.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// `confusion[gold][answer]`, classes as in [`Sentiment::ALL`]; the last answer is an abstention.
    confusion: [[u64; 5]; 4],
    /// Per bin of confidence: answers, right answers, sum of confidence.
    bins: [(u64, u64, f64); BINS],
}

impl Tally {
    fn add(&mut self, gold: Sentiment, answer: Option<Sentiment>, confidence: Option<f32>) {
        self.confusion[gold as usize][answer.map_or(4, |a| a as usize)] += 1;
        if let (Some(answer), Some(confidence)) = (answer, confidence) {
            let bin = ((f64::from(confidence) * BINS as f64) as usize).min(BINS - 1);
            let (count, right, sum) = &mut self.bins[bin];
            *count += 1;
            *right += u64::from(answer == gold);
            *sum += f64::from(confidence);
        }
    }

    fn report(&self) -> Figures {
        let rows: u64 = self.confusion.iter().flatten().sum();
        let answered: u64 = rows - self.confusion.iter().map(|row| row[4]).sum::<u64>();
        let right: u64 = (0..4).map(|n| self.confusion[n][n]).sum();
        let classes: Vec<ClassFigures> = Sentiment::ALL
            .into_iter()
            .filter_map(|class| {
                let n = class as usize;
                let support: u64 = self.confusion[n].iter().sum();
                let answers: u64 = self.confusion.iter().map(|row| row[n]).sum();
                let (precision, recall) = (
                    ratio(self.confusion[n][n], answers),
                    ratio(self.confusion[n][n], support),
                );
                let f1 = if precision + recall > 0.0 {
                    2.0 * precision * recall / (precision + recall)
                } else {
                    0.0
                };
                (support > 0).then_some(ClassFigures {
                    class,
                    support,
                    precision,
                    recall,
                    f1,
                })
            })
            .collect();
        let macro_f1 = classes.iter().map(|c| c.f1).sum::<f64>() / classes.len().max(1) as f64;
        let error = self
            .bins
            .iter()
            .map(|&(_, right, sum)| (right as f64 - sum).abs())
            .sum::<f64>();
        let scored: u64 = self.bins.iter().map(|bin| bin.0).sum();
        Figures {
            rows,
            coverage: ratio(answered, rows),
            accuracy: ratio(right, answered),
            macro_f1,
            calibration_error: if scored == 0 { 0.0 } else { error / scored as f64 },
            classes,
            confusion: self.confusion.to_vec(),
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// How well one class is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The class.
    pub class: Sentiment,
    /// Rows labelled with it.
    pub support: u64,
    /// Of the answers with this class, the share that is right, 0..=1.
    pub precision: f64,
    /// Of the rows with this class, the share found, 0..=1.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// The figures of a group of rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Labelled rows.
    pub rows: u64,
    /// Share of them with an answer, 0..=1.
    pub coverage: f64,
    /// Share of the answers that is right, 0..=1.
    pub accuracy: f64,
    /// Mean F1 over the classes that occur in the labels; an abstention counts as a miss.
    pub macro_f1: f64,
    /// Expected calibration error of the likeliest class's probability, over the answers, 0..=1.
    pub calibration_error: f64,
    /// By class.
    pub classes: Vec<ClassFigures>,
    /// `confusion[label][answer]`, both negative, neutral, positive, mixed; the fifth answer is an abstention.
    pub confusion: Vec<[u64; 5]>,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Every judged row.
    pub all: Figures,
    /// By value of the `--by` column.
    pub groups: BTreeMap<String, Figures>,
    /// Mean of the groups' macro-F1, where there are groups.
    pub mean_macro_f1: Option<f64>,
    /// Rows left out: no usable label, or not asked for.
    pub left_out: u64,
}

/// Tags labelled rows and counts how often the answer is the label.
///
/// # Errors
/// When the files cannot be read, a named column is missing, or no row has a usable label.
pub fn eval(question: &Question, engine: &dyn Engine, progress: &Progress) -> Result<Report> {
    let mut source = source::open(&question.inputs, &question.source)?;
    source.require("--label", &question.label)?;
    question.by.iter().try_for_each(|name| source.require("--by", name))?;
    question
        .only
        .iter()
        .try_for_each(|(name, _)| source.require("--where", name))?;
    let mut tagger = Tagger::new(engine);
    let (mut all, mut groups) = (Tally::default(), BTreeMap::<String, Tally>::new());
    let (mut done, mut left_out) = (0, 0);
    while let Some(batch) = source.next().transpose()? {
        let gold = strings(&batch.columns, &question.label)?;
        let by = question
            .by
            .as_ref()
            .map(|column| strings(&batch.columns, column))
            .transpose()?;
        // A forced choice is one of three: a mixed comment has no right answer there.
        let judged = |s: &Sentiment| !(question.forced && *s == Sentiment::Mixed);
        let mut wanted: Vec<Option<Sentiment>> = gold.iter().map(|label| sentiment(label).filter(judged)).collect();
        for (column, values) in &question.only {
            let found = strings(&batch.columns, column)?;
            wanted
                .iter_mut()
                .zip(found)
                .filter(|(_, found)| !values.contains(found))
                .for_each(|(wanted, _)| *wanted = None);
        }
        let chosen: Vec<usize> = (0..wanted.len()).filter(|&n| wanted[n].is_some()).collect();
        left_out += (wanted.len() - chosen.len()) as u64;
        let texts: Vec<Option<String>> = chosen.iter().map(|&n| batch.texts[n].clone()).collect();
        let rows: Vec<u64> = chosen.iter().map(|&n| batch.rows[n]).collect();
        let ids = vec![String::new(); rows.len()];
        let tagged = tagger.tag(&rows, ids, &texts, &mut Seconds::default())?;
        for (&n, row) in chosen.iter().zip(&tagged) {
            let Some(gold) = wanted[n] else { continue };
            let (answer, confidence) = answer(row, question.forced);
            all.add(gold, answer, confidence);
            if let Some(by) = &by {
                groups.entry(by[n].clone()).or_default().add(gold, answer, confidence);
            }
        }
        done += wanted.len() as u64;
        progress.advance(done, source.progress());
    }
    progress.done();
    let all = all.report();
    if all.rows == 0 {
        return Err(Error::NothingToJudge {
            label: question.label.clone(),
            left_out,
        });
    }
    let groups: BTreeMap<String, Figures> = groups
        .iter()
        .map(|(name, tally)| (name.clone(), tally.report()))
        .collect();
    let mean = groups.values().map(|f| f.macro_f1).sum::<f64>() / groups.len().max(1) as f64;
    Ok(Report {
        all,
        mean_macro_f1: (!groups.is_empty()).then_some(mean),
        groups,
        left_out,
    })
}

/// A column as strings, null as the empty one.
fn strings(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    let column = frame.column(name)?;
    let text = column.cast(&DataType::String)?;
    Ok(text
        .str()?
        .iter()
        .map(|value| value.unwrap_or_default().to_owned())
        .collect())
}

fn sentiment(label: &str) -> Option<Sentiment> {
    Sentiment::ALL
        .into_iter()
        .find(|s| s.name().eq_ignore_ascii_case(label.trim()))
}

/// What was answered, and how sure it is.
fn answer(row: &TaggedRow, forced: bool) -> (Option<Sentiment>, Option<f32>) {
    let Some(p) = row.verdict.probabilities else {
        return (None, None);
    };
    let best = (0..3).fold(0, |best, n| if p[n] > p[best] { n } else { best });
    let answer = if forced {
        Some(Sentiment::ALL[best])
    } else {
        row.verdict.sentiment
    };
    // What a probability of mixed would be is not defined, so mixed takes no part in the calibration.
    (answer, (answer != Some(Sentiment::Mixed)).then_some(p[best]))
}

fn table<const N: usize>(header: [&str; N], lines: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    let aligned = |(n, text): (usize, String)| {
        Cell::new(text).set_alignment(if n == 0 {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        })
    };
    table
        .load_style(NOTHING)
        .set_header(header.map(str::to_owned).into_iter().enumerate().map(aligned));
    for line in lines {
        table.add_row(line.into_iter().enumerate().map(aligned));
    }
    table
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let line = |name: &str, figures: &Figures| {
            let share = |x: f64| format!("{:.1} %", 100.0 * x);
            [
                name.to_owned(),
                figures.rows.to_string(),
                share(figures.coverage),
                share(figures.accuracy),
                format!("{:.3}", figures.macro_f1),
                format!("{:.3}", figures.calibration_error),
            ]
        };
        let lines = self
            .groups
            .iter()
            .map(|(name, figures)| line(name, figures))
            .chain([line("all", &self.all)]);
        writeln!(
            f,
            "{}",
            table(
                ["", "rows", "answered", "accuracy", "macro-F1", "calibration error"],
                lines
            )
        )?;
        if let Some(mean) = self.mean_macro_f1 {
            writeln!(f, "mean macro-F1 of the groups: {mean:.3}")?;
        }
        let classes = self.all.classes.iter().map(|c| {
            let row = &self.all.confusion[c.class as usize];
            let figures = [c.precision, c.recall, c.f1].map(|x| format!("{x:.3}"));
            let [precision, recall, f1] = figures;
            let [negative, neutral, positive, mixed, none] = row.map(|n| n.to_string());
            [
                c.class.name().to_owned(),
                c.support.to_string(),
                precision,
                recall,
                f1,
                negative,
                neutral,
                positive,
                mixed,
                none,
            ]
        });
        let header = [
            "label",
            "rows",
            "precision",
            "recall",
            "F1",
            "→ negative",
            "→ neutral",
            "→ positive",
            "→ mixed",
            "→ none",
        ];
        writeln!(f, "\n{}", table(header, classes))?;
        write!(f, "{} rows left out: no usable label, or not asked for", self.left_out)
    }
}
