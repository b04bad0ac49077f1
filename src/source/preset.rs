//! Presets of vendors' export formats, from data/presets.toml. A preset is recognised by its fingerprint (`columns`); of several matches, the longest
//! wins. Tables without a preset are read by their values.
//!
//! A preset maps a comment's text, id, time, rating, channel, author and reach, and describes the format's traps: `header_rows` more header rows,
//! recognised by a cell that contains `header_mark` or by an empty `header_empty`; quotes that are text; `questions` for surveys, whose comments are
//! in the columns beside their `own`.

use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::moment::DateOrder;
use super::rating::Scale;
use crate::error::{Error, Result};

/// One vendor's export format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Value of `--preset`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// The fingerprint: a table with all of these columns has this format.
    pub columns: Vec<Names>,
    /// Columns of the comment, joined with a blank line.
    #[serde(default)]
    pub text: Vec<Names>,
    /// The comments are answers to survey questions: the columns beside `own` that look like comments.
    #[serde(default)]
    pub questions: bool,
    /// Columns of a survey that are not questions.
    #[serde(default)]
    pub own: Vec<Names>,
    /// The row's id.
    pub id: Option<Names>,
    /// Time of the comment; the time of day may be in a second column.
    #[serde(default)]
    pub time: Vec<Names>,
    /// Order of day and month, where the format defines it.
    pub order: Option<DateOrder>,
    /// The customer's rating.
    pub rating: Option<Names>,
    /// Scale of the rating.
    pub scale: Option<Scale>,
    /// Channel of the comment.
    pub channel: Option<Names>,
    /// The way all comments of this format come in.
    pub channel_is: Option<String>,
    /// The language of nearly all its comments, ISO 639-1, where the export is of one country.
    pub language: Option<String>,
    /// Who wrote it.
    pub author: Option<Names>,
    /// Reach: number of people who saw it.
    pub reach: Option<Names>,
    /// Header rows under the first one.
    #[serde(default)]
    pub header_rows: usize,
    /// Text contained in a cell of the last of them.
    pub header_mark: Option<String>,
    /// Column that is empty in the last of them.
    pub header_empty: Option<Names>,
    /// Whether a quote encloses a field or is an ordinary character.
    #[serde(default)]
    pub quotes: Quotes,
}

/// Meaning of a quote in a delimited file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quotes {
    /// It encloses a field.
    #[default]
    Enclose,
    /// It is a character of the field.
    Text,
}

/// Possible names of a column, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Names(Vec<String>);

impl From<String> for Names {
    fn from(text: String) -> Self {
        Self(text.split(" | ").map(folded).collect())
    }
}

impl From<Names> for String {
    fn from(names: Names) -> Self {
        names.0.join(" | ")
    }
}

impl Display for Names {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" | "))
    }
}

impl Names {
    /// The first of `columns` with one of these names; earlier names take precedence.
    pub(super) fn among<'a>(&self, columns: &[&'a str]) -> Option<&'a str> {
        self.0
            .iter()
            .find_map(|name| columns.iter().copied().find(|column| folded(column) == *name))
    }
}

/// Folds a name: ignores case, outer white space and a byte order mark.
fn folded(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
        .to_lowercase()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Preset>,
}

/// The embedded table; a test checks that it parses.
static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("../../data/presets.toml")).map_or_else(|_| Vec::new(), |file| file.preset)
});

/// All presets, in the order of the table.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// Selection of a preset.
#[derive(Debug, Clone, Copy, Default)]
pub enum Choice {
    /// Recognised by the columns, if any.
    #[default]
    Find,
    /// No preset.
    None,
    /// This one.
    Forced(&'static Preset),
}

impl Serialize for Choice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Find => serializer.serialize_none(),
            Self::None => serializer.serialize_str("none"),
            Self::Forced(preset) => serializer.serialize_str(&preset.name),
        }
    }
}

impl Choice {
    /// Parses the value of `--preset`.
    ///
    /// # Errors
    /// [`Error::UnknownPreset`] with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        let wanted = folded(name);
        if wanted == "none" {
            return Ok(Self::None);
        }
        if let Some(preset) = presets().iter().find(|preset| preset.name == wanted) {
            return Ok(Self::Forced(preset));
        }
        let nearest = presets()
            .iter()
            .map(|preset| (strsim::jaro_winkler(&wanted, &preset.name), preset.name.as_str()))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness >= 0.75);
        Err(Error::UnknownPreset {
            name: name.to_owned(),
            hint: nearest.map_or_else(
                || "`undertone presets` lists them".to_owned(),
                |(_, name)| format!("did you mean {name}?"),
            ),
        })
    }

    /// The preset for a table with these columns.
    pub(super) fn of(self, columns: &[&str]) -> Option<&'static Preset> {
        match self {
            Self::None => None,
            Self::Forced(preset) => Some(preset),
            Self::Find => recognised(columns),
        }
    }
}

