//! Personal data in a text. Input: any text. Output: the same text with typed placeholders: `[EMAIL]`, `[PHONE]`,
//! `[CARD]` (Luhn), `[IBAN]` (accounts, with their checksums), `[ID]` (national numbers), `[IP]`, `[URL]` (with a token in it),
//! `[HANDLE]` and `[BIRTHDATE]`. What has a checksum is checked; what could be an order number, price, date or version is left alone unless the words
//! before it say otherwise. Names and street addresses are not found. Total, linear, never panics.

mod accounts;
mod birth;
mod checksums;
mod context;
mod email;
mod measure;
mod national;
mod numbers;
mod privacy;
mod words;

use std::borrow::Cow;
use std::ops::Range;

pub use measure::{Figures, Measured, measure};
pub use privacy::Privacy;

/// Kinds of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A web address that lets its holder in (a token, a key, a person's address in it), or a person's page on a social network.
    Url,
    /// An e-mail address.
    Email,
    /// A bank account number.
    Iban,
    /// A payment card number.
    Card,
    /// A national identity, tax or insurance number.
    Id,
    /// An IP address.
    Ip,
    /// A phone number.
    Phone,
    /// An account's name after `@`.
    Handle,
    /// A date of birth.
    Birth,
}

impl Kind {
    /// Every kind; of two that overlap the earlier one is taken.
    pub const ALL: [Self; 9] = [
        Self::Url,
        Self::Email,
        Self::Iban,
        Self::Card,
        Self::Id,
        Self::Ip,
        Self::Phone,
        Self::Handle,
        Self::Birth,
    ];

    /// The placeholder that replaces it.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Url => "[URL]",
            Self::Email => "[EMAIL]",
            Self::Iban => "[IBAN]",
            Self::Card => "[CARD]",
            Self::Id => "[ID]",
            Self::Ip => "[IP]",
            Self::Phone => "[PHONE]",
            Self::Handle => "[HANDLE]",
            Self::Birth => "[BIRTHDATE]",
        }
    }
}

/// An occurrence of personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its byte range in the text.
    pub range: Range<usize>,
    /// Its kind.
    pub kind: Kind,
}

