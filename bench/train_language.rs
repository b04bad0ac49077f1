//! `cargo bench --bench train_language -- TEXTS.tsv TABLE.bin`: trains the table that tells languages (`models/language/table.bin`) on what
//! `models/train/language.py` gathered: a language, a set and a text a line. A linear softmax model over hashed character n-grams (as in McMahan et al. 2013),
//! AdaGrad, weights rounded to eight bits. Comments are short, so it learns from pieces of one to twelve words. Seeded; one thread; two minutes.

#![allow(clippy::print_stderr)] // progress

use std::error::Error;
use std::fs;

#[path = "../src/text/grams.rs"]
mod grams;
use grams::{BUCKETS, grams};

/// The languages of the model first, then the neighbours they must be told from.
const CODES: [&str; 41] = [
    "uk", "ru", "bg", "pt", "hu", "pl", "en", "de", "es", "fr", "it", "nl", "cs", "sk", "tr", "sv", "da", "ro", "hr",
    "sl", "be", "mk", "sr", "kk", "ky", "mn", "tg", "lt", "lv", "et", "fi", "sq", "vi", "id", "az", "ca", "no", "eu",
    "is", "gl", "uz",
];
const CLASSES: usize = CODES.len();
/// How many of them are the model's.
const SUPPORTED: usize = 20;
const EPOCHS: usize = 8;
/// Pieces of each language in an epoch; half as many where there are few texts.
const PIECES: usize = 24_000;
const FEW: usize = 6_000;
const RATE: f32 = 0.5;
/// Share of pieces that are written in Latin letters, mixed with Russian words, or without accents.
const OTHERWISE: f64 = 0.1;
const MIXED: f64 = 0.04;

/// How often a text of a set is drawn: what customers write most, what is noisy least.
fn weight(set: &str) -> usize {
    match set {
        "own" => 12,
        "concepts" | "feedback_labels" => 6,
        "lingua" => 4,
        "mozetic_tweets_posneg" => 1,
        _ => 2,
    }
}

/// Serbian letters, and how they are written in Latin ones; those of two letters first.
const SERBIAN: [(&str, &str); 30] = [
    ("lj", "љ"),
    ("nj", "њ"),
    ("dž", "џ"),
    ("a", "а"),
    ("b", "б"),
    ("v", "в"),
    ("g", "г"),
    ("d", "д"),
    ("đ", "ђ"),
    ("e", "е"),
    ("ž", "ж"),
    ("z", "з"),
    ("i", "и"),
    ("j", "ј"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("ć", "ћ"),
    ("u", "у"),
    ("f", "ф"),
    ("h", "х"),
    ("c", "ц"),
    ("č", "ч"),
    ("š", "ш"),
];

fn cyrillic(text: &str) -> String {
    SERBIAN
        .iter()
        .fold(text.to_lowercase(), |text, (latin, letter)| text.replace(latin, letter))
}

fn latin(text: &str) -> String {
    SERBIAN
        .iter()
        .fold(text.to_lowercase(), |text, (latin, letter)| text.replace(letter, latin))
}

/// Ukrainian, Russian or Bulgarian in Latin letters, as people type it; `style` is one of three habits.
fn transliterated(text: &str, language: &str, style: usize) -> String {
    let mut typed = String::new();
    for c in text.to_lowercase().chars() {
        typed.push_str(match c {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' if language == "uk" && style != 1 => "h",
            'г' | 'ґ' => "g",
            'д' => "d",
            'е' | 'э' => "e",
            'є' => ["ye", "ie", "ie"][style],
            'ё' => ["e", "yo", "jo"][style],
            'ж' => "zh",
            'з' => "z",
            'и' if language == "uk" => ["y", "y", "i"][style],
            'и' | 'і' => "i",
            'ї' => ["yi", "i", "ji"][style],
            'й' => ["y", "i", "j"][style],
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => ["kh", "h", "h"][style],
            'ц' => ["ts", "c", "ts"][style],
            'ч' => "ch",
            'ш' => "sh",
            'щ' if language == "bg" => "sht",
            'щ' => ["shch", "sch", "shh"][style],
            'ъ' if language == "bg" => "a",
            'ы' => "y",
            'ь' => ["", "", "'"][style],
            'ю' => ["yu", "iu", "ju"][style],
            'я' => ["ya", "ia", "ja"][style],
            '’' | '\'' | 'ʼ' | 'ъ' => "",
            c => {
                typed.push(c);
                continue;
            }
        });
    }
    typed
}

const ACCENTS: [(char, &str); 12] = [
    ('a', "áàâãäåăą"),
    ('e', "éèêëěę"),
    ('i', "íìîïı"),
    ('o', "óòôõöőø"),
    ('u', "úùûüűů"),
    ('c', "çćč"),
    ('n', "ñńň"),
    ('s', "šśşș"),
    ('z', "žźż"),
    ('t', "ťțţ"),
    ('d', "ďđ"),
    ('l', "ľĺł"),
];

fn without_accents(text: &str) -> String {
    let plain = |c: char| {
        ACCENTS
            .iter()
            .find(|(_, all)| all.contains(c))
            .map_or(c, |(plain, _)| *plain)
    };
    text.to_lowercase().chars().map(plain).collect()
}

struct Texts {
    rows: Vec<(usize, String)>,
    /// Rows of each language, as often as they are to be drawn.
    of: Vec<Vec<usize>>,
}

impl Texts {
    fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let mut texts = Self {
            rows: Vec::new(),
            of: vec![Vec::new(); CLASSES],
        };
        for line in fs::read_to_string(path)?.lines() {
            let mut cells = line.splitn(3, '\t');
            let (Some(code), Some(set), Some(text)) = (cells.next(), cells.next(), cells.next()) else {
                return Err(format!("not a language, a set and a text: {line}").into());
            };
            let Some(class) = CODES.iter().position(|known| *known == code) else {
                continue;
            };
            texts.of[class].extend(std::iter::repeat_n(texts.rows.len(), weight(set)));
            texts.rows.push((class, text.to_owned()));
        }
        Ok(texts)
    }

    /// Some words of a text of the language, one after the other.
    fn piece(&self, class: usize, random: &mut fastrand::Rng) -> String {
        let rows = &self.of[class];
        let words: Vec<&str> = self.rows[rows[random.usize(..rows.len())]].1.split(' ').collect();
        let length = match random.f64() {
            p if p < 0.22 => 1,
            p if p < 0.42 => 2,
            p if p < 0.57 => 3,
            p if p < 0.77 => random.usize(4..=6),
            p if p < 0.92 => random.usize(7..=12),
            _ => words.len(),
        }
        .min(words.len());
        let from = if random.f64() < 0.3 {
            0
        } else {
            random.usize(..=words.len() - length)
        };
        words[from..from + length].join(" ")
    }

    /// The same, now and then written in another way.
    fn example(&self, class: usize, random: &mut fastrand::Rng) -> String {
        let (piece, p) = (self.piece(class, random), random.f64());
        match CODES[class] {
            language @ ("uk" | "ru" | "bg") if p < OTHERWISE => transliterated(&piece, language, random.usize(..3)),
            // Surzhyk: Ukrainian with Russian words.
            "uk" if p < OTHERWISE + MIXED => format!("{piece} {}", self.piece(1, random)),
            "sr" if p < 0.5 => cyrillic(&piece),
            "sr" if p < 0.6 => without_accents(&latin(&piece)),
            "sr" => latin(&piece),
            _ if class > 2 && p < OTHERWISE => without_accents(&piece),
            _ => piece,
        }
    }
}

