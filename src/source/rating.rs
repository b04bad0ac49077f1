//! Points a customer gave. Input: a cell of a rating column and its scale. Output: the points as a number on that scale. Numbers, stars,
//! faces, percentages, "4 out of 5" in the languages of shops and the usual words are understood; "not offered" and its relatives are no
//! answer. Refuses values outside the scale, values of another scale ("8/10" on one of five) and words it does not know.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// Rating scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[clap(rename_all = "snake_case")]
pub enum Scale {
    /// Net Promoter Score question, 0 to 10: promoters 9 and 10, detractors 0 to 6.
    Nps,
    /// Customer satisfaction, 1 to 5: satisfied 4 and 5.
    Csat,
    /// Customer effort score, 1 to 7, "it was easy to": low effort 5 to 7.
    Ces,
    /// Stars, 1 to 5, also half ones; some shops write 0 for none.
    Stars5,
    /// Points from 0 to 10 that ask for something else than recommendation.
    Points10,
    /// Five faces: 1 very unhappy to 5 very happy.
    Smiley,
    /// Four buttons of a touch terminal: 1 dark red to 4 dark green.
    Buttons4,
    /// Bad 0, good 1.
    GoodBad,
    /// Seven steps of happiness: 1 extremely unhappy to 7 extremely happy (Freshdesk).
    Happy7,
    /// Points of a hundred.
    Percent,
}

/// Content of a rating cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// These points.
    Points(f32),
    /// The customer gave none.
    None,
    /// Not understood.
    Unread,
}

impl Scale {
    /// Every scale, in the order of the output's enum.
    pub const ALL: [Self; 10] = [
        Self::Nps,
        Self::Csat,
        Self::Ces,
        Self::Stars5,
        Self::Points10,
        Self::Smiley,
        Self::Buttons4,
        Self::GoodBad,
        Self::Happy7,
        Self::Percent,
    ];

    /// The name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nps => "nps",
            Self::Csat => "csat",
            Self::Ces => "ces",
            Self::Stars5 => "stars5",
            Self::Points10 => "points10",
            Self::Smiley => "smiley",
            Self::Buttons4 => "buttons4",
            Self::GoodBad => "good_bad",
            Self::Happy7 => "happy7",
            Self::Percent => "percent",
        }
    }

    /// Minimum and maximum of the scale.
    pub const fn range(self) -> (f32, f32) {
        match self {
            Self::Nps | Self::Points10 => (0.0, 10.0),
            Self::Csat | Self::Smiley => (1.0, 5.0),
            Self::Ces | Self::Happy7 => (1.0, 7.0),
            Self::Stars5 => (0.0, 5.0),
            Self::Buttons4 => (1.0, 4.0),
            Self::GoodBad => (0.0, 1.0),
            Self::Percent => (0.0, 100.0),
        }
    }
}

/// Values by which exports mark an unanswered rating.
const NO_ANSWER: [&str; 13] = [
    "",
    "-",
    "n/a",
    "na",
    "none",
    "null",
    "nan",
    "offered",
    "unoffered",
    "not offered",
    "not rated",
    "no response",
    "no rating",
];
/// Faces from sad to happy, five steps.
const FACES: [&str; 5] = ["😡😠🤬😤😭", "🙁☹😞😟😕😢", "😐😑😶", "🙂😊☺", "😀😃😄😁😍🤩😆"];

