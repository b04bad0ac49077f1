//! Export profiles of monitoring tools from data/profiles.toml: for each tool the columns to write, in the notation of its own exports.

use std::sync::LazyLock;

use serde::Deserialize;

use super::cells::{Pick, Take};
use crate::error::{Error, Result};
use crate::tag::Sentiment;

/// Columns of one tool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Value of `--profile`.
    pub name: String,
    columns: Vec<ToolColumn>,
}

/// One column of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase", deny_unknown_fields)]
enum ToolColumn {
    Id {
        name: String,
    },
    Sentiment {
        name: String,
        negative: String,
        neutral: String,
        positive: String,
        mixed: String,
        none: String,
    },
    Tags {
        name: String,
        between: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Vec<Profile>,
}

/// The embedded table; a test checks that it parses.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("../../data/profiles.toml")).map_or_else(|_| Vec::new(), |file| file.profile)
});

/// All profiles, in the order of the table.
pub fn profiles() -> &'static [Profile] {
    &PROFILES
}

impl Profile {
    /// Finds the profile called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownProfile`] with all names.
    pub fn named(name: &str) -> Result<&'static Self> {
        let wanted = name.trim().to_lowercase();
        profiles()
            .iter()
            .find(|profile| profile.name == wanted)
            .ok_or_else(|| Error::UnknownProfile {
                name: name.to_owned(),
                known: profiles()
                    .iter()
                    .map(|profile| profile.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Its columns, taken from the added columns with this `prefix`.
    pub(super) fn picks(&self, prefix: &str) -> Vec<Pick> {
        let own = |name: &str| format!("{prefix}{name}");
        self.columns
            .iter()
            .map(|column| match column {
                ToolColumn::Id { name } => Pick::new(name, Take::Column(own("id"))),
                ToolColumn::Sentiment {
                    name,
                    negative,
                    neutral,
                    positive,
                    mixed,
                    none,
                } => {
                    let words = Sentiment::ALL.map(Sentiment::name).map(str::to_owned).into_iter();
                    let words = words
                        .zip([negative, neutral, positive, mixed].map(Clone::clone))
                        .collect();
                    Pick::new(name, Take::Words(own("sentiment"), words, none.clone()))
                }
                ToolColumn::Tags { name, between } => {
                    let tags = ["theme", "touchpoint", "intent", "emotion", "sentiment"]
                        .map(own)
                        .to_vec();
                    Pick::new(name, Take::Joined(tags, between.clone()))
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let names: Vec<_> = profiles().iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, ["brand24", "sentione", "meltwater"]);
        assert!(Profile::named("Brand24").is_ok());
        let told = Profile::named("x").unwrap_err().to_string();
        assert!(told.contains("brand24, sentione, meltwater"), "{told}");
    }
}
