//! Evaluation of opinion targets. Labels are a JSON list of `{"term": ..., "polarity": ...}`. Evaluated are the polarity of each term at its given
//! position, and whether the model finds the term by itself.
//!
//! Labels name a term without its position. A term that occurs several times counts at the occurrence the model found, else at its first; predictions
//! at its other occurrences are neither right nor wrong. Polarity is evaluated at the first occurrence.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

use super::choices::likeliest;
use super::figures::{Figures, Found, SpanFigures};
use super::judge::{Judge, Outcome};
use super::scored;
use crate::error::Result;
use crate::model::{Engine, Target};
use crate::tag::Sentiment;
use crate::text;

/// Negative, neutral, positive.
const CLASSES: usize = 3;

/// One term of a label cell in the sets' format; other fields are ignored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Aspect {
    term: Option<String>,
    polarity: Option<String>,
}

/// A labelled opinion target, cleaned as texts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    text: String,
    /// None when the label has two polarities.
    polarity: Option<usize>,
}

/// Outcome of one comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts {
    /// `[label][prediction]`.
    polarity: [[u16; CLASSES]; CLASSES],
    /// Terms with a polarity that were not scored.
    unanswered: [u16; CLASSES],
    /// Labelled, found, right: whole targets, those with the right polarity, words of targets.
    exact: [u16; 3],
    with_polarity: [u16; 3],
    words: [u16; 3],
}

pub(super) struct TargetJudge<'a> {
    engine: &'a dyn Engine,
    classes: Vec<String>,
}

impl<'a> TargetJudge<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self {
            engine,
            classes: Sentiment::ALL[..CLASSES].iter().map(|s| s.name().to_owned()).collect(),
        }
    }
}

/// Index of a polarity; some sets abbreviate it.
fn polarity(name: &str) -> Option<usize> {
    let name = name.trim().to_lowercase();
    Sentiment::ALL[..CLASSES]
        .iter()
        .position(|s| name.len() >= CLASSES && s.name().starts_with(&name))
}

/// Terms of a cell, without repeats. None when the cell is not a list of terms.
fn terms(cell: &str) -> Option<Vec<Term>> {
    let aspects: Vec<Aspect> = serde_json::from_str(cell).ok()?;
    let mut found: Vec<Term> = Vec::new();
    for aspect in aspects {
        let clean = text::clean(aspect.term.as_deref().unwrap_or_default());
        let (text, polarity) = (
            clean.text().to_owned(),
            polarity(aspect.polarity.as_deref().unwrap_or_default()),
        );
        if text.is_empty() || text.eq_ignore_ascii_case("null") {
            continue;
        }
        match found.iter_mut().find(|term| term.text == text) {
            Some(known) if known.polarity != polarity => known.polarity = None,
            Some(_) => {}
            None => found.push(Term { text, polarity }),
        }
    }
    Some(found)
}

