//! Theme statistics: counts comments by theme and language ([`ThemeTable`]), as a table for notebooks and as [`ThemeLine`]s for the summary. Its size
//! does not grow with the rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use serde::Serialize;

use super::subjects::Mention;
use super::tagger::TaggedRow;
use super::verdict::Sentiment;
use crate::theme::Themes;
use crate::theme::taxonomy::Taxonomy;

/// Maximum length of an exemplar in the summary, in characters.
const QUOTE: usize = 60;

/// Counts of comments that mention a theme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Comments that mention it.
    pub mentions: u64,
    /// Of these, comments that are not duplicates of earlier ones.
    pub distinct: u64,
    /// Comments with a negative opinion on it.
    pub negative: u64,
    /// Comments with a neutral opinion on it.
    pub neutral: u64,
    /// Comments with a positive opinion on it.
    pub positive: u64,
    /// Comments with both positive and negative opinions on it.
    pub mixed: u64,
}

impl Tally {
    fn add(&mut self, polarity: Sentiment, copy: bool) {
        self.mentions += 1;
        self.distinct += u64::from(!copy);
        match polarity {
            Sentiment::Negative => self.negative += 1,
            Sentiment::Neutral => self.neutral += 1,
            Sentiment::Positive => self.positive += 1,
            Sentiment::Mixed => self.mixed += 1,
        }
    }

    fn join(&mut self, other: &Self) {
        self.mentions += other.mentions;
        self.distinct += other.distinct;
        self.negative += other.negative;
        self.neutral += other.neutral;
        self.positive += other.positive;
        self.mixed += other.mixed;
    }

    /// Net sentiment: positive share minus negative share, -1..=1.
    pub fn net(&self) -> f32 {
        (self.positive as f32 - self.negative as f32) / self.mentions.max(1) as f32
    }
}

/// A theme in the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThemeLine {
    /// Its id.
    pub id: String,
    /// Its name or label.
    pub theme: String,
    /// Its counts.
    #[serde(flatten)]
    pub tally: Tally,
    /// Positive share minus negative share, -1..=1.
    pub net_sentiment: f32,
    /// A typical comment on it, shortened.
    pub exemplar: Option<String>,
}

/// Counts by theme and language during a run. A comment without a discovered theme counts under none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<(Option<Arc<str>>, &'static str), Tally>);

impl Tallies {
    /// Counts the rows of a batch.
    pub fn add(&mut self, rows: &[TaggedRow]) {
        for row in rows.iter().filter(|row| row.verdict.probabilities.is_some()) {
            let (language, copy) = (row.verdict.language.code, row.duplicate_of.is_some());
            let mut count =
                |id: Option<Arc<str>>, polarity| self.0.entry((id, language)).or_default().add(polarity, copy);
            for Mention { id, polarity, .. } in row.subject.mentions() {
                count(Some(Arc::clone(id)), *polarity);
            }
            if row.subject.themes.is_empty() {
                count(None, row.verdict.sentiment.unwrap_or(Sentiment::Neutral));
            }
        }
    }
}

/// Origin of a theme, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Theme(usize),
    Touchpoint(usize),
    None,
}

/// Counts of every theme in every language.
pub struct ThemeTable<'a> {
    themes: Option<&'a Themes>,
    taxonomy: &'a Taxonomy,
    tallies: BTreeMap<(Place, &'static str), Tally>,
}

impl<'a> ThemeTable<'a> {
    /// Combines counts with the discovered themes, if any, and the taxonomy.
    pub fn new(themes: Option<&'a Themes>, taxonomy: &'a Taxonomy, tallies: &Tallies) -> Self {
        let found = themes.into_iter().flat_map(|themes| themes.themes.iter().enumerate());
        let found = found.map(|(at, theme)| (theme.id.as_str(), Place::Theme(at)));
        let named = taxonomy.themes.iter().enumerate();
        let named = named.map(|(at, theme)| (theme.id.as_str(), Place::Touchpoint(at)));
        let places: BTreeMap<&str, Place> = named.chain(found).collect();
        let place = |id: &Option<Arc<str>>| match id {
            Some(id) => places.get(&**id).copied(),
            None => themes.map(|_| Place::None),
        };
        let tallies = tallies
            .0
            .iter()
            .filter_map(|((id, language), tally)| Some(((place(id)?, *language), *tally)));
        Self {
            themes,
            taxonomy,
            tallies: tallies.collect(),
        }
    }

    /// One line for each discovered theme, most mentioned first.
    pub fn discovered(&self) -> Vec<ThemeLine> {
        self.lines(|place| matches!(place, Place::Theme(_)))
    }

    /// One line for each mentioned theme of the taxonomy, most mentioned first.
    pub fn touchpoints(&self) -> Vec<ThemeLine> {
        self.lines(|place| matches!(place, Place::Touchpoint(_)))
    }

