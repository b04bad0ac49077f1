//! Forward pass of the encoder: from windows of token ids, packed end to end, to the last hidden state of every token.
//!
//! A BERT with layer normalisation after each block. Windows are not padded: products run over the tokens of all windows as one matrix, attention
//! over each window separately, and everything else row by row, so the states of a window do not depend on the rest of the batch. It runs on one
//! thread with scratch memory from the caller.

use super::attention::Attention;
use super::kernel::{self, Isa};
use super::lanes::Row;
use super::product::Job;
use super::weights::{Linear, Weights};

/// Encoder weights and the instruction set to compute with.
pub(super) struct Encoder {
    pub(super) weights: Weights,
    pub(super) isa: Isa,
}

/// Scratch memory of one worker; grows to the largest batch it has seen.
#[derive(Default)]
pub(super) struct Scratch {
    /// Token states `[tokens, hidden]`.
    states: Vec<f32>,
    /// Quantised input of the next product as u8, and its scales.
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// Output of the wide products, `[tokens, 3 * hidden]` and `[tokens, ffn]`.
    wide: Vec<f32>,
    /// Output of attention and of the narrow products, `[tokens, hidden]`.
    narrow: Vec<f32>,
    attention: Attention,
}

impl Encoder {
    /// Returns the states `[tokens, hidden]` of concatenated windows. Unknown ids and positions beyond the last embed as zeros.
    pub(super) fn states<'s>(&self, windows: &[&[u32]], scratch: &'s mut Scratch) -> &'s [f32] {
        let (isa, hidden) = (self.isa, self.weights.norm.weight.len());
        let tokens: usize = windows.iter().map(|w| w.len()).sum();
        let narrow_size = tokens * hidden;
        let Scratch {
            states,
            bytes,
            rows,
            wide,
            narrow,
            attention,
        } = scratch;
        let (states, narrow) = (room(states, narrow_size), room(narrow, narrow_size));
        let rows = room(rows, tokens);

        self.embed(windows, states, narrow);
        kernel::normalise(isa, &self.weights.norm, narrow, states, room(bytes, narrow_size), rows);
        for layer in &self.weights.layers {
            let qkv = room(wide, 3 * narrow_size);
            product(isa, &layer.qkv, room(bytes, narrow_size), rows, qkv);
            let mut at = 0;
            for size in windows.iter().map(|w| w.len() * hidden) {
                kernel::attend(
                    isa,
                    &qkv[3 * at..][..3 * size],
                    hidden,
                    attention,
                    &mut narrow[at..][..size],
                );
                at += size;
            }
            kernel::quantise(isa, hidden, narrow, room(bytes, narrow_size), rows);
            product(isa, &layer.mix, room(bytes, narrow_size), rows, narrow);
            kernel::normalise(isa, &layer.mix_norm, narrow, states, room(bytes, narrow_size), rows);

            let ffn = layer.up.bias.len();
            let inner = room(wide, tokens * ffn);
            kernel::product_gelu(isa, &job(&layer.up, room(bytes, narrow_size), rows), inner);
            kernel::quantise(isa, ffn, inner, room(bytes, tokens * ffn), rows);
            product(isa, &layer.down, room(bytes, tokens * ffn), rows, narrow);
            kernel::normalise(isa, &layer.norm, narrow, states, room(bytes, narrow_size), rows);
        }
        states
    }

    /// Writes the word embedding of each token to `words` and its position embedding to `states`.
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
    }
}

fn job<'a>(linear: &'a Linear, activations: &'a [u8], rows: &'a [Row]) -> Job<'a> {
    Job {
        activations,
        rows,
        weights: &linear.panels,
        scales: &linear.scales,
        bias: &linear.bias,
    }
}

fn product(isa: Isa, linear: &Linear, activations: &[u8], rows: &[Row], out: &mut [f32]) {
    kernel::product(isa, &job(linear, activations, rows), out);
}

/// The first `size` values of a buffer that only grows; their content is unspecified.
fn room<T: Clone + Default>(buffer: &mut Vec<T>, size: usize) -> &mut [T] {
    if buffer.len() < size {
        buffer.resize(size, T::default());
    }
    &mut buffer[..size]
}
