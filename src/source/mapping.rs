//! What the columns of a file mean. A [`Mapping`] says where text, id, time, rating and channel of a file are and how they are read; it is
//! settled by [`settle`](super::settle). For a batch of rows it gives the [`Mapped`] values. Times and ratings that are not understood become
//! null and are counted.

use polars::prelude::*;

use super::moment::{self, Form};
use super::place::Place;
use super::preset::Preset;
use super::rating::{self, Answer, Scale};

/// The columns that hold the parts of a comment in one file.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The preset that was recognised or forced.
    pub preset: Option<&'static Preset>,
    /// Parts of the comment, joined with a blank line.
    pub text: Vec<Place>,
    /// The question that each of these parts answers, where each answer is read as a comment of its own; else empty.
    pub questions: Vec<String>,
    /// The row's id.
    pub id: Option<Place>,
    /// Date and time, or the date and then the time of day.
    pub time: Vec<Place>,
    /// How its times are read.
    pub form: Form,
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
    /// The survey question that each row answers, where answers are read one by one.
    pub questions: Vec<Option<String>>,
    /// Values that were not understood.
    pub unread: Unread,
}

impl Mapped {
    /// So many rows of which nothing is known.
    pub(super) fn nulls(rows: usize) -> Self {
        Self {
            times: vec![None; rows],
            ratings: vec![None; rows],
            channels: vec![None; rows],
            questions: vec![None; rows],
            ..Self::default()
        }
    }

    /// Only these rows, by their places in the batch; what was not understood is still that of all.
    pub(super) fn take(&self, places: &[IdxSize]) -> Self {
        let at = || places.iter().map(|&place| place as usize);
        Self {
            times: at().map(|n| self.times[n]).collect(),
            ratings: at().map(|n| self.ratings[n]).collect(),
            scale: self.scale,
            channels: at().map(|n| self.channels[n].clone()).collect(),
            questions: at().map(|n| self.questions[n].clone()).collect(),
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
            questions: vec![None; frame.height()],
            unread: Unread::default(),
        };
        if let Some(times) = self.typed_times(frame)? {
            mapped.times = times;
        } else {
            for (time, cell) in mapped.times.iter_mut().zip(self.time_cells(frame)?) {
                let Some(cell) = cell else { continue };
                *time = moment::read(&cell, &self.form);
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
    pub(super) fn typed_times(&self, frame: &DataFrame) -> PolarsResult<Option<Vec<Option<i64>>>> {
        let [place] = self.time.as_slice() else {
            return Ok(None);
        };
        let column = frame.column(place.column())?;
        if place.is_nested() || !matches!(column.dtype(), DataType::Date | DataType::Datetime(..)) {
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
    pub(super) fn time_cells(&self, frame: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
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
    pub(super) fn says(&self, preset: &Preset) -> String {
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