/// Occurrences of a term as whole words; as a substring if there are none.
fn places(clean: &str, term: &str) -> Vec<Range<usize>> {
    let all: Vec<Range<usize>> = clean.match_indices(term).map(|(at, _)| at..at + term.len()).collect();
    let free = |place: &&Range<usize>| {
        let before = clean[..place.start].chars().next_back();
        let after = clean[place.end..].chars().next();
        !before.into_iter().chain(after).any(char::is_alphanumeric)
    };
    let whole: Vec<Range<usize>> = all.iter().filter(free).cloned().collect();
    if whole.is_empty() { all } else { whole }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Occurrences of each term, longer terms first; none for a term that is not in the text.
fn located(clean: &str, terms: &[Term]) -> Vec<Vec<Range<usize>>> {
    let mut order: Vec<usize> = (0..terms.len()).collect();
    order.sort_by_key(|&n| std::cmp::Reverse(terms[n].text.len()));
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut found = vec![Vec::new(); terms.len()];
    for n in order {
        let mut own = places(clean, &terms[n].text);
        // "battery" inside "battery life" counts only if it has no other occurrence.
        if own.iter().any(|place| !taken.iter().any(|other| overlap(place, other))) {
            own.retain(|place| !taken.iter().any(|other| overlap(place, other)));
        }
        taken.extend(own.first().cloned());
        found[n] = own;
    }
    found
}

/// Compares predictions with the labels of one comment.
fn compare(clean: &str, terms: &[Term], places: &[Vec<Range<usize>>], found: &[Target]) -> Counts {
    let mut counts = Counts::default();
    let (mut meant, mut passed_over) = (Vec::new(), Vec::new());
    for (term, places) in terms.iter().zip(places).filter(|(_, places)| !places.is_empty()) {
        let exact = places.iter().position(|place| found.iter().any(|t| t.range == *place));
        let near = || {
            places
                .iter()
                .position(|place| found.iter().any(|t| overlap(&t.range, place)))
        };
        let chosen = exact.or_else(near).unwrap_or(0);
        meant.push((places[chosen].clone(), term.polarity));
        passed_over.extend(
            places
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != chosen)
                .map(|(_, place)| place.clone()),
        );
    }
    passed_over.retain(|place| !meant.iter().any(|(own, _)| own == place));
    let found: Vec<&Target> = found.iter().filter(|t| !passed_over.contains(&t.range)).collect();
    let same = |(place, _): &&(Range<usize>, Option<usize>)| found.iter().any(|t| t.range == *place);
    let right = |(place, polarity): &&(Range<usize>, Option<usize>)| {
        found
            .iter()
            .any(|t| t.range == *place && Some(likeliest(&t.polarity)) == *polarity)
    };
    let sizes = [meant.len(), found.len()].map(|n| n as u16);
    counts.exact = [sizes[0], sizes[1], meant.iter().filter(same).count() as u16];
    counts.with_polarity = [sizes[0], sizes[1], meant.iter().filter(right).count() as u16];
    for (start, word) in clean.unicode_word_indices() {
        let word = start..start + word.len();
        let labelled = meant.iter().any(|(place, _)| overlap(place, &word));
        if !labelled && passed_over.iter().any(|place| overlap(place, &word)) {
            continue;
        }
        let answered = found.iter().any(|t| overlap(&t.range, &word));
        let hits = [labelled, answered, labelled && answered].map(u16::from);
        counts
            .words
            .iter_mut()
            .zip(hits)
            .for_each(|(sum, hit)| *sum = sum.saturating_add(hit));
    }
    counts
}

