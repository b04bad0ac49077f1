//! Synthetic corpus of any size from the sample comments: each row joins one sample comment with clauses of others in its language, chosen by hash.
//! Nearly every row is a distinct text, and the same arguments give the same bytes.

use std::io::{self, Write};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The sample comments as `(language, comment)`, without the empty ones.
pub(crate) fn samples() -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(include_str!("../data/samples/feedback.csv").as_bytes());
    let mut out = Vec::new();
    for record in reader.records().map_while(Result::ok) {
        if !record[6].trim().is_empty() {
            out.push((record[4].to_owned(), record[6].to_owned()));
        }
    }
    out
}

fn choice(row: u64, what: u64, of: usize) -> usize {
    (xxh3_64_with_seed(&row.to_le_bytes(), what) % of.max(1) as u64) as usize
}

/// Length of the comments in the corpus.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Length {
    /// As in the sample: ten words in the middle, some of 200.
    Natural,
    /// The first three words and a number: many rows in little time, to watch memory.
    Short,
}

/// Writes `rows` rows as CSV: id, date, language, comment. Texts repeat after `texts` rows.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn write(out: impl Write, rows: u64, texts: u64, length: Length) -> io::Result<()> {
    let samples = samples();
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["id", "date", "language", "comment"])?;
    for number in 0..rows {
        let row = number % texts.max(1);
        let (language, comment) = &samples[choice(row, 1, samples.len())];
        let mates: Vec<&str> = samples
            .iter()
            .filter(|(other, text)| other == language && text.len() < 200)
            .map(|(_, text)| text.as_str())
            .collect();
        // Half of the rows are a sample comment with a number of its own, half have a clause of another comment in front.
        let text = match (row % 2, mates.is_empty()) {
            _ if length == Length::Short => {
                let words: Vec<&str> = comment.split_whitespace().take(3).collect();
                format!("{} {row}", words.join(" "))
            }
            (0, false) => {
                let mate = mates[choice(row, 2, mates.len())];
                let clause = mate.split(['.', '!', ',', ';', '\n']).next().unwrap_or(mate);
                format!("{clause}. {comment} {}", choice(row, 3, 10_000))
            }
            _ => format!("{comment} ({})", choice(row, 4, 10_000)),
        };
        let date = format!("2026-{:02}-{:02}", 1 + choice(row, 5, 10), 1 + choice(row, 6, 28));
        writer.write_record([&format!("R{number}"), &date, language, &text])?;
    }
    writer.flush()
}
