//! The libtorch engine: rust-bert models on a GPU when there is one.
//!
//! It runs the embedded model in f32 (dequantised), or a Hugging Face sequence classifier from a folder ([`Checkpoint`]). Attention masks exclude
//! padding; scores may differ in the last digits (1e-6) with the batch, because libtorch orders its sums by shape. Models are not `Sync`, so every
//! worker has its own over the same weights, and computes on one thread.

mod checkpoint;
mod classifier;
mod labels;
mod shop;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tiny;

pub use checkpoint::Checkpoint;

use super::card::{Card, Quality};
use super::reader::{Encode, Reader};
use super::weights::{self, Weights};
use super::{Engine, Passage, Scores};
use crate::{Error, Result};
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use shop::{Shop, padded};
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use tch::nn::VarStore;
use tch::{Kind, Tensor};

/// Engine of the embedded model on libtorch.
pub struct LibTorch {
    reader: Reader,
    encoder: Float,
}

/// The encoder in f32.
struct Float {
    shop: Shop<BertModel<BertEmbeddings>>,
    hidden: usize,
}

impl LibTorch {
    /// Creates an engine from the content of `card.toml`, `tokenizer.json` and `model.safetensors`; `quality` sets the number of layers.
    ///
    /// # Errors
    /// When one of them cannot be read, they do not belong together, the model has no early exit for a fast run, or its normalisation has another
    /// epsilon than rust-bert's.
    pub fn new(card: &str, tokenizer: &[u8], weights: Cow<'static, [u8]>, quality: Quality) -> Result<Self> {
        let file = weights.clone();
        // All checks are here, so that nothing below can fail inside libtorch.
        let (reader, Weights { .. }) = Reader::new((card, tokenizer), weights, quality, "libtorch")?;
        let card = &reader.card;
        if (card.layer_norm_eps - 1e-12).abs() > 1e-13 {
            return Err(refuse("card.toml", "libtorch needs layer_norm_eps = 1e-12"));
        }
        let config = config(card)?;
        let build = move |store: &VarStore| Ok(BertModel::new_with_optional_pooler(store.root(), &config, false));
        let shop = Shop::open(Box::new(build), |name, shape| {
            weights::in_full(&file, card.vocabulary, name, shape)
        })?;
        let encoder = Float {
            shop,
            hidden: card.hidden,
        };
        Ok(Self { reader, encoder })
    }

    /// Sets how texts longer than the window are split: `units` returns byte ranges of the text, in order.
    #[must_use]
    pub fn with_units(mut self, units: fn(&str) -> Vec<Range<usize>>) -> Self {
        self.reader.units = units;
        self
    }
}

/// The model embedded in the binary, on libtorch.
///
/// # Errors
/// As [`LibTorch::new`]; for the embedded files, only a broken build can cause most of them.
pub fn base(quality: Quality) -> Result<LibTorch> {
    LibTorch::new(super::CARD, super::TOKENIZER, Cow::Borrowed(super::WEIGHTS), quality)
        .map(|engine| engine.with_units(super::units))
}

/// The classifier in `folder`, with the built-in model's rules for abstaining.
///
/// # Errors
/// As [`Checkpoint::open`]; [`Error::NoExit`] when a fast run is requested.
pub fn checkpoint(folder: &Path, said: &[String], quality: Quality) -> Result<Checkpoint> {
    let base = Card::parse(super::CARD)?;
    if quality == Quality::Fast {
        let model = folder.display().to_string();
        return Err(Error::NoExit { model });
    }
    Checkpoint::open(folder, said, &base).map(|engine| engine.with_units(super::units))
}

/// Converts the model config to rust-bert's.
fn config(card: &Card) -> Result<BertConfig> {
    let config = serde_json::json!({
        "hidden_act": "gelu", "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0, "initializer_range": 0.02,
        "hidden_size": card.hidden, "intermediate_size": card.ffn, "num_attention_heads": card.attention_heads,
        "num_hidden_layers": card.layers, "max_position_embeddings": card.positions, "type_vocab_size": 1,
        "vocab_size": card.vocabulary,
    });
    serde_json::from_value(config).map_err(|e| refuse("card.toml", &e.to_string()))
}

impl Encode for Float {
    /// Enough rows for efficient libtorch products.
    const BUDGET: usize = 1024;

    fn encode(&self, windows: &[&[u32]], take: &mut dyn FnMut(&[f32])) -> Result<()> {
        let (ids, mask) = padded(windows, 0, self.shop.device);
        let states = self.shop.with(|model| {
            let output = model.forward_t(Some(&ids), Some(&mask), None, None, None, None, None, false);
            output.map_err(|e| failed(&e)).map(|output| output.hidden_state)
        })?;
        let states = numbers(&states)?;
        let longest = windows.iter().map(|w| w.len()).max().unwrap_or(0) * self.hidden;
        let rows = states.chunks_exact(longest.max(1)).zip(windows);
        let packed: Vec<f32> = rows
            .flat_map(|(row, window)| &row[..window.len() * self.hidden])
            .copied()
            .collect();
        take(&packed);
        Ok(())
    }
}

impl Engine for LibTorch {
    fn card(&self) -> &Card {
        &self.reader.card
    }

    fn fingerprint(&self) -> &str {
        &self.reader.fingerprint
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        self.reader.score(&self.encoder, passages)
    }
}

/// A tensor's values, row by row.
fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    let flat = tensor.f_to_kind(Kind::Float).and_then(|t| t.f_contiguous());
    flat.and_then(|t| t.f_reshape([-1]))
        .and_then(Vec::try_from)
        .map_err(|e| failed(&e))
}

/// Converts an error of libtorch for a model that passed the checks.
fn failed(problem: &dyn std::fmt::Display) -> Error {
    let problem = problem.to_string();
    refuse("libtorch", problem.lines().next().unwrap_or_default())
}

fn refuse(part: &str, reason: &str) -> Error {
    Error::Model {
        part: part.into(),
        reason: reason.into(),
    }
}
