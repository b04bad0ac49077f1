//! `cargo bench --bench taxonomy -- LABELLED_DIR [--fit] [--model DIR]`: accuracy of touchpoints on public sets whose labels translate into
//! touchpoints (`data/taxonomy/labelled.toml`), and on the sample comments. `--fit` first fits the weights on the rows for fitting and writes
//! `data/taxonomy/calibration.toml`. Prints the tables of `bench/taxonomy.md`.

#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use undertone::model::{self, Engine, Native, Passage, Quality};
use undertone::text::{clean, language, units};
use undertone::theme::taxonomy::{Calibration, Evidence, FEATURES, Matcher, Taxonomy, Touch, Weights};
use xxhash_rust::xxh3::xxh3_64;

/// Maximum number of texts of one entry and purpose, evenly over its languages.
const TEXTS: usize = 600;
/// Assumed share of touchpoints that a comment is about, for fitting and calibration: one or two of eleven. The labelled sets were made around a few
/// touchpoints each; their own share, over a third, would predict touchpoints everywhere.
const PRIOR: f64 = 0.15;

#[derive(serde::Deserialize)]
struct Mapping {
    sets: Vec<Entry>,
}

/// One `[[sets]]` of the mapping.
#[derive(serde::Deserialize)]
struct Entry {
    name: String,
    domain: Option<String>,
    field: String,
    fit: String,
    report: String,
    judged: Vec<String>,
    is: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    maybe: BTreeMap<String, Vec<String>>,
}

/// A labelled text: for each evaluated touchpoint whether it is about it, if its labels say so.
struct Labelled {
    text: String,
    lang: String,
    set: String,
    for_fit: bool,
    about: Vec<(usize, bool)>,
}

/// One decision: a text and a touchpoint.
struct Judgement {
    touchpoint: usize,
    lang: String,
    set: String,
    right: bool,
    for_fit: bool,
    evidence: Evidence,
    p_both: f32,
    p_phrases: f32,
}

fn matches(pattern: &str, label: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(label))
}

impl Entry {
    fn labels(&self, row: &serde_json::Value) -> Vec<String> {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        match self.field.as_str() {
            "label" => text(&row["label"]).into_iter().collect(),
            "topics" => list(&row["topics"]).iter().filter_map(text).collect(),
            _ => list(&row["aspects"])
                .iter()
                .filter_map(|aspect| text(&aspect["category"]))
                .collect(),
        }
    }

    /// Whether a row with these labels is about a touchpoint; none if they do not say.
    fn about(&self, touchpoint: &str, labels: &[String]) -> Option<bool> {
        let any = |patterns: Option<&Vec<String>>| {
            let patterns = patterns.map(Vec::as_slice).unwrap_or_default();
            patterns
                .iter()
                .any(|pattern| labels.iter().any(|label| matches(pattern, label)))
        };
        if labels.is_empty() {
            None
        } else if any(self.is.get(touchpoint)) {
            Some(true)
        } else {
            (!any(self.maybe.get(touchpoint))).then_some(false)
        }
    }

    /// Purpose of a row: fitting (true), report (false) or none.
    fn purpose(&self, row: &serde_json::Value, hash: u64) -> Option<bool> {
        let half = if hash.is_multiple_of(2) { "even" } else { "odd" };
        let is = |wanted: &str| wanted == half || row["split"].as_str() == Some(wanted);
        if is(&self.fit) {
            Some(true)
        } else {
            is(&self.report).then_some(false)
        }
    }
}

/// The texts of one entry, evenly over languages and purposes, in the order of their hashes.
fn read(entry: &Entry, folder: &Path, ids: &[String]) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let file = File::open(folder.join(format!("{}.jsonl.gz", entry.name)))?;
    let mut pools: BTreeMap<(String, bool), Vec<(u64, Labelled)>> = BTreeMap::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(file)).lines() {
        let row: serde_json::Value = serde_json::from_str(&line?)?;
        if entry.domain.is_some() && entry.domain.as_deref() != row["domain"].as_str() {
            continue;
        }
        let labels = entry.labels(&row);
        let about: Vec<(usize, bool)> = entry
            .judged
            .iter()
            .filter_map(|touchpoint| {
                Some((
                    ids.iter().position(|id| id == touchpoint)?,
                    entry.about(touchpoint, &labels)?,
                ))
            })
            .collect();
        let (text, lang) = (
            row["text"].as_str().unwrap_or_default(),
            row["lang"].as_str().unwrap_or_default(),
        );
        let hash = xxh3_64(text.as_bytes());
        if let (Some(for_fit), false) = (entry.purpose(&row, hash), about.is_empty()) {
            let labelled = Labelled {
                text: clean(text).text().to_owned(),
                lang: lang.to_owned(),
                set: entry.name.clone(),
                for_fit,
                about,
            };
            pools
                .entry((lang.to_owned(), for_fit))
                .or_default()
                .push((hash / 2, labelled));
        }
    }
    let languages: BTreeSet<&str> = pools.keys().map(|(lang, _)| lang.as_str()).collect();
    let texts = TEXTS / languages.len().max(1);
    Ok(pools
        .into_values()
        .flat_map(|mut pool| {
            pool.sort_by_key(|(hash, _)| *hash);
            pool.into_iter().take(texts).map(|(_, labelled)| labelled)
        })
        .collect())
}

