//! The built-in engine: runs the int8 model on the CPU.
//!
//! Each worker encodes one micro-batch at a time on a single thread, with its own scratch memory.

use super::card::{Card, Quality};
use super::encoder::{Encoder, Scratch};
use super::kernel::Isa;
use super::reader::{Encode, Reader};
use super::{Engine, Passage, Scores};
use crate::Result;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Version of the arithmetic in fingerprints; change it whenever the same weights give other bits.
const ARITHMETIC: &str = "int8, one value kept";

/// Engine of the embedded model: int8 on the CPU.
pub struct Native {
    pub(super) reader: Reader,
    int8: Int8,
}

/// The encoder with its idle scratch memory.
struct Int8 {
    encoder: Encoder,
    idle: Mutex<Vec<Scratch>>,
}

impl Native {
    /// Creates an engine from the content of `card.toml`, `tokenizer.json` and `model.safetensors`; `quality` sets the number of layers.
    ///
    /// # Errors
    /// When one of them cannot be read, they do not belong together, or the model has no early exit for a fast run.
    pub fn new(card: &str, tokenizer: &[u8], weights: Cow<'static, [u8]>, quality: Quality) -> Result<Self> {
        let (reader, weights) = Reader::new((card, tokenizer), weights, quality, ARITHMETIC)?;
        let encoder = Encoder {
            weights,
            isa: Isa::detect(),
        };
        let idle = Mutex::default();
        Ok(Self {
            reader,
            int8: Int8 { encoder, idle },
        })
    }

    /// Sets how texts longer than the window are split: `units` returns byte ranges of the text, in order.
    #[must_use]
    pub fn with_units(mut self, units: fn(&str) -> Vec<Range<usize>>) -> Self {
        self.reader.units = units;
        self
    }

    /// The same engine with another instruction set of this processor.
    #[cfg(test)]
    pub(super) fn on(mut self, isa: Isa) -> Self {
        self.int8.encoder.isa = isa;
        self
    }

    /// Outputs of the sentiment head before calibration.
    #[cfg(test)]
    pub(super) fn logits(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.reader.logits(&self.int8, texts)
    }
}

impl Encode for Int8 {
    /// Enough rows to reuse loaded weights, few enough that their states stay in a core's cache.
    const BUDGET: usize = 160;

    fn encode(&self, windows: &[&[u32]], take: &mut dyn FnMut(&[f32])) -> Result<()> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        take(self.encoder.states(windows, &mut scratch));
        idle().push(scratch);
        Ok(())
    }
}

impl Engine for Native {
    fn card(&self) -> &Card {
        &self.reader.card
    }

    fn fingerprint(&self) -> &str {
        &self.reader.fingerprint
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        self.reader.score(&self.int8, passages)
    }
}
