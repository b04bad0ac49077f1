//! Evaluation of touchpoints, the stages of a customer's journey, as `tag` assigns them with the default taxonomy. A comment without a touchpoint is
//! labelled `none`.

use std::collections::BTreeMap;

use super::choices::{Choice, figures, only};
use super::figures::{Figures, ratio};
use super::judge::{Judge, Outcome};
use super::mapping::Mapping;
use crate::error::Result;
use crate::tag::{Seconds, TaggedRow, Tagger, Touchpoint};

/// The class of a comment without a touchpoint, before all others.
const NONE: &str = "none";

/// Judges the strongest touchpoint of each row.
pub(super) struct TouchpointJudge<'a> {
    tagger: Tagger<'a>,
    classes: Vec<String>,
    mapping: Option<Mapping>,
}

impl<'a> TouchpointJudge<'a> {
    /// `tagger` tells the touchpoints of the default taxonomy.
    pub(super) fn new(tagger: Tagger<'a>, mapping: Option<Mapping>) -> Self {
        let names = [NONE].into_iter().chain(Touchpoint::ALL.map(Touchpoint::name));
        Self {
            tagger,
            classes: names.map(str::to_owned).collect(),
            mapping,
        }
    }

    fn outcome(&self, row: TaggedRow, gold: usize) -> Outcome<Choice> {
        if row.verdict.probabilities.is_none() {
            return Outcome::of((gold, self.classes.len()));
        }
        let told = row.subject.touchpoint;
        let place = told
            .as_ref()
            .and_then(|(id, _)| self.classes.iter().position(|class| **class == **id));
        let key = (gold, place.unwrap_or(0));
        if row.subject.touchpoint_p.len() == self.classes.len() {
            return Outcome::chosen(key, row.subject.touchpoint_p, gold);
        }
        // Of a model without a head for touchpoints: what the taxonomy claims of the strongest.
        Outcome {
            claims: told.map(|(_, p)| (p, key.1 == gold)).into_iter().collect(),
            ..Outcome::of(key)
        }
    }
}

impl Judge for TouchpointJudge<'_> {
    type Gold = usize;
    type Key = Choice;

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn gold(&self, cell: &str) -> Option<usize> {
        only(cell, self.mapping.as_ref(), &self.classes)
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[usize]) -> Result<Vec<Outcome<Choice>>> {
        let rows: Vec<u64> = (0..texts.len() as u64).collect();
        let ids = vec![String::new(); texts.len()];
        let tagged = self.tagger.tag(&rows, ids, texts, &mut Seconds::default())?;
        Ok(tagged
            .into_iter()
            .zip(gold)
            .map(|(row, &gold)| self.outcome(row, gold))
            .collect())
    }

    fn figures(&self, counts: &BTreeMap<Choice, u64>) -> Figures {
        let count = |wanted: &dyn Fn(usize, usize) -> bool| {
            let kept = counts.iter().filter(|&(&(gold, answer), _)| wanted(gold, answer));
            kept.map(|(_, count)| count).sum::<u64>()
        };
        let (some, right) = (
            count(&|gold, _| gold > 0),
            count(&|gold, answer| gold > 0 && answer == gold),
        );
        Figures {
            accuracy_where_any: (some > 0).then(|| ratio(right, some)),
            ..figures(&self.classes, counts)
        }
    }
}
