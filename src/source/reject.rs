//! Rejects: records that cannot be read, as one JSON line each with file, line, row, reason and the bytes in readable form, for
//! `<output>.rejects.jsonl`. A reject never stops a run.

use serde::{Serialize, Serializer};

/// Maximum number of bytes shown of a rejected record; [`Reject::bytes`] is the full length.
pub const SHOWN_BYTES: usize = 16 * 1024;

/// A record that could not be turned into a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// The file as it was given on the command line.
    pub file: String,
    /// The line on which the record begins, from 1, in the decompressed file.
    pub line: u64,
    /// The 0-based number of the record in its file, on the same count as [`Batch::rows`](super::Batch::rows).
    pub row: u64,
    /// Reason for the rejection.
    pub reason: Reason,
    /// The record, in UTF-8 where it is UTF-8; other bytes as `\xE9` and a backslash as `\\`. Cut at [`SHOWN_BYTES`].
    pub raw: String,
    /// The length of the record in bytes (after transcoding to UTF-8), however much of it is shown.
    pub bytes: u64,
}

impl Reject {
    pub(super) fn new(file: &str, line: u64, row: u64, reason: Reason, raw: &[u8]) -> Self {
        let bytes = raw.len() as u64;
        let mut end = raw.len().min(SHOWN_BYTES);
        // A cut inside a character would show bytes that are not in the record.
        while end > 0 && end < raw.len() && raw[end] & 0xC0 == 0x80 && end + 4 > SHOWN_BYTES {
            end -= 1;
        }
        Reject {
            file: file.to_owned(),
            line,
            row,
            reason,
            raw: escape(&raw[..end]),
            bytes,
        }
    }
}

/// Reasons for rejection. In JSON it is its sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The record has more or fewer fields than the header.
    #[error("expected {expected} {}, found {found}", if *expected == 1 { "field" } else { "fields" })]
    Fields {
        /// Fields of the header.
        expected: usize,
        /// Fields of the record.
        found: usize,
    },
    /// A quote opens on this line and never closes. Only this line is rejected; reading continues with the next one.
    #[error("a quote opens on this line and never closes; reading went on with the next line")]
    OpenQuote,
    /// A page of records that has none.
    #[error("expected a list `{0}` in the object")]
    NoList(String),
    /// The file is UTF-8 and this record is not.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// The file is in a legacy encoding, and the record has bytes that are invalid in it.
    #[error("bytes that mean nothing in {0}")]
    NotInEncoding(&'static str),
    /// The record has a NUL byte.
    #[error("a NUL byte inside the record")]
    Nul,
    /// The line or array element is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// The line or array element is JSON, but not an object.
    #[error("expected a JSON object, found {0}")]
    NotObject(&'static str),
    /// The record is longer than any comment: more than `limit` bytes.
    #[error("longer than {} MiB", limit >> 20)]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Escapes bytes reversibly: valid UTF-8 as it is, other bytes as `\xE9`, a backslash doubled.
fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_bytes_stay_readable_and_unambiguous() {
        assert_eq!(escape("так \\ é".as_bytes()), "так \\\\ é");
        assert_eq!(escape(b"caf\xE9\n"), "caf\\xE9\n");
    }

    #[test]
    fn a_long_record_is_cut_at_a_character_and_tells_its_length() {
        let raw = format!("x{}", "є".repeat(SHOWN_BYTES));
        let reject = Reject::new("a.csv", 2, 0, Reason::Nul, raw.as_bytes());
        assert_eq!(reject.bytes, raw.len() as u64);
        assert!(
            reject.raw.len() <= SHOWN_BYTES && reject.raw.ends_with('є'),
            "no torn character"
        );
    }

    #[test]
    fn one_json_line_per_reject() {
        let reject = Reject::new("a.csv", 7, 4, Reason::Fields { expected: 8, found: 7 }, b"a,b\xFF");
        let line = serde_json::to_string(&reject).unwrap();
        assert_eq!(
            line,
            r#"{"file":"a.csv","line":7,"row":4,"reason":"expected 8 fields, found 7","raw":"a,b\\xFF","bytes":4}"#
        );
    }
}
