//! Which numbers reach a person or their money? Input: a text. Output: the bytes of bank accounts, payment cards and phone numbers.
//! Accounts and cards must hold their checksum. A phone number has a country code, or a trunk 0, or one of the groupings that
//! people write phones in, or is announced as one; amounts, dates and announced orders are none.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checksums as sum;
use super::context::{Context, before, is_amount};

/// What may stand between the digits of one number.
const GAP: &str = r"(?:[ \x{A0}\x{202F}\x{2009}]|&nbsp;|&#160;)";

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&text.replace('~', GAP)).ok()
}

static IBAN: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?i)[A-Z]{2}\d{2}(?:~?-?[A-Z0-9]){11,30}"));
static NRB: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\d{2}(?:~?\d{4}){6}"));
static CARD: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"[2-6](?:(?:~|-)?\d){12,18}"));

static PHONES: LazyLock<Vec<(Regex, Sure)>> = LazyLock::new(|| {
    [
        // +48 600 100 200, +380 (67) 123-45-67, 00351 912 345 678
        (r"\+~?\d(?:~?[-./(]?~?\(?\d\)?){7,14}", Sure::Yes),
        (r"00(?:~|-)?[1-9](?:~?[-./]?\d){8,13}", Sure::Yes),
        // 067 123 45 67, 06 30 123 4567, 01 23 45 67 89, 030/1234567
        (r"\(?0\d{1,4}\)?(?:(?:~|[-./])+\d{2,8}){1,5}", Sure::Yes),
        // 8 (912) 345-67-89
        (r"8(?:~|-)?\(?\d{3}\)?(?:~|-)?\d{3}(?:(?:~|-)?\d{2}){2}", Sure::Yes),
        // (555) 123-4567, 555-123-4567
        (r"\(\d{2,3}\)~?\d{3}(?:~|-)?\d{2,4}(?:(?:~|-)?\d{2})?", Sure::Yes),
        (r"\d{3}-\d{3}-\d{3,4}|\d{3}-\d{2}-\d{2}-\d{3}", Sure::Yes),
        // 600 100 200, 612 34 56 78, 333 123 4567, 912 345 678
        (r"\d{3}~\d{3}~\d{3,4}|\d{3}~\d{2}~\d{2}~\d{2}", Sure::Yes),
        // Digits without a shape.
        (r"0\d{9,10}", Sure::Yes),
        (r"\d{7,12}|\d{2,4}(?:(?:~|[-./])\d{2,4}){2,4}", Sure::IfAnnounced),
    ]
    .into_iter()
    .filter_map(|(text, sure)| pattern(text).map(|pattern| (pattern, sure)))
    .collect()
});

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    IfAnnounced,
}

/// Whether a number is not part of a longer one or of a word.
pub(super) fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let mut after = text[range.end..].chars();
    let (next, second) = (after.next(), after.next());
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    // 12.345 continues after the point; "12." ends a sentence.
    let goes_on =
        next.is_some_and(|c| matches!(c, '.' | ',' | '-' | '/' | ':')) && second.is_some_and(|c| c.is_ascii_digit());
    let comes_from = before.is_some_and(|c| matches!(c, '.' | ',' | '-' | '/' | '#' | ':'))
        && text[..range.start]
            .chars()
            .rev()
            .nth(1)
            .is_some_and(|c| c.is_ascii_digit());
    !before.is_some_and(|c| joins(c) || c == '#') && !next.is_some_and(joins) && !goes_on && !comes_from
}

/// Bank accounts, with or without a country in front (Poland).
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for part in IBAN.iter().flat_map(|pattern| pattern.find_iter(text)) {
        let mut characters = Vec::new();
        let wanted = sum::iban_length(part.as_str()[..2].to_ascii_uppercase().as_bytes());
        let mut end = part.start();
        for (at, c) in part.as_str().char_indices() {
            if wanted == Some(characters.len()) {
                break;
            }
            if c.is_ascii_alphanumeric() {
                characters.push(c.to_ascii_uppercase() as u8);
                end = part.start() + at + 1;
            }
        }
        let range = part.start()..end;
        if wanted == Some(characters.len()) && sum::mod_97(&characters) && stands_alone(text, &range) {
            found.push(range);
        }
    }
    for part in NRB.iter().flat_map(|pattern| pattern.find_iter(text)) {
        let mut characters = b"PL".to_vec();
        characters.extend(part.as_str().bytes().filter(u8::is_ascii_digit));
        if sum::mod_97(&characters) && stands_alone(text, &part.range()) {
            found.push(part.range());
        }
    }
    found
}

/// Payment cards.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    let parts = CARD.iter().flat_map(|pattern| pattern.find_iter(text));
    let is_card = |part: &regex::Match<'_>| {
        let digits = sum::digits(part.as_str());
        matches!(digits.len(), 13..=16 | 19)
            && is_issued(&digits)
            && sum::luhn(&digits)
            && digits.iter().any(|d| *d != digits[0])
            && stands_alone(text, &part.range())
            && before(text, part.start()) != Context::Other
    };
    parts.filter(is_card).map(|part| part.range()).collect()
}

