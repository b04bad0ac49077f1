//! Bank accounts: IBAN, and the national forms of Poland, Hungary, Czechia and Slovakia, Spain and Russia. All but the last have checksums.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checksums as sum;
use super::context::{Context, before};
use super::numbers::{pattern, stands_alone};

static IBAN: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?i)[A-Z]{2}\d{2}(?:~?-?[A-Z0-9]){11,30}"));

/// How a country writes accounts, and whether one holds; those that are only digits must not be announced as something else.
struct Form {
    pattern: Regex,
    bare: bool,
    holds: fn(&str) -> bool,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    type Line = (&'static str, bool, fn(&str) -> bool);
    let lines: [Line; 7] = [
        // PL NRB.
        (r"\d{2}(?:~?\d{4}){6}", false, |t| {
            let digits = t.bytes().filter(u8::is_ascii_digit);
            sum::mod_97(&b"PL".iter().copied().chain(digits).collect::<Vec<u8>>())
        }),
        // HU, as it is printed, and only digits.
        (r"\d{8}(?:~|-)\d{8}(?:~|-)\d{8}", false, |t| sum::giro(&sum::digits(t))),
        (r"\d{8}(?:~|-)\d{8}", true, |t| sum::giro(&sum::digits(t))),
        (r"\d{24}", true, |t| sum::giro(&sum::digits(t))),
        // CZ and SK: a prefix, the number, the bank.
        (r"(?:\d{2,6}-\d{2,10}|\d{7,10})/\d{4}", true, |t| {
            let number = t.split('/').next().unwrap_or_default();
            number.split('-').all(|part| sum::czech_account(&sum::digits(part)))
        }),
        // ES CCC.
        (r"\d{4}(?:~|-)\d{4}(?:~|-)\d{2}(?:~|-)\d{10}", false, |t| {
            sum::ccc(&sum::digits(t))
        }),
        // RU: the balance account of a person or company, the code of a currency, thirteen digits; the checksum needs the bank's code.
        (r"(?:30[12]|40[1-8]|42[0-9])\d{2}(?:810|840|978)\d{12}", false, |_| true),
    ];
    lines
        .into_iter()
        .filter_map(|(text, bare, holds)| {
            Some(Form {
                pattern: pattern(text)?,
                bare,
                holds,
            })
        })
        .collect()
});

/// Bank accounts.
pub(super) fn accounts(text: &str) -> Vec<Range<usize>> {
    let mut found = ibans(text);
    for form in FORMS.iter() {
        for part in form.pattern.find_iter(text) {
            let wanted = stands_alone(text, &part.range())
                && (form.holds)(part.as_str())
                && !(form.bare && before(text, part.start()) == Context::Other);
            if wanted && !found.iter().any(|other| super::overlap(other, &part.range())) {
                found.push(part.range());
            }
        }
    }
    found
}

fn ibans(text: &str) -> Vec<Range<usize>> {
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
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_compiled_in() {
        assert!(IBAN.is_some());
        assert_eq!(FORMS.len(), 7);
    }

    #[test]
    fn accounts_hold_their_checksums() {
        for text in [
            "PL61 1090 1014 0000 0712 1981 2874 to konto",
            "konto 61 1090 1014 0000 0712 1981 2874",
            "UA213223130000026007233566001",
            "számlaszám: 11773016-11111018-00000000",
            "11773016-11111018",
            "11773016 11111018 00000000",
            "számlaszámom 117730161111101800000000",
            "účet 19-2000145399/0800",
            "2000145399/0800",
            "cuenta 2100 0418 45 0200051332",
            "на счёт 40817810099910004312",
        ] {
            assert_eq!(accounts(text).len(), 1, "{text}");
        }
        for text in [
            "DE89370400440532013001",
            "számlaszám: 11773016-11111019-00000000",
            "cikkszám 11773016-11111018",
            "faktura 2000145399/0800",
            "2000145398/0800",
            "számla 117730161111101800000000",
            "2100 0418 46 0200051332",
            "трек 12345678901234567890",
        ] {
            assert_eq!(accounts(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}
