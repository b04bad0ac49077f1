//! The parts of a date as its words and numbers say them one after another: day, month and year, clock, half of the day, zone.

use chrono::{Duration, NaiveDate, NaiveTime, Timelike};

use super::words::{self, Languages, Word};
use super::zone::Zone;
use super::{DateOrder, Form, YEARS};

/// What has been read of a date so far.
#[derive(Default)]
pub(super) struct Parts {
    /// Three numbers with their separator, and how many digits each has.
    numbers: Option<([u32; 3], [usize; 3], char)>,
    /// Lone numbers beside a month's name, or one after another; how many digits each has, and whether a full stop follows it.
    lone: Vec<(u32, usize, bool)>,
    /// Words that name a month or a weekday.
    names: Vec<&'static Word>,
    time: Option<NaiveTime>,
    half: Option<bool>,
    zone: Option<Zone>,
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
            // 01/Mar/2026:12:33:44, as web servers write it.
            let colon = || token.find(':').filter(|at| token[..*at].contains('/'));
            let (date, time) = at
                .or_else(colon)
                .map_or((token, None), |at| (&token[..at], Some(&token[at + 1..])));
            std::iter::once(date).chain(time)
        })
}

impl Parts {
    /// The parts of a value; none if a word or number fits nowhere.
    pub(super) fn of(value: &str) -> Option<Self> {
        let value = value.replace("p. m.", "pm").replace("a. m.", "am");
        let mut tokens: Vec<&str> = tokens(&value).collect();
        if tokens.first().is_some_and(|first| words::is_about_a_review(first)) {
            let begins = |token: &&str| {
                token.starts_with(|c: char| c.is_ascii_digit()) || words::word(token).is_some_and(Word::is_month)
            };
            let at = tokens.iter().position(begins)?;
            tokens.drain(..at);
        }
        let mut parts = Self::default();
        for token in tokens {
            parts.take(token)?;
        }
        Some(parts)
    }

    /// The languages that the month's name belongs to; all where there is none.
    pub(super) fn languages(&self) -> Languages {
        self.month_word().map_or_else(Languages::default, Word::languages)
    }

