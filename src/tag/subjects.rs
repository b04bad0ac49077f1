//! Assigns themes, touchpoints and keyphrases to tagged rows, and a theme to each opinion. Identical texts always get identical results: results of a
//! text are kept longer than the tagger keeps the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use lru::LruCache;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::opinion::likeliest;
use super::tagger::{REMEMBERED, TaggedRow};
use super::verdict::{Rules, Sentiment};
use crate::theme::taxonomy::{Matcher, Taxonomy};
use crate::theme::{Keyphrases, Themes, Unit};

/// Extra capacity over the tagger's: it accesses the texts of a batch in another order, and this margin is always enough.
const SLACK: usize = 1 << 16;
/// Maximum number of keyphrases of a comment.
const KEYPHRASES: usize = 8;

/// A theme mentioned in a comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// The theme's id.
    pub id: Arc<str>,
    /// Its name or label.
    pub label: Arc<str>,
    /// Strength of the mention, 0..=1: for a discovered theme its probability among all themes, for one of a taxonomy its calibrated probability.
    pub p: f32,
    /// Polarity of the mention.
    pub polarity: Sentiment,
}

/// Themes, touchpoints and keyphrases of a comment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subject {
    /// Discovered themes, strongest first.
    pub themes: Vec<Mention>,
    /// Themes of the taxonomy: the strongest one, then the others, likeliest first.
    pub touchpoints: Vec<Mention>,
    /// The strongest touchpoint with its probability: by the model's head and the taxonomy together where the taxonomy is the default one and the model has
    /// the head, else the likeliest theme of the taxonomy.
    pub touchpoint: Option<(Arc<str>, f32)>,
    /// Where head and taxonomy go together, the probability of no touchpoint, then of each of the taxonomy's; they sum to 1.
    pub touchpoint_p: Vec<f32>,
    /// Phrases in lower case, in the order of the text.
    pub keyphrases: Vec<String>,
}

impl Subject {
    /// Discovered themes, then those of the taxonomy.
    pub fn mentions(&self) -> impl Iterator<Item = &Mention> {
        self.themes.iter().chain(&self.touchpoints)
    }
}

/// Result of a text, with the theme and touchpoint of each of its units.
#[derive(Clone, Default)]
struct Answer {
    subject: Subject,
    of_unit: Vec<[Option<Arc<str>>; 2]>,
}

/// Id and label of a theme.
type Title = (Arc<str>, Arc<str>);

/// Assigns themes to rows and caches the results by text.
pub struct Subjects<'a> {
    themes: Option<(&'a Themes, Vec<Title>)>,
    taxonomy: Option<(&'a Matcher, Vec<Title>)>,
    /// Below this probability of the likeliest touchpoint a comment has none, where the model's head tells it.
    touchpoint_from: f32,
    keyphrases: Keyphrases<'a>,
    told: LruCache<u128, Answer>,
}

impl<'a> Subjects<'a> {
    /// By these themes and this taxonomy, if any, and the rules of the model.
    pub fn new(themes: Option<&'a Themes>, taxonomy: Option<(&'a Taxonomy, &'a Matcher)>, rules: &Rules) -> Self {
        let title = |id: &str, label: &str| (Arc::from(id), Arc::from(label));
        let of_themes = |themes: &Themes| {
            themes
                .themes
                .iter()
                .map(|theme| title(&theme.id, theme.title()))
                .collect()
        };
        let of_taxonomy = |taxonomy: &Taxonomy| {
            taxonomy
                .themes
                .iter()
                .map(|theme| title(&theme.id, &theme.name))
                .collect()
        };
        Self {
            themes: themes.map(|themes| (themes, of_themes(themes))),
            taxonomy: taxonomy.map(|(taxonomy, matcher)| (matcher, of_taxonomy(taxonomy))),
            keyphrases: Keyphrases::new(themes),
            touchpoint_from: rules.touchpoint_from,
            told: LruCache::new(REMEMBERED.saturating_add(SLACK)),
        }
    }

    /// Assigns themes to the rows of a batch.
    pub fn tell(&mut self, rows: &mut [TaggedRow]) {
        let new: BTreeMap<u128, usize> = rows
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, row)| !row.units.is_empty())
            .map(|(at, row)| (print(row), at))
            .collect();
        let answers: Vec<(u128, Answer)> = new
            .into_par_iter()
            .map(|(print, at)| (print, self.answer(&rows[at])))
            .collect();
        let answers: BTreeMap<u128, Answer> = answers.into_iter().collect();
        for row in rows {
            let print = print(row);
            if let Some(answer) = answers.get(&print) {
                self.told.put(print, answer.clone());
            }
            if let Some(answer) = self.told.get(&print) {
                fill(row, answer);
            }
        }
    }

    fn answer(&self, row: &TaggedRow) -> Answer {
        let mut answer = Answer::default();
        let (mut themes, mut touchpoints) = (BTreeMap::new(), BTreeMap::new());
        let mut units = Vec::new();
        for (number, scored) in row.units.iter().enumerate() {
            let targets = row.targets_of(number);
            let unit = Unit {
                text: row.clean_text.get(scored.range.clone()).unwrap_or_default(),
                language: row.verdict.language.code,
                embedding: &scored.embedding,
                targets: &targets,
                polarity: scored.polarity,
            };
            let polarity = polarity(row, number, scored.polarity);
            let placed = self.themes.as_ref().and_then(|(themes, _)| themes.place(&unit));
            if let Some(placed) = placed {
                add(&mut themes, placed.theme, placed.p, polarity);
            }
            let mut touches = Vec::new();
            if let Some((matcher, _)) = &self.taxonomy {
                let probabilities = matcher.probabilities(unit.text, unit.embedding);
                touches = matcher.counting(&probabilities);
                units.push(probabilities);
            }
            touches
                .iter()
                .for_each(|touch| add(&mut touchpoints, touch.theme, touch.p, polarity));
            let found = self.keyphrases.of(&unit, placed.as_ref());
            answer
                .subject
                .keyphrases
                .extend(found.into_iter().filter(|phrase| !phrase.is_empty()));
            answer.of_unit.push([
                placed.and_then(|placed| id(self.themes.as_ref().map(|(_, titles)| titles), placed.theme)),
                touches
                    .first()
                    .and_then(|touch| id(self.taxonomy.as_ref().map(|(_, titles)| titles), touch.theme)),
            ]);
        }
        answer.subject.themes = mentions(themes, self.themes.as_ref().map(|(_, titles)| titles));
        answer.subject.touchpoints = mentions(touchpoints, self.taxonomy.as_ref().map(|(_, titles)| titles));
        let first = answer.subject.touchpoints.first();
        answer.subject.touchpoint = first.map(|first| (Arc::clone(&first.id), first.p));
        if let Some((matcher, titles)) = &self.taxonomy
            && let Some(probabilities) = matcher.blended(&row.verdict.touchpoints, &units)
        {
            self.prefer(&mut answer, &probabilities, titles, row);
            answer.subject.touchpoint_p = probabilities;
        }
        let mut seen = std::collections::BTreeSet::new();
        answer.subject.keyphrases.retain(|phrase| seen.insert(phrase.clone()));
        answer.subject.keyphrases.truncate(KEYPHRASES);
        answer
    }
}

