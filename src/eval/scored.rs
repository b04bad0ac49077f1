//! Scores of labelled comments before any rule is applied: clean text and scores, or nothing for a comment that `tag` would not score.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::Result;
use crate::model::{Engine, Passage, Scores};
use crate::tag::{refusal, weigh};
use crate::text::{self, Clean};

/// A comment with its scores; none when it is not scored.
pub(super) type Scored = (Clean, Option<Scores>);

/// Scores comments in order. `spans` returns the byte ranges of clean text *i* that get scores of their own.
///
/// # Errors
/// When the engine fails.
pub(super) fn score(
    engine: &dyn Engine,
    texts: &[Option<String>],
    spans: impl Fn(usize, &str) -> Vec<Range<usize>> + Sync,
) -> Result<Vec<Scored>> {
    let rules = &engine.card().rules;
    let read = |(n, text): (usize, &Option<String>)| {
        let clean = text::clean(text.as_deref().unwrap_or_default());
        let language = text::language(clean.text());
        let refused = refusal(clean.content(), &language, rules).is_some();
        let spans = if refused { Vec::new() } else { spans(n, clean.text()) };
        (clean, refused, spans)
    };
    let read: Vec<(Clean, bool, Vec<Range<usize>>)> = texts.par_iter().enumerate().map(read).collect();
    let passages: Vec<Passage<'_>> = read
        .iter()
        .filter(|(_, refused, _)| !refused)
        .map(|(clean, _, spans)| Passage {
            text: clean.text(),
            spans,
        })
        .collect();
    let mut scores = engine.score(&passages)?.into_iter();
    let joined = read.into_iter().map(|(clean, refused, spans)| {
        let mut own = if refused { None } else { scores.next() };
        if let Some(scores) = &mut own {
            weigh(clean.text(), &spans, scores);
        }
        (clean, own)
    });
    Ok(joined.collect())
}
