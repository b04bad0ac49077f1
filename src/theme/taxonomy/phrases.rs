//! Phrase search: counts the positions in a text where a phrase of each theme begins. One pass searches all phrases of all languages, because
//! comments mix languages.
//!
//! A phrase is one or more whole words. `*` after a word matches any ending (`refund*`, `рахун* помилк*`), `*` before the first word any beginning
//! (`*rechnung` is also in `Stromrechnung`). Words are compared as [`super::fold`] folds them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::fold::fold;

/// Minimum number of letters of a stem next to `*`; shorter ones occur in every other word.
const SHORTEST_STEM: usize = 3;

/// A folded phrase: literal stretches, between which the rest of a word is skipped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Phrase {
    stretches: Vec<String>,
}

impl Phrase {
    /// Parses a phrase.
    ///
    /// # Errors
    /// When it has no word or a misplaced `*`; the message says which.
    pub(super) fn parse(written: &str) -> Result<Self, &'static str> {
        let mut stretches = vec![String::new()];
        for (place, word) in written.split_whitespace().enumerate() {
            let core = word.trim_matches('*');
            let (open_before, open_after) = (word.starts_with('*'), word.len() > 1 && word.ends_with('*'));
            if core.contains('*') {
                return Err("`*` stands only before the first word or after a word");
            }
            if open_before && place > 0 {
                return Err("`*` before a word is only for the first word");
            }
            let folded = fold(core);
            let letters = folded.chars().filter(|c| *c != ' ').count();
            if letters == 0 {
                return Err("a word without letters or digits");
            }
            if (open_before || open_after) && letters < SHORTEST_STEM {
                return Err("the stem beside `*` needs at least three letters");
            }
            let Some(stretch) = stretches.last_mut() else { continue };
            let folded = if open_before || stretch.ends_with(' ') {
                folded.trim_start()
            } else {
                &folded
            };
            stretch.push_str(if open_after { folded.trim_end() } else { folded });
            if open_after {
                stretches.push(String::new());
            }
        }
        stretches.retain(|stretch| !stretch.is_empty());
        if stretches.is_empty() {
            return Err("no word in it");
        }
        Ok(Self { stretches })
    }

    /// End of the phrase, at the end of a word, if its first stretch ends at `end` of a folded text and the others follow.
    fn goes_on(&self, text: &str, end: usize) -> Option<usize> {
        let end = self.stretches[1..].iter().try_fold(end, |at, stretch| {
            let next = at + text[at..].find(' ')?;
            text[next..].starts_with(stretch.as_str()).then(|| next + stretch.len())
        })?;
        if text[..end].ends_with(' ') {
            Some(end - 1)
        } else {
            text[end..].find(' ').map(|rest| end + rest)
        }
    }
}

/// Search index of the phrases of all themes.
#[derive(Debug)]
pub(super) struct PhraseIndex {
    automaton: AhoCorasick,
    /// For each pattern the phrase and the index of its theme.
    phrases: Vec<(Phrase, usize)>,
    themes: usize,
}

impl PhraseIndex {
    /// Builds the index; `phrases` are pairs of a phrase and the index of its theme among `themes`.
    ///
    /// # Errors
    /// When there are more phrases than an automaton can hold.
    pub(super) fn new(phrases: Vec<(Phrase, usize)>, themes: usize) -> Result<Self, aho_corasick::BuildError> {
        let automaton = AhoCorasick::new(phrases.iter().map(|(phrase, _)| phrase.stretches[0].as_str()))?;
        Ok(Self {
            automaton,
            phrases,
            themes,
        })
    }

