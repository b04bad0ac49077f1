//! Payment cards and phone numbers. Input: a text. Output: their bytes. Cards must hold their checksum. A phone number has a country code, a trunk
//! 0, an area code in brackets or one of the groupings that people write phones in, or is announced as one; amounts, dates, opening hours and
//! announced orders are none.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checksums as sum;
use super::context::{Context, after, before, is_amount};

/// What may stand between the digits of one number.
pub(super) const GAP: &str = r"(?:[ \x{A0}\x{202F}\x{2009}]|&nbsp;|&#160;)";

/// A pattern in which `~` is a gap.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&text.replace('~', GAP)).ok()
}

static CARD: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"[2-6]\d{3}(?:\.\d{4}){3}|[2-6](?:(?:~|-)?\d){12,18}"));

static PHONES: LazyLock<Vec<(Regex, Sure)>> = LazyLock::new(|| {
    [
        // +48 600 100 200, +380 (67) 123-45-67, 00351 912 345 678
        (r"\+~?\d(?:~?[-./(]?~?\(?\d\)?){7,14}", Sure::Yes),
        (r"00(?:~|-)?[1-9](?:~?[-./]?\d){8,13}", Sure::Yes),
        // 067 123 45 67, 06 30 123 4567, 01 23 45 67 89, 030/1234567
        (r"0\d{1,4}(?:(?:~|[-./])+\d{2,8}){1,5}", Sure::Yes),
        // 8 (912) 345-67-89
        (r"8(?:~|-)?\(?\d{3}\)?(?:~|-)?\d{3}(?:(?:~|-)?\d{2}){2}", Sure::Yes),
        // (555) 123-4567, (11) 98765-4321, (06-30) 123-4567, (067) 123-45-67
        (
            r"\(~?\d{1,4}(?:(?:~|-)\d{2,3})?~?\)(?:~|[-./])*\d{2,5}(?:(?:~|[-./])?\d{2,4}){1,4}",
            Sure::Area,
        ),
        // 555-123-4567, 11 98765-4321
        (
            r"\d{3}-\d{3}-\d{3,4}|\d{3}-\d{2}-\d{2}-\d{3}|[1-9]\d~9?\d{4}-\d{4}",
            Sure::Yes,
        ),
        // 600 100 200, 612 34 56 78, 333 123 4567, 912 345 678
        (r"\d{3}~\d{3}~\d{3,4}|\d{3}~\d{2}~\d{2}~\d{2}", Sure::Yes),
        // Digits without a shape.
        (r"0\d{9,10}", Sure::Yes),
        (r"\d{7,13}|\d{2,5}(?:(?:~|[-./])\d{2,5}){1,4}", Sure::IfAnnounced),
    ]
    .into_iter()
    .filter_map(|(text, sure)| pattern(text).map(|pattern| (pattern, sure)))
    .collect()
});

/// How sure a number's shape is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// People write phones so.
    Yes,
    /// Only phones have an area code in brackets.
    Area,
    /// It must be announced.
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

/// Payment cards.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    let parts = CARD.iter().flat_map(|pattern| pattern.find_iter(text));
    let is_card = |part: &regex::Match<'_>| {
        let digits = sum::digits(part.as_str());
        let context = before(text, part.start());
        is_issued(&digits, context == Context::Card)
            && sum::luhn(&digits)
            && digits.iter().any(|d| *d != digits[0])
            && stands_alone(text, &part.range())
            && context != Context::Other
    };
    parts.filter(is_card).map(|part| part.range()).collect()
}

/// Whether cards with this prefix have this length (ISO/IEC 7812 ranges of the networks).
fn is_issued(digits: &[u32], announced: bool) -> bool {
    let head = digits[..4].iter().fold(0, |n, digit| n * 10 + digit);
    match digits.len() {
        // Mir, Mastercard, JCB, Visa, Mastercard, and those that begin with 6.
        16 => matches!(head, 2200..=2204 | 2221..=2720 | 3528..=3589 | 4000..=6999),
        15 => matches!(head, 3400..=3499 | 3700..=3799),
        14 => matches!(head, 3000..=3099 | 3600..=3699 | 3800..=3899),
        19 => matches!(head, 4000..=4999 | 6000..=6999),
        // Old Visa cards; barcodes are as long.
        13 => announced && digits[0] == 4,
        _ => false,
    }
}

/// Finds phone numbers.
pub(super) fn phones(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (pattern, sure) in PHONES.iter() {
        for part in pattern.find_iter(text) {
            let range = trimmed(text, part.range());
            let is_new = !found.iter().any(|other| super::overlap(other, &range));
            if is_new && is_phone(text, &range, *sure) {
                found.push(range);
            }
        }
    }
    found
}

fn is_phone(text: &str, range: &Range<usize>, sure: Sure) -> bool {
    let number = &text[range.clone()];
    let digits = sum::digits(number).len();
    if !(7..=15).contains(&digits)
        || !stands_alone(text, range)
        || is_amount(text, range.start, range.end)
        || is_time(number)
        || number.starts_with("000")
    {
        return false;
    }
    let behind = after(text, range.end);
    let context = match before(text, range.start) {
        // 501234567 is my number
        Context::Open | Context::Number if digits >= 9 && behind == Context::Phone => Context::Phone,
        // 119-508-543 is the protocol
        Context::Open | Context::Number if behind == Context::Other => Context::Other,
        context => context,
    };
    let country = number.starts_with('+');
    // The tail of a longer row of digits.
    let tail = text[..range.start]
        .trim_end_matches([' ', '\u{A0}', '\u{202F}'])
        .ends_with(|c: char| c.is_ascii_digit());
    let trunk = number.starts_with(['0', '8']);
    match (sure, context) {
        (_, Context::Phone) => true,
        (Sure::Area, Context::Open | Context::Number) => !tail && (digits >= 9 || number.starts_with("(0")),
        (Sure::Yes, Context::Open) => digits >= 8 && (country || !tail),
        (Sure::Yes, Context::Number) => digits >= 9 && (country || trunk && !tail),
        (Sure::Yes, _) => country,
        (Sure::Area | Sure::IfAnnounced, _) => false,
    }
}

