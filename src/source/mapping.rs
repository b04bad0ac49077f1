//! Which columns of a file hold text, id, time, rating and channel? Input: a table, what the user said, and the preset that knows
//! the table, if any. Output: a [`Mapping`] per file, and the [`Mapped`] values of each batch. The user decides before the preset,
//! the preset before what a sample of the values suggests. Refuses to guess: times and ratings that are not understood become
//! null and are counted.

use std::borrow::Cow;
use std::collections::VecDeque;

use polars::prelude::*;

use super::column::{self, named};
use super::moment::{self, DateOrder};
use super::names;
use super::preset::{Names, Preset};
use super::rating::{self, Answer, Scale};
use super::table::{Sample, Table, as_text};
use super::{Roles, SourceOptions};
use crate::error::{Error, Result};

/// Rows of each file that are looked at.
const SAMPLED: usize = 1_000;
/// Share of a column's values that must read as times before it counts as one by its looks.
const MOSTLY: f64 = 0.9;

/// A column, or a member of the nested values in it: `consumer.displayName`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    column: String,
    member: Vec<String>,
}

impl Place {
    /// The place called `name` in a table with these columns; a column of that very name comes first.
    fn of(name: &str, schema: &Schema) -> Self {
        match name.split_once('.') {
            Some((column, rest)) if !schema.contains(name) && schema.contains(column) => Self {
                column: column.to_owned(),
                member: rest.split('.').map(str::to_owned).collect(),
            },
            _ => Self {
                column: name.to_owned(),
                member: Vec::new(),
            },
        }
    }

    /// The column it is in.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// As the user would write it.
    pub fn name(&self) -> String {
        [std::slice::from_ref(&self.column), &self.member].concat().join(".")
    }

    /// The values of a batch as text.
    pub(super) fn values(&self, frame: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
        let column = frame.column(&self.column)?;
        let mut member = self.member.as_slice();
        let inner;
        let column = match (column.dtype(), member) {
            (DataType::Struct(_), [first, rest @ ..]) => {
                member = rest;
                inner = column.struct_()?.field_by_name(first)?.into_column();
                &inner
            }
            _ => column,
        };
        let text = as_text(column)?;
        let cells = text.str()?.iter();
        Ok(match member {
            [] => cells.map(|cell| cell.map(str::to_owned)).collect(),
            member => cells.map(|cell| cell.and_then(|json| within(json, member))).collect(),
        })
    }
}

/// A member of a nested value that is written as JSON.
fn within(json: &str, member: &[String]) -> Option<String> {
    let mut value = &serde_json::from_str::<serde_json::Value>(json).ok()?;
    for name in member {
        let object = value.as_object()?;
        value = object.get(name).or_else(|| {
            let same = |(key, _): &(&String, &serde_json::Value)| key.eq_ignore_ascii_case(name);
            object.iter().find(same).map(|(_, value)| value)
        })?;
    }
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The columns that hold the parts of a comment in one file.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The preset that was recognised or forced.
    pub preset: Option<&'static Preset>,
    /// Parts of the comment, joined with a blank line.
    pub text: Vec<Place>,
    /// The row's id.
    pub id: Option<Place>,
    /// Date and time, or the date and then the time of day.
    pub time: Vec<Place>,
    /// The order of numbers in its dates, where it is known.
    pub order: Option<DateOrder>,
    /// The customer's rating.
    pub rating: Option<Place>,
    /// Scale of the rating, if known.
    pub scale: Option<Scale>,
    /// The way the comment came in.
    pub channel: Option<Place>,
}

/// Values of the mapped columns, row by row.
#[derive(Debug, Clone, Default)]
pub struct Mapped {
    /// Milliseconds since 1970 in UTC.
    pub times: Vec<Option<i64>>,
    /// Points on [`Mapped::scale`].
    pub ratings: Vec<Option<f32>>,
    /// Scale of the ratings.
    pub scale: Option<Scale>,
    /// The way the comment came in.
    pub channels: Vec<Option<String>>,
    /// Values that were not understood.
    pub unread: Unread,
}

impl Mapped {
    /// Only these rows, by their places in the batch; what was not understood is still that of all.
    pub(super) fn take(&self, places: &[IdxSize]) -> Self {
        let at = || places.iter().map(|&place| place as usize);
        Self {
            times: at().map(|n| self.times[n]).collect(),
            ratings: at().map(|n| self.ratings[n]).collect(),
            scale: self.scale,
            channels: at().map(|n| self.channels[n].clone()).collect(),
            unread: self.unread.clone(),
        }
    }
}

