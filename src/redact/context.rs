//! What the words around a number say it is. Input: a text and where the number begins or ends. Output: the nearest of the words in
//! `data/redaction/words.toml` that announce a phone, a national number, a card, an account, or something that is none of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

/// What a number is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Context {
    /// Nothing is announced.
    Open,
    /// A number, and nothing about which.
    Number,
    Phone,
    #[serde(rename = "id")]
    NationalId,
    Card,
    Account,
    /// A date of birth.
    Birth,
    /// An order, a parcel, an invoice, an article, a version: no personal number.
    Other,
}

/// Characters before or after a number that are looked at.
const LOOKED_AT: usize = 32;

/// The announcing words, and an automaton that finds all of them at once.
struct Words {
    words: Vec<(String, Context)>,
    automaton: AhoCorasick,
}

static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    let lists: BTreeMap<Context, BTreeMap<String, Vec<String>>> =
        toml::from_str(include_str!("../../data/redaction/words.toml")).ok()?;
    let words: Vec<(String, Context)> = lists
        .into_iter()
        .flat_map(|(context, languages)| languages.into_values().flatten().map(move |word| (word, context)))
        .collect();
    let automaton = AhoCorasick::new(words.iter().map(|(word, _)| word)).ok()?;
    Some(Words { words, automaton })
});

/// What "number" is in those of the words for a phone that say "my number", and what may follow to make it a number of something else.
const NUMBERS: &[&str] = &["number", "nummer", "numér", "númer", "numer"];
const OF: &[&str] = &[" of ", " de ", " do ", " da ", " del ", " di ", " van ", " d'", " d’"];

/// An announcing word in a text: the bytes of the text it stands at, and what it announces.
struct Announcement {
    start: usize,
    end: usize,
    word: &'static str,
    context: Context,
}

/// The announcing words in a text in lower case: each begins a word, and those of three letters or fewer are whole words. `nip` is not in
/// `snippet`, `tel` is not in `hotel`.
fn announcements(text: &str) -> impl Iterator<Item = Announcement> {
    let known = WORDS.as_ref();
    let matches = known.into_iter().flat_map(move |known| {
        known.automaton.find_overlapping_iter(text).map(move |found| {
            let (word, context) = &known.words[found.pattern().as_usize()];
            Announcement {
                start: found.start(),
                end: found.end(),
                word,
                context: *context,
            }
        })
    });
    matches.filter(move |found| {
        // "my number of complaints" is no phone.
        let of = found.context == Context::Phone
            && NUMBERS.iter().any(|number| found.word.contains(number))
            && OF.iter().any(|of| text[found.end..].starts_with(of));
        let begins = !text[..found.start].ends_with(char::is_alphanumeric) || found.word.starts_with(['#', '№']);
        let ends = found.word.chars().count() > 3 || !text[found.end..].starts_with(char::is_alphabetic);
        begins && ends && !of
    })
}

/// The nearest announcement before byte `at`, and its word. That it is a number only counts when nothing else is said: "telephone number
/// 600..." is a phone.
pub(super) fn announced(text: &str, at: usize) -> (Context, &'static str) {
    let start = text[..at]
        .char_indices()
        .rev()
        .nth(LOOKED_AT - 1)
        .map_or(0, |(start, _)| start);
    let mut window = &text[start..at];
    if text[..start].ends_with(char::is_alphanumeric) {
        window = window.trim_start_matches(char::is_alphanumeric);
    }
    let window = window.to_lowercase();
    announcements(&window)
        .max_by_key(|found| (found.context > Context::Number, found.end, found.end - found.start))
        .map_or((Context::Open, ""), |found| (found.context, found.word))
}

/// What the nearest announcement before byte `at` says.
pub(super) fn before(text: &str, at: usize) -> Context {
    announced(text, at).0
}

/// What the nearest announcement after byte `end` says, in the same sentence; an order behind a comma is another matter.
pub(super) fn after(text: &str, end: usize) -> Context {
    let window: String = text[end..]
        .chars()
        .take(LOOKED_AT)
        .flat_map(char::to_lowercase)
        .collect();
    let sentence = window
        .find(['.', '!', '?', '\n', ';'])
        .map_or(&*window, |stop| &window[..stop]);
    announcements(sentence)
        .filter(|found| found.context > Context::Number)
        .filter(|found| found.context != Context::Other || !sentence[..found.start].contains(','))
        .min_by_key(|found| (found.start, std::cmp::Reverse(found.end)))
        .map_or(Context::Open, |found| found.context)
}

