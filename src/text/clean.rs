//! Cleaning: removes markup, quoted mail, addresses and noise from a comment and keeps the alignment with the original ([`Clean`]).
//!
//! The stages of one pass are listed in [`STAGES`]. Removing one thing may uncover another (`&lt;b&gt;` is a tag after decoding), so passes repeat
//! until nothing changes, which makes cleaning idempotent. Text built to need more than [`PASSES`] passes loses all its punctuation and keeps its
//! words.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::draft::{Draft, Editor};
use super::symbols::{self, Content};
use super::{bbcode, characters, links, mail, markup, repair, taming};

/// Bounds the work on adversarial text. Doubly escaped HTML mail needs three passes.
const PASSES: usize = 8;

/// The stages of one pass, in order. Each gives a new draft, or nothing when it finds nothing to do.
const STAGES: [fn(&Draft) -> Option<Draft>; 9] = [
    repair::repair,
    characters::make_visible,
    characters::compose,
    markup::strip_tags,
    bbcode::strip,
    markup::decode_entities,
    mail::set_aside,
    links::replace_addresses,
    taming::tame,
];

/// A cleaned comment, aligned to the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    draft: Draft,
}

impl Clean {
    /// The clean text: NFC, words separated by one space, lines by one `\n`, no space at either end. May be empty.
    pub fn text(&self) -> &str {
        self.draft.text()
    }

    /// Maps the byte range `bytes` of [`Clean::text`] to a range of Unicode scalars of the original, so that `original[start:end]` quotes it in
    /// Python. Removed text in between is part of the quote. Ranges that are out of bounds or inside a character are moved to the nearest valid ones.
    pub fn original_span(&self, bytes: Range<usize>) -> Range<usize> {
        self.draft.original_span(bytes)
    }

    /// What the text consists of: nothing, no words, only marks such as emoji, no answer, or words.
    pub fn content(&self) -> Content {
        symbols::content(self.text())
    }
}

/// Cleans a comment. Accepts any string and is idempotent: `clean(clean(x).text()).text()` equals `clean(x).text()`. Linear in the length of the
/// text.
pub fn clean(original: &str) -> Clean {
    let mut draft = Draft::new(original);
    if !settle(&mut draft) {
        draft = words_only(&draft).unwrap_or(draft);
        settle(&mut draft);
    }
    Clean { draft: draft.indexed() }
}

/// Repeats passes until nothing changes; false if [`PASSES`] passes were not enough.
fn settle(draft: &mut Draft) -> bool {
    for _ in 0..PASSES {
        match pass(draft) {
            Some(next) => *draft = next,
            None => return true,
        }
    }
    false
}

/// Runs all stages once; returns nothing when the text did not change.
fn pass(draft: &Draft) -> Option<Draft> {
    let changed = STAGES.iter().fold(None::<Draft>, |current, stage| {
        stage(current.as_ref().unwrap_or(draft)).or(current)
    });
    changed.filter(|changed| changed.text() != draft.text())
}

/// Keeps only letters, digits and spaces, so that no stage can find markup.
fn words_only(draft: &Draft) -> Option<Draft> {
    let mut editor = Editor::new(draft);
    for (at, c) in draft.text().char_indices() {
        if !matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
        ) {
            editor.replace(at..at + c.len_utf8(), " ");
        }
    }
    editor.finish()
}

#[cfg(test)]
#[path = "clean_tests.rs"]
mod tests;
