//! Keeps a night from replacing other people's comments: where many known rows give way to texts that share nothing with the old ones, what the lake takes
//! for the rows' id is hardly their own, and nothing is published.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use unicode_segmentation::UnicodeSegmentation;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::known::{self, Key, PartNumber};
use super::part;
use super::stage::{Part, Stage};
use crate::error::{Error, Result};
use crate::source;

/// A larger share of a dataset's rows that came again is not replaced by other texts ...
const SHARE: f64 = 0.05;
/// ... once it is at least this many.
const FEWEST: u64 = 5;
/// Hashes that are kept of a text's words, and of its pairs of words.
const KEPT: usize = 32;
/// Texts with less than this share of the shorter one's pairs of words in common, and no more than half of its words, share nothing:
/// in comments of some length a few pairs such as "it was" are the same by chance.
const PAIRS: f64 = 0.1;
/// Longest quote in a message, in characters.
const QUOTE: usize = 60;

/// What is kept of a text to compare it with another one: the smallest hashes of its words and of its pairs of words.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    words: Vec<u64>,
    pairs: Vec<u64>,
    /// Its beginning.
    quote: String,
}

impl Sketch {
    /// The sketch of a comment.
    pub(super) fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let lower = text.to_lowercase();
        let mut words: Vec<u64> = lower.unicode_words().map(|word| xxh3_64(word.as_bytes())).collect();
        if words.is_empty() {
            // Emoji and other signs stand for themselves.
            let signs = lower.chars().filter(|sign| !sign.is_whitespace());
            words = signs.map(|sign| xxh3_64(sign.to_string().as_bytes())).collect();
        }
        let pairs = words
            .windows(2)
            .map(|pair| xxh3_64_with_seed(&pair[0].to_le_bytes(), pair[1]))
            .collect();
        let smallest = |mut hashes: Vec<u64>| {
            hashes.sort_unstable();
            hashes.dedup();
            hashes.truncate(KEPT);
            hashes
        };
        Self {
            words: smallest(words),
            pairs: smallest(pairs),
            quote: quote(text),
        }
    }

    /// Whether a text with this sketch may be the other one after an edit. Nothing is lost with a text that was empty.
    fn shares(&self, new: &Self) -> bool {
        let common = |a: &[u64], b: &[u64]| {
            let both = a.iter().filter(|hash| b.contains(hash)).count();
            both as f64 / a.len().min(b.len()).max(1) as f64
        };
        self.words.is_empty() || common(&self.pairs, &new.pairs) >= PAIRS || common(&self.words, &new.words) > 0.5
    }
}

fn quote(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// What a dataset loses to the run.
#[derive(Default)]
struct Losses {
    /// Known rows that are replaced, for whatever reason.
    replaced: u64,
    /// Those whose new text shares nothing with the old one.
    unrelated: u64,
    /// The first of them, old and new.
    example: (String, String),
}

/// The error that says what would be lost, if it is too much. It is for the caller to raise: the user may allow it.
pub(super) fn judge(root: &Path, stage: &mut Stage, prefix: &str) -> Result<Option<Error>> {
    let mut losses: BTreeMap<String, Losses> = BTreeMap::new();
    let mut old: HashMap<Key, (String, Sketch)> = HashMap::new();
    let parts = stage.parts.clone();
    for (number, part) in parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.staged && part.lost > 0)
    {
        let dataset = &part.entry.dataset;
        losses.entry(dataset.clone()).or_default().replaced += part.lost;
        let list = known::read_list(&stage.list_of(part))?;
        // A row that only has a new answer has the same content.
        let rewritten = |&(key, before): &(Key, u64)| {
            let now = stage.known.get(key);
            now.is_some_and(|(content, home)| home != number as PartNumber && content != before)
        };
        let rewritten: Vec<bool> = list.iter().map(rewritten).collect();
        if !rewritten.contains(&true) {
            continue;
        }
        let Some(texts) = texts(&root.join(&part.path), text_columns(part, &parts), prefix)? else {
            continue;
        };
        let rewritten = list
            .into_iter()
            .zip(texts)
            .zip(rewritten)
            .filter(|(_, rewritten)| *rewritten);
        old.extend(rewritten.map(|(((key, _), text), _)| (key, (dataset.clone(), Sketch::of(text.as_deref())))));
    }
    let mut compare = |key: Key, new: &dyn Fn() -> Sketch| {
        let Some((dataset, sketch)) = old.get(&key) else { return };
        let new = new();
        if !sketch.shares(&new) {
            let losses = losses.entry(dataset.clone()).or_default();
            if losses.unrelated == 0 {
                losses.example = (sketch.quote.clone(), new.quote);
            }
            losses.unrelated += 1;
        }
    };
    for part in parts.iter().filter(|part| part.staged && !part.path.is_empty()) {
        if old.is_empty() {
            break;
        }
        let list = known::read_list(&stage.list_of(part))?;
        if let Some(texts) = texts(&stage.staged(&part.path), &part.entry.text, prefix)? {
            for ((key, _), text) in list.into_iter().zip(texts) {
                compare(key, &|| Sketch::of(text.as_deref()));
            }
        }
    }
    for (key, sketch) in std::mem::take(&mut stage.pretended) {
        compare(key, &|| sketch.clone());
    }
    let known =
        |dataset: &String, losses: &Losses| stage.known_rows().get(dataset).copied().unwrap_or(0) + losses.replaced;
    let too_many = losses.iter().find(|(dataset, losses)| {
        losses.unrelated >= FEWEST && losses.unrelated as f64 > SHARE * known(dataset, losses) as f64
    });
    Ok(too_many.map(|(dataset, losses)| Error::LakeReplaces {
        dataset: dataset.clone(),
        rule: stage.id_rule(dataset).map(ToString::to_string).unwrap_or_default(),
        replaced: losses.unrelated,
        known: known(dataset, losses),
        old: losses.example.0.clone(),
        new: losses.example.1.clone(),
    }))
}