/// Words for five steps from worst to best, in the languages of common exports.
#[rustfmt::skip]
const STEPS: [&[&str]; 5] = [
    &["one", "very dissatisfied", "very unsatisfied", "very unhappy", "very poor", "very bad", "terrible", "awful", "strongly disagree", "extremely dissatisfied",
      "bardzo niezadowolony", "bardzo niezadowolona", "bardzo źle", "fatalnie", "дуже погано", "жахливо", "дуже незадоволений", "очень плохо", "ужасно",
      "очень недоволен", "nagyon rossz", "nagyon elégedetlen", "péssimo", "muito insatisfeito", "muito ruim", "sehr schlecht", "sehr unzufrieden", "pésimo",
      "muy insatisfecho", "muy malo", "très mauvais", "très insatisfait", "pessimo", "molto insoddisfatto", "zeer ontevreden", "zeer slecht",
      "velmi nespokojen", "velmi nespokojený", "veľmi nespokojný", "foarte nemulțumit", "много недоволен", "vrlo nezadovoljan", "zelo nezadovoljen",
      "mycket missnöjd", "meget utilfreds", "çok kötü", "hiç memnun değilim"],
    &["two", "dissatisfied", "unsatisfied", "unhappy", "poor", "disagree", "somewhat dissatisfied", "niezadowolony", "niezadowolona", "źle", "погано",
      "незадоволений", "плохо", "недоволен", "rossz", "elégedetlen", "ruim", "insatisfeito", "schlecht", "unzufrieden", "malo", "insatisfecho", "mauvais",
      "insatisfait", "scarso", "insoddisfatto", "ontevreden", "slecht", "nespokojen", "nespokojený", "nespokojný", "nemulțumit", "nezadovoljan",
      "nezadovoljen", "missnöjd", "utilfreds", "kötü", "memnun değilim"],
    &["three", "neutral", "neither satisfied nor dissatisfied", "okay", "ok", "average", "fair", "neither agree nor disagree", "neutralnie", "ani zadowolony, ani niezadowolony",
      "średnio", "нейтрально", "задовільно", "удовлетворительно", "közepes", "semleges", "neutro", "mittel", "weder noch", "regular", "moyen", "neutre",
      "sufficiente", "neutrale", "neutraal", "neutrální", "neutrálny", "neutru", "неутрално", "neutralno", "nevtralno", "hverken eller", "orta", "kararsızım"],
    &["four", "satisfied", "happy", "agree", "somewhat satisfied", "zadowolony", "zadowolona", "dobrze", "добре", "задоволений", "хорошо", "доволен", "jó",
      "elégedett", "bom", "satisfeito", "gut", "zufrieden", "bueno", "satisfecho", "bon", "satisfait", "buono", "soddisfatto", "tevreden", "goed",
      "spokojen", "spokojený", "spokojný", "mulțumit", "zadovoljan", "zadovoljen", "nöjd", "tilfreds", "iyi", "memnunum"],
    &["five", "very satisfied", "very happy", "very good", "excellent", "great", "strongly agree", "extremely satisfied", "bardzo zadowolony", "bardzo zadowolona",
      "bardzo dobrze", "дуже добре", "чудово", "дуже задоволений", "отлично", "очень доволен", "відмінно", "kiváló", "nagyon elégedett", "excelente", "muito satisfeito",
      "ótimo", "sehr gut", "sehr zufrieden", "muy satisfecho", "très satisfait", "très bien", "ottimo", "molto soddisfatto", "zeer tevreden", "uitstekend",
      "velmi spokojen", "velmi spokojený", "veľmi spokojný", "foarte mulțumit", "много доволен", "vrlo zadovoljan", "zelo zadovoljen", "mycket nöjd",
      "meget tilfreds", "çok iyi", "çok memnunum"],
];
const GOOD: [&str; 20] = [
    "good",
    "good with comment",
    "positive",
    "satisfied",
    "thumbs up",
    "👍",
    "yes",
    "true",
    "recommended",
    "так",
    "да",
    "tak",
    "sim",
    "dobra",
    "dobrze",
    "добре",
    "хорошо",
    "jó",
    "boa",
    "bueno",
];
const BAD: [&str; 20] = [
    "bad",
    "bad with comment",
    "negative",
    "dissatisfied",
    "thumbs down",
    "👎",
    "no",
    "false",
    "not recommended",
    "ні",
    "нет",
    "nie",
    "não",
    "zła",
    "źle",
    "погано",
    "плохо",
    "rossz",
    "ruim",
    "malo",
];
const HAPPY: [&str; 7] = [
    "extremely unhappy",
    "very unhappy",
    "unhappy",
    "neutral",
    "happy",
    "very happy",
    "extremely happy",
];
const BUTTONS: [&[&str]; 4] = [
    &["dark red", "very negative"],
    &["light red", "red", "negative"],
    &["light green", "green", "positive"],
    &["dark green", "very positive"],
];

