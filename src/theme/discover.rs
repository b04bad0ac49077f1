//! What do these customers talk about? Input: a [`Sample`] of units. Output: [`Themes`], two levels, with labels and exemplars. It refuses a model without
//! embeddings; few texts give few themes, none give none.
//!
//! ```text
//! embeddings -> space -> small groups -> drawn to neighbours -> Ward's tree -> number of themes -> refined -> named
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

/// Points the tree is grown over at most; more texts are gathered into small groups first. The tree's time grows with its square.
const POINTS: usize = 6144;
/// Themes the data may choose at most: more than anybody reads.
const MOST_THEMES: usize = 200;
/// Texts for each theme at least, on average, where the data choose.
const TEXTS_PER_THEME: usize = 20;
/// This share of the sample is farther from its theme than [`Themes::none_below`] where the user does not say.
const NONE_SHARE: f32 = 0.02;
/// Rounds over all texts of the sample at the end.
const LAST_ROUNDS: usize = 3;
/// Themes for which a second level is worth having.
const GROUPED_FROM: usize = 8;
/// Texts shown for a theme.
const EXEMPLARS: usize = 3;
/// Length of an exemplar in characters, where there is a choice.
const QUOTABLE: std::ops::RangeInclusive<usize> = 12..=240;

/// What the user wants of the themes; what is left open is chosen by the data.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wish {
    /// Exactly this many themes, as long as there are that many distinct texts.
    pub themes: Option<usize>,
    /// Units less close to every theme than this have none; -1..=1.
    pub none_below: Option<f32>,
}

/// Finds the themes of a sample. `titles` are names they may have, `model` is the fingerprint of the model whose embeddings these are.
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

/// Where the units of a sample lie.
pub(super) fn places(space: &Space, kept: &[&Kept]) -> Points {
    Points::of(
        kept.par_iter()
            .map(|unit| space.place(&unit.embedding, &unit.language))
            .collect(),
    )
}

/// The centres of as many themes as are wanted, or as the data choose, but of `fewest` at least.
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
            // Fewer than this would tell nobody anything, however well apart they are: all praise from all blame, for one.
            let least = (((count as f64).sqrt() / 3.0) as usize).max(fewest);
            chosen(&drawn, &points, &weights, &tree, least.clamp(1, most), most)
        }
    };
    let all: Vec<f32> = vec![1.0; count];
    let first = numbered(&small.iter().map(|small| group[*small]).collect::<Vec<_>>());
    let themes = first.iter().max().map_or(0, |most| most + 1);
    centres(places, &all, &refined(places, &all, first, LAST_ROUNDS), themes)
}

/// Where themes lie: each has one centre or several.
pub(super) struct Centres {
    pub(super) points: Points,
    /// For each centre the number of its theme; numbers 0.. without a gap.
    pub(super) theme: Vec<usize>,
}

/// What a theme keeps of an earlier one; a new theme keeps nothing, and has no id yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) language: String,
    pub(super) name: Option<String>,
    pub(super) group: Option<String>,
    pub(super) merged: Vec<String>,
}

/// Themes that are only places yet.
pub(super) struct Draft<'sample> {
    pub(super) kept: Vec<&'sample Kept>,
    pub(super) space: Space,
    /// Where `kept` lie, in the same order.
    pub(super) places: Points,
    pub(super) centres: Centres,
    /// For each theme what it keeps.
    pub(super) carried: Vec<Carried>,
    /// The groups there were.
    pub(super) groups: Vec<Group>,
}

/// The themes of a draft, described by the sample: sizes, names, exemplars, groups, threshold; and their ids in the order of the draft.
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
    // As they stand in the file, so that a file read again gives the same answers.
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
    // Stable: of equals, that with the earlier text comes first.
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

/// The closeness that the given share of the sample does not reach.
fn threshold(close: &[f32]) -> f32 {
    let mut sorted = close.to_vec();
    sorted.sort_by(f32::total_cmp);
    // Rounded down, so that the text it was taken from is not left out by rounding.
    sorted
        .get((close.len() as f32 * NONE_SHARE) as usize)
        .map_or(-1.0, |x| (x * 1e4).floor() / 1e4)
}

/// The language of most units.
fn language(members: &[Member<'_>]) -> String {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    members
        .iter()
        .for_each(|member| *sizes.entry(member.language).or_default() += 1);
    main_language(sizes.into_iter()).unwrap_or_default().to_owned()
}

/// The nearest texts of a length that can be quoted; if there are none, the nearest of any length, shortened.
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

/// Six hexadecimal digits hashed from what a theme is about; of two that collide the later takes another hash.
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

/// Gives ids to themes that have none.
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

/// Puts themes that lie near each other into groups, where the tree over them has its widest gap. A group that holds most of the themes of one of the
/// `earlier` groups is that group.
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
    // Cutting into n groups undoes the n - 1 dearest joins: a wide gap after them means that the groups are far apart.
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