/// Whether cards with this prefix have this length (ISO/IEC 7812 ranges of the networks).
fn is_issued(digits: &[u32]) -> bool {
    matches!(
        (digits.len(), digits[0], digits[1]),
        (16, 2..=6, _) | (15, 3, 4 | 7) | (14, 3, 0 | 6 | 8) | (13 | 19, 4, _) | (19, 6, _)
    )
}

/// Finds phone numbers.
pub(super) fn phones(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (pattern, sure) in PHONES.iter() {
        for part in pattern.find_iter(text) {
            let range = trimmed(text, part.range());
            let digits = sum::digits(&text[range.clone()]).len();
            if !(7..=15).contains(&digits)
                || !stands_alone(text, &range)
                || is_amount(text, range.end)
                || is_date(&text[range.clone()])
            {
                continue;
            }
            let context = before(text, range.start);
            let country = text[range.clone()].starts_with('+');
            // The tail of a longer row of digits.
            let tail = text[..range.start]
                .trim_end_matches([' ', '\u{A0}', '\u{202F}'])
                .ends_with(|c: char| c.is_ascii_digit());
            let trunk = text[range.clone()].trim_start_matches('(').starts_with(['0', '8']);
            let wanted = match (sure, context) {
                (_, Context::Phone) => true,
                (Sure::Yes, Context::Open) => digits >= 8 && (country || !tail),
                (Sure::Yes, Context::Number) => digits >= 9 && (country || trunk && !tail),
                (Sure::Yes, _) => country,
                (Sure::IfAnnounced, _) => false,
            };
            if wanted && !found.iter().any(|other| super::overlap(other, &range)) {
                found.push(range);
            }
        }
    }
    found
}

/// Without a bracket that opens or closes alone.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let (opens, closes) = (part.matches('(').count(), part.matches(')').count());
    let start = range.start + usize::from(opens > closes && part.starts_with('('));
    let end = range.end - usize::from(closes > opens && part.ends_with(')'));
    start..end
}

/// 24.03.2026, 2026-03-24, 24/03/26.
fn is_date(text: &str) -> bool {
    let fields: Vec<&str> = text.split(['.', '/', '-', ' ']).collect();
    let is = |at: usize, length: usize, most: u32| {
        fields
            .get(at)
            .is_some_and(|f| (1..=length).contains(&f.len()) && f.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n)))
    };
    let short = fields.len() == 3;
    let year = |at: usize| {
        fields
            .get(at)
            .is_some_and(|f| (f.len() == 2 && short) || (f.len() == 4 && (f.starts_with("19") || f.starts_with("20"))))
    };
    fields.len() >= 3
        && ((is(0, 2, 31) && is(1, 2, 31) && year(2))
            || (year(0) && fields[0].len() == 4 && is(1, 2, 12) && is(2, 2, 31)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Option<&str> {
        phones(text).first().map(|range| &text[range.clone()])
    }

    #[test]
    fn patterns_are_compiled_in() {
        assert!(IBAN.is_some() && NRB.is_some() && CARD.is_some() && PHONES.len() == 9);
    }

    #[test]
    fn phones_of_many_countries_are_found_whole() {
        for number in [
            "+48 600 100 200",
            "+380 (67) 123-45-67",
            "+380671234567",
            "00351 912 345 678",
            "067 123 45 67",
            "06 30 123 4567",
            "01 23 45 67 89",
            "030/1234567",
            "8 (912) 345-67-89",
            "(555) 123-4567",
            "555-123-4567",
            "600 100 200",
            "612 34 56 78",
            "0671234567",
            "+1-202-555-0147",
            "912&nbsp;345&nbsp;678",
        ] {
            assert_eq!(phone(&format!("it is {number}, please")), Some(number));
        }
        assert_eq!(phone("tel. 600100200."), Some("600100200"));
        assert_eq!(phone("(tel: 22 123 45 67)"), Some("22 123 45 67"));
    }

    #[test]
    fn amounts_dates_and_orders_are_no_phones() {
        for text in [
            "100 200 300 zł",
            "24.03.2026 12:00",
            "2026-03-24",
            "order 600 100 200",
            "600100200",
            "ТТН 20450123456789",
            "10 000 000 Ft",
            "1.234.567,89",
            "v. 012 345 678",
            "12:30-14:30",
            "№ 067 123 45 67",
        ] {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn accounts_and_cards_hold_their_checksums() {
        assert_eq!(ibans("PL61 1090 1014 0000 0712 1981 2874 to konto").len(), 1);
        assert_eq!(ibans("konto 61 1090 1014 0000 0712 1981 2874").len(), 1);
        assert_eq!(ibans("UA213223130000026007233566001").len(), 1);
        assert_eq!(ibans("DE89370400440532013001").len(), 0);
        assert_eq!(cards("5555-5555-5555-4444").len(), 1);
        assert_eq!(cards("5555555555554445, 4444444444444444").len(), 0);
    }
}