fn judge(texts: &[Labelled], matcher: &Matcher, engine: &dyn Engine) -> Result<Vec<Judgement>, Box<dyn Error>> {
    let passages: Vec<Passage<'_>> = texts.iter().map(|labelled| labelled.text.as_str().into()).collect();
    let mut judgements = Vec::new();
    for (labelled, scores) in texts.iter().zip(engine.score(&passages)?) {
        let evidence = matcher.evidence(&labelled.text, &scores.embedding);
        let both = matcher.probabilities(&labelled.text, &scores.embedding);
        let phrases = matcher.probabilities(&labelled.text, &[]);
        judgements.extend(labelled.about.iter().map(|&(touchpoint, right)| Judgement {
            touchpoint,
            lang: labelled.lang.clone(),
            set: labelled.set.clone(),
            right,
            for_fit: labelled.for_fit,
            evidence: evidence[touchpoint],
            p_both: both[touchpoint],
            p_phrases: phrases[touchpoint],
        }));
    }
    Ok(judgements)
}

/// Fits a logistic regression on the first `features` features by Newton's method with a small ridge; the other weights are 0. A decision weighs one
/// over the root of the number of decisions of its set, language and touchpoint, so that no large set dominates.
fn fit(judgements: &[Judgement], features: usize) -> Weights {
    let mut sizes: BTreeMap<(&str, &str, usize), f64> = BTreeMap::new();
    let rows: Vec<&Judgement> = judgements.iter().filter(|j| j.for_fit).collect();
    for j in &rows {
        *sizes.entry((&j.set, &j.lang, j.touchpoint)).or_default() += 1.0;
    }
    let size = |j: &Judgement| 1.0 / sizes[&(j.set.as_str(), j.lang.as_str(), j.touchpoint)].sqrt();
    let shares = shares(&rows, size);
    let weight = |j: &Judgement| size(j) * shares[usize::from(j.right)];
    let mut weights: Weights = [0.0; FEATURES];
    for _ in 0..50 {
        let mut gradient = [0.0; FEATURES];
        let mut curvature = [[0.0; FEATURES]; FEATURES];
        for j in &rows {
            let x = j.evidence.features();
            let logit: f64 = x.iter().zip(weights).take(features).map(|(x, w)| x * w).sum();
            let p = 1.0 / (1.0 + (-logit).exp());
            let w = weight(j);
            for a in 0..features {
                gradient[a] += w * (f64::from(u8::from(j.right)) - p) * x[a];
                for b in 0..features {
                    curvature[a][b] += w * p * (1.0 - p) * x[a] * x[b];
                }
            }
        }
        for a in 0..features {
            gradient[a] -= 0.01 * weights[a];
            curvature[a][a] += 0.01;
        }
        let step = solve(curvature, gradient, features);
        weights.iter_mut().zip(step).for_each(|(w, s)| *w += s);
        if step.iter().all(|s| s.abs() < 1e-9) {
            break;
        }
    }
    weights.map(|w| (w * 1e4).round() / 1e4)
}

/// The probability threshold, in steps of 0.05, with the best F1, with positives at their share [`PRIOR`].
fn best_threshold(judgements: &[Judgement]) -> f32 {
    let rows: Vec<&Judgement> = judgements.iter().filter(|j| j.for_fit).collect();
    let shares = shares(&rows, |_| 1.0);
    let f1 = |threshold: f32| {
        let (mut told, mut both) = (0.0, 0.0);
        for j in rows.iter().filter(|j| j.p_both >= threshold) {
            let weight = shares[usize::from(j.right)];
            told += weight;
            both += if j.right { weight } else { 0.0 };
        }
        2.0 * both / (told + PRIOR * rows.len() as f64)
    };
    let steps = (4..=14).map(|step| step as f32 * 0.05);
    steps
        .max_by(|one, other| f1(*one).total_cmp(&f1(*other)))
        .unwrap_or(0.5)
}