/// Counts of values in mapped columns that were not understood, with the first of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unread {
    /// Non-empty cells of the time column that are not times.
    pub times: u64,
    /// Cells of the rating column that are not ratings on its scale.
    pub ratings: u64,
    /// The first such time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_time: Option<String>,
    /// The first such rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_rating: Option<String>,
}

impl Unread {
    /// Adds the counts of the next batch.
    pub fn add(&mut self, next: &Self) {
        self.times += next.times;
        self.ratings += next.ratings;
        self.first_time = self.first_time.take().or_else(|| next.first_time.clone());
        self.first_rating = self.first_rating.take().or_else(|| next.first_rating.clone());
    }
}

impl Mapping {
    /// Reads the mapped values of rows in the settled columns.
    pub(super) fn read(&self, frame: &DataFrame) -> PolarsResult<Mapped> {
        let mut mapped = Mapped {
            times: vec![None; frame.height()],
            ratings: vec![None; frame.height()],
            channels: vec![None; frame.height()],
            scale: self.rating.as_ref().and(self.scale),
            unread: Unread::default(),
        };
        if let Some(times) = self.typed_times(frame)? {
            mapped.times = times;
        } else {
            for (time, cell) in mapped.times.iter_mut().zip(self.time_cells(frame)?) {
                let Some(cell) = cell else { continue };
                *time = moment::read(&cell, self.order);
                if time.is_none() {
                    mapped.unread.times += 1;
                    mapped.unread.first_time.get_or_insert(cell);
                }
            }
        }
        if let Some(place) = &self.rating {
            for (rating, cell) in mapped.ratings.iter_mut().zip(place.values(frame)?) {
                let Some(cell) = cell else { continue };
                match rating::read(&cell, self.scale) {
                    Answer::Points(points) => *rating = Some(points),
                    Answer::None => {}
                    Answer::Unread => {
                        mapped.unread.ratings += 1;
                        mapped.unread.first_rating.get_or_insert(cell);
                    }
                }
            }
        }
        if let Some(place) = &self.channel {
            let filled = |cell: Option<String>| cell.filter(|cell| !cell.trim().is_empty());
            mapped.channels = place.values(frame)?.into_iter().map(filled).collect();
        } else if let Some(channel) = self.preset.and_then(|preset| preset.channel_is.as_ref()) {
            mapped.channels = vec![Some(channel.clone()); frame.height()];
        }
        Ok(mapped)
    }

    /// Times that come with a type need no reading.
    fn typed_times(&self, frame: &DataFrame) -> PolarsResult<Option<Vec<Option<i64>>>> {
        let [Place { column, member }] = self.time.as_slice() else {
            return Ok(None);
        };
        let column = frame.column(column)?;
        if !member.is_empty() || !matches!(column.dtype(), DataType::Date | DataType::Datetime(..)) {
            return Ok(None);
        }
        // Values are stored in UTC, whatever zone they are displayed in.
        let instants = match column.dtype() {
            DataType::Date => column
                .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?
                .to_physical_repr(),
            _ => column.to_physical_repr(),
        };
        let per_milli = match column.dtype() {
            DataType::Datetime(TimeUnit::Nanoseconds, _) => 1_000_000,
            DataType::Datetime(TimeUnit::Microseconds, _) => 1_000,
            _ => 1,
        };
        let instants = instants.i64()?.iter().map(|at| at.map(|at| at.div_euclid(per_milli)));
        Ok(Some(instants.collect()))
    }

    /// What the time columns say together; none where the first is empty.
    fn time_cells(&self, frame: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
        let Some((first, rest)) = self.time.split_first() else {
            return Ok(Vec::new());
        };
        let mut cells = first.values(frame)?;
        for place in rest {
            for (cell, more) in cells.iter_mut().zip(place.values(frame)?) {
                if let (Some(cell), Some(more)) = (cell.as_mut(), more)
                    && !cell.trim().is_empty()
                {
                    cell.push(' ');
                    cell.push_str(&more);
                }
            }
        }
        Ok(cells
            .into_iter()
            .map(|cell| cell.filter(|cell| !cell.trim().is_empty()))
            .collect())
    }

