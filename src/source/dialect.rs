//! How is a delimited file written? Input: its decoded head. Output: delimiter and quoting. The delimiter among
//! `,` `;` tab `|` whose field count agrees best with the header wins; `sep=;` on the first line (Excel) decides at once.
//! Never guesses rows: what does not fit the dialect is rejected later, with its line.

use super::tape::open_quote;

/// How fields are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Off for tab-separated files in which a quote is just a character (the 2015 Amazon reviews, for one).
    pub(super) quoting: bool,
    /// The length of a `sep=;` line before the header, with its line end.
    pub(super) skip: usize,
}

/// Delimiter for files with one column, whose commas belong to the comment: a character that text does not contain.
pub(super) const ONE_COLUMN: u8 = 0x1F;
const SAMPLED_RECORDS: usize = 1000;

impl Dialect {
    /// A csv reader of this dialect that leaves records as they are: no header, any number of fields.
    pub(super) fn reader(self, buffer: usize) -> csv::ReaderBuilder {
        let mut builder = csv::ReaderBuilder::new();
        builder
            .delimiter(self.delimiter)
            .quoting(self.quoting)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(buffer);
        builder
    }

    pub(super) fn name(self) -> String {
        let delimiter = match self.delimiter {
            b'\t' => "tab".to_owned(),
            ONE_COLUMN => return "one column".to_owned(),
            other => format!("`{}`", char::from(other).escape_default()),
        };
        format!(
            "delimiter {delimiter}{}",
            if self.quoting { "" } else { ", quotes are text" }
        )
    }
}

/// Looks at the head of a file; `whole` says that it is all there is.
pub(super) fn sniff(head: &[u8], whole: bool, given: Option<u8>, prefer_tab: bool) -> Dialect {
    let (hinted, skip) = excel_hint(head).map_or((None, 0), |(delimiter, skip)| (Some(delimiter), skip));
    let head = &head[skip..];
    let delimiter = given.or(hinted).unwrap_or_else(|| {
        let order = if prefer_tab {
            [b'\t', b',', b';', b'|']
        } else {
            [b',', b';', b'\t', b'|']
        };
        let mut best = (ONE_COLUMN, 0.0, 1);
        for delimiter in order {
            let fit = Fit::of(
                head,
                whole,
                Dialect {
                    delimiter,
                    quoting: true,
                    skip,
                },
            );
            if fit.columns >= 2 && (fit.share(), fit.columns) > (best.1, best.2) {
                best = (delimiter, fit.share(), fit.columns);
            }
        }
        best.0
    });
    let quoted = Dialect {
        delimiter,
        quoting: true,
        skip,
    };
    let bare = Dialect {
        quoting: false,
        ..quoted
    };
    if delimiter != b'\t' || !head.contains(&b'"') {
        return quoted;
    }
    let (with, without) = (Fit::of(head, whole, quoted), Fit::of(head, whole, bare));
    if without.share() > with.share() && without.agreeing > with.agreeing {
        bare
    } else {
        quoted
    }
}

/// If lines stand above the header (a report's title): how many fields the lines below it have. A header that fits no
/// record, over records that agree among themselves, is no header.
pub(super) fn below_a_title(head: &[u8], whole: bool, dialect: Dialect) -> Option<usize> {
    let header_fits = dialect.delimiter != ONE_COLUMN && Fit::of(&head[dialect.skip..], whole, dialect).agreeing > 0;
    let below = head.iter().position(|&b| b == b'\n').map(|at| &head[at + 1..])?;
    if header_fits || dialect.skip > 0 {
        return None;
    }
    let fits = [b',', b';', b'\t', b'|'].map(|delimiter| Fit::of(below, whole, Dialect { delimiter, ..dialect }));
    fits.iter()
        .filter(|fit| fit.columns >= 3 && fit.records >= 4 && fit.share() >= 0.9)
        .map(|fit| fit.columns)
        .max()
}

/// How well a dialect fits: fields of the header, records, and records that have as many fields as the header.
struct Fit {
    columns: usize,
    records: usize,
    agreeing: usize,
}

impl Fit {
    fn of(head: &[u8], whole: bool, dialect: Dialect) -> Self {
        let mut reader = dialect.reader(1 << 13).from_reader(head);
        let mut record = csv::ByteRecord::new();
        let mut fields = Vec::new();
        let mut last = 0;
        while fields.len() < SAMPLED_RECORDS {
            let start = reader.position().byte() as usize;
            if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
                break;
            }
            last = start;
            fields.push(record.len());
        }
        if fields.len() > 1 && fields.len() < SAMPLED_RECORDS {
            // A quote that never closes swallows what follows, and must not look like one fine record. Otherwise the
            // last record of a cut head is only cut.
            let open = open_quote(&head[last..], dialect).is_some();
            if open && (whole || head.len() - last > head.len() / 4) {
                fields.pop();
                fields.push(0);
            } else if !whole {
                fields.pop();
            }
        }
        let columns = fields.first().copied().unwrap_or(0);
        let agreeing = fields.iter().skip(1).filter(|&&n| n == columns).count();
        Fit {
            columns,
            records: fields.len().saturating_sub(1),
            agreeing,
        }
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
    let end = head.iter().position(|&b| b == b'\n')?;
    match head[..end].trim_ascii_end().strip_prefix(b"sep=") {
        Some(&[delimiter]) => Some((delimiter, end + 1)),
        // The trimmed delimiter was a tab.
        Some(&[]) if head[..end].starts_with(b"sep=\t") => Some((b'\t', end + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(text: &str) -> u8 {
        sniff(text.as_bytes(), true, None, false).delimiter
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
        assert_eq!(
            sniff(b"a;b\n1;2\n", true, Some(b','), false).delimiter,
            b',',
            "the user decides"
        );
    }

    #[test]
    fn a_tab_file_with_loose_quotes_takes_them_as_text() {
        let loose = "id\ttext\n1\t\"great\n2\tbad\n3\tfine\n";
        assert!(!sniff(loose.as_bytes(), true, None, false).quoting);
        let quoted = "id\ttext\n1\t\"two\nlines\"\n2\tbad\n";
        assert!(sniff(quoted.as_bytes(), true, None, false).quoting);
    }

    #[test]
    fn a_title_above_the_header_is_noticed() {
        let table = "id,comment,stars\n1,a,5\n2,b,5\n3,c,5\n4,d,5\n";
        let titled = |text: &str| {
            let dialect = sniff(text.as_bytes(), true, None, false);
            below_a_title(text.as_bytes(), true, dialect)
        };
        assert_eq!(titled(&format!("Report of May\n{table}")), Some(3));
        assert_eq!(titled(&format!("Report, May\n{table}")), Some(3));
        assert_eq!(titled(table), None);
        assert_eq!(
            titled("comment\nwell, so, so\nfine\nno, never\nyes, yes, yes, please\nok\nbad\n"),
            None
        );
    }
}
