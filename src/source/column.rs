//! The columns with the comments and with the id, found in a sample of the table. Each text column is scored by how much its values read like
//! sentences: words per value, how many values are distinct, no links, numbers, dates or ids; its name only tips the scales. A title is part of the
//! comment it stands over; a reply of the company is none. Refuses to choose between two columns that read alike.

use std::borrow::Cow;
use std::collections::HashSet;

use polars::prelude::*;

use super::SourceOptions;
use super::identity;
use super::names::{self, Hint};
use super::place;
use super::rating;
use super::table::{Sample, Table, as_text, listed};
use crate::error::{Error, Result};

/// Minimum score of a comment column. One-word answers of which one in ten is distinct reach 0.09.
const ENOUGH: f64 = 0.08;
/// Score above which a name adds nothing. Eight words a value reach 0.64, product names less than 0.4.
const SURE: f64 = 0.4;
/// A second column with this share of the best score is equally likely.
const CLOSE: f64 = 0.75;
/// Number of words at which the likeness of a value is 1.
const FULL_LENGTH: f64 = 30.0;
/// Number of characters of a value that are inspected.
const LOOKED_AT: usize = 1000;

/// How notes on ids begin.
const IDS_IN: &str = "ids are in ";
const NOT_OWN: &str = "ids in ";

/// Whether a note says where ids are.
pub(super) fn is_about_ids(note: &str) -> bool {
    [IDS_IN, NOT_OWN].iter().any(|begin| note.starts_with(begin))
}

/// What a look at the values says.
enum Found {
    /// This column, with its score.
    One(String, f64),
    /// Two columns are equally likely; each with an example.
    Two([(String, String); 2]),
    /// No column looks like comments.
    None,
}

/// Finds the columns that the user did not name from a sample of these files.
pub(super) fn settle(
    tables: &[&Table],
    schema: &Schema,
    options: &SourceOptions,
    notes: &mut Vec<String>,
) -> Result<(Vec<String>, Option<String>)> {
    if !options.text.is_empty() && options.id.is_some() {
        return Ok((options.text.clone(), options.id.clone()));
    }
    let members: Vec<String> = tables.iter().flat_map(|table| table.names()).collect();
    let look = |rows: usize| {
        let mut sample = Sample::take(tables, schema, rows)?;
        sample.frame = place::with_members(&sample.frame, &members).map_err(broken)?;
        Ok::<_, Error>(sample)
    };
    let mut looked_at = look(1_000)?;
    let mut text = options.text.clone();
    // A table without rows needs no comment column.
    if text.is_empty() && looked_at.frame.height() > 0 {
        let mut found = by_values(&looked_at.frame)?;
        if !matches!(found, Found::One(..)) || looked_at.frame.columns().iter().any(is_blank) {
            // Comments may begin late: in some exports most complaints have no narrative.
            looked_at = look(20_000)?;
            found = by_values(&looked_at.frame)?;
        }
        if options.answers {
            text = answers(&looked_at.frame)?;
        }
        let name = match (found, by_name(&looked_at.frame)) {
            _ if text.len() > 1 => None,
            // No comments at all today; product names are still no comments.
            (Found::One(_, score), Some(called)) if score < SURE && is_blank(called) => Some(called.name().to_string()),
            (Found::One(name, _), _) => Some(name),
            (Found::None, Some(called)) => Some(called.name().to_string()),
            (Found::Two(pair), _) => return Err(ambiguous(pair)),
            (Found::None, None) => {
                return Err(Error::NoTextColumn {
                    columns: listed(schema.iter_names().map(|n| n.as_str())),
                });
            }
        };
        if let Some(name) = name {
            text = if options.answers {
                None
            } else {
                title_over(&looked_at.frame, &name)?
            }
            .into_iter()
            .chain([name])
            .collect();
        }
        let named = text.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        notes.push(match named.as_slice() {
            [name] => format!("comments are in column {name}"),
            names if options.answers => {
                format!("answers are in columns {}, each a comment of its own", names.join(", "))
            }
            names => format!("comments are in columns {}, title and text as one", names.join(" and ")),
        });
    }
    // Of members of nested values, only one beside the comment can be its id.
    let parent = text
        .last()
        .and_then(|name| name.rsplit_once('.'))
        .map(|(parent, _)| parent);
    let may_be_id = |name: &str| schema.contains(name) || name.rsplit_once('.').map(|(parent, _)| parent) == parent;
    let columns = looked_at
        .frame
        .columns()
        .iter()
        .filter(|column| may_be_id(column.name()));
    looked_at.frame = DataFrame::new(looked_at.frame.height(), columns.cloned().collect()).map_err(broken)?;
    let mut id = options.id.clone();
    if id.is_none() && looked_at.frame.height() > 0 {
        id = own_id(&looked_at)?;
        match &id {
            Some(name) => notes.push(format!("{IDS_IN}column `{name}`")),
            None => notes.extend(not_own(&looked_at.frame)),
        }
    }
    Ok((text, id))
}