/// Parses the rating in a cell. Without a scale any number is valid.
pub(super) fn read(value: &str, scale: Option<Scale>) -> Answer {
    let value = value.trim().to_lowercase();
    if NO_ANSWER.contains(&value.as_str()) {
        return Answer::None;
    }
    if scale == Some(Scale::Happy7)
        && let Some(points) = freshdesk(&value)
    {
        return Answer::Points(points);
    }
    let of_scale = |most: f32| match scale {
        None => true,
        Some(Scale::Percent) => most == 100.0,
        Some(scale) => most == scale.range().1,
    };
    let points = match number(&value) {
        Some((points, most)) => Some(points).filter(|_| most.is_none_or(of_scale)),
        None => scale.and_then(|scale| word(&value, scale)),
    };
    let within = |points: &f32| scale.is_none_or(|s| (s.range().0..=s.range().1).contains(points));
    points.filter(within).map_or(Answer::Unread, Answer::Points)
}

/// "4 out of 5", "Rated 4.0 out of 5 stars", "Ocena: 4 z 5", "4/5".
static OF: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let of = "/|out of|of|von|auf|sur|de|di|su|van|z|ze|zo|із|з|из|от|od|din|av|af|ud af";
    Regex::new(&format!(
        r"^[^\d]{{0,24}}?(\d+(?:[.,]\d+)?)\s*[\p{{L}}★⭐()]{{0,12}}?\s*(?:{of})\s*(5|6|7|10|100)\b[^\d]{{0,24}}$"
    ))
    .ok()
});
/// "5 üzerinden 4", "5-ből 4".
static FROM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(5|10|100)\s*(?:üzerinden|-?b[őo]l)\s*(\d+(?:[.,]\d+)?)$").ok());

/// The points in `4`, `4.5`, `4,5`, `4/5`, `4 out of 5`, `4 stars`, `★★★★☆`, `80 %`, `10 - very likely`, and the most that can be given where
/// the value says it.
fn number(value: &str) -> Option<(f32, Option<f32>)> {
    if let Some(stars) = stars(value) {
        return Some((stars, None));
    }
    let decimal = |digits: &str| digits.replace(',', ".").parse::<f32>().ok();
    if let Some(percent) = value.strip_suffix('%') {
        return decimal(percent.trim()).map(|points| (points, Some(100.0)));
    }
    let said = |regex: &LazyLock<Option<Regex>>, points: usize, most: usize| {
        let found = regex.as_ref()?.captures(value)?;
        Some((
            decimal(found.get(points)?.as_str())?,
            decimal(found.get(most)?.as_str()),
        ))
    };
    if value.len() <= 80
        && let Some(found) = said(&OF, 1, 2).or_else(|| said(&FROM, 2, 1))
    {
        return Some(found);
    }
    let end = value
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
        .unwrap_or(value.len());
    let (digits, rest) = value.split_at(end);
    let digits = digits.trim_end_matches(['.', ',']);
    if digits.len() > 6 {
        return None;
    }
    let rest = rest.trim_start();
    #[rustfmt::skip]
    const UNITS: &[&str] = &[
        "star", "point", "-", "–", "(", ":", "=", "★", "⭐", "зір", "звезд", "звёзд", "gwiazd", "csillag", "estrel", "stern", "étoile",
        "stell", "ster", "hvězd", "hviezd", "stea", "stele", "zvjezd", "zvezd", "stjärn", "stjern", "yıldız", "punkt", "pont", "балл", "бал", "bod",
    ];
    let unit = rest.is_empty() || UNITS.iter().any(|unit| rest.starts_with(unit));
    // 4-5 and 4.5.2026 are no ratings.
    let range = rest.starts_with(['-', '–'])
        && rest
            .trim_start_matches(['-', '–'])
            .trim_start()
            .starts_with(|c: char| c.is_ascii_digit());
    (unit && !range)
        .then(|| decimal(digits))
        .flatten()
        .map(|points| (points, None))
}

/// Stars that are drawn: `★★★★☆`, `⭐⭐⭐`, `★★½`, `****`.
fn stars(value: &str) -> Option<f32> {
    let mut points = 0.0;
    for c in value.chars() {
        match c {
            '★' | '⭐' | '🌟' | '✭' | '✮' | '*' => points += 1.0,
            '½' | '⯨' | '⯪' => points += 0.5,
            '☆' | '✩' | '\u{FE0F}' | ' ' => {}
            _ => return None,
        }
    }
    (points > 0.0 && points <= 10.0).then_some(points)
}

