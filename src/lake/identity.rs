//! How the rows of a dataset are recognised from night to night: by the record's own id, or by their content. The first rows of a dataset settle it, and
//! the manifest keeps it, so that no later file can make other columns, or other people's rows, the identity.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::known::Key;
use crate::source::Source;

/// What makes two rows the same row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum IdRule {
    /// The value of a column; where it is empty, the content.
    Column {
        /// Its name.
        column: String,
        /// Who said so.
        told: ToldBy,
    },
    /// All cells of the row.
    Content,
    /// A column of somebody else's ids, or one that is not known, in a lake of manifest 1: rows may have replaced other rows. Nothing is
    /// published until it is repaired.
    Unsound {
        /// Its name, where it is known.
        column: Option<String>,
    },
}

/// Who said which column holds the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldBy {
    /// The user.
    Option,
    /// The preset of a vendor's export.
    Preset,
    /// The column's name.
    Name,
}

impl IdRule {
    /// The rule that an opened file suggests.
    pub(super) fn of(source: &Source, asked: bool) -> Self {
        match source.id_place() {
            None => Self::Content,
            Some((column, by_preset)) => Self::Column {
                column,
                told: match (asked, by_preset) {
                    (true, _) => ToldBy::Option,
                    (false, true) => ToldBy::Preset,
                    (false, false) => ToldBy::Name,
                },
            },
        }
    }

    /// The column of ids.
    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Column { column, .. } => Some(column),
            Self::Content | Self::Unsound { .. } => None,
        }
    }
}

impl Display for IdRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, .. } | Self::Unsound { column: Some(column) } => write!(f, "column `{column}`"),
            Self::Content => write!(f, "content"),
            Self::Unsound { column: None } => write!(f, "a column that is not known any more"),
        }
    }
}

/// The key of a row before repeated rows of one file are told apart: by its id, else by its content.
pub(super) fn key(dataset: &str, id: Option<&str>, content: u64) -> Key {
    match id {
        Some(id) => xxh3_128(format!("{dataset}\0{id}").as_bytes()),
        None => xxh3_128(format!("{dataset}\0\0{content:016x}").as_bytes()),
    }
}

/// The key of the `number`th further row with the key `first` in one file.
pub(super) fn repeated(first: Key, number: u32) -> Key {
    let mut bytes = first.to_le_bytes().to_vec();
    bytes.extend(number.to_le_bytes());
    xxh3_128(&bytes)
}

/// Numbers rows of one key when lists are written anew.
#[derive(Debug, Default)]
pub(super) struct Numbering(HashMap<Key, u32>);

impl Numbering {
    /// The key of the next row whose key would be `first`.
    pub(super) fn next(&mut self, first: Key) -> Key {
        let met = self.0.entry(first).or_default();
        *met += 1;
        if *met == 1 { first } else { repeated(first, *met - 1) }
    }
}
