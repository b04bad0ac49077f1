//! Ratings that customers write into the comment: "5/5", "★☆☆☆☆", "10 out of 10", "п'ять зірок", "Nota 10". Input: clean text. Output: how good the
//! rating is, if one is the whole comment, begins or ends it, and no second one says something else. A bare number is no rating.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::symbols::is_emoji;

/// Numbers as words, in the languages of the model, in the forms that stand before stars and points.
#[rustfmt::skip]
const NUMBERS: [(f32, &str); 8] = [
    (0.0, "zero|нуль|ноль|нула|nulla|null|zéro|nul|nula|sıfır|noll|cero|nič|no"),
    (1.0, "one|одна|один|одну|uma|um|una|un|uno|egy|jedna|jeden|jedną|ein|einen|eine|une|een|één|jednu|jedno|bir|en|ett|o|една|един|ena|en"),
    (2.0, "two|дві|два|две|duas|dois|dos|két|kettő|dwie|dwa|zwei|deux|due|twee|dvě|dva|dve|iki|två|to|două|doi|dvije"),
    (3.0, "three|три|três|tres|három|trzy|drei|trois|tre|drie|tři|tri|üç|trei"),
    (4.0, "four|чотири|четыре|четири|quatro|cuatro|négy|cztery|vier|quatre|quattro|čtyři|štyri|dört|fyra|fire|patru|četiri|štiri"),
    (5.0, "five|п'ять|пять|пет|cinco|öt|pięć|fünf|cinq|cinque|vijf|pět|päť|beş|fem|cinci|pet|п'яти|пяти|pięciu|pěti|piatich"),
    (10.0, "ten|десять|десет|dez|diez|tíz|dziesięć|zehn|dix|dieci|tien|deset|desať|on|tio|ti|zece|десяти|dziesięciu|deseti|desiatich"),
    (1000.0, "mil"),
];

static NUMBER: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let words = |(value, words): &(f32, &'static str)| words.split('|').map(|word| (word, *value)).collect::<Vec<_>>();
    NUMBERS.iter().flat_map(words).collect()
});

fn number(text: &str) -> Option<f32> {
    let digits = text.replace(',', ".").replace(['−', '–', ' '], "");
    digits.parse().ok().or_else(|| NUMBER.get(text).copied())
}

/// What a rating is worth, -1..=1: four of five and seven of ten are praise, two of five and four of ten blame.
fn worth(points: f32, most: f32) -> f32 {
    match points / most {
        share if share < 0.35 => -1.0,
        share if share < 0.45 => -0.7,
        share if share < 0.65 => 0.0,
        share if share < 0.75 => 0.4,
        share if share < 0.85 => 0.7,
        _ => 1.0,
    }
}

/// Words at either end of a text among which a rating is looked for.
const REACH: usize = 8;

