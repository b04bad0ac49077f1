//! Folds text for phrase search: lower case, Latin letters without accents, words between single spaces.
//!
//! Customers often drop case and accents. Cyrillic letters stay distinct except ё/е and ґ/г, which are written for one another. A text without words
//! folds to one space.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Returns the words of a text in lower case without Latin accents, with one space before, between and after them: `Żle, colis!` becomes `" zle colis
/// "`.
///
/// An apostrophe inside a Cyrillic word is removed (`зв'язок`), since there are three characters for it; elsewhere it splits words, as hyphens do.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    folded.push(' ');
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ё' => folded.push('е'),
            'ґ' => folded.push('г'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            '\'' | '’' | 'ʼ' | '`' | '´' if folded.chars().next_back().is_some_and(is_cyrillic) => {}
            _ if is_combining_mark(c) => {}
            _ if c.is_alphanumeric() => folded.push(latin_base(c)),
            _ if !folded.ends_with(' ') => folded.push(' '),
            _ => {}
        }
    }
    if !folded.ends_with(' ') {
        folded.push(' ');
    }
    folded
}

/// The base letter without accents, if it is one of a to z.
fn latin_base(c: char) -> char {
    let mut base = None;
    decompose_canonical(c, |part| base = base.or(Some(part)));
    base.filter(char::is_ascii_alphabetic).unwrap_or(c)
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}

#[cfg(test)]
mod tests {
    use super::fold;
    use proptest::prelude::*;

    #[test]
    fn case_accents_and_signs_do_not_matter() {
        for (one, other) in [
            ("Żle, COLIS!", "zle colis"),
            ("Straße", "STRASSE"),
            ("зв’язок", "Зв'язок"),
            ("Ещё", "еще"),
            ("call-centre", "Call Centre"),
            ("l’application", "L'APPLICATION"),
            ("e\u{301}te\u{301}", "été"),
            ("Łódź", "lodz"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_eq!(fold("Żle,  COLIS!"), " zle colis ");
        assert_eq!(fold(" …! "), " ");
    }

    #[test]
    fn letters_that_make_words_stay_apart() {
        for (one, other) in [("мої", "мои"), ("той", "тои"), ("кит", "кіт")] {
            assert_ne!(fold(one), fold(other));
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
            prop_assert!(once.starts_with(' ') && once.ends_with(' ') && !once.contains("  "));
        }
    }
}
