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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_types_are_plain_and_polars_reads_its_own_back() {
        let kind = DataType::from_categories(Categories::global());
        let mut frame = df!("text" => ["a", "b"], "kind" => ["x", "y"], "bytes" => [b"1".as_slice(), b"2"]).unwrap();
        frame.apply("kind", |column| column.cast(&kind).unwrap()).unwrap();
        let mut lists = ListStringChunkedBuilder::new("list".into(), 2, 2);
        (0..2).for_each(|_| lists.append_values_iter(["c"].into_iter()));
        frame.with_column(lists.finish().into_column()).unwrap();
        let stored: Vec<ArrowDataType> = frame
            .schema()
            .to_arrow(CompatLevel::newest())
            .iter_values()
            .map(|field| plain(field.dtype.clone()))
            .collect();
        let told = format!("{stored:?}");
        assert!(!told.contains("View") && !told.contains("Large"), "{told}");
        let mut bytes = Vec::new();
        let pair = ("undertone.schema".to_owned(), "2".to_owned());
        ParquetWriter::new(&mut bytes)
            .with_key_value_metadata(Some(metadata(frame.schema(), vec![pair])))
            .finish(&mut frame)
            .unwrap();
        let mut reader = ParquetReader::new(std::io::Cursor::new(bytes));
        let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
        let keys: Vec<_> = pairs.iter().map(|pair| pair.key.to_string()).collect();
        assert_eq!(keys, ["ARROW:schema", "undertone.schema"]);
        let read = reader.finish().unwrap();
        assert_eq!(read.schema(), frame.schema());
        assert!(read.equals_missing(&frame));
    }
}
