//! Which numbers are national ones? Input: a text. Output: the bytes of identity, tax and insurance numbers whose checksum holds.
//! A checksum alone lets one order number in ten through, so a number also has to be announced ("PESEL", "ІПН"), or be written in
//! the shape of its kind alone, or carry a birth date. Refuses what is announced as something else.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checksums as sum;
use super::context::{Context, before};
use super::numbers::stands_alone;

/// How sure a number's shape is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing else looks like it.
    Own,
    /// It must be announced.
    Plain,
}

struct Rule {
    pattern: Regex,
    shape: Shape,
    holds: fn(&str) -> bool,
}

fn any(text: &str, checks: &[fn(&[u32]) -> bool]) -> bool {
    let digits = sum::digits(text);
    checks.iter().any(|holds| holds(&digits))
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    type Line = (&'static str, Shape, fn(&str) -> bool);
    let lines: [Line; 14] = [
        // IT codice fiscale.
        (
            r"(?i)[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]",
            Shape::Own,
            sum::codice_fiscale,
        ),
        // ES DNI, NIE.
        (
            r"(?i)(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-Z]",
            Shape::Own,
            sum::dni,
        ),
        // FR NIR.
        (
            r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}",
            Shape::Own,
            |t| any(t, &[sum::nir]),
        ),
        // RU SNILS as it is printed.
        (r"\d{3}-\d{3}-\d{3}[ -]\d{2}", Shape::Own, |t| any(t, &[sum::snils])),
        // PL NIP as it is printed.
        (r"\d{3}-\d{3}-\d{2}-\d{2}|\d{3}-\d{2}-\d{2}-\d{3}", Shape::Own, |t| {
            any(t, &[sum::nip])
        }),
        // DE Steuer-ID as it is printed.
        (r"\d{2} \d{3} \d{3} \d{3}", Shape::Own, |t| any(t, &[sum::steuer_id])),
        // CZ and SK rodné číslo.
        (r"\d{6}/\d{4}", Shape::Own, |t| any(t, &[sum::rodne_cislo])),
        // PL PESEL and RO CNP: a birth date and a checksum.
        (r"\d{13}", Shape::Own, |t| any(t, &[sum::cnp])),
        (r"\d{11}", Shape::Own, |t| any(t, &[sum::pesel])),
        // The rest are only digits.
        (r"\d{3}-\d{3}-\d{3}|\d{3}[ .]\d{3}[ .]\d{3}|\d{9}", Shape::Plain, |t| {
            any(t, &[sum::nif, sum::taj, sum::bsn])
        }),
        (
            r"\d{2}[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}|\d{10}|8 ?\d{3} ?\d{3} ?\d{3}",
            Shape::Plain,
            |t| any(t, &[sum::nip, sum::ado, sum::rnokpp, sum::inn, sum::rodne_cislo]),
        ),
        (r"\d{11}", Shape::Plain, |t| any(t, &[sum::snils, sum::steuer_id])),
        (r"\d{12}", Shape::Plain, |t| any(t, &[sum::inn])),
        (r"\d{4}[ .-]\d{2}[ .-]\d{3}", Shape::Plain, |t| any(t, &[sum::bsn])),
    ];
    lines
        .into_iter()
        .filter_map(|(pattern, shape, holds)| {
            let pattern = Regex::new(pattern).ok()?;
            Some(Rule { pattern, shape, holds })
        })
        .collect()
});

/// Finds national numbers in a text.
pub(super) fn ids(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for rule in RULES.iter() {
        for part in rule.pattern.find_iter(text) {
            if !stands_alone(text, &part.range()) || !(rule.holds)(part.as_str()) {
                continue;
            }
            let wanted = match before(text, part.start()) {
                Context::NationalId => true,
                Context::Open | Context::Number | Context::Card => rule.shape == Shape::Own,
                Context::Phone | Context::Other => false,
            };
            if wanted && !found.iter().any(|other| super::overlap(other, &part.range())) {
                found.push(part.range());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_are_compiled_in() {
        assert_eq!(RULES.len(), 14);
    }

    #[test]
    fn plain_digits_must_be_announced() {
        assert_eq!(ids("NIF 123456789").len(), 1);
        assert_eq!(ids("123456789").len(), 0);
        assert_eq!(ids("order 44051401359").len(), 0, "even with a date in it");
        assert_eq!(ids("44051401359 to mój numer").len(), 1);
        assert_eq!(ids("NIF 123456780").len(), 0, "the checksum must hold");
    }
}
