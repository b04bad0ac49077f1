//! The columns Undertone adds: schema version 1. Input: a batch's rows and verdicts. Output: those columns as a frame, in a fixed order and with
//! fixed types. It refuses a prefix that collides with a column of the input.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::tag::{Sentiment, Status, TaggedRow, Verdict};

/// Version of the output schema; a change of any name, type or meaning raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// Which of the optional columns are written, and how all are named.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Put before every name; `ut_` unless the user says otherwise.
    pub prefix: String,
    /// Write the cleaned text as well.
    pub clean_text: bool,
}

fn enumeration(names: impl IntoIterator<Item = &'static str>) -> PolarsResult<DataType> {
    let categories = FrozenCategories::new(names)?;
    let mapping = categories.mapping().clone();
    Ok(DataType::Enum(categories, mapping))
}

/// Fills a column of a closed set of names.
fn enum_column(
    name: PlSmallStr,
    names: &[&'static str],
    values: impl Iterator<Item = Option<&'static str>>,
) -> PolarsResult<Column> {
    let strings: StringChunked = values.collect();
    Ok(strings
        .with_name(name)
        .into_series()
        .cast(&enumeration(names.iter().copied())?)?
        .into_column())
}

fn float_column(name: PlSmallStr, values: impl Iterator<Item = Option<f32>>) -> Column {
    values.collect::<Float32Chunked>().with_name(name).into_column()
}

fn text_column<'a>(name: PlSmallStr, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    values.collect::<StringChunked>().with_name(name).into_column()
}

impl Columns {
    fn name(&self, name: &str) -> PlSmallStr {
        PlSmallStr::from_string(format!("{}{name}", self.prefix))
    }

    /// The added columns of one batch, all from the file `source`.
    ///
    /// # Errors
    /// Only when polars cannot build a column, which no input causes.
    pub fn frame(&self, source: &str, rows: &[TaggedRow]) -> PolarsResult<DataFrame> {
        let verdicts = || rows.iter().map(|row| &row.verdict);
        let class = |n: usize| verdicts().map(move |v| v.probabilities.map(|p| p[n]));
        let probabilities: Vec<Column> = Sentiment::ALL[..3]
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
                .map(|row| Some(row.row))
                .collect::<UInt64Chunked>()
                .with_name(self.name("row"))
                .into_column(),
            text_column(self.name("id"), rows.iter().map(|row| Some(row.id.as_str()))),
            text_column(self.name("language"), verdicts().map(|v| Some(v.language.code))),
            float_column(
                self.name("language_confidence"),
                verdicts().map(|v| Some(v.language.confidence)),
            ),
            enum_column(
                self.name("sentiment"),
                &Sentiment::ALL.map(Sentiment::name),
                verdicts().map(|v| v.sentiment.map(Sentiment::name)),
            )?,
            float_column(self.name("sentiment_score"), verdicts().map(Verdict::score)),
            StructChunked::from_series(self.name("sentiment_p"), rows.len(), fields.iter())?
                .with_outer_validity(Some(verdicts().map(|v| v.probabilities.is_some()).collect()))
                .into_column(),
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
            enum_column(
                self.name("status"),
                &Status::ALL.map(Status::name),
                verdicts().map(|v| Some(v.status.name())),
            )?,
            text_column(self.name("reason"), verdicts().map(|v| v.reason.map(|r| r.name()))),
            verdicts()
                .map(|v| Some(v.review))
                .collect::<BooleanChunked>()
                .with_name(self.name("review"))
                .into_column(),
        ]);
        DataFrame::new(rows.len(), columns)
    }

    /// The whole output schema: the original columns, then ours.
    ///
    /// # Errors
    /// [`Error::ColumnTaken`] when the input has a column of one of our names.
    pub fn schema(&self, original: &Schema) -> Result<Schema> {
        let ours = self.frame("", &[])?;
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
