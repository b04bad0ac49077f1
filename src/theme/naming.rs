//! Names of themes: for each theme its top phrases by language and a unique label of two to five words in the main language of the comments. The
//! label is a phrase that several texts share, else the nearest candidate name, else the best phrases of single texts, else the beginning of a text.
//!
//! Phrases are weighted by class-based TF-IDF (Grootendorst 2022, "BERTopic", section 3.3): the frequency of a phrase among a theme's texts, times
//! `ln(1 + A / f)`, where `f` is its frequency among all texts and `A` the mean number of phrases in a theme. Frequencies count texts, not
//! repetitions inside one, separately by language. A text has more weight the nearer it is to the theme's centre, and if the phrase is an opinion
//! target in it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::words::{StopWords, phrases};

/// Number of phrases kept for each theme and language.
const KEPT: usize = 15;
/// Extra weight per additional word: "customer service" is more specific than "service".
const LONGER: f32 = 0.35;
/// Factor for a text in which the phrase is an opinion target.
const POINTED: f32 = 2.0;
/// A longer phrase replaces a shorter one inside it if it occurs in at least this share of the shorter one's texts.
const ALMOST_ALWAYS: f32 = 0.5;
/// A theme is named after a phrase rather than a candidate name if at least this many of its texts share it,
const SHARED: u32 = 3;
/// and at least this share of them.
const SHARED_PART: f32 = 0.05;
/// Maximum number of words in a label.
const LABEL_WORDS: usize = 5;

/// A text with its language and theme number.
pub(super) struct Member<'a> {
    pub(super) text: &'a str,
    pub(super) language: &'a str,
    /// Byte ranges of the opinion targets in the text.
    pub(super) targets: &'a [Range<usize>],
    pub(super) theme: usize,
    /// Its position in the theme space.
    pub(super) place: &'a [f32],
    /// Cosine to the theme's nearest centre, 0..=1.
    pub(super) near: f32,
}

/// Label and phrases of a theme.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Name {
    pub(super) label: String,
    pub(super) language: String,
    pub(super) phrases: BTreeMap<String, Vec<String>>,
}

/// Evidence for a phrase in one theme: the number of texts with it, and the sum of their weights.
#[derive(Default)]
struct Support {
    texts: u32,
    sum: f32,
}

/// A phrase of one theme: the number of the theme's texts with it, and its weight.
struct Weighed {
    phrase: String,
    texts: u32,
    weight: f32,
}

/// Names one theme for each entry of `titles`, which holds the candidate names of each theme in the `main` language, nearest first. No label is one
/// of those `taken`. The order of the members breaks ties, so it must not depend on the order of the rows.
pub(super) fn name(
    members: &[Member<'_>],
    main: &str,
    titles: &[Vec<&str>],
    stop_words: &StopWords,
    taken: HashSet<String>,
) -> Vec<Name> {
    let count = titles.len();
    let mut by_language: BTreeMap<&str, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        by_language.entry(member.language).or_default().push(member);
    }
    let mut names: Vec<Name> = vec![Name::default(); count];
    let mut sizes: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); count];
    for member in members {
        *sizes[member.theme].entry(member.language).or_default() += 1;
    }
    // Themes whose texts share a phrase of the main language.
    let mut speaking = vec![false; count];
    for (language, own) in &by_language {
        let stops = stop_words.of(language);
        let weighed = weigh(own, count, |text| phrases(text, &stops));
        for (theme, weighed) in weighed.into_iter().enumerate() {
            let top = top(weighed);
            if let Some(best) = top.first() {
                let size: usize = sizes[theme].values().sum();
                speaking[theme] |=
                    *language == main && best.texts >= SHARED && best.texts as f32 >= SHARED_PART * size as f32;
                names[theme]
                    .phrases
                    .insert((*language).to_owned(), top.into_iter().map(|w| w.phrase).collect());
            }
        }
    }
    label_all(&mut names, &sizes, &speaking, main, titles, members, taken);
    names
}

/// The most frequent language, the first in the alphabet on a tie; `und` only if there is no other.
pub(super) fn main_language<'a>(sizes: impl Iterator<Item = (&'a str, usize)>) -> Option<&'a str> {
    let best = sizes.fold(None, |best: Option<(&str, usize)>, (language, size)| match best {
        Some((known, most)) if (known != "und", most) >= (language != "und", size) => best,
        _ => Some((language, size)),
    });
    best.map(|(language, _)| language)
}

