//! Features of a text for language identification: character n-grams of its words, hashed into [`BUCKETS`] numbers. `bench/train_language.rs` trains on
//! the same features, so a change here needs a new `models/language/table.bin`.

/// Rows of the table of weights.
pub(super) const BUCKETS: usize = 1 << 16;
/// Longest n-gram, in characters; longer words count whole as well.
const LONGEST_GRAM: usize = 5;
/// Longer runs of letters are no words.
const LONGEST_WORD: usize = 40;

/// Calls `put` with the bucket of each n-gram, in the order of the text. Case, digits and punctuation do not count.
pub(super) fn grams(text: &str, mut put: impl FnMut(usize)) {
    let lower = text.to_lowercase();
    let mut padded = String::new();
    let mut starts: Vec<usize> = Vec::new();
    for word in lower.split(|c: char| !is_inside(c)) {
        let word = word.trim_matches(|c: char| !c.is_alphabetic());
        if word.is_empty() {
            continue;
        }
        padded.clear();
        padded.push('<');
        padded.extend(word.chars().map(|c| if is_apostrophe(c) { '\'' } else { c }));
        padded.push('>');
        starts.clear();
        starts.extend(padded.char_indices().map(|(at, _)| at));
        starts.push(padded.len());
        let length = starts.len() - 1;
        if length > LONGEST_WORD + 2 {
            continue;
        }
        for size in 1..=LONGEST_GRAM.min(length) {
            // The edge of a word alone says nothing.
            let places = if size == 1 { 1..length - 1 } else { 0..length - size + 1 };
            for at in places {
                put(bucket(&padded.as_bytes()[starts[at]..starts[at + size]]));
            }
        }
        if length > LONGEST_GRAM {
            put(bucket(padded.as_bytes()));
        }
    }
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '`')
}

/// Whether a character may stand inside a word.
fn is_inside(c: char) -> bool {
    c.is_alphabetic() || is_apostrophe(c) || matches!(c, '\u{300}'..='\u{36f}')
}

/// FNV-1a, folded.
fn bucket(gram: &[u8]) -> usize {
    let hash = gram.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    ((hash ^ (hash >> 15)) as usize) & (BUCKETS - 1)
}
