//! Opinions of a comment: the evidence that an analyst can quote, in the order of the text.
//!
//! Where the model finds targets in a unit, each is an opinion: "great *coffee*, awful *queue*" has two. A unit without a target is an opinion as a
//! whole when it is clearly positive or negative ("never again!"); otherwise it is none.

use std::ops::Range;

use super::verdict::{Rules, Sentiment};
use crate::model::{SpanScores, Target};

/// A part of a comment that can hold its own opinion, see [`crate::text::units`].
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Byte range in the clean text.
    pub range: Range<usize>,
    /// Calibrated probabilities of negative, neutral, positive, mixed.
    pub sentiment: [f32; 4],
    /// The same, sharpened by the targets in the unit that are praised or blamed: half the unit's own, half their mean. Words are read with the whole
    /// comment around them, which makes the units of a comment alike; its targets tell them apart.
    pub polarity: [f32; 4],
    /// As [`crate::model::Scores::embedding`]; empty when the model has no such head.
    pub embedding: Vec<f32>,
}

/// An opinion on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Byte range in the clean text: the target, or a whole unit.
    pub range: Range<usize>,
    /// Negative, neutral or positive; a whole unit may be mixed.
    pub polarity: Sentiment,
    /// Probability of that polarity, 0..=1.
    pub p: f32,
    /// Index of its unit.
    pub unit: usize,
    /// Its theme, when themes are known.
    pub theme_id: Option<String>,
    /// Its touchpoint of the customer journey, when a taxonomy is known.
    pub touchpoint: Option<String>,
}

impl Opinion {
    fn new<const CLASSES: usize>(range: Range<usize>, probabilities: [f32; CLASSES], unit: usize) -> Self {
        let (polarity, p) = likeliest(probabilities);
        Self {
            range,
            polarity,
            p,
            unit,
            theme_id: None,
            touchpoint: None,
        }
    }
}

/// The likeliest class and its probability, of probabilities in the order of [`Sentiment::ALL`]; of equals, the one that says more.
pub(super) fn likeliest<const CLASSES: usize>(probabilities: [f32; CLASSES]) -> (Sentiment, f32) {
    let best = probabilities.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let class = [Sentiment::Negative, Sentiment::Positive, Sentiment::Mixed]
        .into_iter()
        .find(|class| probabilities.get(*class as usize) == Some(&best));
    (class.unwrap_or(Sentiment::Neutral), best)
}

/// Combines units with their scores; `ranges` are the scored spans, `targets` those of the comment in order.
pub(super) fn units(ranges: Vec<Range<usize>>, spans: Vec<SpanScores>, targets: &[Target]) -> Vec<Unit> {
    let inside = |range: &Range<usize>| {
        let [from, to] = [range.start, range.end].map(|at| targets.partition_point(|t| t.range.start < at));
        targets.get(from..to).unwrap_or_default()
    };
    let unit = |(range, scores): (Range<usize>, SpanScores)| Unit {
        polarity: sharpened(scores.sentiment, inside(&range)),
        range,
        sentiment: scores.sentiment,
        embedding: scores.embedding,
    };
    ranges.into_iter().zip(spans).map(unit).collect()
}

fn sharpened(own: [f32; 4], targets: &[Target]) -> [f32; 4] {
    let opinionated = targets
        .iter()
        .map(|target| target.polarity)
        .filter(|polarity| likeliest(*polarity).0 != Sentiment::Neutral);
    let (mut sum, mut count) = ([0.0; 4], 0.0);
    for polarity in opinionated {
        sum.iter_mut().zip(polarity).for_each(|(sum, p)| *sum += p);
        count += 1.0;
    }
    if count == 0.0 {
        return own;
    }
    std::array::from_fn(|class| f32::midpoint(own[class], sum[class] / count))
}

/// Extracts the opinions of a comment.
pub(super) fn opinions(units: &[Unit], targets: &[Target], rules: &Rules) -> Vec<Opinion> {
    let mut targets = targets.iter().peekable();
    let mut found = Vec::new();
    for (number, unit) in units.iter().enumerate() {
        let before = found.len();
        while let Some(target) = targets.next_if(|target| target.range.start < unit.range.end) {
            found.push(Opinion::new(target.range.clone(), target.polarity, number));
        }
        let whole = Opinion::new(unit.range.clone(), unit.sentiment, number);
        if found.len() == before && whole.polarity != Sentiment::Neutral && whole.p >= rules.opinion_from {
            found.push(whole);
        }
    }
    let last = units.len().saturating_sub(1);
    found.extend(targets.map(|target| Opinion::new(target.range.clone(), target.polarity, last)));
    found
}