    /// For each theme, the number of positions in the text where one of its phrases begins. Several phrases at one position count once, and a phrase
    /// inside a longer one does not count: `service` in `customer service`.
    pub(super) fn hits(&self, text: &str) -> Vec<u32> {
        let text = fold(text);
        let mut places: Vec<(usize, Reverse<usize>, usize)> = self
            .automaton
            .find_overlapping_iter(&text)
            .filter_map(|found| {
                let (phrase, theme) = &self.phrases[found.pattern().as_usize()];
                let end = phrase.goes_on(&text, found.end())?;
                let inside = found.start() + usize::from(text[found.start()..].starts_with(' '));
                let start = text[..inside].rfind(' ').map_or(inside, |space| space + 1);
                Some((start, Reverse(end), *theme))
            })
            .collect();
        places.sort_unstable();
        let mut longest = (0, 0);
        places.retain(|(start, Reverse(end), _)| {
            let (from, to) = longest;
            if *end > to {
                longest = (*start, *end);
            }
            *end > to || (*start, *end) == (from, to)
        });
        let mut hits = vec![0; self.themes];
        let counted: BTreeSet<(usize, usize)> = places.into_iter().map(|(start, _, theme)| (start, theme)).collect();
        for (_, theme) in counted {
            hits[theme] += 1;
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(phrases: &[&str], text: &str) -> Vec<u32> {
        let phrases: Vec<(Phrase, usize)> = phrases
            .iter()
            .enumerate()
            .map(|(theme, written)| (Phrase::parse(written).expect(written), theme))
            .collect();
        let themes = phrases.len();
        PhraseIndex::new(phrases, themes).expect("an automaton").hits(text)
    }

    #[test]
    fn whole_words_stems_and_compounds() {
        let phrases = [
            "app",
            "refund*",
            "*rechnung",
            "рахун* помилк*",
            "call centre",
            "não receb*",
        ];
        let found = |text| hits(&phrases, text);
        assert_eq!(found("The APP crashed. Happy? Apple!"), [1, 0, 0, 0, 0, 0]);
        assert_eq!(found("refunds, refunded and a re-refund"), [0, 3, 0, 0, 0, 0]);
        assert_eq!(found("Stromrechnung, Rechnung, Rechnungen"), [0, 0, 2, 0, 0, 0]);
        assert_eq!(found("у рахунку помилка; рахунок без помилок"), [0, 0, 0, 1, 0, 0]);
        assert_eq!(found("Call-Centre, call the centre"), [0, 0, 0, 0, 1, 0]);
        assert_eq!(found("Ainda nao recebi nada"), [0, 0, 0, 0, 0, 1]);
        assert_eq!(found(""), [0; 6]);
    }

    #[test]
    fn phrases_beginning_at_one_place_count_once() {
        let one = |written: &str| (Phrase::parse(written).expect(written), 0);
        let index = PhraseIndex::new(vec![one("bill"), one("bill*"), one("bill is wrong")], 1).expect("an automaton");
        assert_eq!(index.hits("the bill is wrong, billing too"), [2]);
    }

    #[test]
    fn a_phrase_inside_a_longer_one_does_not_count() {
        let phrases = ["service", "customer service", "desk*", "service desk*", "customer*"];
        assert_eq!(hits(&phrases, "good service"), [1, 0, 0, 0, 0]);
        assert_eq!(hits(&phrases, "customer service, service"), [1, 1, 0, 0, 0]);
        assert_eq!(hits(&phrases, "customer service desks"), [0, 1, 0, 1, 0]);
        assert_eq!(hits(&["refund", "refund*"], "refund"), [1, 1]);
    }

    #[test]
    fn phrases_that_cannot_be() {
        for (written, why) in [
            ("", "no word in it"),
            ("* ", "a word without letters or digits"),
            ("!!", "a word without letters or digits"),
            ("ab*", "the stem beside `*` needs at least three letters"),
            ("re*fund", "`*` stands only before the first word or after a word"),
            ("late *delivery", "`*` before a word is only for the first word"),
        ] {
            assert_eq!(Phrase::parse(written), Err(why), "{written}");
        }
    }

    proptest! {
        /// A phrase of plain words matches exactly where its folded words stand in a row.
        #[test]
        fn plain_phrases_are_found_as_strings(words in "[a-cé]{1,2}( [a-cé]{1,2}){0,2}", text in "[a-cé .*']{0,40}") {
            let expected = fold(&text).match_indices(&fold(&words)).next().is_some();
            prop_assert_eq!(hits(&[&words], &text)[0] > 0, expected);
        }

        #[test]
        fn no_text_breaks_the_search(phrase in "[a-zа-я]{3}\\*( [a-z]{3}\\*?)?", text in any::<String>()) {
            hits(&[&phrase], &text);
        }
    }
}
