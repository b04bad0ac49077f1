//! Calibrated probability of a theme, from the phrases found and the similarity in meaning: a logistic regression fitted on labelled data by `cargo
//! bench --bench taxonomy -- LABELLED_DIR --fit`, which writes `data/taxonomy/calibration.toml`.

use serde::Deserialize;

use crate::error::{Error, Result};

/// The fitted weights.
const FITTED: &str = include_str!("../../../data/taxonomy/calibration.toml");

/// Evidence for a theme in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Evidence {
    /// Number of positions in the text where one of the theme's phrases begins.
    pub hits: u32,
    /// Its share of the positions at which phrases of any theme begin, 0..=1.
    pub share: f32,
    /// Cosine between text and theme, relative to the centre of all themes, -1..=1; 0 without embeddings.
    pub meaning: f32,
    /// Similarity minus that of the nearest other theme; negative when another one is nearer, 0 without embeddings.
    pub lead: f32,
}

/// Length of [`Evidence::features`].
pub const FEATURES: usize = 6;

impl Evidence {
    /// Features of the regression: one, any phrase, a second phrase, share of phrases, meaning, lead.
    pub fn features(&self) -> [f64; FEATURES] {
        [
            1.0,
            f64::from(u8::from(self.hits > 0)),
            f64::from(u8::from(self.hits > 1)),
            f64::from(self.share),
            f64::from(self.meaning),
            f64::from(self.lead),
        ]
    }
}

/// Weights of the features, in their order.
pub type Weights = [f64; FEATURES];

/// The fitted weights. They apply to any taxonomy, because none is specific to a theme.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The model whose embeddings were used for fitting.
    pub model: String,
    /// Minimum probability for a theme to count.
    pub threshold: f32,
    /// Weights for phrases and meaning together.
    pub both: Weights,
    /// Weights for phrases alone, for models without embeddings; those of meaning are 0.
    pub phrases: Weights,
    /// How the model's own head for touchpoints goes together with the default taxonomy.
    pub touchpoint: Blend,
}

/// Weights of a softmax over no touchpoint and each touchpoint (conditional logit, McFadden 1974): how far the model's head and the taxonomy are believed.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blend {
    /// Of the logarithm of the head's probability.
    pub head: f64,
    /// Of the log-odds that the taxonomy gives a touchpoint.
    pub taxonomy: f64,
    /// For no touchpoint.
    pub none: f64,
}

/// Probabilities are kept this far from 0 and 1, so that their logarithms are finite.
const CERTAIN: f64 = 1e-6;

impl Blend {
    /// The probability of no touchpoint, then of each touchpoint: `head` in that order, summing to 1, `taxonomy` of each touchpoint on its own.
    pub fn probabilities(&self, head: &[f32], taxonomy: &[f32]) -> Vec<f32> {
        let logits: Vec<f64> = (0..head.len()).map(|at| self.logit(at, head, taxonomy)).collect();
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = logits.into_iter().map(|logit| (logit - most).exp()).collect();
        let all: f64 = shares.iter().sum();
        shares.into_iter().map(|share| (share / all) as f32).collect()
    }

    fn logit(&self, at: usize, head: &[f32], taxonomy: &[f32]) -> f64 {
        Self::features(at, head, taxonomy)
            .into_iter()
            .zip([self.head, self.taxonomy, self.none])
            .map(|(feature, weight)| feature * weight)
            .sum()
    }

    /// What speaks for class `at`, in the order of the weights.
    pub fn features(at: usize, head: &[f32], taxonomy: &[f32]) -> [f64; 3] {
        let sure = |p: Option<&f32>| p.map_or(0.5, |p| f64::from(*p).clamp(CERTAIN, 1.0 - CERTAIN));
        let own = sure(head.get(at)).ln();
        match at.checked_sub(1) {
            Some(theme) => {
                let p = sure(taxonomy.get(theme));
                [own, (p / (1.0 - p)).ln(), 0.0]
            }
            None => [own, 0.0, 1.0],
        }
    }
}

impl Calibration {
    /// The calibration embedded in the binary.
    ///
    /// # Errors
    /// Never, unless the build embedded a damaged file.
    pub fn embedded() -> Result<Self> {
        toml::from_str(FITTED).map_err(|error| Error::Taxonomy {
            file: "the calibration of taxonomies".to_owned(),
            problems: error.to_string(),
        })
    }

    /// The text of `data/taxonomy/calibration.toml`.
    pub fn to_toml(&self) -> String {
        let Blend { head, taxonomy, none } = self.touchpoint;
        format!(
            "# Written by `cargo bench --bench taxonomy -- LABELLED_DIR --fit`, the last line by `models/touchpoints LABELLED_DIR --write`; what the figures are for is told in src/theme/taxonomy/calibration.rs.\n\
             model = \"{}\"\nthreshold = {:.2}\nboth = {:?}\nphrases = {:?}\n\
             touchpoint = {{ head = {head:?}, taxonomy = {taxonomy:?}, none = {none:?} }}\n",
            self.model, self.threshold, self.both, self.phrases
        )
    }
}

/// Probability of a theme with the logit `logit`.
pub(super) fn probability(logit: f64) -> f32 {
    (1.0 / (1.0 + (-logit).exp())) as f32
}

/// Weighted sum of the features.
pub(super) fn weigh(weights: &Weights, evidence: &Evidence) -> f64 {
    weights.iter().zip(evidence.features()).map(|(w, x)| w * x).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_is_written_as_it_is_read() {
        let calibration = Calibration::embedded().expect("the calibration");
        assert_eq!(calibration.to_toml(), FITTED);
    }

    #[test]
    fn head_and_taxonomy_go_together() {
        let head = [0.4, 0.35, 0.25];
        let near = |found: Vec<f32>, wanted: [f32; 3]| found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5);
        let alone = Blend {
            head: 1.0,
            taxonomy: 0.0,
            none: 0.0,
        };
        assert!(near(alone.probabilities(&head, &[0.1, 0.9]), head));
        // Odds of 9 to 1 for the second and 1 to 9 for the first: 0.4, 0.35 / 9, 0.25 * 9.
        let both = Blend { taxonomy: 1.0, ..alone };
        let sum = 0.4 + 0.35 / 9.0 + 0.25 * 9.0;
        let wanted = [0.4 / sum, 0.35 / 9.0 / sum, 0.25 * 9.0 / sum];
        assert!(near(both.probabilities(&head, &[0.1, 0.9]), wanted));
        let certain = both.probabilities(&[1.0, 0.0, 0.0], &[1.0, 0.0]);
        assert!(certain.iter().all(|p| p.is_finite()) && (certain.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
