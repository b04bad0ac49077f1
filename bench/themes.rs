//! `cargo bench --bench themes -- find FOLDER NAME [THEMES]`: finds the themes of `FOLDER/NAME.jsonl` (fields `text` and `lang`) and writes
//! `FOLDER/NAME.found.json`: for each row its theme id or null, for fits on all rows and on two random 90 %. Computes `FOLDER/NAME.npy` (embeddings)
//! first if it is missing. `-- scale ROWS...`: fits and assigns that many units with synthetic embeddings, and prints time and peak memory.
//! `bench/themes` runs the first and compares it with BERTopic.

#![allow(clippy::print_stdout)] // printing is what it is for

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Value, json};
use undertone::model::{self, Engine, Passage, Quality};
use undertone::text;
use undertone::theme::{Sample, Themes, Titles, Unit, Wish, discover};
use xxhash_rust::xxh3::xxh3_64_with_seed;

type Answer<T> = Result<T, Box<dyn Error>>;

/// Length of the synthetic embeddings: that of the base model.
const WIDTH: usize = 384;
/// Number of texts that the synthetic embeddings are perturbations of.
const MEANINGS: u64 = 300;

fn main() -> Answer<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["find", folder, name] => find(Path::new(folder), name, None),
        ["find", folder, name, themes] => find(Path::new(folder), name, Some(themes.parse()?)),
        ["scale", ref rows @ ..] if !rows.is_empty() => rows.iter().try_for_each(|rows| scale(rows.parse()?)),
        _ => Err("write: find FOLDER NAME [THEMES], or scale ROWS...".into()),
    }
}

/// A text, its language and its embedding.
struct Row {
    text: String,
    language: String,
    embedding: Vec<f32>,
}

impl Row {
    fn unit(&self) -> Unit<'_> {
        Unit {
            text: &self.text,
            language: &self.language,
            embedding: &self.embedding,
            targets: &[],
            polarity: [0.0, 1.0, 0.0, 0.0],
        }
    }
}

fn find(folder: &Path, name: &str, themes: Option<usize>) -> Answer<()> {
    let rows = rows(folder, name)?;
    let wish = Wish {
        themes,
        none_below: None,
    };
    let started = (Instant::now(), cpu());
    let (found, all) = assigned(&rows, |_| true, &wish)?;
    let (seconds, cpu_seconds) = (started.0.elapsed().as_secs_f64(), cpu() - started.1);
    let kept = |half: u64| move |row: usize| !xxh3_64_with_seed(&(row as u64).to_le_bytes(), half).is_multiple_of(10);
    let halves = [assigned(&rows, kept(1), &wish)?, assigned(&rows, kept(2), &wish)?];
    let again = assigned(&rows, |_| true, &wish)?;
    let words: Vec<Vec<String>> = found
        .themes
        .iter()
        .map(|theme| theme.phrases.values().flatten().take(10).cloned().collect())
        .collect();
    let report = json!({
        "assigned": all,
        "halves": halves.map(|(_, ids)| ids),
        "labels": found.themes.iter().map(|t| (t.id.clone(), json!([t.label, t.size]))).collect::<serde_json::Map<_, _>>(),
        "words": words,
        "identical": again.0.to_json()? == found.to_json()?,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak_mb(),
    });
    fs::write(folder.join(format!("{name}.found.json")), report.to_string())?;
    println!(
        "{name}: {} themes, {seconds:.1} s, {cpu_seconds:.1} s of processor time",
        found.themes.len()
    );
    Ok(())
}

/// Themes found in some of the rows, and the theme id of each of these rows; null for rows without a theme and for excluded rows.
fn assigned(rows: &[Row], within: impl Fn(usize) -> bool + Sync, wish: &Wish) -> Answer<(Themes, Vec<Value>)> {
    let mut sample = Sample::default();
    rows.iter()
        .enumerate()
        .filter(|(at, _)| within(*at))
        .for_each(|(_, row)| sample.add(&row.unit()));
    let themes = discover(&sample, &Titles::default(), wish, "bench")?;
    let id = |(at, row): (usize, &Row)| {
        let placed = within(at).then(|| themes.place(&row.unit())).flatten();
        placed.map_or(Value::Null, |placed| json!(themes.themes[placed.theme].id))
    };
    let ids = rows.par_iter().enumerate().map(id).collect();
    Ok((themes, ids))
}

fn rows(folder: &Path, name: &str) -> Answer<Vec<Row>> {
    let lines = fs::read_to_string(folder.join(format!("{name}.jsonl")))?;
    let records: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let field = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let texts: Vec<String> = records.iter().map(|record| field(record, "text")).collect();
    let file = folder.join(format!("{name}.npy"));
    if !file.exists() {
        write_array(&file, &embeddings(&texts)?)?;
    }
    let embeddings = read_array(&file)?;
    let rows = texts.into_iter().zip(&records).zip(embeddings);
    Ok(rows
        .map(|((text, record), embedding)| Row {
            text,
            language: field(record, "lang"),
            embedding,
        })
        .collect())
}

