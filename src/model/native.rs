//! The engine that is always there: the int8 model on the processor at hand. Input: passages. Output: their scores.
//!
//! Texts are cut into windows in parallel; windows, longest first, are packed into micro-batches by a token budget; rayon
//! workers encode one micro-batch each on a single thread with working memory of their own, and keep sums only. What
//! belongs to one text is added up in an order that depends on that text alone.

use super::card::{Card, Quality};
use super::encoder::{Encoder, Scratch};
use super::heads::Heads;
use super::kernel::Isa;
use super::pool::{Part, Pooled};
use super::tokens::{self, Pieces, Window};
use super::weights::Weights;
use super::{Engine, Passage, Scores};
use crate::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::Xxh3;

/// Tokens of a micro-batch: enough rows to use the weights well, few enough that their states stay in a core's cache.
const BUDGET: usize = 160;
/// Micro-batches encoded before their sums are added up, so that what waits stays small however long the texts are.
const ROUND: usize = 256;
/// Texts and spans scored at a time: their sums take 1.5 KB each.
const GROUP: usize = 16_384;

/// The embedded model's engine.
pub struct Native {
    card: Card,
    heads: Heads,
    fingerprint: String,
    pieces: Pieces,
    units: fn(&str) -> Vec<Range<usize>>,
    encoder: Encoder,
    /// Working memory that no worker uses right now.
    idle: Mutex<Vec<Scratch>>,
}

impl Native {
    /// An engine from the content of `card.toml`, `tokenizer.json` and `model.safetensors`, that reads to the depth of `quality`.
    ///
    /// # Errors
    /// When one of them cannot be read, they do not belong together, or there is no exit for a fast answer.
    pub fn new(card: &str, tokenizer: &[u8], weights: Cow<'static, [u8]>, quality: Quality) -> Result<Self> {
        let mut hash = Xxh3::new();
        [card.as_bytes(), tokenizer, &weights]
            .into_iter()
            .for_each(|file| hash.update(file));
        let card = Card::parse(card)?.at(quality)?;
        hash.update(card.depth().as_bytes());
        let fingerprint = format!("{:032x}", hash.digest128());
        let (pieces, weights) = rayon::join(|| Pieces::new(tokenizer, &card), || Weights::read(weights, &card));
        let (pieces, mut weights) = (pieces?, weights?);
        let heads = Heads::new(&card, std::mem::take(&mut weights.heads));
        let encoder = Encoder {
            weights,
            isa: Isa::detect(),
        };
        Ok(Self {
            card,
            heads,
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

    /// The sums of some passages, the first of them at place `place` among all.
    fn pooled(&self, place: usize, passages: &[Passage<'_>]) -> Result<Vec<Pooled>> {
        let windows: Vec<Vec<Window>> = passages
            .par_iter()
            .enumerate()
            .map(|(n, passage)| self.windows(place + n, passage.text))
            .collect::<Result<_>>()?;
        let all = windows.iter().enumerate();
        let mut items: Vec<(usize, &Window)> = all
            .flat_map(|(text, windows)| windows.iter().map(move |w| (text, w)))
            .collect();
        // Stable: windows of one text keep an order that no other text can change.
        items.sort_by_key(|(_, window)| std::cmp::Reverse(window.ids.len()));

        let mut pooled: Vec<Pooled> = passages.iter().map(|p| Pooled::new(p.spans.len())).collect();
        for round in batches(&items).chunks(ROUND) {
            let parts: Vec<Vec<Part>> = round
                .par_iter()
                .map(|batch| self.parts(&items[batch.clone()], passages))
                .collect();
            let done = round.iter().flat_map(|batch| &items[batch.clone()]);
            for ((text, _), part) in done.zip(parts.into_iter().flatten()) {
                pooled[*text].add(part);
            }
        }
        Ok(pooled)
    }

    /// The windows of the text at place `number`.
    pub(super) fn windows(&self, number: usize, text: &str) -> Result<Vec<Window>> {
        self.pieces.windows(text, self.units).map_err(|e| match e {
            Error::Pieces { reason, .. } => Error::Pieces { text: number, reason },
            other => other,
        })
    }

    /// Encodes a micro-batch and keeps what its texts need.
    fn parts(&self, batch: &[(usize, &Window)], passages: &[Passage<'_>]) -> Vec<Part> {
        let hidden = self.card.hidden;
        let ids: Vec<&[u32]> = batch.iter().map(|(_, window)| window.ids.as_slice()).collect();
        let mut scratch = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default();
        let mut states = self.encoder.states(&ids, &mut scratch);
        let mut parts = Vec::with_capacity(batch.len());
        for (text, window) in batch {
            let (own, rest) = states.split_at(window.ids.len() * hidden);
            states = rest;
            parts.push(Part::new(own, window, passages[*text].spans, self.heads.get("target")));
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        parts
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
        let passages: Vec<Passage<'_>> = texts.iter().copied().map(Passage::from).collect();
        let outputs = |text: Pooled| self.heads.get("sentiment").unwrap().outputs(&text.all.mean());
        Ok(self.pooled(0, &passages)?.into_iter().map(outputs).collect())
    }
}

impl Engine for Native {
    fn card(&self) -> &Card {
        &self.card
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let mut scores = Vec::with_capacity(passages.len());
        while scores.len() < passages.len() {
            let rest = &passages[scores.len()..];
            let some = &rest[..group(rest)];
            let texts = some.par_iter().zip(self.pooled(scores.len(), some)?);
            scores.par_extend(texts.map(|(passage, pooled)| self.heads.scores(passage.text, pooled)));
        }
        Ok(scores)
    }
}

/// How many of the passages are scored next: as many as hold `GROUP` texts and spans together, at least one.
fn group(passages: &[Passage<'_>]) -> usize {
    let sizes = passages.iter().scan(0, |total, passage| {
        *total += 1 + passage.spans.len();
        Some(*total)
    });
    sizes.take_while(|total| *total <= GROUP).count().max(1)
}

/// Micro-batches of at most `BUDGET` tokens, or of one window that is longer.
fn batches(items: &[(usize, &Window)]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, (_, window)) in items.iter().enumerate() {
        if at > start && tokens + window.ids.len() > BUDGET {
            found.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens += window.ids.len();
    }
    if start < items.len() {
        found.push(start..items.len());
    }
    found
}