/// Survey questions that look like comments, in the survey's order.
pub(super) fn open_questions(sample: &DataFrame, questions: &[&str]) -> Result<Vec<String>> {
    /// Minimum share of the best score for an open question.
    const HALF: f64 = 0.5;
    let mut read = Vec::new();
    for name in questions {
        let Ok(column) = sample.column(name) else { continue };
        if !is_texty(column.dtype()) {
            continue;
        }
        let text = place::cells(column).map_err(broken)?;
        let cells: Vec<&str> = text.str().map_err(broken)?.iter().flatten().collect();
        if rating::scale_of(name, cells.iter().copied()).is_none() {
            read.push((Reading::of(cells.into_iter()).score(), *name));
        }
    }
    let best = read.iter().map(|(score, _)| *score).fold(ENOUGH, f64::max);
    let open = read
        .into_iter()
        .filter(|(score, _)| *score >= (best * HALF).max(ENOUGH));
    Ok(open.map(|(_, name)| name.to_owned()).collect())
}

/// The columns that read like comments, with score and example, the likeliest first.
fn ranked(sample: &DataFrame) -> Result<Vec<(f64, String, String)>> {
    /// A member of a nested value is less likely than a column of the table.
    const NESTED: f64 = 0.7;
    /// A list of strings is rather one of tags.
    const LIST: f64 = 0.5;
    let mut ranked: Vec<(f64, String, String)> = Vec::new();
    for column in sample.columns() {
        let weight = names::hint(column.name()).weight();
        if weight == 0.0 || !is_texty(column.dtype()) {
            continue;
        }
        let text = place::cells(column).map_err(broken)?;
        let cells: Vec<_> = text
            .str()
            .map_err(broken)?
            .iter()
            .flatten()
            .map(place::unlisted)
            .collect();
        let is_list =
            matches!(column.dtype(), DataType::List(_)) || cells.iter().any(|cell| matches!(cell, Cow::Owned(_)));
        let reading = Reading::of(cells.iter().map(AsRef::as_ref));
        let apart = match (
            column.name().contains('.'),
            is_list && names::hint(column.name()) != Hint::Comment,
        ) {
            (false, false) => 1.0,
            (true, false) => NESTED,
            (_, true) => LIST,
        };
        let score = reading.score() * weight * apart;
        // Two notations of one text: `textDisplay` and `textOriginal`.
        let is_copy = ranked
            .iter()
            .any(|(other, _, example)| *example == reading.example && (other - score).abs() < 0.1 * score);
        if score >= ENOUGH && !is_copy {
            ranked.push((score, column.name().to_string(), reading.example));
        }
    }
    // Stable: of equals, the first column of the table comes first.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(ranked)
}

/// Finds the comments by what the columns hold.
fn by_values(sample: &DataFrame) -> Result<Found> {
    let mut ranked = ranked(sample)?;
    // A title that reads as much like a comment as the text under it.
    if let [(best, first, _), (second, other, _), ..] = ranked.as_slice()
        && *second >= best * CLOSE
        && names::is_title(first) != names::is_title(other)
    {
        let title = usize::from(names::is_title(other));
        ranked.remove(title);
    }
    let mut ranked = ranked.into_iter();
    Ok(match (ranked.next(), ranked.next()) {
        (None, _) => Found::None,
        (Some(best), Some(second)) if second.0 >= best.0 * CLOSE => {
            Found::Two([(best.1, best.2), (second.1, second.2)])
        }
        (Some(best), _) => Found::One(best.1, best.0),
    })
}

