//! The records of a delimited file, one by one: which are rows, which are not. A record with empty fields too many is a row;
//! one with fields too few is a row if those it has look like their columns, and the next record is not its torn end. The
//! header repeated (files put one behind another) is no row, nor is what stands below the table. Everything else is rejected.

use std::collections::VecDeque;
use std::sync::Arc;

use csv::{ByteRecord, StringRecord};

use super::encoding::Characters;
use super::header::Kind;
use super::input::Input;
use super::reject::{Reason, Reject};
use super::tape::{Next, Records};
use crate::error::Result;

/// Most lines below the table that are no rows.
const FOOTER: usize = 10;

/// What the records of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The columns' names, made unique.
    pub(super) names: Vec<String>,
    /// The names as they are written, if a record holds them.
    pub(super) header: Option<Vec<String>>,
    /// What the columns hold.
    pub(super) kinds: Vec<Kind>,
    pub(super) characters: Characters,
    /// Rows up to what stands below the table.
    pub(super) end: u64,
}

impl Form {
    /// Whether a record that is too short begins like a row.
    fn begins_like_a_row(&self, cells: &StringRecord) -> bool {
        let mut agree = 0;
        for (at, (cell, kind)) in cells.iter().zip(&self.kinds).enumerate() {
            let typed = matches!(kind, Kind::Number | Kind::Moment | Kind::Code);
            match Kind::of(cell) {
                Kind::Empty if at > 0 => {}
                own if own == *kind => agree += usize::from(typed),
                _ if typed => return false,
                _ => {}
            }
        }
        agree > 0
    }

    fn is_header(&self, cells: &StringRecord) -> bool {
        let mark = |cell: &str| cell.trim_start_matches('\u{FEFF}').trim().to_owned();
        self.header.as_ref().is_some_and(|header| {
            header.len() >= 2
                && cells.len() <= header.len()
                && header.iter().any(|name| Kind::of(name) == Kind::Text)
                && header
                    .iter()
                    .zip(cells.iter().chain(std::iter::repeat("")))
                    .all(|(name, cell)| mark(name) == mark(cell))
        })
    }
}

/// What comes next in a file.
pub(super) enum Step {
    End,
    Row {
        row: u64,
        cells: StringRecord,
        /// It lacks fields at its end.
        short: bool,
        /// It is in another encoding than most of the file.
        odd: bool,
        bytes: usize,
    },
    /// The header once more.
    Header,
    Reject {
        reject: Reject,
        /// The only cell with something in it.
        lone: Option<String>,
        /// Blank lines stand above it.
        gap: bool,
        /// It may be the end of the record before.
        tail: bool,
    },
}

/// Reads a file's records.
pub(super) struct Reading {
    pub(super) records: Records,
    form: Arc<Form>,
    row: u64,
    /// A short row, and what it is if the next record is its end.
    held: Option<(Step, Reject)>,
    ready: VecDeque<Step>,
}

impl Reading {
    /// `records` stand before the first row.
    pub(super) fn new(records: Records, form: Arc<Form>) -> Self {
        Self {
            records,
            form,
            row: 0,
            held: None,
            ready: VecDeque::new(),
        }
    }

