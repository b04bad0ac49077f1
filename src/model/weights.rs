//! Model weights: read from `model.safetensors` as the model config describes and packed for the kernels. Missing tensors, other types or shapes, and
//! values that are not finite are errors.

use super::card::{Card, HEAD_WIDTH};
use super::lanes::Norm;
use super::product::Panels;
use crate::{Error, Result};
use half::f16;
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Values in a 4-bit block (Q4_0), and its bytes: an f16 scale and 32 nibbles.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 18;

/// All weights of a model.
pub(super) struct Weights {
    /// Byte range of the word embeddings in `file`.
    words: Range<usize>,
    file: Cow<'static, [u8]>,
    /// `[positions, hidden]`, with the only token type added.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
    /// Weight `[outputs, hidden]` and bias of each head, by name.
    pub(super) heads: BTreeMap<String, (Vec<f32>, Vec<f32>)>,
}

/// One transformer layer.
pub(super) struct Layer {
    /// Queries (divided by the root of the head width), keys and values in one product.
    pub(super) qkv: Linear,
    pub(super) mix: Linear,
    pub(super) mix_norm: Norm,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) norm: Norm,
}

/// An int8 matrix with its quantisation scales and bias.
pub(super) struct Linear {
    pub(super) panels: Panels,
    pub(super) scales: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Weights {
    /// Reads the weights that the model config describes.
    pub(super) fn read(file: Cow<'static, [u8]>, card: &Card) -> Result<Self> {
        let tensors = SafeTensors::deserialize(&file).map_err(|e| refuse("header", &e.to_string()))?;
        let tensors = Tensors {
            tensors,
            eps: card.layer_norm_eps,
        };
        let (hidden, ffn) = (card.hidden, card.ffn);
        let row = hidden / BLOCK * BLOCK_BYTES;
        let name = "embeddings.word_embeddings.q4";
        let words = tensors.bytes(name, Dtype::U8, &[card.vocabulary, row])?;
        if !words
            .chunks_exact(BLOCK_BYTES)
            .all(|block| f16::from_le_bytes([block[0], block[1]]).is_finite())
        {
            return Err(refuse(name, "a scale is not finite"));
        }
        let start = words.as_ptr().addr() - file.as_ptr().addr();
        let words = start..start + words.len();
        let mut positions = tensors.floats("embeddings.position_embeddings.weight", &[card.positions, hidden])?;
        let kind = tensors.floats("embeddings.token_type_embeddings.weight", &[1, hidden])?;
        for (at, value) in positions.iter_mut().enumerate() {
            *value += kind[at % hidden];
        }
        let norm = tensors.norm("embeddings.LayerNorm", hidden)?;
        let layers = (0..card.layers)
            .into_par_iter()
            .map(|n| tensors.layer(n, hidden, ffn))
            .collect::<Result<_>>()?;
        let mut heads = BTreeMap::new();
        for head in &card.heads {
            let at = card.place(&head.name);
            let bias = tensors.vector(&format!("{at}.bias"))?;
            if bias.is_empty() || (!head.labels.is_empty() && head.labels.len() != bias.len()) {
                return Err(refuse(
                    &at,
                    &format!("{} outputs for {} labels", bias.len(), head.labels.len()),
                ));
            }
            let weight = tensors.floats(&format!("{at}.weight"), &[bias.len(), hidden])?;
            heads.insert(head.name.clone(), (weight, bias));
        }
        Ok(Self {
            words,
            file,
            positions,
            norm,
            layers,
            heads,
        })
    }

    /// Dequantises the embedding of a word; none if there is no such word. The low nibble of byte j is value j of its block, the high nibble value j
    /// + 16; `value = (nibble - 8) * scale`.
    pub(super) fn word(&self, id: u32, out: &mut [f32]) -> Option<()> {
        let width = out.len() / BLOCK * BLOCK_BYTES;
        let row = self
            .file
            .get(self.words.clone())?
            .chunks_exact(width)
            .nth(id as usize)?;
        restore(row, out);
        Some(())
    }
}

/// Dequantises 4-bit blocks to f32.
fn restore(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.chunks_exact(BLOCK_BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let (low, high) = out.split_at_mut(BLOCK / 2);
        for ((byte, low), high) in block[2..].iter().zip(low).zip(high) {
            *low = (f32::from(byte & 15) - 8.0) * scale;
            *high = (f32::from(byte >> 4) - 8.0) * scale;
        }
    }
}

struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    eps: f32,
}

