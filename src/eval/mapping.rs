//! Label mapping: translates the labels of a public set to ours by a TOML file. A cell holds one label, several separated by `|`, or a JSON list.
//! Files with any other content are errors.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Mapping from another set's labels to ours.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Those of our labels that the set distinguishes; empty for all. Other labels are not evaluated on it.
    #[serde(default)]
    pub(super) knows: Vec<String>,
    /// From their label to ours. Labels without an entry are ignored.
    pub(super) map: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When the file cannot be read or holds anything else than `knows` and `map`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        toml::from_str(&text).map_err(|e| Error::Mapping {
            file: path.display().to_string(),
            problem: e.to_string().trim_end().to_owned(),
        })
    }
}

/// Labels in a cell, translated if there is a mapping. None when the cell is empty or a damaged list.
pub(super) fn labels(cell: &str, mapping: Option<&Mapping>) -> Option<Vec<String>> {
    let cell = cell.trim();
    let given: Vec<String> = if cell.starts_with('[') {
        serde_json::from_str(cell).ok()?
    } else if cell.is_empty() {
        return None;
    } else {
        cell.split('|').map(|label| label.trim().to_owned()).collect()
    };
    let Some(mapping) = mapping else { return Some(given) };
    let mut ours: Vec<String> = given
        .iter()
        .filter_map(|label| mapping.map.get(label).cloned())
        .collect();
    ours.sort();
    ours.dedup();
    Some(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_one_label_several_or_a_list() {
        let read = |cell| labels(cell, None).map(|found| found.join(" "));
        assert_eq!(read(" joy ").as_deref(), Some("joy"));
        assert_eq!(read("fear|surprise").as_deref(), Some("fear surprise"));
        assert_eq!(read(r#"["fear","joy"]"#).as_deref(), Some("fear joy"));
        assert_eq!(read("[]").as_deref(), Some(""));
        assert_eq!((read(""), read("[1")), (None, None));
    }

    #[test]
    fn a_mapping_renames_merges_and_drops() {
        let mapping: Mapping = toml::from_str("[map]\nfear = \"worry\"\nnervousness = \"worry\"").expect("a mapping");
        assert_eq!(
            labels("fear|nervousness|curiosity", Some(&mapping)),
            Some(vec!["worry".to_owned()])
        );
        assert!(toml::from_str::<Mapping>("maps = 1").is_err());
    }

    #[test]
    fn the_committed_mappings_name_emotions_of_the_model() {
        let card = crate::model::Card::parse(include_str!("../../models/base/card.toml")).expect("a card");
        let emotions = &card.head("emotion").expect("an emotion head").labels;
        for file in ["goemotions", "xed"] {
            let path = format!("{}/models/train/labels/{file}.toml", env!("CARGO_MANIFEST_DIR"));
            let mapping = Mapping::read(Path::new(&path)).expect("a mapping");
            assert!(
                mapping
                    .map
                    .values()
                    .chain(&mapping.knows)
                    .all(|name| emotions.contains(name)),
                "{file}"
            );
        }
    }
}
