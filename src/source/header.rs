//! The row that names the columns of a table: titles may stand above it, a second row of labels below it, or no row names
//! them at all. Columns whose values are numbers, dates or codes tell a row of names from a row of values; where there are
//! none, the words themselves do: names are short and known, comments are sentences. What the user says decides first, then
//! a preset that knows a row.

use super::moment::{self, DateOrder};
use super::names;
use super::preset::Preset;
use super::{HeaderRow, SourceOptions};

/// The names are among this many rows.
pub(super) const LOOKED_AT: usize = 30;
/// Rows that are read to settle what the columns hold.
pub(super) const SAMPLED: usize = 120;

/// Where the table begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    /// The row that names the columns, from 0; none: they have no names.
    pub(super) names: Option<usize>,
    /// The first row of values.
    pub(super) first: usize,
    /// The export format that knows the names.
    pub(super) preset: Option<&'static Preset>,
}

/// What a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, or a mark that stands for nothing.
    Empty,
    Number,
    Moment,
    /// One word with digits, an address or a link.
    Code,
    Text,
}

impl Kind {
    /// The kind of one cell.
    pub(super) fn of(cell: &str) -> Self {
        let cell = cell.trim();
        if is_absent(cell) {
            return Self::Empty;
        }
        let digits = cell.bytes().filter(u8::is_ascii_digit).count();
        let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
        let one_word = !cell.contains(char::is_whitespace);
        if digits > 0 && cell.len() <= 48 {
            let is_moment = |order| moment::read(cell, &moment::Form::default().with_order(order)).is_some();
            let mostly_digits = letters == 0 && cell.chars().count() <= digits * 2 + 4;
            let grouped = cell.matches(['-', '/', ':']).count() >= 2 || cell.matches('.').count() >= 2;
            let clock = cell
                .as_bytes()
                .windows(3)
                .any(|w| w[1] == b':' && w[0].is_ascii_digit() && w[2].is_ascii_digit());
            if (grouped && mostly_digits)
                || (clock && digits >= 4 && letters <= 20)
                || (letters > 0 && digits >= 3 && (is_moment(DateOrder::Dmy) || is_moment(DateOrder::Mdy)))
            {
                return Self::Moment;
            }
            if mostly_digits {
                return Self::Number;
            }
        }
        let length = cell.chars().count();
        let link =
            one_word && (cell.contains("://") || cell.starts_with("www.") || cell.contains('@') && cell.contains('.'));
        if link || (one_word && digits > 0 && length >= 6 && letters < 12) {
            return Self::Code;
        }
        Self::Text
    }

    const fn is_typed(self) -> bool {
        matches!(self, Self::Number | Self::Moment | Self::Code)
    }
}

/// Whether a cell holds nothing, a rule of dashes, or what programs write for nothing.
fn is_absent(cell: &str) -> bool {
    const MARKS: [&str; 9] = ["n/a", "na", "nan", "null", "none", "nil", "#n/a", "\\n", "?"];
    cell.chars().all(|c| !c.is_alphanumeric() && c != '#')
        && !cell
            .chars()
            .any(|c| !c.is_ascii() && !c.is_whitespace() && c != '–' && c != '—')
        || MARKS.contains(&cell.to_lowercase().as_str())
}

/// Whether a row is a rule of dashes below the names.
fn is_rule(row: &[String]) -> bool {
    row.iter().all(|cell| is_absent(cell.trim()) && !cell.contains('\\'))
        && row.iter().any(|cell| cell.contains("--") || cell.contains("=="))
}