/// Without a bracket that opens or closes alone.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let (opens, closes) = (part.matches('(').count(), part.matches(')').count());
    let start = range.start + usize::from(opens > closes && part.starts_with('('));
    let end = range.end - usize::from(closes > opens && part.ends_with(')'));
    start..end
}

/// 24.03.2026, 2026-03-24, 24/03/26; 02.01 - 03.01.19; 10.00-18.30; 2019-2026; (2026) 123456.
fn is_time(text: &str) -> bool {
    let fields: Vec<&str> = text
        .split(['.', '/', '-', ' ', '(', ')'])
        .filter(|field| !field.is_empty())
        .collect();
    let is = |at: usize, length: usize, most: u32| {
        fields
            .get(at)
            .is_some_and(|f| (1..=length).contains(&f.len()) && f.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n)))
    };
    let full = |field: &str| field.len() == 4 && (field.starts_with("19") || field.starts_with("20"));
    let short = fields.len() == 3;
    let year = |at: usize| fields.get(at).is_some_and(|f| (f.len() == 2 && short) || full(f));
    let hours = |field: &str, most: u32| field.len() == 2 && field.parse::<u32>().is_ok_and(|n| n <= most);
    let date = fields.len() >= 3
        && ((is(0, 2, 31) && is(1, 2, 31) && year(2)) || (year(0) && full(fields[0]) && is(1, 2, 12) && is(2, 2, 31)));
    let open = fields.len() == 4 && text.contains(['.', ':']) && (0..4).all(|at| hours(fields[at], [24, 59][at % 2]));
    let years = fields.len() > 1 && fields.iter().all(|field| full(field));
    let in_brackets = text.starts_with('(') && fields.first().is_some_and(|field| full(field));
    // 02.01 - 03.01.19
    let range = text.contains('.') && text.contains('-') && fields.iter().all(|f| f.len() <= 2 || full(f));
    date || open || years || in_brackets || range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Option<&str> {
        phones(text).first().map(|range| &text[range.clone()])
    }

    #[test]
    fn patterns_are_compiled_in() {
        assert!(CARD.is_some() && PHONES.len() == 9);
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
            "030 / 123 456 78",
            "8 (912) 345-67-89",
            "(555) 123-4567",
            "(11) 98765-4321",
            "(21) 3333-4444",
            "(06-30) 123-4567",
            "(067) 123-45-67",
            "(22) 123 45 67",
            "(0 22) 123 45 67",
            "(0171) 1234567",
            "11 98765-4321",
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
        assert_eq!(phone("My number is (415) 555-0182."), Some("(415) 555-0182"));
        assert_eq!(phone("text me at 212.736.5000"), Some("212.736.5000"));
    }

    #[test]
    fn bare_digits_are_a_phone_when_a_word_says_so() {
        for words in [
            "my phone",
            "мій телефон",
            "мой телефон",
            "telefon:",
            "o meu telefone é",
            "a telefonom",
            "Meine Telefonnummer ist",
            "mi teléfono es",
            "mon téléphone est le",
            "il mio telefono è",
            "mijn telefoon is",
            "můj telefon je",
            "môj telefón je",
            "telefonum",
            "min telefon är",
            "telefonul meu este",
            "моят телефон е",
            "moj telefon je",
            "min telefon er",
            "moj telefon je",
            "zadzwońcie na",
            "zavolejte na",
            "ring mig på",
            "sunați-mă la",
            "обадете се на",
            "nazovite me na",
            "pokličite me na",
            "beni arayın",
            "bel mij op",
            "llámenme al",
            "appelez le",
        ] {
            assert_eq!(
                phone(&format!("{words} 512345678, please")),
                Some("512345678"),
                "{words}"
            );
        }
        assert_eq!(phone("512345678 - to mój numer"), Some("512345678"));
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
            "call between 10.00-18.30",
            "telefon kupiony w latach 2019-2026",
            "the phone costs $1 299 999",
            "the phone is article 123456789",
            "art. 123 456 789",
            "артикул 123 456 789",
            "invoice (2026) 123456789",
            "(2026) 12345678",
            "cikkszám: 123 456 789",
            "02.01 - 03.01.19",
            "акт 00075/00075",
            "000.036.686",
            "119-508-543 protocolo",
            "mon numéro de contrat est 201974676",
            "(12) 345 678 people",
            "phone ticket 512345678",
            "512345678 zamówienie, proszę o telefon",
        ] {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn cards_hold_their_checksums() {
        assert_eq!(cards("5555-5555-5555-4444").len(), 1);
        assert_eq!(cards("5555.5555.5555.4444").len(), 1);
        assert_eq!(cards("5555555555554445, 4444444444444444").len(), 0);
        assert_eq!(cards("4713105953602").len(), 0, "a barcode");
        assert_eq!(cards("2025018220693351").len(), 0, "no network begins so");
        assert_eq!(cards("card 4222222222222").len(), 1);
    }
}
