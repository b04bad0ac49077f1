//! What does the model claim to be? Input: `card.toml`. Output: shape, heads with their calibration, early exits, thresholds
//! and rules. Refuses unknown keys and heads, shapes the engine has no kernel for, and a model without a sentiment head.

use crate::tag::{Emotion, Intent, Rules};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Width of one attention head, the only one the engine computes.
pub(super) const HEAD_WIDTH: usize = 32;
/// Sizes are multiples of this: the output channels of one packed panel.
const STEP: usize = super::product::PANEL;
/// The labels `ut_sentiment` is read from, in this order.
const SENTIMENT: [&str; 3] = ["negative", "neutral", "positive"];
/// The classes of a token, in this order.
const TARGET: [&str; 4] = ["none", "negative", "neutral", "positive"];
/// The heads the engine knows, what each must read, and how.
const KNOWN: [(&str, HeadKind, Activation); 5] = [
    ("sentiment", HeadKind::Document, Activation::Softmax),
    ("emotion", HeadKind::Document, Activation::Sigmoid),
    ("intent", HeadKind::Document, Activation::Softmax),
    ("target", HeadKind::Token, Activation::Softmax),
    ("embedding", HeadKind::Projection, Activation::None),
];

/// How deep a comment is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Up to the model's early exit
    Fast,
    /// Through all layers
    #[default]
    Best,
}

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
    /// Layers after which the model may stop, each with heads of its own.
    #[serde(default)]
    pub exits: Vec<Exit>,
    /// What the `tag` room makes of the scores.
    pub rules: Rules,
    /// The heads are those of the exit after `layers`.
    #[serde(skip)]
    early: bool,
}

/// A place where the model may stop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// Layers run before it.
    pub layers: usize,
    /// Rules of its own, as its probabilities spread otherwise; none for those of the model.
    pub rules: Option<Rules>,
    /// Its heads, `sentiment` among them.
    pub heads: Vec<Head>,
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
    #[serde(default = "unchanged")]
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

    /// The card of the same model read to this depth: for [`Quality::Fast`] layers and heads are those of its first exit.
    ///
    /// # Errors
    /// [`Error::NoExit`] when a fast answer is asked for and the model has no exit.
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

    /// Where the weights of a head lie in the file: `heads.NAME`, or `exits.LAYERS.heads.NAME`.
    pub(super) fn place(&self, head: &str) -> String {
        if self.early {
            format!("exits.{}.heads.{head}", self.layers)
        } else {
            format!("heads.{head}")
        }
    }

    /// What distinguishes this depth from the model's full one; empty for the full one.
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

/// The heads of one depth.
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
            "sentiment" => Some(&SENTIMENT[..]),
            "target" => Some(&TARGET[..]),
            _ => None,
        };
        if let Some(labels) = fixed.filter(|labels| self.labels != **labels) {
            return Err(refuse(&format!(
                "the labels of head {} must be {}",
                self.name,
                labels.join(", ")
            )));
        }
        let unknown = |label: &&String| match self.name.as_str() {
            "emotion" => Emotion::of(label).is_none(),
            "intent" => Intent::of(label).is_none(),
            _ => false,
        };
        if let Some(label) = self.labels.iter().find(unknown) {
            return Err(refuse(&format!(
                "head {}: {label} is not one of the {}s that verdicts know",
                self.name, self.name
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
