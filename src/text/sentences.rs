//! Sentence segmentation of clean text: byte ranges without surrounding white space, in order, that together cover all other text.
//!
//! Based on Unicode sentence boundaries (UAX 29), adapted to comments: a line break always ends a sentence, emoji and emoticons belong to the
//! sentence before them and end it, "good.But" and "all good. thanks" have a boundary, "Dr. Novák" and "1. Fast" have none. `unicode-segmentation`
//! 1.13 needs quadratic time for ".()()()..."; this code is linear.

use std::ops::Range;

use super::symbols::{is_emoji, is_emoticon, is_face, is_letter};

/// Abbreviations that are followed by names or numbers, in lower case and without their last dot, in many languages.
const ABBREVIATIONS: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "st",
    "vs",
    "e.g",
    "i.e",
    "approx",
    "hr",
    "fr",
    "nr",
    "tel",
    "z.b",
    "d.h",
    "u.a",
    "bzw",
    "ca",
    "inkl",
    "sr",
    "sra",
    "srta",
    "dra",
    "av",
    "avda",
    "p.ej",
    "p.ex",
    "mme",
    "mlle",
    "sig",
    "dott",
    "dhr",
    "mevr",
    "bijv",
    "mgr",
    "ing",
    "inż",
    "np",
    "m.in",
    "tzn",
    "tj",
    "ul",
    "al",
    "např",
    "tzv",
    "č",
    "npr",
    "p",
    "t.ex",
    "bl.a",
    "f.eks",
    "sn",
    "örn",
    "pl",
    "ул",
    "вул",
    "просп",
    "им",
    "ім",
    "т.е",
    "т.к",
    "тобто",
    "напр",
    "тел",
];
/// Longest word before a dot that is looked up, in characters.
const LONGEST_ABBREVIATION: usize = 6;
/// A word with this many letters before a dot ends a sentence even where the next word starts in lower case; shorter ones are mostly unlisted
/// abbreviations.
const FULL_WORD: usize = 5;
/// Maximum distance of the next word from a dot, in characters.
const NEXT_WORD: usize = 8;

/// The sentences of a clean text.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut from = 0;
        for cut in cuts(line).into_iter().chain([line.len()]) {
            found.extend(trimmed(text, start + from..start + cut));
            from = cut;
        }
        start += line.len();
    }
    join_wordless(text, found)
}

/// Trims white space from a range; nothing if the range holds only white space.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let piece = &text[range.clone()];
    let start = range.start + piece.len() - piece.trim_start().len();
    let end = start + piece.trim().len();
    (start < end).then_some(start..end)
}

/// Positions in a line where new sentences begin.
fn cuts(line: &str) -> Vec<usize> {
    let mut cuts = stops(line);
    let tokens = tokens(line);
    let ends_feeling = |token: &str| is_face(token) || token.ends_with(is_emoji) || token.ends_with("))");
    let capital = |token: &str| token.starts_with(char::is_uppercase);
    let starts = tokens
        .windows(2)
        .filter(|pair| ends_feeling(&line[pair[0].clone()]) && capital(&line[pair[1].clone()]));
    cuts.extend(starts.map(|pair| pair[1].start));
    cuts.sort_unstable();
    behind_faces(line, &tokens, cuts)
}

/// Moves each boundary behind the emoji and emoticons that follow it, because they belong to the sentence before.
fn behind_faces(line: &str, tokens: &[Range<usize>], cuts: Vec<usize>) -> Vec<usize> {
    let mut moved: Vec<usize> = Vec::new();
    let mut next = 0;
    for cut in cuts {
        if moved.last().is_some_and(|&last| cut <= last) {
            continue;
        }
        while tokens.get(next).is_some_and(|token| token.start < cut) {
            next += 1;
        }
        let mut place = cut;
        while tokens.get(next).is_some_and(|token| is_face(&line[token.clone()])) {
            next += 1;
            place = tokens.get(next).map_or(line.len(), |token| token.start);
        }
        moved.push(place);
    }
    moved
}

fn tokens(line: &str) -> Vec<Range<usize>> {
    let place = |token: &str| token.as_ptr() as usize - line.as_ptr() as usize;
    line.split_whitespace()
        .map(|token| place(token)..place(token) + token.len())
        .collect()
}

/// Positions after sentence-ending punctuation, including closing brackets and quotes.
fn stops(line: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut characters = line.char_indices().peekable();
    while let Some((at, first)) = characters.next() {
        if !is_stop(first) {
            continue;
        }
        let (mut end, mut strong, mut closed) = (at + first.len_utf8(), is_strong(first), false);
        while let Some((place, c)) = characters.next_if(|&(_, c)| is_stop(c) || is_closing(c)) {
            end = place + c.len_utf8();
            strong |= is_strong(c);
            closed |= is_closing(c);
        }
        let (before, after) = (&line[..at], &line[end..]);
        let wide = matches!(first, '。' | '！' | '？');
        if wide
            || if strong {
                ends_loudly(after, closed)
            } else {
                ends_quietly(before, after, end - at == 1)
            }
        {
            ends.push(end);
        }
    }
    ends
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '…') || is_strong(c)
}

