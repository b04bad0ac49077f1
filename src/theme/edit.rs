//! Manual edits of themes: rename and merge. Updates keep both.

use super::file::{Theme, Themes};
use crate::error::{Error, Result};

/// Maximum number of phrases per language in a merged theme.
const PHRASES: usize = 15;
/// Maximum number of exemplars in a merged theme.
const EXEMPLARS: usize = 4;
/// Number of ids listed when one is not found.
const SHOWN: usize = 5;

impl Themes {
    /// Names a theme or group; an empty name removes the name.
    ///
    /// # Errors
    /// [`Error::NoTheme`] when nothing has this id.
    pub fn rename(&mut self, id: &str, name: &str) -> Result<()> {
        let name = Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(theme) = self.themes.iter_mut().find(|theme| theme.id == id) {
            theme.name = name;
        } else if let Some(group) = self.groups.iter_mut().find(|group| group.id == id) {
            group.name = name;
        } else {
            return Err(self.unknown(id));
        }
        Ok(())
    }

    /// Merges `other` into the theme `id`, which keeps its own id, name and group.
    ///
    /// # Errors
    /// [`Error::NoTheme`] when one of them does not exist, or both are the same.
    pub fn merge(&mut self, id: &str, other: &str) -> Result<()> {
        self.place_of(id)?;
        let from = self.place_of(other)?;
        if id == other {
            return Err(Error::NoTheme {
                id: other.to_owned(),
                hint: "a theme cannot be merged with itself; name two".to_owned(),
            });
        }
        let other = self.themes.remove(from);
        let into = self.place_of(id)?;
        absorb(&mut self.themes[into], other);
        let used: Vec<Option<String>> = self.themes.iter().map(|theme| theme.group.clone()).collect();
        self.groups
            .retain(|group| used.iter().flatten().any(|id| *id == group.id));
        self.themes.sort_by_key(|theme| std::cmp::Reverse(theme.size));
        Ok(())
    }

    fn place_of(&self, id: &str) -> Result<usize> {
        self.themes
            .iter()
            .position(|theme| theme.id == id)
            .ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, id: &str) -> Error {
        let known = self
            .themes
            .iter()
            .find(|theme| theme.merged.iter().any(|merged| merged == id));
        let all = self
            .themes
            .iter()
            .map(|theme| (&theme.id, theme.title()))
            .chain(self.groups.iter().map(|group| (&group.id, group.label.as_str())));
        let mut near: Vec<(usize, String)> = all
            .map(|(own, title)| (strsim::levenshtein(own, id), format!("{own} ({title})")))
            .collect();
        near.sort_by_key(|(distance, _)| *distance);
        let near: Vec<String> = near.into_iter().take(SHOWN).map(|(_, text)| text).collect();
        let hint = match known {
            Some(theme) => format!("it was merged into {} ({})", theme.id, theme.title()),
            None if near.is_empty() => "the file has no themes".to_owned(),
            None => format!("the nearest are {}; `undertone themes show` lists all", near.join(", ")),
        };
        Error::NoTheme {
            id: id.to_owned(),
            hint,
        }
    }
}

fn absorb(theme: &mut Theme, other: Theme) {
    theme.size += other.size;
    theme.merged.push(other.id);
    theme.merged.extend(other.merged);
    theme.centres.extend(other.centres);
    theme.exemplars.extend(other.exemplars);
    theme.exemplars.truncate(EXEMPLARS);
    for (language, phrases) in other.phrases {
        let own = theme.phrases.entry(language).or_default();
        for phrase in phrases {
            if own.len() < PHRASES && !own.contains(&phrase) {
                own.push(phrase);
            }
        }
    }
}
