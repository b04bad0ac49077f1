//! The forward pass. Input: windows of token ids, packed end to end. Output: the last state of every token.
//!
//! A BERT with layer normalisation after each block. No window is padded: products run over the tokens of all windows as one
//! matrix, attention over each window on its own, and everything else row by row, so a window's states are the same
//! whatever else is in the batch. One thread, working memory brought by the caller.

use super::attention::Attention;
use super::kernel::{self, Isa};
use super::lanes::Row;
use super::product::Job;
use super::weights::{Layer, Linear, Weights};

/// The encoder: weights, and the processor's way to compute.
pub(super) struct Encoder {
    pub(super) weights: Weights,
    pub(super) isa: Isa,
}

/// Working memory of one worker; grows to the largest batch it has seen.
#[derive(Default)]
pub(super) struct Scratch {
    /// Token states `[tokens, hidden]`.
    states: Vec<f32>,
    /// States as u8, and what they stand for.
    quantised: Vec<u8>,
    rows: Vec<Row>,
    /// Output of the wide products `[tokens, 3 * hidden]` and `[tokens, ffn]`.
    wide: Vec<f32>,
    /// Output of the narrow products, and of attention.
    narrow: Vec<f32>,
    attention: Attention,
}

impl Encoder {
    /// The states `[tokens, hidden]` of windows that lie end to end in `scratch` afterwards. Ids the model does not know
    /// and positions beyond its last read as zeros.
    pub(super) fn states<'s>(&self, windows: &[&[u32]], scratch: &'s mut Scratch) -> &'s [f32] {
        let (isa, hidden) = (self.isa, self.weights.norm.weight.len());
        let tokens: usize = windows.iter().map(|w| w.len()).sum();
        let Scratch {
            states,
            quantised,
            rows,
            wide,
            narrow,
            attention,
        } = scratch;
        let widest = self
            .weights
            .layers
            .iter()
            .map(|l| l.qkv.bias.len().max(l.up.bias.len()))
            .max()
            .unwrap_or(hidden);
        let (states, narrow) = (room(states, tokens * hidden), room(narrow, tokens * hidden));
        let (wide, quantised) = (room(wide, tokens * widest), room(quantised, tokens * widest));
        let rows = room(rows, tokens);
        let mut product = |linear: &Linear, gelu: bool, input: &[f32], out: &mut [f32]| {
            let width = input.len() / tokens.max(1);
            let activations = &mut quantised[..input.len()];
            kernel::quantise(isa, width, input, activations, rows);
            let Linear { panels, scales, bias } = linear;
            let job = Job {
                activations,
                rows,
                weights: panels,
                scales,
                bias,
            };
            if gelu {
                kernel::product_gelu(isa, &job, out)
            } else {
                kernel::product(isa, &job, out)
            }
        };
        let (thrice, ffn) = (tokens * 3 * hidden, |layer: &Layer| tokens * layer.up.bias.len());

        self.embed(windows, states, narrow);
        for layer in &self.weights.layers {
            product(&layer.qkv, false, states, &mut wide[..thrice]);
            let mut at = 0;
            for length in windows.iter().map(|w| w.len()) {
                let (qkv, out) = (
                    &wide[at * 3 * hidden..][..length * 3 * hidden],
                    &mut narrow[at * hidden..][..length * hidden],
                );
                kernel::attend(isa, qkv, hidden, attention, out);
                at += length;
            }
            product(&layer.mix, false, narrow, &mut wide[..tokens * hidden]);
            kernel::normalise(isa, &layer.mix_norm, &wide[..tokens * hidden], states);
            product(&layer.up, true, states, &mut wide[..ffn(layer)]);
            product(&layer.down, false, &wide[..ffn(layer)], narrow);
            kernel::normalise(isa, &layer.norm, narrow, states);
        }
        states
    }

    /// Normalised sum of word and position of each token; `words` is working memory of the states' size.
    fn embed(&self, windows: &[&[u32]], states: &mut [f32], words: &mut [f32]) {
        let hidden = self.weights.norm.weight.len();
        let tokens = windows.iter().flat_map(|w| w.iter().enumerate());
        for (((position, id), state), word) in tokens
            .zip(states.chunks_exact_mut(hidden))
            .zip(words.chunks_exact_mut(hidden))
        {
            if self.weights.word(*id, word).is_none() {
                word.fill(0.0);
            }
            match self.weights.positions.chunks_exact(hidden).nth(position) {
                Some(row) => state.copy_from_slice(row),
                None => state.fill(0.0),
            }
        }
        kernel::normalise(self.isa, &self.weights.norm, words, states);
    }
}

/// The first `size` values of a buffer that only ever grows; their content is whatever was there.
fn room<T: Clone + Default>(buffer: &mut Vec<T>, size: usize) -> &mut [T] {
    if buffer.len() < size {
        buffer.resize(size, T::default());
    }
    &mut buffer[..size]
}
