//! Times as exports write them. Input: a date or time, and the [`Form`] its column is read in. Output: milliseconds since 1970 in UTC. Understood
//! are ISO 8601 and its relatives, dates of numbers (03/04/2026, 3.4.26, 2026. 03. 05.), dates with names of months in all our languages
//! (Mar 3, 2026; 3 березня 2026 р.; RFC 2822; Twitter), 12-hour clocks, offsets and zones, seconds to nanoseconds since 1970, and, where the
//! column's other values say so, the day numbers of spreadsheets. A time without a zone is in the column's zone, or else in UTC.
//! Refuses to guess: what can be read in two ways (03/04/2026 without a known order, `listopada` without a known language) is not read.

mod parts;
mod words;
mod zone;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use parts::Parts;
pub use words::Languages;
pub use zone::Zone;

/// Which number of a date such as 03/04/2026 is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// Day, month, year: 3 April.
    Dmy,
    /// Month, day, year: 4 March.
    Mdy,
}

/// How the times of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form {
    /// Which number of its dates is the day, where it is known.
    pub order: Option<DateOrder>,
    /// The zone of times that name none; none: UTC.
    pub zone: Option<Zone>,
    /// The languages that its names of months belong to.
    pub languages: Languages,
    /// Bare numbers are days as spreadsheets count them: 46082 is 1 March 2026.
    pub serial: bool,
}

impl Form {
    /// The same with another order.
    pub(super) fn with_order(self, order: DateOrder) -> Self {
        Self {
            order: Some(order),
            ..self
        }
    }
}

/// Longer values are no dates.
const LONGEST: usize = 96;
/// Years outside are misreadings.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// Milliseconds since 1970 in UTC, if the value says them in one way only.
pub(super) fn read(value: &str, form: &Form) -> Option<i64> {
    let value = value.trim();
    if value.is_empty() || value.len() > LONGEST {
        return None;
    }
    if is_number(value) {
        return of_number(&value.replace(',', "."), form);
    }
    Parts::of(&without_marks(value))?.put_together(form)
}

/// A value without marks of direction and special spaces, and without what a browser adds in brackets: `GMT+0100 (Central European Standard Time)`.
fn without_marks(value: &str) -> String {
    let value: String = value
        .chars()
        .filter(|c| !matches!(c, '\u{200E}' | '\u{200F}' | '\u{FEFF}'))
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    match value.strip_suffix(')').and_then(|before| before.rsplit_once('(')) {
        Some((before, inside)) if Zone::of(inside).is_none() && !inside.contains(|c: char| c.is_ascii_digit()) => {
            before.trim_end().to_owned()
        }
        _ => value,
    }
}

/// What a value says about the order of days and months: the order it proves, or nothing if both are possible. None for values
/// that are no dates of numbers, and for those that read the same in both orders.
pub(super) fn proof(value: &str, form: &Form) -> Option<Option<DateOrder>> {
    let with = |order| read(value, &form.with_order(order));
    match (with(DateOrder::Dmy), with(DateOrder::Mdy)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(_), Some(_)) => Some(None),
        (Some(_), None) => Some(Some(DateOrder::Dmy)),
        (None, Some(_)) => Some(Some(DateOrder::Mdy)),
        (None, None) => None,
    }
}

/// The order that the values of a column prove together; an error if some prove one and some the other. Nothing if none does.
pub(super) fn proven<'a>(values: impl Iterator<Item = &'a str>, form: &Form) -> Result<Option<DateOrder>, ()> {
    let mut known = None;
    for order in values.filter_map(|value| proof(value, form)).flatten() {
        match known {
            Some(other) if other != order => return Err(()),
            _ => known = Some(order),
        }
    }
    Ok(known)
}

/// The languages in which all names of months among the values can be read.
pub(super) fn languages<'a>(values: impl Iterator<Item = &'a str>) -> Languages {
    values
        .filter(|value| value.len() <= LONGEST && value.contains(char::is_alphabetic))
        .filter_map(|value| Parts::of(&without_marks(value.trim())))
        .fold(Languages::default(), |known, parts| known.narrowed(parts.languages()))
}

/// Digits with at most one full stop or comma among them.
pub(super) fn is_number(value: &str) -> bool {
    let is_mark = |b: &u8| matches!(b, b'.' | b',');
    value.bytes().all(|b| b.is_ascii_digit() || is_mark(&b)) && value.bytes().filter(is_mark).count() <= 1
}

