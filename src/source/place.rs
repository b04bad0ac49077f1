//! Places of values in a table: columns, members of the nested values in them, lists of strings.

use std::borrow::Cow;
use std::collections::HashMap;

use polars::prelude::*;
use serde_json::Value;

use super::table::as_text;

/// A column, or a member of the nested values in it: `consumer.displayName`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    column: String,
    member: Vec<String>,
}

impl Place {
    /// The place called `name` in a table with these columns; a column of that very name comes first.
    pub(super) fn of(name: &str, schema: &Schema) -> Self {
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

    /// The same place in a column of another name.
    pub(super) fn in_column(self, column: String) -> Self {
        Self { column, ..self }
    }

    /// The column it is in.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Whether it is a member of nested values.
    pub(super) fn is_nested(&self) -> bool {
        !self.member.is_empty()
    }

    /// As the user would write it.
    pub fn name(&self) -> String {
        [std::slice::from_ref(&self.column), &self.member].concat().join(".")
    }

    /// The values of a batch as text; strings of a list are joined with a blank line.
    pub(super) fn values(&self, frame: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
        let mut column = frame.column(&self.column)?.clone();
        let mut member = self.member.as_slice();
        while let (DataType::Struct(_), [first, rest @ ..]) = (column.dtype(), member) {
            column = column.struct_()?.field_by_name(first)?.into_column();
            member = rest;
        }
        let text = cells(&column)?;
        let cells = text.str()?.iter();
        Ok(match member {
            [] => cells.map(|cell| cell.map(unlisted).map(Cow::into_owned)).collect(),
            member => cells
                .map(|cell| within(&serde_json::from_str(cell?).ok()?, member))
                .collect(),
        })
    }
}

/// A column as text, one cell a row.
pub(super) fn cells(column: &Column) -> PolarsResult<Column> {
    let DataType::List(_) = column.dtype() else {
        return as_text(column);
    };
    let lists = column.cast(&DataType::List(Box::new(DataType::String)))?;
    let lists = lists.list()?;
    let joined = (0..lists.len()).map(|row| {
        let list = lists.get_as_series(row)?;
        let strings = list.str().ok()?;
        Some(
            strings
                .iter()
                .flatten()
                .filter(|text| !text.trim().is_empty())
                .collect::<Vec<_>>()
                .join("\n\n"),
        )
    });
    let text: StringChunked = joined.collect();
    Ok(text.with_name(column.name().clone()).into_column())
}

/// A list of strings that is written as JSON as its strings, joined with a blank line; anything else as it is.
pub(super) fn unlisted(cell: &str) -> Cow<'_, str> {
    if cell.starts_with("[\"")
        && let Ok(list) = serde_json::from_str::<Vec<String>>(cell)
    {
        return list.join("\n\n").into();
    }
    cell.into()
}

/// A member of a nested value.
fn within(value: &Value, member: &[String]) -> Option<String> {
    let mut value = value;
    for name in member {
        let object = value.as_object()?;
        value = object.get(name).or_else(|| {
            let same = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
            object.iter().find(same).map(|(_, value)| value)
        })?;
    }
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(unlisted(&other.to_string()).into_owned()),
    }
}

/// The sample with one more column for each of the members of nested values called `names`, so that they can be looked at like columns.
pub(super) fn with_members(sample: &DataFrame, names: &[String]) -> PolarsResult<DataFrame> {
    let schema = sample.schema();
    let mut nested: HashMap<&str, Vec<Place>> = HashMap::new();
    let places: Vec<Place> = names
        .iter()
        .map(|name| Place::of(name, schema))
        .filter(Place::is_nested)
        .collect();
    let mut members: HashMap<String, Column> = HashMap::new();
    for place in &places {
        if matches!(schema.get(&place.column), Some(DataType::Struct(_))) {
            let values: StringChunked = place.values(sample)?.into_iter().collect();
            members.insert(place.name(), values.with_name(place.name().into()).into_column());
        } else {
            nested.entry(place.column.as_str()).or_default().push(place.clone());
        }
    }
    // Each nested value is parsed once, however many members it has.
    for (column, places) in nested {
        let text = cells(sample.column(column)?)?;
        let mut values: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(sample.height()); places.len()];
        for cell in text.str()?.iter() {
            let parsed: Option<Value> = cell.and_then(|cell| serde_json::from_str(cell).ok());
            for (place, values) in places.iter().zip(&mut values) {
                values.push(parsed.as_ref().and_then(|value| within(value, &place.member)));
            }
        }
        for (place, values) in places.iter().zip(values) {
            let values: StringChunked = values.into_iter().collect();
            members.insert(place.name(), values.with_name(place.name().into()).into_column());
        }
    }
    let mut columns = sample.columns().to_vec();
    columns.extend(places.iter().filter_map(|place| members.remove(&place.name())));
    DataFrame::new(sample.height(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_lists_are_read_as_text() {
        let frame = df!(
            "node" => [Some("{\"text\":\"good tea\",\"by\":{\"name\":\"Ann\"},\"more\":[\"a b\",\"c\"]}"), Some("no JSON"), None],
            "list" => ["[\"one\",\"two\"]", "[1]", "[open"],
        )
        .unwrap();
        let values = |name: &str| Place::of(name, frame.schema()).values(&frame).unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values("node.text"), [some("good tea"), None, None]);
        assert_eq!(values("node.By.name"), [some("Ann"), None, None]);
        assert_eq!(values("node.more"), [some("a b\n\nc"), None, None]);
        assert_eq!(values("list"), [some("one\n\ntwo"), some("[1]"), some("[open")]);
        let names = ["node.text".to_owned(), "node.by.name".to_owned(), "list".to_owned()];
        let spread = with_members(&frame, &names).unwrap();
        let all: Vec<&str> = spread.schema().iter_names().map(PlSmallStr::as_str).collect();
        assert_eq!(all, ["node", "list", "node.text", "node.by.name"]);
    }
}