/// A whole rating in words or figures.
struct Form {
    pattern: Regex,
    /// What it is worth; nothing when the numbers make no rating.
    worth: fn(&Captures<'_>) -> Option<f32>,
    /// May be followed by more of the sentence.
    open: bool,
}

fn points(found: &Captures<'_>, group: &str) -> Option<f32> {
    number(found.name(group)?.as_str())
}

/// x of y: of five, of ten, of twenty, of a hundred. More than all is how people say the very best.
fn of_most(found: &Captures<'_>) -> Option<f32> {
    let (x, y) = (points(found, "x")?, points(found, "y")?);
    let scale = [5.0, 10.0, 20.0, 100.0].contains(&y);
    let possible = x <= y || x == y + 1.0 || x % (10.0 * y) == 0.0;
    match found.name("minus") {
        Some(_) if scale => Some(-1.0),
        _ => (scale && possible).then(|| worth(x, y)),
    }
}

/// Stars of five.
fn stars(found: &Captures<'_>) -> Option<f32> {
    let x = points(found, "x")?;
    match found.name("minus") {
        Some(_) => Some(-1.0),
        // A "five star hotel" is a kind of hotel.
        None if found[0].ends_with("star") && x != 1.0 => None,
        None if x == 10.0 => Some(1.0),
        None => (x <= 5.0).then(|| worth(x, 5.0)),
    }
}

/// Points without a scale: none and less are blame, ten and a hundred praise.
fn bare_points(found: &Captures<'_>) -> Option<f32> {
    match (found.name("minus"), points(found, "x")?) {
        (Some(_), _) | (None, 0.0) => Some(-1.0),
        (None, 10.0 | 100.0) => Some(1.0),
        _ => None,
    }
}

/// Marks of schools with five as the best, or ten or twelve.
fn of_five(found: &Captures<'_>) -> Option<f32> {
    match points(found, "x")? {
        10.0 | 12.0 | 100.0 | 1000.0 => Some(1.0),
        x if x <= 5.0 => Some(worth(x, 5.0)),
        _ => None,
    }
}

/// Marks of ten.
fn of_ten(found: &Captures<'_>) -> Option<f32> {
    match points(found, "x")? {
        100.0 | 1000.0 => Some(1.0),
        x if x <= 10.0 => Some(worth(x, 10.0)),
        _ => None,
    }
}

/// German and Czech marks: one is the best, five or six the worst.
fn one_is_best(found: &Captures<'_>) -> Option<f32> {
    match points(found, "x")? {
        x if (1.0..2.5).contains(&x) => Some(1.0),
        x if (2.5..4.0).contains(&x) => Some(0.0),
        x if (4.0..=6.0).contains(&x) => Some(-1.0),
        _ => None,
    }
}

const N: &str = r"(?:\d{1,4}(?:[.,]\d)?|\p{L}[\p{L}']*)";
const MINUS: &str = r"(?P<minus>[-−–]\s?|(?:minus|мінус|минус|menos|mínusz|moins|meno|eksi)\s)?";
const STAR: &str = r"(?:stars?|зір(?:ка|ки|ку|ок|очка|очок|очки)|зв[её]зд(?:а|ы|у|очка|очки|очек)?|звезди|estrelas?|estrellas?|csillag(?:os|ot)?|gwiazd(?:ka|ki|kę|ek)|sterne?n?|[ée]toiles?|stell[ae]|sterren|ster|hvězd(?:a|y|u|ička|ičky|iček)?|hviezd(?:a|y|u|ička|ičky|ičiek)?|yıldız|stjärn(?:a|or)|stjerner?|ste(?:a|le)|zvjezdic[ae]|zvezdic[ae])";
const POINT: &str =
    r"(?:points?|punkte?n?|punti|puntos?|pontos?|pont|punkt(?:ów|y)?|poäng|puan|bod(?:ů|ov|ova|y)?|точк[иа])";
const BALL: &str = r"(?:бал(?:ів|и|а)?|балл(?:ов|а|ы)?)";
const OF: &str =
    r"(?:out of|of|von|aus|з|із|из|na|на|z|ze|zo|de|em|en|sobre|sur|su|van de|van|uit|op|av|ud af|af|din|от|од|od)";

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms: [(String, fn(&Captures<'_>) -> Option<f32>, bool); 11] = [
        (
            format!(r"{MINUS}(?P<x>\d{{1,4}}(?:[.,]\d)?)\s?/\s?(?P<y>5|10|20|100)(?:\s(?:{POINT}|{BALL}|{STAR}))?"),
            of_most,
            true,
        ),
        (
            format!(r"{MINUS}(?P<x>{N})(?:\s{STAR})?\s{OF}\s(?P<y>{N})(?:\s(?:{POINT}|{BALL}|{STAR}))?"),
            of_most,
            false,
        ),
        // Hungarian and Turkish say the scale first.
        (
            r"(?P<y>5|10|öt|tíz|100)-?(?:b[őo]l|ből)\s(?P<x>\d{1,3}|\p{L}+?)(?:-?[oeöáa]s)?".to_owned(),
            of_most,
            false,
        ),
        (
            r"(?P<y>5|10|100|on|beş)\s(?:puan )?üzerinden\s(?P<x>\d{1,3}|\p{L}+)(?:\spuan)?".to_owned(),
            of_most,
            false,
        ),
        (format!(r"{MINUS}(?P<x>{N})[\s-]?{STAR}"), stars, true),
        (format!(r"{MINUS}(?P<x>{N})\s{POINT}"), bare_points, true),
        (
            format!(r"{MINUS}(?P<x>{N})\s{BALL}"),
            |found| {
                if found.name("minus").is_some() {
                    Some(-1.0)
                } else {
                    of_five(found)
                }
            },
            false,
        ),
        (
            r"(?:оцінка|оценка|на|ocena|ocjena)\s?:?\s(?P<x>\d{1,2}|п'ять|пять|десять|pięć|pet)(?:\s?\+|\s(?:з|с|z) (?:плюсом|plusem))?".to_owned(),
            of_five,
            false,
        ),
        (
            format!(
                r"(?:nota|voto|puntuación|calificación|pontuação|valutazione)\s?:?\s(?P<x>{N})(?:\se lode)?|un (?P<ten>10|diez)|dieci e lode"
            ),
            |found| {
                if found.name("x").is_some() {
                    of_ten(found)
                } else {
                    Some(1.0)
                }
            },
            false,
        ),
        (
            r"(?:note|schulnote|známka|známku|za)\s?:?\s(?P<x>\d(?:[.,]\d)?)[+-]?".to_owned(),
            one_is_best,
            false,
        ),
        (r"(?:5|10)\s?\++".to_owned(), |_| Some(1.0), false),
    ];
    let form = |(body, worth, open)| {
        Some(Form {
            pattern: Regex::new(&format!("^(?:{body})$")).ok()?,
            worth,
            open,
        })
    };
    forms.into_iter().filter_map(form).collect()
});

/// Marks with names of their own; only as a whole answer.
#[rustfmt::skip]
const NAMED: [(f32, &str); 2] = [
    (1.0, "a+|a +|5 з плюсом|5 с плюсом|п'ятірка|пятёрка|пятерка|пятёрочка|пятерочка|тверда п'ятірка|твёрдая пятёрка|відмінно|szóstka|piątka|szóstka z plusem|celujący|ötös|csillagos ötös|jeles|jednička|jednotka|eins|eins plus|eins mit stern|sehr gut plus|matrícula de honor|sobresaliente|20 sur 20|dieci e lode|петица|шестица|petica|odlična petica|tio av tio|12|12 балів"),
    (-1.0, "f|f-|d-|кол|кіл|одиниця|единица|двійка|двойка|двоечка|пара|незачёт|незачет|jedynka|pała|dwója|dwójka|niedostateczny|egyes|elégtelen|karó|pětka|päťka|nedostatečná|sechs|sechs setzen|setzen sechs|ungenügend|nota zero|deprobado|cero patatero|zéro pointé|двойка с минус|jedinica"),
];

/// Words after which a fraction is a day, and stars are those of a hotel.
const NO_RATING_AFTER: &str = "on|by|until|till|since|from|before|after|the|a|an|am|bis|seit|ab|vom|zum|до|від|с|по|от|em|dia|até|desde|el|al|le|du|au|il|dal|op|tot|vanaf|do|dne|til|fra|la|pe|de|hotel|hotels|отель|готель|hôtel|ein|eine|einem|hotelu";
/// Words before which they are.
const NO_RATING_BEFORE: &str = "hotel|hotels|restaurant|resort|hôtel|hotellet|отель|готель|less|off|deducted|weniger|abzug|menos|mniej|moins|meno|méně|mindre|меньше|менше|reviews|review|ratings|rating|bewertungen|отзывы|відгуки";

/// How good the rating in a clean text is, -1..=1; nothing when there is none, or two that differ.
pub(super) fn rating(clean_text: &str) -> Option<f32> {
    let lower = clean_text.to_lowercase().replace(['’', 'ʼ', '`'], "'");
    let drawn = drawn(&lower);
    let words: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| !word.chars().all(is_star))
        .collect();
    let whole = words.join(" ");
    let whole = whole
        .trim_start_matches(is_edge)
        .trim_end_matches(|c| is_edge(c) && !matches!(c, '+' | '-'));
    let named = || {
        NAMED
            .iter()
            .find(|(_, names)| names.split('|').any(|name| name == whole))
            .map(|(worth, _)| *worth)
    };
    let telling =
        |word: &&str| word.contains(|c: char| c.is_ascii_digit()) || NUMBER.contains_key(word.trim_matches(is_edge));
    let near = words.iter().take(REACH).chain(words.iter().rev().take(REACH));
    let written = if whole.len() <= 40 { named() } else { None };
    let written = written.or_else(|| {
        near.copied()
            .any(|word| telling(&word))
            .then(|| at_an_end(&words))
            .flatten()
    });
    match (drawn, written) {
        (Some(a), Some(b)) => (a * b > 0.0).then_some(a),
        (a, b) => a.or(b),
    }
}

