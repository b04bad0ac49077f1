//! Tables of a [`Report`] for people.

use std::fmt::{self, Display, Formatter};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};

use super::{Figures, Report, Task};

/// A table whose first column is text and whose others are numbers.
pub(super) fn table(header: &[String], lines: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    let aligned = |(n, text): (usize, String)| {
        let side = if n == 0 {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        };
        Cell::new(text).set_alignment(side)
    };
    table
        .load_style(NOTHING)
        .set_header(header.iter().cloned().enumerate().map(aligned));
    for line in lines {
        table.add_row(line.into_iter().enumerate().map(aligned));
    }
    table
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn thousandths(value: f64) -> String {
    format!("{value:.3}")
}

fn interval([low, high]: [f64; 2]) -> String {
    format!("{low:.3}-{high:.3}")
}

fn titles(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

impl Report {
    fn lines<'a>(&'a self, line: impl Fn(&'a str, &'a Figures) -> Option<Vec<String>>) -> Vec<Vec<String>> {
        let groups = self.groups.iter().map(|(name, figures)| (name.as_str(), figures));
        groups
            .chain([("all", &self.all)])
            .filter_map(|(name, figures)| line(name, figures))
            .collect()
    }

    fn headline(&self) -> Table {
        let what = if self.task == Task::Targets { "targets" } else { "rows" };
        let header = [
            "",
            what,
            "answered",
            "accuracy",
            "macro-F1",
            "95 %",
            "calibration error",
        ];
        let line = |name: &str, f: &Figures| {
            Some(vec![
                name.to_owned(),
                f.rows.to_string(),
                percent(f.coverage),
                percent(f.accuracy),
                thousandths(f.macro_f1),
                interval(f.macro_f1_interval),
                thousandths(f.calibration_error),
            ])
        };
        table(&titles(&header), self.lines(line))
    }

    /// The figures that only some tasks have, by group.
    fn special(&self) -> Option<Table> {
        let figures: [(&str, fn(&Figures) -> Option<String>); 3] = [
            ("micro-F1", |f| f.micro_f1.map(thousandths)),
            ("negative and positive exchanged", |f| f.flips.map(percent)),
            ("accuracy where there is one", |f| f.accuracy_where_any.map(percent)),
        ];
        let figures: Vec<_> = figures.into_iter().filter(|(_, of)| of(&self.all).is_some()).collect();
        let points = self
            .all
            .curve
            .iter()
            .map(|point| format!("{:.0} % answered", 100.0 * point.answered));
        let mut header = titles(&[""]);
        header.extend(figures.iter().map(|(name, _)| (*name).to_owned()));
        header.extend(points);
        let line = |name: &str, f: &Figures| {
            let mut line = vec![name.to_owned()];
            line.extend(figures.iter().map(|(_, of)| of(f).unwrap_or_default()));
            line.extend(f.curve.iter().map(|point| percent(point.accuracy)));
            Some(line)
        };
        (header.len() > 1).then(|| table(&header, self.lines(line)))
    }

    fn found(&self) -> Table {
        let header = [
            "",
            "labelled",
            "found",
            "exact F1",
            "95 %",
            "with polarity F1",
            "words F1",
        ];
        let line = |name: &str, f: &Figures| {
            let spans = f.spans.as_ref()?;
            Some(vec![
                name.to_owned(),
                spans.exact.labelled.to_string(),
                spans.exact.found.to_string(),
                thousandths(spans.exact.f1),
                interval(spans.exact_f1_interval),
                thousandths(spans.with_polarity.f1),
                thousandths(spans.words.f1),
            ])
        };
        table(&titles(&header), self.lines(line))
    }

    fn by_class(&self) -> Table {
        let mut header = titles(&["label", "labelled", "precision", "recall", "F1"]);
        let ranked = !self.all.curve.is_empty();
        header.extend(ranked.then(|| "precision at recall 0.5".to_owned()));
        let confusion = &self.all.confusion;
        if !confusion.is_empty() {
            header.extend(
                self.classes
                    .iter()
                    .map(String::as_str)
                    .chain(["none"])
                    .map(|class| format!("→ {class}")),
            );
        }
        let lines = self.all.classes.iter().map(|class| {
            let mut line = vec![class.class.clone(), class.support.to_string()];
            line.extend([class.precision, class.recall, class.f1].map(thousandths));
            line.extend(ranked.then(|| class.precision_at_half_recall.map(thousandths).unwrap_or_default()));
            let place = self.classes.iter().position(|name| *name == class.class);
            let answers = place.and_then(|n| confusion.get(n)).into_iter().flatten();
            line.extend(answers.map(u64::to_string));
            line
        });
        table(&header, lines)
    }

    fn reliability(&self) -> Table {
        let lines = self.all.reliability.iter().map(|bin| {
            let range = format!("{:.0}-{:.0} %", 100.0 * bin.from, 100.0 * bin.to);
            vec![range, bin.count.to_string(), percent(bin.claimed), percent(bin.right)]
        });
        table(&titles(&["probability", "answers", "claimed", "right"]), lines)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if let Some(mean) = self.mean_macro_f1 {
            writeln!(f, "mean macro-F1 of the groups: {mean:.3}")?;
        }
        if let Some(special) = self.special() {
            writeln!(f, "\n{special}")?;
        }
        if self.all.spans.is_some() {
            writeln!(f, "\n{}", self.found())?;
        }
        writeln!(f, "\n{}", self.by_class())?;
        writeln!(f, "\n{}", self.reliability())?;
        write!(f, "{} rows left out: no usable label, or not asked for", self.left_out)
    }
}
