//! Pools the token states `[tokens, hidden]` of a window into sums over the text and its spans, and extracts opinion targets. Only the states of a
//! few windows are in memory.
//!
//! Every sum runs over the tokens of one text in their order, whatever else is in the batch.

use super::heads::Readout;
use super::tokens::Window;
use super::{Target, lanes};
use std::ops::Range;

/// Maximum number of characters by which a target is widened on either side, for scripts without spaces between words.
const LONGEST_WORD: usize = 24;

/// Sum of token states.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    /// `[hidden]`; empty before the first token.
    states: Vec<f32>,
    pub(super) tokens: u32,
    /// Sum of the tokens' target polarities; for spans only, and for models with a token head.
    polarity: [f32; 3],
}

impl Sum {
    fn add(&mut self, states: &[f32], tokens: u32) {
        self.states.resize(states.len(), 0.0);
        self.states
            .iter_mut()
            .zip(states)
            .for_each(|(sum, value)| *sum += value);
        self.tokens += tokens;
    }

    fn add_polarity(&mut self, polarity: [f32; 3]) {
        self.polarity.iter_mut().zip(polarity).for_each(|(sum, p)| *sum += p);
    }

    fn join(&mut self, other: &Self) {
        if other.tokens > 0 {
            self.add(&other.states, other.tokens);
            self.add_polarity(other.polarity);
        }
    }

    /// Mean polarity of the span as a target.
    pub(super) fn polarity(&self) -> Vec<f32> {
        let count = self.tokens as f32;
        self.polarity.map(|sum| sum / count).to_vec()
    }

    /// Mean state.
    pub(super) fn mean(&self) -> Vec<f32> {
        let count = self.tokens as f32;
        self.states.iter().map(|value| value / count).collect()
    }
}

/// Pooled encoder output of one text or window.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Pooled {
    /// All tokens, including special tokens and prefix.
    pub(super) all: Sum,
    /// Tokens in each span, by the span's index; a token in two spans counts in both.
    pub(super) spans: Vec<Sum>,
    pub(super) targets: Vec<Target>,
}

/// Sums of one window; its spans start at index `first`.
pub(super) struct Part {
    pooled: Pooled,
    first: usize,
}

impl Pooled {
    /// Empty sums for a text with this number of spans.
    pub(super) fn new(spans: usize) -> Self {
        Self {
            spans: vec![Sum::default(); spans],
            ..Self::default()
        }
    }

    /// Adds the next window of the text.
    pub(super) fn add(&mut self, part: Part) {
        self.all.join(&part.pooled.all);
        self.targets.extend(part.pooled.targets);
        let spans = self.spans.iter_mut().skip(part.first);
        spans.zip(&part.pooled.spans).for_each(|(span, sum)| span.join(sum));
    }
}

impl Part {
    /// Pools a window: its states, the spans of its text, and the token head if there is one.
    pub(super) fn new(states: &[f32], window: &Window, spans: &[Range<usize>], target: Option<&Readout>) -> Self {
        let hidden = states.len() / window.ids.len().max(1);
        let states = || states.chunks_exact(hidden.max(1));
        let mut pooled = Pooled::default();
        states().for_each(|state| pooled.all.add(state, 1));

        let real = || window.places.iter().filter(|place| !place.is_empty());
        let start = real().map(|place| place.start).min().unwrap_or(0);
        let end = real().map(|place| place.end).max().unwrap_or(0);
        let near = |span: &Range<usize>| span.start < end && span.end > start;
        let first = spans.iter().position(near).unwrap_or(spans.len());
        let last = spans.iter().rposition(near).map_or(first, |last| last + 1);
        for span in &spans[first..last] {
            let mut sum = Sum::default();
            for (state, place) in states().zip(&window.places) {
                if !place.is_empty() && place.start < span.end && place.end > span.start {
                    sum.add(state, 1);
                    if let Some((_, polarity)) = target.and_then(|head| polarity(head, state)) {
                        sum.add_polarity(polarity);
                    }
                }
            }
            pooled.spans.push(sum);
        }
        if let Some(head) = target {
            pooled.targets = targets(states(), &window.places, head);
        }
        Self { pooled, first }
    }
}

