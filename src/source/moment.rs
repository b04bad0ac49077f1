//! When was it? Input: a date or time as an export writes it. Output: milliseconds since 1970 in UTC. Understood are ISO 8601
//! and its relatives, dates of numbers (03/04/2026, 3.4.26), dates with English month names (Mar 3, 2026; RFC 2822; Twitter),
//! 12-hour clocks, UTC offsets, seconds and milliseconds since 1970. A time without an offset is taken as UTC.
//! Refuses to guess: what can be read in two ways (03/04/2026 without a known order) or names a zone by letters is not read.

use chrono::{Duration, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

/// Which number of a date such as 03/04/2026 is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// Day, month, year: 3 April.
    Dmy,
    /// Month, day, year: 4 March.
    Mdy,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Longer values are no dates.
const LONGEST: usize = 64;
/// Years outside are misreadings.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// Milliseconds since 1970 in UTC, if the value says them in one way only. `order` settles dates of numbers.
pub(super) fn read(value: &str, order: Option<DateOrder>) -> Option<i64> {
    let value = value.trim();
    if value.is_empty() || value.len() > LONGEST {
        return None;
    }
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return since_1970(value);
    }
    let mut parts = Parts::default();
    for token in tokens(value) {
        parts.take(token)?;
    }
    parts.put_together(order)
}

/// What a value says about the order of days and months: the order it proves, or nothing if both are possible. None for values
/// that are no dates of numbers, and for those that read the same in both orders.
pub(super) fn proof(value: &str) -> Option<Option<DateOrder>> {
    match (read(value, Some(DateOrder::Dmy)), read(value, Some(DateOrder::Mdy))) {
        (Some(a), Some(b)) if a == b => None,
        (Some(_), Some(_)) => Some(None),
        (Some(_), None) => Some(Some(DateOrder::Dmy)),
        (None, Some(_)) => Some(Some(DateOrder::Mdy)),
        (None, None) => None,
    }
}

/// The order that the values of a column prove together; an error if some prove one and some the other. Nothing if none does.
pub(super) fn proven<'a>(values: impl Iterator<Item = &'a str>) -> Result<Option<DateOrder>, ()> {
    let mut known = None;
    for order in values.filter_map(proof).flatten() {
        match known {
            Some(other) if other != order => return Err(()),
            _ => known = Some(order),
        }
    }
    Ok(known)
}

/// Ten digits are seconds, thirteen are milliseconds.
fn since_1970(digits: &str) -> Option<i64> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        10 => Some(number * 1000),
        13 => Some(number),
        _ => None,
    }
}

/// Splits at spaces and commas, and at the `T` between a date and a time.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|token| !token.is_empty())
        .flat_map(|token| {
            let at = token.char_indices().find_map(|(at, c)| {
                let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
                let between = at > 0 && digit(token.as_bytes().get(at - 1)) && digit(token.as_bytes().get(at + 1));
                (matches!(c, 'T' | 't' | '_') && between).then_some(at)
            });
            let (date, time) = at.map_or((token, None), |at| (&token[..at], Some(&token[at + 1..])));
            std::iter::once(date).chain(time)
        })
}

/// What has been read of a date so far.
#[derive(Default)]
struct Parts {
    /// Three numbers with their separator, and how many digits each has.
    numbers: Option<([u32; 3], [usize; 3], char)>,
    /// Lone numbers beside a month's name.
    lone: Vec<(u32, usize)>,
    month: Option<u32>,
    time: Option<NaiveTime>,
    half: Option<bool>,
    /// Minutes east of Greenwich.
    offset: Option<i32>,
}

