//! National numbers. Input: a text. Output: the bytes of identity, tax and insurance numbers whose checksum holds.
//! A checksum alone lets one order number in ten through, so a number also has to be announced ("PESEL", "ІПН"), or be written in
//! the shape of its kind alone, or carry a birth date. Numbers without a checksum (SSN, passports) need their own shape or their own word.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checksums as sum;
use super::context::{Context, announced};
use super::numbers::stands_alone;

/// How sure a number's shape is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing else looks like it.
    Own,
    /// It must be announced.
    Plain,
    /// It must be announced by one of these words.
    Named(&'static [&'static str]),
}

/// Words of `words.toml` that announce a passport.
const PASSPORT: &[&str] = &[
    "passport",
    "paszport",
    "pasaporte",
    "passeport",
    "passaporto",
    "paspoort",
    "reisepass",
    "personalausweis",
    "паспорт",
];

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
    let lines: [Line; 26] = [
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
        // BR CPF and CNPJ as they are printed.
        (r"\d{3}\.\d{3}\.\d{3}-\d{2}", Shape::Own, |t| any(t, &[sum::cpf])),
        (
            r"(?i)[A-Z0-9]{2}\.[A-Z0-9]{3}\.[A-Z0-9]{3}/[A-Z0-9]{4}-\d{2}",
            Shape::Own,
            sum::cnpj,
        ),
        (r"\d{14}", Shape::Plain, sum::cnpj),
        // US SSN as it is printed, and otherwise.
        (r"\d{3}-\d{2}-\d{4}", Shape::Own, |t| any(t, &[sum::ssn])),
        (r"\d{3} ?\d{2} ?\d{4}", Shape::Named(&["ssn", "social security"]), |t| {
            any(t, &[sum::ssn])
        }),
        // GB National Insurance as it is printed, and otherwise.
        (
            r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} \d{2} \d{2} [A-D]",
            Shape::Own,
            |_| true,
        ),
        (
            r"(?i)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]",
            Shape::Named(&["ni number", "nino", "national insurance"]),
            |_| true,
        ),
        // SE personnummer as it is printed; DK CPR, PL dowód osobisty, passports.
        (r"(?:19|20)?\d{6}[-+]\d{4}", Shape::Own, |t| {
            any(t, &[sum::personnummer])
        }),
        (r"\d{6}-?\d{4}", Shape::Named(&["cpr"]), |t| any(t, &[sum::cpr])),
        (
            r"(?i)[A-Z]{3} ?\d{6}",
            Shape::Named(&["dowód os", "dowodu os", "numer dowodu"]),
            sum::dowod,
        ),
        (
            r"(?i)[A-ZА-ЯІЇЄҐ]{0,3} ?№? ?\d{6,9}|\d{2} ?\d{2} ?№? ?\d{6}",
            Shape::Named(PASSPORT),
            |_| true,
        ),
        // The rest are only digits.
        (r"\d{3}-\d{3}-\d{3}|\d{3}[ .]\d{3}[ .]\d{3}|\d{9}", Shape::Plain, |t| {
            any(t, &[sum::nif, sum::taj, sum::bsn])
        }),
        (
            r"\d{2}[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}|\d{10}|8 ?\d{3} ?\d{3} ?\d{3}|\d{3} \d{3} \d{4}",
            Shape::Plain,
            |t| {
                let checks = [
                    sum::nip,
                    sum::ado,
                    sum::rnokpp,
                    sum::inn,
                    sum::rodne_cislo,
                    sum::nhs,
                    sum::egn,
                    sum::personnummer,
                ];
                any(t, &checks)
            },
        ),
        (r"\d{11}", Shape::Plain, |t| {
            any(t, &[sum::snils, sum::steuer_id, sum::cpf, sum::oib, sum::tckn])
        }),
        (r"\d{12}", Shape::Plain, |t| any(t, &[sum::inn, sum::personnummer])),
        (r"\d{13}", Shape::Plain, |t| any(t, &[sum::emso])),
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
            let (context, word) = announced(text, part.start());
            let wanted = match (rule.shape, context) {
                (_, Context::Phone | Context::Other) => false,
                (Shape::Own, _) => true,
                (Shape::Plain, context) => context == Context::NationalId,
                (Shape::Named(words), _) => words.contains(&word),
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
        assert_eq!(RULES.len(), 26);
    }

    #[test]
    fn plain_digits_must_be_announced() {
        assert_eq!(ids("NIF 123456789").len(), 1);
        assert_eq!(ids("123456789").len(), 0);
        assert_eq!(ids("order 44051401359").len(), 0, "even with a date in it");
        assert_eq!(ids("44051401359 to mój numer").len(), 1);
        assert_eq!(ids("NIF 123456780").len(), 0, "the checksum must hold");
    }

    #[test]
    fn numbers_without_a_checksum_need_their_shape_or_their_word() {
        for text in [
            "CPF: 529.982.247-25",
            "meu CPF 52998224725",
            "CNPJ 12.345.678/0001-95",
            "CNPJ 12345678000195",
            "it was 536-90-4399",
            "SSN 536904399",
            "my social security number is 536 90 4399",
            "AB 12 34 56 C",
            "NI number AB123456C",
            "паспорт КЕ 123456",
            "паспорт 45 10 123456",
            "dowód osobisty ABS 123456",
            "ЕГН 7523169263",
            "OIB: 94577403194",
            "TC kimlik no 10000000146",
            "personnummer 811218-9876",
            "CPR 070761-4285",
            "NHS 943 476 5919",
        ] {
            let found = ids(text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(
                text.ends_with(&text[found[0].clone()]),
                "{text}: {}",
                &text[found[0].clone()]
            );
        }
        for text in [
            "order 536-90-4399",
            "article AB123456C",
            "536904399",
            "pedido 52998224725",
            "протокол КЕ 123456",
            "CPF 529.982.247-26",
            "12345678000195",
        ] {
            assert_eq!(ids(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}