    /// A sentence about what was recognised.
    fn says(&self, preset: &Preset) -> String {
        let names = |places: &[Place]| places.iter().map(Place::name).collect::<Vec<_>>().join(" + ");
        let mut says = format!("reads as a {} export: text = {}", preset.title, names(&self.text));
        let mut add = |what: &str, value: String| {
            if !value.is_empty() {
                says.push_str(&format!(", {what} = {value}"));
            }
        };
        add("id", self.id.iter().map(Place::name).collect());
        add("time", names(&self.time));
        let scale = self.scale.map_or(String::new(), |scale| format!(" ({})", scale.name()));
        add(
            "rating",
            self.rating.iter().map(|place| place.name() + &scale).collect(),
        );
        says
    }
}

/// Settles the mapping of every file.
pub(super) fn settle(
    tables: &VecDeque<Table>,
    schema: &Schema,
    options: &SourceOptions,
    notes: &mut Vec<String>,
) -> Result<Vec<Mapping>> {
    let roles = &options.roles;
    let asked = [
        ("--time", &roles.time),
        ("--rating", &roles.rating),
        ("--channel", &roles.channel),
    ];
    for (option, name) in asked
        .iter()
        .filter_map(|(option, name)| name.as_ref().map(|name| (*option, name)))
    {
        named(option, Place::of(name, schema).column(), schema)?;
    }
    options
        .text
        .iter()
        .try_for_each(|name| named("--text", Place::of(name, schema).column(), schema))?;
    options
        .id
        .iter()
        .try_for_each(|name| named("--id", Place::of(name, schema).column(), schema))?;
    let plain: Vec<&Table> = tables.iter().filter(|table| table.preset.is_none()).collect();
    let (text, id) = if plain.is_empty() {
        (Vec::new(), None)
    } else {
        column::settle(&plain, schema, options, notes)?
    };
    let mut mappings = Vec::with_capacity(tables.len());
    for table in tables {
        let place = |name: &String| Place::of(name, schema);
        let sample = Sample::take(&[table], schema, SAMPLED)?.frame;
        let mut mapping = match table.preset {
            Some(preset) => known(preset, table, &sample, options)?,
            None => Mapping {
                text: text.iter().map(place).collect(),
                id: id.as_ref().map(place),
                ..Mapping::default()
            },
        };
        if !options.text.is_empty() {
            mapping.text = options.text.iter().map(place).collect();
        }
        if let Some(name) = &options.id {
            mapping.id = Some(place(name));
        }
        let file = &table.input.name;
        mapping.settle_roles(table, roles, schema, &sample, &mut |note| {
            notes.push(format!("{file}: {note}"))
        })?;
        if let Some(preset) = mapping.preset {
            notes.push(format!("{file}: {}", mapping.says(preset)));
        }
        mappings.push(mapping);
    }
    Ok(mappings)
}

/// The mapping that a preset gives a table.
fn known(preset: &'static Preset, table: &Table, sample: &DataFrame, options: &SourceOptions) -> Result<Mapping> {
    let schema = table.schema();
    let names = table.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let place = |wanted: &Names| wanted.among(&names).map(|name| Place::of(name, &schema));
    let mut mapping = Mapping {
        preset: Some(preset),
        text: preset.text.iter().filter_map(place).collect(),
        id: preset.id.as_ref().and_then(place),
        time: preset.time.iter().filter_map(place).collect(),
        order: preset.order,
        rating: preset.rating.as_ref().and_then(place),
        scale: preset.scale,
        channel: preset.channel.as_ref().and_then(place),
    };
    if preset.questions && options.text.is_empty() && sample.height() > 0 {
        let questions: Vec<&str> = names.iter().copied().filter(|name| preset.is_question(name)).collect();
        mapping.text = column::open_questions(sample, &questions)?
            .iter()
            .map(|name| Place::of(name, &schema))
            .collect();
    }
    if mapping.text.is_empty() && options.text.is_empty() && (sample.height() > 0 || !preset.questions) {
        return Err(Error::PresetWithoutText {
            file: table.input.name.to_string(),
            preset: preset.name.clone(),
            wanted: preset.text_says(),
        });
    }
    Ok(mapping)
}