fn word(value: &str, scale: Scale) -> Option<f32> {
    let step = |found: Option<usize>| found.map(|at| at as f32 + 1.0);
    match scale {
        Scale::GoodBad if GOOD.contains(&value) => Some(1.0),
        Scale::GoodBad if BAD.contains(&value) => Some(0.0),
        Scale::Buttons4 => step(BUTTONS.iter().position(|words| words.contains(&value))),
        Scale::Csat | Scale::Smiley | Scale::Stars5 => {
            let mut signs = value.chars().filter(|c| *c != '\u{FE0F}');
            let face = signs.next().filter(|_| signs.next().is_none());
            let face = face.and_then(|face| FACES.iter().position(|faces| faces.contains(face)));
            step(face.or_else(|| STEPS.iter().position(|words| words.contains(&value))))
        }
        Scale::Nps if value.starts_with("not at all likely") => Some(0.0),
        Scale::Nps if value.starts_with("extremely likely") => Some(10.0),
        _ => None,
    }
}

/// Freshdesk writes the words, or its API's codes: 103 extremely happy, 100 neutral, -103 extremely unhappy.
fn freshdesk(value: &str) -> Option<f32> {
    if let Some(step) = HAPPY.iter().position(|word| *word == value) {
        return Some(step as f32 + 1.0);
    }
    let code: i32 = value.parse().ok()?;
    match code {
        100..=103 => Some((code - 96) as f32),
        -103..=-101 => Some((code + 104) as f32),
        _ => None,
    }
}

/// Share of a column's ratings that must be understood.
const MOSTLY: f32 = 0.9;

