//! Candidate phrases for theme names: one to three adjacent words in lower case. Phrases that begin or end with a stop word, bare numbers, links,
//! mentions and one-letter words are excluded.
//!
//! Words follow Unicode annex 29 (`unicode-segmentation`); stop words come from the `stop-words` crate for each language it has. For other languages
//! the most frequent words are learnt as stop words, see [`StopWords::learn`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// Maximum phrase length, in words.
pub(super) const LONGEST: usize = 3;
/// A word in this share of a language's texts counts as a stop word when the language has no list.
const COMMON: f64 = 0.2;
/// Minimum number of texts to learn stop words of a language.
const FEWEST: usize = 30;
/// Placeholder of links, see [`crate::text::clean`].
const PLACEHOLDER: &str = "http";

/// Stop words by language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StopWords {
    /// Stop words learnt from the texts, for languages without a list.
    learnt: BTreeMap<String, BTreeSet<String>>,
}

impl StopWords {
    /// Learns the stop words of languages without a list: words in a fifth of the texts or more.
    pub(super) fn learn<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut counts: BTreeMap<&str, (usize, BTreeMap<String, usize>)> = BTreeMap::new();
        for (text, language) in texts.filter(|(_, language)| !LISTED.contains_key(language)) {
            let (all, of_word) = counts.entry(language).or_default();
            *all += 1;
            let words: BTreeSet<String> = words(text).into_iter().filter_map(|word| word.lower).collect();
            words
                .into_iter()
                .for_each(|word| *of_word.entry(word).or_default() += 1);
        }
        let common = |(language, (all, words)): (&str, (usize, BTreeMap<String, usize>))| {
            let often = |count: usize| all >= FEWEST && count as f64 >= COMMON * all as f64;
            let common: BTreeSet<String> = words
                .into_iter()
                .filter(|(_, count)| often(*count))
                .map(|(word, _)| word)
                .collect();
            (!common.is_empty()).then(|| (language.to_owned(), common))
        };
        Self {
            learnt: counts.into_iter().filter_map(common).collect(),
        }
    }

    /// The stop words of one language.
    pub(super) fn of(&self, language: &str) -> Stops<'_> {
        Stops {
            listed: LISTED.get(language),
            learnt: self.learnt.get(language),
        }
    }
}

/// Ukrainian stop words; the crate's list has 73 and lacks "not" and "for".
const UKRAINIAN: &str = "а аби або адже але б без би бо був буде будь була були було бути в вам вас ваш ваша вже ви від він вона вони воно все всі всіх втім \
     вчора да давно де дехто для до доки дуже ж жодна жодний за завжди зараз зі знову з із й його йому ми між мене мені мій моя моє мої може можна на навіть над нам нас наш \
     наша наче не нема немає нею ним них ні ніби ніхто нічого ну о один одна однак ось отже по поки потім при про просто під раз разом саме сам сама свій своя своє свої \
     себе собі стільки сьогодні та так така таке такий також там твій те тебе теж тепер ти тим тих тільки то тобі того тоді той тому тут у усе усі хіба хоч хоча хто це цей \
     цього цьому ця ці чи чого чому через чим що щоб щось я як яка яке який які якого якої якому якщо її їй їм їх їхній є";

/// The lists of the `stop-words` crate, for quick look-ups.
static LISTED: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    let more = |language: &str| if language == "uk" { UKRAINIAN } else { "" }.split_whitespace();
    let listed = |language: &&'static str| {
        let words = stop_words::lookup(language)?.iter().copied();
        Some((*language, words.chain(more(language)).collect()))
    };
    stop_words::available_languages().iter().filter_map(listed).collect()
});

/// The stop words of one language.
pub(super) struct Stops<'a> {
    listed: Option<&'static HashSet<&'static str>>,
    learnt: Option<&'a BTreeSet<String>>,
}

impl Stops<'_> {
    fn holds(&self, word: &str) -> bool {
        self.listed.is_some_and(|words| words.contains(word)) || self.learnt.is_some_and(|words| words.contains(word))
    }
}

