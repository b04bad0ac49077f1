//! Tokenisation: splits a text into one or more windows of token ids with byte ranges.
//!
//! A text that fits is one window, tokenised as in training. A longer one is split at unit boundaries, a unit that is too long at a word, a word that
//! is too long anywhere; every part is in exactly one window. Memory is bounded by the number of tokens, not by what the tokenizer needs for all of a
//! text at once.

use super::Card;
use crate::{Error, Result};
use std::ops::Range;
use tokenizers::Tokenizer;

/// Bytes of a long text tokenised at once. Affects only memory, unless a single word is longer.
const CHUNK: usize = 4096;
/// A text of more bytes than this per token of the window is tokenised in chunks from the start.
const BYTES_PER_TOKEN: usize = 16;

/// Input of the model for one forward pass.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Token ids, including special tokens and prefix.
    pub(super) ids: Vec<u32>,
    /// Byte range of each token, without surrounding white space, on character boundaries. Empty for special tokens, prefix and white space.
    pub(super) places: Vec<Range<usize>>,
}

impl Window {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn append(&mut self, other: &mut Self) {
        self.ids.append(&mut other.ids);
        self.places.append(&mut other.places);
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self {
            ids: self.ids.split_off(at),
            places: self.places.split_off(at),
        }
    }
}

/// The tokenizer with the model's window and prefix.
pub(super) struct Pieces {
    tokenizer: Tokenizer,
    prefix: String,
    /// Token ids before and after a text in every window.
    head: Vec<u32>,
    tail: Vec<u32>,
    window: usize,
}

impl Pieces {
    /// Reads `tokenizer.json` and checks it against the model config.
    pub(super) fn new(json: &[u8], card: &Card) -> Result<Self> {
        let refuse = |reason: String| Error::Model {
            part: "tokenizer.json".into(),
            reason,
        };
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|e| refuse(e.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| refuse(e.to_string()))?;
        let size = tokenizer.get_vocab_size(true);
        if size > card.vocabulary {
            return Err(refuse(format!("{size} pieces, the card says {}", card.vocabulary)));
        }
        let ids = |text: &str, frame| {
            tokenizer
                .encode_fast(text, frame)
                .map(|e| e.get_ids().to_vec())
                .map_err(|e| refuse(e.to_string()))
        };
        // Without its last space, which would become a separate token.
        let framed = ids(card.prefix.trim_end(), true)?;
        let bare = ids(card.prefix.trim_end(), false)?;
        let at = framed.windows(bare.len().max(1)).position(|w| w == bare).unwrap_or(1);
        let (head, tail) = framed
            .split_at_checked(at + bare.len())
            .ok_or_else(|| refuse("it puts no frame around a text".into()))?;
        if head.len() + tail.len() != bare.len() + 2 || tail.len() != 1 {
            return Err(refuse("it must put one token before and one after a text".into()));
        }
        if framed.len() + 8 > card.window {
            return Err(refuse("prefix and frame leave no room in the window".into()));
        }
        let (head, tail) = (head.to_vec(), tail.to_vec());
        Ok(Self {
            tokenizer,
            prefix: card.prefix.clone(),
            head,
            tail,
            window: card.window,
        })
    }