/// Whether a value can be the day number of a spreadsheet, from 1970 to 2099.
pub(super) fn is_serial(value: &str) -> bool {
    let value = value.replace(',', ".");
    let days = || {
        value
            .parse::<f64>()
            .is_ok_and(|days| (25_569.0..73_051.0).contains(&days))
    };
    value.split('.').next().is_some_and(|whole| whole.len() == 5) && days()
}

/// Bare digits: 20260301, 20260301123344, seconds to nanoseconds since 1970, days of a spreadsheet.
fn of_number(text: &str, form: &Form) -> Option<i64> {
    let zone = form.zone.unwrap_or(Zone::Fixed(0));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    let has_fraction = fraction.bytes().any(|b| b != b'0');
    match whole.len() {
        10 => {
            let milli: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
            Some(number * 1000 + milli)
        }
        13 => Some(number),
        16 if !has_fraction => Some(number / 1_000),
        19 if !has_fraction => Some(number / 1_000_000),
        8 if fraction.is_empty() => zone.utc(compact_date(whole)?.and_time(NaiveTime::MIN)),
        14 if fraction.is_empty() => zone.utc(compact_date(&whole[..8])?.and_time(compact_time(&whole[8..])?)),
        _ if form.serial && is_serial(text) => {
            let days: f64 = text.parse().ok()?;
            let milli = (days * 86_400.0).round() as i64 * 1000;
            zone.utc(
                NaiveDateTime::new(NaiveDate::from_ymd_opt(1899, 12, 30)?, NaiveTime::MIN)
                    + TimeDelta::milliseconds(milli),
            )
        }
        _ => None,
    }
}

fn compact_date(digits: &str) -> Option<NaiveDate> {
    let field = |at: std::ops::Range<usize>| digits.get(at)?.parse::<u32>().ok();
    let year = i32::try_from(field(0..4)?).ok().filter(|year| YEARS.contains(year))?;
    NaiveDate::from_ymd_opt(year, field(4..6)?, field(6..8)?)
}