/// The comment's columns in a part; where manifest 1 did not say, those of the dataset tonight.
fn text_columns<'a>(part: &'a Part, parts: &'a [Part]) -> &'a [String] {
    let tonight = || {
        let same = parts
            .iter()
            .find(|other| other.staged && other.entry.dataset == part.entry.dataset);
        same.map_or(&[] as &[String], |other| &other.entry.text)
    };
    if part.entry.text.is_empty() {
        tonight()
    } else {
        &part.entry.text
    }
}

/// The comments of a part: original ones, else as the model read them; none where the lake keeps neither.
fn texts(path: &Path, columns: &[String], prefix: &str) -> Result<Option<Vec<Option<String>>>> {
    let frame = part::read_where(path, |name| {
        columns
            .iter()
            .any(|column| column == name || column.split_once('.').is_some_and(|(column, _)| column == name))
            || name.strip_prefix(prefix) == Some("clean_text")
    })?;
    let there: Vec<String> = columns
        .iter()
        .filter(|name| source::has_column(&frame, name))
        .cloned()
        .collect();
    let clean = format!("{prefix}clean_text");
    Ok(match (there.is_empty(), frame.schema().contains(&clean)) {
        (false, _) => Some(source::comments(&frame, &there)?),
        (true, true) => Some(source::comments(&frame, &[clean])?),
        (true, false) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_share_something_and_other_comments_nothing() {
        let shares = |old: &str, new: &str| Sketch::of(Some(old)).shares(&Sketch::of(Some(new)));
        for (old, new) in [
            ("Wonderful staff at the shop", "Rude staff at the shop"),
            (
                "The parcel was late",
                "The parcel was late. Edit: they refunded me, so all is well now.",
            ),
            ("Bad service!", "service: bad"),
            (
                "Кур'єр запізнився на годину",
                "Кур'єр запізнився на дві години, але вибачився",
            ),
            ("👍", "👍👍"),
            ("", "Anything at all"),
            ("ok", "ok then"),
        ] {
            assert!(shares(old, new), "{old} -> {new}");
        }
        let long = "I ordered three lamps in June and none of them worked when it was delivered, so I called the hotline twice.";
        for (old, new) in [
            ("The queue was endless", "Toilets were dirty"),
            ("The parcel was late", "The courier is rude"),
            ("Lovely staff", "No parking to be found"),
            ("Great", "👎"),
            ("Something was said here", ""),
            (
                long,
                "My sister recommended this hotel and it was a lovely week: the pool, the breakfast, the view from our room.",
            ),
        ] {
            assert!(!shares(old, new), "{old} -> {new}");
        }
    }
}
