//! Summary of a run: counts, sentiment by language and the strongest comments, as a table for people or JSON for programs. Its size does not grow
//! with the rows.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use crate::source::{Batch, Unread};
use crate::tag::{Reason, Seconds, Sentiment, Status, TaggedRow, Tallies, ThemeLine};

/// Number of the strongest comments shown on each side.
const STRONGEST: usize = 5;
/// Most notes that are kept; a lake may take thousands of files in a night.
const NOTES: usize = 1_000;
/// How many themes are shown.
const THEMES: usize = 12;
/// Maximum length of a quote, in characters.
const QUOTE: usize = 96;

/// Row counts of one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows with a sentiment.
    pub tagged: u64,
    /// Negative rows.
    pub negative: u64,
    /// Neutral rows.
    pub neutral: u64,
    /// Positive rows.
    pub positive: u64,
    /// Mixed rows.
    pub mixed: u64,
}

impl Counts {
    fn add(&mut self, sentiment: Sentiment) {
        self.tagged += 1;
        match sentiment {
            Sentiment::Negative => self.negative += 1,
            Sentiment::Neutral => self.neutral += 1,
            Sentiment::Positive => self.positive += 1,
            Sentiment::Mixed => self.mixed += 1,
        }
    }
}

/// A comment quoted in the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quote {
    /// P(positive) - P(negative), -1..=1.
    pub score: f32,
    /// The row's id.
    pub id: String,
    /// Its language.
    pub language: &'static str,
    /// The comment, shortened.
    pub text: String,
}

/// Summary of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows written.
    pub rows: u64,
    /// Rows with a sentiment.
    pub tagged: u64,
    /// Rows without a sentiment, by reason.
    pub abstained: BTreeMap<Reason, u64>,
    /// Rows that could not be scored.
    pub failed: u64,
    /// Rows that could not be read from the input; they are in the rejects file.
    pub rejected: u64,
    /// Rows with a text seen before.
    pub duplicates: u64,
    /// Rows a person should look at.
    pub review: u64,
    /// What was decided in reading the inputs, a sentence each.
    pub notes: Vec<String>,
    /// Comments that were read in another encoding than they were written in, and repaired.
    pub misread: u64,
    /// Times and ratings that were not understood and stay empty.
    pub unread: Unread,
    /// Sentiment by language.
    pub languages: BTreeMap<&'static str, Counts>,
    /// Themes of the taxonomy, most mentioned first.
    pub touchpoints: Vec<ThemeLine>,
    /// Discovered themes, most mentioned first.
    pub themes: Vec<ThemeLine>,
    /// Comments without a discovered theme.
    pub without_theme: u64,
    /// Counts for the table of themes.
    #[serde(skip)]
    pub tallies: Tallies,
    /// The most negative comments, strongest first.
    pub most_negative: Vec<Quote>,
    /// The most positive comments, strongest first.
    pub most_positive: Vec<Quote>,
    /// Time by stage.
    pub seconds: Seconds,
}

impl Summary {
    /// Counts one batch.
    pub fn add(&mut self, batch: &Batch, rows: &[TaggedRow]) {
        self.rows += rows.len() as u64;
        self.rejected += batch.rejects.len() as u64;
        self.tallies.add(rows);
        self.unread.add(&batch.mapped.unread);
        for row in rows {
            let verdict = &row.verdict;
            self.duplicates += u64::from(row.duplicate_of.is_some());
            self.review += u64::from(verdict.review);
            match (verdict.status, verdict.reason) {
                (Status::Failed, _) => self.failed += 1,
                (_, Some(reason)) => *self.abstained.entry(reason).or_default() += 1,
                _ => self.tagged += 1,
            }
            let Some(sentiment) = verdict.sentiment else { continue };
            self.languages.entry(verdict.language.code).or_default().add(sentiment);
            if let (None, Some(score)) = (&row.duplicate_of, verdict.score()) {
                match sentiment {
                    Sentiment::Negative => keep_strongest(&mut self.most_negative, score, row),
                    Sentiment::Positive => keep_strongest(&mut self.most_positive, score, row),
                    Sentiment::Neutral | Sentiment::Mixed => {}
                }
            }
        }
    }

    /// Keeps what was decided in reading an input.
    pub fn note(&mut self, note: String) {
        if self.notes.len() < NOTES {
            self.notes.push(note);
        }
    }

    /// The process's exit code: 0 all done, 1 done with rejected or failed rows.
    pub const fn exit_code(&self) -> u8 {
        if self.rejected > 0 || self.failed > 0 { 1 } else { 0 }
    }
}

/// Inserts a comment among the strongest of its side if it belongs there; the earlier row wins a tie.
fn keep_strongest(quotes: &mut Vec<Quote>, score: f32, row: &TaggedRow) {
    let at = quotes.partition_point(|quote| quote.score.abs() >= score.abs());
    if at < STRONGEST {
        let text = shortened(&row.clean_text);
        quotes.insert(
            at,
            Quote {
                score,
                id: row.id.clone(),
                language: row.verdict.language.code,
                text,
            },
        );
        quotes.truncate(STRONGEST);
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "-".to_owned()
    } else {
        format!("{:.0} %", 100.0 * part as f64 / whole as f64)
    }
}

