//! The duplicate key of a comment: its words in lower case, emoji and emoticons, separated by single spaces.
//!
//! Placeholders, hashtag signs, punctuation and retweet headers are dropped, so that a duplicate with another link or mention has the same key.

use super::links::{LINK, PERSON};
use super::symbols::{is_emoji, is_emoticon};

/// Returns the duplicate key of a clean text; empty when it has neither words nor emoji. Idempotent, linear in the length of the text.
pub fn bare(clean_text: &str) -> String {
    let mut bare = String::with_capacity(clean_text.len());
    for token in without_header(clean_text).split_whitespace() {
        if is_emoticon(token) {
            part(&mut bare);
            bare.extend(token.chars().flat_map(char::to_lowercase));
            continue;
        }
        let address = token.trim_matches(|c: char| c.is_ascii_punctuation() && c != '@');
        let token = match address {
            LINK => "",
            _ => token
                .find(PERSON)
                .filter(|at| !token[..*at].contains(char::is_alphanumeric))
                .map_or(token, |at| &token[at + PERSON.len()..]),
        };
        part(&mut bare);
        words(token, &mut bare);
    }
    bare.truncate(bare.trim_end().len());
    bare
}

/// The text after `RT @user:`.
fn without_header(text: &str) -> &str {
    let quoted = text
        .get(..2)
        .filter(|header| header.eq_ignore_ascii_case("rt"))
        .and_then(|_| text[2..].strip_prefix(' '))
        .and_then(|rest| rest.strip_prefix(PERSON));
    quoted.unwrap_or(text)
}

/// Appends the letters, digits and emoji of a token. An apostrophe inside a word is removed, any other sign splits words. A repeated emoji counts
/// once.
fn words(token: &str, bare: &mut String) {
    for c in token.chars() {
        if is_emoji(c) {
            if !bare.trim_end().ends_with(c) {
                part(bare);
                bare.push(c);
            }
            part(bare);
        } else if c.is_alphanumeric() {
            bare.extend(c.to_lowercase());
        } else if !matches!(c, '\'' | '’' | 'ʼ' | '\u{fe0f}' | '\u{200d}') && !is_mark(c) {
            part(bare);
        }
    }
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Ends the current word.
fn part(bare: &mut String) {
    if !bare.is_empty() && !bare.ends_with(' ') {
        bare.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::bare;
    use crate::text::clean;
    use proptest::prelude::*;

    fn of(raw: &str) -> String {
        bare(clean(raw).text())
    }

    #[test]
    fn copies_read_the_same() {
        for (one, other) in [
            ("good", "Good!"),
            ("RT @shop: Great offer https://a.example/1", "great offer"),
            ("@anna Where's my order?!", "Wheres my order"),
            ("Love it #coffee 👍👍", "love it coffee 👍"),
            ("ok...", "OK"),
            ("(see http://x.example/a)", "see http://y.example/b"),
        ] {
            assert_eq!(of(one), of(other), "{one} / {other}");
        }
    }

    #[test]
    fn what_carries_meaning_stays() {
        for (one, other) in [
            ("good", "not good"),
            ("ok :)", "ok :("),
            ("ok 👍", "ok 👎"),
            ("ok", "ok 👎"),
            ("5 days", "6 days"),
            ("c'est bon", "c'est pas bon"),
        ] {
            assert_ne!(of(one), of(other), "{one} / {other}");
        }
        assert_eq!(of("... - !!"), "");
        assert_eq!(of("@shop https://a.example"), "");
    }

    proptest! {
        #[test]
        fn baring_twice_is_baring_once(text in any::<String>()) {
            let once = of(&text);
            prop_assert_eq!(bare(&once), once);
        }
    }
}