/// Embeddings of whole texts by the shipped model.
fn embeddings(texts: &[String]) -> Answer<Vec<Vec<f32>>> {
    let engine = model::base(Quality::default())?;
    let cleaned: Vec<text::Clean> = texts.iter().map(|text| text::clean(text)).collect();
    let passages: Vec<Passage<'_>> = cleaned.iter().map(|clean| Passage::from(clean.text())).collect();
    let mut all = Vec::new();
    for chunk in passages.chunks(512) {
        all.extend(engine.score(chunk)?.into_iter().map(|scores| scores.embedding));
    }
    match all.first() {
        Some(first) if first.is_empty() => Err("the model has no embedding head".into()),
        _ => Ok(all),
    }
}

/// Reads a two-dimensional array of `<f4` in NumPy's format, version 1.
fn read_array(file: &Path) -> Answer<Vec<Vec<f32>>> {
    let bytes = fs::read(file)?;
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length])?;
    let shape = header
        .split('(')
        .nth(1)
        .and_then(|rest| rest.split(')').next())
        .ok_or("no shape")?;
    let width: usize = shape.split(',').nth(1).ok_or("one dimension only")?.trim().parse()?;
    let figures: Vec<f32> = bytes[10 + length..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    Ok(figures.chunks_exact(width).map(<[f32]>::to_vec).collect())
}

fn write_array(file: &Path, rows: &[Vec<f32>]) -> Answer<()> {
    let width = rows.first().map_or(0, Vec::len);
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}",
        rows.len()
    );
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = std::io::BufWriter::new(fs::File::create(file)?);
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&u16::try_from(header.len())?.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for figure in rows.iter().flatten() {
        out.write_all(&figure.to_le_bytes())?;
    }
    Ok(out.flush()?)
}

/// Fits and assigns `rows` units one after the other, as a run does: only the sample is kept.
fn scale(rows: u64) -> Answer<()> {
    const BATCH: u64 = 4096;
    let batches = |row: u64| {
        (row..rows.min(row + BATCH))
            .into_par_iter()
            .map(made_up)
            .collect::<Vec<Row>>()
    };
    let made = Instant::now();
    (0..rows).step_by(BATCH as usize).for_each(|row| drop(batches(row)));
    let making = made.elapsed();
    let mut sample = Sample::default();
    let started = Instant::now();
    for row in (0..rows).step_by(BATCH as usize) {
        batches(row).iter().for_each(|row| sample.add(&row.unit()));
    }
    let sampled = started.elapsed();
    let themes = discover(&sample, &Titles::default(), &Wish::default(), "bench")?;
    let fitted = started.elapsed();
    let mut none = 0;
    for row in (0..rows).step_by(BATCH as usize) {
        let batch = batches(row);
        let placed: Vec<bool> = batch
            .par_iter()
            .map(|row| themes.place(&row.unit()).is_some())
            .collect();
        none += placed.iter().filter(|placed| !**placed).count();
    }
    let assigned = started.elapsed();
    // Subtracts the time of generating the units, measured separately.
    let [sampling, fitting, assigning] = [
        sampled.saturating_sub(making),
        fitted - sampled,
        (assigned - fitted).saturating_sub(making),
    ];
    println!(
        "{rows:>8} units: sample {:.1} s, fit {:.1} s, assign {:.1} s, together {:.1} s; {} themes, {:.1} % none, peak {:.0} MB",
        sampling.as_secs_f64(),
        fitting.as_secs_f64(),
        assigning.as_secs_f64(),
        (sampling + fitting + assigning).as_secs_f64(),
        themes.themes.len(),
        100.0 * none as f64 / rows as f64,
        peak_mb(),
    );
    Ok(())
}

/// One of a few hundred meanings in one of ten languages, perturbed.
fn made_up(row: u64) -> Row {
    let figure = |of: u64, at: u64| (xxh3_64_with_seed(&at.to_le_bytes(), of) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let meaning = xxh3_64_with_seed(&row.to_le_bytes(), 1) % MEANINGS;
    let language = xxh3_64_with_seed(&row.to_le_bytes(), 2) % 10;
    let mut embedding: Vec<f32> = (0..WIDTH as u64)
        .map(|at| figure(meaning, at) + 0.3 * figure(1000 + language, at) + 0.8 * figure(5000 + row, at))
        .collect();
    let length = embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
    embedding.iter_mut().for_each(|x| *x /= length);
    Row {
        text: format!("meaning {meaning} words {row}"),
        language: format!("l{language}"),
        embedding,
    }
}

/// Processor time so far in seconds, all threads.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or_default()
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak memory so far, in MB.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<f64>().ok())
        .unwrap_or_default()
        / 1000.0
}
