//! Tables for people: [`Themes`], and the [`Change`]s of an update.

use std::fmt::{self, Display, Formatter};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};

use super::file::{Theme, Themes};
use super::update::{Change, Fate};

/// Number of phrases shown for a theme.
const PHRASES: usize = 4;

impl Display for Themes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (themes, sample) = (self.themes.len(), self.sample);
        let none = 100.0 * sample.none as f64 / sample.texts.max(1) as f64;
        writeln!(
            f,
            "{themes} themes in {} groups, found in {} texts",
            self.groups.len(),
            sample.texts
        )?;
        writeln!(
            f,
            "no theme below a closeness of {}: {none:.1} % of these texts",
            self.none_below
        )?;
        if self.themes.is_empty() {
            return Ok(());
        }
        let mut table = table(["id", "theme", "texts", "group", "phrases"]);
        for theme in &self.themes {
            let group = self.group(theme).map_or("", |group| group.title());
            let cells = [theme.id.as_str(), theme.title()].map(Cell::new).into_iter();
            let size = Cell::new(theme.size).set_alignment(CellAlignment::Right);
            table.add_row(cells.chain([size, Cell::new(group), Cell::new(phrases(theme))]));
        }
        write!(f, "\n{table}")
    }
}

/// The best phrases in the label's language, then one of every other language.
fn phrases(theme: &Theme) -> String {
    let own = theme.phrases.get(&theme.language).into_iter().flatten().take(PHRASES);
    let others = theme
        .phrases
        .iter()
        .filter(|(language, _)| **language != theme.language)
        .filter_map(|(_, phrases)| phrases.first());
    own.chain(others.take(PHRASES))
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn table<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(titles);
    table
}

/// Formats changes as a table: new and gone themes first, then the largest.
pub fn report(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "nothing was said: the themes are as they were".to_owned();
    }
    let rank = |fate: &Fate| match fate {
        Fate::New => 0,
        Fate::Split(_) => 1,
        Fate::Merged(_) => 2,
        Fate::Gone => 3,
        Fate::Grown => 4,
        Fate::Shrunk => 5,
        Fate::Kept => 6,
    };
    let mut order: Vec<&Change> = changes.iter().collect();
    order.sort_by_key(|change| rank(&change.fate));
    let mut table = table(["change", "id", "theme", "before", "now"]);
    for change in order {
        let fate = match &change.fate {
            Fate::Split(from) => format!("split from {from}"),
            Fate::Merged(into) => format!("merged into {into}"),
            other => other.name().to_owned(),
        };
        let share = |share: f64| Cell::new(format!("{:.1} %", 100.0 * share)).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(fate),
            Cell::new(&change.id),
            Cell::new(&change.title),
            share(change.before),
            share(change.now),
        ]);
    }
    table.to_string()
}
