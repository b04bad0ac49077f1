//! The dialect of a delimited file, told from its decoded head: delimiter (of one character or several), quotes, escapes. The
//! dialect under which most records have one number of fields wins; `sep=;` on the first line (Excel) decides at once.
//! Rows are never guessed: what does not fit the dialect is rejected later, with its line.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::header::Columns;
use super::names;
use super::plain::{self, unwrapped};
use super::tape::open_quote;

/// What stands between two fields: one ASCII character or a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separator {
    bytes: [u8; Separator::LONGEST],
    length: u8,
}

impl Separator {
    const LONGEST: usize = 8;

    /// A separator of these bytes: one to eight of them, and one alone is ASCII.
    pub fn new(text: &str) -> Option<Self> {
        let given = text.as_bytes();
        let fits =
            (1..=Self::LONGEST).contains(&given.len()) && !given.iter().any(|b| matches!(b, b'\r' | b'\n' | b'"'));
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..given.len())?.copy_from_slice(given);
        fits.then_some(Self {
            bytes,
            length: given.len() as u8,
        })
    }

    const fn byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0, 0, 0, 0, 0],
            length: 1,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl Serialize for Separator {
    /// One byte as its number, as lakes have recorded it from the first.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_bytes() {
            [byte] => serializer.serialize_u8(*byte),
            bytes => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
        }
    }
}

/// How fields are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// What the parser splits at; [`ONE_COLUMN`] where the file's own delimiter is `wide`.
    pub(super) delimiter: u8,
    /// A delimiter of several bytes.
    pub(super) wide: Option<Separator>,
    pub(super) quote: u8,
    /// Off for files in which a quote is just a character (the 2015 Amazon reviews, for one).
    pub(super) quoting: bool,
    /// A backslash in quotes takes the meaning from the quote that follows.
    pub(super) escape: bool,
    /// Blanks may stand between a delimiter and a quote.
    pub(super) blanks: bool,
    /// Whole lines stand in quotes, and their fields within.
    pub(super) wrapped: bool,
    /// The length of a `sep=;` line before the header, with its line end.
    pub(super) skip: usize,
}

/// Delimiter for files with one column, whose commas belong to the comment: a character that text does not contain.
pub(super) const ONE_COLUMN: u8 = 0x1F;
const SAMPLED_RECORDS: usize = 1000;
/// Lines at the end that are no records: totals, a remark.
const FOOTER: usize = 5;
/// Share of the records below a title that must have one number of fields.
const BELOW_A_TITLE: f64 = 0.9;
/// Delimiters that are looked for, likelier ones first; the tab goes first in files called so.
const DELIMITERS: [&str; 14] = [
    ",", ";", "\t", "|", "||", "::", "|~|", "~|~", "^|^", ";;", "^", "~", "\u{1}", "¦",
];

impl Dialect {
    fn of(separator: Separator, skip: usize) -> Self {
        let (delimiter, wide) = match separator.as_bytes() {
            [byte] => (*byte, None),
            _ => (ONE_COLUMN, Some(separator)),
        };
        Self {
            delimiter,
            wide,
            quote: b'"',
            quoting: true,
            escape: false,
            blanks: false,
            wrapped: false,
            skip,
        }
    }

    /// A csv reader of this dialect that leaves records as they are: no header, any number of fields.
    pub(super) fn reader(self, buffer: usize) -> csv::ReaderBuilder {
        let mut builder = csv::ReaderBuilder::new();
        builder
            .delimiter(self.delimiter)
            .quote(self.quote)
            .quoting(self.quoting)
            .escape(self.escape.then_some(b'\\'))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(buffer);
        builder
    }

    /// Whether there is no delimiter at all.
    #[cfg(test)]
    pub(super) fn is_one_column(self) -> bool {
        self.delimiter == ONE_COLUMN && self.wide.is_none()
    }

    pub(super) fn name(self) -> String {
        let delimiter = match (self.wide, self.delimiter) {
            (Some(wide), _) => format!("`{}`", String::from_utf8_lossy(wide.as_bytes())),
            (None, b'\t') => "tab".to_owned(),
            (None, ONE_COLUMN) => return "one column".to_owned(),
            (None, other) => format!("`{}`", char::from(other).escape_default()),
        };
        let mut name = format!("delimiter {delimiter}");
        for (is, what) in [
            (!self.quoting, "quotes are text"),
            (self.quote == b'\'', "single quotes"),
            (self.escape, "backslash before quotes"),
            (self.blanks, "blanks before quotes"),
            (self.wrapped, "whole lines in quotes"),
        ] {
            if is {
                name.push_str(&format!(", {what}"));
            }
        }
        name
    }

