//! List of the export formats that are recognised without options (presets): a table for people, or JSON for programs.

use std::fmt::{self, Display, Formatter};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, Table};
use serde::Serialize;

use crate::source::{Names, Preset, presets};

/// All presets, for `undertone presets`.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct List(&'static [Preset]);

/// The presets of this program.
pub fn list() -> List {
    List(presets())
}

impl Display for List {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(["preset", "text", "id", "time", "rating", "channel"].map(Cell::new));
        let one = |names: &Option<Names>| names.as_ref().map_or("-".to_owned(), first);
        for preset in self.0 {
            let scale = preset
                .scale
                .map_or(String::new(), |scale| format!(" ({})", scale.name()));
            let rating = match (&preset.rating, preset.questions) {
                (Some(names), _) => first(names) + &scale,
                (None, true) => "a question".to_owned(),
                (None, false) => "-".to_owned(),
            };
            let text = match preset.questions {
                true => preset.text_says(),
                false => joined(&preset.text),
            };
            let channel = preset.channel_is.clone().unwrap_or_else(|| one(&preset.channel));
            table.add_row([
                preset.name.clone(),
                text,
                one(&preset.id),
                joined(&preset.time),
                rating,
                channel,
            ]);
        }
        writeln!(f, "{table}")?;
        writeln!(
            f,
            "\nOther tables are read by what their values look like. --preset NAME reads all files as NAME, --preset none as none."
        )
    }
}

/// The first of a column's names.
fn first(names: &Names) -> String {
    let all = names.to_string();
    all.split(" | ").next().unwrap_or_default().to_owned()
}

fn joined(columns: &[Names]) -> String {
    columns.iter().map(first).collect::<Vec<_>>().join(" + ")
}
