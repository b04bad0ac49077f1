//! Dates of birth: a date that is announced as one.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::context::{Context, before};
use super::numbers::stands_alone;

static DATES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let numbers = r"\d{1,2}[./-] ?\d{1,2}[./-] ?(?:19|20)\d{2}|(?:19|20)\d{2}[./-] ?\d{1,2}[./-] ?\d{1,2}";
    let words = r"\d{1,2}\.?(?: de)? \p{L}{3,12}\.?,?(?: de)? (?:19|20)\d{2}|\p{L}{3,12} \d{1,2},? (?:19|20)\d{2}|(?:19|20)\d{2}\. ?\p{L}{3,12} \d{1,2}";
    Regex::new(&format!("{numbers}|{words}")).ok()
});

/// Dates of birth.
pub(super) fn dates(text: &str) -> Vec<Range<usize>> {
    let parts = DATES.iter().flat_map(|pattern| pattern.find_iter(text));
    parts
        .map(|part| part.range())
        .filter(|range| stands_alone(text, range) && before(text, range.start) == Context::Birth)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_announced_dates_are_of_birth() {
        assert!(DATES.is_some());
        for text in [
            "born 2001-04-12",
            "дата народження: 12.04.2001",
            "nasci em 12 de abril de 2001",
            "ur. 12.04.2001",
            "született: 2001. április 12",
            "born April 12, 2001",
            "geboren am 12. April 2001",
        ] {
            let found = dates(text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(text.ends_with(&text[found[0].clone()]), "{text}");
        }
        for text in [
            "bought 2001-04-12",
            "2001-04-12 born",
            "born in 2001",
            "order of 12.04.2001",
        ] {
            assert_eq!(dates(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}
