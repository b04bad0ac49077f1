//! Hugging Face sequence classifiers from a folder with `config.json`, `tokenizer.json`, and `model.safetensors` or `rust_model.ot`: an engine that
//! predicts only sentiment.
//!
//! Everything is checked before libtorch sees it: missing, inconsistent and damaged files are errors. A text longer than the window is split into
//! windows, and their logits are averaged by tokens. A span is scored as a text of its own.

use super::classifier::{Classifier, Shape};
use super::shop::{Shop, padded};
use super::{labels, numbers, refuse};
use crate::model::card::Card;
use crate::model::reader::batches;
use crate::model::tokens::{self, Pieces, Window};
use crate::model::{Engine, Passage, Scores, SpanScores, lanes};
use crate::{Error, Result};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use tch::Tensor;
use xxhash_rust::xxh3::Xxh3;

/// Maximum number of tokens in a batch.
const BUDGET: usize = 1024;

/// A loaded checkpoint.
pub struct Checkpoint {
    card: Card,
    fingerprint: String,
    pieces: Pieces,
    units: fn(&str) -> Vec<Range<usize>>,
    shop: Shop<Classifier>,
    pad: i64,
    /// The sentiment of each output: 0 negative, 1 neutral, 2 positive, 3 mixed.
    classes: Vec<usize>,
}

/// Sum of a text's logits, weighted by tokens.
#[derive(Clone, Default)]
struct Sum {
    logits: Vec<f32>,
    tokens: u32,
}

impl Checkpoint {
    /// Opens the checkpoint in `folder`. `said` names the sentiment of each output, for checkpoints whose own names do not; `base` is the config
    /// whose rules decide when to abstain.
    ///
    /// # Errors
    /// When a file is missing or damaged, the files do not belong together, or the outputs' names do not identify sentiments.
    pub fn open(folder: &Path, said: &[String], base: &Card) -> Result<Self> {
        let config = read(&folder.join("config.json"))?;
        let tokenizer = read(&folder.join("tokenizer.json"))?;
        let shape = Shape::parse(&String::from_utf8_lossy(&config))?;
        let classes = labels::classes(&shape.names, said)?;
        let card = card(folder, &shape, base);
        let pieces = Pieces::new(&tokenizer, &card)?;

        let safe = folder.join("model.safetensors");
        let own = folder.join("rust_model.ot");
        let mut hash = Xxh3::new();
        let (config_and_tokenizer, builder) = ([config, tokenizer], Box::new(shape.builder()));
        config_and_tokenizer.iter().for_each(|file| hash.update(file));
        said.iter().for_each(|label| hash.update(label.as_bytes()));
        let shop = if own.exists() && !safe.exists() {
            hash.update(&read(&own)?);
            let tensors = Tensor::load_multi(&own).map_err(|e| of("rust_model.ot", &first_line(&e)))?;
            let tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
            Shop::open(builder, |name, shape| from_own(&tensors, name, shape))?
        } else {
            let file = read(&safe)?;
            hash.update(&file);
            let tensors = SafeTensors::deserialize(&file).map_err(|e| of("model.safetensors", &e.to_string()))?;
            Shop::open(builder, |name, shape| from_safe(&tensors, name, shape))?
        };
        Ok(Self {
            card,
            fingerprint: format!("{:032x}", hash.digest128()),
            pieces,
            units: tokens::sentences,
            shop,
            pad: shape.pad,
            classes,
        })
    }

    /// Sets how texts longer than the window are split: `units` returns byte ranges of the text, in order.
    #[must_use]
    pub fn with_units(mut self, units: fn(&str) -> Vec<Range<usize>>) -> Self {
        self.units = units;
        self
    }

    /// Mean logits of each text, and its number of tokens.
    pub(super) fn logits(&self, texts: &[&str]) -> Result<Vec<(Vec<f32>, u32)>> {
        let windows: Vec<Vec<Window>> = texts
            .par_iter()
            .enumerate()
            .map(|(number, text)| {
                self.pieces.windows(text, self.units).map_err(|e| match e {
                    Error::Pieces { reason, .. } => Error::Pieces { text: number, reason },
                    other => other,
                })
            })
            .collect::<Result<_>>()?;
        let all = windows.iter().enumerate();
        let mut items: Vec<(usize, &Window)> = all.flat_map(|(text, all)| all.iter().map(move |w| (text, w))).collect();
        items.sort_by_key(|(_, window)| std::cmp::Reverse(window.ids.len()));
        let batches = batches(&items, BUDGET);
        let answers: Vec<Vec<f32>> = batches
            .par_iter()
            .map(|batch| self.batch(&items[batch.clone()]))
            .collect::<Result<_>>()?;
        let outputs = self.classes.len();
        let mut sums = vec![Sum::default(); texts.len()];
        let rows = answers.iter().flat_map(|answer| answer.chunks_exact(outputs));
        for ((text, window), logits) in items.iter().zip(rows) {
            let (sum, tokens) = (&mut sums[*text], window.ids.len() as f32);
            sum.logits.resize(outputs, 0.0);
            sum.logits
                .iter_mut()
                .zip(logits)
                .for_each(|(sum, logit)| *sum += logit * tokens);
            sum.tokens += u32::try_from(window.ids.len()).unwrap_or(u32::MAX);
        }
        let mean = |sum: Sum| {
            let tokens = sum.tokens as f32;
            (sum.logits.into_iter().map(|logit| logit / tokens).collect(), sum.tokens)
        };
        Ok(sums.into_iter().map(mean).collect())
    }