impl Mapping {
    /// Takes what the user named, looks for what is still open, and settles order and scale by the values.
    fn settle_roles(
        &mut self,
        table: &Table,
        roles: &Roles,
        schema: &Schema,
        sample: &DataFrame,
        note: &mut dyn FnMut(String),
    ) -> Result<()> {
        let failed = |source| Error::Columns {
            file: "the sample".to_owned(),
            source,
        };
        let place = |name: &String| Place::of(name, schema);
        let known = self.preset.filter(|preset| !preset.questions);
        if let Some(name) = &roles.time {
            (self.time, self.order) = (vec![place(name)], None);
        } else if self.time.is_empty()
            && known.is_none()
            && let Some(name) = time_column(sample).map_err(failed)?
        {
            note(format!("times are in column `{name}`"));
            self.time = vec![Place::of(&name, schema)];
        }
        if let Some(name) = &roles.rating {
            (self.rating, self.scale) = (Some(place(name)), None);
        } else if self.rating.is_none() && known.is_none() {
            let questions = |name: &str| self.preset.is_none_or(|preset| preset.is_question(name));
            if let Some((name, scale)) = rating_column(table, sample, questions).map_err(failed)? {
                note(format!("ratings are in column `{name}` ({})", scale.name()));
                (self.rating, self.scale) = (Some(Place::of(&name, schema)), Some(scale));
            }
        }
        if let Some(name) = &roles.channel {
            self.channel = Some(place(name));
        }
        self.order = roles.date_order.or(self.order);
        if self.order.is_none() {
            self.order_by_values(sample, note).map_err(failed)?;
        }
        self.scale = roles.rating_scale.or(self.scale);
        if let (Some(place), None) = (&self.rating, self.scale) {
            let cells = place.values(sample).map_err(failed)?;
            self.scale = rating::scale_of(&place.name(), cells.iter().flatten().map(String::as_str));
            if self.scale.is_none() && sample.height() > 0 {
                note(format!(
                    "the scale of the ratings in `{}` is not known; say it with --rating-scale",
                    place.name()
                ));
            }
        }
        Ok(())
    }

    /// Whether the day or the month comes first in dates of numbers, by all values of the sample.
    fn order_by_values(&mut self, sample: &DataFrame, note: &mut dyn FnMut(String)) -> PolarsResult<()> {
        if self.typed_times(sample)?.is_some() {
            return Ok(());
        }
        let cells = self.time_cells(sample)?;
        let cells = || cells.iter().flatten().map(String::as_str);
        let column = self.time.first().map_or("", |place| place.column());
        match moment::proven(cells()) {
            Ok(Some(order)) => {
                let first = if order == DateOrder::Dmy { "day" } else { "month" };
                note(format!(
                    "dates in column `{column}` are read {first} first, as its values show"
                ));
                self.order = Some(order);
            }
            Ok(None) => {
                if let Some(example) = cells().find(|cell| moment::proof(cell) == Some(None)) {
                    note(format!(
                        "dates in column `{column}` may be day first or month first ({example}) and stay empty; say which with --date-order"
                    ));
                }
            }
            Err(()) => note(format!(
                "some dates in column `{column}` are day first and some month first; those that can be both stay empty"
            )),
        }
        Ok(())
    }
}

/// The column that is called like a time and reads like one; of several the one closest to when the comment was made.
fn time_column(sample: &DataFrame) -> PolarsResult<Option<String>> {
    let mut called: Vec<_> = sample
        .columns()
        .iter()
        .filter_map(|column| names::time_rank(column.name()).map(|rank| (rank, column)))
        .collect();
    called.sort_by_key(|(rank, _)| *rank);
    for (_, column) in called {
        if matches!(column.dtype(), DataType::Date | DataType::Datetime(..)) {
            return Ok(Some(column.name().to_string()));
        }
        let Ok(text) = as_text(column) else { continue };
        let cells = text
            .str()?
            .iter()
            .flatten()
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        let (mut all, mut read) = (0_u32, 0_u32);
        for cell in cells {
            let is_time = [DateOrder::Dmy, DateOrder::Mdy]
                .iter()
                .any(|order| moment::read(cell, Some(*order)).is_some());
            all += 1;
            read += u32::from(is_time);
        }
        if all > 0 && f64::from(read) >= MOSTLY * f64::from(all) {
            return Ok(Some(column.name().to_string()));
        }
    }
    Ok(None)
}

/// The column that is called like a rating and reads like one on some scale; a recommendation before satisfaction before the rest.
/// In surveys the question says it, which may stand in a second header row.
fn rating_column(
    table: &Table,
    sample: &DataFrame,
    may_be: impl Fn(&str) -> bool,
) -> PolarsResult<Option<(String, Scale)>> {
    let mut best: Option<(String, Scale)> = None;
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
        if let Some(scale) = rating::scale_of(called, cells.iter().map(Cow::as_ref))
            && best.as_ref().is_none_or(|(_, known)| (scale as u8) < (*known as u8))
        {
            best = Some((column.name().to_string(), scale));
        }
    }
    Ok(best)
}
