//! Which words say what a unit is about? Input: a unit and its theme, if it has one. Output: a few phrases in lower case, best first: what is praised or
//! blamed, then the phrases that set its theme apart (weighed by class-based TF-IDF, see [`super::naming`]), then those of other themes. Only where all of
//! these are silent, its longest words. It refuses stop words, bare numbers, links and mentions.

use std::collections::{HashMap, HashSet};

use super::file::{Placed, Themes};
use super::unit::Unit;
use super::words::{StopWords, phrases, trimmed};

/// Phrases of one unit at most.
const MOST: usize = 4;
/// Longest words taken where nothing is known.
const UNKNOWN: usize = 2;

/// Finds keyphrases, with the help of themes where there are any.
pub struct Keyphrases<'themes> {
    themes: Option<&'themes Themes>,
    none: StopWords,
    /// Phrases of all themes, by language, with the best place any theme gives them.
    known: HashMap<&'themes str, HashMap<&'themes str, usize>>,
}

impl<'themes> Keyphrases<'themes> {
    /// With the phrases of these themes.
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

    /// The keyphrases of a unit, no two of which repeat each other.
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
            // Stable: of words of one length, the first.
            words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            found.extend(words.into_iter().take(UNKNOWN).cloned());
        }
        distinct(found)
    }
}

/// The first few, leaving out those whose words an earlier one holds.
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
            polarity: [1.0, 0.0, 0.0],
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
                    polarity: [1.0, 0.0, 0.0],
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