fn share_table(languages: &BTreeMap<&'static str, Counts>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let titles = ["language", "tagged", "negative", "neutral", "positive", "mixed"];
    table.set_header(titles.map(|t| {
        Cell::new(t).set_alignment(if t == "language" {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        })
    }));
    let mut order: Vec<_> = languages.iter().collect();
    order.sort_by_key(|(code, counts)| (std::cmp::Reverse(counts.tagged), **code));
    let mut all = Counts::default();
    for (_, counts) in &order {
        all.tagged += counts.tagged;
        all.negative += counts.negative;
        all.neutral += counts.neutral;
        all.positive += counts.positive;
        all.mixed += counts.mixed;
    }
    let lines = order.into_iter().map(|(code, counts)| (*code, counts));
    for (name, c) in lines.chain([("all", &all)]) {
        let shares = [c.negative, c.neutral, c.positive, c.mixed].map(|n| percent(n, c.tagged));
        let figures = [c.tagged.to_string()].into_iter().chain(shares);
        let right = figures.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row([Cell::new(name)].into_iter().chain(right));
    }
    table
}

/// Table of themes with their sentiment; the last column only if there are exemplars.
fn theme_table(what: &str, lines: &[ThemeLine]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let cell = |text: String, right: bool| {
        Cell::new(text).set_alignment(if right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        })
    };
    let columns = if lines.iter().any(|line| line.exemplar.is_some()) {
        6
    } else {
        5
    };
    let row = |values: [String; 6]| {
        values
            .into_iter()
            .take(columns)
            .enumerate()
            .map(move |(at, value)| cell(value, (1..5).contains(&at)))
    };
    table.set_header(row(
        [what, "mentions", "negative", "positive", "net", "for example"].map(str::to_owned)
    ));
    for line in lines.iter().take(THEMES) {
        let share = |part| percent(part, line.tally.mentions);
        table.add_row(row([
            line.theme.clone(),
            line.tally.mentions.to_string(),
            share(line.tally.negative),
            share(line.tally.positive),
            format!("{:+.2}", line.net_sentiment),
            line.exemplar.clone().unwrap_or_default(),
        ]));
    }
    table
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        writeln!(
            f,
            "{bold}{} rows{bold:#}, {} tagged, {} duplicates, {} to review",
            self.rows, self.tagged, self.duplicates, self.review
        )?;
        if !self.abstained.is_empty() {
            let reasons: Vec<String> = self
                .abstained
                .iter()
                .map(|(reason, n)| format!("{n} {}", reason.name()))
                .collect();
            writeln!(f, "abstained: {}", reasons.join(", "))?;
        }
        if self.misread > 0 {
            writeln!(f, "repaired: {} comments in a wrong encoding", self.misread)?;
        }
        if self.rejected + self.failed > 0 {
            writeln!(f, "not tagged: {} rejected, {} failed", self.rejected, self.failed)?;
        }
        let unread = &self.unread;
        let unread = [
            ("times", unread.times, &unread.first_time),
            ("ratings", unread.ratings, &unread.first_rating),
        ];
        for (what, count, first) in unread.into_iter().filter(|(_, count, _)| *count > 0) {
            let first = first.as_deref().map(shortened).unwrap_or_default();
            writeln!(
                f,
                "not understood: {count} {what}, the first is \u{201c}{first}\u{201d}; they stay empty"
            )?;
        }
        if !self.languages.is_empty() {
            writeln!(f, "\n{}", share_table(&self.languages))?;
        }
        if !self.touchpoints.is_empty() {
            writeln!(f, "\n{}", theme_table("touchpoint", &self.touchpoints))?;
            let more = self.touchpoints.len().saturating_sub(THEMES);
            if more > 0 {
                writeln!(f, "{more} more touchpoints")?;
            }
        }
        if !self.themes.is_empty() {
            writeln!(f, "\n{}", theme_table("theme", &self.themes))?;
            let more = self.themes.len().saturating_sub(THEMES);
            let rest = if more > 0 {
                format!("{more} more themes; ")
            } else {
                String::new()
            };
            writeln!(f, "{rest}{} comments speak of none", self.without_theme)?;
        }
        let sides = [
            ("most negative", AnsiColor::Red, &self.most_negative),
            ("most positive", AnsiColor::Green, &self.most_positive),
        ];
        for (title, color, quotes) in sides.into_iter().filter(|(_, _, quotes)| !quotes.is_empty()) {
            let color = Style::new().fg_color(Some(color.into()));
            writeln!(f, "\n{bold}{title}{bold:#}")?;
            for quote in quotes {
                writeln!(
                    f,
                    "  {color}{:+.2}{color:#}  {}  {}  {}",
                    quote.score, quote.id, quote.language, quote.text
                )?;
            }
        }
        Ok(())
    }
}