struct Model {
    weights: Vec<f32>,
    bias: [f32; CLASSES],
    /// Sum of squared gradients of each bucket.
    seen: Vec<f32>,
}

impl Model {
    /// One step towards `class`; the loss before it.
    fn learn(&mut self, buckets: &[usize], class: usize, rate: f32) -> f32 {
        let share = 1.0 / (buckets.len() as f32).sqrt();
        let mut error = self.bias;
        let row = |bucket: usize| bucket * CLASSES..(bucket + 1) * CLASSES;
        for bucket in buckets {
            error
                .iter_mut()
                .zip(&self.weights[row(*bucket)])
                .for_each(|(sum, w)| *sum += w * share);
        }
        let most = error.iter().copied().fold(f32::MIN, f32::max);
        error.iter_mut().for_each(|odds| *odds = (*odds - most).exp());
        let sum: f32 = error.iter().sum();
        error.iter_mut().for_each(|p| *p /= sum);
        let loss = -error[class].max(1e-9).ln();
        error[class] -= 1.0;
        let square = error.iter().map(|e| e * e).sum::<f32>() * share * share;
        for bucket in buckets {
            self.seen[*bucket] += square;
            let step = rate * share / self.seen[*bucket].sqrt();
            self.weights[row(*bucket)]
                .iter_mut()
                .zip(&error)
                .for_each(|(w, e)| *w -= step * e);
        }
        self.bias
            .iter_mut()
            .zip(&error)
            .for_each(|(bias, e)| *bias -= 0.002 * e);
        loss
    }

    /// The file that `src/text/language.rs` reads.
    fn table(&self) -> Vec<u8> {
        let mut sizes: Vec<f32> = self.weights.iter().map(|w| w.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        let scale = sizes[sizes.len() - sizes.len() / 10_000 - 1] / 127.0;
        let mut file = CODES.join(" ").into_bytes();
        file.push(b'\n');
        for figure in std::iter::once(&scale).chain(&self.bias) {
            file.extend(figure.to_le_bytes());
        }
        file.extend(
            self.weights
                .iter()
                .map(|w| ((w / scale).round() as i8).max(-127).cast_unsigned()),
        );
        file
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let [texts, table] = arguments.as_slice() else {
        return Err("cargo bench --bench train_language -- TEXTS.tsv TABLE.bin".into());
    };
    let texts = Texts::read(texts)?;
    let mut model = Model {
        weights: vec![0.0; BUCKETS * CLASSES],
        bias: [0.0; CLASSES],
        seen: vec![1e-6; BUCKETS],
    };
    let mut random = fastrand::Rng::with_seed(7);
    let mut buckets = Vec::new();
    for epoch in 0..EPOCHS {
        let mut order: Vec<usize> = (0..CLASSES)
            .flat_map(|class| {
                let few = class >= SUPPORTED && texts.of[class].len() < FEW;
                std::iter::repeat_n(class, if few { PIECES / 2 } else { PIECES })
            })
            .collect();
        random.shuffle(&mut order);
        let rate = RATE * (1.0 - 0.9 * epoch as f32 / EPOCHS as f32);
        let (mut loss, mut count) = (0.0, 0u32);
        for class in order {
            buckets.clear();
            grams(&texts.example(class, &mut random), |bucket| buckets.push(bucket));
            if !buckets.is_empty() {
                loss += f64::from(model.learn(&buckets, class, rate));
                count += 1;
            }
        }
        eprintln!("epoch {epoch}: loss {:.4}", loss / f64::from(count));
    }
    fs::write(table, model.table())?;
    Ok(())
}
