//! `cargo bench --bench touchpoint -- FIT.jsonl REPORT.jsonl [--write] [--model DIR]`: how the model's head for touchpoints and the default taxonomy go together.
//! Both files hold `text` and `touchpoint` (`none` for none) a line; `models/touchpoints` writes them and calls this. The three weights of `Blend` are
//! fitted on the first by maximum likelihood, and judged on the second beside the head alone; `--write` puts them into `data/taxonomy/calibration.toml`.

#![allow(clippy::print_stdout)] // printing is what it is for

use std::borrow::Cow;
use std::error::Error;
use std::path::Path;

use undertone::model::{self, Engine, Native, Passage, Quality};
use undertone::tag::Touchpoint;
use undertone::text::{clean, language, units};
use undertone::theme::taxonomy::{Blend, Calibration, Matcher, Taxonomy};

const WEIGHTS: usize = 3;
/// Penalty on the distance of the weights from those of the head alone.
const RIDGE: f64 = 1.0;

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    touchpoint: String,
}

/// A text: what head and taxonomy say, and the right class, 0 for none.
struct Said {
    head: Vec<f32>,
    taxonomy: Vec<f32>,
    gold: usize,
}

fn read(path: &str, engine: &dyn Engine, matcher: &Matcher) -> Result<Vec<Said>, Box<dyn Error>> {
    let rows: Vec<Row> = std::fs::read_to_string(path)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let texts: Vec<String> = rows.iter().map(|row| clean(&row.text).text().to_owned()).collect();
    let spans: Vec<_> = texts.iter().map(|text| units(text, language(text).code)).collect();
    let passages: Vec<Passage<'_>> = texts
        .iter()
        .zip(&spans)
        .map(|(text, spans)| Passage { text, spans })
        .collect();
    let scores = engine.score(&passages)?;
    let said = passages.iter().zip(scores).zip(&rows).map(|((passage, scores), row)| {
        // As `tag` does: of each theme the most of its units counts.
        let parts = passage.spans.iter().zip(&scores.spans);
        let parts: Vec<Vec<f32>> = parts
            .map(|(span, scores)| matcher.probabilities(&passage.text[span.clone()], &scores.embedding))
            .collect();
        let most = |theme: usize| parts.iter().map(|p| p[theme]).fold(0.0, f32::max);
        let place = Touchpoint::ALL.iter().position(|t| t.name() == row.touchpoint);
        Said {
            taxonomy: (0..Touchpoint::ALL.len()).map(most).collect(),
            head: scores.touchpoints,
            gold: place.map_or(0, |place| place + 1),
        }
    });
    Ok(said.collect())
}

fn blend([head, taxonomy, none]: [f64; WEIGHTS]) -> Blend {
    Blend { head, taxonomy, none }
}

/// Newton's method on the log-likelihood.
fn fit(rows: &[Said]) -> [f64; WEIGHTS] {
    let mut weights = [1.0, 0.0, 0.0];
    for _ in 0..50 {
        let (mut gradient, mut curvature) = ([0.0; WEIGHTS], [[0.0; WEIGHTS]; WEIGHTS]);
        for (a, start) in [1.0, 0.0, 0.0].into_iter().enumerate() {
            gradient[a] = RIDGE * (start - weights[a]);
            curvature[a][a] = RIDGE;
        }
        for row in rows {
            let p = blend(weights).probabilities(&row.head, &row.taxonomy);
            let x: Vec<[f64; WEIGHTS]> = (0..p.len())
                .map(|at| Blend::features(at, &row.head, &row.taxonomy))
                .collect();
            let mean: [f64; WEIGHTS] =
                std::array::from_fn(|a| p.iter().zip(&x).map(|(p, x)| f64::from(*p) * x[a]).sum());
            for a in 0..WEIGHTS {
                gradient[a] += x[row.gold][a] - mean[a];
                for b in 0..WEIGHTS {
                    let spread = p.iter().zip(&x).map(|(p, x)| f64::from(*p) * x[a] * x[b]);
                    curvature[a][b] += spread.sum::<f64>() - mean[a] * mean[b];
                }
            }
        }
        let step = solve(curvature, gradient);
        weights.iter_mut().zip(step).for_each(|(w, s)| *w += s);
        if step.iter().all(|s| s.abs() < 1e-9) {
            break;
        }
    }
    weights.map(|w| (w * 1e4).round() / 1e4)
}

/// Solves `a x = b` by elimination; `a` is positive definite.
fn solve(mut a: [[f64; WEIGHTS]; WEIGHTS], mut b: [f64; WEIGHTS]) -> [f64; WEIGHTS] {
    for pivot in 0..WEIGHTS {
        for row in pivot + 1..WEIGHTS {
            let factor = a[row][pivot] / a[pivot][pivot];
            let above = a[pivot];
            a[row]
                .iter_mut()
                .zip(above)
                .for_each(|(value, above)| *value -= factor * above);
            b[row] -= factor * b[pivot];
        }
    }
    let mut x = [0.0; WEIGHTS];
    for row in (0..WEIGHTS).rev() {
        let known: f64 = (row + 1..WEIGHTS).map(|column| a[row][column] * x[column]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    x
}

/// Prints how often the likeliest class is right, and the mean negative log-likelihood.
fn judge(name: &str, rows: &[Said], blend: Blend) {
    let (mut right, mut some, mut right_some, mut loss) = (0, 0, 0, 0.0);
    for row in rows {
        let p = blend.probabilities(&row.head, &row.taxonomy);
        let best = (0..p.len()).fold(0, |best, at| if p[at] > p[best] { at } else { best });
        right += u32::from(best == row.gold);
        some += u32::from(row.gold > 0);
        right_some += u32::from(row.gold > 0 && best == row.gold);
        loss -= f64::from(p[row.gold]).max(1e-9).ln();
    }
    let all = rows.len().max(1) as f64;
    println!(
        "{name}: right {:.3}, where there is one {:.3}, mean negative log-likelihood {:.3}",
        f64::from(right) / all,
        f64::from(right_some) / f64::from(some.max(1)),
        loss / all
    );
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
    let mut given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let write = given.iter().any(|a| a == "--write");
    given.retain(|a| a != "--write");
    let model = given
        .iter()
        .position(|a| a == "--model")
        .map(|at| given.drain(at..).nth(1));
    let [fit_on, report] = given.as_slice() else {
        return Err("usage: FIT.jsonl REPORT.jsonl [--write] [--model DIR]".into());
    };
    let engine = engine(model.flatten().as_ref())?;
    if engine.card().head("touchpoint").is_none() {
        return Err("the model has no head for touchpoints".into());
    }
    let matcher = Matcher::new(&Taxonomy::embedded()?, &engine)?;
    let weights = fit(&read(fit_on, &engine, &matcher)?);
    let fitted = blend(weights);
    println!("{fitted:?}");
    let rows = read(report, &engine, &matcher)?;
    let alone = blend([1.0, 0.0, 0.0]);
    judge("head alone", &rows, alone);
    judge("with the taxonomy", &rows, fitted);
    if write {
        let mut calibration = Calibration::embedded()?;
        calibration.touchpoint = fitted;
        std::fs::write("data/taxonomy/calibration.toml", calibration.to_toml())?;
    }
    Ok(())
}
