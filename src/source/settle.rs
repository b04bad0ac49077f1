//! Which columns of a file hold text, id, time, rating and channel. Input: the tables, and what the user said. Output: a [`Mapping`] per file. The
//! user decides before the preset, the preset before what a sample of the values suggests.

use std::collections::VecDeque;

use polars::prelude::*;

use super::column::{self, named};
use super::mapping::Mapping;
use super::moment::{self, DateOrder, Languages, Zone};
use super::place::{self, Place};
use super::preset::{Names, Preset};
use super::rating;
use super::seek;
use super::table::{Sample, Table};
use super::{Roles, SourceOptions};
use crate::error::{Error, Result};

/// Rows of each file that are looked at.
const SAMPLED: usize = 1_000;

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
        ("--id", &options.id),
    ];
    let texts = options.text.iter().map(|name| ("--text", name));
    let asked = asked
        .iter()
        .filter_map(|(option, name)| name.as_ref().map(|name| (*option, name)));
    for (option, name) in asked.chain(texts) {
        named(option, Place::of(name, schema).column(), schema)?;
    }
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
        let sample = place::with_members(&sample, &table.names()).map_err(broken)?;
        let file = &table.input.name;
        let mut note = |note: String| notes.push(format!("{file}: {note}"));
        let mut mapping = match table.preset {
            Some(preset) => known(preset, table, &sample, options, &mut note)?,
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
        if options.answers && (!options.text.is_empty() || mapping.preset.is_none_or(|preset| preset.questions)) {
            let question = |place: &Place| table.label(place.column()).map_or_else(|| place.name(), str::to_owned);
            mapping.questions = mapping.text.iter().map(question).collect();
        }
        mapping
            .settle_time(table, roles, schema, &sample, &mut note)
            .map_err(broken)?;
        mapping
            .settle_rating(table, roles, schema, &sample, &mut note)
            .map_err(broken)?;
        if let Some(name) = &roles.channel {
            mapping.channel = Some(place(name));
        }
        if let Some(preset) = mapping.preset {
            note(mapping.says(preset));
        }
        mappings.push(mapping);
    }
    Ok(mappings)
}

/// Whether a question's label says that its answers were chosen, not written.
fn is_choice(label: &str) -> bool {
    const MARKS: [&str; 10] = [
        "selected choice",
        "ausgewählte option",
        "opción seleccionada",
        "choix sélectionné",
        "opção selecionada",
        "scelta selezionata",
        "geselecteerde keuze",
        "wybrana opcja",
        "вибраний варіант",
        "выбранный вариант",
    ];
    let label = label.to_lowercase();
    MARKS.iter().any(|mark| label.ends_with(mark))
}

fn broken(source: PolarsError) -> Error {
    Error::Columns {
        file: "the sample".to_owned(),
        source,
    }
}

