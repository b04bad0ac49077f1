//! Theme discovery: finds [`Themes`] of two levels, with labels and exemplars, in a [`Sample`] of units. Few texts give few themes.
//!
//! ```text
//! embeddings -> space -> small clusters -> neighbour shift -> Ward's tree -> number of themes -> refinement -> names
//! ```
//!
//! Every step is linear in the sample, which is bounded, and nothing is random.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::figures::Figures;
use super::file::{Exemplar, Group, Theme, Themes};
use super::geometry::{Points, dot, rounded};
use super::groups::{centres, gathered, nearest, numbered, refined};
use super::naming::{Member, Name, main_language, name};
use super::near::drawn_together;
use super::number::{chosen, exactly};
use super::sample::{Kept, Sample};
use super::space::Space;
use super::titles::Titles;
use super::tree::Tree;
use super::words::StopWords;
use crate::error::{Error, Result};

/// Maximum number of points in the tree; more texts are first merged into small clusters. Time grows with its square.
const POINTS: usize = 6144;
/// Maximum number of themes when the data decide: more than anybody reads.
const MOST_THEMES: usize = 200;
/// Minimum average number of texts per theme when the data decide.
const TEXTS_PER_THEME: usize = 20;
/// Share of the sample that falls below [`Themes::none_below`] when the user does not set it.
const NONE_SHARE: f32 = 0.02;
/// Final refinement rounds over all texts of the sample.
const LAST_ROUNDS: usize = 3;
/// Minimum number of themes for a second level.
const GROUPED_FROM: usize = 8;
/// Number of exemplars per theme.
const EXEMPLARS: usize = 3;
/// Preferred length of an exemplar in characters.
const QUOTABLE: std::ops::RangeInclusive<usize> = 12..=240;

/// Options of theme discovery; the data decide what is left open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wish {
    /// Exactly this many themes, if there are that many distinct texts.
    pub themes: Option<usize>,
    /// Minimum similarity (cosine, -1..=1): a unit below it for every theme has no theme.
    pub none_below: Option<f32>,
}

/// Finds the themes of a sample. `titles` are candidate names, `model` is the fingerprint of the model that made the embeddings.
///
/// # Errors
/// [`Error::NoEmbeddings`] when the model gave none.
pub fn discover(sample: &Sample, titles: &Titles, wish: &Wish, model: &str) -> Result<Themes> {
    if sample.lacks_embeddings() {
        return Err(Error::NoEmbeddings);
    }
    let kept: Vec<&Kept> = sample.units().collect();
    let embeddings: Vec<&[f32]> = kept.iter().map(|unit| unit.embedding.as_slice()).collect();
    let languages: Vec<&str> = kept.iter().map(|unit| unit.language.as_str()).collect();
    let space = Space::fit(&embeddings, &languages);
    let places = places(&space, &kept);
    let points = theme_centres(&places, wish.themes, 1);
    let draft = Draft {
        carried: vec![Carried::default(); points.len()],
        groups: Vec::new(),
        centres: Centres {
            theme: (0..points.len()).collect(),
            points,
        },
        space,
        places,
        kept,
    };
    Ok(described(draft, titles, wish, model).0)
}

/// Positions of the units of a sample in the theme space.
pub(super) fn places(space: &Space, kept: &[&Kept]) -> Points {
    Points::of(
        kept.par_iter()
            .map(|unit| space.place(&unit.embedding, &unit.language))
            .collect(),
    )
}

/// Centres of as many themes as requested, or as many as the data suggest but at least `fewest`.
pub(super) fn theme_centres(places: &Points, wanted: Option<usize>, fewest: usize) -> Points {
    let count = places.len();
    let (points, weights, small) = gathered(places.clone(), vec![1.0; count], POINTS);
    let drawn = drawn_together(&points);
    let tree = Tree::grow(&drawn, &weights);
    let group = match wanted {
        Some(wanted) => exactly(&drawn, &weights, &tree, wanted),
        None => {
            let most = (count / TEXTS_PER_THEME)
                .max((count / 4).min(10))
                .clamp(1, MOST_THEMES)
                .max(fewest);
            // Fewer themes are too coarse to be useful however well separated they are, such as all praise against all blame.
            let least = (((count as f64).sqrt() / 3.0) as usize).max(fewest);
            chosen(&drawn, &points, &weights, &tree, least.clamp(1, most), most)
        }
    };
    let all: Vec<f32> = vec![1.0; count];
    let first = numbered(&small.iter().map(|small| group[*small]).collect::<Vec<_>>());
    let themes = first.iter().max().map_or(0, |most| most + 1);
    centres(places, &all, &refined(places, &all, first, LAST_ROUNDS), themes)
}

/// Positions of themes; each theme has one or more centres.
pub(super) struct Centres {
    pub(super) points: Points,
    /// Theme number of each centre, 0.. without a gap.
    pub(super) theme: Vec<usize>,
}

