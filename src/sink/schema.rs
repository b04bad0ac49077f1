//! The output schema, version 2: the added columns in a fixed order and with fixed plain types (text, lists, signed integers, times in microseconds
//! of UTC). A prefix that collides with an input column is an error.

use polars::chunked_array::builder::AnonymousOwnedListBuilder;
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::source::{Mapped, Scale};
use crate::tag::{Opinion, Quote, Sentiment, TaggedRow, Verdict};

/// Version of the output schema; a change of any name, type or meaning raises it.
pub const SCHEMA_VERSION: u32 = 2;

/// Optional columns, and the prefix of all added columns.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Columns {
    /// Prefix of every name; `ut_` by default.
    pub prefix: String,
    /// Whether to write the cleaned text.
    pub clean_text: bool,
}

/// Converts milliseconds since 1970 in UTC to a timestamp column.
fn time_column(name: PlSmallStr, times: &[Option<i64>]) -> Column {
    // A file cannot hold a time 292,000 years away, and no export contains one on purpose.
    let micros = times.iter().map(|at| at.and_then(|at| at.checked_mul(1000)));
    let micros = micros.collect::<Int64Chunked>().with_name(name);
    micros
        .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
        .into_column()
}

/// A column of nulls, reserved for later.
fn null_column(name: PlSmallStr, dtype: &DataType, rows: usize) -> Column {
    Column::full_null(name, rows, dtype)
}

/// Type of a list of structs: the text `fields`, then a probability `p`.
fn scored(fields: &[&'static str]) -> DataType {
    let texts = fields.iter().map(|name| Field::new((*name).into(), DataType::String));
    let fields = texts.chain([Field::new("p".into(), DataType::Float32)]);
    DataType::List(Box::new(DataType::Struct(fields.collect())))
}

fn float_column(name: PlSmallStr, values: impl Iterator<Item = Option<f32>>) -> Column {
    values.collect::<Float32Chunked>().with_name(name).into_column()
}

fn text_column<'a>(name: PlSmallStr, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    values.collect::<StringChunked>().with_name(name).into_column()
}

/// Builds a column of lists of structs: `fields` are those of all rows' items, concatenated; `lengths` is the number of items of each row, none for
/// null.
fn list_column(
    name: PlSmallStr,
    fields: Vec<Column>,
    lengths: impl ExactSizeIterator<Item = Option<usize>>,
) -> PolarsResult<Column> {
    let fields: Vec<Series> = fields.into_iter().map(Column::take_materialized_series).collect();
    let height = fields.first().map_or(0, |field| field.len());
    let items = StructChunked::from_series("item".into(), height, fields.iter())?.into_series();
    let mut lists = AnonymousOwnedListBuilder::new(name, lengths.len(), Some(items.dtype().clone()));
    let mut at = 0;
    for length in lengths {
        match length {
            Some(0) => lists.append_empty(),
            Some(length) => lists.append_series(&items.slice(at, length))?,
            None => lists.append_null(),
        }
        at += length.unwrap_or(0) as i64;
    }
    Ok(lists.finish().into_column())
}

/// `ut_emotions`: emotion and probability, strongest first.
fn emotions_column(name: PlSmallStr, rows: &[TaggedRow]) -> PolarsResult<Column> {
    let all = || rows.iter().flat_map(|row| &row.verdict.emotions);
    let fields = vec![
        text_column("emotion".into(), all().map(|(emotion, _)| Some(emotion.name()))),
        float_column("p".into(), all().map(|(_, p)| Some(*p))),
    ];
    let verdicts = rows.iter().map(|row| &row.verdict);
    list_column(
        name,
        fields,
        verdicts.map(|v| v.probabilities.map(|_| v.emotions.len())),
    )
}

/// `ut_signals`: signal and probability, strongest first; null where nothing was scored or the model has no such head.
fn signals_column(name: PlSmallStr, rows: &[TaggedRow]) -> PolarsResult<Column> {
    let all = || rows.iter().flat_map(|row| row.verdict.signals.iter().flatten());
    let fields = vec![
        text_column("signal".into(), all().map(|(signal, _)| Some(signal.name()))),
        float_column("p".into(), all().map(|(_, p)| Some(*p))),
    ];
    let lengths = rows.iter().map(|row| row.verdict.signals.as_ref().map(Vec::len));
    list_column(name, fields, lengths)
}

