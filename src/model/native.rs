//! The engine that is always there: the int8 model on the processor at hand. Input: texts. Output: their scores.
//!
//! Texts are cut into windows in parallel; windows, longest first, are packed into micro-batches by a token budget; rayon
//! workers encode one micro-batch each on a single thread with working memory of their own. What belongs to one text is
//! added up in an order that depends on that text alone.

use super::card::{Card, Head};
use super::encoder::{Encoder, Scratch};
use super::kernel::Isa;
use super::tokens::{self, Pieces};
use super::weights::Weights;
use super::{Engine, Scores, lanes};
use crate::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::Xxh3;

/// Tokens of a micro-batch: enough rows to use the weights well, few enough that their states stay in a core's cache.
const BUDGET: usize = 160;

/// The embedded model's engine.
pub struct Native {
    card: Card,
    sentiment: Head,
    fingerprint: String,
    pieces: Pieces,
    units: fn(&str) -> Vec<Range<usize>>,
    encoder: Encoder,
    /// Working memory that no worker uses right now.
    idle: Mutex<Vec<Scratch>>,
}

/// What the encoder says of one text before any head.
struct Pooled {
    /// Mean token state over all windows, `[hidden]`.
    mean: Vec<f32>,
    tokens: u32,
}

impl Native {
    /// An engine from the content of `card.toml`, `tokenizer.json` and `model.safetensors`.
    ///
    /// # Errors
    /// When one of them cannot be read, or they do not belong together.
    pub fn new(card: &str, tokenizer: &[u8], weights: Cow<'static, [u8]>) -> Result<Self> {
        let mut hash = Xxh3::new();
        [card.as_bytes(), tokenizer, &weights]
            .into_iter()
            .for_each(|file| hash.update(file));
        let fingerprint = format!("{:032x}", hash.digest128());
        let card = Card::parse(card)?;
        let sentiment = card.sentiment()?.clone();
        let (pieces, weights) = rayon::join(|| Pieces::new(tokenizer, &card), || Weights::read(weights, &card));
        let (pieces, weights) = (pieces?, weights?);
        let encoder = Encoder {
            weights,
            isa: Isa::detect(),
        };
        Ok(Self {
            card,
            sentiment,
            fingerprint,
            pieces,
            units: tokens::sentences,
            encoder,
            idle: Mutex::default(),
        })
    }

    /// Cuts texts that are longer than the window where `units` says: byte ranges of the text, in order.
    #[must_use]
    pub fn with_units(mut self, units: fn(&str) -> Vec<Range<usize>>) -> Self {
        self.units = units;
        self
    }

    fn pooled(&self, texts: &[&str]) -> Result<Vec<Pooled>> {
        let windows: Vec<Vec<Vec<u32>>> = texts
            .par_iter()
            .enumerate()
            .map(|(n, t)| self.windows(n, t))
            .collect::<Result<_>>()?;
        let mut items: Vec<(usize, &[u32])> = Vec::new();
        items.extend(
            windows
                .iter()
                .enumerate()
                .flat_map(|(text, all)| all.iter().map(move |w| (text, w.as_slice()))),
        );
        // Stable: windows of one text keep an order that no other text can change.
        items.sort_by_key(|(_, window)| std::cmp::Reverse(window.len()));

        let hidden = self.card.hidden;
        let mut pooled: Vec<Pooled> = texts
            .iter()
            .map(|_| Pooled {
                mean: vec![0.0; hidden],
                tokens: 0,
            })
            .collect();
        let batches = batches(&items);
        // A round at a time, so that what waits to be added up stays small however long the texts are.
        for round in batches.chunks(1024) {
            let sums: Vec<Vec<f32>> = round.par_iter().map(|batch| self.sums(&items[batch.clone()])).collect();
            let done = round.iter().flat_map(|batch| &items[batch.clone()]);
            for ((text, window), sum) in done.zip(sums.iter().flat_map(|s| s.chunks_exact(hidden))) {
                pooled[*text].tokens += u32::try_from(window.len()).unwrap_or(u32::MAX);
                pooled[*text]
                    .mean
                    .iter_mut()
                    .zip(sum)
                    .for_each(|(mean, sum)| *mean += sum);
            }
        }
        for text in &mut pooled {
            let count = text.tokens as f32;
            text.mean.iter_mut().for_each(|value| *value /= count);
        }
        Ok(pooled)
    }

    /// The windows of the text at place `number`.
    pub(super) fn windows(&self, number: usize, text: &str) -> Result<Vec<Vec<u32>>> {
        self.pieces.windows(text, self.units).map_err(|e| match e {
            Error::Pieces { reason, .. } => Error::Pieces { text: number, reason },
            other => other,
        })
    }

    /// The sum of token states of each window, `[windows, hidden]`.
    fn sums(&self, batch: &[(usize, &[u32])]) -> Vec<f32> {
        let hidden = self.card.hidden;
        let windows: Vec<&[u32]> = batch.iter().map(|(_, window)| *window).collect();
        let mut scratch = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default();
        let mut states = self.encoder.states(&windows, &mut scratch).chunks_exact(hidden);
        let mut sums = vec![0.0; windows.len() * hidden];
        for (window, sum) in windows.iter().zip(sums.chunks_exact_mut(hidden)) {
            for state in states.by_ref().take(window.len()) {
                sum.iter_mut().zip(state).for_each(|(sum, value)| *sum += value);
            }
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        sums
    }

    /// A head's outputs before calibration.
    fn outputs(&self, head: &str, mean: &[f32]) -> Vec<f32> {
        let Some((weight, bias)) = self.encoder.weights.heads.get(head) else {
            return Vec::new();
        };
        let rows = weight.chunks_exact(mean.len()).zip(bias);
        rows.map(|(row, bias)| row.iter().zip(mean).map(|(w, m)| w * m).sum::<f32>() + bias)
            .collect()
    }

    fn scores(&self, text: &Pooled) -> Scores {
        let (head, mut sentiment) = (&self.sentiment, [0.0; 3]);
        let outputs = self.outputs(&head.name, &text.mean);
        for (n, (p, output)) in sentiment.iter_mut().zip(outputs).enumerate() {
            *p = (output + head.bias.get(n).copied().unwrap_or(0.0)) / head.temperature;
        }
        Scores {
            sentiment: lanes::softmax(sentiment),
            tokens: text.tokens,
        }
    }

    /// The same engine on another machine of this processor.
    #[cfg(test)]
    pub(super) fn on(mut self, isa: Isa) -> Self {
        self.encoder.isa = isa;
        self
    }

    /// The sentiment head's outputs before calibration.
    #[cfg(test)]
    pub(super) fn logits(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let pooled = self.pooled(texts)?;
        Ok(pooled
            .iter()
            .map(|text| self.outputs("sentiment", &text.mean))
            .collect())
    }
}

impl Engine for Native {
    fn card(&self) -> &Card {
        &self.card
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn score(&self, texts: &[&str]) -> Result<Vec<Scores>> {
        Ok(self.pooled(texts)?.iter().map(|text| self.scores(text)).collect())
    }
}

/// Micro-batches of at most `BUDGET` tokens, or of one window that is longer.
fn batches(items: &[(usize, &[u32])]) -> Vec<Range<usize>> {
    let budget: usize = std::env::var("B").ok().and_then(|b| b.parse().ok()).unwrap_or(BUDGET);
    let mut found = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, (_, window)) in items.iter().enumerate() {
        if at > start && tokens + window.len() > budget {
            found.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens += window.len();
    }
    if start < items.len() {
        found.push(start..items.len());
    }
    found
}