impl Parts {
    /// Adds a token; none if it fits nowhere.
    fn take(&mut self, token: &str) -> Option<()> {
        let lower = token.to_lowercase();
        let bare = lower.trim_end_matches('.');
        if let Some(half) = half_of_day(&lower) {
            return set(&mut self.half, half);
        }
        if let Some(offset) = offset(token) {
            return set(&mut self.offset, offset);
        }
        if token.contains(':') {
            return self.clock(&lower);
        }
        if let Some(month) = named(&MONTHS, bare) {
            return set(&mut self.month, month);
        }
        if named(&DAYS, bare).is_some() || bare == "at" || bare == "sept" && self.month.replace(9).is_none() {
            return Some(());
        }
        if let Some(separator) = token.chars().find(|c| matches!(c, '-' | '/' | '.')) {
            let fields: Vec<&str> = token.trim_end_matches('.').split(separator).collect();
            let [a, b, c] = fields.as_slice() else { return None };
            if let Some(month) = named(&MONTHS, &b.to_lowercase()) {
                self.lone.extend([number(a)?, number(c)?]);
                return set(&mut self.month, month);
            }
            let (a, b, c) = (number(a)?, number(b)?, number(c)?);
            return set(&mut self.numbers, ([a.0, b.0, c.0], [a.1, b.1, c.1], separator));
        }
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| lower.strip_suffix(end));
        self.lone.push(number(digits.unwrap_or(&lower))?);
        (self.lone.len() <= 2).then_some(())
    }

    /// `9:05`, `09:05:06.789`, with `pm`, `Z` or an offset attached.
    fn clock(&mut self, token: &str) -> Option<()> {
        let mut rest = token;
        if let Some(before) = ["am", "pm", "a.m.", "p.m."].iter().find(|end| rest.ends_with(**end)) {
            self.half = Some(before.starts_with('p'));
            rest = &rest[..rest.len() - before.len()];
        }
        if let Some(at) = rest.find(['+', '-', 'z']) {
            set(&mut self.offset, offset(&rest[at..])?)?;
            rest = &rest[..at];
        }
        let (clock, fraction) = rest.split_once(['.', '\'']).unwrap_or((rest, "0"));
        let fields: Vec<&str> = clock.split(':').collect();
        let (hour, minute, second) = match fields.as_slice() {
            [h, m] => (number(h)?, number(m)?, (0, 2)),
            [h, m, s] => (number(h)?, number(m)?, number(s)?),
            _ => return None,
        };
        if hour.1 > 2 || minute.1 != 2 || second.1 != 2 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let milli: u32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let time = NaiveTime::from_hms_milli_opt(hour.0, minute.0, second.0, milli)?;
        // A date that a workbook wrote as midnight, and its time of day in a column beside it.
        match self.time {
            Some(known) if known != NaiveTime::MIN => None,
            _ => {
                self.time = Some(time);
                Some(())
            }
        }
    }

    fn put_together(self, order: Option<DateOrder>) -> Option<i64> {
        let date = self.date(order)?;
        let time = self.time.unwrap_or(NaiveTime::MIN);
        let time = match self.half {
            None => time,
            Some(afternoon) => {
                let (hour, _) = split(time);
                if self.time.is_none() || hour == 0 || hour > 12 {
                    return None;
                }
                let shift = if afternoon { 12 } else { 0 } - if hour == 12 { 12 } else { 0 };
                time.overflowing_add_signed(Duration::hours(shift)).0
            }
        };
        let utc = date
            .and_time(time)
            .checked_sub_signed(Duration::minutes(i64::from(self.offset.unwrap_or(0))))?;
        Some(utc.and_utc().timestamp_millis())
    }

    fn date(&self, order: Option<DateOrder>) -> Option<NaiveDate> {
        let (year, month, day) = match (self.numbers, self.month, self.lone.as_slice()) {
            (Some(([a, b, c], digits, separator)), None, []) => match (digits, separator) {
                ([4, 1..=2, 1..=2], _) => (a, b, c),
                ([1..=2, 1..=2, 4], '.') => (c, b, a),
                ([1..=2, 1..=2, 2], '.') => (short_year(c), b, a),
                ([1..=2, 1..=2, 4], _) => by_order(a, b, c, order)?,
                // 24-03-01 may begin with the year; 24/03/01 is hardly ever meant so.
                ([1..=2, 1..=2, 2], '/') => by_order(a, b, short_year(c), order)?,
                _ => return None,
            },
            (None, Some(month), &[(a, 1..=2), (year, 4)] | &[(year, 4), (a, 1..=2)]) => (year, month, a),
            (None, Some(month), &[(day, 1..=2), (year, 2)]) => (short_year(year), month, day),
            _ => return None,
        };
        let year = i32::try_from(year).ok().filter(|year| YEARS.contains(year))?;
        NaiveDate::from_ymd_opt(year, month, day)
    }
}

/// Year, month and day of a date that begins with day or month.
fn by_order(a: u32, b: u32, year: u32, order: Option<DateOrder>) -> Option<(u32, u32, u32)> {
    match order {
        Some(DateOrder::Dmy) => Some((year, b, a)),
        Some(DateOrder::Mdy) => Some((year, a, b)),
        None if a > 12 || a == b => Some((year, b, a)),
        None if b > 12 => Some((year, a, b)),
        None => None,
    }
}

/// POSIX: 69 to 99 are of the last century.
const fn short_year(year: u32) -> u32 {
    if year < 69 { 2000 + year } else { 1900 + year }
}

fn split(time: NaiveTime) -> (u32, u32) {
    use chrono::Timelike;
    (time.hour(), time.minute())
}

fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A number of at most four digits, and how many it has.
fn number(text: &str) -> Option<(u32, usize)> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(|n| (n, text.len()))
}

/// The number of a name, from 1; three letters are enough.
fn named(names: &[&str], word: &str) -> Option<u32> {
    let at = names
        .iter()
        .position(|name| *name == word || (word.len() == 3 && name.starts_with(word)))?;
    u32::try_from(at + 1).ok()
}

