//! Matches clean texts, with embeddings if the model gives them, against a taxonomy: themes with their probabilities, most likely first. A text
//! without evidence has no theme.

use serde::Serialize;

use super::Taxonomy;
use super::calibration::{Calibration, Evidence, probability, weigh};
use super::phrases::{Phrase, PhraseIndex};
use crate::error::{Error, Result};
use crate::model::{Engine, Passage};
use crate::text;

/// A theme matched in a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Touch {
    /// Index of the theme in [`Taxonomy::themes`].
    pub theme: usize,
    /// Probability that the text is about it, 0..=1.
    pub p: f32,
}

/// A prepared taxonomy: its phrases in one automaton, its descriptions and examples as directions in the embedding space.
#[derive(Debug)]
pub struct Matcher {
    phrases: PhraseIndex,
    /// Centre of feedback in the embedding space: the mean of the default taxonomy's descriptions and examples. Embeddings of texts lie close
    /// together; relative to this centre they spread. Empty without an embedding head.
    centre: Vec<f32>,
    /// For each theme the unit vector from the centre to its descriptions and examples; none for a theme without any.
    directions: Vec<Option<Vec<f32>>>,
    calibration: Calibration,
    threshold: f32,
    /// It is the default taxonomy, whose themes the model's own head for touchpoints knows.
    default: bool,
}

impl Matcher {
    /// Prepares a taxonomy: embeds its descriptions and examples with the engine, once.
    ///
    /// # Errors
    /// When the engine fails, or the phrases are too many to be searched.
    pub fn new(taxonomy: &Taxonomy, engine: &dyn Engine) -> Result<Self> {
        Self::with(taxonomy, engine, Calibration::embedded()?)
    }

    /// As [`Matcher::new`], with custom weights.
    ///
    /// # Errors
    /// As [`Matcher::new`].
    pub fn with(taxonomy: &Taxonomy, engine: &dyn Engine, calibration: Calibration) -> Result<Self> {
        let refuse = |problem: String| Error::Taxonomy {
            file: taxonomy.name.clone(),
            problems: problem,
        };
        let mut phrases = Vec::new();
        for (place, theme) in taxonomy.themes.iter().enumerate() {
            for written in theme.phrases.values().flatten() {
                let phrase = Phrase::parse(written).map_err(|e| refuse(format!("phrase `{written}`: {e}")))?;
                phrases.push((phrase, place));
            }
        }
        let phrases = PhraseIndex::new(phrases, taxonomy.themes.len()).map_err(|e| refuse(e.to_string()))?;
        let default = Taxonomy::embedded()?;
        let (centre, directions) = directions(taxonomy, &default, engine)?;
        Ok(Self {
            default: *taxonomy == default,
            phrases,
            centre,
            directions,
            threshold: taxonomy.threshold.unwrap_or(calibration.threshold),
            calibration,
        })
    }

    /// Evidence for each theme, in the taxonomy's order. `embedding` is the text's own, of length 1, or empty.
    pub fn evidence(&self, text: &str, embedding: &[f32]) -> Vec<Evidence> {
        let hits = self.phrases.hits(text);
        let all = hits.iter().sum::<u32>().max(1) as f32;
        let meanings = self.meanings(embedding);
        (0..hits.len())
            .map(|theme| {
                let others = (0..meanings.len())
                    .filter(|other| *other != theme)
                    .map(|other| meanings[other]);
                let nearest = others.fold(f32::NEG_INFINITY, f32::max);
                let meaning = meanings.get(theme).copied().unwrap_or_default();
                Evidence {
                    hits: hits[theme],
                    share: hits[theme] as f32 / all,
                    meaning,
                    lead: if nearest.is_finite() { meaning - nearest } else { 0.0 },
                }
            })
            .collect()
    }

    /// Probability of each theme, in the taxonomy's order, without applying the threshold.
    pub fn probabilities(&self, text: &str, embedding: &[f32]) -> Vec<f32> {
        let weights = if self.reads_meaning(embedding) {
            &self.calibration.both
        } else {
            &self.calibration.phrases
        };
        self.evidence(text, embedding)
            .iter()
            .map(|evidence| probability(weigh(weights, evidence)))
            .collect()
    }

    /// The themes above the threshold, most likely first, ties in the taxonomy's order.
    pub fn touches(&self, text: &str, embedding: &[f32]) -> Vec<Touch> {
        self.counting(&self.probabilities(text, embedding))
    }

