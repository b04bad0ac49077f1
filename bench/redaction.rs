//! `cargo bench --bench redaction`: prints precision and recall of redaction by kind and by language on data/redaction/sentences.toml, and every
//! mistake.

#![allow(clippy::print_stdout, missing_docs)]

use undertone::redact::{Figures, measure};

fn main() {
    let measured = match measure(include_str!("../data/redaction/sentences.toml")) {
        Ok(measured) => measured,
        Err(error) => {
            println!("data/redaction/sentences.toml: {error}");
            return;
        }
    };
    let line = |name: &str, f: &Figures| {
        println!(
            "{name:<10} {:>5} {:>5} {:>9.3} {:>7.3}",
            f.there,
            f.finds,
            f.precision(),
            f.recall()
        );
    };
    println!("{} sentences\n", measured.sentences);
    println!(
        "{:<10} {:>5} {:>5} {:>9} {:>7}",
        "", "there", "finds", "precision", "recall"
    );
    for (kind, figures) in &measured.kinds {
        line(kind.placeholder().trim_matches(['[', ']']), figures);
    }
    measured
        .languages
        .iter()
        .for_each(|(language, figures)| line(language, figures));
    line("all", &measured.all);
    measured.mistakes.iter().for_each(|mistake| println!("{mistake}"));
}