/// The weighted phrases of each theme in one language.
fn weigh(members: &[&Member<'_>], count: usize, phrases: impl Fn(&str) -> Vec<String>) -> Vec<Vec<Weighed>> {
    let mut totals: HashMap<String, u32> = HashMap::new();
    let mut of_theme: Vec<HashMap<String, Support>> = (0..count).map(|_| HashMap::new()).collect();
    for member in members {
        let distinct: HashSet<String> = phrases(member.text).into_iter().collect();
        let targets = member.targets.iter().filter_map(|range| member.text.get(range.clone()));
        let pointed: HashSet<String> = targets.flat_map(&phrases).collect();
        for phrase in distinct {
            let support = of_theme[member.theme].entry(phrase.clone()).or_default();
            support.texts += 1;
            support.sum += member.near.powi(2) * if pointed.contains(&phrase) { 1.0 + POINTED } else { 1.0 };
            *totals.entry(phrase).or_default() += 1;
        }
    }
    let themes = of_theme.iter().filter(|own| !own.is_empty()).count().max(1);
    let mean = totals.values().map(|n| f64::from(*n)).sum::<f64>() as f32 / themes as f32;
    of_theme
        .into_iter()
        .map(|own| {
            let weighed = own.into_iter().map(|(phrase, Support { texts, sum })| {
                let words = phrase.split(' ').count() as f32;
                let rarity = (1.0 + mean / totals[&phrase] as f32).ln();
                let weight = sum * rarity * (1.0 + LONGER * (words - 1.0));
                Weighed { phrase, texts, weight }
            });
            let mut weighed: Vec<Weighed> = weighed.collect();
            // A phrase of a single text describes that text rather than the theme, so it sorts after all shared ones.
            let order = |w: &Weighed| (w.texts == 1, std::cmp::Reverse(w.weight.to_bits()));
            weighed.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.phrase.cmp(&b.phrase)));
            weighed
        })
        .collect()
}

/// The best phrases without near repeats.
fn top(weighed: Vec<Weighed>) -> Vec<Weighed> {
    let mut kept: Vec<Weighed> = Vec::new();
    for next in weighed.into_iter().take(20 * KEPT) {
        let inside = kept.iter().position(|w| contains(&w.phrase, &next.phrase));
        let around = kept.iter().position(|w| contains(&next.phrase, &w.phrase));
        match (inside, around) {
            (Some(_), _) => {}
            (None, Some(at)) if next.texts as f32 >= ALMOST_ALWAYS * kept[at].texts as f32 => kept[at] = next,
            (None, Some(_)) => {}
            (None, None) if kept.len() < KEPT => kept.push(next),
            (None, None) => {}
        }
    }
    kept
}

/// Whether the words of `short` occur in a row in `long`.
fn contains(long: &str, short: &str) -> bool {
    let (long, short): (Vec<&str>, Vec<&str>) = (long.split(' ').collect(), short.split(' ').collect());
    long.windows(short.len()).any(|window| window == short)
}

/// Labels every theme, the largest first, so that large themes get the simplest names.
fn label_all(
    names: &mut [Name],
    sizes: &[BTreeMap<&str, usize>],
    speaking: &[bool],
    main: &str,
    titles: &[Vec<&str>],
    members: &[Member<'_>],
    mut taken: HashSet<String>,
) {
    let size = |theme: usize| sizes[theme].values().sum::<usize>();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|theme| (std::cmp::Reverse(size(*theme)), *theme));
    for theme in order {
        let title = titles[theme].iter().find(|title| !taken.contains(**title));
        if let Some(title) = title.filter(|_| !speaking[theme]) {
            taken.insert((*title).to_owned());
            names[theme].label = (*title).to_owned();
            names[theme].language = main.to_owned();
            continue;
        }
        let in_main = sizes[theme].get(main).copied().unwrap_or_default();
        let enough = in_main * 10 >= size(theme) && in_main >= 2 && names[theme].phrases.contains_key(main);
        let own = || main_language(sizes[theme].iter().map(|(language, size)| (*language, *size)));
        let language = if enough { main } else { own().unwrap_or(main) }.to_owned();
        let phrases = names[theme]
            .phrases
            .get(&language)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let first_text = members
            .iter()
            .find(|member| member.theme == theme)
            .map_or("", |member| member.text);
        let label = label(phrases, first_text, &taken);
        taken.insert(label.clone());
        names[theme].label = label;
        names[theme].language = language;
    }
}