    /// Splits a text into windows, at least one, each at most `window` tokens long. `units` returns the byte ranges, in order, at which a long text
    /// may be split; text between two of them belongs to the first.
    pub(super) fn windows(&self, text: &str, units: impl FnOnce(&str) -> Vec<Range<usize>>) -> Result<Vec<Window>> {
        if text.len() <= self.window * BYTES_PER_TOKEN {
            let mut whole = self.tokens(&format!("{}{text}", self.prefix), true)?;
            if whole.len() <= self.window {
                whole.places.iter_mut().for_each(|place| {
                    let [start, end] = [place.start, place.end].map(|at| at.saturating_sub(self.prefix.len()));
                    *place = sound(text, start..end);
                });
                return Ok(vec![whole]);
            }
        }
        let room = self.window - self.head.len() - self.tail.len();
        let mut windows = Vec::new();
        let mut now = Window::default();
        let mut at = 0;
        for unit in chunks(text, &units(text)) {
            let begin = at + unit.len() - unit.trim_start().len();
            let mut read = self.tokens(unit.trim(), false)?;
            read.places
                .iter_mut()
                .for_each(|place| *place = sound(text, begin + place.start..begin + place.end));
            at += unit.len();
            if now.len() + read.len() > room && !now.is_empty() {
                windows.push(self.framed(std::mem::take(&mut now)));
            }
            while read.len() > room {
                let rest = read.split_off(self.last_word(&read.ids, room));
                windows.push(self.framed(read));
                read = rest;
            }
            now.append(&mut read);
        }
        if !now.is_empty() || windows.is_empty() {
            windows.push(self.framed(now));
        }
        Ok(windows)
    }

    fn framed(&self, inner: Window) -> Window {
        let frame = |ids: &[u32]| vec![0..0; ids.len()];
        Window {
            ids: [&self.head, inner.ids.as_slice(), &self.tail].concat(),
            places: [frame(&self.head), inner.places, frame(&self.tail)].concat(),
        }
    }

    /// Start of the last word that begins in the second half of the first `room` tokens; `room` if there is none.
    fn last_word(&self, ids: &[u32], room: usize) -> usize {
        let begins = |at: &usize| {
            let piece = ids.get(*at).and_then(|id| self.tokenizer.id_to_token(*id));
            piece.is_some_and(|p| p.starts_with('\u{2581}'))
        };
        (room / 2..=room).rev().find(begins).unwrap_or(room)
    }

    /// Tokens of a text, with the byte ranges of the tokenizer.
    fn tokens(&self, text: &str, frame: bool) -> Result<Window> {
        // The caller adds the text's index to the error.
        let coded = self.tokenizer.encode(text, frame).map_err(|e| Error::Pieces {
            text: 0,
            reason: e.to_string(),
        })?;
        Ok(Window {
            ids: coded.get_ids().to_vec(),
            places: coded.get_offsets().iter().map(|(start, end)| *start..*end).collect(),
        })
    }
}

/// Trims white space from a token's range and widens it to whole characters.
fn sound(text: &str, place: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(place.start);
    let end = text.ceil_char_boundary(place.end).max(start);
    let trimmed = text[start..end].trim_start();
    let start = end - trimmed.len();
    start..start + trimmed.trim_end().len()
}

/// Approximate sentences of a text: split after `.`, `!`, `?` and similar marks before white space, and at line ends.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut closed) = (0, false);
    for (at, c) in text.char_indices() {
        let ends = c == '\n' || (closed && c.is_whitespace());
        closed = matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।')
            || (closed && !c.is_alphanumeric() && !ends);
        if ends {
            found.push(start..at);
            start = at;
        }
    }
    found.push(start..text.len());
    found
}

/// Splits a text into chunks that begin where units begin, none longer than `CHUNK` bytes; together they are the text. Ranges that are out of order
/// or inside a character are moved to the next valid position.
fn chunks<'a>(text: &'a str, units: &[Range<usize>]) -> impl Iterator<Item = &'a str> {
    let mut begins: Vec<usize> = units
        .iter()
        .skip(1)
        .map(|u| text.ceil_char_boundary(u.start.min(text.len())))
        .collect();
    begins.push(text.len());
    let mut begins = begins.into_iter().peekable();
    let mut at = 0;
    std::iter::from_fn(move || {
        while begins.next_if(|next| *next <= at).is_some() {}
        let end = *begins.peek()?;
        let piece = &text[at..if end - at > CHUNK {
            at + cut(&text[at..end])
        } else {
            end
        }];
        at += piece.len();
        Some(piece)
    })
}