    /// The word that names the month. Of two words that can be one (`mar. 3 mar.`) the first is the weekday.
    fn month_word(&self) -> Option<&'static Word> {
        let named: Vec<&'static Word> = self.names.iter().copied().filter(|word| word.is_month()).collect();
        match named.as_slice() {
            [month] => Some(*month),
            [weekday, month] if weekday.is_weekday => Some(*month),
            [month, weekday] if weekday.is_weekday => Some(*month),
            _ => None,
        }
    }

    /// Adds a token; none if it fits nowhere.
    fn take(&mut self, token: &str) -> Option<()> {
        let lower = token.to_lowercase();
        if let Some(half) = words::half_of_day(&lower) {
            return set(&mut self.half, half);
        }
        // Swedish for the afternoon; in Portuguese it comes before a date.
        if lower == "em" && self.time.is_some() {
            return set(&mut self.half, true);
        }
        if let Some(zone) = Zone::of(token) {
            return set(&mut self.zone, zone);
        }
        if token.contains(':') {
            return self.clock(&lower);
        }
        if words::is_filler(&lower) {
            return Some(());
        }
        if let Some(word) = words::word(token) {
            self.names.push(word);
            return (self.names.len() <= 2).then_some(());
        }
        // 13h23, 13h
        if let Some((hour, minute)) = lower.split_once('h')
            && number(hour).is_some()
        {
            let minute = if minute.is_empty() { "00" } else { minute };
            return self.clock(&format!("{hour}:{}", minute.trim_end_matches("min")));
        }
        if let Some(separator) = token
            .trim_end_matches('.')
            .chars()
            .find(|c| matches!(c, '-' | '/' | '.'))
        {
            return self.fields(token, separator);
        }
        let digits = lower.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, 'º' | 'ª' | '°' | '.' | '-'));
        let after = &lower[digits.len()..];
        let is_ordinal = matches!(
            after,
            "" | "." | "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | "°" | "го" | "-го" | "e" | "re"
        );
        if !is_ordinal {
            return None;
        }
        let (value, digits) = number(digits)?;
        self.lone.push((value, digits, after == "."));
        (self.lone.len() <= 3).then_some(())
    }

    /// Numbers, or two numbers and a month's name, with one separator: a date, or after a date a clock with full stops.
    fn fields(&mut self, token: &str, separator: char) -> Option<()> {
        let fields: Vec<&str> = token.trim_end_matches('.').split(separator).collect();
        let has_date = self.numbers.is_some() || self.lone.len() == 3 || self.lone.len() == 2 && !self.names.is_empty();
        if separator == '.' && has_date {
            return self.clock(&fields.join(":"));
        }
        match fields.as_slice() {
            [a, b, c] => {
                let words: Vec<&'static Word> = fields.iter().filter_map(|field| words::word(field)).collect();
                if let [word] = words.as_slice() {
                    self.names.push(*word);
                    for (value, digits) in fields.iter().filter_map(|field| number(field)) {
                        self.lone.push((value, digits, false));
                    }
                    return (self.lone.len() == 2 && self.names.len() <= 2).then_some(());
                }
                let (a, b, c) = (number(a)?, number(b)?, number(c)?);
                set(&mut self.numbers, ([a.0, b.0, c.0], [a.1, b.1, c.1], separator))
            }
            // 5.3. 2026
            [a, b] if separator == '.' && token.ends_with('.') => {
                self.lone.extend(
                    [a, b]
                        .iter()
                        .filter_map(|field| number(field))
                        .map(|(value, digits)| (value, digits, true)),
                );
                (self.lone.len() == 2).then_some(())
            }
            _ => None,
        }
    }

    /// `9:05`, `09:05:06.789`, with `pm`, `Z` or an offset attached.
    fn clock(&mut self, token: &str) -> Option<()> {
        let mut rest = token;
        if let Some(before) = ["am", "pm", "a.m.", "p.m."].iter().find(|end| rest.ends_with(**end)) {
            set(&mut self.half, before.starts_with('p'))?;
            rest = &rest[..rest.len() - before.len()];
        }
        if let Some(at) = rest.find(['+', '-', 'z']) {
            set(&mut self.zone, Zone::of(&rest[at..])?)?;
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

    /// Milliseconds since 1970 in UTC.
    pub(super) fn put_together(self, form: &Form) -> Option<i64> {
        let date = self.date(form)?;
        let time = self.time.unwrap_or(NaiveTime::MIN);
        let time = match self.half {
            None => time,
            Some(afternoon) => {
                let hour = time.hour();
                if self.time.is_none() || hour == 0 || hour > 12 {
                    return None;
                }
                let shift = if afternoon { 12 } else { 0 } - if hour == 12 { 12 } else { 0 };
                time.overflowing_add_signed(Duration::hours(shift)).0
            }
        };
        self.zone
            .or(form.zone)
            .unwrap_or(Zone::Fixed(0))
            .utc(date.and_time(time))
    }

    fn date(&self, form: &Form) -> Option<NaiveDate> {
        let month = match self.names.iter().any(|word| word.is_month()) {
            // A weekday beside a date of numbers: `mar. 03/03/2026`.
            true if self.numbers.is_some() && self.names.iter().all(|word| word.is_weekday) => None,
            true => Some(self.month_word()?.month(form.languages)?),
            false => None,
        };
        let order = form.order;
        let (year, month, day) = match (self.numbers, month, self.lone.as_slice()) {
            (Some(([a, b, c], digits, separator)), None, []) => match (digits, separator) {
                ([4, 1..=2, 1..=2], _) => (a, b, c),
                ([1..=2, 1..=2, 4], '.') => (c, b, a),
                ([1..=2, 1..=2, 2], '.') => (short_year(c), b, a),
                ([1..=2, 1..=2, 4], _) => by_order(a, b, c, order)?,
                // 24-03-01 may begin with the year; 24/03/01 is hardly ever meant so.
                ([1..=2, 1..=2, 2], '/') => by_order(a, b, short_year(c), order)?,
                _ => return None,
            },
            (None, Some(month), &[(a, 1..=2, _), (year, 4, _)] | &[(year, 4, _), (a, 1..=2, _)]) => (year, month, a),
            (None, Some(month), &[(day, 1..=2, _), (year, 2, _)]) => (short_year(year), month, day),
            // 2026. 03. 05. and 5. 3. 2026
            (None, None, &[(year, 4, _), (month, 1..=2, _), (day, 1..=2, _)]) => (year, month, day),
            (None, None, &[(day, 1..=2, true), (month, 1..=2, true), (year, 4, _)]) => (year, month, day),
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

fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A number of at most four digits, and how many it has.
fn number(text: &str) -> Option<(u32, usize)> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(|n| (n, text.len()))
}
