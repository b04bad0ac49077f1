//! The folder of a row in Hive's notation, such as `ut_day=2026-11-24`, by its time or its dataset. Rows without a usable time go to Hive's own default
//! partition. No name can leave the lake: whatever is not a letter, a
//! digit or one of `-_.` is written as `%2F`, as Hive does it, and a leading dot too.

use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Folder of rows without a value; the name is Hive's, and readers know it as null.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";
/// Maximum length of a name in bytes before encoding: three times this still fits the 255 bytes that file systems allow.
const LONGEST: usize = 72;

/// Layout of the folders of a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartitionBy {
    /// The day of the comment in UTC: `ut_day=2026-11-24`.
    Day,
    /// Its ISO week: `ut_week=2026-W48`.
    Week,
    /// Its month: `ut_month=2026-11`.
    Month,
    /// Its dataset, named after its file without dates and numbers: `ut_dataset=tickets`.
    #[value(alias = "source")]
    #[serde(alias = "source")]
    Dataset,
}

impl PartitionBy {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Dataset => "dataset",
        }
    }

    /// The folder of a row: `time` in seconds since 1970 UTC, `dataset` as the inbox gives it.
    pub fn folder(self, prefix: &str, time: Option<i64>, dataset: &str) -> String {
        let time = time
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .filter(|time| (1..=9999).contains(&time.year()));
        let formatted = |notation: &str| time.map(|time| time.format(notation).to_string());
        let (key, value) = match self {
            Self::Day => ("day", formatted("%Y-%m-%d")),
            Self::Week => ("week", formatted("%G-W%V")),
            Self::Month => ("month", formatted("%Y-%m")),
            Self::Dataset => ("dataset", Some(dataset.to_owned()).filter(|name| !name.is_empty())),
        };
        let value = value.map_or_else(|| DEFAULT_PARTITION.to_owned(), |value| escaped(&value));
        format!("{}={value}", folder_key(prefix, key))
    }
}

/// What stands before the `=` of a folder.
pub(super) fn folder_key(prefix: &str, name: &str) -> String {
    escaped(&format!("{prefix}{name}"))
}

/// A name that is safe as a folder: see the head of this file.
fn escaped(name: &str) -> String {
    let mut cut = name.len().min(LONGEST);
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    let mut safe = String::with_capacity(name.len());
    for (n, c) in name[..cut].chars().enumerate() {
        let mistakable = n == 0 && (c == '.' || name == DEFAULT_PARTITION);
        if !mistakable && (c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            safe.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                safe.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    if cut < name.len() {
        safe.push_str(&format!("-{:016x}", xxh3_64(name.as_bytes())));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_become_folders() {
        let time = Some(1_795_487_400); // 2026-11-24 02:30 UTC
        for (by, want) in [
            (PartitionBy::Day, "ut_day=2026-11-24"),
            (PartitionBy::Week, "ut_week=2026-W48"),
            (PartitionBy::Month, "ut_month=2026-11"),
            (PartitionBy::Dataset, "ut_dataset=tickets"),
        ] {
            assert_eq!(by.folder("ut_", time, "tickets"), want);
        }
        for odd in [None, Some(i64::MAX), Some(i64::MIN), Some(300_000_000_000)] {
            let folder = PartitionBy::Day.folder("ut_", odd, "tickets");
            assert_eq!(folder, format!("ut_day={DEFAULT_PARTITION}"));
        }
    }

    #[test]
    fn tricks_with_paths_are_only_odd_names() {
        for (name, want) in [
            ("../../etc/passwd", "ut_dataset=%2E.%2F..%2Fetc%2Fpasswd"),
            ("..", "ut_dataset=%2E."),
            ("a=b", "ut_dataset=a%3Db"),
            ("C:\\x", "ut_dataset=C%3A%5Cx"),
            ("відгуки", "ut_dataset=відгуки"),
            ("a\0b\nc", "ut_dataset=a%00b%0Ac"),
            (DEFAULT_PARTITION, "ut_dataset=%5F_HIVE_DEFAULT_PARTITION__"),
            ("", "ut_dataset=__HIVE_DEFAULT_PARTITION__"),
        ] {
            assert_eq!(PartitionBy::Dataset.folder("ut_", None, name), want);
        }
        assert_eq!(
            PartitionBy::Day.folder("../", None, ""),
            format!("%2E.%2Fday={DEFAULT_PARTITION}")
        );
    }

    proptest! {
        #[test]
        fn every_name_is_one_folder_of_its_own(a in "\\PC{0,200}", b in "\\PC{0,200}") {
            let [left, right] = [&a, &b].map(|name| PartitionBy::Dataset.folder("ut_", None, name));
            prop_assert_eq!(std::path::Path::new(&left).components().count(), 1);
            prop_assert!(left.len() <= 255 && left.starts_with("ut_dataset="));
            prop_assert_eq!(left == right, a == b);
        }
    }
}