    pub(super) fn next(&mut self, input: &Input) -> Result<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Ok(step);
            }
            let step = self.read(input)?;
            if let Some((row, torn)) = self.held.take() {
                let is_torn = matches!(step.0, Step::Reject { tail: true, .. });
                self.ready.push_back(match is_torn {
                    true => Step::Reject {
                        reject: torn,
                        lone: None,
                        gap: false,
                        tail: false,
                    },
                    false => row,
                });
            }
            match step {
                (row, Some(torn)) => self.held = Some((row, torn)),
                (step, None) => self.ready.push_back(step),
            }
        }
    }

    /// The next record by itself; with a short row, what it is if it is torn.
    fn read(&mut self, input: &Input) -> Result<(Step, Option<Reject>)> {
        if self.row >= self.form.end {
            return Ok((Step::End, None));
        }
        let mut record = ByteRecord::new();
        let next = self.records.next(&mut record).map_err(|source| input.failed(source))?;
        let (row, line, gap) = (self.row, self.records.line, self.records.after_gap);
        let rejected = |reject: Reject, lone: Option<String>, tail: bool| Step::Reject {
            reject,
            lone,
            gap,
            tail,
        };
        let (reason, shown, bytes) = match next {
            Next::End => return Ok((Step::End, None)),
            Next::Broken { reason, shown, bytes } => (reason, shown, bytes),
            Next::Record => {
                let raw = self.records.raw();
                let original = || self.records.original();
                match self.form.characters.text(record, raw) {
                    Err(reason) => {
                        let original = original();
                        (reason, original.to_vec(), original.len() as u64)
                    }
                    Ok((cells, odd)) => {
                        if self.form.is_header(&cells) {
                            return Ok((Step::Header, None));
                        }
                        self.row += 1;
                        let (expected, found) = (self.form.names.len(), cells.len());
                        let filled = cells
                            .as_byte_record()
                            .iter()
                            .rposition(|cell| !cell.trim_ascii().is_empty())
                            .map_or(0, |at| at + 1);
                        let reason = Reason::Fields { expected, found };
                        let reject = || Reject::new(&input.name, line, row, reason.clone(), &original());
                        let short = found < expected;
                        let begins = short && self.form.begins_like_a_row(&cells);
                        if filled > expected || (short && !begins) {
                            let lone = (filled == 1).then(|| cells.get(0).unwrap_or_default().trim().to_owned());
                            return Ok((rejected(reject(), lone, short), None));
                        }
                        let torn = short.then(reject);
                        let bytes = raw.len();
                        let step = Step::Row {
                            row,
                            cells,
                            short,
                            odd,
                            bytes,
                        };
                        return Ok((step, torn));
                    }
                }
            }
        };
        self.row += 1;
        let reject = Reject {
            bytes,
            ..Reject::new(&input.name, line, row, reason, &shown)
        };
        Ok((rejected(reject, None, false), None))
    }
}

/// What a whole file was found to hold.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) rows: u64,
    pub(super) short: u64,
    pub(super) headers: u64,
    /// Rows in another encoding than most.
    pub(super) odd: u64,
    /// Cells that say `\N`.
    pub(super) nulls: u64,
    /// Records with a wrong number of fields.
    pub(super) misfits: u64,
    /// Lines below the table.
    pub(super) footer: Vec<Below>,
}

impl Survey {
    /// Counts one step.
    pub(super) fn add(&mut self, step: &Step) {
        match step {
            Step::End => {}
            Step::Header => self.headers += 1,
            Step::Row {
                row, cells, short, odd, ..
            } => {
                self.rows += 1;
                self.short += u64::from(*short);
                self.odd += u64::from(*odd);
                self.nulls += cells.iter().filter(|cell| is_null(cell)).count() as u64;
                let text = cells.iter().collect::<Vec<_>>().join(" ").trim().to_owned();
                match is_total(cells) || text.is_empty() {
                    true => self.footer.push(Below {
                        row: *row,
                        text,
                        misfit: false,
                    }),
                    false => self.footer.clear(),
                }
            }
            Step::Reject { reject, lone, gap, .. } => {
                self.misfits += u64::from(matches!(reject.reason, Reason::Fields { .. }));
                match lone {
                    Some(cell) if is_remark(cell, *gap || self.footer.iter().any(|below| !below.text.is_empty())) => {
                        self.footer.push(Below {
                            row: reject.row,
                            text: cell.clone(),
                            misfit: true,
                        });
                    }
                    _ => self.footer.clear(),
                }
            }
        }
        if self.footer.len() > FOOTER {
            self.footer.clear();
        }
    }

    /// Ends the count: blank rows alone are rows, and what stands below the table is no misfit.
    pub(super) fn finish(mut self) -> Self {
        if self.footer.iter().all(|below| below.text.is_empty()) {
            self.footer.clear();
        }
        let misfits = self.footer.iter().filter(|below| below.misfit).count() as u64;
        self.misfits -= misfits.min(self.misfits);
        self.rows -= (self.footer.len() as u64 - misfits).min(self.rows);
        self
    }

    /// Records in all, without those below the table.
    pub(super) fn records(&self) -> u64 {
        self.rows + self.misfits
    }
}

/// A line below the table.
#[derive(Debug)]
pub(super) struct Below {
    pub(super) row: u64,
    pub(super) text: String,
    /// It has another number of fields than the rows.
    misfit: bool,
}

/// How databases write an absent value.
pub(super) fn is_null(cell: &str) -> bool {
    cell == "\\N"
}