/// Settles where the table begins. `numbers` are the rows' own numbers (a line, a sheet's row), which the user counts in;
/// `width` is the number of fields of a whole row, where it is known.
pub(super) fn settle(rows: &[Vec<String>], numbers: &[u64], width: Option<usize>, options: &SourceOptions) -> Head {
    let preset = |at: usize| {
        options
            .preset
            .of(&rows[at].iter().map(String::as_str).collect::<Vec<_>>())
    };
    let with = |at: usize, first: usize| Head {
        names: Some(at),
        first,
        preset: preset(at),
    };
    match options.header {
        HeaderRow::None => return Head::default(),
        HeaderRow::At(number) => {
            let at = numbers.iter().position(|own| *own >= number);
            return at.map_or_else(Head::default, |at| with(at, at + 1));
        }
        HeaderRow::Find => {}
    }
    let looked_at = rows.len().min(LOOKED_AT);
    if let Some(at) = (0..looked_at).find(|at| preset(*at).is_some_and(|preset| preset.names_all(&rows[*at]))) {
        return with(at, at + 1);
    }
    let head = Columns::of(rows, width).head();
    match head.names {
        Some(at) => Head {
            preset: preset(at),
            ..head
        },
        None => head,
    }
}

/// What the columns of some rows hold.
pub(super) struct Columns<'a> {
    rows: &'a [Vec<String>],
    /// Fields of a whole row, where it is known.
    width: Option<usize>,
    /// The kind that most values of a column have, if it is one that names do not have.
    pub(super) kinds: Vec<Kind>,
    /// Columns with anything in them.
    used: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: &'a [Vec<String>], width: Option<usize>) -> Self {
        let most = width.unwrap_or_else(|| rows.iter().map(Vec::len).max().unwrap_or(0));
        let mut columns = Self {
            rows,
            width,
            kinds: vec![Kind::Text; most],
            used: 0,
        };
        let filled_in = |at: usize| {
            rows.iter()
                .filter(move |row| row.get(at).is_some_and(|cell| !cell.trim().is_empty()))
        };
        // A title stands in the first column; a column of values has more in it than that.
        columns.used = (0..most)
            .filter(|at| filled_in(*at).count() * 4 >= rows.len().min(8))
            .count()
            .max(1);
        let whole: Vec<&Vec<String>> = rows.iter().filter(|row| columns.is_whole(row)).collect();
        // The lower half, since titles are above.
        let body = &whole[whole.len() / 2..];
        for at in 0..most {
            let kinds: Vec<Kind> = body
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| Kind::of(cell))
                .filter(|kind| *kind != Kind::Empty)
                .collect();
            let typed = [Kind::Number, Kind::Moment, Kind::Code]
                .into_iter()
                .find(|kind| kinds.iter().filter(|own| *own == kind).count() * 2 > kinds.len());
            columns.kinds[at] = typed.unwrap_or(if kinds.is_empty() { Kind::Empty } else { Kind::Text });
        }
        columns
    }

    /// Whether any column has values that no name looks like.
    pub(super) fn any_typed(&self) -> bool {
        self.kinds.iter().any(|kind| kind.is_typed())
    }

    fn filled(row: &[String]) -> usize {
        row.iter().filter(|cell| !cell.trim().is_empty()).count()
    }

    /// Whether a row has as many fields as the table, and something in half of them.
    fn is_whole(&self, row: &[String]) -> bool {
        let trimmed = row
            .iter()
            .rposition(|cell| !cell.trim().is_empty())
            .map_or(0, |at| at + 1);
        let fits = self
            .width
            .is_none_or(|width| (trimmed..=row.len()).contains(&width) || trimmed > width);
        let enough = Self::filled(row) * 2 >= self.used && (self.used < 2 || Self::filled(row) >= 2);
        fits && enough
    }

    /// How many typed columns a row agrees with, and how many it contradicts with words.
    pub(super) fn votes(&self, row: &[String]) -> (usize, usize) {
        let mut votes = (0, 0);
        for (cell, kind) in row.iter().zip(&self.kinds).filter(|(_, kind)| kind.is_typed()) {
            match Kind::of(cell) {
                Kind::Empty => {}
                own if own == *kind => votes.0 += 1,
                own if own.is_typed() => {}
                _ => votes.1 += 1,
            }
        }
        votes
    }

    /// Whether a row's cells are called like columns, at least half of them.
    fn is_known(&self, row: &[String]) -> bool {
        let known = row.iter().filter(|cell| names::is_known(cell)).count();
        known * 2 >= Self::filled(row).max(1) && known * 2 >= self.used
    }

    /// Whether two cells of a row are called like columns, one of them where the values are of another kind.
    fn is_called(&self, row: &[String]) -> bool {
        let mut cells = row.iter().zip(&self.kinds).filter(|(cell, _)| names::is_known(cell));
        self.is_known(row)
            || cells.clone().count() >= 2 && cells.any(|(cell, kind)| kind.is_typed() && Kind::of(cell) == Kind::Text)
    }

    /// Whether some cell of a row cannot be a name: a sentence above sentences, an address, or a value that comes again further down.
    fn has_values(&self, at: usize) -> bool {
        let row = &self.rows[at];
        let below = |column: usize| {
            let others = self.rows[at + 1..].iter().filter(move |other| *other != row);
            others
                .filter_map(move |other| other.get(column))
                .map(|cell| cell.trim())
        };
        // Short answers stand below what a survey states.
        let answers =
            |column: usize| self.used > 1 && below(column).count() > 1 && below(column).all(|cell| words(cell) < 3);
        row.iter().enumerate().any(|(column, cell)| {
            let cell = cell.trim();
            let alone = self.rows.len() == 1 && self.width == Some(1) && words(cell) >= 3 && !asks(cell);
            (is_sentence(cell) && !answers(column))
                || (Kind::of(cell) == Kind::Code && cell.contains(['@', ':']))
                || (!cell.is_empty() && !names::is_known(cell) && (alone || below(column).any(|other| other == cell)))
        })
    }

    /// Whether a row calls a column of words what comments are called.
    fn names_comments(&self, row: &[String]) -> bool {
        row.iter().zip(&self.kinds).any(|(cell, kind)| {
            *kind == Kind::Text && names::hint(cell) == names::Hint::Comment && names::is_known(cell)
        })
    }

    /// Whether a row looks like a line of a report's title: a remark, or a key with its value.
    fn is_title(row: &[String]) -> bool {
        let first = row
            .iter()
            .map(|cell| cell.trim())
            .find(|cell| !cell.is_empty())
            .unwrap_or("");
        let remark = first.starts_with('#') && first.len() > 1 && first[1..].starts_with([' ', '#', '-', '!']);
        remark || first.starts_with("//") || (first.ends_with(':') && Self::filled(row) <= 2)
    }

    /// Where the table begins.
    fn head(&self) -> Head {
        let looked_at = self.rows.len().min(LOOKED_AT);
        let at = |names: usize, first: usize| Head {
            names: Some(names),
            first,
            preset: None,
        };
        let candidates: Vec<usize> = (0..looked_at)
            .filter(|row| {
                let row = &self.rows[*row];
                self.is_whole(row) && !Self::is_title(row) && !is_rule(row)
            })
            .collect();
        let Some(&top) = candidates.first() else {
            return at(0, 1.min(self.rows.len()));
        };
        if !self.any_typed() {
            if let Some(&known) = candidates.iter().take(10).find(|row| self.is_known_alone(**row)) {
                return at(known, self.below(known, known + 1));
            }
            return if self.has_values(top) {
                Head {
                    names: None,
                    first: top,
                    preset: None,
                }
            } else {
                at(top, self.below(top, top + 1))
            };
        }
        let is_data = |row: &usize| {
            let (agree, contradict) = self.votes(&self.rows[*row]);
            let called = contradict > 0 && self.is_called(&self.rows[*row]);
            if *row == top {
                agree > contradict && !called && !self.names_comments(&self.rows[top])
            } else {
                agree > 0 && agree >= contradict && !called
            }
        };
        let first = candidates.iter().copied().find(is_data).unwrap_or(looked_at);
        let above: Vec<usize> = candidates.iter().copied().filter(|row| *row < first).collect();
        let Some(names) = self.names_among(&above) else {
            // A row of names may stand below a title that looks like values.
            let known = candidates
                .iter()
                .copied()
                .take(10)
                .find(|row| *row > first && self.votes(&self.rows[*row]).0 == 0 && self.is_known(&self.rows[*row]));
            return match known {
                Some(known) => at(known, self.below(known, known + 1)),
                None => Head {
                    names: None,
                    first: above.first().copied().unwrap_or(first),
                    preset: None,
                },
            };
        };
        // Labels below the names contradict the values in two columns at least; one may be an odd value.
        let labels = (names + 1..first).all(|row| {
            let (agree, contradict) = self.votes(&self.rows[row]);
            is_rule(&self.rows[row]) || (agree == 0 && contradict >= 2)
        });
        at(
            names,
            if labels {
                self.below(names, first)
            } else {
                self.below(names, names + 1)
            },
        )
    }

    /// Rows of nothing but rules below the names are no values.
    fn below(&self, names: usize, first: usize) -> usize {
        let rules = self.rows[first.max(names + 1).min(self.rows.len())..]
            .iter()
            .take_while(|row| is_rule(row));
        first.max(names + 1) + rules.count()
    }

    /// Whether a row is called like columns while those above it are not.
    fn is_known_alone(&self, at: usize) -> bool {
        self.is_known(&self.rows[at]) && (at == 0 || self.rows[at].iter().all(|cell| cell.trim().chars().count() <= 40))
    }

    /// Of the rows above the values, the one that names the columns.
    fn names_among(&self, above: &[usize]) -> Option<usize> {
        let row = |at: usize| &self.rows[at];
        let letters = |at: usize| row(at).iter().map(|cell| cell.trim().chars().count()).sum::<usize>();
        let could_be = |at: &usize| {
            let contradict = self.votes(row(*at)).1;
            contradict >= 2
                || (contradict > 0 && self.is_called(row(*at)))
                || self.names_comments(row(*at))
                || !self.has_values(*at)
        };
        let mut could: Vec<usize> = above.iter().copied().filter(could_be).collect();
        let called = |at: &usize| self.is_called(row(*at)) || self.names_comments(row(*at));
        if could.iter().any(called) {
            // Labels below the names that are known are settled later.
            could.retain(|at| called(at) || self.votes(row(*at)).1 >= 2);
        }
        let fullest = could.iter().map(|at| Self::filled(row(*at))).max()?;
        let full: Vec<usize> = could
            .into_iter()
            .filter(|at| Self::filled(row(*at)) == fullest)
            .collect();
        // Where short ids stand above long questions, the ids are the names.
        let (last, before) = (full.last().copied()?, full.iter().rev().nth(1).copied());
        match before {
            Some(before) if letters(last) > 2 * letters(before) => Some(before),
            _ => Some(last),
        }
    }
}