    /// Whether the dialect is the usual one of files with this delimiter.
    pub(super) fn is_usual(self, delimiter: u8) -> bool {
        self == Self::of(Separator::byte(delimiter), self.skip)
    }
}

/// The dialect of a file, and the number of fields of its whole records; `whole` says that the head is all there is.
pub(super) fn sniff(head: &[u8], whole: bool, given: Option<Separator>, prefer_tab: bool) -> (Dialect, usize) {
    let (hinted, skip) =
        excel_hint(head).map_or((None, 0), |(delimiter, skip)| (Some(Separator::byte(delimiter)), skip));
    let head = &head[skip..];
    let one_column = Dialect::of(Separator::byte(ONE_COLUMN), skip);
    let order = |text: &&str| if prefer_tab { **text != *"\t" } else { false };
    let mut known: Vec<&str> = DELIMITERS.to_vec();
    known.sort_by_key(order);
    let separators: Vec<Separator> = match given.or(hinted) {
        Some(one) => vec![one],
        None => known.into_iter().filter_map(Separator::new).collect(),
    };
    let decided = given.or(hinted).is_some();
    let mut best: Option<(Dialect, Fit)> = None;
    for separator in separators {
        if !decided && find(head, separator.as_bytes()).is_none() {
            continue;
        }
        let (dialect, fit) = with_quotes(head, whole, Dialect::of(separator, skip));
        let better = best.as_ref().is_none_or(|(_, known)| fit.is_better(known)) || {
            // `||` is no two bars around nothing.
            let within = |(known, fitted): &(Dialect, Fit)| {
                let part = dialect
                    .wide
                    .is_some_and(|wide| wide.as_bytes().contains(&known.delimiter));
                part && fit.start == 0 && fit.share() >= fitted.share()
            };
            best.as_ref().is_some_and(within)
        };
        if (decided || fit.is_table(head, dialect)) && better {
            best = Some((dialect, fit));
        }
    }
    if best.is_none() {
        best = by_names(head, &one_column);
    }
    best.map_or((one_column, 1), |(dialect, fit)| (dialect, fit.width.max(1)))
}

/// The delimiter under which the first record names columns, where no delimiter fits the records.
fn by_names(head: &[u8], one_column: &Dialect) -> Option<(Dialect, Fit)> {
    let separators = DELIMITERS.iter().filter_map(|text| Separator::new(text));
    let named = separators.filter_map(|separator| {
        let dialect = Dialect::of(separator, one_column.skip);
        let first = rows(head, dialect, 1).into_iter().next()?;
        let known = first.iter().filter(|name| names::is_known(name)).count();
        let fit = Fit {
            width: first.len(),
            ..Fit::of_fields(&[])
        };
        (first.len() >= 2 && known * 2 >= first.len()).then_some((known, dialect, fit))
    });
    named
        .max_by_key(|(known, ..)| *known)
        .map(|(_, dialect, fit)| (dialect, fit))
}

