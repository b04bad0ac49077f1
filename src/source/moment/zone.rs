//! Zones of time as files state them: `Z`, `+02:00`, `GMT+1`, `CET`, `America/Denver`, in a value, a column's name or a header row.

use chrono::{LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Minutes east of Greenwich.
    Fixed(i32),
    /// A place with rules of its own.
    Place(Tz),
}

/// Letters that mean one zone only; CST, IST and BST mean several and are left out.
const LETTERS: [(&str, i32); 24] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("cet", 60),
    ("mez", 60),
    ("cest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("oez", 120),
    ("eest", 180),
    ("oesz", 180),
    ("msk", 180),
    ("мск", 180),
    ("trt", 180),
    ("brt", -180),
    ("edt", -240),
    ("est", -300),
    ("cdt", -300),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
];

impl Zone {
    /// The zone that a word names.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let word = word.trim_matches(['(', ')', '[', ']']);
        let lower = word.to_lowercase();
        if let Some((_, minutes)) = LETTERS.iter().find(|(letters, _)| *letters == lower) {
            return Some(Self::Fixed(*minutes));
        }
        if word.contains('/') && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return word.parse().ok().map(Self::Place);
        }
        let digits = ["gmt", "utc"].iter().find_map(|letters| lower.strip_prefix(letters));
        offset(digits.unwrap_or(&lower), digits.is_some()).map(Self::Fixed)
    }

    /// The zone that stands in brackets in a column's name: `Submit Date (UTC)`.
    pub(crate) fn in_name(name: &str) -> Option<Self> {
        let (_, rest) = name.rsplit_once(['(', '['])?;
        Self::of(rest.trim_end_matches([')', ']']).trim())
    }

    /// Milliseconds since 1970 in UTC of what a clock in this zone shows. Of an hour that comes twice the first is meant; an hour that is
    /// left out is read as if the clock had not been put forward.
    pub(super) fn utc(self, local: NaiveDateTime) -> Option<i64> {
        let place = match self {
            Self::Fixed(minutes) => {
                let utc = local.checked_sub_signed(TimeDelta::minutes(i64::from(minutes)))?;
                return Some(utc.and_utc().timestamp_millis());
            }
            Self::Place(place) => place,
        };
        match place.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.timestamp_millis()),
            LocalResult::None => {
                let hour = TimeDelta::hours(1);
                let before = place.from_local_datetime(&local.checked_sub_signed(hour)?).earliest()?;
                Some((before + hour).timestamp_millis())
            }
        }
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(0) => f.write_str("UTC"),
            Self::Fixed(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Self::Place(place) => f.write_str(place.name()),
        }
    }
}

/// Minutes of `+02:00`, `-0800`, `+02`; after `GMT` also of `+1` and `+5:30`.
fn offset(text: &str, after_letters: bool) -> Option<i32> {
    let (sign, rest) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '\u{2212}' => (-1, &text['\u{2212}'.len_utf8()..]),
        _ => return None,
    };
    let number = |digits: &str| -> Option<i32> {
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 && (hours.len() == 2 || after_letters) => {
            (number(hours)?, number(minutes)?)
        }
        Some(_) => return None,
        None => match rest.len() {
            1 if after_letters => (number(rest)?, 0),
            2 => (number(rest)?, 0),
            3 if after_letters => (number(rest.get(..1)?)?, number(rest.get(1..)?)?),
            4 => (number(rest.get(..2)?)?, number(rest.get(2..)?)?),
            _ => return None,
        },
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_as_tools_write_them() {
        for (word, minutes) in [
            ("Z", 0),
            ("+02:00", 120),
            ("-0800", -480),
            ("\u{2212}03", -180),
            ("GMT+1", 60),
            ("GMT+5:30", 330),
            ("UTC+01:00", 60),
            ("(UTC)", 0),
            ("CEST", 120),
            ("MSK", 180),
            ("gmt-3", -180),
        ] {
            assert_eq!(Zone::of(word), Some(Zone::Fixed(minutes)), "{word}");
        }
        assert_eq!(Zone::of("America/Denver"), Some(Zone::Place(Tz::America__Denver)));
        for word in ["+1", "CST", "+99:00", "soon", "03/04/2026", "-", "+", "GMT+", "a/b"] {
            assert_eq!(Zone::of(word), None, "{word}");
        }
        assert_eq!(Zone::in_name("Submit Date (UTC)"), Some(Zone::Fixed(0)));
        assert_eq!(Zone::in_name("Start time (GMT+02:00)"), Some(Zone::Fixed(120)));
        assert_eq!(Zone::in_name("Duration (in seconds)"), None);
    }

    #[test]
    fn summer_and_winter_are_told_apart() {
        let at = |text: &str| {
            let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            let utc = Zone::Place(Tz::Europe__Kyiv).utc(local).unwrap();
            chrono::DateTime::from_timestamp_millis(utc)
                .unwrap()
                .format("%Y-%m-%d %H:%M")
                .to_string()
        };
        assert_eq!(at("2026-01-15 12:00"), "2026-01-15 10:00");
        assert_eq!(at("2026-07-15 12:00"), "2026-07-15 09:00");
        // Clocks go from 3:00 to 4:00 on 29 March, and from 4:00 back to 3:00 on 25 October.
        assert_eq!(at("2026-03-29 03:30"), "2026-03-29 01:30");
        assert_eq!(at("2026-10-25 03:30"), "2026-10-25 00:30");
    }
}
