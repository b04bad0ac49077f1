//! The model config, `card.toml`: shape, heads with their calibration, early exits, thresholds and rules. Unknown keys and heads, shapes without a
//! kernel, and a model without a sentiment head are errors.

use crate::tag::{Emotion, Intent, Rules, Signal, Touchpoint};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Width of an attention head, the only one the engine supports.
pub(super) const HEAD_WIDTH: usize = 32;
/// Sizes must be multiples of this: the output channels of one packed panel.
const STEP: usize = super::product::PANEL;
/// The labels `ut_sentiment` is read from, in this order. A head without the last has no comment that is mixed.
const SENTIMENT: [&str; 4] = ["negative", "neutral", "positive", "mixed"];
/// The classes of a token, in this order.
const TARGET: [&str; 4] = [NONE, "negative", "neutral", "positive"];
/// The class of what belongs to no other.
const NONE: &str = "none";
/// The heads the engine knows, what each must read, and how.
const KNOWN: [(&str, HeadKind, Activation); 7] = [
    ("sentiment", HeadKind::Document, Activation::Softmax),
    ("emotion", HeadKind::Document, Activation::Sigmoid),
    ("intent", HeadKind::Document, Activation::Softmax),
    ("touchpoint", HeadKind::Document, Activation::Softmax),
    ("signals", HeadKind::Document, Activation::Sigmoid),
    ("target", HeadKind::Token, Activation::Softmax),
    ("embedding", HeadKind::Projection, Activation::None),
];

/// Depth of the forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Up to the model's early exit
    Fast,
    /// Through all layers
    #[default]
    Best,
}

/// The model config file `card.toml`: everything except weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the model.
    pub id: String,
    /// Version of the model.
    pub version: String,
    /// Transformer layers.
    pub layers: usize,
    /// Hidden size, a multiple of 64.
    pub hidden: usize,
    /// Attention heads, each 32 wide.
    pub attention_heads: usize,
    /// Feed-forward size, a multiple of 64.
    pub ffn: usize,
    /// Size of the vocabulary.
    pub vocabulary: usize,
    /// Number of positions.
    pub positions: usize,
    /// Added to the variance in layer normalisation.
    pub layer_norm_eps: f32,
    /// Prefix of every text, as in training.
    pub prefix: String,
    /// Tokens per window, including special tokens and prefix. Longer texts are split into several windows.
    pub window: usize,
    /// The heads, `sentiment` among them.
    pub heads: Vec<Head>,
    /// Early exits, each with heads of its own.
    #[serde(default)]
    pub exits: Vec<Exit>,
    /// Rules by which the `tag` room interprets the scores.
    pub rules: Rules,
    /// Whether the heads are those of the exit after `layers`.
    #[serde(skip)]
    early: bool,
}

/// An early exit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// Layers run before it.
    pub layers: usize,
    /// Rules of its own, because its probabilities are distributed differently; none for those of the model.
    pub rules: Option<Rules>,
    /// Its heads, `sentiment` among them.
    pub heads: Vec<Head>,
}

/// A linear layer on top of the states, and its interpretation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `sentiment`, `emotion`, `intent`, `touchpoint`, `signals`, `target` or `embedding`.
    pub name: String,
    /// Input of the head.
    pub kind: HeadKind,
    /// Names of its outputs, in order; none for a projection.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Activation of its outputs.
    pub activation: Activation,
    /// Outputs are divided by this before the activation (temperature scaling, Guo 2017).
    #[serde(default = "unchanged")]
    pub temperature: f32,
    /// Added to the outputs before the division, one number per label, or none.
    #[serde(default)]
    pub bias: Vec<f32>,
    /// Minimum probability of each label.
    #[serde(default)]
    pub thresholds: BTreeMap<String, f32>,
}

/// Input of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// Mean of all token states of a text.
    Document,
    /// Each token state.
    Token,
    /// Mean of all token states; the outputs are a vector, not labels.
    Projection,
}

/// Activation of a head's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// One label per text: probabilities sum to 1.
    Softmax,
    /// Each label independently.
    Sigmoid,
    /// Outputs unchanged.
    None,
}

