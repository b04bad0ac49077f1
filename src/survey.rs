//! A first look at all comments of a run. Input: its source, before anything is tagged. Output: which languages they are in, as evidence for the short
//! ones, and how many were read in the wrong encoding. The source stands at its beginning again afterwards.

use std::time::Instant;

use rayon::prelude::*;

use crate::error::Result;
use crate::progress::Progress;
use crate::source::Source;
use crate::tag::Seconds;
use crate::text::{self, LanguagePrior, LanguageSample};

/// What the comments of a run have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Survey {
    /// The share of each language among them.
    pub(crate) languages: LanguagePrior,
    /// How many are repaired before they are read.
    pub(crate) misread: u64,
}

/// Looks at every comment of the source.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn survey(source: &mut Source, seconds: &mut Seconds) -> Result<Survey> {
    let mut sample = LanguageSample::default();
    let mut misread = 0;
    let locale = source.locale();
    loop {
        let started = Instant::now();
        let Some(batch) = source.next().transpose()? else { break };
        seconds.read += started.elapsed().as_secs_f64();
        let started = Instant::now();
        let looked: Vec<(String, bool)> = batch
            .texts
            .par_iter()
            .flatten()
            .map(|comment| (text::clean(comment).text().to_owned(), text::is_misread(comment)))
            .collect();
        for (clean_text, bad) in &looked {
            sample.add(clean_text);
            misread += u64::from(*bad);
        }
        seconds.text += started.elapsed().as_secs_f64();
    }
    let languages = sample.prior(locale);
    source.rewind();
    Ok(Survey { languages, misread })
}

impl Survey {
    /// Says what was decided.
    pub(crate) fn tell(&self, progress: &Progress) {
        if let Some(note) = self.note() {
            progress.note(&note);
        }
    }

    /// The languages, as the footer of a file records them.
    pub(crate) fn footer(&self) -> (String, String) {
        ("undertone.languages".to_owned(), self.languages.to_string())
    }

    /// What was decided, in a sentence.
    pub(crate) fn note(&self) -> Option<String> {
        let (comments, were) = match self.misread {
            0 => return None,
            1 => ("1 comment".to_owned(), "was"),
            n => (format!("{n} comments"), "were"),
        };
        Some(format!(
            "{comments} {were} written in one encoding and read in another before (\u{201c}Ã©\u{201d} for \u{201c}é\u{201d}): repaired for reading, the original column stays as it is"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_counts() {
        let note = |misread| {
            Survey {
                misread,
                ..Survey::default()
            }
            .note()
        };
        assert_eq!(note(0), None);
        assert!(note(1).is_some_and(|note| note.starts_with("1 comment was")));
        assert!(note(7).is_some_and(|note| note.starts_with("7 comments were")));
    }
}