/// The same delimiter with the quotes that fit best, where the head has signs of other than the usual ones.
fn with_quotes(head: &[u8], whole: bool, plain: Dialect) -> (Dialect, Fit) {
    let delimiter = plain
        .wide
        .map_or(vec![plain.delimiter], |wide| wide.as_bytes().to_vec());
    let after = |end: &[u8]| find(head, &[delimiter.as_slice(), end].concat()).is_some();
    let has_double = head.contains(&b'"');
    let mut best = (plain, Fit::of(head, whole, plain));
    // A variant must be better; where the signs leave no doubt, as good.
    let mut consider = |dialect: Dialect, certain: bool| {
        let fit = Fit::of(head, whole, dialect);
        let as_good = (fit.share(), fit.agreeing) >= (best.1.share(), best.1.agreeing);
        let better = fit.share() > best.1.share() && fit.agreeing > best.1.agreeing;
        if (certain && as_good) || better {
            best = (dialect, fit);
        }
        best.0
    };
    // Within a quoted field the same characters are text.
    let apart = |cell: &String| cell.starts_with(' ') && cell.trim_start_matches(' ').starts_with('"');
    let blanks = has_double && rows(head, plain, 200).iter().flatten().any(apart);
    let mut base = plain;
    if blanks {
        base = consider(Dialect { blanks: true, ..plain }, true);
    }
    if has_double && escapes(head, plain) {
        base = consider(Dialect { escape: true, ..base }, true);
    }
    let opens = |quote: u8| after(&[quote]) || head.starts_with(&[quote]) || find(head, &[b'\n', quote]).is_some();
    if opens(b'\'') && !opens(b'"') {
        let single = Dialect { quote: b'\'', ..base };
        let escaped = Dialect {
            escape: find(head, b"\\'").is_some(),
            ..single
        };
        base = consider(escaped, quoted_column(head, plain));
    }
    if has_double && (plain.delimiter == b'\t' || plain.delimiter == b'|' || plain.wide.is_some()) {
        base = consider(
            Dialect {
                quoting: false,
                escape: false,
                blanks: false,
                ..base
            },
            false,
        );
    }
    if has_double && base.quoting {
        let wrapped = Dialect { wrapped: true, ..base };
        let fit = Fit::of(head, whole, wrapped);
        if fit.width >= 2 && fit.start == 0 && fit.share() >= BELOW_A_TITLE && fit.unwrapped * 2 > fit.records {
            let rows = rows(head, wrapped, 50);
            let columns = Columns::of(&rows, Some(fit.width));
            let known = rows
                .first()
                .is_some_and(|row| row.iter().any(|cell| names::is_known(cell)));
            if known || columns.any_typed() {
                return (wrapped, fit);
            }
        }
    }
    best
}

/// Whether a backslash stands before a quote that does not end a field: then it takes its meaning away.
pub(super) fn escapes(head: &[u8], dialect: Dialect) -> bool {
    let ends = |byte: u8| byte == dialect.delimiter || matches!(byte, b'\r' | b'\n' | b'"' | b' ');
    head.windows(3).any(|w| w[0] == b'\\' && w[1] == b'"' && !ends(w[2]))
}

/// Whether all values of a column, three at least, stand in single quotes.
fn quoted_column(head: &[u8], plain: Dialect) -> bool {
    let rows = rows(head, plain, 100);
    let width = rows.first().map_or(0, Vec::len);
    let quoted = |cell: &str| cell.len() >= 2 && cell.starts_with('\'') && cell.ends_with('\'');
    (0..width).any(|at| {
        let cells: Vec<&str> = rows
            .iter()
            .skip(1)
            .filter_map(|row| row.get(at))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        cells.len() >= 3 && cells.iter().all(|cell| quoted(cell))
    })
}

/// The first records of a head as text.
fn rows(head: &[u8], dialect: Dialect, most: usize) -> Vec<Vec<String>> {
    let head = plain::of(head, dialect);
    let mut reader = dialect.reader(1 << 13).from_reader(&*head);
    let mut record = csv::ByteRecord::new();
    let mut rows = Vec::new();
    while rows.len() < most && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        let inner = unwrapped(&record, dialect);
        let cells = inner.as_ref().unwrap_or(&record).iter();
        rows.push(cells.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
    }
    rows
}

fn find(head: &[u8], what: &[u8]) -> Option<usize> {
    head.windows(what.len().max(1)).position(|w| w == what)
}

/// How well a dialect fits.
#[derive(Debug, Clone, Copy)]
struct Fit {
    /// The number of fields that most records have.
    width: usize,
    /// The first record that has them.
    start: usize,
    /// Records after it, without a footer.
    records: usize,
    /// Those of them that have as many fields; empty ones behind do not count.
    agreeing: usize,
    /// Records whose fields stood in one quoted field.
    unwrapped: usize,
}

