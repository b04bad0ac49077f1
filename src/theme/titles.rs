//! Candidate names of themes from `data/themes/titles.toml`: names in ten languages with typical sentences, which the model embeds. For each theme
//! the names nearest in meaning are suggested; languages that the file does not have get none.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::geometry::{add, dot, normalise};
use super::naming::Member;
use super::space::Space;
use crate::error::{Error, Result};
use crate::model::{Engine, Passage};

const TITLES: &str = include_str!("../../data/themes/titles.toml");
/// Minimum cosine between a name and the mean of a theme's units. Checked by eye: of 20 themes of M-ABSA named this way 16 were right, of 9 of the
/// app reviews 7. The sentences and this threshold were chosen with these same themes in view, so other data will do worse.
const CLOSE: f32 = 0.5;

/// Candidate names of themes and their embeddings. None by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Titles(Vec<Title>);

/// A name in several languages.
#[derive(Debug, Clone, PartialEq)]
struct Title {
    /// By ISO 639-1 code.
    names: BTreeMap<String, String>,
    /// Embeddings of its typical sentences.
    about: Vec<Vec<f32>>,
}

/// The file format.
#[derive(Deserialize)]
struct Written {
    titles: Vec<WrittenTitle>,
}

#[derive(Deserialize)]
struct WrittenTitle {
    about: Vec<String>,
    #[serde(flatten)]
    names: BTreeMap<String, String>,
}

impl Titles {
    /// Loads the built-in names and embeds their sentences with the engine: 1.4 s on two cores with AVX2.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn embedded(engine: &dyn Engine) -> Result<Self> {
        let written = written()?;
        let sentences: Vec<Passage<'_>> = written
            .iter()
            .flat_map(|title| &title.about)
            .map(|sentence| sentence.as_str().into())
            .collect();
        let mut embeddings = engine.score(&sentences)?.into_iter().map(|scores| scores.embedding);
        let titles = written.into_iter().map(|title| Title {
            about: embeddings.by_ref().take(title.about.len()).collect(),
            names: title.names,
        });
        Ok(Self(titles.collect()))
    }

    /// For each of `count` themes the names in one language that lie near the mean of its units, nearest first.
    pub(super) fn near(&self, members: &[Member<'_>], count: usize, space: &Space, language: &str) -> Vec<Vec<&str>> {
        let mut middles = vec![vec![0.0; space.width()]; count];
        for member in members {
            add(&mut middles[member.theme], member.place, 1.0);
        }
        let named = self
            .0
            .iter()
            .filter_map(|title| Some((title.names.get(language)?, title)));
        let known: Vec<(&str, Vec<f32>)> = named.map(|(name, title)| (name.as_str(), title.place(space))).collect();
        let near = |mut middle: Vec<f32>| {
            normalise(&mut middle);
            let mut near: Vec<(f32, &str)> = known.iter().map(|(name, place)| (dot(place, &middle), *name)).collect();
            near.retain(|(close, _)| *close >= CLOSE);
            // Stable sort: among equals, the first of the file comes first.
            near.sort_by(|a, b| b.0.total_cmp(&a.0));
            near.into_iter().map(|(_, name)| name).collect()
        };
        middles.into_iter().map(near).collect()
    }
}

impl Title {
    /// Mean of its sentences in the theme space.
    fn place(&self, space: &Space) -> Vec<f32> {
        let mut middle = vec![0.0; space.width()];
        for embedding in &self.about {
            // Projected without a language: three sentences do not share what one language's comments have in common.
            add(&mut middle, &space.place(embedding, ""), 1.0);
        }
        normalise(&mut middle);
        middle
    }
}

fn written() -> Result<Vec<WrittenTitle>> {
    let written: Written = toml::from_str(TITLES).map_err(|error| Error::Taxonomy {
        file: "the titles of themes".to_owned(),
        problems: error.to_string(),
    })?;
    Ok(written.titles)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;
    use crate::model::{self, Quality};

    #[test]
    fn every_title_has_a_distinct_name_of_two_to_five_words_in_ten_languages() {
        let titles = written().expect("the file");
        for language in ["uk", "pt", "ru", "hu", "pl", "en", "de", "es", "fr", "it"] {
            let names: Vec<&str> = titles
                .iter()
                .filter_map(|title| title.names.get(language))
                .map(String::as_str)
                .collect();
            assert_eq!(names.len(), titles.len(), "{language}");
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{language}");
            for name in names {
                assert!((2..=5).contains(&name.split(' ').count()), "{name}");
            }
        }
        assert!(
            titles
                .iter()
                .all(|title| title.names.len() == 10 && title.about.len() >= 2)
        );
    }

    #[test]
    fn comments_of_any_language_find_their_title() {
        let model = model::base(Quality::default()).expect("the model");
        let titles = Titles::embedded(&model).expect("titles");
        let texts = [
            ("Il treno era pieno e in ritardo", "it", "trains and buses"),
            ("Der Akku hält keinen halben Tag", "de", "battery and charging"),
            ("Nie mogę się zalogować, hasło nie działa", "pl", "login and passwords"),
            (
                "У номері не працює кондиціонер, а вайфай не ловить",
                "uk",
                "air conditioning and Wi-Fi",
            ),
            (
                "O pequeno-almoço tinha pouca escolha no buffet",
                "pt",
                "breakfast and buffet",
            ),
            ("Köszönöm a segítséget!", "hu", "words of thanks"),
        ];
        let passages: Vec<Passage<'_>> = texts.iter().map(|(text, ..)| (*text).into()).collect();
        let scores = model.score(&passages).expect("scores");
        let embeddings: Vec<&[f32]> = titles
            .0
            .iter()
            .flat_map(|title| &title.about)
            .map(Vec::as_slice)
            .collect();
        let space = Space::fit(&embeddings, &vec![""; embeddings.len()]);
        let places: Vec<Vec<f32>> = scores.iter().map(|scores| space.place(&scores.embedding, "")).collect();
        let members: Vec<Member<'_>> = texts
            .iter()
            .enumerate()
            .map(|(theme, (text, language, _))| Member {
                text,
                language,
                targets: &[],
                theme,
                place: &places[theme],
                near: 1.0,
            })
            .collect();
        let near = titles.near(&members, texts.len(), &space, "en");
        // Two names may be almost equally near; then the exact similarity decides. One text may be too far from every name.
        let mut first = 0;
        for ((text, _, wanted), near) in texts.iter().zip(&near) {
            assert!(
                near.is_empty() || near.iter().take(2).any(|name| name == wanted),
                "{text}: {near:?}"
            );
            first += usize::from(near.first() == Some(wanted));
        }
        assert!(first + 1 >= texts.len(), "{near:?}");
        let languages: BTreeSet<usize> = titles
            .near(&members, texts.len(), &space, "sv")
            .iter()
            .map(Vec::len)
            .collect();
        assert_eq!(languages, BTreeSet::from([0]), "no names in Swedish");
    }
}