/// Factors for the weights of negatives and positives that give positives the share [`PRIOR`].
fn shares(rows: &[&Judgement], weight: impl Fn(&Judgement) -> f64) -> [f64; 2] {
    let mut sums = [0.0; 2];
    rows.iter().for_each(|j| sums[usize::from(j.right)] += weight(j));
    let all = sums[0] + sums[1];
    [(1.0 - PRIOR) * all / sums[0], PRIOR * all / sums[1]]
}

/// Solves `a x = b` for the first `n` unknowns by elimination; `a` is positive definite.
fn solve(mut a: [[f64; FEATURES]; FEATURES], mut b: [f64; FEATURES], n: usize) -> [f64; FEATURES] {
    for pivot in 0..n {
        for row in pivot + 1..n {
            let factor = a[row][pivot] / a[pivot][pivot];
            let above = a[pivot];
            for (value, above) in a[row].iter_mut().zip(above).take(n).skip(pivot) {
                *value -= factor * above;
            }
            b[row] -= factor * b[pivot];
        }
    }
    let mut x = [0.0; FEATURES];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| a[row][column] * x[column]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    x
}

/// Counts of right and wrong decisions.
#[derive(Default)]
struct Counts {
    texts: u32,
    about: u32,
    told: u32,
    both: u32,
}

impl Counts {
    fn add(&mut self, right: bool, told: bool) {
        self.texts += 1;
        self.about += u32::from(right);
        self.told += u32::from(told);
        self.both += u32::from(right && told);
    }

    fn row(&self) -> String {
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        let (precision, recall) = (share(self.both, self.told), share(self.both, self.about));
        let f1 = share(2 * self.both, self.told + self.about);
        format!(
            "{} | {} | {precision:.2} | {recall:.2} | {f1:.2} |",
            self.texts, self.about
        )
    }
}

fn table<K: Ord + std::fmt::Display>(
    title: &str,
    judgements: &[Judgement],
    key: impl Fn(&Judgement) -> K,
    p: impl Fn(&Judgement) -> f32,
    threshold: f32,
) {
    let mut counts: BTreeMap<K, Counts> = BTreeMap::new();
    for j in judgements.iter().filter(|j| !j.for_fit) {
        counts.entry(key(j)).or_default().add(j.right, p(j) >= threshold);
    }
    println!("\n| {title} | texts | about it | precision | recall | F1 |\n|---|---|---|---|---|---|");
    for (key, counts) in counts {
        println!("| {key} | {}", counts.row());
    }
}

/// Expected calibration error over ten equal-width bins.
fn calibration_error(judgements: &[Judgement], p: impl Fn(&Judgement) -> f32) -> f64 {
    let rows: Vec<&Judgement> = judgements.iter().filter(|j| !j.for_fit).collect();
    let shares = shares(&rows, |_| 1.0);
    let mut bins = [(0.0_f64, 0.0_f64, 0.0_f64); 10];
    for j in rows {
        let (bin, weight) = (&mut bins[((p(j) * 10.0) as usize).min(9)], shares[usize::from(j.right)]);
        bin.0 += weight;
        bin.1 += weight * f64::from(p(j));
        bin.2 += weight * f64::from(u8::from(j.right));
    }
    let all: f64 = bins.iter().map(|bin| bin.0).sum();
    bins.iter().map(|bin| (bin.1 - bin.2).abs()).sum::<f64>() / all
}

/// How often the strongest touchpoint of a sample comment is the one its author intended.
fn samples(matcher: &Matcher, engine: &dyn Engine, ids: &[String]) -> Result<(), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path("data/samples/feedback.csv")?;
    let rows: Vec<(String, String, String)> = reader
        .records()
        .map(|row| row.map(|row| (row[3].to_owned(), row[4].to_owned(), clean(&row[6]).text().to_owned())))
        .collect::<Result<_, _>>()?;
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(_, lang, text)| !lang.is_empty() && !text.is_empty())
        .collect();
    let spans: Vec<_> = rows
        .iter()
        .map(|(_, _, text)| units(text, language(text).code))
        .collect();
    let passages: Vec<Passage<'_>> = rows
        .iter()
        .zip(&spans)
        .map(|((_, _, text), spans)| Passage { text, spans })
        .collect();
    let mut by: BTreeMap<(u8, &str), [u32; 4]> = BTreeMap::new();
    for ((gold, lang, text), (spans, scores)) in rows.iter().zip(spans.iter().zip(engine.score(&passages)?)) {
        // As in `tag`: each opinion unit separately, then each touchpoint with the probability of its most likely mention.
        let parts = spans.iter().zip(&scores.spans);
        let mut touches: Vec<Touch> = parts
            .flat_map(|(span, scores)| matcher.touches(&text[span.clone()], &scores.embedding))
            .collect();
        touches.sort_by(|one, other| other.p.total_cmp(&one.p));
        let is = |theme: usize| u32::from(ids[theme] == *gold);
        let first = touches.first().map_or(0, |touch| is(touch.theme));
        let any = touches.iter().map(|touch| is(touch.theme)).max().unwrap_or_default();
        for key in [(0, lang.as_str()), (1, gold.as_str()), (2, "all")] {
            let counts = by.entry(key).or_default();
            let adds = [1, u32::from(!touches.is_empty()), first, any];
            counts.iter_mut().zip(adds).for_each(|(count, add)| *count += add);
        }
    }
    println!(
        "\n| sample comments | rows | with a touchpoint | strongest agrees, of these | strongest agrees, of all | any agrees, of all |\n|---|---|---|---|---|---|"
    );
    for ((_, key), [rows, told, first, any]) in by {
        let share = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole.max(1));
        println!(
            "| {key} | {rows} | {:.0} % | {:.0} % | {:.0} % | {:.0} % |",
            share(told, rows),
            share(first, told),
            share(first, rows),
            share(any, rows)
        );
    }
    Ok(())
}

