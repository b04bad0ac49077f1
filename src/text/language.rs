//! In which language is a comment written? Input: clean text. Output: ISO 639-1 code and a confidence that says how often such an answer is right.
//!
//! Comments are short, and on short text the trigrams of `whatlang` alone are wrong too often. So the letters of each alphabet and the stop words of the
//! `stop-words` crate narrow the languages down first, and `whatlang` decides among those that are left. `bench/language.md` has the figures of this,
//! of `whatlang` alone and of `lingua`. Other scripts are `whatlang`'s to name. Text without letters is `und` with confidence 0.

use std::collections::HashMap;
use std::sync::LazyLock;

use stop_words::{Language as StopWords, get};
use whatlang::{Detector, Lang, Script, detect_script};

use super::links::{LINK, PERSON};
use super::symbols::is_letter;

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// ISO 639-1 code; `und` for text without letters, or without letters of a known script.
    pub code: &'static str,
    /// Probability that the code is right, 0..=1. Low for short and ambiguous texts, which still get the best guess.
    pub confidence: f32,
}

/// A language we tell apart.
struct Known {
    code: &'static str,
    lang: Lang,
    stop_words: StopWords,
    cyrillic: bool,
    /// Its letters beyond a to z; for Cyrillic all of them.
    letters: &'static str,
}

const fn latin(code: &'static str, lang: Lang, stop_words: StopWords, letters: &'static str) -> Known {
    Known {
        code,
        lang,
        stop_words,
        cyrillic: false,
        letters,
    }
}

const fn cyrillic(code: &'static str, lang: Lang, stop_words: StopWords, letters: &'static str) -> Known {
    Known {
        code,
        lang,
        stop_words,
        cyrillic: true,
        letters,
    }
}

const COUNT: usize = 20;
const KNOWN: [Known; COUNT] = [
    cyrillic(
        "uk",
        Lang::Ukr,
        StopWords::Ukrainian,
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    ),
    cyrillic("ru", Lang::Rus, StopWords::Russian, "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"),
    cyrillic("bg", Lang::Bul, StopWords::Bulgarian, "абвгдежзийклмнопрстуфхцчшщъьюяѝ"),
    latin("pt", Lang::Por, StopWords::Portuguese, "áâãàçéêíóôõú"),
    latin("hu", Lang::Hun, StopWords::Hungarian, "áéíóöőúüű"),
    latin("pl", Lang::Pol, StopWords::Polish, "ąćęłńóśźż"),
    latin("en", Lang::Eng, StopWords::English, ""),
    latin("de", Lang::Deu, StopWords::German, "äöüß"),
    latin("es", Lang::Spa, StopWords::Spanish, "áéíñóúü"),
    latin("fr", Lang::Fra, StopWords::French, "àâæçéèêëîïôœùûüÿ"),
    latin("it", Lang::Ita, StopWords::Italian, "àèéìíîòóùú"),
    latin("nl", Lang::Nld, StopWords::Dutch, "éëèïöüó"),
    latin("cs", Lang::Ces, StopWords::Czech, "áčďéěíňóřšťúůýž"),
    latin("sk", Lang::Slk, StopWords::Slovak, "áäčďéíĺľňóôŕšťúýž"),
    latin("tr", Lang::Tur, StopWords::Turkish, "çğıöşüâîû"),
    latin("sv", Lang::Swe, StopWords::Swedish, "åäöé"),
    latin("da", Lang::Dan, StopWords::Danish, "æøåé"),
    latin("ro", Lang::Ron, StopWords::Romanian, "ăâîșțşţ"),
    latin("hr", Lang::Hrv, StopWords::Croatian, "čćđšž"),
    latin("sl", Lang::Slv, StopWords::Slovenian, "čšž"),
];

