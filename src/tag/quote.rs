//! Quotes: maps byte ranges of the clean text to ranges of the original comment, so that `text[start:end]` in Python is the quoted text. Linear in
//! the length of the comment.

use std::ops::Range;

use crate::text::Clean;

/// A part of the original comment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Quote {
    /// First Unicode scalar of the original.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// The original text in that range.
    pub text: String,
}

/// Returns the quotes of byte ranges of the clean text, in their order.
pub(crate) fn quotes(original: &str, clean: &Clean, ranges: &[Range<usize>]) -> Vec<Quote> {
    let spans: Vec<Range<usize>> = ranges.iter().map(|range| clean.original_span(range.clone())).collect();
    let mut scalars: Vec<usize> = spans.iter().flat_map(|span| [span.start, span.end]).collect();
    scalars.sort_unstable();
    scalars.dedup();
    // Finds the byte offset of each scalar in one pass over the original.
    let mut walk = original
        .char_indices()
        .map(|(byte, _)| byte)
        .chain([original.len()])
        .enumerate();
    let bytes: Vec<usize> = scalars
        .iter()
        .map(|wanted| {
            walk.find(|(scalar, _)| scalar == wanted)
                .map_or(original.len(), |(_, byte)| byte)
        })
        .collect();
    let byte = |scalar| {
        scalars
            .binary_search(&scalar)
            .ok()
            .and_then(|at| bytes.get(at))
            .copied()
    };
    let quote = |span: Range<usize>| {
        let text = byte(span.start)
            .zip(byte(span.end))
            .and_then(|(start, end)| original.get(start..end));
        Quote {
            start: span.start,
            end: span.end,
            text: text.unwrap_or_default().to_owned(),
        }
    };
    spans.into_iter().map(quote).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{clean, units};

    /// The result of Python's `text[start:end]`.
    fn python(text: &str, quote: &Quote) -> String {
        text.chars().skip(quote.start).take(quote.end - quote.start).collect()
    }

    fn quoted(original: &str, words: &[&str]) -> Vec<String> {
        let clean = clean(original);
        let ranges: Vec<_> = words
            .iter()
            .map(|word| {
                let at = clean.text().find(word).unwrap();
                at..at + word.len()
            })
            .collect();
        let quotes = quotes(original, &clean, &ranges);
        assert!(quotes.iter().all(|q| python(original, q) == q.text), "{quotes:?}");
        quotes.into_iter().map(|q| q.text).collect()
    }

    #[test]
    fn quotes_are_the_customers_own_words() {
        assert_eq!(quoted("👨‍👩‍👧 liked the 🍕 pizza 👍🏽!", &["pizza", "👍🏽"]), ["pizza", "👍🏽"]);
        // The clean text is composed, the original is not.
        let apart = "Le cafe\u{301} e\u{301}tait froid";
        assert_eq!(quoted(apart, &["café", "froid"]), ["cafe\u{301}", "froid"]);
        let html = "<p>Fish &amp; chips: <b>cold</b>,&nbsp;the caf&eacute; na\u{ef}ve</p>";
        assert_eq!(
            quoted(html, &["Fish & chips", "cold", "café"]),
            ["Fish &amp; chips", "cold", "caf&eacute;"]
        );
        let lines = "Great staff.\r\n\r\nAwful   queue,\r\nyes";
        assert_eq!(quoted(lines, &["Awful queue", "yes"]), ["Awful   queue", "yes"]);
    }

    #[test]
    fn ranges_in_any_order_and_beyond_the_end() {
        let original = "дуже смачно";
        let clean = clean(original);
        let found = quotes(original, &clean, &[9..21, 0..8, 900..901, 4..4]);
        let texts: Vec<&str> = found.iter().map(|q| q.text.as_str()).collect();
        assert_eq!(texts, ["смачно", "дуже", "", ""]);
        let nothing = quotes("", &crate::text::clean(""), &[0..3, 0..0]);
        assert!(nothing.iter().all(|q| (q.start, q.end, q.text.as_str()) == (0, 0, "")));
    }

    proptest! {
        #[test]
        fn units_of_any_text_are_quoted_exactly(
            original in prop_oneof![any::<String>(), "([a-zа-яé\u{301}👍🏽<&;\r\n ]{0,9}(<p>|&amp;|[.!?] )){0,9}"]
        ) {
            let clean = clean(&original);
            let ranges = units(clean.text(), "en");
            for quote in quotes(&original, &clean, &ranges) {
                prop_assert!(!quote.text.is_empty());
                prop_assert_eq!(python(&original, &quote), quote.text);
            }
        }
    }
}
