//! Taxonomies: the default one is valid, problems of files are reported, and matching keeps its invariants.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{Card, Engine, Passage, Scores};

/// An embedding in which every word is a dimension, so that texts with the same words are near each other.
struct Words(Card);

impl Words {
    fn new() -> Self {
        Self(Card::parse(include_str!("../../../models/base/card.toml")).expect("a card"))
    }

    fn embedding(text: &str) -> Vec<f32> {
        let mut sum = vec![0.0_f32; 384];
        for word in fold::fold(text).split_whitespace() {
            sum[usize::try_from(xxhash_rust::xxh3::xxh3_64(word.as_bytes()) % 384).expect("small")] += 1.0;
        }
        let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        sum.into_iter().map(|x| x / length).collect()
    }
}

impl Engine for Words {
    fn card(&self) -> &Card {
        &self.0
    }

    fn fingerprint(&self) -> &str {
        "words"
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let scores = passages.iter().map(|passage| Scores {
            sentiment: [0.2, 0.6, 0.2, 0.0],
            emotions: Vec::new(),
            intents: Vec::new(),
            touchpoints: Vec::new(),
            signals: Vec::new(),
            targets: Vec::new(),
            embedding: Self::embedding(passage.text),
            spans: Vec::new(),
            tokens: 2,
        });
        Ok(scores.collect())
    }
}

static MATCHER: LazyLock<Matcher> =
    LazyLock::new(|| Matcher::new(&Taxonomy::embedded().expect("the default"), &Words::new()).expect("a matcher"));

fn ids(touches: &[Touch]) -> Vec<String> {
    let journey = Taxonomy::embedded().expect("the default taxonomy");
    touches
        .iter()
        .map(|touch| journey.themes[touch.theme].id.clone())
        .collect()
}

#[test]
fn the_default_taxonomy_is_usable_in_ten_languages() {
    let journey = Taxonomy::embedded().expect("the default taxonomy");
    assert_eq!(journey.themes.len(), 11);
    for theme in &journey.themes {
        for language in ["uk", "pt", "ru", "hu", "pl", "en", "de", "es", "fr", "it"] {
            assert!(theme.phrases[language].len() >= 15, "{} in {language}", theme.id);
        }
        assert!(
            theme.examples.len() >= 10 && !theme.description.is_empty(),
            "{}",
            theme.id
        );
    }
    insta::assert_snapshot!(journey.to_string());
}

#[test]
fn phrases_alone_tell_themes_in_inflected_languages() {
    for (text, theme) in [
        ("Кур'єра чекали весь день, посилку так і не привезли", "delivery"),
        ("Рахунки приходять з помилками, гроші списали двічі", "billing"),
        ("A számlámon kétszer szerepel a befizetés", "billing"),
        (
            "Ügyfélszolgálatukat hetek óta hívom, senki sem veszi fel",
            "contact_centre",
        ),
        ("Aplikacją nie da się zalogować", "website_app"),
        ("Kelnerzy byli niegrzeczni", "staff"),
        ("Reklamationen werden ignoriert, keine Garantie", "after_sales"),
        ("Os preços subiram e as taxas também", "price"),
    ] {
        assert_eq!(
            ids(&MATCHER.touches(text, &[])).first().map(String::as_str),
            Some(theme),
            "{text}"
        );
    }
    assert_eq!(MATCHER.touches("Thanks!", &[]), []);
    assert_eq!(MATCHER.touches("", &[]), []);
}

#[test]
fn a_comment_may_be_about_several_themes() {
    let text = "The courier lost my parcel and the delivery fee was too expensive, the price is a joke.";
    let found = ids(&MATCHER.touches(text, &[]));
    assert!(
        found.contains(&"delivery".to_owned()) && found.contains(&"price".to_owned()),
        "{found:?}"
    );
}

#[test]
fn meaning_finds_what_no_phrase_says() {
    let text = r#"
        id = "two"
        name = "Two"
        [[themes]]
        id = "queue"
        name = "Queue"
        examples = ["forty minutes until somebody at last had a moment for us"]
        [[themes]]
        id = "parking"
        name = "Parking"
        examples = ["nowhere to leave the car near the building"]
        [[themes]]
        id = "nothing"
        name = "Only phrases"
        phrases.en = ["zebra"]
    "#;
    let taxonomy = Taxonomy::parse(text, "two").expect("a taxonomy");
    let matcher = Matcher::new(&taxonomy, &Words::new()).expect("a matcher");
    let near = "the car, nowhere near the building to leave it";
    assert_eq!(matcher.touches(near, &[]), []);
    assert_eq!(
        matcher
            .touches(near, &Words::embedding(near))
            .first()
            .map(|touch| touch.theme),
        Some(1)
    );
    let zebra = matcher.touches("a zebra", &[]);
    assert_eq!(zebra.first().map(|touch| touch.theme), Some(2));
}

fn problems(text: &str) -> String {
    Taxonomy::parse(text, "mine.toml").expect_err("problems").to_string()
}

#[test]
fn problems_are_told_all_at_once_with_their_lines() {
    insta::assert_snapshot!(problems(
        r#"id = "Mine!"
name = "Mine"
threshold = 1.5

[[themes]]
id = "food"
name = "Food"
phrases.en = ["tasty*", "the", "Tasty*", "ab*", "re*fund", "!"]
phrases.ukr = ["смачн*"]

[[themes]]
id = "food"
name = "FOOD"
description = "  "

[[themes]]
id = "café"
name = " "
description = "Coffee and cake."
phrases.any = ["flat white"]
"#
    ));
}

#[test]
fn files_that_are_no_taxonomy() {
    insta::assert_snapshot!(
        "unknown_key",
        problems("id = \"a\"\nname = \"A\"\n[[themes]]\nid = \"x\"\nname = \"X\"\nkeywords = [\"y\"]\n")
    );
    insta::assert_snapshot!("no_themes", problems("id = \"a\"\nname = \"A\"\n"));
    insta::assert_snapshot!("not_toml", problems("id: a\nname: A\n"));
    insta::assert_snapshot!(
        "wrong_type",
        problems("id = \"a\"\nname = \"A\"\n[[themes]]\nid = \"x\"\nname = \"X\"\nphrases = [\"y\"]\n")
    );
}

#[test]
fn the_fingerprint_is_of_what_is_said() {
    let one = Taxonomy::parse(
        "id = \"a\"\nname = \"A\"\n[[themes]]\nid = \"x\"\nname = \"X\"\nphrases.en = [\"y1\"]\n",
        "a",
    );
    let same = Taxonomy::parse(
        "# mine\nname = \"A\"\nid = \"a\"\n[[themes]]\nname = \"X\"\nid = \"x\"\n[themes.phrases]\nen = [\"y1\"]\n",
        "b",
    );
    let other = Taxonomy::parse(
        "id = \"a\"\nname = \"A\"\n[[themes]]\nid = \"x\"\nname = \"X\"\nphrases.en = [\"y2\"]\n",
        "a",
    );
    let print = |taxonomy: Result<Taxonomy>| taxonomy.expect("a taxonomy").fingerprint();
    let (one, same, other) = (print(one), print(same), print(other));
    assert!(one == same && one != other);
}

proptest! {
    #[test]
    fn probabilities_are_probabilities(text in any::<String>()) {
        for embedding in [vec![], Words::embedding(&text)] {
            let probabilities = MATCHER.probabilities(&text, &embedding);
            prop_assert_eq!(probabilities.len(), 11);
            prop_assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }

    #[test]
    fn no_file_breaks_the_reader(text in any::<String>()) {
        let _answer = Taxonomy::parse(&text, "any");
    }
}