/// `ut_opinions`: the evidence, with offsets into the original comment.
fn opinions_column(name: PlSmallStr, rows: &[TaggedRow]) -> PolarsResult<Column> {
    let all = || rows.iter().flat_map(|row| row.verdict.opinions.iter().zip(&row.quotes));
    let offset = |name: &str, at: fn(&Quote) -> usize| {
        let values = all().map(|(_, quote)| i32::try_from(at(quote)).ok());
        values.collect::<Int32Chunked>().with_name(name.into()).into_column()
    };
    let text = |name: &str, of: for<'a> fn(&'a Opinion, &'a Quote) -> Option<&'a str>| {
        text_column(name.into(), all().map(|(opinion, quote)| of(opinion, quote)))
    };
    let fields = vec![
        offset("start", |quote| quote.start),
        offset("end", |quote| quote.end),
        text("text", |_, quote| Some(&quote.text)),
        text("polarity", |opinion, _| Some(opinion.polarity.name())),
        float_column("p".into(), all().map(|(opinion, _)| Some(opinion.p))),
        text("theme_id", |opinion, _| opinion.theme_id.as_deref()),
        text("touchpoint", |opinion, _| opinion.touchpoint.as_deref()),
    ];
    let verdicts = rows.iter().map(|row| &row.verdict);
    list_column(
        name,
        fields,
        verdicts.map(|v| v.probabilities.map(|_| v.opinions.len())),
    )
}

/// `ut_themes`: discovered themes and those of the taxonomy, each with its polarity.
fn themes_column(name: PlSmallStr, rows: &[TaggedRow]) -> PolarsResult<Column> {
    let all = || rows.iter().flat_map(|row| row.subject.mentions());
    let fields = vec![
        text_column("id".into(), all().map(|mention| Some(&*mention.id))),
        text_column("label".into(), all().map(|mention| Some(&*mention.label))),
        float_column("p".into(), all().map(|mention| Some(mention.p))),
        text_column("polarity".into(), all().map(|mention| Some(mention.polarity.name()))),
    ];
    let read = |row: &TaggedRow| row.verdict.probabilities.map(|_| row.subject.mentions().count());
    list_column(name, fields, rows.iter().map(read))
}

/// `ut_keyphrases`: null for comments that were not scored.
fn keyphrases_column(name: PlSmallStr, rows: &[TaggedRow]) -> Column {
    let mut column = ListStringChunkedBuilder::new(name, rows.len(), rows.len() * 4);
    for row in rows {
        match row.verdict.probabilities {
            Some(_) => column.append_values_iter(row.subject.keyphrases.iter().map(String::as_str)),
            None => column.append_null(),
        }
    }
    column.finish().into_column()
}

impl Columns {
    fn name(&self, name: &str) -> PlSmallStr {
        PlSmallStr::from_string(format!("{}{name}", self.prefix))
    }