impl Subjects<'_> {
    /// Puts the likeliest touchpoint by head and taxonomy together before those of the taxonomy alone. A comment that belongs to none has no others either, and that
    /// of a comment of one unit is that of its opinions.
    fn prefer(&self, answer: &mut Answer, probabilities: &[f32], titles: &[Title], row: &TaggedRow) {
        let all = probabilities.iter().enumerate();
        let Some((at, &p)) = all.reduce(|best, other| if other.1 > best.1 { other } else { best }) else {
            return;
        };
        let subject = &mut answer.subject;
        subject.touchpoint = None;
        let Some((id, label)) = at.checked_sub(1).and_then(|theme| titles.get(theme)) else {
            subject.touchpoints.clear();
            answer.of_unit.iter_mut().for_each(|[_, touchpoint]| *touchpoint = None);
            return;
        };
        if p < self.touchpoint_from {
            return;
        }
        subject.touchpoint = Some((Arc::clone(id), p));
        let known = subject.touchpoints.iter().position(|mention| mention.id == *id);
        let polarity = match known {
            Some(known) => subject.touchpoints.remove(known).polarity,
            None => row.verdict.sentiment.unwrap_or(Sentiment::Neutral),
        };
        let strongest = Mention {
            id: Arc::clone(id),
            label: Arc::clone(label),
            p,
            polarity,
        };
        subject.touchpoints.insert(0, strongest);
        if let [[_, touchpoint]] = answer.of_unit.as_mut_slice() {
            *touchpoint = Some(Arc::clone(id));
        }
    }
}

fn print(row: &TaggedRow) -> u128 {
    xxh3_128(row.clean_text.as_bytes())
}

fn id(titles: Option<&Vec<Title>>, theme: usize) -> Option<Arc<str>> {
    titles
        .and_then(|titles| titles.get(theme))
        .map(|(id, _)| Arc::clone(id))
}

/// Polarity of a unit: mixed when it has both positive and negative targets, else that of the whole unit.
fn polarity(row: &TaggedRow, unit: usize, said: [f32; 4]) -> Sentiment {
    let own = || {
        row.verdict
            .opinions
            .iter()
            .filter(|opinion| opinion.unit == unit)
            .map(|opinion| opinion.polarity)
    };
    let both = own().any(|p| p == Sentiment::Positive) && own().any(|p| p == Sentiment::Negative);
    if both { Sentiment::Mixed } else { likeliest(said).0 }
}

/// Adds a unit's polarity to a comment's mention of a theme. Positive and negative together are mixed; either outweighs neutral.
fn add(all: &mut BTreeMap<usize, (f32, Sentiment)>, theme: usize, p: f32, polarity: Sentiment) {
    let (most, said) = all.entry(theme).or_insert((p, polarity));
    *most = most.max(p);
    *said = match (*said, polarity) {
        (one, other) if one == other => one,
        (Sentiment::Neutral, other) | (other, Sentiment::Neutral) => other,
        _ => Sentiment::Mixed,
    };
}

fn mentions(all: BTreeMap<usize, (f32, Sentiment)>, titles: Option<&Vec<Title>>) -> Vec<Mention> {
    let titled = all.into_iter().filter_map(|(theme, (p, polarity))| {
        let (id, label) = titles?.get(theme)?.clone();
        Some(Mention { id, label, p, polarity })
    });
    let mut mentions: Vec<Mention> = titled.collect();
    // Stable sort: on a tie, the larger theme comes first.
    mentions.sort_by(|a, b| b.p.total_cmp(&a.p));
    mentions
}

fn fill(row: &mut TaggedRow, answer: &Answer) {
    row.subject = answer.subject.clone();
    for opinion in &mut row.verdict.opinions {
        if let Some([theme, touchpoint]) = answer.of_unit.get(opinion.unit) {
            opinion.theme_id = theme.as_deref().map(str::to_owned);
            opinion.touchpoint = touchpoint.as_deref().map(str::to_owned);
        }
    }
}

#[cfg(test)]
#[path = "subjects_tests.rs"]
mod tests;