/// What a theme keeps from an earlier version; a new theme keeps nothing and has no id yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) language: String,
    pub(super) name: Option<String>,
    pub(super) group: Option<String>,
    pub(super) merged: Vec<String>,
}

/// Themes with positions but without names and sizes.
pub(super) struct Draft<'sample> {
    pub(super) kept: Vec<&'sample Kept>,
    pub(super) space: Space,
    /// Positions of `kept`, in the same order.
    pub(super) places: Points,
    pub(super) centres: Centres,
    /// What each theme keeps.
    pub(super) carried: Vec<Carried>,
    /// Earlier groups.
    pub(super) groups: Vec<Group>,
}

/// Completes a draft from the sample: sizes, names, exemplars, groups and threshold. Also returns the ids in the order of the draft.
pub(super) fn described(draft: Draft<'_>, titles: &Titles, wish: &Wish, model: &str) -> (Themes, Vec<String>) {
    let Draft {
        kept,
        space,
        places,
        centres,
        carried,
        groups,
    } = draft;
    let stop_words = StopWords::learn(kept.iter().map(|unit| (unit.text.as_str(), unit.language.as_str())));
    let mut themes = Themes::new(model, space, stop_words);
    let count = carried.len();
    if count == 0 {
        return (themes, Vec::new());
    }
    // Rounded as in the file, so that a file read again gives the same results.
    let centres = Centres {
        points: Points::of(
            centres
                .points
                .rows()
                .map(|row| row.iter().copied().map(rounded).collect())
                .collect(),
        ),
        ..centres
    };
    let of_unit: Vec<usize> = nearest(&places, &centres.points);
    let close: Vec<f32> = of_unit
        .iter()
        .enumerate()
        .map(|(at, centre)| dot(places.row(at), centres.points.row(*centre)))
        .collect();
    let of_unit: Vec<usize> = of_unit.into_iter().map(|centre| centres.theme[centre]).collect();
    themes.none_below = rounded(wish.none_below.unwrap_or_else(|| threshold(&close)));
    let inside: Vec<usize> = (0..kept.len()).filter(|at| close[*at] >= themes.none_below).collect();
    themes.sample.texts = kept.len() as u64;
    themes.sample.none = (kept.len() - inside.len()) as u64;

    let member = |at: &usize| Member {
        text: &kept[*at].text,
        language: &kept[*at].language,
        targets: &kept[*at].targets,
        theme: of_unit[*at],
        place: places.row(*at),
        near: close[*at].max(0.0),
    };
    let members: Vec<Member<'_>> = inside.iter().map(member).collect();
    themes.language = language(&members);
    let taken = carried.iter().map(|own| own.label.clone()).collect();
    let near = titles.near(&members, count, &themes.space, &themes.language);
    let names = name(&members, &themes.language, &near, &themes.stop_words, taken);
    let mut of_theme: Vec<Vec<usize>> = vec![Vec::new(); count];
    inside.iter().for_each(|at| of_theme[of_unit[*at]].push(*at));
    of_theme
        .iter_mut()
        .for_each(|own| own.sort_by(|a, b| close[*b].total_cmp(&close[*a]).then(a.cmp(b))));
    themes.themes = names
        .into_iter()
        .zip(carried)
        .zip(&of_theme)
        .enumerate()
        .map(|(number, ((name, carried), own))| {
            theme(name, carried, exemplars(own, &kept), own.len(), centres.of(number))
        })
        .collect();
    name_ids(&mut themes.themes);
    let ids = themes.themes.iter().map(|theme| theme.id.clone()).collect();
    group(&mut themes, &members, titles, &groups);
    // Stable sort: among equals the one with the earlier text comes first.
    themes.themes.sort_by_key(|theme| std::cmp::Reverse(theme.size));
    (themes, ids)
}

fn theme(name: Name, carried: Carried, exemplars: Vec<Exemplar>, size: usize, centres: Vec<Figures>) -> Theme {
    let new = carried.id.is_empty();
    Theme {
        id: carried.id,
        label: if new { name.label } else { carried.label },
        language: if new { name.language } else { carried.language },
        name: carried.name,
        group: carried.group,
        merged: carried.merged,
        size: size as u64,
        phrases: name.phrases,
        exemplars,
        centres,
    }
}

impl Centres {
    fn of(&self, theme: usize) -> Vec<Figures> {
        let own = self
            .theme
            .iter()
            .zip(self.points.rows())
            .filter(|(number, _)| **number == theme);
        own.map(|(_, row)| Figures::new(row.iter().copied())).collect()
    }
}

/// The similarity that the given share of the sample does not reach.
fn threshold(close: &[f32]) -> f32 {
    let mut sorted = close.to_vec();
    sorted.sort_by(f32::total_cmp);
    // Rounded down, so that rounding does not exclude the text it was taken from.
    sorted
        .get((close.len() as f32 * NONE_SHARE) as usize)
        .map_or(-1.0, |x| (x * 1e4).floor() / 1e4)
}

