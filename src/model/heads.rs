//! Prediction heads: turn a hidden state `[hidden]` into calibrated probabilities or a unit vector, as the model config describes. A head that the
//! model lacks returns nothing.

use super::card::{Activation, Card, Head};
use super::lanes;
use super::pool::{Pooled, Sum, whole_words};
use super::{Scores, SpanScores};
use std::collections::BTreeMap;

/// One head with its weights.
pub(super) struct Readout {
    /// `[outputs, hidden]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    /// Added to the outputs before the division by `temperature`, per output.
    shift: Vec<f32>,
    temperature: f32,
    activation: Activation,
}

impl Readout {
    fn new(head: &Head, (weight, bias): (Vec<f32>, Vec<f32>)) -> Self {
        let mut shift = head.bias.clone();
        shift.resize(bias.len(), 0.0);
        Self {
            weight,
            bias,
            shift,
            temperature: head.temperature,
            activation: head.activation,
        }
    }

    /// Outputs before calibration.
    pub(super) fn outputs(&self, state: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(state.len()).zip(&self.bias);
        rows.map(|(row, bias)| lanes::dot(row, state) + bias).collect()
    }

    /// Outputs after calibration, before the activation.
    pub(super) fn calibrated(&self, state: &[f32]) -> Vec<f32> {
        let mut outputs = self.outputs(state);
        for (output, shift) in outputs.iter_mut().zip(&self.shift) {
            *output = (*output + shift) / self.temperature;
        }
        outputs
    }

    /// Probabilities, or a unit vector for a projection.
    fn read(&self, state: &[f32]) -> Vec<f32> {
        let mut outputs = self.calibrated(state);
        match self.activation {
            Activation::Softmax => lanes::softmax(&mut outputs),
            Activation::Sigmoid => lanes::sigmoid(&mut outputs),
            Activation::None => lanes::normalise_length(&mut outputs),
        }
        outputs
    }
}

/// All heads of one depth.
pub(super) struct Heads(BTreeMap<String, Readout>);

impl Heads {
    /// Creates the heads of the model config with their weights and biases.
    pub(super) fn new(card: &Card, mut weights: BTreeMap<String, (Vec<f32>, Vec<f32>)>) -> Self {
        let heads = card.heads.iter();
        Self(
            heads
                .filter_map(|head| Some((head.name.clone(), Readout::new(head, weights.remove(&head.name)?))))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&Readout> {
        self.0.get(name)
    }

    fn read(&self, name: &str, state: &[f32]) -> Vec<f32> {
        self.get(name).map(|head| head.read(state)).unwrap_or_default()
    }

    fn sentiment(&self, state: &[f32]) -> [f32; 4] {
        match self.read("sentiment", state)[..] {
            [negative, neutral, positive] => [negative, neutral, positive, 0.0],
            [negative, neutral, positive, mixed] => [negative, neutral, positive, mixed],
            _ => [f32::NAN; 4],
        }
    }

    /// The scores of one text.
    pub(super) fn scores(&self, words: &str, text: Pooled) -> Scores {
        let mean = text.all.mean();
        let mut scores = Scores {
            sentiment: self.sentiment(&mean),
            emotions: self.read("emotion", &mean),
            intents: self.read("intent", &mean),
            touchpoints: self.read("touchpoint", &mean),
            signals: self.read("signals", &mean),
            targets: whole_words(words, text.targets),
            embedding: self.read("embedding", &mean),
            spans: Vec::with_capacity(text.spans.len()),
            tokens: text.all.tokens,
        };
        let span = |sum: &Sum| {
            if sum.tokens == 0 {
                return SpanScores {
                    sentiment: scores.sentiment,
                    polarity: Vec::new(),
                    embedding: scores.embedding.clone(),
                };
            }
            let mean = sum.mean();
            SpanScores {
                sentiment: self.sentiment(&mean),
                polarity: self.get("target").map(|_| sum.polarity()).unwrap_or_default(),
                embedding: self.read("embedding", &mean),
            }
        };
        scores.spans = text.spans.iter().map(span).collect();
        scores
    }
}