    /// Of the [`Matcher::probabilities`] of a text the themes that count, likeliest first, equals in the taxonomy's order.
    pub fn counting(&self, probabilities: &[f32]) -> Vec<Touch> {
        let touches = probabilities.iter().enumerate();
        let touches = touches.map(|(theme, &p)| Touch { theme, p });
        sorted(touches.filter(|touch| touch.p >= self.threshold).collect())
    }

    /// The probability of no touchpoint, then of each, when the model's `head` for touchpoints and the [`Matcher::probabilities`] of a comment's units are
    /// believed as far as was fitted; of each theme the most of its units counts. None for another taxonomy than the default one, or a model without the head.
    pub fn blended(&self, head: &[f32], units: &[Vec<f32>]) -> Option<Vec<f32>> {
        let themes = self.directions.len();
        let most = |theme: usize| {
            units
                .iter()
                .filter_map(|unit| unit.get(theme))
                .copied()
                .fold(0.0, f32::max)
        };
        let taxonomy: Vec<f32> = (0..themes).map(most).collect();
        (self.default && head.len() == themes + 1).then(|| self.calibration.touchpoint.probabilities(head, &taxonomy))
    }

    fn reads_meaning(&self, embedding: &[f32]) -> bool {
        !self.centre.is_empty() && embedding.len() == self.centre.len()
    }

    /// Cosine of the text to each theme, relative to the centre; none without an embedding.
    fn meanings(&self, embedding: &[f32]) -> Vec<f32> {
        if !self.reads_meaning(embedding) {
            return Vec::new();
        }
        let own = direction(embedding, &self.centre);
        let cosine = |theme: &Option<Vec<f32>>| theme.as_ref().map_or(0.0, |theme| dot(theme, &own));
        self.directions.iter().map(cosine).collect()
    }
}

fn sorted(mut touches: Vec<Touch>) -> Vec<Touch> {
    touches.sort_by(|one, other| other.p.total_cmp(&one.p).then(one.theme.cmp(&other.theme)));
    touches
}

/// The centre, and the direction of each theme from it. Both are empty when the model has no embedding head.
fn directions(
    taxonomy: &Taxonomy,
    default: &Taxonomy,
    engine: &dyn Engine,
) -> Result<(Vec<f32>, Vec<Option<Vec<f32>>>)> {
    let known: Vec<Option<Vec<f32>>> = means(default, engine)?;
    let centre = mean(known.iter().flatten().map(Vec::as_slice));
    if centre.is_empty() {
        return Ok((centre, vec![None; taxonomy.themes.len()]));
    }
    let own = if taxonomy == default {
        known
    } else {
        means(taxonomy, engine)?
    };
    let directions = own
        .into_iter()
        .map(|mean| mean.map(|mean| direction(&mean, &centre)))
        .collect();
    Ok((centre, directions))
}

/// Mean embedding of each theme's description and examples; none if there are no texts or no embeddings.
fn means(taxonomy: &Taxonomy, engine: &dyn Engine) -> Result<Vec<Option<Vec<f32>>>> {
    let texts: Vec<(usize, String)> = taxonomy
        .themes
        .iter()
        .enumerate()
        .flat_map(|(place, theme)| {
            let texts = std::iter::once(&theme.description).chain(&theme.examples);
            texts.map(move |written| (place, text::clean(written).text().to_owned()))
        })
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let passages: Vec<Passage<'_>> = texts.iter().map(|(_, text)| text.as_str().into()).collect();
    let scores = engine.score(&passages)?;
    let of = |theme: usize| {
        let pairs = texts.iter().zip(&scores).filter(move |((place, _), _)| *place == theme);
        let mean = mean(pairs.map(|(_, scores)| scores.embedding.as_slice()));
        (!mean.is_empty()).then_some(mean)
    };
    Ok((0..taxonomy.themes.len()).map(of).collect())
}

/// Mean of vectors of equal length; empty when there are none.
fn mean<'a>(vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let (mut sum, mut count) = (Vec::new(), 0.0_f32);
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        count += 1.0;
    }
    sum.iter_mut().for_each(|x| *x /= count);
    sum
}

/// Unit vector from `centre` to `point`; zeros when they are equal.
fn direction(point: &[f32], centre: &[f32]) -> Vec<f32> {
    let mut way: Vec<f32> = point.iter().zip(centre).map(|(p, c)| p - c).collect();
    let length = dot(&way, &way).sqrt();
    if length > 0.0 {
        way.iter_mut().for_each(|x| *x /= length);
    }
    way
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
