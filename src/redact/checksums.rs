//! Checksums of numbers: Luhn (ISO/IEC 7812-1), mod 97 (ISO 13616), and the national ones, named at each function.

/// Digits of a text as numbers, without separators.
pub(super) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// ISO/IEC 7812-1: payment cards.
pub(super) fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, d)| if at % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: letters are 10 to 35, the first four characters go to the end, the remainder by 97 is 1.
pub(super) fn mod_97(characters: &[u8]) -> bool {
    let Some((head, tail)) = characters.split_at_checked(4) else {
        return false;
    };
    let mut rest = 0_u64;
    for byte in tail.iter().chain(head) {
        rest = match byte {
            b'0'..=b'9' => rest * 10 + u64::from(byte - b'0'),
            b'A'..=b'Z' => rest * 100 + u64::from(byte - b'A') + 10,
            _ => return false,
        } % 97;
    }
    rest == 1
}

/// The length of a country's IBAN (SWIFT registry).
pub(super) fn iban_length(country: &[u8]) -> Option<usize> {
    #[rustfmt::skip]
    const LENGTHS: [(&[u8; 2], usize); 44] = [
        (b"AD", 24), (b"AT", 20), (b"BE", 16), (b"BG", 22), (b"CH", 21), (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DK", 18),
        (b"EE", 20), (b"ES", 24), (b"FI", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23), (b"GR", 27), (b"HR", 21),
        (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IS", 26), (b"IT", 27), (b"KZ", 20), (b"LI", 21), (b"LT", 20), (b"LU", 20),
        (b"LV", 21), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MT", 31), (b"NL", 18), (b"NO", 15), (b"PL", 28),
        (b"PT", 25), (b"RO", 24), (b"RS", 22), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"TR", 26), (b"UA", 29),
    ];
    LENGTHS
        .iter()
        .find(|(code, _)| code.as_slice() == country)
        .map(|(_, length)| *length)
}

/// Whether month (with a century's offset, a multiple of `step`) and day are valid.
fn is_day(month: u32, day: u32, step: u32) -> bool {
    (1..=12).contains(&(month % step)) && (1..=31).contains(&day)
}

/// PL PESEL: weights 1 3 7 9, a birth date in front.
pub(super) fn pesel(d: &[u32]) -> bool {
    d.len() == 11
        && is_day(d[2] * 10 + d[3], d[4] * 10 + d[5], 20)
        && (10 - weighted(d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == d[10]
}

/// PL NIP: weighted sum mod 11.
pub(super) fn nip(d: &[u32]) -> bool {
    d.len() == 10 && d[0] != 0 && weighted(d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9]
}

/// PT NIF: weights 9 to 2, mod 11.
pub(super) fn nif(d: &[u32]) -> bool {
    if d.len() != 9 || matches!(d[0], 0 | 4 | 7) {
        return false;
    }
    let rest = weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    d[8] == if rest < 2 { 0 } else { 11 - rest }
}

/// HU TAJ: weights 3 and 7 in turn, mod 10.
pub(super) fn taj(d: &[u32]) -> bool {
    d.len() == 9 && weighted(d, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == d[8]
}

/// HU adóazonosító jel: begins with 8, places 1 to 9 as weights, mod 11.
pub(super) fn ado(d: &[u32]) -> bool {
    d.len() == 10 && d[0] == 8 && weighted(d, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == d[9]
}

/// UA RNOKPP: weights -1 5 7 9 4 6 10 5 7, mod 11 mod 10.
pub(super) fn rnokpp(d: &[u32]) -> bool {
    d.len() == 10 && (weighted(&d[1..], &[5, 7, 9, 4, 6, 10, 5, 7]) + 11 - d[0]) % 11 % 10 == d[9]
}

/// RU INN of a person (12 digits) or company (10).
pub(super) fn inn(d: &[u32]) -> bool {
    let check = |weights: &[u32], at: usize| weighted(d, weights) % 11 % 10 == d[at];
    match d.len() {
        10 => check(&[2, 4, 10, 3, 5, 9, 4, 6, 8], 9),
        12 => check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10) && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11),
        _ => false,
    }
}

/// RU SNILS: weights 9 to 1, mod 101 mod 100.
pub(super) fn snils(d: &[u32]) -> bool {
    d.len() == 11 && weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == d[9] * 10 + d[10]
}

/// DE Steuer-ID: ISO 7064 mod 11,10; one digit of the first ten occurs two or three times.
pub(super) fn steuer_id(d: &[u32]) -> bool {
    if d.len() != 11 || d[0] == 0 {
        return false;
    }
    let mut counts = [0; 10];
    d[..10].iter().for_each(|digit| counts[*digit as usize] += 1);
    if counts.iter().filter(|n| **n > 1).count() != 1 || counts.iter().any(|n| *n > 3) {
        return false;
    }
    mod_11_10(&d[..10]) == d[10]
}

/// FR NIR: 13 digits, and 97 minus their remainder by 97. It begins with sex and month.
pub(super) fn nir(d: &[u32]) -> bool {
    let number = |digits: &[u32]| digits.iter().fold(0_u64, |n, d| n * 10 + u64::from(*d));
    d.len() == 15
        && matches!(d[0], 1 | 2)
        && (1..=12).contains(&(d[3] * 10 + d[4]))
        && 97 - number(&d[..13]) % 97 == number(&d[13..])
}

/// NL BSN: weights 9 to 2 and -1, mod 11.
pub(super) fn bsn(d: &[u32]) -> bool {
    d.len() == 9 && weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8]
}

/// CZ and SK rodné číslo: a multiple of 11 with a birth date in front; months of women are 50 higher.
pub(super) fn rodne_cislo(d: &[u32]) -> bool {
    let number = d.iter().fold(0_u64, |n, d| n * 10 + u64::from(*d));
    d.len() == 10 && is_day((d[2] * 10 + d[3]) % 50, d[4] * 10 + d[5], 20) && number.is_multiple_of(11)
}

/// RO CNP: weights 279146358279, mod 11, a birth date inside.
pub(super) fn cnp(d: &[u32]) -> bool {
    if d.len() != 13 || !(1..=8).contains(&d[0]) || !is_day(d[3] * 10 + d[4], d[5] * 10 + d[6], 100) {
        return false;
    }
    let rest = weighted(d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    d[12] == if rest == 10 { 1 } else { rest }
}

/// ES DNI and NIE: the number's remainder by 23 chooses the letter; X, Y, Z in front are 0, 1, 2.
pub(super) fn dni(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let text: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|b| b.to_ascii_uppercase())
        .collect();
    let Some((letter, body)) = text.split_last() else {
        return false;
    };
    let number = body.iter().enumerate().try_fold(0_usize, |n, (at, byte)| match byte {
        b'0'..=b'9' => Some(n * 10 + usize::from(byte - b'0')),
        b'X'..=b'Z' if at == 0 => Some(usize::from(byte - b'X')),
        _ => None,
    });
    body.len() == 8 && number.is_some_and(|n| LETTERS[n % 23] == *letter)
}

/// IT codice fiscale: odd places by a table, even ones by value, mod 26.
pub(super) fn codice_fiscale(text: &str) -> bool {
    #[rustfmt::skip]
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let text = text.to_ascii_uppercase();
    let bytes = text.as_bytes();
    if bytes.len() != 16 || !bytes.iter().all(u8::is_ascii_alphanumeric) || !bytes[15].is_ascii_uppercase() {
        return false;
    }
    let value = |byte: u8| {
        u32::from(if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte - b'A'
        })
    };
    let sum: u32 = bytes[..15]
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if at % 2 == 0 {
                ODD[value(*byte) as usize]
            } else {
                value(*byte)
            }
        })
        .sum();
    sum % 26 == u32::from(bytes[15] - b'A')
}