/// Finds all personal data in a text, in order and without overlaps.
pub fn find(text: &str) -> Vec<Found> {
    // Whatever it is, it has one of these; but for an address that is spelled.
    let spelled_at_most = !text
        .bytes()
        .any(|b| b.is_ascii_digit() || matches!(b, b'@' | b'&' | b'/' | b'(' | b'['));
    if spelled_at_most {
        let emails = email::emails(text).into_iter();
        let kind = Kind::Email;
        return emails.map(|range| Found { range, kind }).collect();
    }
    let links = words::links(text);
    let mut found: Vec<Found> = Vec::new();
    for kind in Kind::ALL {
        let ranges = match kind {
            Kind::Url => [words::secret_links(text, &links), words::profiles(text)].concat(),
            Kind::Email => email::emails(text),
            Kind::Iban => accounts::accounts(text),
            Kind::Card => numbers::cards(text),
            Kind::Id => national::ids(text),
            Kind::Ip => words::addresses(text),
            Kind::Phone => numbers::phones(text),
            Kind::Handle => words::handles(text),
            Kind::Birth => birth::dates(text),
        };
        for range in ranges {
            let taken = found.iter().any(|other| overlap(&other.range, &range));
            // Numbers inside a link belong to the link.
            let linked = kind > Kind::Email && links.iter().any(|link| overlap(link, &range));
            if !taken && !linked {
                found.push(Found { range, kind });
            }
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Replaces all personal data by placeholders; borrowed when there is none.
pub fn redact(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Found { range, kind } in found {
        out.push_str(&text[at..range.start]);
        out.push_str(kind.placeholder());
        at = range.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// A redacted text, aligned to the original.
#[derive(Debug, Clone, Default)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: String,
    /// For each placeholder: its scalars in [`Redacted::text`], and those of the original it replaces.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Redacted {
    /// Redacts a text.
    pub fn of(original: &str) -> Self {
        let mut redacted = Self::default();
        let (mut at, mut here, mut there) = (0, 0, 0);
        for Found { range, kind } in find(original) {
            let before = original[at..range.start].chars().count();
            (here, there) = (here + before, there + before);
            let (name, length) = (kind.placeholder(), original[range.clone()].chars().count());
            redacted.text.push_str(&original[at..range.start]);
            redacted.text.push_str(name);
            redacted.places.push((here..here + name.len(), there..there + length));
            (here, there, at) = (here + name.len(), there + length, range.end);
        }
        redacted.text.push_str(&original[at..]);
        redacted
    }

    /// A text that replaces the whole original.
    fn whole(text: String, original: &str) -> Self {
        let places = vec![(0..text.chars().count(), 0..original.chars().count())];
        Self { text, places }
    }

    /// Maps `span`, scalars of the redacted text, to scalars of the original. A span that begins or ends inside a placeholder covers all of what it
    /// replaces.
    pub fn original_span(&self, span: Range<usize>) -> Range<usize> {
        let mut moved = span.clone();
        for (here, there) in &self.places {
            if span.start >= here.end {
                moved.start = span.start - here.end + there.end;
            } else if span.start >= here.start {
                moved.start = there.start;
            }
            if span.end >= here.end {
                moved.end = span.end - here.end + there.end;
            } else if span.end > here.start {
                moved.end = there.end;
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typed_placeholders_stand_in_for_personal_data() {
        for (text, want) in [
            ("Mail me: anna.k+shop@example.co.uk!", "Mail me: [EMAIL]!"),
            ("call +48 600-100-200 now", "call [PHONE] now"),
            ("paid with 4111 1111 1111 1111, twice", "paid with [CARD], twice"),
            ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [IBAN]."),
            ("PESEL 44051401359", "PESEL [ID]"),
            ("from 192.168.2.14 all day", "from [IP] all day"),
            (
                "https://shop.example/reset?token=a8f0e2b4 does not work",
                "[URL] does not work",
            ),
            ("thanks @anna_k, bye", "thanks [HANDLE], bye"),
            ("write to john&#64;example.org", "write to [EMAIL]"),
        ] {
            assert_eq!(redact(text), want);
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for text in [
            "Order 4111111111111112 came late",
            "order number 600100200",
            "It costs 1 299 999 zł or 12.50 EUR",
            "version 10.0.19.45 crashes",
            "on 24.03.2026 at 12:30, see https://shop.example/help/page",
            "tracking RR123456785PL",
            "5 stars, 100% @ home",
            "DE89 3704 0044 0532 0130 01 is no account",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    /// Minimum figures below the measured ones, so that a change that loses much fails here.
    #[test]
    fn the_committed_set_is_found_almost_whole() {
        let measured = measure(include_str!("../../data/redaction/sentences.toml")).unwrap();
        let told = measured.mistakes.join("\n");
        assert!(measured.sentences >= 300 && measured.languages.len() == 20);
        assert!(
            measured.all.precision() >= 0.97 && measured.all.recall() >= 0.97,
            "{told}"
        );
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let original = "Дзвоніть +380 67 123 45 67, чекаю";
        let redacted = Redacted::of(original);
        assert_eq!(redacted.text, "Дзвоніть [PHONE], чекаю");
        let place = |part: &str, text: &str| {
            let start = text[..text.find(part).unwrap()].chars().count();
            start..start + part.chars().count()
        };
        assert_eq!(
            redacted.original_span(place("чекаю", &redacted.text)),
            place("чекаю", original)
        );
        assert_eq!(
            redacted.original_span(place("Дзвоніть", &redacted.text)),
            place("Дзвоніть", original)
        );
        assert_eq!(
            redacted.original_span(place("[PHONE]", &redacted.text)),
            place("+380 67 123 45 67", original)
        );
        assert_eq!(redacted.original_span(place("HONE], ч", &redacted.text)).start, 9);
    }

    proptest! {
        #[test]
        fn any_text_can_be_redacted(text in prop_oneof!["\\PC{0,80}", "[0-9 @.:/+a-zA-Z()-]{0,80}"]) {
            let once = redact(&text).into_owned();
            prop_assert_eq!(&Redacted::of(&text).text, &once);
            for pair in find(&text).windows(2) {
                prop_assert!(pair[0].range.end <= pair[1].range.start);
            }
        }
    }
}