fn engine(folder: Option<&String>) -> Result<Native, Box<dyn Error>> {
    let Some(folder) = folder.map(Path::new) else {
        return Ok(model::base(Quality::Best)?);
    };
    let read = |name: &str| std::fs::read(folder.join(name));
    let card = String::from_utf8(read("card.toml")?)?;
    let weights = Cow::Owned(read("model.safetensors")?);
    Ok(Native::new(&card, &read("tokenizer.json")?, weights, Quality::Best)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let folder_of_model = arguments
        .iter()
        .position(|a| a == "--model")
        .and_then(|at| arguments.get(at + 1));
    let Some(folder) = arguments
        .iter()
        .find(|a| !a.starts_with('-') && Some(*a) != folder_of_model)
    else {
        return Err("give the folder of labelled sets: cargo bench --bench taxonomy -- LABELLED_DIR".into());
    };
    let taxonomy = Taxonomy::embedded()?;
    let ids: Vec<String> = taxonomy.themes.iter().map(|theme| theme.id.clone()).collect();
    let mapping: Mapping = toml::from_str(&std::fs::read_to_string("data/taxonomy/labelled.toml")?)?;
    let engine = engine(folder_of_model)?;
    let mut calibration = Calibration::embedded()?;
    let mut texts = Vec::new();
    for entry in &mapping.sets {
        texts.extend(read(entry, Path::new(folder), &ids)?);
    }
    let mut matcher = Matcher::with(&taxonomy, &engine, calibration.clone())?;
    let mut judgements = judge(&texts, &matcher, &engine)?;
    if arguments.iter().any(|argument| argument == "--fit") {
        if judgements.iter().any(|j| j.evidence.meaning != 0.0) {
            calibration.both = fit(&judgements, FEATURES);
            calibration.model = format!("{} {}", engine.card().id, engine.fingerprint());
        }
        calibration.phrases = fit(&judgements, FEATURES - 2);
        matcher = Matcher::with(&taxonomy, &engine, calibration.clone())?;
        judgements = judge(&texts, &matcher, &engine)?;
        calibration.threshold = best_threshold(&judgements);
        std::fs::write("data/taxonomy/calibration.toml", calibration.to_toml())?;
        matcher = Matcher::with(&taxonomy, &engine, calibration.clone())?;
    }
    let threshold = calibration.threshold;
    let fitted = judgements.iter().filter(|j| j.for_fit).count();
    println!("model {} {}", engine.card().id, engine.fingerprint());
    println!(
        "{} texts; {fitted} judgements to fit, {} to report; threshold {threshold}",
        texts.len(),
        judgements.len() - fitted
    );
    println!(
        "calibration error: phrases and meaning {:.3}, phrases alone {:.3}",
        calibration_error(&judgements, |j| j.p_both),
        calibration_error(&judgements, |j| j.p_phrases)
    );
    table("phrases alone", &judgements, |_| "all", |j| j.p_phrases, threshold);
    table("phrases and meaning", &judgements, |_| "all", |j| j.p_both, threshold);
    table(
        "touchpoint",
        &judgements,
        |j| ids[j.touchpoint].clone(),
        |j| j.p_both,
        threshold,
    );
    table("language", &judgements, |j| j.lang.clone(), |j| j.p_both, threshold);
    table(
        "touchpoint, language",
        &judgements,
        |j| format!("{} {}", ids[j.touchpoint], j.lang),
        |j| j.p_both,
        threshold,
    );
    table("set", &judgements, |j| j.set.clone(), |j| j.p_both, threshold);
    samples(&matcher, &engine, &ids)
}
