//! Inspects a few comments: a [`Finding`] each, with what `tag` would write and the opinion units behind it, as
//! JSON for programs or as coloured text for people. A comment without words says so.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::error::Result;
use crate::find::Topics;
use crate::model::Engine;
use crate::tag::{
    Emotion, Intent, Opinion, Quote, Reason, Seconds, Sentiment, Signal, Status, TaggedRow, Tagger, Unit, quotes,
};
use crate::text;

/// Cells of the bar that shows the probabilities.
const BAR: usize = 30;

/// The probabilities of a comment or a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Probabilities {
    /// Probability of negative.
    pub negative: f32,
    /// Probability of neutral.
    pub neutral: f32,
    /// Probability of positive.
    pub positive: f32,
    /// Of clear praise and clear blame together; 0 of a model without a class for it.
    pub mixed: f32,
}

impl From<[f32; 4]> for Probabilities {
    fn from([negative, neutral, positive, mixed]: [f32; 4]) -> Self {
        Self {
            negative,
            neutral,
            positive,
            mixed,
        }
    }
}

/// An emotion above its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Felt {
    /// The emotion.
    pub emotion: Emotion,
    /// Its probability.
    pub p: f32,
}

/// A signal above its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Raised {
    /// The emotion.
    pub signal: Signal,
    /// Its probability.
    pub p: f32,
}

/// A part of the original comment with what is said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part<Said> {
    /// Offsets into the original comment, in Unicode scalars, and the text there.
    #[serde(flatten)]
    pub quote: Quote,
    /// Its sentiment.
    #[serde(flatten)]
    pub said: Said,
}

/// The polarity of an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Polarity {
    /// Negative, neutral or positive; a whole unit may be mixed.
    pub polarity: Sentiment,
    /// Its probability.
    pub p: f32,
}

/// Results of one comment; the fields are named like the output columns of `tag`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The original comment.
    pub text: String,
    /// ISO 639-1, or `und`.
    pub language: &'static str,
    /// Probability that the language is right.
    pub language_confidence: f32,
    /// None when abstained.
    pub sentiment: Option<Sentiment>,
    /// P(positive) - P(negative), -1..=1.
    pub sentiment_score: Option<f32>,
    /// Calibrated probabilities.
    pub sentiment_p: Option<Probabilities>,
    /// All emotions above their threshold, strongest first.
    pub emotions: Vec<Felt>,
    /// The most likely intent.
    pub intent: Option<Intent>,
    /// Its probability.
    pub intent_p: Option<f32>,
    /// The strongest touchpoint, or theme of the taxonomy.
    pub touchpoint: Option<String>,
    /// Its probability.
    pub touchpoint_p: Option<f32>,
    /// All above threshold, strongest first; none when nothing was scored or the model has no such head.
    pub signals: Option<Vec<Raised>>,
    /// Opinions, in the order of the text.
    pub opinions: Vec<Part<Polarity>>,
    /// Sentences and contrasting clauses, each with its own sentiment.
    pub units: Vec<Part<Probabilities>>,
    /// Status of the result.
    pub status: Status,
    /// Reason for an abstention.
    pub reason: Option<Reason>,
    /// Whether a person should check it.
    pub review: bool,
    /// The clean text, with opinions and units as byte ranges, for display.
    #[serde(skip)]
    shown: Shown,
}

#[derive(Debug, Clone, PartialEq)]
struct Shown {
    text: String,
    opinions: Vec<Opinion>,
    units: Vec<Range<usize>>,
}

/// Finds what `tag` would find, in each comment on its own.
pub struct Inspector<'engine> {
    engine: &'engine dyn Engine,
    topics: Topics,
}

impl<'engine> Inspector<'engine> {
    /// With the touchpoints of this taxonomy file, or of the default taxonomy.
    ///
    /// # Errors
    /// When the taxonomy cannot be used.
    pub fn new(engine: &'engine dyn Engine, taxonomy: Option<&Path>) -> Result<Self> {
        let topics = Topics::named(taxonomy)?;
        Ok(Self { engine, topics })
    }