/// For each stop word and each letter beyond a to z, the languages that have it, a bit each.
static WORDS: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for (n, known) in KNOWN.iter().enumerate() {
        for word in get(known.stop_words) {
            *words.entry(*word).or_default() |= 1 << n;
        }
    }
    words
});
static LETTERS: LazyLock<HashMap<char, u32>> = LazyLock::new(|| {
    let mut letters = HashMap::new();
    for (n, known) in KNOWN.iter().enumerate() {
        for letter in known.letters.chars() {
            *letters.entry(letter).or_default() |= 1 << n;
        }
    }
    letters
});

// Chosen on short and long texts of 20 languages, see `bench/language.md`: points for a stop word, for one that no other language has, for a letter the
// language lacks, and how far behind the best a language may be to be put before `whatlang`.
const STOP_WORD: f32 = 1.0;
const OWN_STOP_WORD: f32 = 1.5;
const FOREIGN_LETTER: f32 = -2.0;
const MARGIN: f32 = 0.75;
/// Words and letters looked at: enough to be sure, and a bound for very long comments.
const LONGEST: usize = 2_000;

/// The most likely language of a clean text.
pub fn language(clean_text: &str) -> Language {
    let sample: String = clean_text
        .replace(PERSON, " ")
        .replace(LINK, " ")
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .to_lowercase();
    let (mut of_cyrillic, mut of_latin, mut letters) = (0usize, 0usize, 0usize);
    for c in sample.chars().filter(|c| is_letter(*c)) {
        letters += 1;
        of_cyrillic += usize::from(('\u{400}'..='\u{52f}').contains(&c));
        of_latin += usize::from(c < '\u{250}' || ('\u{1e00}'..='\u{1eff}').contains(&c));
    }
    if letters == 0 {
        return Language {
            code: "und",
            confidence: 0.0,
        };
    }
    if letters > 2 * (of_cyrillic + of_latin) {
        return other_script(&sample);
    }
    let scores = scores(&sample, of_cyrillic > of_latin);
    let best = scores.iter().map(|(_, score)| *score).fold(f32::MIN, f32::max);
    let likely: Vec<Lang> = scores
        .iter()
        .filter(|(_, score)| *score >= best - MARGIN)
        .map(|(n, _)| KNOWN[*n].lang)
        .collect();
    let alone = likely.len() == 1;
    let Some(found) = Detector::with_allowlist(likely).detect(&sample) else {
        return Language {
            code: "und",
            confidence: 0.0,
        };
    };
    let mut chosen = ("und", 0.0);
    let mut second = f32::MIN;
    for (n, score) in scores {
        if KNOWN[n].lang == found.lang() {
            chosen = (KNOWN[n].code, score);
        } else {
            second = second.max(score);
        }
    }
    let lead = (chosen.1 - second).clamp(-4.0, 6.0);
    Language {
        code: chosen.0,
        confidence: confidence(lead, (!alone).then_some(found.confidence() as f32), letters),
    }
}

/// Points of every language of the script, by number.
fn scores(sample: &str, cyrillic: bool) -> Vec<(usize, f32)> {
    let mut scores: Vec<(usize, f32)> = (0..COUNT)
        .filter(|n| KNOWN[*n].cyrillic == cyrillic)
        .map(|n| (n, 0.0))
        .collect();
    let script = scores.iter().fold(0u32, |bits, (n, _)| bits | 1 << n);
    let telling = |c: &char| is_letter(*c) && !c.is_ascii() && (('\u{400}'..='\u{52f}').contains(c) == cyrillic);
    for c in sample.chars().filter(telling) {
        let having = LETTERS.get(&c).copied().unwrap_or(0) & script;
        scores
            .iter_mut()
            .filter(|(n, _)| having >> n & 1 == 0)
            .for_each(|(_, score)| *score += FOREIGN_LETTER);
    }
    let words = sample.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')));
    for having in words.filter_map(|word| WORDS.get(word)).map(|bits| bits & script) {
        let points = if having.count_ones() == 1 {
            OWN_STOP_WORD
        } else {
            STOP_WORD
        };
        scores
            .iter_mut()
            .filter(|(n, _)| having >> n & 1 == 1)
            .for_each(|(_, score)| *score += points);
    }
    scores
}