/// End of a chunk of a unit that is too long: before its last white space within reach, else at a character boundary.
fn cut(unit: &str) -> usize {
    let reach = unit.floor_char_boundary(CHUNK);
    let space = unit[..reach].rfind(char::is_whitespace).filter(|at| *at > 0);
    space.unwrap_or(reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_are_the_text(text in "\\PC{0,300}", starts in prop::collection::vec(0usize..400, 0..6)) {
            let units: Vec<_> = starts.iter().map(|s| *s..*s + 1).collect();
            prop_assert_eq!(chunks(&text, &units).collect::<String>(), text.clone());
            let found = sentences(&text);
            prop_assert_eq!(chunks(&text, &found).collect::<String>(), text);
        }
    }

    #[test]
    fn sentences_end_at_marks_and_lines() {
        let text = "Good. Bad?! \"No.\" v1.2\nend";
        let found: Vec<&str> = sentences(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["Good.", " Bad?!", " \"No.\"", " v1.2", "\nend"]);
    }

    #[test]
    fn every_piece_of_a_long_text_is_in_one_window() {
        let card = Card::parse(include_str!("../../models/base/card.toml")).unwrap();
        let pieces = Pieces::new(include_bytes!("../../models/base/tokenizer.json"), &card).unwrap();
        let text =
            "The parcel came late, nobody answered! Доставка була швидка, дякую. ".repeat(40) + &"long ".repeat(400);
        let windows = pieces.windows(&text, sentences).unwrap();
        assert!(windows.len() > 5 && windows.iter().all(|w| w.len() <= card.window));
        let (head, tail) = (pieces.head.as_slice(), pieces.tail.as_slice());
        let inner = |w: &Window| -> Vec<u32> {
            w.ids
                .strip_prefix(head)
                .and_then(|ids| ids.strip_suffix(tail))
                .unwrap()
                .to_vec()
        };
        let whole = pieces.tokens(text.trim(), false).unwrap();
        assert_eq!(windows.iter().flat_map(inner).collect::<Vec<_>>(), whole.ids);
        let places: Vec<_> = windows
            .iter()
            .flat_map(|w| &w.places)
            .filter(|p| !p.is_empty())
            .cloned()
            .collect();
        let wanted = whole.places.iter().map(|p| sound(&text, p.clone()));
        assert!(wanted.filter(|p| !p.is_empty()).eq(places));
        // Splits follow the caller's ranges, wherever they are.
        let odd = pieces
            .windows(&text, |_| {
                vec![5..9, 3..4, Range { start: 71, end: 2 }, 900_000..900_001]
            })
            .unwrap();
        assert!(odd.iter().all(|w| w.len() <= card.window));
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let card = Card::parse(include_str!("../../models/base/card.toml")).unwrap();
        let pieces = Pieces::new(include_bytes!("../../models/base/tokenizer.json"), &card).unwrap();
        // Ligatures, wide letters and a decomposed accent change under the tokenizer's own normalisation.
        let text = "  Їжа 👍🏽 ﬁne, ｗide cafe\u{301} ½\u{a0}no  ";
        let window = &pieces.windows(text, sentences).unwrap()[0];
        let places: Vec<_> = window.places.iter().filter(|p| !p.is_empty()).collect();
        assert!(places.is_sorted_by_key(|p| p.start));
        assert!(places.iter().all(|p| text[(*p).clone()].trim() == &text[(*p).clone()]));
        // A mark that the tokenizer composes has the range of its letter.
        for (at, c) in text
            .char_indices()
            .filter(|(_, c)| !c.is_whitespace() && *c != '\u{301}')
        {
            assert!(places.iter().any(|p| p.contains(&at)), "{c} at {at} is in no token");
        }
        assert_eq!(
            (places.first().map(|p| p.start), places.last().map(|p| p.end)),
            (Some(2), Some(text.trim_end().len()))
        );
    }

    #[test]
    fn long_words_are_cut_within_reach() {
        let word = "é".repeat(5000);
        assert!(chunks(&word, &[]).all(|c| c.len() <= CHUNK));
        assert_eq!(chunks(&word, &[]).count(), 3);
        let words = "word ".repeat(3000);
        assert!(chunks(&words, &[]).skip(1).all(|c| c.starts_with(' ')));
    }
}