fn half_of_day(word: &str) -> Option<bool> {
    match word {
        "am" | "a.m." => Some(false),
        "pm" | "p.m." => Some(true),
        _ => None,
    }
}

/// Minutes east of Greenwich: `Z`, `UTC`, `+02:00`, `-0800`, `+02`.
fn offset(token: &str) -> Option<i32> {
    let zone = token.trim_matches(['(', ')']);
    if ["z", "utc", "gmt"].iter().any(|name| zone.eq_ignore_ascii_case(name)) {
        return Some(0);
    }
    let zone = zone.strip_prefix("GMT").or(zone.strip_prefix("UTC")).unwrap_or(zone);
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "\u{2212}", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let value: i32 = digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()?;
    let (hours, minutes) = match digits.len() {
        2 => (value, 0),
        4 => (value / 100, value % 100),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(value: &str, order: Option<DateOrder>) -> Option<String> {
        let at = chrono::DateTime::from_timestamp_millis(read(value, order)?)?;
        Some(at.format("%Y-%m-%d %H:%M:%S%.f").to_string())
    }

    #[test]
    fn the_notations_of_exports_are_understood() {
        for (value, want) in [
            ("2026-03-01T12:33:44Z", "2026-03-01 12:33:44"),
            ("2026-03-01T12:33:44.5+02:00", "2026-03-01 10:33:44.500"),
            ("2026-03-01 12:33", "2026-03-01 12:33:00"),
            ("2026-03-01 12:33:44 UTC", "2026-03-01 12:33:44"),
            ("2026-03-01", "2026-03-01 00:00:00"),
            ("2026/3/1 9:05", "2026-03-01 09:05:00"),
            ("2015-02-24 11:35:52 -0800", "2015-02-24 19:35:52"),
            ("1709296424000", "2024-03-01 12:33:44"),
            ("1709296424", "2024-03-01 12:33:44"),
            ("24.03.2026 18:00", "2026-03-24 18:00:00"),
            ("1.4.26", "2026-04-01 00:00:00"),
            ("24/03/2026", "2026-03-24 00:00:00"),
            ("03/24/2026 01:02:03 PM", "2026-03-24 13:02:03"),
            ("03/24/26", "2026-03-24 00:00:00"),
            ("12/31/2026 12:05 AM", "2026-12-31 00:05:00"),
            ("12/31/2026 12:05PM", "2026-12-31 12:05:00"),
            ("Mar 1, 2026, 9:05 PM", "2026-03-01 21:05:00"),
            ("1 March 2026", "2026-03-01 00:00:00"),
            ("March 1st, 2026", "2026-03-01 00:00:00"),
            ("01-Mar-2026 12:33PM", "2026-03-01 12:33:00"),
            ("Tue Feb 24 11:35:52 +0000 2015", "2015-02-24 11:35:52"),
            ("Sun, 01 Mar 2026 12:00:00 +0100", "2026-03-01 11:00:00"),
            ("2026-03-01 00:00:00.000 12:33", "2026-03-01 12:33:00"),
            ("05/05/2026", "2026-05-05 00:00:00"),
        ] {
            assert_eq!(told(value, None).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_needs_an_order() {
        assert_eq!(read("03/04/2026", None), None);
        assert_eq!(
            told("03/04/2026", Some(DateOrder::Dmy)).as_deref(),
            Some("2026-04-03 00:00:00")
        );
        assert_eq!(
            told("03/04/2026", Some(DateOrder::Mdy)).as_deref(),
            Some("2026-03-04 00:00:00")
        );
        assert_eq!(
            proven(["03/04/2026", "13/04/2026", ""].into_iter()),
            Ok(Some(DateOrder::Dmy))
        );
        assert_eq!(proven(["03/04/2026", "2026-01-01"].into_iter()), Ok(None));
        assert_eq!(proven(["13/04/2026", "04/13/2026"].into_iter()), Err(()));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for value in [
            "",
            "soon",
            "2026",
            "2026-02-30",
            "13/13/2026",
            "24-03-01",
            "10:30",
            "2026-03-01 25:00",
            "12345",
            "3 days ago",
            "2026-03-01 12:00 CET",
            "Mar 2026",
            "1.5",
            "00:12:33",
            "2026-03-01 13:00 PM",
            "2026-03-01 12:00 +99:00",
            "-",
            "4/5",
        ] {
            assert_eq!(read(value, Some(DateOrder::Dmy)), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "\\PC{0,40}", dates in "[0-9TZ:/. +apm-]{0,30}") {
            let _ = (read(&text, None), read(&dates, Some(DateOrder::Mdy)), proof(&dates));
        }
    }
}