/// Widens targets to whole words, because a word of several tokens may be tagged only in part, and merges those that then share a word. Order of the
/// text.
pub(super) fn whole_words(text: &str, mut targets: Vec<Target>) -> Vec<Target> {
    targets.sort_by_key(|target| target.range.start);
    let mut found: Vec<Target> = Vec::with_capacity(targets.len());
    for mut target in targets {
        let Range { start, end } = target.range.clone();
        let (before, inside, after) = (&text[..start], &text[start..end], &text[end..]);
        let letters = |text: &str, back: bool| -> usize {
            let word = |c: &char| c.is_alphanumeric();
            let length = |c: char| c.len_utf8();
            if back {
                text.chars().rev().take(LONGEST_WORD).take_while(word).map(length).sum()
            } else {
                text.chars().take(LONGEST_WORD).take_while(word).map(length).sum()
            }
        };
        if inside.starts_with(char::is_alphanumeric) {
            target.range.start -= letters(before, true);
        }
        if inside.ends_with(char::is_alphanumeric) {
            target.range.end += letters(after, false);
        }
        match found.last_mut().filter(|last| last.range.end > target.range.start) {
            Some(last) => {
                last.range.end = last.range.end.max(target.range.end);
                let both = last.polarity.iter_mut().zip(target.polarity);
                both.for_each(|(mean, p)| *mean = f32::midpoint(*mean, p));
            }
            None => found.push(target),
        }
    }
    found
}

/// Runs of neighbouring tokens whose most likely class is not the first, `none`, with the mean of their polarities.
fn targets<'s>(states: impl Iterator<Item = &'s [f32]>, places: &[Range<usize>], head: &Readout) -> Vec<Target> {
    let mut found: Vec<Target> = Vec::new();
    let mut length = 0.0;
    for (state, place) in states.zip(places).filter(|(_, place)| !place.is_empty()) {
        let Some((is_target, polarity)) = polarity(head, state) else {
            return Vec::new();
        };
        if !is_target {
            length = 0.0;
            continue;
        }
        match found.last_mut().filter(|_| length > 0.0) {
            Some(run) => {
                run.range.end = place.end.max(run.range.end);
                for (mean, p) in run.polarity.iter_mut().zip(polarity) {
                    *mean = (*mean * length + p) / (length + 1.0);
                }
            }
            None => found.push(Target {
                range: place.clone(),
                polarity,
            }),
        }
        length += 1.0;
    }
    found
}

/// Whether a token is more likely a target than not, and its polarity as a target: negative, neutral, positive, of sum 1.
fn polarity(head: &Readout, state: &[f32]) -> Option<(bool, [f32; 3])> {
    let outputs = head.calibrated(state);
    let (none, &[negative, neutral, positive]) = outputs.split_first()? else {
        return None;
    };
    let mut polarity = [negative, neutral, positive];
    let is_target = polarity.iter().any(|output| output > none);
    lanes::softmax(&mut polarity);
    Some((is_target, polarity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_whole_words() {
        let text = "The wait staff's café-bar, 3rd queue";
        let target = |range: Range<usize>, positive: f32| Target {
            range,
            polarity: [1.0 - positive, 0.0, positive],
        };
        let quoted = |targets: &[(Range<usize>, f32)]| {
            let targets = targets.iter().map(|(range, p)| target(range.clone(), *p)).collect();
            let found = whole_words(text, targets).into_iter();
            found.map(|t| (&text[t.range], t.polarity[2])).collect::<Vec<_>>()
        };
        assert_eq!(quoted(&[(10..12, 1.0), (5..6, 0.0)]), [("wait", 0.0), ("staff", 1.0)]);
        assert_eq!(quoted(&[(32..33, 1.0), (34..35, 0.5)]), [("queue", 0.75)]);
        assert_eq!(
            quoted(&[(4..14, 1.0), (18..20, 1.0)]),
            [("wait staff", 1.0), ("café", 1.0)]
        );
        assert_eq!(quoted(&[(14..15, 1.0)]), [("'", 1.0)]);
        assert_eq!(quoted(&[]), []);
    }
}
