//! Displays a taxonomy: a table of its themes, and counts for people and programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use anstyle::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use super::file::ANY;
use super::{NamedTheme, Taxonomy};

/// Counts of a taxonomy's contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The taxonomy's id.
    pub id: String,
    /// Hash of its contents, 32 hexadecimal digits.
    pub fingerprint: String,
    /// Number of themes.
    pub themes: usize,
    /// Number of typical comments over all themes.
    pub examples: usize,
    /// Number of phrases over all themes, by language.
    pub phrases: BTreeMap<String, usize>,
}

impl Taxonomy {
    /// Counts themes, examples and phrases.
    pub fn tally(&self) -> Tally {
        let mut phrases = BTreeMap::new();
        for (language, of) in self.themes.iter().flat_map(|theme| &theme.phrases) {
            *phrases.entry(language.clone()).or_default() += of.len();
        }
        Tally {
            id: self.id.clone(),
            fingerprint: self.fingerprint(),
            themes: self.themes.len(),
            examples: self.themes.iter().map(|theme| theme.examples.len()).sum(),
            phrases,
        }
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        let phrases = self.phrases.values().sum();
        let counts = [(self.themes, "theme"), (self.examples, "example"), (phrases, "phrase")];
        let counts = counts.map(|(n, noun)| format!("{n} {noun}{}", if n == 1 { "" } else { "s" }));
        write!(f, "{bold}{}{bold:#}: {}", self.id, counts.join(", "))?;
        let languages: Vec<String> = self.phrases.iter().map(|(code, n)| format!("{code} {n}")).collect();
        if !languages.is_empty() {
            write!(f, " ({})", languages.join(", "))?;
        }
        writeln!(f, "; nothing is wrong with it")
    }
}

impl Display for Taxonomy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        writeln!(f, "{bold}{}{bold:#}  {}", self.name, self.description)?;
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(["id", "name", "examples", "phrases", "languages"]);
        for theme in &self.themes {
            let figures = [theme.examples.len(), theme.phrases.values().map(Vec::len).sum()];
            let figures = figures.map(|n| Cell::new(n).set_alignment(CellAlignment::Right));
            let row = [Cell::new(&theme.id), Cell::new(&theme.name)];
            table.add_row(row.into_iter().chain(figures).chain([Cell::new(languages(theme))]));
        }
        writeln!(f, "\n{table}")
    }
}

/// Languages in which a theme has phrases.
fn languages(theme: &NamedTheme) -> String {
    let codes: BTreeSet<&str> = theme
        .phrases
        .keys()
        .map(String::as_str)
        .filter(|code| *code != ANY)
        .collect();
    codes.into_iter().collect::<Vec<_>>().join(" ")
}