/// The scale that a column's name and its values speak for; none if they speak for none. A few words that are not understood do not
/// count; a number outside the scale does.
pub(super) fn scale_of<'a>(name: &str, values: impl Iterator<Item = &'a str> + Clone) -> Option<Scale> {
    let name = name.to_lowercase();
    let called = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let has_word = |words: &[&str]| {
        name.split(|c: char| !c.is_alphanumeric())
            .any(|word| words.contains(&word))
    };
    let fits = |scale: Scale| {
        let (mut understood, mut words) = (0_u32, 0_u32);
        for value in values.clone() {
            match read(value, Some(scale)) {
                Answer::Points(_) => understood += 1,
                Answer::None => {}
                Answer::Unread if value.contains(|c: char| c.is_ascii_digit()) => return false,
                Answer::Unread => words += 1,
            }
        }
        understood > 0 && understood as f32 >= MOSTLY * (understood + words) as f32
    };
    let by_name = if called(&[
        "nps",
        "recommend",
        "порекоменд",
        "полец",
        "ajánl",
        "recomend",
        "empfehl",
        "consigli",
        "likely to",
    ]) {
        &[Scale::Nps][..]
    } else if has_word(&["ces"]) || called(&["effort", "easy to", "легко"]) {
        &[Scale::Ces][..]
    } else if has_word(&["smiley", "smileys", "face", "faces", "emoji"]) {
        &[Scale::Smiley][..]
    } else if called(&[
        "csat",
        "satisf",
        "zadowol",
        "задовол",
        "удовлетв",
        "elégedett",
        "zufrieden",
    ]) {
        &[Scale::Csat, Scale::GoodBad][..]
    } else {
        &[][..]
    };
    // Yes and no in numbers.
    let is_binary = || {
        values
            .clone()
            .all(|value| matches!(value.trim(), "" | "0" | "1" | "0.0" | "1.0") || read(value, None) == Answer::None)
    };
    if by_name == [Scale::Nps] && is_binary() && fits(Scale::GoodBad) {
        return Some(Scale::GoodBad);
    }
    let by_values = [Scale::GoodBad, Scale::Stars5, Scale::Points10, Scale::Percent];
    let speaks = |scale: &Scale| match scale {
        Scale::GoodBad => values
            .clone()
            .any(|v| number(v.trim()).is_none() && !v.trim().is_empty()),
        // A number up to 100 may be anything; a percentage is one by its sign.
        Scale::Percent => values
            .clone()
            .any(|v| matches!(number(v.trim()), Some((_, Some(100.0))))),
        _ => true,
    };
    by_name
        .iter()
        .chain(&by_values)
        .copied()
        .filter(speaks)
        .find(|scale| fits(*scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stars_faces_and_words_are_points() {
        for (value, scale, want) in [
            ("10", Scale::Nps, 10.0),
            ("10 - Extremely likely", Scale::Nps, 10.0),
            ("Not at all likely", Scale::Nps, 0.0),
            ("4,5", Scale::Stars5, 4.5),
            ("4/5", Scale::Stars5, 4.0),
            ("3 out of 5", Scale::Stars5, 3.0),
            ("Rated 4.5 out of 5 stars", Scale::Stars5, 4.5),
            ("Ocena: 4 z 5", Scale::Stars5, 4.0),
            ("4 étoiles sur 5", Scale::Stars5, 4.0),
            ("5 üzerinden 4", Scale::Stars5, 4.0),
            ("⭐⭐⭐", Scale::Stars5, 3.0),
            ("★★★½", Scale::Stars5, 3.5),
            ("4 gwiazdki", Scale::Stars5, 4.0),
            ("FIVE", Scale::Stars5, 5.0),
            ("8/10", Scale::Points10, 8.0),
            ("80 %", Scale::Percent, 80.0),
            ("5 - Very satisfied", Scale::Csat, 5.0),
            ("true", Scale::GoodBad, 1.0),
            ("5 stars", Scale::Stars5, 5.0),
            ("★★★☆☆", Scale::Stars5, 3.0),
            ("Very satisfied", Scale::Csat, 5.0),
            ("погано", Scale::Csat, 2.0),
            ("😡", Scale::Smiley, 1.0),
            ("☹️", Scale::Smiley, 2.0),
            ("Good", Scale::GoodBad, 1.0),
            ("bad with comment", Scale::GoodBad, 0.0),
            ("dark green", Scale::Buttons4, 4.0),
            ("Extremely Happy", Scale::Happy7, 7.0),
            ("-103", Scale::Happy7, 1.0),
            ("100", Scale::Happy7, 4.0),
        ] {
            assert_eq!(read(value, Some(scale)), Answer::Points(want), "{value}");
        }
    }

    #[test]
    fn no_answer_is_not_the_same_as_an_answer_that_is_not_understood() {
        for value in ["", " ", "Offered", "unoffered", "N/A", "-"] {
            assert_eq!(read(value, Some(Scale::GoodBad)), Answer::None, "{value}");
        }
        for (value, scale) in [
            ("11", Scale::Nps),
            ("maybe", Scale::GoodBad),
            ("6", Scale::Stars5),
            ("-1", Scale::Nps),
            ("4-5", Scale::Stars5),
            ("4/10", Scale::Stars5),
            ("80%", Scale::Stars5),
            ("4/5/2026", Scale::Stars5),
            ("2026-03-01", Scale::Stars5),
            ("1e3", Scale::Points10),
        ] {
            assert_eq!(read(value, Some(scale)), Answer::Unread, "{value}");
        }
    }

    #[test]
    fn a_scale_is_told_by_name_and_values_together() {
        let of = |name, values: &[&str]| scale_of(name, values.iter().copied());
        assert_eq!(
            of("How likely are you to recommend us?", &["0", "10", ""]),
            Some(Scale::Nps)
        );
        assert_eq!(of("CSAT", &["1", "5"]), Some(Scale::Csat));
        assert_eq!(of("It was easy to get help", &["7", "2"]), Some(Scale::Ces));
        assert_eq!(of("rating", &["1", "5", "4.5"]), Some(Scale::Stars5));
        assert_eq!(of("score", &["1", "9"]), Some(Scale::Points10));
        assert_eq!(of("Satisfaction", &["Good", "Bad", "Offered"]), Some(Scale::GoodBad));
        assert_eq!(of("score", &["1", "99"]), None);
        assert_eq!(of("rating", &["100%", "20%"]), Some(Scale::Percent));
        assert_eq!(of("rating", &["3/10", "4/10"]), Some(Scale::Points10));
        assert_eq!(
            of("Recommended IND", &["1", "0"]),
            Some(Scale::GoodBad),
            "no Net Promoter Score"
        );
        let mostly = ["5"; 20].iter().copied().chain(["see text"]).collect::<Vec<_>>();
        assert_eq!(
            of("rating", &mostly),
            Some(Scale::Stars5),
            "one word that is not understood is counted later"
        );
        assert_eq!(of("score", &["", "n/a"]), None);
        assert_eq!(
            of("Services", &["5", "2"]),
            Some(Scale::Stars5),
            "no customer effort score"
        );
        assert_eq!(of("price", &["1.99", "120"]), None);
    }
}
