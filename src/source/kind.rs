//! Infers the type of a JSON column: the narrowest type that holds all of its values exactly. Mixed and nested values become compact JSON text. A
//! value that does not fit is an error, which happens only if the file changed between the two passes.

use polars::prelude::*;
use serde_json::Value;

/// Type of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    /// An integer that a float cannot hold exactly.
    BigInteger,
    Float,
    Text,
}

impl Kind {
    /// The type of one value.
    pub(super) fn of(value: &Value) -> Self {
        const EXACT: u64 = 1 << 53;
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(number) => match number.as_i64() {
                Some(n) if n.unsigned_abs() <= EXACT => Kind::Integer,
                Some(_) => Kind::BigInteger,
                None if number.is_f64() => Kind::Float,
                None => Kind::Text,
            },
            Value::String(_) | Value::Array(_) | Value::Object(_) => Kind::Text,
        }
    }

    /// The type that holds values of both.
    pub(super) fn and(self, other: Self) -> Self {
        use Kind::{BigInteger, Float, Integer, Null, Text};
        match (self, other) {
            (kind, Null) | (Null, kind) => kind,
            (a, b) if a == b => a,
            (Integer, BigInteger) | (BigInteger, Integer) => BigInteger,
            (Integer, Float) | (Float, Integer) => Float,
            _ => Text,
        }
    }

    /// The column type; for a column of nulls other files decide.
    pub(super) fn dtype(self) -> DataType {
        match self {
            Kind::Null => DataType::Null,
            Kind::Boolean => DataType::Boolean,
            Kind::Integer | Kind::BigInteger => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Text => DataType::String,
        }
    }
}

/// A column being built.
pub(super) enum Cells {
    Boolean(BooleanChunkedBuilder),
    Integer(PrimitiveChunkedBuilder<Int64Type>),
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Text(StringChunkedBuilder),
}

impl Cells {
    pub(super) fn new(name: &str, dtype: &DataType) -> Self {
        match dtype {
            DataType::Boolean => Cells::Boolean(BooleanChunkedBuilder::new(name.into(), 0)),
            DataType::Int64 => Cells::Integer(PrimitiveChunkedBuilder::new(name.into(), 0)),
            DataType::Float64 => Cells::Float(PrimitiveChunkedBuilder::new(name.into(), 0)),
            _ => Cells::Text(StringChunkedBuilder::new(name.into(), 0)),
        }
    }

    /// Appends a value; false if it does not fit the column.
    pub(super) fn push(&mut self, value: &Value) -> bool {
        match (self, value) {
            (Cells::Boolean(cells), Value::Null) => cells.append_null(),
            (Cells::Integer(cells), Value::Null) => cells.append_null(),
            (Cells::Float(cells), Value::Null) => cells.append_null(),
            (Cells::Text(cells), Value::Null) => cells.append_null(),
            (Cells::Text(cells), Value::String(text)) => cells.append_value(text),
            (Cells::Text(cells), other) => cells.append_value(other.to_string()),
            (Cells::Boolean(cells), Value::Bool(value)) => cells.append_value(*value),
            (Cells::Integer(cells), Value::Number(number)) => match number.as_i64() {
                Some(value) => cells.append_value(value),
                None => return false,
            },
            (Cells::Float(cells), Value::Number(number)) => match number.as_f64() {
                Some(value) => cells.append_value(value),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    pub(super) fn finish(self) -> Column {
        match self {
            Cells::Boolean(cells) => cells.finish().into_column(),
            Cells::Integer(cells) => cells.finish().into_column(),
            Cells::Float(cells) => cells.finish().into_column(),
            Cells::Text(cells) => cells.finish().into_column(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(values: &str) -> Kind {
        let values: Vec<Value> = serde_json::from_str(values).unwrap();
        values.iter().map(Kind::of).fold(Kind::Null, Kind::and)
    }

    #[test]
    fn a_column_takes_the_narrowest_type_that_is_exact() {
        assert_eq!(kind("[1, null, -3]"), Kind::Integer);
        assert_eq!(kind("[1, 2.5]"), Kind::Float);
        assert_eq!(kind("[9007199254740993]"), Kind::BigInteger);
        assert_eq!(
            kind("[9007199254740993, 2.5]"),
            Kind::Text,
            "a float would lose the last digit"
        );
        assert_eq!(
            kind("[18446744073709551615]"),
            Kind::Text,
            "too big for 64 bits with a sign"
        );
        assert_eq!(kind("[true, false]"), Kind::Boolean);
        assert_eq!(kind("[true, 1]"), Kind::Text);
        assert_eq!(kind("[\"5\", 5]"), Kind::Text);
        assert_eq!(kind("[[1]]"), Kind::Text);
        assert_eq!(kind("[null]"), Kind::Null);
    }
}