impl<'a> Tensors<'a> {
    fn view(&self, name: &str, dtype: Dtype) -> Result<TensorView<'a>> {
        let found = self.tensors.tensor(name).map_err(|e| refuse(name, &e.to_string()))?;
        if found.dtype() != dtype {
            return Err(refuse(name, &format!("is {:?}, must be {dtype:?}", found.dtype())));
        }
        Ok(found)
    }

    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8]> {
        let found = self.view(name, dtype)?;
        if found.shape() != shape {
            return Err(refuse(
                name,
                &format!("has shape {:?}, the card says {shape:?}", found.shape()),
            ));
        }
        Ok(found.data())
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        numbers(name, self.bytes(name, Dtype::F32, shape)?)
    }

    /// Reads a vector of any length.
    fn vector(&self, name: &str) -> Result<Vec<f32>> {
        numbers(name, self.view(name, Dtype::F32)?.data())
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm> {
        let weight = self.floats(&format!("{name}.weight"), &[width])?;
        Ok(Norm {
            weight,
            bias: self.floats(&format!("{name}.bias"), &[width])?,
            eps: self.eps,
        })
    }

    fn linear(&self, names: &[String], inputs: usize, outputs: usize) -> Result<Linear> {
        let (mut weights, mut scales, mut bias) = (Vec::with_capacity(inputs * outputs), Vec::new(), Vec::new());
        let each = outputs / names.len();
        for name in names {
            let found = self.bytes(&format!("{name}.weight"), Dtype::I8, &[each, inputs])?;
            weights.extend(found.iter().map(|b| b.cast_signed()));
            scales.extend(self.floats(&format!("{name}.weight_scale"), &[each])?);
            bias.extend(self.floats(&format!("{name}.bias"), &[each])?);
        }
        let panels = Panels::pack(&weights, inputs, outputs)
            .ok_or_else(|| refuse(&names[0], "has a shape the engine cannot run"))?;
        Ok(Linear { panels, scales, bias })
    }

    fn layer(&self, number: usize, hidden: usize, ffn: usize) -> Result<Layer> {
        let at = |part: &str| format!("encoder.layer.{number}.{part}");
        let one = |part: &str, inputs, outputs| self.linear(&[at(part)], inputs, outputs);
        let mut qkv = self.linear(
            &["query", "key", "value"].map(|n| at(&format!("attention.self.{n}"))),
            hidden,
            3 * hidden,
        )?;
        let root = (HEAD_WIDTH as f32).sqrt();
        for value in qkv
            .scales
            .iter_mut()
            .take(hidden)
            .chain(qkv.bias.iter_mut().take(hidden))
        {
            *value /= root;
        }
        Ok(Layer {
            qkv,
            mix: one("attention.output.dense", hidden, hidden)?,
            mix_norm: self.norm(&at("attention.output.LayerNorm"), hidden)?,
            up: one("intermediate.dense", hidden, ffn)?,
            down: one("output.dense", ffn, hidden)?,
            norm: self.norm(&at("output.LayerNorm"), hidden)?,
        })
    }
}

/// Reads a tensor of the file by its Hugging Face name, dequantised to f32.
#[cfg(feature = "libtorch")]
pub(super) fn in_full(file: &[u8], vocabulary: usize, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let tensors = SafeTensors::deserialize(file).map_err(|e| refuse("header", &e.to_string()))?;
    let tensors = Tensors { tensors, eps: 0.0 };
    if name == "embeddings.word_embeddings.weight" {
        let row = shape.last().copied().unwrap_or(0) / BLOCK * BLOCK_BYTES;
        let rows = tensors.bytes("embeddings.word_embeddings.q4", Dtype::U8, &[vocabulary, row])?;
        let mut values = vec![0.0; rows.len() / BLOCK_BYTES * BLOCK];
        restore(rows, &mut values);
        return Ok(values);
    }
    let scale = format!("{name}_scale");
    if tensors.tensors.tensor(&scale).is_err() {
        return tensors.floats(name, shape);
    }
    let [outputs, inputs] = shape else {
        return Err(refuse(name, "is no matrix"));
    };
    let steps = tensors.bytes(name, Dtype::I8, shape)?;
    let rows = steps.chunks_exact(*inputs).zip(tensors.floats(&scale, &[*outputs])?);
    let exact = |(row, scale): (&[u8], f32)| {
        row.iter()
            .map(move |step| f32::from(step.cast_signed()) * scale)
            .collect()
    };
    Ok(rows.flat_map(|row| -> Vec<f32> { exact(row) }).collect())
}

fn numbers(name: &str, bytes: &[u8]) -> Result<Vec<f32>> {
    let found: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|four| f32::from_le_bytes(*four))
        .collect();
    if found.iter().all(|v| v.is_finite()) {
        Ok(found)
    } else {
        Err(refuse(name, "a value is not finite"))
    }
}

fn refuse(part: &str, reason: &str) -> Error {
    Error::Model {
        part: format!("model.safetensors, {part}"),
        reason: reason.into(),
    }
}