/// Whether the word after a number says that it is a version.
pub(super) fn is_version(text: &str, end: usize) -> bool {
    let after: String = text[end..].chars().take(12).flat_map(char::to_lowercase).collect();
    [
        "verzi",
        "version",
        "versi",
        "wersj",
        "верси",
        "версі",
        "sürüm",
        "różnic",
        "različic",
    ]
    .iter()
    .any(|word| after.trim_start().starts_with(word))
}

/// Whether a currency in front or a unit behind makes the number an amount.
pub(super) fn is_amount(text: &str, start: usize, end: usize) -> bool {
    #[rustfmt::skip]
    const UNITS: &[&str] = &[
        "zł", "pln", "eur", "€", "usd", "$", "грн", "₴", "uah", "руб", "₽", "rub", "ft", "huf", "kč", "czk", "lei", "ron", "r$", "£", "gbp", "%",
        "km", "kg", "mb", "gb", "kwh", "mah", "ms", "tl", "kr", "лв", "bgn", "dkk", "sek", "try", "₺", "forint", "евро", "євро", "euro", "pkt", "сум",
    ];
    const CURRENCIES: &[&str] = &["$", "€", "£", "₴", "₽", "₺", "eur", "usd", "gbp", "pln", "huf", "uah"];
    let blank = [' ', '\u{A0}', '\u{202F}'];
    let behind: String = text[end..]
        .trim_start_matches(blank)
        .chars()
        .take(8)
        .flat_map(char::to_lowercase)
        .collect();
    let whole = |rest: &str, unit: &str| !unit.ends_with(char::is_alphabetic) || !rest.starts_with(char::is_alphabetic);
    let measured = UNITS
        .iter()
        .any(|unit| behind.strip_prefix(unit).is_some_and(|rest| whole(rest, unit)));
    let in_front: String = {
        let text = text[..start].trim_end_matches(blank);
        let from = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        text[from..].to_lowercase()
    };
    let priced = CURRENCIES.iter().any(|unit| {
        in_front
            .strip_suffix(unit)
            .is_some_and(|rest| !unit.ends_with(char::is_alphabetic) || !rest.ends_with(char::is_alphanumeric))
    });
    measured || priced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_announcement_counts() {
        let of = |text: &str| before(text, text.len());
        for (text, want) in [
            ("my phone number is ", Context::Phone),
            ("call me about order ", Context::Other),
            ("zamówienie nr ", Context::Other),
            ("my parcel was lost, card ", Context::Card),
            ("nr tel ", Context::Phone),
            ("мій ІПН ", Context::NationalId),
            ("the hotel ", Context::Open),
            ("номер замовлення ", Context::Other),
            ("number ", Context::Number),
            ("a számlaszámom ", Context::Account),
            ("számla ", Context::Other),
            ("my order number is ", Context::Other),
            ("moje číslo je ", Context::Phone),
        ] {
            assert_eq!(of(text), want, "{text}");
        }
        let text = "501234567 to mój numer, dzwońcie";
        assert_eq!(after(text, 9), Context::Phone);
        assert_eq!(after("501234567. Call me", 9), Context::Open, "another sentence");
    }

    #[test]
    fn amounts_have_a_currency_or_a_unit() {
        assert!(is_amount("100 zł", 0, 3) && is_amount("5%", 0, 1) && !is_amount("600 ftl", 0, 3));
        assert!(is_amount("R$ 1.299", 3, 8) && is_amount("EUR 1299", 4, 8) && !is_amount("neur 1299", 5, 9));
    }

    #[test]
    fn no_word_announces_two_things() {
        let words = &WORDS.as_ref().unwrap().words;
        assert!(words.len() > 600);
        for (word, context) in words {
            assert_eq!(*word, word.to_lowercase());
            assert!(words.iter().all(|(other, c)| other != word || c == context), "{word}");
        }
    }
}