impl Judge for TargetJudge<'_> {
    type Gold = Vec<Term>;
    type Key = Counts;

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn expects(&self) -> String {
        r#"a JSON list of {"term": ..., "polarity": ...}"#.to_owned()
    }

    fn gold(&self, cell: &str) -> Option<Vec<Term>> {
        terms(cell)
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[Vec<Term>]) -> Result<Vec<Outcome<Counts>>> {
        let first = |n: usize, clean: &str| {
            let places = located(clean, &gold[n]);
            places.into_iter().filter_map(|own| own.into_iter().next()).collect()
        };
        let scored = scored::score(self.engine, texts, first)?;
        let outcome = |((clean, scores), terms): (scored::Scored, &Vec<Term>)| {
            let places = located(clean.text(), terms);
            let found = scores.as_ref().map_or(&[][..], |s| &s.targets);
            let mut outcome = Outcome::of(compare(clean.text(), terms, &places, found));
            let mut spans = scores.iter().flat_map(|s| &s.spans);
            for (term, _) in terms.iter().zip(&places).filter(|(_, own)| !own.is_empty()) {
                let p = spans.next().map_or(&[][..], |span| &span.polarity);
                let Some(gold) = term.polarity else { continue };
                if p.is_empty() {
                    outcome.key.unanswered[gold] += 1;
                    continue;
                }
                let answer = likeliest(p);
                outcome.key.polarity[gold][answer] += 1;
                outcome.claims.push((p[answer], answer == gold));
            }
            outcome
        };
        Ok(scored.into_iter().zip(gold).map(outcome).collect())
    }

    fn figures(&self, counts: &BTreeMap<Counts, u64>) -> Figures {
        let sum = |of: &dyn Fn(&Counts) -> u16| {
            counts
                .iter()
                .map(|(key, count)| u64::from(of(key)) * count)
                .sum::<u64>()
        };
        let row = |gold: usize| {
            let answers = (0..CLASSES).map(|answer| sum(&|key| key.polarity[gold][answer]));
            answers.chain([sum(&|key| key.unanswered[gold])]).collect()
        };
        let found = |of: &dyn Fn(&Counts) -> [u16; 3]| {
            let [labelled, found, right] = [0, 1, 2].map(|n| sum(&|key| of(key)[n]));
            Found::new(labelled, found, right)
        };
        let mut figures = Figures::of_choices(&self.classes, (0..CLASSES).map(row).collect());
        figures.spans = Some(SpanFigures {
            exact: found(&|key| key.exact),
            with_polarity: found(&|key| key.with_polarity),
            words: found(&|key| key.words),
            ..SpanFigures::default()
        });
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(range: Range<usize>, positive: f32) -> Target {
        Target {
            range,
            polarity: [1.0 - positive, 0.0, positive],
        }
    }

    fn judged(clean: &str, cell: &str, found: &[Target]) -> Counts {
        let terms = terms(cell).expect("terms");
        compare(clean, &terms, &located(clean, &terms), found)
    }

    #[test]
    fn terms_are_read_with_every_spelling_of_a_polarity() {
        let cell = r#"[{"term":"food","polarity":"NEU "},{"term":null,"polarity":"positive"},{"term":"food","polarity":"Neg"},{"term":"bar","polarity":"conflict"}]"#;
        let found = terms(cell).expect("terms");
        assert_eq!(
            found.iter().map(|t| (t.text.as_str(), t.polarity)).collect::<Vec<_>>(),
            [("food", None), ("bar", None)]
        );
        assert_eq!(polarity("POS"), Some(2));
        assert!(terms("positive").is_none());
    }

    #[test]
    fn exact_near_and_wrong_targets_by_hand() {
        let clean = "great battery life but the screen is dim";
        let cell = r#"[{"term":"battery life","polarity":"positive"},{"term":"screen","polarity":"negative"}]"#;
        // "battery" is half of a target, "screen" is right, "dim" is none.
        let found = [target(6..13, 0.9), target(27..33, 0.8), target(37..40, 0.1)];
        let counts = judged(clean, cell, &found);
        assert_eq!(counts.exact, [2, 3, 1]);
        assert_eq!(counts.with_polarity, [2, 3, 0]);
        assert_eq!(counts.words, [3, 3, 2]);
    }

    #[test]
    fn a_term_said_twice_counts_once_wherever_it_is_found() {
        let clean = "the food was cold, yes the food";
        let cell = r#"[{"term":"food","polarity":"negative"}]"#;
        for found in [
            vec![target(4..8, 0.0)],
            vec![target(27..31, 0.0)],
            vec![target(4..8, 0.0), target(27..31, 0.0)],
        ] {
            let counts = judged(clean, cell, &found);
            assert_eq!((counts.exact, counts.words), ([1, 1, 1], [1, 1, 1]));
        }
        assert_eq!(judged(clean, cell, &[]).exact, [1, 0, 0]);
    }

    #[test]
    fn a_term_inside_another_stands_elsewhere_if_it_can() {
        let terms =
            terms(r#"[{"term":"battery","polarity":"negative"},{"term":"battery life","polarity":"positive"}]"#)
                .expect("terms");
        let places = located("battery life is fine, the battery is not; my batterypack too", &terms);
        let starts: Vec<Vec<usize>> = places
            .iter()
            .map(|own| own.iter().map(|place| place.start).collect())
            .collect();
        assert_eq!(starts, [[26], [0]]);
        assert!(located("no such thing", &terms).iter().all(Vec::is_empty));
    }
}
