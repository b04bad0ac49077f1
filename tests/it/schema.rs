//! The output schema is frozen: a change of a name, type or order fails here; it needs a new `SCHEMA_VERSION` and a changelog entry.

use polars::prelude::*;
use undertone::Error;
use undertone::sink::{Columns, SCHEMA_VERSION};

fn columns(prefix: &str, clean_text: bool) -> Columns {
    Columns {
        prefix: prefix.to_owned(),
        clean_text,
    }
}

#[test]
fn schema_of_version_2_is_frozen() {
    let schema = columns("ut_", true).schema(&Schema::default()).expect("a schema");
    let lines: Vec<String> = schema
        .iter()
        .map(|(name, dtype)| format!("{name}: {dtype:?}"))
        .collect();
    insta::assert_snapshot!(format!("version {SCHEMA_VERSION}\n{}", lines.join("\n")));
}

#[test]
fn original_columns_come_first_and_a_taken_name_is_refused() {
    let original = Schema::from_iter([
        Field::new("comment".into(), DataType::String),
        Field::new("ut_status".into(), DataType::Int64),
    ]);
    let error = columns("ut_", false).schema(&original).expect_err("ut_status is taken");
    assert!(
        matches!(&error, Error::ColumnTaken { column, .. } if column == "ut_status"),
        "{error}"
    );
    let schema = columns("x_", false).schema(&original).expect("another prefix is free");
    let names: Vec<&str> = schema.iter_names().map(|n| n.as_str()).collect();
    assert_eq!(names[..3], ["comment", "ut_status", "x_source"]);
    assert!(!names.contains(&"x_clean_text"));
}
