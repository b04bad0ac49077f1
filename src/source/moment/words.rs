//! The words of dates: names of months and weekdays in the languages of our users, long and short, halves of the day, and words that
//! only join the parts of a date. The names are those of the crate `pure-rust-locales`, which takes them from glibc and CLDR.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use pure_rust_locales as locales;
use unicode_normalization::UnicodeNormalization;

/// The names of one language: months in every case and form, weekdays.
struct Names {
    months: Vec<&'static [&'static str]>,
    weekdays: Vec<&'static [&'static str]>,
    /// Short or regional names that the locale does not list, with the month's number.
    more: &'static [(&'static str, u8)],
}

macro_rules! names {
    ($($locale:ident $more:expr),+ $(,)?) => {
        vec![$({
            use locales::$locale::LC_TIME::{ABDAY, ABMON, AB_ALT_MON, ALT_MON, DAY, MON};
            Names {
                months: [Some(MON), ALT_MON, Some(ABMON), AB_ALT_MON].into_iter().flatten().collect(),
                weekdays: vec![DAY, ABDAY],
                more: $more,
            }
        }),+]
    };
}

fn names() -> Vec<Names> {
    names![
        en_GB & [("sept", 9)],
        uk_UA & [],
        pt_BR & [],
        ru_RU & [("сент", 9)],
        hu_HU & [("ápr", 4)],
        pl_PL & [],
        de_DE & [("jänner", 1), ("feber", 2)],
        es_ES & [("setiembre", 9), ("set", 9)],
        fr_FR & [],
        it_IT & [],
        nl_NL & [],
        cs_CZ & [("čvn", 6), ("čvc", 7)],
        sk_SK
            & [
                ("januára", 1),
                ("februára", 2),
                ("marca", 3),
                ("apríla", 4),
                ("mája", 5),
                ("júna", 6),
                ("júla", 7),
                ("augusta", 8),
                ("septembra", 9),
                ("októbra", 10),
                ("novembra", 11),
                ("decembra", 12),
            ],
        ro_RO & [("noi", 11)],
        bg_BG & [],
        hr_HR & [("studenog", 11)],
        sl_SI
            & [
                ("januarja", 1),
                ("februarja", 2),
                ("marca", 3),
                ("aprila", 4),
                ("maja", 5),
                ("junija", 6),
                ("julija", 7),
                ("avgusta", 8),
                ("septembra", 9),
                ("oktobra", 10),
                ("novembra", 11),
                ("decembra", 12),
            ],
        sv_SE & [],
        da_DK & [],
        tr_TR & [],
    ]
}

/// A set of languages, a bit each, in the order of the sibling module `names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Languages(u32);

impl Default for Languages {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

/// The codes of the languages, in the order of [`names`].
const CODES: [&str; 20] = [
    "en", "uk", "pt", "ru", "hu", "pl", "de", "es", "fr", "it", "nl", "cs", "sk", "ro", "bg", "hr", "sl", "sv", "da",
    "tr",
];

impl Languages {
    /// The language of this code; all for one whose names are not known.
    pub(in crate::source) fn of(code: &str) -> Self {
        let at = CODES.iter().position(|known| *known == code);
        at.map_or_else(Self::default, |at| Self(1 << at))
    }

    /// The languages of both sets; those of the first where they share none.
    pub(in crate::source) fn narrowed(self, to: Self) -> Self {
        if self.0 & to.0 == 0 { self } else { Self(self.0 & to.0) }
    }
}

/// What a word can be in a date.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Word {
    /// The months it can name, each with the languages in which it does.
    months: Vec<(u32, u8)>,
    pub(super) is_weekday: bool,
}

impl Word {
    pub(super) fn is_month(&self) -> bool {
        !self.months.is_empty()
    }

    /// The month it names in these languages; where it is no name in any of them, the one it names in all others.
    pub(super) fn month(&self, languages: Languages) -> Option<u32> {
        let among = |mask: u32| {
            let mut found = self.months.iter().filter(move |(spoken, _)| spoken & mask != 0);
            let first = found.next();
            (first, found.next().is_none())
        };
        let (first, only) = match among(languages.0) {
            (None, _) => among(u32::MAX),
            found => found,
        };
        first.filter(|_| only).map(|(_, month)| u32::from(*month))
    }

    /// The languages in which it names a month.
    pub(super) fn languages(&self) -> Languages {
        Languages(self.months.iter().fold(0, |all, (spoken, _)| all | spoken))
    }
}

/// Names by how they are written, without case, accents and full stops.
static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let mut words: HashMap<String, Word> = HashMap::new();
    for (at, names) in names().into_iter().enumerate() {
        let language = 1_u32 << at;
        // For each word the month it names, and whether that is its whole name or the beginning of one; none if it begins two.
        let mut months: BTreeMap<String, (Option<u8>, bool)> = BTreeMap::new();
        let listed = names.months.iter().flat_map(|list| list.iter().copied().zip(1_u8..));
        let own: Vec<(String, u8)> = listed
            .chain(names.more.iter().copied())
            .map(|(name, month)| (folded(name), month))
            .filter(|(name, _)| !name.is_empty())
            .collect();
        for (name, month) in &own {
            months.insert(name.clone(), (Some(*month), true));
        }
        for (name, month) in &own {
            for (end, _) in name.char_indices().skip(3) {
                let known = months.entry(name[..end].to_owned()).or_insert((Some(*month), false));
                if !known.1 && known.0 != Some(*month) {
                    known.0 = None;
                }
            }
        }
        for (name, month) in months.into_iter().filter_map(|(name, (month, _))| Some((name, month?))) {
            let known = &mut words.entry(name).or_default().months;
            match known.iter_mut().find(|(_, other)| *other == month) {
                Some((spoken, _)) => *spoken |= language,
                None => known.push((language, month)),
            }
        }
        for name in names.weekdays.iter().flat_map(|list| list.iter()) {
            let name = folded(name);
            let shorter = name.char_indices().skip(3).map(|(end, _)| name[..end].to_owned());
            for name in shorter.chain([name.clone()]) {
                words.entry(name).or_default().is_weekday = true;
            }
        }
    }
    words
});