/// The columns of a survey's answers, in the survey's order: all that read at least half as much like comments as the one that does most, a third if
/// they are called by a question, whose answers are often one word.
fn answers(sample: &DataFrame) -> Result<Vec<String>> {
    let ranked = ranked(sample)?;
    let Some((best, ..)) = ranked.first() else {
        return Ok(Vec::new());
    };
    let is_question = |name: &str| name.contains('?') || name.split_whitespace().count() >= 4;
    let is_open = |score: f64, name: &str| {
        let share = if is_question(name) { 3.0 } else { 2.0 };
        score >= best / share && !names::is_title(name)
    };
    let open: Vec<&String> = ranked
        .iter()
        .filter(|(score, name, _)| is_open(*score, name))
        .map(|(_, name, _)| name)
        .collect();
    let all = sample.columns().iter().map(|column| column.name().to_string());
    Ok(all.filter(|name| open.contains(&name)).collect())
}

/// The title over the comments in column `text`: called so, written by the customers, and hardly ever the same twice, as names of products are.
fn title_over(sample: &DataFrame, text: &str) -> Result<Option<String>> {
    let parent = |name: &str| name.rsplit_once('.').map(|(parent, _)| parent.to_owned());
    for column in sample.columns() {
        let name = column.name().as_str();
        if name == text || !names::is_title(name) || parent(name) != parent(text) || !is_texty(column.dtype()) {
            continue;
        }
        let cells = place::cells(column).map_err(broken)?;
        let reading = Reading::of(cells.str().map_err(broken)?.iter().flatten());
        if reading.filled > 0 && reading.likeness > 0.0 && 2 * reading.distinct.len() > reading.filled {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// The column that reads like comments, if there is one and no second one.
pub(super) fn single(frame: &DataFrame) -> Option<String> {
    match by_values(frame) {
        Ok(Found::One(name, _)) => Some(name),
        Ok(Found::None) => by_name(frame).map(|column| column.name().to_string()),
        Ok(Found::Two(_)) | Err(_) => None,
    }
}

/// The column that is called like comments, if it is the only one.
fn by_name(sample: &DataFrame) -> Option<&Column> {
    let mut named = sample
        .columns()
        .iter()
        .filter(|c| is_texty(c.dtype()) && names::hint(c.name()) == Hint::Comment);
    let only = named.next();
    if named.next().is_none() { only } else { None }
}

/// Whether a candidate column is empty in every row.
fn is_blank(column: &Column) -> bool {
    let blank = |text: &Column| {
        text.str()
            .is_ok_and(|text| text.iter().flatten().all(|value| value.trim().is_empty()))
    };
    is_texty(column.dtype()) && place::cells(column).is_ok_and(|text| blank(&text))
}

/// The error for [`Found::Two`].
fn ambiguous([first, second]: [(String, String); 2]) -> Error {
    let ((first, first_example), (second, second_example)) = (first, second);
    Error::TwoTextColumns {
        first,
        first_example,
        second,
        second_example,
    }
}

/// The column that is named like the record's own id, has a value in every row and no repeats within a file.
fn own_id(sample: &Sample) -> Result<Option<String>> {
    let mut named: Vec<_> = sample
        .frame
        .columns()
        .iter()
        .filter_map(|c| identity::own_id_rank(c.name()).map(|rank| (rank, c)))
        .collect();
    named.sort_by_key(|(rank, _)| *rank);
    for (_, column) in named {
        let Ok(text) = as_text(column) else { continue };
        let (mut seen, mut file) = (HashSet::new(), 0);
        let unique = text.str().map_err(broken)?.iter().enumerate().all(|(row, value)| {
            // Exports overlap: the same row in two files may have the same id.
            while sample.ends.get(file).is_some_and(|&end| row >= end) {
                seen.clear();
                file += 1;
            }
            value.is_some_and(|value| !value.trim().is_empty() && seen.insert(value.to_owned()))
        });
        if unique {
            return Ok(Some(column.name().to_string()));
        }
    }
    Ok(None)
}

/// Note on id columns that are not the rows' own.
fn not_own(sample: &DataFrame) -> Option<String> {
    let names = sample.columns().iter().map(|column| column.name().as_str());
    let ids: Vec<String> = names
        .filter(|name| identity::ends_like_id(name))
        .map(|name| format!("`{name}`"))
        .collect();
    (!ids.is_empty()).then(|| {
        format!(
            "{NOT_OWN}{} are not the rows' own, or not one for each: a row is known by its content (--id COLUMN decides otherwise)",
            ids.join(", ")
        )
    })
}

/// Checks a name given by the user; a wrong one is an error with the nearest names.
pub(super) fn named(option: &'static str, name: &str, schema: &Schema) -> Result<()> {
    if schema.contains(name) {
        return Ok(());
    }
    let lower = name.to_lowercase();
    let mut near: Vec<_> = schema
        .iter_names()
        .map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other.as_str()))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let hint = if near.is_empty() {
        format!("columns: {}", listed(schema.iter_names().map(|n| n.as_str())))
    } else {
        let near: Vec<_> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
        format!("did you mean {}?", near.join(" or "))
    };
    Err(Error::UnknownColumn {
        option,
        name: name.to_owned(),
        hint,
    })
}

fn is_texty(dtype: &DataType) -> bool {
    matches!(
        dtype,
        DataType::String | DataType::Binary | DataType::Categorical(..) | DataType::Enum(..)
    ) || matches!(dtype, DataType::List(inner) if matches!(**inner, DataType::String | DataType::Categorical(..) | DataType::Enum(..)))
}

fn broken(source: PolarsError) -> Error {
    Error::Columns {
        file: "the sample".to_owned(),
        source,
    }
}

/// Statistics of a column.
#[derive(Default)]
struct Reading {
    /// Number of non-empty values.
    filled: usize,
    distinct: HashSet<String>,
    /// Sum of the likeness of each value to a sentence, 0 to 1.
    likeness: f64,
    /// The most sentence-like value, shortened to one line.
    example: String,
    best: f64,
}

impl Reading {
    fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut reading = Reading::default();
        for value in values.map(str::trim).filter(|value| !value.is_empty()) {
            let end = value.char_indices().nth(LOOKED_AT).map_or(value.len(), |(at, _)| at);
            let value = &value[..end];
            let Some(likeness) = likeness(value) else { continue };
            reading.filled += 1;
            reading.likeness += likeness;
            if likeness > reading.best {
                reading.best = likeness;
                reading.example = one_line(value);
            }
            reading.distinct.insert(value.to_lowercase());
        }
        reading
    }

    /// Mean likeness, reduced for columns that repeat a few values. Comments repeat too ("ok"), so half distinct is enough, and the root separates
    /// short answers from categories.
    fn score(&self) -> f64 {
        if self.filled == 0 {
            return 0.0;
        }
        let filled = self.filled as f64;
        let distinct = self.distinct.len() as f64 / filled;
        let repeats = if self.distinct.len() == 1 && self.filled > 1 {
            0.05
        } else {
            (2.0 * distinct).min(1.0).sqrt()
        };
        self.likeness / filled * repeats
    }
}

