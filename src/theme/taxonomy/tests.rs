//! The default taxonomy is usable, files with problems are told what they are, and matching keeps its promises.

use super::*;

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
}
