//! Which rows are in the lake, and in which part: one sorted array of 32 bytes a row in memory (10 million rows: 320 MB), looked up by bisection; what a
//! piece of a file adds is merged into it in place. On disk each part has a list of its rows beside it, 24 bytes a row and a checksum.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::disk;
use super::identity;
use crate::error::{Error, Result};

/// Which row this is over the years: a hash of dataset, id and, for the second and later rows of one id in one file, their number.
pub(super) type Key = u128;
/// Index of a part in [`Parts`](super::stage::Stage); [`NOWHERE`] for a row that was seen but is not yet in a part.
pub(super) type PartNumber = u32;
const NOWHERE: PartNumber = u32::MAX;
/// Bytes of one row in a part's list: its key, then the hash of its content.
const ENTRY: usize = 24;

/// One known row.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    content: u64,
    part: PartNumber,
    /// How often the key occurred in the current file; only kept for the first row of an id.
    met: u32,
}

/// All rows of the lake.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Sorted by key.
    rows: Vec<Row>,
    /// Rows added since the last [`Known::settle`].
    fresh: HashMap<Key, Row>,
}

impl Known {
    /// Builds the index from lists of parts, which must not share rows.
    pub(super) fn of(lists: Vec<(PartNumber, Vec<(Key, u64)>)>) -> Self {
        let count = lists.iter().map(|(_, list)| list.len()).sum();
        let mut rows = Vec::with_capacity(count);
        for (part, list) in lists {
            rows.extend(list.into_iter().map(|(key, content)| Row {
                key,
                content,
                part,
                met: 0,
            }));
        }
        rows.par_sort_unstable_by_key(|row| row.key);
        Self {
            rows,
            fresh: HashMap::new(),
        }
    }

    /// Resets the counts of repeated ids, which are numbered within a file.
    pub(super) fn begin_file(&mut self) {
        self.settle();
        self.rows.par_iter_mut().for_each(|row| row.met = 0);
    }

    fn find(&mut self, key: Key) -> Option<&mut Row> {
        match self.rows.binary_search_by_key(&key, |row| row.key) {
            Ok(at) => self.rows.get_mut(at),
            Err(_) => self.fresh.get_mut(&key),
        }
    }

    /// The key of the next row of the file under way whose dataset and id hash to `id`.
    pub(super) fn meet(&mut self, id: u128) -> Key {
        match self.find(id) {
            Some(row) if row.met > 0 => {
                let number = row.met;
                row.met = number.saturating_add(1);
                identity::repeated(id, number)
            }
            Some(row) => {
                row.met = 1;
                id
            }
            None => {
                let row = Row {
                    key: id,
                    content: 0,
                    part: NOWHERE,
                    met: 1,
                };
                self.fresh.insert(id, row);
                id
            }
        }
    }

    /// The content hash of a row and the part it is in.
    pub(super) fn get(&mut self, key: Key) -> Option<(u64, PartNumber)> {
        self.find(key)
            .filter(|row| row.part != NOWHERE)
            .map(|row| (row.content, row.part))
    }

    /// Records that a row is now in `part`; returns the part it was in before.
    pub(super) fn put(&mut self, key: Key, content: u64, part: PartNumber) -> Option<PartNumber> {
        match self.find(key) {
            Some(row) => {
                let old = std::mem::replace(&mut row.part, part);
                row.content = content;
                (old != NOWHERE).then_some(old)
            }
            None => {
                self.fresh.insert(
                    key,
                    Row {
                        key,
                        content,
                        part,
                        met: 0,
                    },
                );
                None
            }
        }
    }

    /// Merges new rows into the sorted array, from the back and without a second array.
    pub(super) fn settle(&mut self) {
        let mut fresh: Vec<Row> = self.fresh.drain().map(|(_, row)| row).collect();
        fresh.sort_unstable_by_key(|row| row.key);
        let (mut old, mut to) = (self.rows.len(), self.rows.len() + fresh.len());
        self.rows.extend_from_slice(&fresh);
        while let Some(row) = fresh.last().copied() {
            to -= 1;
            if old > 0 && self.rows[old - 1].key > row.key {
                old -= 1;
                self.rows[to] = self.rows[old];
            } else {
                self.rows[to] = row;
                fresh.pop();
            }
        }
    }
}

/// Writes the list of a part: its rows in the order of the part.
pub(super) fn write_list(path: &Path, rows: &[(Key, u64)]) -> Result<()> {
    let mut bytes = Vec::with_capacity(rows.len() * ENTRY + 8);
    for (key, content) in rows {
        bytes.extend(key.to_le_bytes());
        bytes.extend(content.to_le_bytes());
    }
    bytes.extend(xxh3_64(&bytes).to_le_bytes());
    disk::write(path, |file| file.write_all(&bytes))
}

/// Reads the list of a part.
pub(super) fn read_list(path: &Path) -> Result<Vec<(Key, u64)>> {
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let damaged = |reason: &str| Error::LakeDamaged {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let (rows, sum) = bytes.split_last_chunk::<8>().ok_or_else(|| damaged("cut short"))?;
    if rows.len() % ENTRY != 0 || xxh3_64(rows) != u64::from_le_bytes(*sum) {
        return Err(damaged("its checksum is wrong"));
    }
    let entries = rows.chunks_exact(ENTRY).map(|entry| {
        let (mut key, mut content) = ([0; 16], [0; 8]);
        key.copy_from_slice(&entry[..16]);
        content.copy_from_slice(&entry[16..]);
        (u128::from_le_bytes(key), u64::from_le_bytes(content))
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_takes_no_more_than_32_bytes() {
        assert_eq!(size_of::<Row>(), 32);
    }

    #[test]
    fn repeated_ids_of_one_file_are_rows_of_their_own_and_the_same_ones_the_next_night() {
        let mut known = Known::default();
        let night = |known: &mut Known| {
            known.begin_file();
            [known.meet(7), known.meet(7), known.meet(8), known.meet(7)]
        };
        let first = night(&mut known);
        first
            .iter()
            .enumerate()
            .for_each(|(n, &key)| assert!(known.put(key, n as u64, 0).is_none()));
        let distinct: std::collections::BTreeSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(night(&mut known), first);
        assert_eq!(known.get(first[3]), Some((3, 0)));
    }

    #[test]
    fn a_list_that_was_touched_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part.rows");
        let rows = vec![(1, 2), (u128::MAX, u64::MAX)];
        write_list(&path, &rows).unwrap();
        assert_eq!(read_list(&path).unwrap(), rows);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[3] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(read_list(&path).unwrap_err().to_string().contains("checksum"));
        std::fs::write(&path, b"").unwrap();
        assert!(read_list(&path).unwrap_err().to_string().contains("cut short"));
    }

    proptest! {
        #[test]
        fn it_answers_as_a_map_would(puts in prop::collection::vec((0u128..60, any::<u64>(), 0u32..4, any::<bool>()), 0..300)) {
            let mut known = Known::default();
            let mut map = std::collections::BTreeMap::new();
            for (key, content, part, settle) in puts {
                prop_assert_eq!(known.put(key, content, part), map.insert(key, (content, part)).map(|(_, old)| old));
                if settle { known.settle(); }
            }
            known.settle();
            for key in 0..60 {
                prop_assert_eq!(known.get(key), map.get(&key).copied());
            }
            prop_assert!(known.rows.is_sorted_by_key(|row| row.key));
        }
    }
}