/// How often an answer like this was right: a logistic regression on the texts of `bench/language.md`, on the lead in points over the second language,
/// `whatlang`'s own confidence where it had to decide, and the number of letters.
fn confidence(lead: f32, trigrams: Option<f32>, letters: usize) -> f32 {
    let logit = -1.23 + 1.03 * lead + trigrams.map_or(1.71, |p| 4.77 * p) + 0.18 * (letters as f32).ln_1p();
    1.0 / (1.0 + (-logit).exp())
}

/// Languages with a script of their own: the script alone decides, so the code is certain.
fn other_script(sample: &str) -> Language {
    let code = match detect_script(sample) {
        Some(Script::Arabic) => whatlang::detect_lang(sample).map_or("und", |lang| match lang {
            Lang::Pes => "fa",
            Lang::Urd => "ur",
            _ => "ar",
        }),
        Some(Script::Greek) => "el",
        Some(Script::Hebrew) => "he",
        Some(Script::Devanagari) => "hi",
        Some(Script::Mandarin) => "zh",
        Some(Script::Hiragana | Script::Katakana) => "ja",
        Some(Script::Hangul) => "ko",
        Some(Script::Thai) => "th",
        Some(Script::Georgian) => "ka",
        Some(Script::Armenian) => "hy",
        _ => "und",
    };
    Language { code, confidence: 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_comments_in_twenty_languages() {
        for (code, text) in [
            ("uk", "Дуже повільна доставка, більше не замовлятиму"),
            ("ru", "Очень медленная доставка, больше заказывать не буду"),
            ("bg", "Много бавна доставка, повече няма да поръчвам"),
            ("pt", "Entrega muito lenta, não volto a comprar aqui"),
            ("hu", "Nagyon lassú volt a szállítás, többet nem rendelek"),
            ("pl", "Bardzo wolna dostawa, więcej tu nie zamówię"),
            ("en", "Very slow delivery, I will not order again"),
            ("de", "Sehr langsame Lieferung, ich bestelle hier nicht mehr"),
            ("es", "Entrega muy lenta, no vuelvo a comprar aquí"),
            ("fr", "Livraison très lente, je ne commanderai plus ici"),
            ("it", "Consegna molto lenta, non ordinerò più qui"),
            ("nl", "Heel trage levering, ik bestel hier niet meer"),
            ("cs", "Velmi pomalé doručení, už tu nic neobjednám"),
            ("sk", "Veľmi pomalé doručenie, už tu nič neobjednám"),
            ("tr", "Kargo çok yavaştı, bir daha sipariş vermem"),
            ("sv", "Mycket långsam leverans, jag beställer inte igen"),
            ("da", "Meget langsom levering, jeg bestiller ikke her igen"),
            ("ro", "Livrare foarte lentă, nu mai comand de aici"),
            ("hr", "Vrlo spora dostava, više neću naručivati ovdje"),
            ("sl", "Zelo počasna dostava, tukaj ne bom več naročal"),
        ] {
            assert_eq!(language(text).code, code, "{text}");
        }
    }

    #[test]
    fn confidence_falls_with_the_evidence() {
        let (long, short) = (
            language("Очень медленная доставка, больше заказывать не буду"),
            language("норм"),
        );
        assert!(
            long.confidence > 0.9 && short.confidence < long.confidence,
            "{long:?} {short:?}"
        );
    }

    #[test]
    fn other_scripts_and_no_letters() {
        assert_eq!(
            language("الخدمة سيئة جدا ولن أعود"),
            Language {
                code: "ar",
                confidence: 1.0
            }
        );
        assert_eq!(language("サービスがとても悪い").code, "ja");
        for text in ["", "123 :-)", "😡😡", "@user http"] {
            assert_eq!(
                language(text),
                Language {
                    code: "und",
                    confidence: 0.0
                },
                "{text}"
            );
        }
    }
}
