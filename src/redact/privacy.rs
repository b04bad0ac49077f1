//! Redaction of everything a run reads and writes: batches, tagged rows, log messages; a no-op unless requested.
//!
//! Comments are redacted before anything else reads them, so clean text, opinions, themes, exemplars and the summary never contain personal data;
//! offsets of opinions are mapped back to the original comment. Original columns stay as they are: [`Privacy::kept`] leaves the comment's own columns
//! out.

use std::borrow::Cow;

use polars::prelude::{DataFrame, Schema};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::{Kind, Redacted, find, redact};
use crate::source::Batch;
use crate::tag::TaggedRow;
use crate::text;
use crate::theme::Themes;

/// Privacy options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Privacy {
    /// Replace personal data with typed placeholders.
    pub redact: bool,
    /// Leave the comment's columns out of the output.
    pub drop_original: bool,
}

impl Privacy {
    /// The original columns that go into the output.
    pub fn kept(&self, columns: &Schema, text: &[String]) -> Schema {
        let dropped = |name: &str| self.drop_original && text.iter().any(|column| column == name);
        let kept = columns.iter().filter(|(name, _)| !dropped(name));
        kept.map(|(name, dtype)| (name.clone(), dtype.clone())).collect()
    }

    /// Removes the comment's columns from a table, if requested.
    pub fn without(&self, frame: DataFrame, text: &[String]) -> DataFrame {
        if self.drop_original {
            frame.drop_many(text.iter().map(String::as_str))
        } else {
            frame
        }
    }

    /// Redacts a log message.
    pub fn told<'a>(&self, sentence: &'a str) -> Cow<'a, str> {
        if self.redact {
            redact(sentence)
        } else {
            Cow::Borrowed(sentence)
        }
    }

    /// Redacts the bytes of a batch's rejects and the sample values that were not understood.
    pub fn hide(&self, batch: &mut Batch) {
        if !self.redact {
            return;
        }
        for reject in &mut batch.rejects {
            reject.raw = redact(&reject.raw).into_owned();
        }
        let unread = &mut batch.mapped.unread;
        for value in [&mut unread.first_time, &mut unread.first_rating].into_iter().flatten() {
            *value = redact(value).into_owned();
        }
    }

    /// The redacted comments, and what [`Privacy::place`] needs to restore offsets.
    pub fn texts<'a>(&self, texts: &'a [Option<String>]) -> (Cow<'a, [Option<String>]>, Vec<Redacted>) {
        if !self.redact {
            return (Cow::Borrowed(texts), Vec::new());
        }
        let hidden: Vec<Redacted> = texts
            .par_iter()
            .map(|text| hidden(text.as_deref().unwrap_or_default()))
            .collect();
        let told = texts
            .iter()
            .zip(&hidden)
            .map(|(text, hidden)| text.as_ref().map(|_| hidden.text.clone()));
        (Cow::Owned(told.collect()), hidden)
    }

    /// Replaces ids that hold an e-mail address with 16 hexadecimal digits hashed from it, the same in every run.
    pub fn ids(&self, ids: Vec<String>) -> Vec<String> {
        let personal = |id: &str| find(id).iter().any(|found| found.kind == Kind::Email);
        ids.into_iter()
            .map(|id| {
                if self.redact && personal(&id) {
                    format!("{:016x}", xxh3_64(id.as_bytes()))
                } else {
                    id
                }
            })
            .collect()
    }

    /// Redacts the readable parts of themes. For themes found in texts that were not redacted, a label may still hold a word or two of an address,
    /// which cannot be recognised any more: [`update`](crate::theme::update) makes new labels.
    pub fn themes(&self, mut themes: Themes) -> Themes {
        if !self.redact {
            return themes;
        }
        let hide = |text: &mut String| {
            if let Cow::Owned(told) = redact(text) {
                *text = told;
            }
        };
        for theme in &mut themes.themes {
            hide(&mut theme.label);
            theme.name.iter_mut().for_each(hide);
            theme.phrases.values_mut().flatten().for_each(hide);
            theme.exemplars.iter_mut().for_each(|exemplar| hide(&mut exemplar.text));
        }
        for group in &mut themes.groups {
            hide(&mut group.label);
            group.name.iter_mut().for_each(hide);
        }
        themes
    }

    /// Maps the offsets of opinions back to the original comments.
    pub fn place(&self, hidden: &[Redacted], rows: &mut [TaggedRow]) {
        for (hidden, row) in hidden.iter().zip(rows) {
            if let Cow::Owned(text) = redact(&row.clean_text) {
                row.clean_text = text;
            }
            for quote in &mut row.quotes {
                let place = hidden.original_span(quote.start..quote.end);
                (quote.start, quote.end) = (place.start, place.end);
                if let Cow::Owned(text) = redact(&quote.text) {
                    quote.text = text;
                }
            }
        }
    }
}

/// Redacts a comment. If cleaning reveals more personal data (such as an address behind an entity), the comment is cleaned first, and its opinions
/// have the whole comment as their range.
fn hidden(original: &str) -> Redacted {
    let hidden = Redacted::of(original);
    match redact(text::clean(&hidden.text).text()) {
        Cow::Borrowed(_) => hidden,
        Cow::Owned(text) => Redacted::whole(text, original),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_cleaning_brings_to_light_is_redacted_too() {
        for (text, want) in [
            ("call 600&nbsp;100 <b>200</b> now", "call [PHONE] now"),
            ("card 4111 1111 &#49;111 1111", "card [CARD]"),
            ("mail anna.k&#64;example.org now", "mail [EMAIL] now"),
        ] {
            let hidden = hidden(text);
            assert_eq!(hidden.text, want);
            let all = hidden.original_span(0..hidden.text.chars().count());
            assert_eq!(all, 0..text.chars().count());
        }
        assert_eq!(hidden("late <b>again</b>").text, "late <b>again</b>");
    }
}