/// Words that lines of totals begin with.
#[rustfmt::skip]
const TOTALS: &[&str] = &[
    "total", "totals", "sum", "average", "mean", "count", "subtotal", "overall", "разом", "усього", "всього", "сума", "середнє",
    "итого", "всего", "сумма", "среднее", "razem", "suma", "łącznie", "średnia", "ogółem", "összesen", "átlag", "összeg", "soma",
    "média", "promedio", "gesamt", "summe", "insgesamt", "durchschnitt", "gesamtsumme", "somme", "moyenne", "totale", "somma",
    "media", "totaal", "gemiddelde", "celkem", "průměr", "spolu", "priemer", "toplam", "ortalama", "summa", "medelvärde", "ukupno",
];
/// Words that may follow them.
#[rustfmt::skip]
const COUNTED: &[&str] = &[
    "grand", "of", "the", "number", "rows", "row", "records", "responses", "response", "comments", "reviews", "answers", "results",
    "entries", "score", "rating", "general", "général", "de", "відповідей", "рядків", "записів", "ответов", "строк", "записей",
    "odpowiedzi", "wierszy", "rekordów", "respostas", "respuestas", "antworten", "réponses", "risposte", "válasz", "sor",
];
/// Words that other lines below a table begin with.
#[rustfmt::skip]
const REMARKS: &[&str] = &[
    "report", "generated", "exported", "export", "created", "source", "page", "confidential", "copyright", "end", "note", "notes",
    "rows", "records", "filter", "filters", "сформовано", "створено", "сторінка", "сформирован", "создано", "страница",
    "wygenerowano", "utworzono", "strona", "raport", "gerado", "generado", "página", "généré", "erstellt", "exportiert", "seite",
    "készült", "oldal", "vygenerováno", "звіт", "отчёт", "отчет", "relatório", "informe", "bericht",
];

fn words(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Whether a text says nothing but that it is a total, and of what.
fn says_total(text: &str) -> bool {
    let counts = |word: &String| word.chars().all(char::is_numeric);
    let total = |word: &String| TOTALS.contains(&word.as_str());
    let own: Vec<String> = words(text).collect();
    own.iter().take(2).any(total)
        && own
            .iter()
            .all(|word| total(word) || counts(word) || COUNTED.contains(&word.as_str()))
}

/// Whether a row is one of totals: a word for it, then numbers or nothing.
pub(super) fn is_total<'a>(cells: impl IntoIterator<Item = &'a str>) -> bool {
    let mut all = 0;
    let mut filled = cells
        .into_iter()
        .inspect(|_| all += 1)
        .map(str::trim)
        .filter(|cell| !cell.is_empty());
    let Some(first) = filled.next() else { return false };
    let numbers = |cell: &str| matches!(Kind::of(cell), Kind::Number | Kind::Empty);
    let rest: Vec<&str> = filled.collect();
    let has_number = !rest.is_empty() || first.contains(|c: char| c.is_numeric()) || first.ends_with(':');
    says_total(first) && (has_number || all > 2) && rest.into_iter().all(numbers)
}

/// Whether a row of a sheet, by its filled cells, stands below the table: totals, or a remark by itself.
pub(super) fn is_below(cells: &[&str], apart: bool, remarks: bool) -> bool {
    let lone = || matches!(cells, [cell] if remarks && Kind::of(cell) != Kind::Number && is_remark(cell.trim(), apart));
    is_total(cells.iter().copied()) || lone()
}

/// Whether a line of one cell is a remark below a table.
fn is_remark(cell: &str, apart: bool) -> bool {
    let in_brackets = cell.starts_with(['(', '[']) && cell.ends_with([')', ']']);
    let first = words(cell).next().unwrap_or_default();
    let known = says_total(cell) || REMARKS.contains(&first.as_str()) || cell.starts_with(['©', '*', '\u{1A}']);
    let rule = cell.starts_with("--") || cell.starts_with("==");
    known || rule || in_brackets || (apart && Kind::of(cell) == Kind::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_told_from_comments() {
        for row in [
            vec!["Totals:", "", "3.3", ""],
            vec!["", "Grand total", "12"],
            vec!["Total responses: 3"],
            vec!["Разом", "", "5"],
            vec!["Average", "4,5"],
            vec!["Average", "", ""],
        ] {
            assert!(is_total(row.iter().copied()), "{row:?}");
        }
        for row in [
            vec!["Total disaster", "1"],
            vec!["Total", "5", "I was charged twice"],
            vec!["total"],
            vec!["1", "Total"],
        ] {
            assert!(!is_total(row.iter().copied()), "{row:?}");
        }
    }

    #[test]
    fn remarks_below_a_table_are_known_by_their_words_or_stand_apart() {
        assert!(is_remark("(3 rows)", false) && is_remark("Generated by the desk on 3 May", false));
        assert!(is_remark("© Acme", false) && is_remark("\u{1A}", false));
        assert!(!is_remark("and the courier was rude", false));
        assert!(is_remark("See the other sheet", true));
        assert!(!is_remark("17", true), "an id without the rest is a torn row");
    }
}