fn is_strong(c: char) -> bool {
    matches!(c, '!' | '?' | '。' | '！' | '？' | '؟' | '।' | '‼' | '⁉')
}

fn is_closing(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '"' | '\'' | '’' | '”' | '»' | '›')
}

/// Decides after "!" or "?": the sentence ends before a space or letter, unless it was quoted and the outer sentence continues.
fn ends_loudly(after: &str, closed: bool) -> bool {
    let goes_on = closed && after.trim_start().starts_with(char::is_lowercase);
    after.starts_with(|c: char| c.is_whitespace() || c.is_alphabetic()) && !goes_on
}

/// Decides after "." or "...": the sentence ends unless the next word is in lower case or the last one is an abbreviation.
fn ends_quietly(before: &str, after: &str, single: bool) -> bool {
    if !after.starts_with(char::is_whitespace) {
        return single && joined_by_mistake(before, after);
    }
    let last: Vec<char> = before
        .chars()
        .rev()
        .take(LONGEST_ABBREVIATION + 1)
        .take_while(|c| !c.is_whitespace() && *c != '(')
        .collect();
    match after.chars().take(NEXT_WORD).find(|c| c.is_alphanumeric()) {
        Some(next) if next.is_lowercase() => {
            single
                && last.iter().take_while(|c| c.is_alphabetic()).count() >= FULL_WORD
                && !is_abbreviated(before, &last)
        }
        _ => !(single && is_abbreviated(before, &last)),
    }
}

/// Whether the last word is an abbreviation, an initial or a list number; `reversed` is the last word of `before` from its end.
fn is_abbreviated(before: &str, reversed: &[char]) -> bool {
    if reversed.is_empty() || reversed.len() > LONGEST_ABBREVIATION {
        return false;
    }
    let numbered = reversed.iter().all(char::is_ascii_digit) && before.trim_start().len() == reversed.len();
    let initial = reversed.len() == 1 && reversed[0].is_uppercase();
    let word: String = reversed.iter().rev().flat_map(|c| c.to_lowercase()).collect();
    numbered || initial || ABBREVIATIONS.contains(&word.as_str())
}

/// "service.Never": a dot without a space between a lower-case letter and a capitalised word.
fn joined_by_mistake(before: &str, after: &str) -> bool {
    let small = before.chars().rev().take(2).filter(|c| c.is_lowercase()).count() == 2;
    let mut after = after.chars();
    small && after.next().is_some_and(char::is_uppercase) && after.next().is_some_and(char::is_lowercase)
}

/// Joins ranges of punctuation alone to the sentence before them, or to the first one after.
fn join_wordless(text: &str, found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let says = |piece: &str| {
        piece.chars().any(|c| is_letter(c) || c.is_numeric() || is_emoji(c))
            || piece.split_whitespace().any(is_emoticon)
    };
    let mut joined: Vec<Range<usize>> = Vec::new();
    let mut waiting = None;
    for piece in found {
        if says(&text[piece.clone()]) {
            joined.push(waiting.take().unwrap_or(piece.start)..piece.end);
        } else if let Some(last) = joined.last_mut() {
            last.end = piece.end;
        } else {
            waiting = waiting.or(Some(piece.start));
        }
    }
    // A text of punctuation alone is one unit.
    joined.extend(waiting.and_then(|start| trimmed(text, start..text.len())));
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_of_comments() {
        for (text, expected) in [
            ("Все добре. Дякую!", vec!["Все добре.", "Дякую!"]),
            (
                "Great! 😍😍 But late :( Never again",
                vec!["Great! 😍😍", "But late :(", "Never again"],
            ),
            ("Все супер))) Дякую магазину", vec!["Все супер)))", "Дякую магазину"]),
            ("Poor service.Never again", vec!["Poor service.", "Never again"]),
            (
                "Dr. Nowak i p. J. Kowal pomogli. Polecam",
                vec!["Dr. Nowak i p. J. Kowal pomogli.", "Polecam"],
            ),
            ("1. Schnell\n2. Billig", vec!["1. Schnell", "2. Billig"]),
            ("Ну... не знаю. Может быть…", vec!["Ну... не знаю.", "Может быть…"]),
            ("Custou 3.50 euros. Caro!!!", vec!["Custou 3.50 euros.", "Caro!!!"]),
            ("¿Por qué? ¡Mal!", vec!["¿Por qué?", "¡Mal!"]),
            ("!!! Jó volt !!!", vec!["!!! Jó volt !!!"]),
            ("好吃。很贵！", vec!["好吃。", "很贵！"]),
            ("все супер. дякую за доставку", vec!["все супер.", "дякую за доставку"]),
            ("ок. 5 грн. за шт. і все", vec!["ок.", "5 грн. за шт. і все"]),
            ("He said \"never!\" and left", vec!["He said \"never!\" and left"]),
            (
                "Спасибо!Всё супер!!! приду еще",
                vec!["Спасибо!", "Всё супер!!!", "приду еще"],
            ),
            ("no stop at line\nend", vec!["no stop at line", "end"]),
            ("...", vec!["..."]),
            ("😀", vec!["😀"]),
            ("", vec![]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