    /// What is found in each comment, in order.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn inspect(&self, comments: &[String]) -> Result<Vec<Finding>> {
        let rows: Vec<u64> = (0..comments.len() as u64).collect();
        let texts: Vec<Option<String>> = comments.iter().cloned().map(Some).collect();
        let ids = vec![String::new(); comments.len()];
        // A tagger of its own each time: one that remembers earlier comments no longer has their units.
        let mut tagger = Tagger::new(self.engine).telling(self.topics.subjects(self.engine)?);
        let mut tagged = tagger.tag(&rows, ids, &texts, &mut Seconds::default())?;
        let mut first_of: HashMap<String, Arc<[Unit]>> = HashMap::new();
        for row in &mut tagged {
            let first = first_of
                .entry(row.clean_text.clone())
                .or_insert_with(|| row.units.clone());
            row.units = first.clone();
        }
        Ok(comments
            .iter()
            .zip(tagged)
            .map(|(comment, row)| finding(comment, row))
            .collect())
    }
}

fn finding(comment: &str, row: TaggedRow) -> Finding {
    let verdict = row.verdict;
    let units: Vec<Range<usize>> = row.units.iter().map(|unit| unit.range.clone()).collect();
    let quoted = quotes(comment, &text::clean(comment), &units);
    let unit = |(quote, unit): (Quote, &Unit)| Part {
        quote,
        said: unit.polarity.into(),
    };
    let opinion = |(quote, opinion): (Quote, &Opinion)| Part {
        quote,
        said: Polarity {
            polarity: opinion.polarity,
            p: opinion.p,
        },
    };
    Finding {
        text: comment.to_owned(),
        language: verdict.language.code,
        language_confidence: verdict.language.confidence,
        sentiment: verdict.sentiment,
        sentiment_score: verdict.score(),
        sentiment_p: verdict.probabilities.map(Into::into),
        emotions: verdict
            .emotions
            .iter()
            .map(|&(emotion, p)| Felt { emotion, p })
            .collect(),
        intent: verdict.intent.map(|(intent, _)| intent),
        intent_p: verdict.intent.map(|(_, p)| p),
        touchpoint: row.subject.touchpoint.as_ref().map(|(id, _)| id.to_string()),
        touchpoint_p: row.subject.touchpoint.map(|(_, p)| p),
        signals: verdict
            .signals
            .map(|signals| signals.into_iter().map(|(signal, p)| Raised { signal, p }).collect()),
        opinions: row.quotes.into_iter().zip(&verdict.opinions).map(opinion).collect(),
        units: quoted.into_iter().zip(row.units.iter()).map(unit).collect(),
        status: verdict.status,
        reason: verdict.reason,
        review: verdict.review,
        shown: Shown {
            text: row.clean_text,
            opinions: verdict.opinions,
            units,
        },
    }
}

const fn color(sentiment: Sentiment) -> Style {
    match sentiment {
        Sentiment::Negative => AnsiColor::Red.on_default(),
        Sentiment::Neutral => Style::new().dimmed(),
        Sentiment::Positive => AnsiColor::Green.on_default(),
        Sentiment::Mixed => AnsiColor::Yellow.on_default(),
    }
}

const fn sign(polarity: Sentiment) -> char {
    match polarity {
        Sentiment::Negative => '-',
        Sentiment::Positive => '+',
        Sentiment::Neutral => '·',
        Sentiment::Mixed => '±',
    }
}

/// Joins the lines of a text.
fn line(text: &str) -> String {
    text.replace('\n', " ↵ ")
}

