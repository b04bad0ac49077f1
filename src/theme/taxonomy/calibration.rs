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
}

/// Probability of a theme with the logit `logit`.
pub(super) fn probability(logit: f64) -> f32 {
    (1.0 / (1.0 + (-logit).exp())) as f32
}

/// Weighted sum of the features.
pub(super) fn weigh(weights: &Weights, evidence: &Evidence) -> f64 {
    weights.iter().zip(evidence.features()).map(|(w, x)| w * x).sum()
}
