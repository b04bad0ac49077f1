//! What of a run may say who a person is? Input: batches as they are read, rows as they are tagged, sentences for the log. Output: the
//! same without personal data when the user asked for it, untouched otherwise. Comments are redacted before anything else reads them,
//! so clean text, opinions, themes, exemplars and the summary never see it; places of opinions lead back into the original comment.
//! Original columns stay as they are: [`Privacy::kept`] leaves the comment's own columns out.

use std::borrow::Cow;

use polars::prelude::{DataFrame, Schema};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::{Kind, Redacted, find, redact};
use crate::source::Batch;
use crate::tag::TaggedRow;
use crate::text;
use crate::theme::Themes;

/// What the user asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Privacy {
    /// Personal data gives way to typed placeholders.
    pub redact: bool,
    /// The comment's columns are left out of the output.
    pub drop_original: bool,
}

impl Privacy {
    /// The original columns that go into the output.
    pub fn kept(&self, columns: &Schema, text: &[String]) -> Schema {
        let dropped = |name: &str| self.drop_original && text.iter().any(|column| column == name);
        let kept = columns.iter().filter(|(name, _)| !dropped(name));
        kept.map(|(name, dtype)| (name.clone(), dtype.clone())).collect()
    }

    /// A table without the comment's columns, if they are to be left out.
    pub fn without(&self, frame: DataFrame, text: &[String]) -> DataFrame {
        if self.drop_original {
            frame.drop_many(text.iter().map(String::as_str))
        } else {
            frame
        }
    }

    /// A sentence for the log.
    pub fn told<'a>(&self, sentence: &'a str) -> Cow<'a, str> {
        if self.redact {
            redact(sentence)
        } else {
            Cow::Borrowed(sentence)
        }
    }

    /// Redacts the bytes of a batch's rejects and the first of the values that were not understood.
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

    /// The comments as the other rooms may read them, and what [`Privacy::place`] needs to find their places again.
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

    /// Ids that hold an e-mail address become 16 hexadecimal digits hashed from it, the same every night.
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

    /// The same themes without personal data in what people read of them. Of texts that were not redacted when the themes were found, a label may
    /// hold a word or two of an address, which nothing gives away any more: [`update`](crate::theme::update) makes labels anew.
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

    /// Leads the places of opinions back into the original comments.
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

/// A comment without its personal data. One in which only cleaning brings some to light (an address behind an entity, say) is cleaned first; opinions of
/// such a comment have the whole of it for their place.
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