impl Display for Shown {
    /// Displays the text with its opinions in brackets and colour.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut at = 0;
        for opinion in self.opinions.iter().filter(|o| !self.units.contains(&o.range)) {
            let Range { start, end } = opinion.range;
            let style = color(opinion.polarity).underline();
            let between = self.text.get(at..start).unwrap_or_default();
            let quote = self.text.get(start..end).unwrap_or_default();
            let mark = sign(opinion.polarity);
            write!(f, "{}[{style}{}{style:#} {mark}]", line(between), line(quote))?;
            at = end;
        }
        write!(f, "{}", line(self.text.get(at..).unwrap_or_default()))
    }
}

impl Probabilities {
    /// Each class with its share.
    fn all(self) -> [(Sentiment, f32); 4] {
        [
            (Sentiment::Negative, self.negative),
            (Sentiment::Neutral, self.neutral),
            (Sentiment::Positive, self.positive),
            (Sentiment::Mixed, self.mixed),
        ]
    }

    fn likeliest(self) -> (Sentiment, f32) {
        let all = self.all();
        all.into_iter()
            .fold(all[0], |best, class| if class.1 > best.1 { class } else { best })
    }
}

impl Display for Probabilities {
    /// A bar of signs, then the shares.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (mut sum, mut filled) = (0.0, 0);
        for (class, p) in self.all() {
            sum += p;
            let end = (sum * BAR as f32).round() as usize;
            let style = color(class);
            let cells = sign(class).to_string().repeat(end.saturating_sub(filled));
            write!(f, "{style}{cells}{style:#}")?;
            filled = end;
        }
        let shares = self
            .all()
            .map(|(class, p)| format!("{} {:.0} %", class.name(), 100.0 * p));
        write!(f, "  {}", shares.join(", "))
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
        writeln!(f, "{bold}>{bold:#} {}", self.shown)?;
        writeln!(f, "  language   {} ({:.2})", self.language, self.language_confidence)?;
        match (self.sentiment, self.reason) {
            (Some(sentiment), _) => {
                let style = color(sentiment).bold();
                let score = self.sentiment_score.unwrap_or_default();
                writeln!(f, "  sentiment  {style}{}{style:#} {score:+.2}", sentiment.name())?;
            }
            (None, Some(reason)) => writeln!(f, "  sentiment  none: {}", reason.name())?,
            (None, None) => writeln!(f, "  sentiment  none: the model failed on it")?,
        }
        if let Some(p) = self.sentiment_p {
            writeln!(f, "             {p}")?;
        }
        let share = |name: &str, p: f32| format!("{name} {:.0} %", 100.0 * p);
        let emotions: Vec<String> = self
            .emotions
            .iter()
            .map(|felt| share(felt.emotion.name(), felt.p))
            .collect();
        if !emotions.is_empty() {
            writeln!(f, "  emotions   {}", emotions.join(", "))?;
        }
        if let (Some(intent), Some(p)) = (self.intent, self.intent_p) {
            writeln!(f, "  intent     {}", share(intent.name(), p))?;
        }
        if let (Some(touchpoint), Some(p)) = (&self.touchpoint, self.touchpoint_p) {
            writeln!(f, "  touchpoint {}", share(touchpoint, p))?;
        }
        let signals = self.signals.iter().flatten();
        let signals: Vec<String> = signals.map(|raised| share(raised.signal.name(), raised.p)).collect();
        if !signals.is_empty() {
            writeln!(f, "  signals    {}", signals.join(", "))?;
        }
        if self.units.len() > 1 {
            for (unit, range) in self.units.iter().zip(&self.shown.units) {
                let (class, p) = unit.said.likeliest();
                let style = color(class);
                let words = line(self.shown.text.get(range.clone()).unwrap_or_default());
                writeln!(
                    f,
                    "  unit       {style}{:<8} {:3.0} %{style:#}  {words}",
                    class.name(),
                    100.0 * p
                )?;
            }
        }
        if self.review {
            writeln!(f, "  {dim}a person should look{dim:#}")?;
        }
        Ok(())
    }
}
