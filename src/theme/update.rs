//! Updates a theme model with a sample of current comments: the same space, stable ids, names and merges, and a list of [`Change`]s. It fails where
//! [`super::discover`] fails.
//!
//! Themes are found again in the old space and matched with the old ones by maximum total similarity (Kuhn 1955, Munkres 1957). A pair that is
//! similar enough keeps the old id. An old theme without a pair stays where it was as long as comments mention it, unless another old theme has taken
//! its place.

use pathfinding::matrix::Matrix;
use pathfinding::prelude::kuhn_munkres;
use rayon::prelude::*;
use serde::Serialize;

use super::discover::{Carried, Centres, Draft, Wish, described, discover, places, theme_centres};
use super::file::{Placed, Theme, Themes};
use super::geometry::{Points, add, dot, normalise};
use super::groups::nearest;
use super::sample::{Kept, Sample};
use super::titles::Titles;
use crate::error::{Error, Result};

/// Minimum cosine between two centres of the same theme. Fits on two random 90 % samples of the same texts give more similar pairs for all but a few
/// themes.
const SAME: f32 = 0.7;
/// A theme with no more than this many texts, where [`EXPECTED`] would be expected, is gone.
const LEFT: usize = 2;
const EXPECTED: f64 = 10.0;
/// Minimum number of texts of a new theme.
const FEWEST: usize = 5;
/// Minimum lead of a new theme: how much more similar (mean cosine, each text left out of the centre) its texts are to each other than to the nearest
/// old theme.
const NEARER: f32 = 0.1;
/// An old theme that lost more than this share of its texts to another theme counts as merged into it.
const MERGED: f32 = 0.6;
/// A new theme that took at least this share of an old theme's texts counts as split from it.
const SPLIT: f32 = 0.25;
/// Factor by which a theme's share of all texts must change to count as grown or shrunk.
const MORE: f64 = 1.25;

/// One change of a theme between two versions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its id; for merged and gone themes the id it had.
    pub id: String,
    /// Its name or label.
    pub title: String,
    /// Kind of change.
    #[serde(flatten)]
    pub fate: Fate,
    /// Its share of the texts when it was found, 0..=1.
    pub before: f64,
    /// Its share of the texts now, 0..=1.
    pub now: f64,
}

/// Kinds of changes of a theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", content = "of", rename_all = "snake_case")]
pub enum Fate {
    /// Present with about the same share.
    Kept,
    /// A larger share than before, by a quarter or more.
    Grown,
    /// A smaller share than before, by a fifth or more.
    Shrunk,
    /// Not present before.
    New,
    /// Was part of the theme with this id before.
    Split(String),
    /// Is part of the theme with this id now.
    Merged(String),
    /// No longer mentioned.
    Gone,
}

impl Fate {
    /// The name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::New => "new",
            Self::Split(_) => "split",
            Self::Merged(_) => "merged",
            Self::Gone => "gone",
        }
    }
}

/// Returns the updated themes and what changed. [`Wish::themes`] is the number of themes to look for; old themes stay in addition.
///
/// # Errors
/// As [`discover`].
pub fn update(old: &Themes, sample: &Sample, titles: &Titles, wish: &Wish) -> Result<(Themes, Vec<Change>)> {
    if old.themes.is_empty() {
        let themes = discover(sample, titles, wish, &old.model)?;
        let changes = themes
            .themes
            .iter()
            .map(|theme| change(theme, Fate::New, 0.0, share(theme, &themes)))
            .collect();
        return Ok((themes, changes));
    }
    if sample.lacks_embeddings() {
        return Err(Error::NoEmbeddings);
    }
    let kept: Vec<&Kept> = sample
        .units()
        .filter(|unit| unit.embedding.len() == old.space.embedding_width())
        .collect();
    if kept.is_empty() {
        // An empty sample does not remove themes.
        return Ok((old.clone(), Vec::new()));
    }
    let places = places(&old.space, &kept);
    // With a lower count than before, old themes would seem to have merged although only the count changed.
    let fresh = theme_centres(&places, wish.themes, old.themes.len());
    let plan = Plan::new(old, &places, &fresh);
    let wish = Wish {
        none_below: wish.none_below.or(Some(old.none_below)),
        ..*wish
    };
    let draft = Draft {
        space: old.space.clone(),
        centres: plan.centres(old, &fresh),
        carried: plan.carried(old),
        groups: old.groups.clone(),
        places,
        kept,
    };
    let (themes, ids) = described(draft, titles, &wish, &old.model);
    let changes = plan.changes(old, &themes, &ids);
    Ok((themes, changes))
}