/// Two to five words from the best phrases; adds phrases while another theme has the same label.
fn label(phrases: &[String], text: &str, taken: &HashSet<String>) -> String {
    let words = |label: &str| label.split(' ').count();
    let mut label = String::new();
    for phrase in phrases {
        let longer = if label.is_empty() {
            phrase.clone()
        } else {
            format!("{label}, {phrase}")
        };
        if words(&longer) > LABEL_WORDS {
            continue;
        }
        label = longer;
        if words(&label) >= 2 && !taken.contains(&label) {
            return label;
        }
    }
    let beginning = text.split_whitespace().take(LABEL_WORDS).collect::<Vec<_>>().join(" ");
    let candidates = [label, beginning];
    let free = candidates
        .iter()
        .find(|label| !label.is_empty() && !taken.contains(*label));
    free.cloned().unwrap_or_else(|| {
        let base = candidates
            .into_iter()
            .find(|label| !label.is_empty())
            .unwrap_or_else(|| "theme".to_owned());
        (2..)
            .map(|n| format!("{base} {n}"))
            .find(|label| !taken.contains(label))
            .unwrap_or(base)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;

    fn members<'a>(texts: &[(&'a str, &'a str, usize)]) -> Vec<Member<'a>> {
        texts
            .iter()
            .map(|&(text, language, theme)| Member {
                text,
                language,
                targets: &[],
                theme,
                place: &[],
                near: 1.0,
            })
            .collect()
    }

    #[test]
    fn names_by_what_sets_a_theme_apart() {
        let texts = [
            ("the customer service never answers", "en", 0),
            ("customer service hung up on me", "en", 0),
            ("rude customer service", "en", 0),
            ("parcel arrived late", "en", 1),
            ("the parcel never arrived", "en", 1),
            ("late parcel again", "en", 1),
        ];
        let names = name(
            &members(&texts),
            "en",
            &[vec![], vec![]],
            &StopWords::default(),
            HashSet::new(),
        );
        assert_eq!(names[0].label, "customer service");
        assert!(names[1].label.starts_with("parcel"), "{}", names[1].label);
        assert!(
            (2..=5).contains(&names[1].label.split(' ').count()),
            "{}",
            names[1].label
        );
    }

    #[test]
    fn the_main_language_names_where_it_can() {
        let texts = [
            ("slow refund again", "en", 0),
            ("slow refund", "en", 0),
            ("wolny zwrot pieniędzy", "pl", 0),
            ("kurier się spóźnił", "pl", 1),
            ("kurier zgubił paczkę", "pl", 1),
            ("great app", "en", 2),
            ("great app indeed", "en", 2),
        ];
        let names = name(
            &members(&texts),
            "en",
            &[vec![], vec![], vec![]],
            &StopWords::default(),
            HashSet::new(),
        );
        assert_eq!((names[0].language.as_str(), names[1].language.as_str()), ("en", "pl"));
        assert!(
            names[0].phrases.contains_key("pl"),
            "phrases are kept for every language"
        );
        assert!(names[1].label.starts_with("kurier"), "{}", names[1].label);
    }

    #[test]
    fn what_is_praised_near_the_centre_comes_first() {
        let member = |text, targets, near| Member {
            text,
            language: "en",
            targets,
            theme: 0,
            place: &[],
            near,
        };
        let first = |members: &[Member<'_>]| {
            name(members, "en", &[vec![]], &StopWords::default(), HashSet::new())[0].phrases["en"][0].clone()
        };
        let (courier, yesterday) = (0..7, 9..18);
        let texts = ["courier, yesterday", "courier, yesterday"];
        assert_eq!(
            first(&texts.map(|text| member(text, from_ref(&courier), 1.0))),
            "courier"
        );
        assert_eq!(
            first(&texts.map(|text| member(text, from_ref(&yesterday), 1.0))),
            "yesterday"
        );
        let shared = ["parcel", "parcel", "window", "window"];
        let near = [0.9, 0.9, 0.2, 0.2];
        let members: Vec<_> = shared
            .iter()
            .zip(near)
            .map(|(text, near)| member(text, &[], near))
            .collect();
        assert_eq!(first(&members), "parcel");
        let members: Vec<_> = shared
            .iter()
            .zip(near)
            .map(|(text, near)| member(text, &[], 1.1 - near))
            .collect();
        assert_eq!(first(&members), "window");
    }

    #[test]
    fn a_title_names_those_whose_texts_share_nothing() {
        let texts = [
            ("slow refund again", "en", 0),
            ("slow refund", "en", 0),
            ("slow refund indeed", "en", 0),
            ("where is my money", "en", 1),
            ("zwrot pieniędzy", "pl", 1),
            ("нічого не повернули", "uk", 2),
        ];
        let titles = vec![vec!["refunds", "charged twice"]; 3];
        let names = name(&members(&texts), "en", &titles, &StopWords::default(), HashSet::new());
        let labels: Vec<&str> = names.iter().map(|name| name.label.as_str()).collect();
        assert_eq!(labels, ["slow refund", "refunds", "charged twice"]);
        assert!(names.iter().all(|name| name.language == "en"));
    }

    #[test]
    fn siblings_never_share_a_label() {
        let texts: Vec<(&str, &str, usize)> = (0..6).map(|theme| ("bad service", "en", theme)).collect();
        let names = name(
            &members(&texts),
            "en",
            &vec![vec![]; 6],
            &StopWords::default(),
            HashSet::new(),
        );
        let labels: HashSet<&str> = names.iter().map(|name| name.label.as_str()).collect();
        assert_eq!(labels.len(), 6, "{labels:?}");
    }

    #[test]
    fn a_theme_without_phrases_still_has_a_label() {
        let names = name(
            &members(&[("ok 👍", "en", 0), ("👍", "en", 1)]),
            "en",
            &[vec![], vec![], vec![]],
            &StopWords::default(),
            HashSet::new(),
        );
        assert!(names.iter().all(|name| !name.label.is_empty()), "{names:?}");
    }
}
