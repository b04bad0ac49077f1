//! Keyphrases of a unit, in lower case, best first: opinion targets, then phrases typical of its theme (weighted by class-based TF-IDF, see
//! [`super::naming`]), then phrases of other themes; if there are none, its longest words. Stop words, bare numbers, links and mentions are excluded.

use std::collections::{HashMap, HashSet};

use super::file::{Placed, Themes};
use super::unit::Unit;
use super::words::{StopWords, phrases, trimmed};

/// Maximum number of phrases per unit.
const MOST: usize = 4;
/// Number of longest words used when there are no phrases.
const UNKNOWN: usize = 2;

/// Extracts keyphrases, using themes if there are any.
pub struct Keyphrases<'themes> {
    themes: Option<&'themes Themes>,
    none: StopWords,
    /// Phrases of all themes by language, with their best rank in any theme.
    known: HashMap<&'themes str, HashMap<&'themes str, usize>>,
}

impl<'themes> Keyphrases<'themes> {
    /// Creates an extractor with the phrases of these themes.
    pub fn new(themes: Option<&'themes Themes>) -> Self {
        let mut known: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
        for (language, phrases) in themes
            .iter()
            .flat_map(|themes| &themes.themes)
            .flat_map(|theme| &theme.phrases)
        {
            let places = known.entry(language).or_default();
            for (place, phrase) in phrases.iter().enumerate() {
                let best = places.entry(phrase).or_insert(place);
                *best = place.min(*best);
            }
        }
        Self {
            themes,
            none: StopWords::default(),
            known,
        }
    }

    /// Keyphrases of a unit, without near repeats.
    pub fn of(&self, unit: &Unit<'_>, placed: Option<&Placed>) -> Vec<String> {
        let stops = self
            .themes
            .map_or(&self.none, |themes| &themes.stop_words)
            .of(unit.language);
        let targets = unit.targets.iter().filter_map(|range| unit.text.get(range.clone()));
        let mut found: Vec<String> = targets.filter_map(|target| trimmed(target, &stops)).collect();
        let candidates = phrases(unit.text, &stops);
        let own = placed.and_then(|placed| self.themes?.themes.get(placed.theme)?.phrases.get(unit.language));
        let there: HashSet<&str> = candidates.iter().map(String::as_str).collect();
        found.extend(
            own.into_iter()
                .flatten()
                .filter(|phrase| there.contains(phrase.as_str()))
                .cloned(),
        );
        if let Some(places) = self.known.get(unit.language) {
            let mut known: Vec<(usize, &String)> = candidates
                .iter()
                .filter_map(|phrase| Some((*places.get(phrase.as_str())?, phrase)))
                .collect();
            known.sort();
            found.extend(known.into_iter().map(|(_, phrase)| phrase.clone()));
        }
        if found.is_empty() {
            let mut words: Vec<&String> = candidates.iter().filter(|phrase| !phrase.contains(' ')).collect();
            // Stable sort: of words of equal length, the first.
            words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            found.extend(words.into_iter().take(UNKNOWN).cloned());
        }
        distinct(found)
    }
}

/// The first few, without those whose words are contained in an earlier one.
fn distinct(found: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for phrase in found {
        let padded = format!(" {phrase} ");
        if kept.len() < MOST && !kept.iter().any(|other| format!(" {other} ").contains(&padded)) {
            kept.push(phrase);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_first_and_nothing_is_said_twice() {
        let text = "The delivery of my sofa was late, the delivery driver rude";
        let targets = [0..24, 34..53];
        let unit = Unit {
            text,
            language: "en",
            embedding: &[],
            targets: &targets,
            polarity: [1.0, 0.0, 0.0, 0.0],
        };
        assert_eq!(
            Keyphrases::new(None).of(&unit, None),
            ["delivery of my sofa", "delivery driver"]
        );
    }

    #[test]
    fn without_targets_or_themes_the_longest_words() {
        let of = |text, language| {
            Keyphrases::new(None).of(
                &Unit {
                    text,
                    language,
                    embedding: &[],
                    targets: &[],
                    polarity: [1.0, 0.0, 0.0, 0.0],
                },
                None,
            )
        };
        assert_eq!(
            of("why is my withdrawal pending for 3 days", "en"),
            ["withdrawal", "pending"]
        );
        assert!(of("it is what it is", "en").is_empty());
        assert!(of("http @user 12", "en").is_empty());
    }
}