impl Fit {
    fn of(head: &[u8], whole: bool, dialect: Dialect) -> Self {
        let head: Cow<'_, [u8]> = plain::of(head, dialect);
        let mut reader = dialect.reader(1 << 13).from_reader(&*head);
        let mut record = csv::ByteRecord::new();
        // Fields of each record up to the last that is filled, and all of them.
        let mut fields: Vec<(usize, usize)> = Vec::new();
        let (mut last, mut inner) = (0, 0);
        while fields.len() < SAMPLED_RECORDS {
            let start = reader.position().byte() as usize;
            if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
                break;
            }
            last = start;
            let split = unwrapped(&record, dialect);
            inner += usize::from(split.is_some());
            let record = split.as_ref().unwrap_or(&record);
            let filled = record
                .iter()
                .rposition(|cell| !cell.trim_ascii().is_empty())
                .map_or(0, |at| at + 1);
            fields.push((filled, record.len()));
        }
        if fields.len() > 1 && fields.len() < SAMPLED_RECORDS {
            // A quote that never closes swallows what follows, and must not look like one fine record. Otherwise the
            // last record of a cut head is only cut.
            let open = open_quote(&head[last..], dialect).is_some();
            if open && (whole || head.len() - last > head.len() / 4) {
                fields.pop();
                fields.push((0, 0));
            } else if !whole {
                fields.pop();
            }
        }
        Self {
            unwrapped: inner,
            ..Self::of_fields(&fields)
        }
    }

    fn of_fields(fields: &[(usize, usize)]) -> Self {
        let agrees = |width: usize, (filled, all): (usize, usize)| (filled..=all).contains(&width) && all > 0;
        let count = |width: usize| fields.iter().filter(|own| agrees(width, **own)).count();
        let first = fields.first().copied().unwrap_or((0, 0));
        let mut widths: Vec<usize> = fields.iter().flat_map(|(filled, all)| [*filled, *all]).collect();
        // Lines above and below a table have one field, however many they are.
        if widths.iter().any(|width| *width > 1) {
            widths.retain(|width| *width > 1);
        }
        widths.sort_unstable();
        widths.dedup();
        // Of equals the one that the first record has, then the larger one.
        let width = widths
            .into_iter()
            .max_by_key(|width| (count(*width), agrees(*width, first) && *width == first.0.max(1), *width))
            .unwrap_or(0);
        let start = fields.iter().position(|own| agrees(width, *own)).unwrap_or(0);
        let mut body = fields.get(start + 1..).unwrap_or_default();
        let footer = body
            .iter()
            .rev()
            .take(FOOTER)
            .take_while(|own| width > 1 && own.0 == 1 && !agrees(width, **own))
            .count();
        if footer * 2 < body.len() {
            body = &body[..body.len() - footer];
        }
        Self {
            width,
            start,
            records: body.len(),
            agreeing: body.iter().filter(|own| agrees(width, **own)).count(),
            unwrapped: 0,
        }
    }

    /// Whether the records make a table, rather than prose with commas in it.
    fn is_table(&self, head: &[u8], dialect: Dialect) -> bool {
        if self.width < 2 {
            return false;
        }
        let rows = rows(head, dialect, 60);
        let Some(names) = rows.get(self.start) else {
            return false;
        };
        let known = names.iter().any(|cell| names::is_known(cell));
        if self.start > 0 {
            let names_or_values = known || Columns::of(&rows[self.start..], Some(self.width)).any_typed();
            return self.share() >= BELOW_A_TITLE
                && self.records >= 1
                && (names_or_values || self.records >= 4 && self.width >= 3);
        }
        if known || self.records == 0 || dialect.blanks || Columns::of(&rows, Some(self.width)).any_typed() {
            return true;
        }
        // Prose has a blank behind each comma, and begins with a word.
        let fields = rows
            .iter()
            .flat_map(|row| row.iter().skip(1))
            .filter(|cell| !cell.is_empty());
        let (mut all, mut blank) = (0, 0);
        for cell in fields {
            all += 1;
            blank += usize::from(cell.starts_with(' '));
        }
        all == 0 || blank * 5 < all * 4
    }

    /// More records agree, or as many without lines above them, or with more fields.
    fn is_better(&self, other: &Self) -> bool {
        (self.share(), self.start == 0, self.width) > (other.share(), other.start == 0, other.width)
    }

    fn share(&self) -> f64 {
        if self.records == 0 {
            1.0
        } else {
            self.agreeing as f64 / self.records as f64
        }
    }
}