fn compact_time(digits: &str) -> Option<NaiveTime> {
    let field = |at: std::ops::Range<usize>| digits.get(at)?.parse::<u32>().ok();
    NaiveTime::from_hms_opt(field(0..2)?, field(2..4)?, field(4..6)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_order(order: Option<DateOrder>) -> Form {
        Form {
            order,
            ..Form::default()
        }
    }

    fn told_in(value: &str, form: &Form) -> Option<String> {
        let at = chrono::DateTime::from_timestamp_millis(read(value, form)?)?;
        Some(at.format("%Y-%m-%d %H:%M:%S%.f").to_string())
    }

    fn told(value: &str, order: Option<DateOrder>) -> Option<String> {
        told_in(value, &in_order(order))
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
    fn dates_of_forms_shops_and_servers_are_understood() {
        for (value, want) in [
            ("1 janv. 2026", "2026-01-01 00:00:00"),
            ("31 août 2026 à 13h23", "2026-08-31 13:23:00"),
            ("1er mai 2026", "2026-05-01 00:00:00"),
            ("14 de março de 2026", "2026-03-14 00:00:00"),
            ("terça-feira, 3 de fevereiro de 2026 13:23", "2026-02-03 13:23:00"),
            ("2 квітня 2026 р. о 13:23", "2026-04-02 13:23:00"),
            ("вт, 3 лют. 2026 р.", "2026-02-03 00:00:00"),
            ("25 декабря 2026 г., 13:23", "2026-12-25 13:23:00"),
            ("2026. január 1.", "2026-01-01 00:00:00"),
            ("2026. szept. 1. 9:05:06", "2026-09-01 09:05:06"),
            ("2026. 03. 05. 13:23:45", "2026-03-05 13:23:45"),
            ("2026. 03. 05. du. 1:23:45", "2026-03-05 13:23:45"),
            ("5. 3. 2026 13:23", "2026-03-05 13:23:00"),
            ("5.3. 2026", "2026-03-05 00:00:00"),
            ("05/03/2026 13.23.45", "2026-03-05 13:23:45"),
            ("5. marts 2026 kl. 13.23", "2026-03-05 13:23:00"),
            ("mar. 3 mar. 2026", "2026-03-03 00:00:00"),
            ("mar 03/03/2026", "2026-03-03 00:00:00"),
            ("2026/03/05 1:23:45 PM GMT+1", "2026-03-05 12:23:45"),
            ("2026/03/05 1:23:45 p. m. GMT-3", "2026-03-05 16:23:45"),
            ("2026/03/05 12:23:45 a.\u{a0}m. CET", "2026-03-04 23:23:45"),
            ("2026/03/05 1:23:45 пп EET", "2026-03-05 11:23:45"),
            ("2026/03/05 ÖS 1:23:45 GMT+3", "2026-03-05 10:23:45"),
            ("2026-03-05 1:23 em", "2026-03-05 13:23:00"),
            ("5. 3. 2026 1:23 pop.", "2026-03-05 13:23:00"),
            ("5/3/2026 1:23 da tarde", "2026-03-05 13:23:00"),
            ("2026-03-05 13:23 Europe/Kyiv", "2026-03-05 11:23:00"),
            (
                "Thu Mar 05 2026 13:23:45 GMT+0100 (Central European Standard Time)",
                "2026-03-05 12:23:45",
            ),
            ("05/Mar/2026:13:23:45 +0100", "2026-03-05 12:23:45"),
            (
                "Reviewed in the United Kingdom on 1 January 2026",
                "2026-01-01 00:00:00",
            ),
            ("Rezension aus Deutschland vom 3. Februar 2026", "2026-02-03 00:00:00"),
            ("Avaliado no Brasil em 3 de fevereiro de 2026", "2026-02-03 00:00:00"),
            ("20260305", "2026-03-05 00:00:00"),
            ("20260305132345", "2026-03-05 13:23:45"),
            ("1709296424.5", "2024-03-01 12:33:44.500"),
            ("1709296424000000", "2024-03-01 12:33:44"),
            ("1303862400.0", "2011-04-27 00:00:00"),
        ] {
            assert_eq!(told(value, Some(DateOrder::Dmy)).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn a_columns_other_values_tell_its_language_its_zone_and_its_numbers() {
        assert_eq!(
            told("5 listopada 2026", None),
            None,
            "Polish for November, Croatian for October"
        );
        let polish = Form {
            languages: languages(["5 listopada 2026", "7 grudnia 2026", "", "x"].into_iter()),
            ..Form::default()
        };
        assert_eq!(
            told_in("5 listopada 2026", &polish).as_deref(),
            Some("2026-11-05 00:00:00")
        );
        let denver = Form {
            zone: Zone::in_name("When (America/Denver)"),
            ..Form::default()
        };
        assert_eq!(
            told_in("2026-03-01 16:30:00", &denver).as_deref(),
            Some("2026-03-01 23:30:00")
        );
        assert_eq!(
            told_in("2026-03-01 16:30:00Z", &denver).as_deref(),
            Some("2026-03-01 16:30:00")
        );
        let sheet = Form {
            serial: true,
            ..Form::default()
        };
        assert_eq!(told_in("46082", &sheet).as_deref(), Some("2026-03-01 00:00:00"));
        assert_eq!(told_in("46082.75", &sheet).as_deref(), Some("2026-03-01 18:00:00"));
        assert_eq!(told_in("46082,75", &sheet).as_deref(), Some("2026-03-01 18:00:00"));
        assert_eq!(told_in("12345", &sheet), None);
        assert_eq!(told("46082", None), None);
    }

    #[test]
    fn what_can_be_read_in_two_ways_needs_an_order() {
        assert_eq!(told("03/04/2026", None), None);
        assert_eq!(
            told("03/04/2026", Some(DateOrder::Dmy)).as_deref(),
            Some("2026-04-03 00:00:00")
        );
        assert_eq!(
            told("03/04/2026", Some(DateOrder::Mdy)).as_deref(),
            Some("2026-03-04 00:00:00")
        );
        assert_eq!(
            proven(["03/04/2026", "13/04/2026", ""].into_iter(), &Form::default()),
            Ok(Some(DateOrder::Dmy))
        );
        assert_eq!(
            proven(["03/04/2026", "2026-01-01"].into_iter(), &Form::default()),
            Ok(None)
        );
        assert_eq!(
            proven(["13/04/2026", "04/13/2026"].into_iter(), &Form::default()),
            Err(())
        );
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
            "2026-03-01 12:00 CST",
            "Mar 2026",
            "1.5",
            "00:12:33",
            "2026-03-01 13:00 PM",
            "2026-03-01 12:00 +99:00",
            "-",
            "4/5",
        ] {
            assert_eq!(told(value, Some(DateOrder::Dmy)), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "\\PC{0,40}", dates in "[0-9TZ:/. +apm-]{0,30}") {
            let _ = (told(&text, None), told(&dates, Some(DateOrder::Mdy)), proof(&dates, &Form::default()), is_serial(&dates));
            let _ = languages([text.as_str(), &dates].into_iter());
        }
    }
}
