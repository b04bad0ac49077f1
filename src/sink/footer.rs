//! The Arrow schema in the footer of a Parquet file, in types that every reader knows. polars stores its own: texts and bytes as views, lists as
//! large ones, which Daft and older readers refuse. The data are the same either way.

use polars::prelude::*;
use polars_parquet::write::{KeyValue, schema_to_metadata_key};

/// The key and value pairs of a file with these columns: `footer`, and the schema as it is to be stored.
pub(crate) fn metadata(schema: &Schema, footer: Vec<(String, String)>) -> KeyValueMetadata {
    let arrow: ArrowSchema = schema
        .to_arrow(CompatLevel::newest())
        .into_iter()
        .map(|(name, field)| (name, plain_field(field)))
        .collect();
    let KeyValue { key, value } = schema_to_metadata_key(&arrow);
    let stored = value.map(|value| (key, value));
    KeyValueMetadata::from_static(stored.into_iter().chain(footer).collect())
}

fn plain_field(mut field: ArrowField) -> ArrowField {
    field.dtype = plain(field.dtype);
    field
}

/// The type without views and large offsets.
fn plain(dtype: ArrowDataType) -> ArrowDataType {
    use ArrowDataType as T;
    match dtype {
        T::Utf8View | T::LargeUtf8 => T::Utf8,
        T::BinaryView | T::LargeBinary => T::Binary,
        T::LargeList(field) | T::List(field) => T::List(Box::new(plain_field(*field))),
        T::FixedSizeList(field, length) => T::FixedSizeList(Box::new(plain_field(*field)), length),
        T::Struct(fields) => T::Struct(fields.into_iter().map(plain_field).collect()),
        T::Dictionary(key, value, ordered) => T::Dictionary(key, Box::new(plain(*value)), ordered),
        other => other,
    }
}
