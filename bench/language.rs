//! `cargo bench --bench language -- LABELLED_DIR`: share of comments whose language is right, each by itself and with the other texts of its language as
//! the file around it, beside `whatlang`. Judged on up to 400 texts a language, and 400 texts under 40 characters, taken evenly from the sets whose `lang`
//! can be trusted, of the eighth that `models/train/language.py` holds back. The answer is the table of `bench/language.md`.

#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use undertone::text::{Detector, LanguageSample, clean, language};
use whatlang::Lang;
use xxhash_rust::xxh3::xxh3_64;

/// Sets that were written, translated or checked language by language. App reviews that mix languages under one label are excluded.
const TRUSTED: [&str; 10] = [
    "germeval2017_dev",
    "husst",
    "kosovan_uk_translated",
    "m_absa",
    "mozetic_tweets_posneg",
    "opinhubank",
    "sentence_polarity_en",
    "umsab",
    "wccrs_pl",
    "xed",
];
const LANGUAGES: [(&str, Lang); 20] = [
    ("uk", Lang::Ukr),
    ("pt", Lang::Por),
    ("ru", Lang::Rus),
    ("hu", Lang::Hun),
    ("pl", Lang::Pol),
    ("en", Lang::Eng),
    ("de", Lang::Deu),
    ("es", Lang::Spa),
    ("fr", Lang::Fra),
    ("it", Lang::Ita),
    ("nl", Lang::Nld),
    ("cs", Lang::Ces),
    ("sk", Lang::Slk),
    ("tr", Lang::Tur),
    ("sv", Lang::Swe),
    ("ro", Lang::Ron),
    ("bg", Lang::Bul),
    ("hr", Lang::Hrv),
    ("da", Lang::Dan),
    ("sl", Lang::Slv),
];
/// Tells the language of a text.
type Detect<'a> = &'a dyn Fn(&str, &Detector) -> &'static str;

const TEXTS: usize = 400;
const SHORT: usize = 40;

/// Distinct clean texts by language, in rounds over the sets, each set in the order of its hashes.
fn texts(folder: &Path) -> Result<BTreeMap<String, Vec<String>>, Box<dyn Error>> {
    let mut pools: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for name in TRUSTED {
        let mut by_language: BTreeMap<String, HashSet<String>> = BTreeMap::new();
        let file = flate2::read::GzDecoder::new(File::open(folder.join(format!("{name}.jsonl.gz")))?);
        for line in BufReader::new(file).lines() {
            let row: serde_json::Value = serde_json::from_str(&line?)?;
            let (text, lang) = (
                row["text"].as_str().unwrap_or_default(),
                row["lang"].as_str().unwrap_or_default(),
            );
            // The others were trained on.
            if !xxh3_64(text.as_bytes()).is_multiple_of(8) {
                continue;
            }
            let text = clean(text.strip_prefix("RT ").unwrap_or(text)).text().to_owned();
            // Some subtitles contain the file names of their alignment.
            if text.chars().any(char::is_alphabetic) && !text.contains(".xml.gz") {
                by_language.entry(lang.to_owned()).or_default().insert(text);
            }
        }
        for (lang, found) in by_language {
            let mut found: Vec<String> = found.into_iter().collect();
            found.sort_by_key(|text| xxh3_64(text.as_bytes()));
            pools.entry(lang).or_default().extend(found.into_iter().enumerate());
        }
    }
    // Takes the first text of every set, then the second of every set, and so on.
    let even = |mut pool: Vec<(usize, String)>| {
        pool.sort_by_key(|(rank, _)| *rank);
        pool.into_iter().map(|(_, text)| text).collect()
    };
    Ok(pools.into_iter().map(|(lang, pool)| (lang, even(pool))).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        return Err("give the folder of labelled sets: cargo bench --bench language -- LABELLED_DIR".into());
    };
    let pools = texts(Path::new(&folder))?;
    let code = |lang: Lang| {
        LANGUAGES
            .iter()
            .find(|known| known.1 == lang)
            .map_or("other", |known| known.0)
    };
    let listed = whatlang::Detector::with_allowlist(LANGUAGES.map(|known| known.1).to_vec());
    let detectors: [(&str, Detect<'_>); 4] = [
        ("whatlang", &|text, _| whatlang::detect_lang(text).map_or("und", code)),
        ("whatlang, 20 languages", &|text, _| {
            listed.detect_lang(text).map_or("und", code)
        }),
        ("undertone", &|text, _| language(text).code),
        ("undertone, in its file", &|text, file| file.language(text).code),
    ];
    // A file of a language: its texts that are judged.
    let files = LANGUAGES.map(|(lang, _)| {
        let mut sample = LanguageSample::default();
        let pool = pools.get(lang).map(Vec::as_slice).unwrap_or_default();
        pool.iter().take(TEXTS).for_each(|text| sample.add(text));
        Detector::new(&sample.prior(None))
    });
    let mut columns = Vec::new();
    for (name, detect) in detectors {
        let (started, mut count) = (Instant::now(), 0);
        let mut shares = Vec::new();
        for ((lang, _), file) in LANGUAGES.into_iter().zip(&files) {
            let pool = pools.get(lang).map(Vec::as_slice).unwrap_or_default();
            let share = |texts: Vec<&String>| {
                let right = texts.iter().filter(|text| detect(text, file) == lang).count();
                (texts.len(), 100.0 * right as f64 / texts.len() as f64)
            };
            let (all, right) = share(pool.iter().take(TEXTS).collect());
            let (few, short) = share(
                pool.iter()
                    .filter(|text| text.chars().count() < SHORT)
                    .take(TEXTS)
                    .collect(),
            );
            count += all + few;
            shares.push((right, short));
        }
        eprintln!(
            "{name}: {:.0} texts/s on one thread",
            f64::from(u32::try_from(count)?) / started.elapsed().as_secs_f64()
        );
        columns.push((name, shares));
    }
    let titles: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!("{name} | under {SHORT} |"))
        .collect();
    println!("| language | {}", titles.join(" "));
    println!("|---|{}", "---|---|".repeat(columns.len()));
    for (n, (lang, _)) in LANGUAGES.iter().enumerate() {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, shares)| format!("{:.1} | {:.1} |", shares[n].0, shares[n].1))
            .collect();
        println!("| {lang} | {}", cells.join(" "));
    }
    let mean = |pick: fn(&(f64, f64)) -> f64, shares: &[(f64, f64)]| {
        // A language without such texts does not count.
        let known: Vec<f64> = shares.iter().map(pick).filter(|share| share.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let cells: Vec<String> = columns
        .iter()
        .map(|(_, s)| format!("{:.1} | {:.1} |", mean(|x| x.0, s), mean(|x| x.1, s)))
        .collect();
    println!("| mean | {}", cells.join(" "));
    Ok(())
}
