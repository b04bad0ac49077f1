//! Normalises emphasis: one space between words, one `\n` between lines, at most two repeats of a letter and three of a sign, hashtags as plain words.
//!
//! "sooooo goooood!!!!!!" and "soooo good!!!" should not look like four different words to the model. Digits are unchanged.

use std::collections::VecDeque;

use super::draft::{Draft, Editor};
use super::symbols::is_letter;

/// Maximum number of repeats of a letter: "soo" is a word the model knows, "sooooo" is not.
const LETTERS: usize = 2;
/// Maximum number of repeats of a sign: the length of an ellipsis.
const SIGNS: usize = 3;

/// How often a star may: one to five are different ratings.
const STARS: usize = 5;

/// Brings repetitions and white space to measure.
pub(super) fn tame(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    let mut editor = Editor::new(draft);
    let mut before: Option<(char, char)> = None;
    let mut repeated = 0;
    let mut characters = text.char_indices().peekable();
    // Places where a hashtag's words part.
    let mut parts: VecDeque<usize> = VecDeque::new();
    while let Some((at, c)) = characters.next() {
        let mut end = at + c.len_utf8();
        if c.is_whitespace() {
            let mut line_break = c == '\n';
            while let Some((next, space)) = characters.next_if(|(_, c)| c.is_whitespace()) {
                line_break |= space == '\n';
                end = next + space.len_utf8();
            }
            let edge = at == 0 || end == text.len();
            editor.replace(
                at..end,
                if edge {
                    ""
                } else if line_break {
                    "\n"
                } else {
                    " "
                },
            );
            before = None;
            continue;
        }
        let folded = fold(c);
        repeated = if before.map(|(_, folded)| folded) == Some(folded) {
            repeated + 1
        } else {
            1
        };
        let after = characters.peek().map(|&(_, next)| next);
        let hashtag = c == '#' && after.is_some_and(is_letter) && !before.is_some_and(|(c, _)| c.is_alphanumeric());
        if hashtag {
            parts = hashtag_parts(text, end).into();
        }
        if hashtag || repeated > allowed(c) {
            editor.drop(at..end);
        } else if parts.front() == Some(&at) {
            parts.pop_front();
            if c == '_' {
                editor.replace(at..end, " ");
            } else {
                editor.replace(at..end, &format!(" {c}"));
            }
        }
        before = Some((c, folded));
    }
    editor.finish()
}

/// Where the words of the hashtag that begins at `from` part: at underscores, and at capitals of `#NeverComingBack` where the words are long or many
/// enough not to be a brand such as YouTube.
fn hashtag_parts(text: &str, from: usize) -> Vec<usize> {
    let rest = &text[from..];
    let tag = &rest[..rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len())];
    let (mut parts, mut capitals) = (Vec::new(), Vec::new());
    let mut before = ' ';
    for (at, c) in tag.char_indices() {
        let inside = at > 0 && at + c.len_utf8() < tag.len();
        if c == '_' && inside && before != '_' {
            parts.push(from + at);
        } else if c.is_uppercase() && before.is_lowercase() {
            capitals.push(from + at);
        }
        before = c;
    }
    let edges: Vec<usize> = std::iter::once(from)
        .chain(capitals.iter().copied())
        .chain([from + tag.len()])
        .collect();
    let long = edges
        .windows(2)
        .all(|edge| text[edge[0]..edge[1]].chars().count() >= WORD);
    if capitals.len() > 1 || long {
        parts.extend(capitals);
    }
    parts.sort_unstable();
    parts
}

/// Letters of both words of a hashtag of two.
const WORD: usize = 4;

/// The character as it is compared with its neighbour: without case.
fn fold(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_lowercase()
    } else {
        c.to_lowercase().next().unwrap_or(c)
    }
}

fn allowed(c: char) -> usize {
    match c {
        // Pairs of regional indicators are flags, in which a letter may be repeated.
        '\u{1f1e6}'..='\u{1f1ff}' => usize::MAX,
        c if is_letter(c) => LETTERS,
        c if c.is_numeric() => usize::MAX,
        // As many as a rating has.
        '★' | '☆' | '⭐' => STARS,
        _ => SIGNS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tamed(text: &str) -> String {
        tame(&Draft::new(text)).map_or(text.to_owned(), |draft| draft.text().to_owned())
    }

    #[test]
    fn shouting_is_brought_to_measure() {
        assert_eq!(tamed("sooooo goooOOod!!!!!!"), "soo good!!!");
        assert_eq!(tamed("дуууже  \t добре.........\n\n\n так "), "дууже добре...\nтак");
        assert_eq!(tamed(":)))))) ????? 👍👍👍👍👍"), ":))) ??? 👍👍👍");
    }

    #[test]
    fn numbers_flags_and_doubles_stay() {
        for text in ["1000000 грн", "🇦🇦🇦🇦", "class", "all good", "...", "C# #1"] {
            assert_eq!(tamed(text), text);
        }
    }

    #[test]
    fn hashtags_keep_their_word() {
        assert_eq!(tamed("#НоваПошта (#fail) a#b"), "Нова Пошта (fail) a#b");
        assert_eq!(
            tamed("#NeverComingBack #never_again_ever!"),
            "Never Coming Back never again ever!"
        );
        assert_eq!(
            tamed("#YouTube #_x_ #B2B #iPhone NeverAgain snake_case"),
            "YouTube #_x_ B2B iPhone NeverAgain snake_case"
        );
    }
}