    /// Builds the added columns of one batch of the file `source`, including the values of its mapped columns.
    ///
    /// # Errors
    /// Only when polars cannot build a column, which no input causes.
    pub fn frame(&self, source: &str, rows: &[TaggedRow], mapped: &Mapped) -> PolarsResult<DataFrame> {
        let verdicts = || rows.iter().map(|row| &row.verdict);
        let class = |n: usize| verdicts().map(move |v| v.probabilities.and_then(|p| p.get(n).copied()));
        let probabilities: Vec<Column> = Sentiment::ALL
            .iter()
            .enumerate()
            .map(|(n, s)| float_column(s.name().into(), class(n)))
            .collect();
        let fields: Vec<Series> = probabilities
            .into_iter()
            .map(Column::take_materialized_series)
            .collect();
        let mut columns = vec![
            text_column(self.name("source"), rows.iter().map(|_| Some(source))),
            rows.iter()
                .map(|row| i64::try_from(row.row).ok())
                .collect::<Int64Chunked>()
                .with_name(self.name("row"))
                .into_column(),
            text_column(self.name("id"), rows.iter().map(|row| Some(row.id.as_str()))),
            time_column(self.name("time"), &mapped.times),
            float_column(self.name("rating"), mapped.ratings.iter().copied()),
            text_column(
                self.name("rating_scale"),
                mapped
                    .ratings
                    .iter()
                    .map(|rating| rating.and(mapped.scale).map(Scale::name)),
            ),
            text_column(self.name("channel"), mapped.channels.iter().map(Option::as_deref)),
            text_column(self.name("question"), mapped.questions.iter().map(Option::as_deref)),
            text_column(self.name("language"), verdicts().map(|v| Some(v.language.code))),
            float_column(
                self.name("language_confidence"),
                verdicts().map(|v| Some(v.language.confidence)),
            ),
            text_column(
                self.name("sentiment"),
                verdicts().map(|v| v.sentiment.map(Sentiment::name)),
            ),
            float_column(self.name("sentiment_score"), verdicts().map(Verdict::score)),
            StructChunked::from_series(self.name("sentiment_p"), rows.len(), fields.iter())?
                .with_outer_validity(Some(verdicts().map(|v| v.probabilities.is_some()).collect()))
                .into_column(),
            text_column(
                self.name("emotion"),
                verdicts().map(|v| v.emotions.first().map(|(emotion, _)| emotion.name())),
            ),
            emotions_column(self.name("emotions"), rows)?,
            text_column(
                self.name("intent"),
                verdicts().map(|v| v.intent.map(|(intent, _)| intent.name())),
            ),
            float_column(self.name("intent_p"), verdicts().map(|v| v.intent.map(|(_, p)| p))),
            opinions_column(self.name("opinions"), rows)?,
            text_column(
                self.name("theme"),
                rows.iter()
                    .map(|row| row.subject.themes.first().map(|theme| &*theme.label)),
            ),
            text_column(
                self.name("theme_id"),
                rows.iter()
                    .map(|row| row.subject.themes.first().map(|theme| &*theme.id)),
            ),
            themes_column(self.name("themes"), rows)?,
            text_column(
                self.name("touchpoint"),
                rows.iter()
                    .map(|row| row.subject.touchpoint.as_ref().map(|(id, _)| &**id)),
            ),
            float_column(
                self.name("touchpoint_p"),
                rows.iter().map(|row| row.subject.touchpoint.as_ref().map(|(_, p)| *p)),
            ),
            null_column(self.name("concepts"), &scored(&["id", "name"]), rows.len()),
            signals_column(self.name("signals"), rows)?,
            null_column(self.name("category"), &DataType::String, rows.len()),
            null_column(self.name("category_p"), &DataType::Float32, rows.len()),
            null_column(self.name("categories"), &scored(&["category"]), rows.len()),
            keyphrases_column(self.name("keyphrases"), rows),
            text_column(
                self.name("duplicate_of"),
                rows.iter().map(|row| row.duplicate_of.as_deref()),
            ),
        ];
        if self.clean_text {
            columns.push(text_column(
                self.name("clean_text"),
                rows.iter().map(|row| Some(row.clean_text.as_str())),
            ));
        }
        columns.extend([
            text_column(self.name("status"), verdicts().map(|v| Some(v.status.name()))),
            text_column(self.name("reason"), verdicts().map(|v| v.reason.map(|r| r.name()))),
            verdicts()
                .map(|v| Some(v.review))
                .collect::<BooleanChunked>()
                .with_name(self.name("review"))
                .into_column(),
        ]);
        DataFrame::new(rows.len(), columns)
    }

    /// The whole output schema: the original columns, then the added ones.
    ///
    /// # Errors
    /// [`Error::ColumnTaken`] when the input has a column with the name of an added one.
    pub fn schema(&self, original: &Schema) -> Result<Schema> {
        let ours = self.frame("", &[], &Mapped::default())?;
        let mut schema = original.clone();
        for (name, dtype) in ours.schema().iter() {
            if schema.insert(name.clone(), dtype.clone()).is_some() {
                return Err(Error::ColumnTaken {
                    column: name.to_string(),
                    prefix: self.prefix.clone(),
                });
            }
        }
        Ok(schema)
    }
}
