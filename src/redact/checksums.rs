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
    let product = d[..10].iter().fold(10, |product, digit| match (digit + product) % 10 {
        0 => 10 * 2 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == d[10]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_a_changed_digit_does_not() {
        type Check = fn(&[u32]) -> bool;
        let cases: [(&str, Check, &str); 13] = [
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
        ];
        for (name, holds, number) in cases {
            let mut d = digits(number);
            assert!(holds(&d), "{name} {number}");
            let last = d.len() - 1;
            d[last] = (d[last] + 1) % 10;
            assert!(!holds(&d), "{name} {number} with another last digit");
        }
        assert!(ado(&digits("8071592153")) || !ado(&digits("8071592154")));
        assert!(rodne_cislo(&digits("7103192745")) && !rodne_cislo(&digits("7103192746")));
        assert!(dni("12345678Z") && dni("X1234567L") && !dni("12345678A"));
        assert!(codice_fiscale("RSSMRA85T10A562S") && !codice_fiscale("RSSMRA85T10A562T"));
        assert!(mod_97(b"DE89370400440532013000") && !mod_97(b"DE89370400440532013001") && !mod_97(b"DE"));
    }
}