fn words(cell: &str) -> usize {
    cell.split_whitespace().count()
}

/// Whether a cell is what a survey asks.
fn asks(cell: &str) -> bool {
    /// Words that begin what a survey asks, in the languages of the shipped model.
    #[rustfmt::skip]
    const ASKS: &[&str] = &[
        "what", "why", "how", "which", "who", "where", "when", "please", "describe", "tell", "rate", "do", "did", "does", "is",
        "are", "was", "were", "would", "could", "can", "any", "if", "що", "чому", "як", "який", "яка", "яке", "які", "будь",
        "чи", "что", "почему", "как", "какой", "какая", "какие", "пожалуйста", "опишите", "расскажите", "co", "dlaczego",
        "jak", "jaki", "jaka", "proszę", "czy", "opisz", "mi", "mit", "miért", "hogyan", "milyen", "kérjük", "o", "que",
        "por", "porque", "como", "qual", "quais", "descreva", "qué", "cómo", "cuál", "describa", "was", "warum", "wie",
        "welche", "welcher", "bitte", "quoi", "qu", "pourquoi", "comment", "quel", "quelle", "veuillez", "che", "cosa",
        "perché", "come", "quale", "wat", "waarom", "hoe", "welke", "proč", "prosím", "prečo", "ako", "ce", "cum", "de",
        "neden", "nasıl", "ne", "vad", "varför", "hur", "što", "zašto", "kako",
    ];
    let cell = cell.trim();
    let first = cell.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    cell.ends_with(['?', ':', '*'])
        || cell.contains("? ")
        || cell.contains("?)")
        || ASKS.contains(&first.as_str())
        || first.starts_with("qu'")
}