/// `sep=;` as the first line, as Excel writes and reads it: the delimiter and the length of the line.
fn excel_hint(head: &[u8]) -> Option<(u8, usize)> {
    let end = head.iter().position(|&b| matches!(b, b'\r' | b'\n'))?;
    let length = end + 1 + usize::from(head[end] == b'\r' && head.get(end + 1) == Some(&b'\n'));
    let line = &head[..end];
    let line = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    let (name, rest) = line.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    match rest {
        [b'\t', ..] => Some((b'\t', length)),
        _ => match rest.trim_ascii_end() {
            [delimiter] => Some((*delimiter, length)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Dialect {
        sniff(text.as_bytes(), true, None, false).0
    }

    fn delimiter(text: &str) -> u8 {
        sniffed(text).delimiter
    }

    #[test]
    fn the_delimiter_that_agrees_with_the_header_wins() {
        assert_eq!(delimiter("id,comment\n1,fine; really; good\n2,\"a;b\"\n"), b',');
        assert_eq!(
            delimiter("id;What was good, what was bad?;score\n1;food, staff, price;9\n2;nothing;1\n"),
            b';'
        );
        assert_eq!(delimiter("id\tcomment, in words\n1\tone, two, three\n2\tfour\n"), b'\t');
        assert_eq!(delimiter("id|comment\n1|a,b\n2|c\n"), b'|');
        assert_eq!(delimiter("\"a;b\",\"c;d\"\n\"1;2\",3\n"), b',', "quotes are respected");
        assert_eq!(delimiter("comment\nwell, well, well\nno; never\n"), ONE_COLUMN);
        assert_eq!(delimiter("sep=|\na|b,c\n1|2\n"), b'|');
        assert_eq!(delimiter("\"SEP=;\"\r\na;b,c\r\n1;2\r\n"), b';');
        assert_eq!(
            sniff(b"a;b\n1;2\n", true, Separator::new(","), false).0.delimiter,
            b',',
            "the user decides"
        );
    }

    #[test]
    fn delimiters_may_have_several_characters() {
        for wide in ["||", "::", "|~|", "¦"] {
            let text = format!("id{wide}comment\n1{wide}slow, and rude\n2{wide}ok\n").replace('\n', "\r\n");
            let dialect = sniffed(&text);
            assert_eq!(
                dialect.wide.map(|w| w.as_bytes().to_vec()),
                Some(wide.as_bytes().to_vec())
            );
        }
        assert_eq!(delimiter("id|comment|more\n1|a|\n2||b\n3||c\n"), b'|', "empty fields");
    }

    #[test]
    fn prose_is_one_column() {
        assert!(sniffed("Great people, thank you\nbad, very bad\nnever, ever again\n").is_one_column());
        assert!(sniffed("It broke\nGreat people, thank you\nbad, very bad\n").is_one_column());
        assert!(sniffed("comment\n\"well, fine\"\n\"no, never\"\n").is_one_column());
    }

    #[test]
    fn a_tab_file_with_loose_quotes_takes_them_as_text() {
        let loose = "id\ttext\n1\t\"great\n2\tbad\n3\tfine\n";
        assert!(!sniffed(loose).quoting);
        let quoted = "id\ttext\n1\t\"two\nlines\"\n2\tbad\n";
        assert!(sniffed(quoted).quoting);
    }

    #[test]
    fn quotes_are_taken_as_the_file_writes_them() {
        assert!(sniffed("id, comment\n1, \"slow, and rude\"\n2, \"ok\"\n").blanks);
        assert!(!sniffed("id,comment\n1,\"they said, \"\"no\"\" twice\"\n2,ok\n").blanks);
        let escaped = sniffed("id,comment\n1,\"they said \\\"no\\\", twice\"\n2,\"ok\"\n");
        assert!(escaped.escape);
        assert!(
            !sniffed("id,path\n1,\"C:\\dir\\\"\n2,\"D:\\\"\n").escape,
            "a backslash may end a field"
        );
        assert_eq!(sniffed("id,comment\n1,'slow, and rude'\n2,'ok'\n").quote, b'\'');
        assert_eq!(sniffed("id,comment\n1,'slow'\n2,'ok'\n3,'so so'\n").quote, b'\'');
        assert_eq!(sniffed("id,comment\n1,'twas fine\n2,ok\n3,'tis\n").quote, b'"');
        let wrapped = sniffed("\"id,comment\"\n\"1,\"\"slow, and rude\"\"\"\n\"2,ok\"\n");
        assert!(wrapped.wrapped && wrapped.delimiter == b',');
    }

    #[test]
    fn a_title_above_the_header_does_not_hide_the_delimiter() {
        let table = "id;comment;stars\n1;a, b;5\n2;b;5\n3;c;5\n4;d;5\n";
        for title in ["Report of May\n", "Report, May\n", "Period:;May\nBy:;us\n"] {
            assert_eq!(
                sniff(format!("{title}{table}").as_bytes(), true, None, false).1,
                3,
                "{title}"
            );
            assert_eq!(delimiter(&format!("{title}{table}")), b';', "{title}");
        }
        assert_eq!(
            sniffed("comment\nwell, so, so\nfine\nno, never\nyes, yes, yes, please\nok\nbad\n").delimiter,
            ONE_COLUMN
        );
    }
}