/// The mapping that a preset gives a table.
fn known(
    preset: &'static Preset,
    table: &Table,
    sample: &DataFrame,
    options: &SourceOptions,
    note: &mut dyn FnMut(String),
) -> Result<Mapping> {
    let schema = table.schema();
    let names = table.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let place = |wanted: &Names| wanted.among(&names).map(|name| Place::of(name, &schema));
    let mut mapping = Mapping {
        preset: Some(preset),
        text: preset.text.iter().filter_map(place).collect(),
        id: preset.id.as_ref().and_then(place),
        time: preset.time.iter().filter_map(place).collect(),
        form: moment::Form {
            order: preset.order,
            ..moment::Form::default()
        },
        rating: preset.rating.as_ref().and_then(place),
        scale: preset.scale,
        channel: preset.channel.as_ref().and_then(place),
        ..Mapping::default()
    };
    if preset.questions && options.text.is_empty() && sample.height() > 0 {
        let is_open = |name: &&str| preset.is_question(name) && !is_choice(table.label(name).unwrap_or(name));
        let questions: Vec<&str> = names.iter().copied().filter(is_open).collect();
        let open = column::open_questions(sample, &questions)?;
        if open.len() > 1 && !options.answers {
            note(format!(
                "{} open questions are joined into one comment; --answers reads each answer as a comment of its own",
                open.len()
            ));
        }
        mapping.text = open.iter().map(|name| Place::of(name, &schema)).collect();
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
    /// Takes the time that the user named, looks for it where it is still open, and settles how its values are read.
    fn settle_time(
        &mut self,
        table: &Table,
        roles: &Roles,
        schema: &Schema,
        sample: &DataFrame,
        note: &mut dyn FnMut(String),
    ) -> PolarsResult<()> {
        if let Some(name) = &roles.time {
            (self.time, self.form.order) = (vec![Place::of(name, schema)], None);
        } else if self.time.is_empty() && self.preset.is_none_or(|preset| preset.questions) {
            let names = seek::time(sample)?;
            if !names.is_empty() {
                let all = names
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(" and ");
                let column = if names.len() > 1 { "columns" } else { "column" };
                note(format!("times are in {column} {all}"));
            }
            self.time = names.iter().map(|name| Place::of(name, schema)).collect();
        }
        self.form.order = roles.date_order.or(self.form.order);
        let Some(column) = self.time.first().map(Place::name) else {
            return Ok(());
        };
        if self.typed_times(sample)?.is_some() {
            return Ok(());
        }
        let cells = self.time_cells(sample)?;
        let cells: Vec<&str> = cells.iter().flatten().map(String::as_str).collect();
        let form = seek::form(&cells);
        (self.form.languages, self.form.serial) = (form.languages, form.serial);
        let unread = |cell: &&str| moment::read(cell, &self.form.with_order(DateOrder::Dmy)).is_none();
        if cells.iter().any(unread) {
            // `listopada` is November in Polish and October in Croatian; the comments tell which.
            self.form.languages = self.form.languages.narrowed(self.language(sample)?);
        }
        self.form.zone = table.zone(&column).or_else(|| Zone::in_name(&column));
        if let Some(zone) = self.form.zone.filter(|zone| *zone != Zone::Fixed(0)) {
            note(format!(
                "times in column `{column}` are in the zone {zone}, as the file says"
            ));
        }
        if let Some(number) = cells.iter().find(|cell| self.form.serial && moment::is_serial(cell)) {
            note(format!(
                "numbers in column `{column}` are read as the days of a spreadsheet: {number} is {}",
                moment::read(number, &self.form)
                    .and_then(chrono::DateTime::from_timestamp_millis)
                    .map_or_else(String::new, |at| at.format("%Y-%m-%d").to_string())
            ));
        }
        if self.form.order.is_none() {
            self.order_by_values(&column, &cells, note);
        }
        Ok(())
    }

    /// The language of the first comments.
    fn language(&self, sample: &DataFrame) -> PolarsResult<Languages> {
        const LOOKED_AT: usize = 4_000;
        let mut text = String::new();
        for place in &self.text {
            for comment in place.values(sample)?.into_iter().flatten() {
                if text.len() < LOOKED_AT {
                    text.push_str(&comment);
                    text.push('\n');
                }
            }
        }
        Ok(Languages::of(
            crate::text::language(crate::text::clean(&text).text()).code,
        ))
    }

    /// Takes the rating that the user named, looks for it where it is still open, and settles its scale by the values.
    fn settle_rating(
        &mut self,
        table: &Table,
        roles: &Roles,
        schema: &Schema,
        sample: &DataFrame,
        note: &mut dyn FnMut(String),
    ) -> PolarsResult<()> {
        if let Some(name) = &roles.rating {
            (self.rating, self.scale) = (Some(Place::of(name, schema)), None);
        } else if self.rating.is_none() && self.preset.is_none_or(|preset| preset.questions) {
            let questions = |name: &str| self.preset.is_none_or(|preset| preset.is_question(name));
            match seek::rating(table, sample, questions)? {
                seek::Rating::Found(name, scale) => {
                    note(format!("ratings are in column `{name}` ({})", scale.name()));
                    (self.rating, self.scale) = (Some(Place::of(&name, schema)), Some(scale));
                }
                seek::Rating::NotUnderstood { column, count, example } => note(format!(
                    "column `{column}` is called like a rating, but its {count} values are not understood, the first is \u{201c}{example}\u{201d}; say which column holds ratings with --rating"
                )),
                seek::Rating::None => {}
            }
        }
        self.scale = roles.rating_scale.or(self.scale);
        if let (Some(place), None) = (&self.rating, self.scale) {
            let cells = place.values(sample)?;
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
    fn order_by_values(&mut self, column: &str, cells: &[&str], note: &mut dyn FnMut(String)) {
        match moment::proven(cells.iter().copied(), &self.form) {
            Ok(Some(order)) => {
                let first = if order == DateOrder::Dmy { "day" } else { "month" };
                note(format!(
                    "dates in column `{column}` are read {first} first, as its values show"
                ));
                self.form.order = Some(order);
            }
            Ok(None) => {
                if let Some(example) = cells.iter().find(|cell| moment::proof(cell, &self.form) == Some(None)) {
                    note(format!(
                        "dates in column `{column}` may be day first or month first ({example}) and stay empty; say which with --date-order"
                    ));
                }
            }
            Err(()) => note(format!(
                "some dates in column `{column}` are day first and some month first; those that can be both stay empty"
            )),
        }
    }
}