/// The decision for each old theme and each newly found theme.
struct Plan {
    /// For each old theme its new centre, if it has a pair.
    pair: Vec<Option<usize>>,
    /// For each old theme the old theme it was merged into.
    merged: Vec<Option<usize>>,
    /// Old themes that are no longer mentioned.
    gone: Vec<bool>,
    /// Newly found themes without a pair that count as new, with the old theme they are split from.
    new: Vec<(usize, Option<usize>)>,
}

impl Plan {
    fn new(old: &Themes, places: &Points, fresh: &Points) -> Self {
        let count = old.themes.len();
        let close =
            |theme: &Theme, row: &[f32]| theme.centres.iter().map(|centre| dot(centre, row)).fold(-1.0, f32::max);
        let table: Vec<Vec<f32>> = old
            .themes
            .iter()
            .map(|theme| fresh.rows().map(|row| close(theme, row)).collect())
            .collect();
        let pair: Vec<Option<usize>> = pairs(&table, fresh.len())
            .into_iter()
            .zip(&table)
            .map(|(pair, row)| pair.filter(|new| row[*new] >= SAME))
            .collect();

        let of_old: Vec<Placed> = (0..places.len())
            .into_par_iter()
            .filter_map(|at| old.nearest(places.row(at)))
            .collect();
        let of_new = nearest(places, fresh);
        let mut shared = vec![vec![0_usize; fresh.len()]; count];
        let mut texts_of = vec![0_usize; fresh.len()];
        for (placed, new) in of_old.iter().zip(&of_new) {
            texts_of[*new] += 1;
            // A text without a theme does not support any.
            if placed.closeness >= old.none_below {
                shared[placed.theme][*new] += 1;
            }
        }
        let nearer = nearer(places, &of_old, &of_new, fresh.len());
        let texts = |theme: usize| shared[theme].iter().sum::<usize>();
        let owner = |new: usize| pair.iter().position(|pair| *pair == Some(new));
        let gone: Vec<bool> = (0..count)
            .map(|theme| {
                pair[theme].is_none()
                    && texts(theme) <= LEFT
                    && share(&old.themes[theme], old) * places.len() as f64 >= EXPECTED
            })
            .collect();
        let merged: Vec<Option<usize>> = (0..count)
            .map(|theme| {
                if pair[theme].is_some() || gone[theme] {
                    return None;
                }
                let most = (0..fresh.len()).max_by_key(|new| (shared[theme][*new], std::cmp::Reverse(*new)))?;
                let enough = shared[theme][most] as f32 >= MERGED * texts(theme) as f32 && table[theme][most] >= SAME;
                owner(most).filter(|_| enough)
            })
            .collect();
        let new = (0..fresh.len())
            .filter(|new| owner(*new).is_none())
            .filter_map(|new| {
                let all = texts_of[new];
                let most = (0..count).max_by_key(|theme| (shared[*theme][new], std::cmp::Reverse(*theme)))?;
                let parent = (shared[most][new] * 2 >= all).then_some(most);
                let known = table.iter().zip(&gone).any(|(row, gone)| !gone && row[new] >= SAME);
                let large = parent.is_none_or(|parent| shared[parent][new] as f32 >= SPLIT * texts(parent) as f32);
                (all >= FEWEST && !known && large && nearer[new] >= NEARER).then_some((new, parent))
            })
            .collect();
        Self {
            pair,
            merged,
            gone,
            new,
        }
    }

    /// Old themes that remain, in their order.
    fn staying(&self) -> impl Iterator<Item = usize> {
        (0..self.pair.len()).filter(|theme| self.merged[*theme].is_none() && !self.gone[*theme])
    }

    fn centres(&self, old: &Themes, fresh: &Points) -> Centres {
        let mut rows: Vec<Vec<f32>> = Vec::new();
        let mut of_row: Vec<usize> = Vec::new();
        for (number, theme) in self.staying().enumerate() {
            let mut centres: Vec<Vec<f32>> = old.themes[theme].centres.iter().map(|centre| centre.to_vec()).collect();
            if let Some(new) = self.pair[theme].map(|new| fresh.row(new)) {
                // Of several centres, the nearest moves.
                let near = |at: &usize| dot(&centres[*at], new);
                let nearest = (0..centres.len()).max_by(|a, b| near(a).total_cmp(&near(b)).then(b.cmp(a)));
                if let Some(at) = nearest {
                    centres[at] = new.to_vec();
                }
            }
            of_row.extend(centres.iter().map(|_| number));
            rows.extend(centres);
        }
        let first = self.staying().count();
        for (number, (new, _)) in self.new.iter().enumerate() {
            rows.push(fresh.row(*new).to_vec());
            of_row.push(first + number);
        }
        Centres {
            points: Points::of(rows),
            theme: of_row,
        }
    }

