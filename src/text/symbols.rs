//! Emoji and emoticons: recognises them among characters and tokens of clean text, and classifies the content of a comment.
//!
//! Emoticons are recognised by shape (eyes, nose, mouth) and by a short list, never inside a word.

use unicode_properties::UnicodeEmoji;

use super::links::{LINK, PERSON};
use super::marks::Marks;
use super::no_answer::is_no_answer;

/// Content of a clean comment; determines whether it can be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Nothing at all.
    Empty,
    /// Only punctuation, digits and placeholders, which carry no sentiment.
    NoWords,
    /// Emoji, emoticons or a rating such as `5/5` and no words: carries sentiment but has no language.
    EmojiOnly,
    /// All of it says that there is no answer: "n/a", "nothing", "-".
    NoAnswer,
    /// At least one word.
    Words,
}

/// Classifies the content of a clean text.
pub(super) fn content(text: &str) -> Content {
    if text.is_empty() {
        return Content::Empty;
    }
    if is_no_answer(text) {
        return Content::NoAnswer;
    }
    let mut feeling = false;
    for token in text.split_whitespace() {
        if is_emoticon(token) {
            feeling = true;
            continue;
        }
        let token = token.strip_prefix(PERSON).unwrap_or(token);
        if token.trim_matches(|c: char| c.is_ascii_punctuation()) == LINK {
            continue;
        }
        if token.chars().any(is_letter) {
            return Content::Words;
        }
        feeling |= token.chars().any(is_emoji);
    }
    if feeling || Marks::of(text).are_rating() {
        Content::EmojiOnly
    } else {
        Content::NoWords
    }
}

/// Whether a token consists of emoji or is an emoticon, apart from punctuation.
pub(super) fn is_face(token: &str) -> bool {
    is_emoticon(token) || (token.chars().any(is_emoji) && !token.chars().any(|c| is_letter(c) || c.is_numeric()))
}

/// Emoji proper, and the stars and outlined hearts used for ratings. Digits, `#`, `*`, (c) and (r) are not.
pub(super) fn is_emoji(c: char) -> bool {
    c >= '\u{203c}'
        && (matches!(c, '★' | '☆' | '♡') || c.is_emoji_char_or_emoji_component())
        && !matches!(
            c,
            '\u{200d}' | '\u{20e3}' | '\u{fe0f}' | '\u{2122}' | '\u{e0020}'..='\u{e007f}'
        )
}

/// A letter of a word; letters in boxes such as U+1F170 are emoji.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !is_emoji(c)
}

/// Emoticons that the eyes-nose-mouth rule does not cover, in lower case.
const EMOTICONS: &[&str] = &[
    "<3",
    "</3",
    "<33",
    "<333",
    "^^",
    "^_^",
    "^.^",
    "^-^",
    "-_-",
    "-.-",
    "._.",
    "o_o",
    "o.o",
    "0_0",
    "t_t",
    "t.t",
    ">_<",
    ">.<",
    "u_u",
    "q_q",
    "\\o/",
    "xd",
    "xdd",
    "uwu",
    "owo",
    "(:",
    "(-:",
    "):",
    ")-:",
    "d:",
    "(;",
    "¯\\_(ツ)_/¯",
    "(╯°□°)╯",
    "ʘ‿ʘ",
    "ಠ_ಠ",
];

/// Maximum length of an emoticon in bytes; bounds the test of long tokens.
const LONGEST: usize = 24;

/// Whether a token is an emoticon such as `:-)`, `;D`, `xD`, `<3`, or the `)))` of Slavic chats.
pub(super) fn is_emoticon(token: &str) -> bool {
    if token.len() < 2 || token.len() > LONGEST {
        return false;
    }
    let only = |bracket: char| token.chars().all(|c| c == bracket);
    only(')') || only('(') || drawn(token) || EMOTICONS.contains(&token.to_lowercase().as_str())
}

/// Eyes, optional tear and nose, then one kind of mouth, possibly repeated; `>` may stand for brows.
fn drawn(token: &str) -> bool {
    let rest = token.strip_prefix(['>', '}', '0']).unwrap_or(token);
    let Some(eyes) = rest.chars().next().filter(|c| matches!(c, ':' | ';' | '=')) else {
        return false;
    };
    let rest = rest[1..].strip_prefix(['\'', ',', '’', '`']).unwrap_or(&rest[1..]);
    let mouth = rest
        .strip_prefix(['-', '^', 'o', '~'])
        .filter(|mouth| !mouth.is_empty())
        .unwrap_or(rest);
    let Some(shape) = mouth.chars().next() else {
        return false;
    };
    let mouths = if eyes == ':' {
        ")(][}{DdPpOo|/\\@$*3SsCcXx<>зЗ"
    } else {
        ")(][DPp|/\\*"
    };
    mouths.contains(shape) && mouth.trim_matches(shape).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoticons_are_told_from_words_and_lists() {
        for face in [
            ":)", ":-(", ";D", ":'(", ":(((", "=)", ":P", "xD", "<3", ")))", "((", ">:(", ":-*", "D:", "^_^", ":<",
            ":o",
        ] {
            assert!(is_emoticon(face), "{face}");
        }
        for other in [
            ")", "()", "(a)", "8)", "XP", ":", "::", ":1", "=5", "ok:)", "a)", "1)", "--", "http", ":Domino",
        ] {
            assert!(!is_emoticon(other), "{other}");
        }
    }

    #[test]
    fn content_of_comments() {
        assert_eq!(content(""), Content::Empty);
        assert_eq!(content("!!! 10 ..."), Content::NoWords);
        assert_eq!(content("!!! 10/10 ..."), Content::EmojiOnly);
        assert_eq!(content("none"), Content::NoAnswer);
        assert_eq!(content("@user http http."), Content::NoWords);
        assert_eq!(content("👍👍"), Content::EmojiOnly);
        assert_eq!(content("★★★★★"), Content::EmojiOnly);
        assert_eq!(content("@user :D"), Content::EmojiOnly);
        assert_eq!(content("❤️ 5/5"), Content::EmojiOnly);
        assert_eq!(content("супер 👍"), Content::Words);
        assert_eq!(content("好"), Content::Words);
    }

    #[test]
    fn digits_and_signs_are_not_emoji() {
        assert!("😀❤👍🏽🇺☹☀⭐".chars().all(is_emoji));
        assert!(!"1#*©®™a!—…₴€".chars().any(is_emoji));
    }
}
