//! The engine that is always there: the int8 model on the processor at hand. Input: passages. Output: their scores.
//!
//! Workers encode a micro-batch each on a single thread with working memory of their own.

use super::card::{Card, Quality};
use super::encoder::{Encoder, Scratch};
use super::kernel::Isa;
use super::reader::{Encode, Reader};
use super::{Engine, Passage, Scores};
use crate::Result;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Which arithmetic scores come from; changes whenever the same weights give other bits.
const ARITHMETIC: &str = "int8, one value kept";

/// The embedded model's engine.
pub struct Native {
    pub(super) reader: Reader,
    int8: Int8,
}

/// The encoder with the working memory that no worker uses right now.
struct Int8 {
    encoder: Encoder,
    idle: Mutex<Vec<Scratch>>,
}

impl Native {
    /// An engine from the content of `card.toml`, `tokenizer.json` and `model.safetensors`, that reads to the depth of `quality`.
    ///
    /// # Errors
    /// When one of them cannot be read, they do not belong together, or there is no exit for a fast answer.
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

    /// Cuts texts that are longer than the window where `units` says: byte ranges of the text, in order.
    #[must_use]
    pub fn with_units(mut self, units: fn(&str) -> Vec<Range<usize>>) -> Self {
        self.reader.units = units;
        self
    }

    /// The same engine on another machine of this processor.
    #[cfg(test)]
    pub(super) fn on(mut self, isa: Isa) -> Self {
        self.int8.encoder.isa = isa;
        self
    }

    /// The sentiment head's outputs before calibration.
    #[cfg(test)]
    pub(super) fn logits(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.reader.logits(&self.int8, texts)
    }
}

impl Encode for Int8 {
    /// Enough rows to use the weights well, few enough that their states stay in a core's cache.
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