/// The rating that is the text, or begins or ends it.
fn at_an_end(words: &[&str]) -> Option<f32> {
    let among = |list: &str, word: Option<&&str>| {
        word.is_some_and(|word| list.split('|').any(|listed| listed == word.trim_matches(is_edge)))
    };
    let longest = words.len().min(REACH);
    let ends = (1..=longest)
        .rev()
        .flat_map(|length| [(0, length), (words.len() - length, words.len())]);
    let mut found = None;
    for (from, to) in ends {
        let text = words[from..to].join(" ");
        let after = words.get(to);
        let before = from.checked_sub(1).and_then(|at| words.get(at));
        let closed = after.is_none()
            || text.ends_with([',', '.', ';', ':', '!', '?', ')', '-', '–', '—'])
            || after.is_some_and(|word| word.chars().all(|c| is_edge(c) || is_emoji(c)));
        let alone = after.is_none() && before.is_none();
        if !alone && (among(NO_RATING_AFTER, before) || among(NO_RATING_BEFORE, after)) {
            continue;
        }
        let text = text.trim_start_matches(|c: char| c == ' ' || (is_edge(c) && !matches!(c, '-' | '−' | '–')));
        let text = text.trim_end_matches(|c: char| c == ' ' || (is_edge(c) && c != '+'));
        let read = |form: &Form| {
            (form.open || closed)
                .then(|| form.pattern.captures(text).and_then(|found| (form.worth)(&found)))
                .flatten()
        };
        if let Some(worth) = FORMS.iter().find_map(read) {
            match found {
                None => found = Some((worth, from, to)),
                // A part of what was found is no second rating.
                Some((_, start, end)) if from < end && start < to => {}
                Some((other, ..)) if other * worth <= 0.0 && other != worth => return None,
                Some(_) => {}
            }
        }
    }
    found.map(|(worth, ..)| worth)
}