/// Whether a cell is a sentence that no column is called by: long, and no question.
fn is_sentence(cell: &str) -> bool {
    let (cell, words) = (cell.trim(), words(cell));
    let ended = cell.ends_with(['.', '!', '…', '。', '！']);
    words > 60 || (!asks(cell) && (ended && words >= 2 || words >= 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> (Option<usize>, usize) {
        let rows: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect();
        let width = rows.last().map(Vec::len);
        let numbers: Vec<u64> = (1..=rows.len() as u64).collect();
        let head = settle(&rows, &numbers, width, &SourceOptions::default());
        (head.names, head.first)
    }

    #[test]
    fn cells_are_told_apart() {
        for (cell, kind) in [
            ("12", Kind::Number),
            ("-4,5 %", Kind::Number),
            ("1 200.00", Kind::Number),
            ("2026-03-01", Kind::Moment),
            ("3.4.26", Kind::Moment),
            ("Mon Apr 06 22:19:45 PDT 2009", Kind::Moment),
            ("R_2x9aB1", Kind::Code),
            ("ann@example.org", Kind::Code),
            ("Q1", Kind::Text),
            ("comment", Kind::Text),
            ("N/A", Kind::Empty),
            ("-", Kind::Empty),
            ("😀", Kind::Text),
        ] {
            assert_eq!(Kind::of(cell), kind, "{cell}");
        }
    }

    #[test]
    fn names_are_found_below_titles() {
        let table =
            "Ticket|Date|Score|Note\n1|2026-01-03|4|Quick, thanks\n2|2026-01-04|1|Nobody answered\n3|2026-01-05|5|Fine";
        assert_eq!(head(table), (Some(0), 1));
        assert_eq!(head(&format!("Guest report\n{table}")), (Some(1), 2));
        assert_eq!(head(&format!("Guest report|||\nPeriod:|May||\n{table}")), (Some(2), 3));
        assert_eq!(head(&format!("# one\n# two\n{table}")), (Some(2), 3));
        assert_eq!(
            head("Report|May\nid|comment\n1|slow and rude\n2|quick and kind"),
            (Some(1), 2)
        );
        assert_eq!(head("who|what\nann|slow and rude at the desk\nbob|quick"), (Some(0), 1));
    }

    #[test]
    fn a_second_row_of_names_is_no_row_of_values() {
        let values = "1|2026-03-01|9|Friendly people\n2|2026-03-02|2|Waited for an hour";
        assert_eq!(
            head(&format!("About the visit|||In your words\nid|day|nps|liked\n{values}")),
            (Some(1), 2)
        );
        let labels = "Response number|Day of the visit|How likely are you to come again|What did you like most of all";
        assert_eq!(head(&format!("id|day|Q1|Q2\n{labels}\n{values}")), (Some(0), 2));
        assert_eq!(
            head("id|comment\nunknown|This is the first comment of all\n2|And this one\n3|And the last"),
            (Some(0), 1),
            "one odd value is no label"
        );
    }

    #[test]
    fn values_are_no_names() {
        assert_eq!(
            head("1|2026-01-03|my order never arrived\n2|2026-01-04|thanks for the help"),
            (None, 0)
        );
        assert_eq!(head("ann|My order never arrived and nobody cares\nbob|Fine"), (None, 0));
        assert_eq!(
            head("My order never arrived and nobody answers\nGreat people\nCrashes"),
            (None, 0)
        );
        assert_eq!(
            head("North|slow\nSouth|quick\nNorth|rude"),
            (None, 0),
            "a value comes again"
        );
        assert_eq!(
            head("What could we do better next time?\nLower prices\nMore staff at the desk"),
            (Some(0), 1)
        );
        assert_eq!(
            head("id|1|2|3|comment\n7|4|5|1|slow\n8|4|4|2|rude"),
            (Some(0), 1),
            "names may be numbers"
        );
    }
}
