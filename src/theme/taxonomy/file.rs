//! Parser and validator of taxonomy files (TOML). Reports every problem at once, each with its line: unknown keys, duplicate ids and names, themes
//! that nothing could match, unknown languages, and phrases that would match everywhere.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::fold::fold;
use super::phrases::Phrase;
use super::{NamedTheme, Taxonomy};

/// Language key of phrases that belong to no language, such as names of products.
pub(super) const ANY: &str = "any";

/// Maximum number of themes: more is not a taxonomy that a person could read.
const MOST_THEMES: usize = 1000;

/// The file format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    description: String,
    threshold: Option<Spanned<f32>>,
    #[serde(default)]
    themes: Vec<Spanned<WrittenTheme>>,
}

/// One `[[themes]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTheme {
    id: Spanned<String>,
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    phrases: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
}

/// Problems of a file, in the order of its lines.
struct Problems<'text> {
    text: &'text str,
    found: Vec<(usize, String)>,
}

impl Problems<'_> {
    fn add(&mut self, place: &Range<usize>, problem: impl Into<String>) {
        self.found.push((place.start, problem.into()));
    }

    /// 1-based line of a byte of the file.
    fn line(&self, byte: usize) -> usize {
        self.text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
    }

    fn told(mut self) -> Result<(), String> {
        self.found.sort();
        let lines: Vec<String> = self
            .found
            .iter()
            .map(|(byte, problem)| format!("line {}: {problem}", self.line(*byte)))
            .collect();
        if lines.is_empty() {
            Ok(())
        } else {
            Err(lines.join("\n  "))
        }
    }
}

/// Parses a taxonomy.
///
/// # Errors
/// All problems of the text, one per line, each with its line in the text.
pub(super) fn parse(text: &str) -> Result<Taxonomy, String> {
    let mut problems = Problems {
        text,
        found: Vec::new(),
    };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            problems.add(&error.span().unwrap_or_default(), error.message().trim_end());
            return problems.told().and(Err(String::new()));
        }
    };
    check_id(&written.id, &mut problems);
    if let Some(threshold) = written
        .threshold
        .as_ref()
        .filter(|t| !(0.0..=1.0).contains(t.get_ref()))
    {
        problems.add(&threshold.span(), "threshold is a probability, between 0 and 1");
    }
    match written.themes.len() {
        0 => problems.add(&(0..0), "no [[themes]]: a taxonomy needs at least one"),
        1..=MOST_THEMES => {}
        many => problems.add(&(0..0), format!("{many} themes: at most {MOST_THEMES} are read")),
    }
    check_unique(&written.themes, &mut problems);
    for theme in &written.themes {
        check_theme(theme, &mut problems);
    }
    problems.told()?;
    Ok(Taxonomy {
        id: written.id.into_inner(),
        name: written.name,
        description: written.description,
        threshold: written.threshold.map(Spanned::into_inner),
        themes: written
            .themes
            .into_iter()
            .map(|theme| theme.into_inner().into())
            .collect(),
    })
}

impl From<WrittenTheme> for NamedTheme {
    fn from(written: WrittenTheme) -> Self {
        let plain = |phrases: Vec<Spanned<String>>| phrases.into_iter().map(Spanned::into_inner).collect();
        Self {
            id: written.id.into_inner(),
            name: written.name.into_inner(),
            description: written.description,
            examples: written.examples,
            phrases: written
                .phrases
                .into_iter()
                .map(|(language, phrases)| (language.into_inner(), plain(phrases)))
                .collect(),
        }
    }
}

fn check_id(id: &Spanned<String>, problems: &mut Problems<'_>) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if id.get_ref().is_empty() || !id.get_ref().chars().all(allowed) {
        let message = format!(
            "id `{}`: write lower-case letters a-z, digits, `_` or `-`; the name may be anything",
            id.get_ref()
        );
        problems.add(&id.span(), message);
    }
}

/// Checks that ids and names are unique, ignoring case and accents.
fn check_unique(themes: &[Spanned<WrittenTheme>], problems: &mut Problems<'_>) {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    for theme in themes.iter().map(Spanned::get_ref) {
        let line = problems.line(theme.id.span().start);
        if let Some(first) = ids.insert(theme.id.get_ref(), line) {
            problems.add(
                &theme.id.span(),
                format!("id `{}` is already taken on line {first}", theme.id.get_ref()),
            );
        }
        let line = problems.line(theme.name.span().start);
        if let Some(first) = names.insert(fold(theme.name.get_ref()), line) {
            let message = format!("name `{}` is already taken on line {first}", theme.name.get_ref());
            problems.add(&theme.name.span(), message);
        }
    }
}

fn check_theme(theme: &Spanned<WrittenTheme>, problems: &mut Problems<'_>) {
    let (place, theme) = (theme.span(), theme.get_ref());
    check_id(&theme.id, problems);
    if theme.name.get_ref().trim().is_empty() {
        problems.add(&theme.name.span(), "the name is empty");
    }
    let blank = |text: &String| text.trim().is_empty();
    if theme.phrases.values().all(Vec::is_empty) && blank(&theme.description) && theme.examples.iter().all(blank) {
        let message = format!(
            "theme `{}` is empty: give it a description, examples or phrases, else nothing can match it",
            theme.id.get_ref()
        );
        problems.add(&place, message);
    }
    for (language, phrases) in &theme.phrases {
        let code = language.get_ref().as_str();
        let stop_words = stop_words(code);
        if stop_words.is_none() && code != ANY {
            let message = format!(
                "unknown language `{code}`: give an ISO 639-1 code such as uk, pl or en, or `{ANY}` for phrases of no language"
            );
            problems.add(&language.span(), message);
        }
        let stop_words = stop_words.unwrap_or_default();
        let mut seen = HashSet::new();
        for phrase in phrases {
            if let Err(problem) = check_phrase(phrase.get_ref(), &stop_words, &mut seen) {
                problems.add(&phrase.span(), format!("phrase `{}`: {problem}", phrase.get_ref()));
            }
        }
    }
}

fn check_phrase(phrase: &str, stop_words: &HashSet<String>, seen: &mut HashSet<Phrase>) -> Result<(), String> {
    let parsed = Phrase::parse(phrase)?;
    // A stem is not the word it begins, and several common words together may be meaningful.
    if !phrase.contains('*') && stop_words.contains(&fold(phrase)) {
        return Err(format!(
            "a stop word, in every other comment: add the word that matters, or write `{phrase}*` if you mean it"
        ));
    }
    if !seen.insert(parsed) {
        return Err("already given for this theme and language".to_owned());
    }
    Ok(())
}

/// Folded stop words of a language, if the code is ISO 639-1.
fn stop_words(code: &str) -> Option<HashSet<String>> {
    (code.len() == 2)
        .then(|| stop_words::lookup(code))?
        .map(|words| words.iter().map(|word| fold(word)).collect())
}