/// The most frequent language of the units.
fn language(members: &[Member<'_>]) -> String {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    members
        .iter()
        .for_each(|member| *sizes.entry(member.language).or_default() += 1);
    main_language(sizes.into_iter()).unwrap_or_default().to_owned()
}

/// The nearest texts of quotable length; if there are none, the nearest of any length, shortened.
fn exemplars(members: &[usize], kept: &[&Kept]) -> Vec<Exemplar> {
    let exemplar = |at: &usize| Exemplar {
        language: kept[*at].language.clone(),
        text: kept[*at].text.chars().take(*QUOTABLE.end()).collect(),
    };
    let quotable = |at: &&usize| QUOTABLE.contains(&kept[**at].text.chars().count());
    let best: Vec<Exemplar> = members.iter().filter(quotable).take(EXEMPLARS).map(exemplar).collect();
    if best.is_empty() {
        members.iter().take(EXEMPLARS).map(exemplar).collect()
    } else {
        best
    }
}

/// Id of six hexadecimal digits hashed from what a theme is about; on a collision the later theme takes another hash.
fn id(letter: char, about: &str, taken: &mut BTreeSet<String>) -> String {
    let mut seed = 0;
    loop {
        let id = format!("{letter}-{:06x}", xxh3_64_with_seed(about.as_bytes(), seed) & 0xff_ffff);
        if taken.insert(id.clone()) {
            return id;
        }
        seed += 1;
    }
}

/// Assigns ids to themes that have none.
fn name_ids(themes: &mut [Theme]) {
    let mut taken: BTreeSet<String> = themes
        .iter()
        .flat_map(|theme| [&theme.id].into_iter().chain(&theme.merged))
        .cloned()
        .collect();
    for theme in themes.iter_mut().filter(|theme| theme.id.is_empty()) {
        let texts: Vec<&str> = theme.exemplars.iter().map(|exemplar| exemplar.text.as_str()).collect();
        theme.id = id('t', &format!("{}\n{}", theme.label, texts.join("\n")), &mut taken);
    }
}

/// Groups neighbouring themes at the widest gap of the tree over them. A group that holds most of the themes of one of the `earlier` groups keeps its
/// identity.
fn group(themes: &mut Themes, members: &[Member<'_>], titles: &Titles, earlier: &[Group]) {
    let was: Vec<Option<String>> = themes.themes.iter_mut().map(|theme| theme.group.take()).collect();
    let count = themes.themes.len();
    if count < GROUPED_FROM {
        return;
    }
    let first = |theme: &Theme| theme.centres.first().map_or(Vec::new(), |centre| centre.to_vec());
    let points = Points::of(themes.themes.iter().map(first).collect());
    let weights: Vec<f32> = themes.themes.iter().map(|theme| theme.size.max(1) as f32).collect();
    let tree = Tree::grow(&points, &weights);
    let costs: Vec<f32> = tree.costs().rev().collect();
    // Cutting into n groups undoes the n - 1 costliest joins: a wide gap after them means well-separated groups.
    let gap = |n: usize| costs[n - 2] / costs[n - 1].max(f32::MIN_POSITIVE);
    let range = (count / 6).max(2)..=(count * 2 / 5).max(2);
    let Some(number) = range.max_by(|a, b| gap(*a).total_cmp(&gap(*b)).then(b.cmp(a))) else {
        return;
    };
    let of_theme = tree.cut(number);
    let grouped: Vec<Member<'_>> = members
        .iter()
        .map(|member| Member {
            theme: of_theme[member.theme],
            ..*member
        })
        .collect();
    let labels = earlier.iter().map(|group| group.label.clone()).collect();
    let near = titles.near(&grouped, number, &themes.space, &themes.language);
    let names = name(&grouped, &themes.language, &near, &themes.stop_words, labels);
    let mut ids: BTreeSet<String> = earlier.iter().map(|group| group.id.clone()).collect();
    let mut free: Vec<&Group> = earlier.iter().collect();
    for (number, name) in names.into_iter().enumerate() {
        let inside: Vec<usize> = (0..count).filter(|theme| of_theme[*theme] == number).collect();
        let stayed = |group: &Group| {
            inside
                .iter()
                .filter(|theme| was[**theme].as_ref() == Some(&group.id))
                .count()
        };
        let known = free.iter().position(|group| {
            let all = was.iter().filter(|was| was.as_ref() == Some(&group.id)).count();
            all > 0 && stayed(group) * 2 > all
        });
        let group = known.map(|at| free.remove(at).clone()).unwrap_or_else(|| {
            let about: Vec<&str> = inside.iter().map(|theme| themes.themes[*theme].id.as_str()).collect();
            Group {
                id: id('g', &about.join(" "), &mut ids),
                label: name.label,
                name: None,
            }
        });
        inside
            .iter()
            .for_each(|theme| themes.themes[*theme].group = Some(group.id.clone()));
        themes.groups.push(group);
    }
}