    fn carried(&self, old: &Themes) -> Vec<Carried> {
        let absorbed = |theme: usize| {
            let inside = (0..self.pair.len()).filter(move |other| self.merged[*other] == Some(theme));
            inside
                .flat_map(|other| [&old.themes[other].id].into_iter().chain(&old.themes[other].merged))
                .cloned()
        };
        let carried = |theme: usize| {
            let own = &old.themes[theme];
            Carried {
                id: own.id.clone(),
                label: own.label.clone(),
                language: own.language.clone(),
                name: own.name.clone(),
                group: own.group.clone(),
                merged: own.merged.iter().cloned().chain(absorbed(theme)).collect(),
            }
        };
        self.staying()
            .map(carried)
            .chain(self.new.iter().map(|_| Carried::default()))
            .collect()
    }

    /// The change of every theme, old and new; `ids` are those of the remaining themes and of the new ones, in that order.
    fn changes(&self, old: &Themes, now: &Themes, ids: &[String]) -> Vec<Change> {
        let new = &ids[self.staying().count()..];
        let mut changes = Vec::new();
        for theme in &now.themes {
            let after = share(theme, now);
            let before = old
                .themes
                .iter()
                .find(|other| other.id == theme.id)
                .map_or(0.0, |known| share(known, old));
            let fate = match new.iter().position(|id| *id == theme.id) {
                Some(number) => self.new[number]
                    .1
                    .map_or(Fate::New, |parent| Fate::Split(old.themes[parent].id.clone())),
                None if after >= before * MORE => Fate::Grown,
                None if after * MORE <= before => Fate::Shrunk,
                None => Fate::Kept,
            };
            changes.push(change(theme, fate, before, after));
        }
        for (number, theme) in old.themes.iter().enumerate() {
            let before = share(theme, old);
            if self.gone[number] {
                changes.push(change(theme, Fate::Gone, before, 0.0));
            } else if let Some(into) = self.merged[number] {
                changes.push(change(theme, Fate::Merged(old.themes[into].id.clone()), before, 0.0));
            }
        }
        changes
    }
}

/// For each newly found theme, how much more similar its texts are to each other than to the nearest old theme.
fn nearer(places: &Points, of_old: &[Placed], of_new: &[usize], count: usize) -> Vec<f32> {
    let mut sums = vec![vec![0.0; places.width()]; count];
    places
        .rows()
        .zip(of_new)
        .for_each(|(row, new)| add(&mut sums[*new], row, 1.0));
    let (mut gains, mut texts) = (vec![0.0; count], vec![0_u32; count]);
    for ((row, old), new) in places.rows().zip(of_old).zip(of_new) {
        let mut others = sums[*new].clone();
        add(&mut others, row, -1.0);
        normalise(&mut others);
        gains[*new] += dot(&others, row) - old.closeness;
        texts[*new] += 1;
    }
    gains
        .into_iter()
        .zip(texts)
        .map(|(gain, texts)| gain / texts.max(1) as f32)
        .collect()
}

/// Assignment of rows to columns with the greatest total; none for a row where there are fewer columns than rows.
fn pairs(table: &[Vec<f32>], columns: usize) -> Vec<Option<usize>> {
    if table.is_empty() || columns == 0 {
        return vec![None; table.len()];
    }
    // Integers make the greatest total exact.
    let weight = |close: f32| (f64::from(close.max(0.0)) * 1e6) as i64;
    let rows = table.len();
    if rows <= columns {
        let weights = Matrix::from_fn(rows, columns, |(row, column)| weight(table[row][column]));
        kuhn_munkres(&weights).1.into_iter().map(Some).collect()
    } else {
        let weights = Matrix::from_fn(columns, rows, |(column, row)| weight(table[row][column]));
        let mut pairs = vec![None; rows];
        kuhn_munkres(&weights)
            .1
            .into_iter()
            .enumerate()
            .for_each(|(column, row)| pairs[row] = Some(column));
        pairs
    }
}

fn share(theme: &Theme, themes: &Themes) -> f64 {
    theme.size as f64 / themes.sample.texts.max(1) as f64
}

fn change(theme: &Theme, fate: Fate, before: f64, now: f64) -> Change {
    Change {
        id: theme.id.clone(),
        title: theme.title().to_owned(),
        fate,
        before,
        now,
    }
}
