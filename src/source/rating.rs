//! How many points did the customer give? Input: a cell of a rating column and its scale. Output: the points as a number on that
//! scale. Numbers, stars, faces and the usual words are understood; "not offered" and its relatives are no answer.
//! Refuses values outside the scale and words it does not know.

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
    pub const ALL: [Self; 9] = [
        Self::Nps,
        Self::Csat,
        Self::Ces,
        Self::Stars5,
        Self::Points10,
        Self::Smiley,
        Self::Buttons4,
        Self::GoodBad,
        Self::Happy7,
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
    &["very dissatisfied", "very unsatisfied", "very unhappy", "very poor", "very bad", "terrible", "awful", "strongly disagree",
      "bardzo niezadowolony", "bardzo źle", "дуже погано", "очень плохо", "nagyon rossz", "péssimo", "sehr schlecht", "pésimo", "très mauvais", "pessimo"],
    &["dissatisfied", "unsatisfied", "unhappy", "poor", "disagree", "somewhat dissatisfied", "niezadowolony", "źle", "погано", "плохо",
      "rossz", "ruim", "schlecht", "malo", "mauvais", "scarso"],
    &["neutral", "neither satisfied nor dissatisfied", "okay", "ok", "average", "fair", "neither agree nor disagree", "neutralnie",
      "нейтрально", "közepes", "neutro", "mittel", "regular", "moyen", "sufficiente"],
    &["satisfied", "happy", "agree", "somewhat satisfied", "zadowolony", "dobrze", "добре", "хорошо", "jó", "bom", "gut", "bueno", "bon", "buono"],
    &["very satisfied", "very happy", "very good", "excellent", "great", "strongly agree", "bardzo zadowolony", "bardzo dobrze",
      "дуже добре", "отлично", "відмінно", "kiváló", "excelente", "sehr gut", "excellent", "ottimo"],
];
const GOOD: [&str; 14] = [
    "good",
    "good with comment",
    "positive",
    "satisfied",
    "thumbs up",
    "👍",
    "yes",
    "dobra",
    "dobrze",
    "добре",
    "хорошо",
    "jó",
    "boa",
    "bueno",
];
const BAD: [&str; 14] = [
    "bad",
    "bad with comment",
    "negative",
    "dissatisfied",
    "thumbs down",
    "👎",
    "no",
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
    let points = match scale {
        Some(Scale::Happy7) => freshdesk(&value).or_else(|| number(&value)),
        Some(scale) => number(&value).or_else(|| word(&value, scale)),
        None => number(&value),
    };
    let within = |points: &f32| scale.is_none_or(|s| (s.range().0..=s.range().1).contains(points));
    points.filter(within).map_or(Answer::Unread, Answer::Points)
}

/// `4`, `4.5`, `4,5`, `4/5`, `4 out of 5`, `4 stars`, `★★★★☆`, `10 - very likely`.
fn number(value: &str) -> Option<f32> {
    if value.contains('★') && value.chars().all(|c| matches!(c, '★' | '☆')) {
        return Some(value.chars().filter(|c| *c == '★').count() as f32);
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
    let unit = rest.is_empty()
        || [
            "star",
            "point",
            "/",
            "out of",
            "of ",
            "-",
            "–",
            "(",
            ":",
            "=",
            "★",
            "зір",
            "звезд",
            "gwiazd",
            "csillag",
            "estrela",
            "stern",
            "étoile",
            "stelle",
        ]
        .iter()
        .any(|unit| rest.starts_with(unit));
    // 4-5 and 4.5.2026 are no ratings.
    let range = rest.starts_with(['-', '–'])
        && rest[rest.len().min(1)..]
            .trim_start()
            .starts_with(|c: char| c.is_ascii_digit());
    (unit && !range)
        .then(|| digits.replace(',', ".").parse().ok())
        .flatten()
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

/// The scale that a column's name and its values speak for; none if they speak for none.
pub(super) fn scale_of<'a>(name: &str, values: impl Iterator<Item = &'a str> + Clone) -> Option<Scale> {
    let name = name.to_lowercase();
    let called = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let fits = |scale: Scale| {
        let mut any = false;
        values.clone().all(|value| match read(value, Some(scale)) {
            Answer::Points(_) => {
                any = true;
                true
            }
            Answer::None => true,
            Answer::Unread => false,
        }) && any
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
    } else if called(&["ces", "effort", "easy to", "легко"]) {
        &[Scale::Ces][..]
    } else if called(&["smiley", "face", "emoji"]) {
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
    let by_values = [Scale::GoodBad, Scale::Stars5, Scale::Points10];
    let numbers = |scale: &Scale| {
        *scale != Scale::GoodBad
            || values
                .clone()
                .any(|v| number(v.trim()).is_none() && !v.trim().is_empty())
    };
    by_name
        .iter()
        .chain(&by_values)
        .copied()
        .filter(numbers)
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
        assert_eq!(of("score", &["", "n/a"]), None);
        assert_eq!(of("price", &["1.99", "120"]), None);
    }
}