/// What a word can be, if it is a name.
pub(super) fn word(text: &str) -> Option<&'static Word> {
    let name = folded(text);
    // segunda-feira
    WORDS.get(&name).or_else(|| WORDS.get(name.strip_suffix("-feira")?))
}

/// A word without case, accents and full stops at its end.
pub(super) fn folded(text: &str) -> String {
    text.trim_end_matches('.')
        .to_lowercase()
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .map(|c| match c {
            'ł' => 'l',
            'ı' => 'i',
            '\u{2019}' | '\u{2bc}' => '\'',
            c => c,
        })
        .collect()
}

/// `am`, `p.m.` and their relatives; the second half of the day is true.
pub(super) fn half_of_day(word: &str) -> Option<bool> {
    match word {
        "am" | "a.m." | "a.m" | "de." | "délelőtt" | "öö" | "дп" | "пр.об." | "dop." | "manhã" | "mañana" | "fm" => {
            Some(false)
        }
        "pm" | "p.m." | "p.m" | "du." | "délután" | "ös" | "пп" | "сл.об." | "odp." | "pop." | "tarde" => {
            Some(true)
        }
        _ => None,
    }
}

/// Words and signs between the parts of a date.
pub(super) fn is_filler(word: &str) -> bool {
    #[rustfmt::skip]
    const FILLERS: &[&str] = &[
        "de", "del", "da", "em", "of", "on", "at", "the", "um", "uhr", "à", "a", "al", "as", "às", "ás", "las", "la", "le", "el", "il", "den", "der", "dne", "dnia",
        "alle", "ore", "ora", "o", "ob", "u", "v", "godz", "godzina", "uur", "óra", "kl", "klo", "saat", "r", "rok", "roku", "р", "року", "рік",
        "г", "год", "года", "ч", "час", "в", "у", "о", "об", "-", "–", "—", "•", "·", "|", "@", "/",
    ];
    FILLERS.contains(&word.trim_end_matches('.'))
}

/// Whether a value begins like a shop's line about a review: "Reviewed in Germany on 3 February 2026".
pub(super) fn is_about_a_review(first: &str) -> bool {
    #[rustfmt::skip]
    const STEMS: &[&str] = &[
        "review", "rezens", "bewert", "comment", "evalu", "calific", "resen", "recens", "beoord", "zrecenz", "opini", "avali", "deger", "оцен", "оцін",
        "відгук", "отзыв", "posted", "published", "veroff", "publi", "opublik",
    ];
    let first = folded(first);
    STEMS.iter().any(|stem| first.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_told_in_every_language_long_and_short() {
        for (text, month) in [
            ("january", 1),
            ("Sept.", 9),
            ("січня", 1),
            ("квіт.", 4),
            ("жовтень", 10),
            ("março", 3),
            ("marco", 3),
            ("fev", 2),
            ("мая", 5),
            ("сент.", 9),
            ("нояб.", 11),
            ("szeptember", 9),
            ("márc.", 3),
            ("września", 9),
            ("wrzesnia", 9),
            ("paź", 10),
            ("Jänner", 1),
            ("Mär", 3),
            ("mrt", 3),
            ("septiembre", 9),
            ("févr.", 2),
            ("aout", 8),
            ("juil.", 7),
            ("giu", 6),
            ("května", 5),
            ("července", 7),
            ("červen", 6),
            ("októbra", 10),
            ("iunie", 6),
            ("юли", 7),
            ("kolovoza", 8),
            ("avgust", 8),
            ("augusti", 8),
            ("marts", 3),
            ("Kasım", 11),
            ("Ağu", 8),
            ("ŞUBAT", 2),
        ] {
            assert_eq!(
                word(text).and_then(|word| word.month(Languages::default())),
                Some(month),
                "{text}"
            );
        }
        for text in ["jui", "čer", "ma", "today", "weeks"] {
            assert_eq!(
                word(text).and_then(|word| word.month(Languages::default())),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_of_two_months_needs_its_language() {
        let november = word("listopada").unwrap();
        assert_eq!(november.month(Languages::default()), None);
        let polish = Languages::default().narrowed(word("grudnia").unwrap().languages());
        let croatian = Languages::default().narrowed(word("kolovoza").unwrap().languages());
        assert_eq!(november.month(polish), Some(11));
        assert_eq!(november.month(croatian), Some(10));
        assert_eq!(
            november.month(Languages::default().narrowed(Languages::of("hr"))),
            Some(10)
        );
        assert_eq!(names().len(), CODES.len());
    }

    #[test]
    fn weekdays_are_known_and_march_may_be_one() {
        for text in [
            "Sunday",
            "пн",
            "п’ятниця",
            "segunda-feira",
            "śro",
            "Mié.",
            "csütörtök",
            "lör",
        ] {
            assert!(word(text).is_some_and(|word| word.is_weekday), "{text}");
        }
        assert!(word("mar.").is_some_and(|word| word.is_weekday && word.is_month()));
    }
}
