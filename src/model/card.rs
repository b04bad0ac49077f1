//! What does the model claim to be? Input: `card.toml`. Output: shape, heads with their calibration, thresholds and rules.
//! Refuses unknown keys, shapes the engine has no kernel for, and a model without a sentiment head.

use crate::tag::Rules;
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Width of one attention head, the only one the engine computes.
pub(super) const HEAD_WIDTH: usize = 32;
/// Sizes are multiples of this: the output channels of one packed panel.
const STEP: usize = super::product::PANEL;
/// The labels `ut_sentiment` is read from, in this order.
const SENTIMENT: [&str; 3] = ["negative", "neutral", "positive"];

/// The model card file: all that is not a weight.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the model.
    pub id: String,
    /// Release of the model.
    pub version: String,
    /// Transformer layers.
    pub layers: usize,
    /// Width of a token state, a multiple of 64.
    pub hidden: usize,
    /// Attention heads, each 32 wide.
    pub attention_heads: usize,
    /// Width of the inner layer of a block, a multiple of 64.
    pub ffn: usize,
    /// Pieces the model knows.
    pub vocabulary: usize,
    /// Positions the model knows.
    pub positions: usize,
    /// Added to the variance in layer normalisation.
    pub layer_norm_eps: f32,
    /// What stands before every text, as in training.
    pub prefix: String,
    /// Tokens read at once, frame and prefix included. Longer texts are read in several windows.
    pub window: usize,
    /// The heads, `sentiment` among them.
    pub heads: Vec<Head>,
    /// What the `tag` room makes of the scores.
    pub rules: Rules,
}

/// One linear layer on top of the states, and how to read it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `sentiment`, `emotion`, `intent`, `target` or `embedding`.
    pub name: String,
    /// What the head reads.
    pub kind: HeadKind,
    /// Names of its outputs, in order; none for a projection.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What turns its outputs into scores.
    pub activation: Activation,
    /// Outputs are divided by this before the activation (temperature scaling, Guo 2017).
    pub temperature: f32,
    /// Added to the outputs before the division, one number per label, or none.
    #[serde(default)]
    pub bias: Vec<f32>,
    /// Probabilities from which on a label counts, by label.
    #[serde(default)]
    pub thresholds: BTreeMap<String, f32>,
}

/// What a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// The mean of all token states of a text.
    Document,
    /// Each token state.
    Token,
    /// The mean of all token states; its outputs are a vector, not labels.
    Projection,
}

/// What turns a head's outputs into scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// One label of all: probabilities sum to 1.
    Softmax,
    /// Each label on its own.
    Sigmoid,
    /// Outputs as they are.
    None,
}

impl Card {
    /// Reads and checks a card.
    ///
    /// # Errors
    /// When the text is not the TOML described here, or describes a model the engine cannot run.
    pub fn parse(text: &str) -> Result<Self> {
        let card: Self = toml::from_str(text).map_err(|e| refuse(e.to_string().trim_end()))?;
        card.check().map(|()| card)
    }

    /// The head of this name.
    pub fn head(&self, name: &str) -> Option<&Head> {
        self.heads.iter().find(|h| h.name == name)
    }

    /// The head every model has.
    pub(super) fn sentiment(&self) -> Result<&Head> {
        self.head("sentiment")
            .ok_or_else(|| refuse("there is no sentiment head"))
    }

    fn check(&self) -> Result<()> {
        let sizes = [
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("ffn", self.ffn),
            ("vocabulary", self.vocabulary),
        ];
        if let Some((name, size)) = sizes.iter().find(|(_, size)| !(1..=1 << 20).contains(size)) {
            return Err(refuse(&format!("{name} = {size} is not a size")));
        }
        if !self.hidden.is_multiple_of(STEP) || !self.ffn.is_multiple_of(STEP) {
            return Err(refuse(&format!("hidden and ffn must be multiples of {STEP}")));
        }
        if self.attention_heads.checked_mul(HEAD_WIDTH) != Some(self.hidden) {
            return Err(refuse(&format!("attention_heads times {HEAD_WIDTH} must be hidden")));
        }
        if !(16..=self.positions).contains(&self.window) || self.positions > 1 << 16 {
            return Err(refuse(
                "window must lie between 16 and positions, positions at most 65536",
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return Err(refuse("layer_norm_eps must lie between 0 and 1"));
        }
        for (place, head) in self.heads.iter().enumerate() {
            if self.heads.iter().take(place).any(|h| h.name == head.name) {
                return Err(refuse(&format!("two heads are called {}", head.name)));
            }
            head.check()?;
        }
        let found = self.sentiment()?;
        if found.labels != SENTIMENT || found.kind != HeadKind::Document || found.activation != Activation::Softmax {
            return Err(refuse(
                "the sentiment head must be a document head with softmax over negative, neutral, positive",
            ));
        }
        Ok(())
    }
}

impl Head {
    fn check(&self) -> Result<()> {
        let labelled = self.kind != HeadKind::Projection;
        if labelled == self.labels.is_empty() {
            return Err(refuse(&format!("head {}: labels and kind do not agree", self.name)));
        }
        if !self.bias.is_empty() && self.bias.len() != self.labels.len() {
            return Err(refuse(&format!("head {}: bias needs one number per label", self.name)));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0 && self.bias.iter().all(|b| b.is_finite())) {
            return Err(refuse(&format!(
                "head {}: temperature must be above 0, bias finite",
                self.name
            )));
        }
        if let Some(label) = self.thresholds.keys().find(|label| !self.labels.contains(label)) {
            return Err(refuse(&format!(
                "head {}: threshold for {label}, which is no label of it",
                self.name
            )));
        }
        Ok(())
    }
}

fn refuse(reason: &str) -> Error {
    Error::Model {
        part: "card.toml".into(),
        reason: reason.into(),
    }
}