/// BR CPF: weights 10 to 2, then 11 to 2, mod 11.
pub(super) fn cpf(d: &[u32]) -> bool {
    let check = |length: usize| {
        let weights: Vec<u32> = (2..=length as u32 + 1).rev().collect();
        match weighted(d, &weights) % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    d.len() == 11 && d.iter().any(|digit| *digit != d[0]) && check(9) == d[9] && check(10) == d[10]
}

/// BR CNPJ, since 2026 also with letters: a character counts as its ASCII code less 48; weights 5 to 2 and 9 to 2, mod 11.
pub(super) fn cnpj(text: &str) -> bool {
    let values: Vec<u32> = text
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| u32::from(byte.to_ascii_uppercase() - b'0'))
        .collect();
    let check = |weights: &[u32]| match weighted(&values, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    values.len() == 14
        && values.iter().any(|value| *value != values[0])
        && check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == values[12]
        && check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == values[13]
}

/// US SSN: no checksum, but parts that were never given out (000, 666 and 900 on as area, zeros elsewhere).
pub(super) fn ssn(d: &[u32]) -> bool {
    let number = |digits: &[u32]| digits.iter().fold(0, |n, digit| n * 10 + digit);
    d.len() == 9 && !matches!(number(&d[..3]), 0 | 666 | 900..) && number(&d[3..5]) > 0 && number(&d[5..]) > 0
}

/// GB NHS number: weights 10 to 2, mod 11.
pub(super) fn nhs(d: &[u32]) -> bool {
    d.len() == 10 && (11 - weighted(d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[9]
}

/// BG EGN: a birth date (months of other centuries are 20 or 40 higher), weights 2 4 8 5 10 9 7 3 6, mod 11 mod 10.
pub(super) fn egn(d: &[u32]) -> bool {
    d.len() == 10
        && is_day(d[2] * 10 + d[3], d[4] * 10 + d[5], 20)
        && weighted(d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9]
}

/// ISO 7064 mod 11,10: HR OIB, and the last step of the DE Steuer-ID.
fn mod_11_10(d: &[u32]) -> u32 {
    let product = d.iter().fold(10, |product, digit| match (digit + product) % 10 {
        0 => 10 * 2 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10
}

/// HR OIB.
pub(super) fn oib(d: &[u32]) -> bool {
    d.len() == 11 && mod_11_10(&d[..10]) == d[10]
}

/// TR T.C. Kimlik No: 7 times the odd places less the even ones, mod 10; then the sum of all, mod 10.
pub(super) fn tckn(d: &[u32]) -> bool {
    d.len() == 11
        && d[0] != 0
        && (weighted(d, &[7, 0, 7, 0, 7, 0, 7, 0, 7]) + 90 - weighted(d, &[0, 1, 0, 1, 0, 1, 0, 1])) % 10 == d[9]
        && d[..10].iter().sum::<u32>() % 10 == d[10]
}

/// SE personnummer, the century left out: a birth date (days of coordination numbers are 60 higher) and Luhn.
pub(super) fn personnummer(d: &[u32]) -> bool {
    let d = if d.len() == 12 { &d[2..] } else { d };
    d.len() == 10 && is_day(d[2] * 10 + d[3], (d[4] * 10 + d[5]) % 60, 100) && luhn(d)
}

/// DK CPR: day, month and year of birth, and four digits that have had no checksum since 2007.
pub(super) fn cpr(d: &[u32]) -> bool {
    d.len() == 10 && is_day(d[2] * 10 + d[3], d[0] * 10 + d[1], 100)
}

/// SI EMŠO and the JMBG of its neighbours: day and month of birth, weights 7 to 2 twice, mod 11.
pub(super) fn emso(d: &[u32]) -> bool {
    d.len() == 13
        && is_day(d[2] * 10 + d[3], d[0] * 10 + d[1], 100)
        && (11 - weighted(d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[12]
}

/// PL identity card: three letters and six digits, weights 7 3 1 9 7 3 1 7 3, mod 10; letters count from 10.
pub(super) fn dowod(text: &str) -> bool {
    let values: Vec<u32> = text.chars().filter_map(|c| c.to_digit(36)).collect();
    values.len() == 9 && weighted(&values, &[7, 3, 1, 9, 7, 3, 1, 7, 3]).is_multiple_of(10)
}

/// HU account number: the first eight digits, and the others, weighted 9 7 3 1 in turn, are multiples of ten.
pub(super) fn giro(d: &[u32]) -> bool {
    let holds = |part: &[u32]| {
        let sum: u32 = part.iter().zip([9, 7, 3, 1].iter().cycle()).map(|(d, w)| d * w).sum();
        sum.is_multiple_of(10)
    };
    matches!(d.len(), 16 | 24) && d[..8].iter().any(|digit| *digit != 0) && holds(&d[..8]) && holds(&d[8..])
}

/// CZ and SK account number: each part's digits, weighted from the right by powers of two mod 11, are a multiple of eleven.
pub(super) fn czech_account(d: &[u32]) -> bool {
    let weights = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let sum: u32 = d.iter().rev().zip(weights).map(|(d, w)| d * w).sum();
    d.len() <= 10 && d.iter().any(|digit| *digit != 0) && sum.is_multiple_of(11)
}

/// ES CCC: the ninth digit checks bank and branch, the tenth the account, weighted by powers of two mod 11.
pub(super) fn ccc(d: &[u32]) -> bool {
    let check = |digits: &[u32]| match 11 - weighted(digits, &[1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 {
        11 => 0,
        10 => 1,
        rest => rest,
    };
    d.len() == 20 && {
        let bank: Vec<u32> = [0, 0].iter().chain(&d[..8]).copied().collect();
        check(&bank) == d[8] && check(&d[10..]) == d[9]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_a_changed_digit_does_not() {
        type Check = fn(&[u32]) -> bool;
        let cases: [(&str, Check, &str); 22] = [
            ("luhn", luhn, "4111111111111111"),
            ("PESEL", pesel, "44051401359"),
            ("NIP", nip, "1234563218"),
            ("NIF", nif, "123456789"),
            ("TAJ", taj, "111111110"),
            ("RNOKPP", rnokpp, "1759013776"),
            ("INN of a company", inn, "7830002293"),
            ("INN of a person", inn, "500100732259"),
            ("SNILS", snils, "11223344595"),
            ("Steuer-ID", steuer_id, "86095742719"),
            ("NIR", nir, "255081416802538"),
            ("BSN", bsn, "111222333"),
            ("CNP", cnp, "1800101221144"),
            ("CPF", cpf, "52998224725"),
            ("NHS", nhs, "9434765919"),
            ("EGN", egn, "7523169263"),
            ("OIB", oib, "94577403194"),
            ("TCKN", tckn, "10000000146"),
            ("personnummer", personnummer, "8112189876"),
            ("EMŠO", emso, "0101006500006"),
            ("giro", giro, "117730161111101800000000"),
            ("CCC", ccc, "21000418450200051332"),
        ];
        for (name, holds, number) in cases {
            let mut d = digits(number);
            assert!(holds(&d), "{name} {number}");
            let last = d.len() - 1;
            d[last] = (d[last] + 1) % 10;
            assert!(!holds(&d), "{name} {number} with another last digit");
        }
        assert!(cnpj("12.345.678/0001-95") && !cnpj("12.345.678/0001-96"));
        assert!(cnpj("12.ABC.345/01DE-35") && !cnpj("12.ABD.345/01DE-35"));
        assert!(ssn(&digits("536-90-4399")) && !ssn(&digits("666-90-4399")) && !ssn(&digits("536-00-4399")));
        assert!(cpr(&digits("070761-4285")) && !cpr(&digits("450761-4285")));
        assert!(dowod("ABS 123456") && !dowod("ABS 123457"));
        assert!(czech_account(&digits("2000145399")) && !czech_account(&digits("2000145398")));
        assert!(ado(&digits("8071592153")) || !ado(&digits("8071592154")));
        assert!(rodne_cislo(&digits("7103192745")) && !rodne_cislo(&digits("7103192746")));
        assert!(dni("12345678Z") && dni("X1234567L") && !dni("12345678A"));
        assert!(codice_fiscale("RSSMRA85T10A562S") && !codice_fiscale("RSSMRA85T10A562T"));
        assert!(mod_97(b"DE89370400440532013000") && !mod_97(b"DE89370400440532013001") && !mod_97(b"DE"));
    }
}
