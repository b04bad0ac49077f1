//! Scoring pipeline shared by all engines: from passages to scores, given an encoder of windows.
//!
//! Texts are split into windows in parallel; windows, longest first, are packed into batches by a token budget; each rayon worker has one batch
//! encoded and keeps only sums. The values of one text are added in an order that depends on that text alone.

use super::card::{Card, Quality};
use super::heads::Heads;
use super::pool::{Part, Pooled};
use super::tokens::{self, Pieces, Window};
use super::weights::Weights;
use super::{Passage, Scores};
use crate::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use xxhash_rust::xxh3::Xxh3;

/// Batches encoded before their sums are added, which bounds the memory however long the texts are.
const ROUND: usize = 256;
/// Texts and spans scored at a time: their sums take 1.5 KB each.
const GROUP: usize = 16_384;

/// Encodes windows of token ids to token states: the only part specific to an engine.
pub(super) trait Encode: Sync {
    /// Maximum number of tokens in a batch.
    const BUDGET: usize;

    /// Calls `take` once with the states `[tokens, hidden]` of the concatenated windows.
    fn encode(&self, windows: &[&[u32]], take: &mut dyn FnMut(&[f32])) -> Result<()>;
}

/// A model without its encoder.
pub(super) struct Reader {
    pub(super) card: Card,
    pub(super) heads: Heads,
    pub(super) fingerprint: String,
    pieces: Pieces,
    pub(super) units: fn(&str) -> Vec<Range<usize>>,
}

impl Reader {
    /// Creates a reader, and the weights for an encoder, from the content of `card.toml`, `tokenizer.json` and `model.safetensors`; `quality` sets
    /// the number of layers. `engine` distinguishes the fingerprints of engines whose scores differ in bits.
    pub(super) fn new(
        (card, tokenizer): (&str, &[u8]),
        weights: Cow<'static, [u8]>,
        quality: Quality,
        engine: &str,
    ) -> Result<(Self, Weights)> {
        let mut hash = Xxh3::new();
        [card.as_bytes(), tokenizer, &weights]
            .into_iter()
            .for_each(|file| hash.update(file));
        let card = Card::parse(card)?.at(quality)?;
        hash.update(card.depth().as_bytes());
        hash.update(engine.as_bytes());
        let fingerprint = format!("{:032x}", hash.digest128());
        let (pieces, weights) = rayon::join(|| Pieces::new(tokenizer, &card), || Weights::read(weights, &card));
        let (pieces, mut weights) = (pieces?, weights?);
        let reader = Self {
            heads: Heads::new(&card, std::mem::take(&mut weights.heads)),
            card,
            fingerprint,
            pieces,
            units: tokens::sentences,
        };
        Ok((reader, weights))
    }

    /// Scores passages, a group at a time.
    pub(super) fn score<E: Encode>(&self, encoder: &E, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let mut scores = Vec::with_capacity(passages.len());
        while scores.len() < passages.len() {
            let rest = &passages[scores.len()..];
            let some = &rest[..group(rest)];
            let texts = some.par_iter().zip(self.pooled(encoder, scores.len(), some)?);
            scores.par_extend(texts.map(|(passage, pooled)| self.heads.scores(passage.text, pooled)));
        }
        Ok(scores)
    }

    /// Pooled sums of some passages; `place` is the index of the first among all.
    fn pooled<E: Encode>(&self, encoder: &E, place: usize, passages: &[Passage<'_>]) -> Result<Vec<Pooled>> {
        let windows: Vec<Vec<Window>> = passages
            .par_iter()
            .enumerate()
            .map(|(n, passage)| self.windows(place + n, passage.text))
            .collect::<Result<_>>()?;
        let all = windows.iter().enumerate();
        let mut items: Vec<(usize, &Window)> = all
            .flat_map(|(text, windows)| windows.iter().map(move |w| (text, w)))
            .collect();
        // Stable sort: windows of one text keep an order that no other text can change.
        items.sort_by_key(|(_, window)| std::cmp::Reverse(window.ids.len()));

        let mut pooled: Vec<Pooled> = passages.iter().map(|p| Pooled::new(p.spans.len())).collect();
        for round in batches(&items, E::BUDGET).chunks(ROUND) {
            let parts: Vec<Vec<Part>> = round
                .par_iter()
                .map(|batch| self.parts(encoder, &items[batch.clone()], passages))
                .collect::<Result<_>>()?;
            let done = round.iter().flat_map(|batch| &items[batch.clone()]);
            for ((text, _), part) in done.zip(parts.into_iter().flatten()) {
                pooled[*text].add(part);
            }
        }
        Ok(pooled)
    }

    /// Outputs of the sentiment head before calibration.
    #[cfg(test)]
    pub(super) fn logits<E: Encode>(&self, encoder: &E, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let passages: Vec<Passage<'_>> = texts.iter().copied().map(Passage::from).collect();
        let outputs = |text: Pooled| self.heads.get("sentiment").unwrap().outputs(&text.all.mean());
        Ok(self.pooled(encoder, 0, &passages)?.into_iter().map(outputs).collect())
    }

    /// Windows of the text at index `number`.
    pub(super) fn windows(&self, number: usize, text: &str) -> Result<Vec<Window>> {
        self.pieces.windows(text, self.units).map_err(|e| match e {
            Error::Pieces { reason, .. } => Error::Pieces { text: number, reason },
            other => other,
        })
    }

    /// Encodes a batch and keeps the sums that its texts need.
    fn parts<E: Encode>(&self, encoder: &E, batch: &[(usize, &Window)], passages: &[Passage<'_>]) -> Result<Vec<Part>> {
        let hidden = self.card.hidden;
        let ids: Vec<&[u32]> = batch.iter().map(|(_, window)| window.ids.as_slice()).collect();
        let mut parts = Vec::with_capacity(batch.len());
        encoder.encode(&ids, &mut |mut states| {
            for (text, window) in batch {
                let (own, rest) = states.split_at(window.ids.len() * hidden);
                states = rest;
                parts.push(Part::new(own, window, passages[*text].spans, self.heads.get("target")));
            }
        })?;
        Ok(parts)
    }
}

/// Number of passages to score next: those with at most `GROUP` texts and spans together, at least one.
pub(super) fn group(passages: &[Passage<'_>]) -> usize {
    let sizes = passages.iter().scan(0, |total, passage| {
        *total += 1 + passage.spans.len();
        Some(*total)
    });
    sizes.take_while(|total| *total <= GROUP).count().max(1)
}

/// Batches of at most `budget` tokens, or of one longer window.
pub(super) fn batches(items: &[(usize, &Window)], budget: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, (_, window)) in items.iter().enumerate() {
        if at > start && tokens + window.ids.len() > budget {
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