/// Stars drawn one by one, at either end: as many as there are, of five or of those that are drawn.
fn drawn(text: &str) -> Option<f32> {
    let run = |c: &char| is_star(*c) || c.is_whitespace();
    let count = |stars: &str| {
        let full = stars.chars().filter(|c| matches!(c, '★' | '⭐' | '🌟')).count() as f32;
        let hollow = stars.chars().filter(|c| matches!(c, '☆')).count() as f32;
        (full, hollow)
    };
    let text = text.trim();
    let leading: String = text.chars().take_while(run).collect();
    let trailing: String = text.chars().rev().take_while(run).collect();
    let alone = leading.trim().len() == text.len();
    let read = |(full, hollow): (f32, f32)| match (full, hollow) {
        // One star among words is an ornament.
        (full, 0.0) if full >= 2.0 || (alone && full == 1.0 && !text.starts_with('🌟')) => {
            Some(worth(full.min(5.0), 5.0))
        }
        (full, hollow) if full + hollow >= 3.0 => Some(worth(full, full + hollow)),
        _ => None,
    };
    read(count(&leading)).or_else(|| read(count(&trailing)))
}

fn is_star(c: char) -> bool {
    matches!(c, '★' | '☆' | '⭐' | '🌟' | '\u{fe0f}')
}