/// A word of a text.
struct Word {
    /// In lower case; none when it cannot be part of a phrase.
    lower: Option<String>,
    /// Whether only a space or hyphen separates it from the word before.
    follows: bool,
}

fn words(text: &str) -> Vec<Word> {
    let mut end = 0;
    text.unicode_word_indices()
        .map(|(at, word)| {
            let between = &text[end..at];
            end = at + word.len();
            let mention = text[..at].ends_with('@');
            let usable = !mention
                && word.chars().any(char::is_alphabetic)
                && word.chars().nth(1).is_some()
                && word != PLACEHOLDER;
            Word {
                lower: usable.then(|| word.to_lowercase().replace('\u{2019}', "'")),
                follows: matches!(between, " " | "-"),
            }
        })
        .collect()
}

/// Candidate phrases of a text, in the order of the text, with repeats.
pub(super) fn phrases(text: &str, stops: &Stops<'_>) -> Vec<String> {
    let words = words(text);
    let mut found = Vec::new();
    for first in 0..words.len() {
        let mut phrase = String::new();
        for (length, word) in words[first..].iter().take(LONGEST).enumerate() {
            let Some(lower) = &word.lower else { break };
            if length > 0 && !word.follows {
                break;
            }
            let stop = stops.holds(lower);
            if length == 0 && stop {
                break;
            }
            if length > 0 {
                phrase.push(' ');
            }
            phrase.push_str(lower);
            if !stop {
                found.push(phrase.clone());
            }
        }
    }
    found
}

/// Removes stop words from both ends of a phrase, as for the name of an opinion target. None when nothing is left.
pub(super) fn trimmed(text: &str, stops: &Stops<'_>) -> Option<String> {
    let words: Vec<String> = words(text).into_iter().filter_map(|word| word.lower).collect();
    let first = words.iter().position(|word| !stops.holds(word))?;
    let last = words.iter().rposition(|word| !stops.holds(word))?;
    Some(
        words[first..=last]
            .iter()
            .take(2 * LONGEST)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, language: &str) -> Vec<String> {
        phrases(text, &StopWords::default().of(language))
    }

    #[test]
    fn one_to_three_words_and_no_stop_word_at_either_end() {
        assert_eq!(
            of("the terms of service changed", "en"),
            ["terms", "terms of service", "service", "service changed", "changed"]
        );
        assert_eq!(
            of("Der Kurier war unfreundlich", "de"),
            ["kurier", "kurier war unfreundlich", "unfreundlich"]
        );
    }

    #[test]
    fn ukrainian_has_more_stop_words_than_the_list() {
        assert_eq!(
            of("не за якого, дуже довго чекали", "uk"),
            ["довго", "довго чекали", "чекали"]
        );
    }

    #[test]
    fn no_number_link_mention_or_single_letter() {
        for text in ["12 345,00 2024-01-02", "http", "@user", "a x", "...!", "", "\u{1f600}"] {
            assert!(of(text, "en").is_empty(), "{text}");
        }
        assert_eq!(of("refund @user http 3 weeks", "en"), ["refund", "weeks"]);
    }

    #[test]
    fn no_phrase_reaches_over_a_comma() {
        assert_eq!(of("courier, parcel", "en"), ["courier", "parcel"]);
    }

    #[test]
    fn a_language_without_a_list_learns_its_stop_words() {
        let texts: Vec<String> = (0..40).map(|n| format!("zum{n}bu na kolo{n}ti")).collect();
        let learnt = StopWords::learn(texts.iter().map(|text| (text.as_str(), "qq")));
        assert_eq!(
            phrases("zumbu na koloti", &learnt.of("qq")),
            ["zumbu", "zumbu na koloti", "koloti"]
        );
        assert!(
            phrases("na", &StopWords::default().of("qq")) == ["na"],
            "without learning it is a phrase like any other"
        );
    }

    #[test]
    fn a_target_loses_its_article() {
        let stops = StopWords::default();
        assert_eq!(
            trimmed("the delivery of the parcel", &stops.of("en")).as_deref(),
            Some("delivery of the parcel")
        );
        assert_eq!(trimmed("it", &stops.of("en")), None);
    }
}