    /// Logits `[windows, outputs]`.
    fn batch(&self, batch: &[(usize, &Window)]) -> Result<Vec<f32>> {
        let windows: Vec<&[u32]> = batch.iter().map(|(_, window)| window.ids.as_slice()).collect();
        let (ids, mask) = padded(&windows, self.pad, self.shop.device);
        let logits = self.shop.with(|model| model.logits(&ids, &mask))?;
        numbers(&logits)
    }

    /// Probabilities of negative, neutral, positive, mixed.
    fn sentiment(&self, mut logits: Vec<f32>) -> [f32; 4] {
        lanes::softmax(&mut logits);
        let mut sentiment = [0.0; 4];
        for (class, p) in self.classes.iter().zip(logits) {
            sentiment[*class] += p;
        }
        sentiment
    }
}

impl Engine for Checkpoint {
    fn card(&self) -> &Card {
        &self.card
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        // Texts first, then the spans of texts with several.
        let whole = |passage: &Passage<'_>| passage.spans.len() < 2;
        let mut texts: Vec<&str> = passages.iter().map(|passage| passage.text).collect();
        for passage in passages.iter().filter(|passage| !whole(passage)) {
            let spans = passage.spans.iter();
            texts.extend(spans.map(|span| passage.text.get(span.clone()).unwrap_or_default()));
        }
        let mut answers = self.logits(&texts)?;
        let mut spans = answers.split_off(passages.len()).into_iter();
        let scores = passages.iter().zip(answers).map(|(passage, (logits, tokens))| {
            let sentiment = self.sentiment(logits);
            let alone = |_: &Range<usize>| {
                let own = if whole(passage) { None } else { spans.next() };
                SpanScores {
                    sentiment: own.map_or(sentiment, |(logits, _)| self.sentiment(logits)),
                    embedding: Vec::new(),
                    polarity: Vec::new(),
                }
            };
            Scores {
                sentiment,
                emotions: Vec::new(),
                intents: Vec::new(),
                touchpoints: Vec::new(),
                signals: Vec::new(),
                targets: Vec::new(),
                embedding: Vec::new(),
                spans: passage.spans.iter().map(alone).collect(),
                tokens,
            }
        });
        Ok(scores.collect())
    }
}

/// Builds a config for a classifier: its shape, none of our heads, the rules of `base` for texts in any language.
fn card(folder: &Path, shape: &Shape, base: &Card) -> Card {
    let [layers, hidden, attention_heads, ffn, positions] = shape.sizes;
    let mut card = base.clone();
    card.id = folder
        .file_name()
        .map_or_else(|| "checkpoint".into(), |name| name.to_string_lossy().into_owned());
    card.version = String::new();
    (card.layers, card.hidden, card.attention_heads, card.ffn) = (layers, hidden, attention_heads, ffn);
    (card.vocabulary, card.positions, card.window) = (shape.vocabulary, positions, shape.window);
    card.prefix = String::new();
    card.heads.retain(|head| head.name == "sentiment");
    card.exits.clear();
    // The files of a checkpoint do not say which languages it supports.
    card.rules.unsupported_from = 2.0;
    card
}

/// Reads a tensor of a safetensors file as f32.
fn from_safe(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let file = "model.safetensors";
    let found = tensors.tensor(name).map_err(|_| missing(file, name))?;
    if found.shape() != shape {
        return Err(differs(file, name, found.shape(), shape));
    }
    let bytes = found.data();
    let halves = || bytes.as_chunks::<2>().0.iter();
    let values: Vec<f32> = match found.dtype() {
        Dtype::F32 => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect(),
        Dtype::F16 => halves().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => halves().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
        other => return Err(of(file, &format!("{name} is {other:?}; f32, f16 and bf16 can be read"))),
    };
    finite(file, name, values)
}

/// Reads a tensor of a `rust_model.ot` as f32.
fn from_own(tensors: &HashMap<String, Tensor>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let file = "rust_model.ot";
    let found = tensors.get(name).ok_or_else(|| missing(file, name))?;
    let size: Vec<usize> = found.size().iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
    if size != shape {
        return Err(differs(file, name, &size, shape));
    }
    finite(file, name, numbers(found)?)
}

fn finite(file: &str, name: &str, values: Vec<f32>) -> Result<Vec<f32>> {
    if values.iter().all(|v| v.is_finite()) {
        Ok(values)
    } else {
        Err(of(file, &format!("{name}: a value is not finite")))
    }
}

fn missing(file: &str, name: &str) -> Error {
    of(
        file,
        &format!("there is no {name}; is this a sequence classifier of the type that config.json names?"),
    )
}

fn differs(file: &str, name: &str, found: &[usize], wanted: &[usize]) -> Error {
    of(
        file,
        &format!("{name} has shape {found:?}, config.json says {wanted:?}"),
    )
}

fn of(file: &str, reason: &str) -> Error {
    refuse(file, reason)
}

fn first_line(problem: &dyn std::fmt::Display) -> String {
    problem.to_string().lines().next().unwrap_or_default().to_owned()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    if !path.exists() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    fs::read(path).map_err(|e| Error::io("read", path, e))
}