    fn lines(&self, wanted: impl Fn(&Place) -> bool) -> Vec<ThemeLine> {
        let mut of_theme: BTreeMap<&Place, Tally> = BTreeMap::new();
        for ((place, _), tally) in self.tallies.iter().filter(|((place, _), _)| wanted(place)) {
            of_theme.entry(place).or_default().join(tally);
        }
        let mut lines: Vec<ThemeLine> = of_theme
            .into_iter()
            .filter_map(|(place, tally)| {
                let (id, theme) = self.title(place)?;
                let exemplar = self.exemplars(place).into_iter().next().map(shortened);
                Some(ThemeLine {
                    id: id.to_owned(),
                    theme: theme.to_owned(),
                    net_sentiment: tally.net(),
                    tally,
                    exemplar,
                })
            })
            .collect();
        // Stable sort: on a tie, the larger theme of the file comes first.
        lines.sort_by_key(|line| std::cmp::Reverse(line.tally.mentions));
        lines
    }

    /// Number of comments without a discovered theme.
    pub fn without(&self) -> u64 {
        self.tallies
            .iter()
            .filter(|((place, _), _)| *place == Place::None)
            .map(|(_, tally)| tally.mentions)
            .sum()
    }

    fn title(&self, place: &Place) -> Option<(&'a str, &'a str)> {
        match place {
            Place::Theme(at) => self
                .themes
                .and_then(|themes| themes.themes.get(*at))
                .map(|theme| (theme.id.as_str(), theme.title())),
            Place::Touchpoint(at) => self
                .taxonomy
                .themes
                .get(*at)
                .map(|theme| (theme.id.as_str(), theme.name.as_str())),
            Place::None => None,
        }
    }

    fn exemplars(&self, place: &Place) -> Vec<&'a str> {
        match place {
            Place::Theme(at) => self
                .themes
                .and_then(|themes| themes.themes.get(*at))
                .map_or(Vec::new(), |theme| {
                    theme.exemplars.iter().map(|exemplar| exemplar.text.as_str()).collect()
                }),
            Place::Touchpoint(_) | Place::None => Vec::new(),
        }
    }

    /// The whole table: one row per theme and language; a null theme means none.
    ///
    /// # Errors
    /// Only when polars cannot build a column, which no input causes.
    pub fn frame(&self) -> PolarsResult<DataFrame> {
        let lines: Vec<(&Place, &str, &Tally)> = self
            .tallies
            .iter()
            .map(|((place, language), tally)| (place, *language, tally))
            .collect();
        let theme = |place: &Place| match place {
            Place::Theme(at) => self.themes.and_then(|themes| themes.themes.get(*at)),
            Place::Touchpoint(_) | Place::None => None,
        };
        let text = |name: &str, of: &dyn Fn(&Place, &str) -> Option<String>| {
            let values = lines.iter().map(|(place, language, _)| of(place, language));
            values.collect::<StringChunked>().with_name(name.into()).into_column()
        };
        let count = |name: &str, of: fn(&Tally) -> u64| {
            let values = lines.iter().map(|(_, _, tally)| i64::try_from(of(tally)).ok());
            values.collect::<Int64Chunked>().with_name(name.into()).into_column()
        };
        let texts = |name: &str, of: &dyn Fn(&Place, &str) -> Vec<String>| {
            let mut column = ListStringChunkedBuilder::new(name.into(), lines.len(), lines.len() * 4);
            lines.iter().for_each(|(place, language, _)| {
                column.append_values_iter(of(place, language).iter().map(String::as_str))
            });
            column.finish().into_column()
        };
        let mut centroids = ListPrimitiveChunkedBuilder::<Float32Type>::new(
            "centroid".into(),
            lines.len(),
            lines.len() * 128,
            DataType::Float32,
        );
        for (place, _, _) in &lines {
            match theme(place) {
                Some(theme) => centroids.append_slice(theme.centroid()),
                None => centroids.append_null(),
            }
        }
        let net = lines
            .iter()
            .map(|(_, _, tally)| Some(tally.net()))
            .collect::<Float32Chunked>()
            .with_name("net_sentiment".into())
            .into_column();
        let group = |place: &Place| theme(place).and_then(|theme| self.themes?.group(theme));
        DataFrame::new(
            lines.len(),
            vec![
                text("theme_id", &|place, _| self.title(place).map(|(id, _)| id.to_owned())),
                text("theme", &|place, _| {
                    self.title(place).map(|(_, title)| title.to_owned())
                }),
                text("group_id", &|place, _| group(place).map(|group| group.id.clone())),
                text("group", &|place, _| group(place).map(|group| group.title().to_owned())),
                text("language", &|_, language| Some(language.to_owned())),
                count("mentions", |tally| tally.mentions),
                count("mentions_distinct", |tally| tally.distinct),
                count("negative", |tally| tally.negative),
                count("neutral", |tally| tally.neutral),
                count("positive", |tally| tally.positive),
                count("mixed", |tally| tally.mixed),
                net,
                texts("phrases", &|place, language| {
                    theme(place)
                        .and_then(|theme| theme.phrases.get(language))
                        .cloned()
                        .unwrap_or_default()
                }),
                texts("exemplars", &|place, _| {
                    self.exemplars(place).into_iter().map(str::to_owned).collect()
                }),
                centroids.finish().into_column(),
            ],
        )
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
