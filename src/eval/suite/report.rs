//! Report of the behavioural suite: counts by capability and language, and failures, as a table for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::super::ModelName;
use super::super::figures::ratio;
use super::super::show::table;

/// Maximum quote of a failing text, in characters.
const QUOTE: usize = 110;
/// Key of the sum over languages.
const ALL: &str = "all";

/// Counts of expectations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Number of expectations tested.
    pub asked: u64,
    /// Number that hold.
    pub passed: u64,
}

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The capability it belongs to.
    pub capability: String,
    /// ISO 639-1.
    pub language: String,
    /// The text, or the texts.
    pub texts: Vec<String>,
    /// What was expected.
    pub expected: String,
    /// Actual results, text by text.
    pub got: Vec<String>,
}

/// Report on one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteReport {
    /// Name of the model.
    pub model: ModelName,
    /// Total counts.
    pub all: Held,
    /// Expectations for which the model has no head, by capability.
    pub not_asked: BTreeMap<String, u64>,
    /// By language.
    pub languages: BTreeMap<String, Held>,
    /// By capability: `all`, then each language.
    pub capabilities: BTreeMap<String, BTreeMap<String, Held>>,
    /// Expectations that do not hold.
    pub failures: Vec<Failure>,
}

impl Held {
    fn add(&mut self, passed: bool) {
        self.asked += 1;
        self.passed += u64::from(passed);
    }

    /// Share of expectations that hold, 0..=1.
    pub fn rate(self) -> f64 {
        ratio(self.passed, self.asked)
    }
}

impl Display for Held {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.passed, self.asked)
    }
}

impl SuiteReport {
    /// An empty report.
    pub(super) fn new(model: ModelName) -> Self {
        Self {
            model,
            all: Held::default(),
            not_asked: BTreeMap::new(),
            languages: BTreeMap::new(),
            capabilities: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Counts one expectation.
    pub(super) fn add(
        &mut self,
        name: &str,
        language: &str,
        passed: bool,
        texts: Vec<String>,
        allowed: &[String],
        got: Vec<String>,
    ) {
        let capability = self.capabilities.entry(name.to_owned()).or_default();
        let of_language = self.languages.entry(language.to_owned()).or_default();
        self.all.add(passed);
        of_language.add(passed);
        for name in [ALL, language] {
            capability.entry(name.to_owned()).or_default().add(passed);
        }
        if !passed {
            self.failures.push(Failure {
                capability: name.to_owned(),
                language: language.to_owned(),
                texts,
                expected: allowed.join(" or "),
                got,
            });
        }
    }
}

impl Display for SuiteReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let languages: BTreeSet<&String> = self.languages.keys().collect();
        let header: Vec<String> = ["", "all"]
            .map(str::to_owned)
            .into_iter()
            .chain(languages.iter().map(|l| (*l).clone()))
            .collect();
        let line = |name: &str, all: Held, held: &BTreeMap<String, Held>| {
            let percent = 100.0 * all.rate();
            let cells = languages
                .iter()
                .map(|l| held.get(*l).map_or_else(|| "-".to_owned(), Held::to_string));
            [name.to_owned(), format!("{percent:.0} %")]
                .into_iter()
                .chain(cells)
                .collect()
        };
        let capabilities = self.capabilities.iter();
        let lines = capabilities.map(|(name, held)| line(name, held.get(ALL).copied().unwrap_or_default(), held));
        writeln!(
            f,
            "{}",
            table(&header, lines.chain([line("all", self.all, &self.languages)]))
        )?;
        for failure in &self.failures {
            let Failure {
                capability,
                language,
                expected,
                got,
                ..
            } = failure;
            let texts = failure
                .texts
                .iter()
                .zip(got)
                .map(|(text, got)| format!("{got}: {}", quote(text)));
            writeln!(f, "\n{capability} {language}, expected {expected}")?;
            texts.into_iter().try_for_each(|text| writeln!(f, "  {text}"))?;
        }
        for (name, count) in &self.not_asked {
            writeln!(f, "\n{name}: {count} not asked, the model has no head for it")?;
        }
        write!(f, "\n{} hold, {:.1} %", self.all, 100.0 * self.all.rate())
    }
}

fn quote(text: &str) -> String {
    let mut quote: String = text.chars().take(QUOTE).collect();
    if quote.len() < text.len() {
        quote.push('…');
    }
    quote
}