/// How much a value reads like a sentence, 0 to 1; none for values that say nothing either way (emoji, dashes).
pub(super) fn likeness(value: &str) -> Option<f64> {
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let digits = value.chars().filter(|c| c.is_numeric()).count();
    if letters + digits == 0 {
        return None;
    }
    let one_token = !value.contains(char::is_whitespace);
    let link = one_token && (value.contains("://") || value.contains('@') || value.starts_with("www."));
    let code = one_token && digits > 0;
    let structured = value.starts_with(['{', '[']);
    if link || code || structured || (letters as f64) < 0.6 * (letters + digits) as f64 {
        return Some(0.0);
    }
    // Scripts without spaces: about two characters a word.
    let unspaced = value
        .chars()
        .filter(|c| matches!(c, '\u{E00}'..='\u{E7F}' | '\u{3040}'..='\u{9FFF}'))
        .count()
        / 2;
    let words: Vec<&str> = value
        .split_whitespace()
        .filter(|w| w.contains(char::is_alphabetic))
        .collect();
    let name = (2..=3).contains(&words.len()) && words.iter().all(|w| w.starts_with(char::is_uppercase));
    let length = words.len().max(unspaced) as f64;
    let full = ((1.0 + length).ln() / (1.0 + FULL_LENGTH).ln()).min(1.0);
    Some(if name { full / 2.0 } else { full })
}

fn one_line(value: &str) -> String {
    const SHOWN: usize = 60;
    let words = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}