impl Card {
    /// Parses and checks a model config.
    ///
    /// # Errors
    /// When the text is not valid TOML of this form, or describes a model the engine cannot run.
    pub fn parse(text: &str) -> Result<Self> {
        let card: Self = toml::from_str(text).map_err(|e| refuse(e.to_string().trim_end()))?;
        card.check().map(|()| card)
    }

    /// The head of this name.
    pub fn head(&self, name: &str) -> Option<&Head> {
        self.heads.iter().find(|h| h.name == name)
    }

    /// The config at a depth: for [`Quality::Fast`] layers and heads are those of the first exit.
    ///
    /// # Errors
    /// [`Error::NoExit`] when a fast run is requested and the model has no exit.
    pub fn at(mut self, quality: Quality) -> Result<Self> {
        if quality == Quality::Best {
            return Ok(self);
        }
        self.exits.sort_by_key(|exit| exit.layers);
        if self.exits.is_empty() {
            return Err(Error::NoExit { model: self.id });
        }
        let first = self.exits.remove(0);
        (self.layers, self.heads, self.early) = (first.layers, first.heads, true);
        self.rules = first.rules.unwrap_or(self.rules);
        Ok(self)
    }

    /// Tensor name of a head's weights: `heads.NAME`, or `exits.LAYERS.heads.NAME`.
    pub(super) fn place(&self, head: &str) -> String {
        if self.early {
            format!("exits.{}.heads.{head}", self.layers)
        } else {
            format!("heads.{head}")
        }
    }

    /// Distinguishes this depth from the full model; empty for the full one.
    pub(super) fn depth(&self) -> String {
        if self.early {
            format!("exits.{}", self.layers)
        } else {
            String::new()
        }
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
        if let Some(exit) = self.exits.iter().find(|e| !(1..self.layers).contains(&e.layers)) {
            return Err(refuse(&format!(
                "an exit after layer {} of {}: it must lie before the last",
                exit.layers, self.layers
            )));
        }
        let depths = self.exits.iter().map(|exit| &exit.heads);
        [&self.heads]
            .into_iter()
            .chain(depths)
            .try_for_each(|heads| check(heads))
    }
}

/// Checks the heads of one depth.
fn check(heads: &[Head]) -> Result<()> {
    for (place, head) in heads.iter().enumerate() {
        if heads.iter().take(place).any(|h| h.name == head.name) {
            return Err(refuse(&format!("two heads are called {}", head.name)));
        }
        head.check()?;
    }
    if heads.iter().any(|h| h.name == "sentiment") {
        Ok(())
    } else {
        Err(refuse("there is no sentiment head"))
    }
}

const fn unchanged() -> f32 {
    1.0
}

impl Head {
    fn check(&self) -> Result<()> {
        let Some((_, kind, activation)) = KNOWN.into_iter().find(|(name, ..)| *name == self.name) else {
            return Err(refuse(&format!("nothing reads a head called {}", self.name)));
        };
        if (self.kind, self.activation) != (kind, activation) {
            return Err(refuse(&format!(
                "head {} must be {kind:?} with activation {activation:?}",
                self.name
            )));
        }
        let fixed = match self.name.as_str() {
            "sentiment" if self.labels == SENTIMENT[..3] => SENTIMENT[..3].to_vec(),
            "sentiment" => SENTIMENT.to_vec(),
            "target" => TARGET.to_vec(),
            "touchpoint" => [NONE]
                .into_iter()
                .chain(Touchpoint::ALL.map(Touchpoint::name))
                .collect(),
            _ => Vec::new(),
        };
        if !fixed.is_empty() && self.labels != fixed {
            return Err(refuse(&format!(
                "the labels of head {} must be {}",
                self.name,
                fixed.join(", ")
            )));
        }
        let unknown = |label: &&String| match self.name.as_str() {
            "emotion" => Emotion::of(label).is_none(),
            "intent" => Intent::of(label).is_none(),
            "signals" => Signal::of(label).is_none(),
            _ => false,
        };
        if let Some(label) = self.labels.iter().find(unknown) {
            return Err(refuse(&format!(
                "head {}: {label} is none of the labels that verdicts know",
                self.name
            )));
        }
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