/// Punctuation around a rating.
fn is_edge(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c, '“' | '”' | '„' | '«' | '»' | '…' | '–' | '—' | '−')
        || is_emoji(c)
        || c == '\u{fe0f}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::clean;

    fn of(text: &str) -> Option<f32> {
        rating(clean(text).text())
    }

    #[test]
    fn every_form_is_a_pattern() {
        assert_eq!(FORMS.len(), 11);
    }

    #[test]
    fn praise_in_figures_words_and_stars() {
        for text in [
            "5/5",
            "10/10!",
            "11/10",
            "100/10",
            "4 / 5",
            "9.5/10",
            "★★★★★",
            "★★★★☆",
            "⭐⭐⭐⭐⭐",
            "5 stars",
            "Five stars!",
            "10 out of 10",
            "Ten out of ten",
            "10 von 10",
            "Kann ich nur empfehlen, 10 von 10 Punkten",
            "9 із 10",
            "десять из десяти",
            "10 na 10",
            "10 de 10",
            "10 sur 10",
            "dieci su dieci",
            "tien van de tien",
            "10 z 10",
            "10 av 10",
            "10 ud af 10",
            "10 din 10",
            "10-ből 10",
            "10 üzerinden 10",
            "п’ять зірок",
            "5 звёзд",
            "öt csillag",
            "5 gwiazdek",
            "cinco estrelas",
            "5 estrellas",
            "fünf Sterne",
            "5 étoiles",
            "5 stelle",
            "vijf sterren",
            "pět hvězdiček",
            "päť hviezdičiek",
            "beş yıldız",
            "5 stjärnor",
            "fem stjerner",
            "5 stele",
            "pet zvjezdica",
            "5 баллов",
            "на 5+",
            "Обслуговування на 5",
            "Nota 10",
            "Nota mil",
            "Szóstka!",
            "A+",
            "ötös",
            "Note 1",
            "Great staff, clean rooms. 5/5",
            "5/5 would buy again",
            "⭐⭐⭐⭐⭐ Great",
        ] {
            assert!(of(text).is_some_and(|worth| worth > 0.3), "{text} {:?}", of(text));
        }
    }

    #[test]
    fn blame_in_figures_words_and_stars() {
        for text in [
            "1/5",
            "0/10",
            "2/10 would not go again",
            "★☆☆☆☆",
            "⭐",
            "★★",
            "1 star",
            "One star.",
            "Zero stars if I could.",
            "0 stars",
            "1 out of 10",
            "0 von 10",
            "1 из 10",
            "одна зірка",
            "1 звезда",
            "egy csillag",
            "jedna gwiazdka",
            "1 estrela",
            "una estrella",
            "ein Stern",
            "une étoile",
            "una stella",
            "één ster",
            "Nota zero",
            "Nota 1",
            "Кол",
            "двойка",
            "egyes",
            "minus 10 points",
            "-10/10",
            "Note 6",
            "0 Punkte",
            "Never again! 1/10",
            "1 балл",
        ] {
            assert!(of(text).is_some_and(|worth| worth < -0.3), "{text} {:?}", of(text));
        }
    }

    #[test]
    fn neither() {
        for text in ["3/5", "5/10", "★★★", "3 stars", "3 зірки"] {
            assert_eq!(of(text), Some(0.0), "{text}");
        }
        for text in [
            "5",
            "10",
            "24/7",
            "50/50",
            "1/2",
            "delivered on 5/10",
            "I waited 5 minutes",
            "four of the five parcels were lost",
            "five star hotel",
            "A 5 stars hotel",
            "one of them was rude",
            "5 items of 10 were missing",
            "Great ⭐ work",
            "call 0800 10/20/30",
            "2 of 3",
            "bis 1/10",
            "one star less for the parking",
            "5.10.2026",
            "",
            "no",
            "a nota",
            "un billet",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("5/5 for the food, service 1/5"), None);
    }
}
