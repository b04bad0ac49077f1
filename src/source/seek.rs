//! Times and ratings among the columns of a sample: found by their names, and by whether their values can be read.

use std::borrow::Cow;

use polars::prelude::*;

use super::moment::{self, DateOrder, Form};
use super::names;
use super::rating::{self, Answer, Scale};
use super::table::{Table, as_text};

/// Share of a column's values that must read as times before it counts as one by its looks.
const MOSTLY: f64 = 0.9;

/// How the times in these cells are read, as far as they say it: the language of their months, and whether numbers are a spreadsheet's days.
pub(super) fn form(cells: &[&str]) -> Form {
    let digits = |cell: &&&str| moment::is_number(cell.trim());
    let plain = Form::default();
    let serials = || {
        cells
            .iter()
            .filter(digits)
            .filter(|cell| moment::read(cell, &plain).is_none())
    };
    Form {
        languages: moment::languages(cells.iter().copied()),
        serial: serials().next().is_some() && serials().all(|cell| moment::is_serial(cell.trim())),
        ..plain
    }
}

/// The filled cells of a column as text; none for a type that has no text.
fn filled(column: &Column) -> Option<Vec<String>> {
    let text = as_text(column).ok()?;
    let cells = text.str().ok()?.iter().flatten().map(str::trim);
    Some(cells.filter(|cell| !cell.is_empty()).map(str::to_owned).collect())
}

/// The column that says when a comment was made, and the one with the time of day if that is apart. A column that is called like a time and reads
/// like one comes first, of several the one closest to when the comment was made; then one whose type is a time; then one that is only called so:
/// its values are told to be not understood.
pub(super) fn time(sample: &DataFrame) -> PolarsResult<Vec<String>> {
    let is_typed = |column: &Column| matches!(column.dtype(), DataType::Date | DataType::Datetime(..));
    let mut called: Vec<_> = sample
        .columns()
        .iter()
        .filter_map(|column| names::time_rank(column.name()).map(|rank| (rank, column)))
        .collect();
    // A column before a member of a nested value.
    called.sort_by_key(|(rank, column)| (column.name().contains('.'), *rank));
    let mut partly: Option<(usize, &Column)> = None;
    for (rank, column) in called {
        if is_typed(column) {
            return Ok(vec![column.name().to_string()]);
        }
        let Some(cells) = filled(column) else { continue };
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let form = form(&cells);
        let reads = |cell: &&&str| {
            [DateOrder::Dmy, DateOrder::Mdy]
                .into_iter()
                .any(|order| moment::read(cell, &form.with_order(order)).is_some())
        };
        let read = cells.iter().filter(reads).count();
        if !cells.is_empty() && read as f64 >= MOSTLY * cells.len() as f64 {
            return Ok([Some(column.name().to_string()), clock_beside(sample, column, &cells)]
                .into_iter()
                .flatten()
                .collect());
        }
        let says_a_time =
            cells.iter().any(|cell| cell.contains(|c: char| c.is_ascii_digit())) && column.dtype() == &DataType::String;
        if rank < 2 && says_a_time && !names::is_no_time(column.name()) && partly.is_none_or(|(most, _)| read > most) {
            partly = Some((read, column));
        }
    }
    let typed = sample.columns().iter().find(|column| is_typed(column));
    Ok(typed
        .or(partly.map(|(_, column)| column))
        .map(|column| column.name().to_string())
        .into_iter()
        .collect())
}

/// The column with the time of day for dates that have none.
fn clock_beside(sample: &DataFrame, date: &Column, dates: &[&str]) -> Option<String> {
    if dates.iter().any(|cell| cell.contains(':')) {
        return None;
    }
    let is_clock = |cell: &String| {
        let fields: Vec<&str> = cell.split(':').collect();
        let number = |field: &str| (1..=2).contains(&field.len()) && field.bytes().all(|b| b.is_ascii_digit());
        (2..=3).contains(&fields.len())
            && fields
                .iter()
                .all(|field| number(field.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, ' ' | '.'))))
    };
    let clock = sample.columns().iter().find(|column| {
        column.name() != date.name()
            && names::is_clock(column.name())
            && filled(column).is_some_and(|cells| !cells.is_empty() && cells.iter().all(is_clock))
    });
    clock.map(|column| column.name().to_string())
}

/// What a look for ratings finds.
pub(super) enum Rating {
    /// A column and its scale.
    Found(String, Scale),
    /// A column that is called like one, with values that are not understood.
    NotUnderstood {
        column: String,
        count: usize,
        example: String,
    },
    None,
}

/// The column that is called like a rating and reads like one on some scale. The customer's own rating comes before averages, more points before
/// yes and no, a recommendation before satisfaction before the rest, the whole before its parts. In surveys the question says it, which may stand
/// in a second header row.
pub(super) fn rating(table: &Table, sample: &DataFrame, may_be: impl Fn(&str) -> bool) -> PolarsResult<Rating> {
    let mut best: Option<((bool, u8, bool, u8, u8), String, Scale)> = None;
    let mut not_understood = Rating::None;
    for column in sample.columns() {
        let names = [table.label(column.name()), Some(column.name().as_str())];
        let Some(called) = names.into_iter().flatten().find(|name| names::is_rating(name)) else {
            continue;
        };
        if !may_be(column.name()) {
            continue;
        }
        let Ok(text) = as_text(column) else { continue };
        let cells: Vec<Cow<'_, str>> = text.str()?.iter().flatten().map(Cow::Borrowed).collect();
        let rank = names::rating_rank(called);
        let Some(scale) = rating::scale_of(called, cells.iter().map(Cow::as_ref)) else {
            let unread: Vec<&str> = cells
                .iter()
                .map(|cell| cell.trim())
                .filter(|cell| rating::read(cell, Some(Scale::Points10)) == Answer::Unread)
                .collect();
            let is_rated = rank == 0 && unread.len() == cells.len() && called.split_whitespace().count() <= 3;
            if let (true, Some(example), Rating::None) = (is_rated, unread.first(), &not_understood) {
                not_understood = Rating::NotUnderstood {
                    column: column.name().to_string(),
                    count: unread.len(),
                    example: example.chars().take(60).collect(),
                };
            }
            continue;
        };
        let is_nested = column.name().contains('.');
        let is_others = rank.saturating_sub(1);
        let is_binary = scale == Scale::GoodBad;
        let order = (is_nested, is_others, is_binary, scale as u8, rank);
        if best.as_ref().is_none_or(|(known, ..)| order < *known) {
            best = Some((order, column.name().to_string(), scale));
        }
    }
    Ok(best.map_or(not_understood, |(_, name, scale)| Rating::Found(name, scale)))
}
