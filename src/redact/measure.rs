//! Precision and recall of redaction by kind and language, measured on sentences with marked personal data: `call {PHONE:600 100 200}`. A find counts
//! when it overlaps a mark of its kind; a mark counts as found only when no character of it is left. Unclosed marks and unknown kinds are errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Found, Kind, find};

/// The test set: sentences by language.
#[derive(Deserialize)]
struct Set {
    language: BTreeMap<String, Vec<String>>,
}

/// Counts of marks and finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Marks in the sentences.
    pub there: u32,
    /// Marks found completely.
    pub found: u32,
    /// Finds.
    pub finds: u32,
    /// Finds that are right.
    pub right: u32,
}

impl Figures {
    /// Share of finds that are right; 1 if there are none.
    pub fn precision(&self) -> f64 {
        if self.finds == 0 {
            1.0
        } else {
            f64::from(self.right) / f64::from(self.finds)
        }
    }

    /// Share of marks found completely; 1 if there are none.
    pub fn recall(&self) -> f64 {
        if self.there == 0 {
            1.0
        } else {
            f64::from(self.found) / f64::from(self.there)
        }
    }
}

/// Result of a measurement.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measured {
    /// Sentences read.
    pub sentences: u32,
    /// By kind of personal data.
    pub kinds: BTreeMap<Kind, Figures>,
    /// By language.
    pub languages: BTreeMap<String, Figures>,
    /// Total.
    pub all: Figures,
    /// Mistakes, one per line.
    pub mistakes: Vec<String>,
}

/// Measures redaction on a test set in TOML.
///
/// # Errors
/// When the set is not TOML or has an invalid mark.
pub fn measure(set: &str) -> Result<Measured, String> {
    let set: Set = toml::from_str(set).map_err(|error| error.to_string())?;
    let mut measured = Measured::default();
    for (language, sentences) in set.language {
        for sentence in sentences {
            let (text, marks) = marked(&sentence)?;
            let finds = find(&text);
            measured.sentences += 1;
            let right = |find: &Found| {
                marks
                    .iter()
                    .any(|m| m.kind == find.kind && super::overlap(&m.range, &find.range))
            };
            let whole = |mark: &Found| {
                text[mark.range.clone()].char_indices().all(|(at, c)| {
                    let at = mark.range.start + at;
                    !c.is_alphanumeric() || finds.iter().any(|f| f.range.contains(&at))
                }) && finds
                    .iter()
                    .any(|f| f.kind == mark.kind && super::overlap(&f.range, &mark.range))
            };
            for find in &finds {
                let ok = u32::from(right(find));
                for figures in places(&mut measured, find.kind, &language) {
                    figures.finds += 1;
                    figures.right += ok;
                }
                if ok == 0 {
                    measured.mistakes.push(format!(
                        "{language}: {:?} is no {:?}: {text}",
                        &text[find.range.clone()],
                        find.kind
                    ));
                }
            }
            for mark in &marks {
                let ok = u32::from(whole(mark));
                for figures in places(&mut measured, mark.kind, &language) {
                    figures.there += 1;
                    figures.found += ok;
                }
                if ok == 0 {
                    measured.mistakes.push(format!(
                        "{language}: {:?} was missed: {text}",
                        &text[mark.range.clone()]
                    ));
                }
            }
        }
    }
    Ok(measured)
}

/// The counts that a find or mark belongs to.
fn places<'a>(measured: &'a mut Measured, kind: Kind, language: &str) -> [&'a mut Figures; 3] {
    [
        measured.kinds.entry(kind).or_default(),
        measured.languages.entry(language.to_owned()).or_default(),
        &mut measured.all,
    ]
}

/// The sentence without its marks, and the marked ranges.
fn marked(sentence: &str) -> Result<(String, Vec<Found>), String> {
    let (mut text, mut marks, mut rest) = (String::new(), Vec::new(), sentence);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (mark, behind) = after
            .split_once('}')
            .ok_or_else(|| format!("a mark is not closed: {sentence}"))?;
        let (name, value) = mark
            .split_once(':')
            .ok_or_else(|| format!("a mark without a kind: {sentence}"))?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.placeholder().trim_matches(['[', ']']) == name)
            .ok_or_else(|| format!("no kind is called {name}: {sentence}"))?;
        let start = text.len();
        text.push_str(value);
        marks.push(Found {
            range: start..text.len(),
            kind,
        });
        rest = behind;
    }
    text.push_str(rest);
    Ok((text, marks))
}