/// The preset with the longest complete fingerprint; the first on a tie.
fn recognised(columns: &[&str]) -> Option<&'static Preset> {
    let fits = |preset: &&Preset| preset.columns.iter().all(|names| names.among(columns).is_some());
    presets()
        .iter()
        .filter(fits)
        .rev()
        .max_by_key(|preset| preset.columns.len())
}

impl Preset {
    /// Whether these column names contain the fingerprint.
    pub(super) fn names_all(&self, columns: &[String]) -> bool {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        self.columns.iter().all(|names| names.among(&columns).is_some())
    }

    /// Number of `rows`, directly below the header row, that are header rows too; zero unless the last of them matches the format.
    pub(super) fn more_headers<R: AsRef<[String]>>(&self, header: &[String], rows: &[R]) -> usize {
        let Some(last) = self
            .header_rows
            .checked_sub(1)
            .and_then(|at| rows.get(at))
            .map(AsRef::as_ref)
        else {
            return 0;
        };
        let marked = self
            .header_mark
            .as_ref()
            .is_some_and(|mark| last.iter().any(|cell| cell.contains(mark.as_str())));
        let names: Vec<&str> = header.iter().map(String::as_str).collect();
        let empty = self
            .header_empty
            .as_ref()
            .and_then(|column| column.among(&names))
            .and_then(|column| names.iter().position(|name| *name == column))
            .is_some_and(|at| last.get(at).is_some_and(|cell| cell.trim().is_empty()));
        if marked || empty { self.header_rows } else { 0 }
    }

    /// Whether a column of a survey is one of its questions.
    pub(super) fn is_question(&self, column: &str) -> bool {
        self.questions && !self.own.iter().any(|names| names.among(&[column]).is_some())
    }

    /// Description of the comment's columns, for people.
    pub fn text_says(&self) -> String {
        if self.questions {
            return "open questions".to_owned();
        }
        self.text
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" + ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_is_sound() {
        let file: File = toml::from_str(include_str!("../../data/presets.toml")).unwrap();
        assert_eq!(file.preset.len(), presets().len());
        let mut names: Vec<_> = presets().iter().map(|preset| preset.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), presets().len(), "no name twice");
        for preset in presets() {
            assert!(preset.columns.len() >= 3, "{}: too short a fingerprint", preset.name);
            assert_eq!(preset.text.is_empty(), preset.questions, "{}", preset.name);
            assert_eq!(
                preset.header_rows > 0,
                preset.header_mark.is_some() || preset.header_empty.is_some(),
                "{}",
                preset.name
            );
            let own: Vec<String> = preset.columns.iter().map(|names| names.0[0].clone()).collect();
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            assert_eq!(
                recognised(&own).map(|p| &p.name),
                Some(&preset.name),
                "its own columns mean it"
            );
        }
    }

    #[test]
    fn case_space_and_a_mark_do_not_matter() {
        let columns = [
            "\u{FEFF}Review_ID ",
            "BUSINESS_ID",
            "stars",
            "useful",
            "funny",
            " cool",
            "text",
            "more",
        ];
        assert_eq!(recognised(&columns).map(|p| p.name.as_str()), Some("yelp"));
        assert_eq!(recognised(&columns[1..]).map(|p| p.name.as_str()), None);
        assert!(Choice::None.of(&columns).is_none());
        assert!(Choice::named("Yelp").is_ok() && Choice::named("none").is_ok());
        let told = Choice::named("yepl").unwrap_err().to_string();
        assert!(told.contains("did you mean yelp?"), "{told}");
    }

    #[test]
    fn more_header_rows_are_dropped_only_if_they_are_there() {
        let qualtrics = presets().iter().find(|preset| preset.name == "qualtrics").unwrap();
        let header = vec!["ResponseId".to_owned(), "Q1".to_owned()];
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["Response ID", "Why?"]),
            row(["{\"ImportId\":\"_recordId\"}", "{\"ImportId\":\"QID1\"}"]),
        ];
        assert_eq!(qualtrics.more_headers(&header, &rows), 2);
        assert_eq!(
            qualtrics.more_headers(&header, &[row(["R_1", "good"]), row(["R_2", "bad"])]),
            0
        );
        assert_eq!(qualtrics.more_headers(&header, &rows[..1]), 0);
        let monkey = presets().iter().find(|preset| preset.name == "surveymonkey").unwrap();
        let header = vec!["Respondent ID".to_owned(), "Why?".to_owned()];
        assert_eq!(monkey.more_headers(&header, &[row(["", "Open-Ended Response"])]), 1);
        assert_eq!(monkey.more_headers(&header, &[row(["114", "good"])]), 0);
    }
}
