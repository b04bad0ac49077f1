//! Character normalisation: Unicode NFC, plain line breaks, no control characters, soft hyphens or invisible marks.
//!
//! Joiners, variation selectors and flag tags stay inside emoji, because they are part of the emoji. Windows-1252 characters that were decoded as
//! Latin-1 (U+0080..U+009F) are restored to the quotes and dashes they stand for.

use encoding_rs::WINDOWS_1252;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::draft::{Draft, Editor};
use super::symbols::is_emoji;

/// Removes invisible characters and converts line breaks to `\n`.
pub(super) fn make_visible(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if text.is_ascii()
        && !text
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\n' && byte != b'\t')
    {
        return None;
    }
    let mut editor = Editor::new(draft);
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let after = characters.peek().map(|&(_, next)| next);
        let bytes = at..at + c.len_utf8();
        match c {
            '\n' | '\t' => {}
            '\r' if after == Some('\n') => editor.drop(bytes.clone()),
            '\r' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => editor.replace(bytes.clone(), "\n"),
            '\u{80}'..='\u{9f}' => {
                let meant = Some(as_windows_1252(c)).filter(|meant| !meant.is_control());
                editor.replace(bytes.clone(), &meant.map(String::from).unwrap_or_default());
            }
            c if c.is_control() => editor.drop(bytes.clone()),
            c if is_invisible(c) && !holds_emoji(before, c, after) => {
                editor.drop(bytes.clone());
                continue;
            }
            _ => {}
        }
        before = Some(c);
    }
    editor.finish()
}

/// Applies Unicode NFC grapheme by grapheme, so that every grapheme keeps its own position in the original.
pub(super) fn compose(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return None;
    }
    let mut editor = Editor::new(draft);
    let mut composed = String::new();
    for (at, grapheme) in text.grapheme_indices(true) {
        if is_nfc_quick(grapheme.chars()) != IsNormalized::Yes {
            composed.clear();
            composed.extend(grapheme.nfc());
            editor.replace(at..at + grapheme.len(), &composed);
        }
    }
    editor.finish()
}

/// Maps a C1 control to the Windows-1252 character of the same byte; HTML reads `&#128;`..`&#159;` the same way.
pub(super) fn as_windows_1252(c: char) -> char {
    let byte = [u32::from(c) as u8];
    let control = matches!(c, '\u{80}'..='\u{9f}');
    let meant = control
        .then(|| WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next())
        .flatten();
    meant.unwrap_or(c)
}

/// Default_Ignorable_Code_Point of Unicode 17 plus interlinear marks and the object placeholder.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether an invisible character is part of the emoji around it.
fn holds_emoji(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match c {
        // A digit becomes an emoji only as a keycap: 1, variation selector, U+20E3.
        '\u{fe0e}' | '\u{fe0f}' => is_emoji(before) || (before.is_ascii() && after == Some('\u{20e3}')),
        '\u{200c}' | '\u{200d}' => (is_emoji(before) || before == '\u{fe0f}') && after.is_some_and(is_emoji),
        '\u{e0020}'..='\u{e007f}' => before == '\u{1f3f4}' || matches!(before, '\u{e0020}'..='\u{e007e}'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> String {
        make_visible(&Draft::new(text)).map_or(text.to_owned(), |draft| draft.text().to_owned())
    }

    #[test]
    fn emoji_stay_whole_and_invisible_marks_go() {
        for whole in ["👩‍👩‍👧‍👦", "❤️", "👍🏽", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇺🇦", "🏳️‍🌈"]
        {
            assert_eq!(visible(whole), whole);
        }
        assert_eq!(visible("дуже\u{200b} до\u{ad}бре\u{feff}"), "дуже добре");
        assert_eq!(visible("a\u{200d}b\u{fe0f}\u{202e}c\0"), "abc");
    }

    #[test]
    fn line_breaks_and_misread_quotes() {
        assert_eq!(visible("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
        assert_eq!(visible("don\u{92}t \u{93}go\u{94} \u{81}"), "don’t “go” ");
    }

    #[test]
    fn composed_grapheme_by_grapheme() {
        let draft = compose(&Draft::new("e\u{301} a\u{30a}x и\u{306}")).unwrap();
        assert_eq!(draft.text(), "é åx й");
        assert_eq!(draft.original_span(3..5), 3..5);
        assert_eq!(draft.original_span(5..6), 5..6);
    }
}
