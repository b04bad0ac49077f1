//! Splitting of comments with mixed opinions, and the invariants of splitting.

use proptest::prelude::*;

use super::*;

fn split<'a>(language: &str, text: &'a str) -> Vec<&'a str> {
    units(text, language).into_iter().map(|range| &text[range]).collect()
}

#[test]
fn clauses_in_many_languages() {
    for (language, left, right) in [
        ("en", "Great coffee", "but awful queue"),
        ("en", "The room was clean;", "however, breakfast was cold"),
        ("uk", "Смачна кава,", "але довга черга"),
        ("uk", "Швидка доставка,", "проте пошкоджена коробка"),
        ("ru", "Вкусный кофе,", "но ужасная очередь"),
        ("ru", "Дорого очень,", "зато быстро привезли"),
        ("bg", "Храната е добра,", "но обслужването е бавно"),
        ("pt", "Comida boa,", "mas o atendimento demora"),
        ("pt", "Gostei do produto", "porém chegou atrasado"),
        ("es", "La comida rica,", "pero el servicio lento"),
        ("es", "Buen precio,", "sin embargo llegó roto"),
        ("fr", "Bon produit", "mais livraison trop lente"),
        ("fr", "Très bel hôtel,", "cependant un peu bruyant"),
        ("it", "Camera bella", "ma personale scortese"),
        ("ro", "Mâncare bună,", "dar servire lentă"),
        ("de", "Essen gut", "aber Bedienung unfreundlich"),
        ("de", "Schönes Zimmer,", "jedoch sehr laut"),
        ("nl", "Lekker eten", "maar trage bediening"),
        ("sv", "Bra mat", "men långsam service"),
        ("da", "God mad,", "men dårlig betjening"),
        ("pl", "Dobra kawa,", "ale długa kolejka"),
        ("pl", "Ładny pokój,", "jednak bardzo głośno"),
        ("cs", "Dobré jídlo,", "ale pomalá obsluha"),
        ("sk", "Dobré jedlo,", "ale pomalá obsluha"),
        ("hu", "Finom a kávé,", "de hosszú a sor"),
        ("tr", "Yemekler güzel", "ama servis yavaş"),
        ("hr", "Dobra hrana,", "ali spora usluga"),
        ("sr", "Добра храна,", "али спора услуга"),
    ] {
        assert_eq!(split(language, &format!("{left} {right}")), [left, right]);
    }
}

#[test]
fn words_that_only_look_contrastive_do_not_split() {
    for (language, text) in [
        ("es", "La comida de la casa de mi madre"),
        ("pt", "O prazo de entrega, de três dias"),
        ("fr", "Le service de la banque, de loin le pire"),
        ("hu", "Ez nem olyan jó de szép dolog"),
        ("en", "There was nothing but trouble here"),
        ("en", "Not only cheap but also very fast"),
        ("en", "Good but small"),
        ("en", "But the food was very good"),
        ("de", "Das war aber wirklich sehr gut"),
        ("nl", "Er was maar één kassa open"),
        ("it", "Non solo caro ma anche molto lento"),
        ("pl", "Nie tylko drogo ale też bardzo wolno"),
        ("und", "good food but slow service"),
        ("fi", "hyvä ruoka mutta hidas palvelu"),
    ] {
        assert_eq!(split(language, text), [text]);
    }
}

#[test]
fn several_turns_in_one_sentence() {
    assert_eq!(
        split("en", "Nice app but it crashes a lot, but support is kind. Thanks"),
        ["Nice app", "but it crashes a lot,", "but support is kind.", "Thanks"]
    );
}

#[test]
fn hostile_text_is_split_in_linear_time() {
    for piece in [
        "a.A",
        ". ",
        "! 😀 ",
        "😀! ",
        "but a b ",
        "a, de b, ",
        "Dr. ",
        ":) A ",
        "\n",
        "1. A ",
        "a",
        "\u{301}",
        "))) Д",
        ". 1 ",
        "()",
        "!",
        "\"a",
    ] {
        let text = format!("a.{}", piece.repeat((2 << 20) / piece.len()));
        for language in ["en", "hu"] {
            let start = std::time::Instant::now();
            let count = units(&text, language).len();
            let seconds = start.elapsed().as_secs_f64();
            assert!(seconds < 10.0, "{piece:?}: {count} units in {seconds:.1} s");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn units_cover_everything_once(
        text in prop_oneof![
            "([a-zA-Zа-яА-ЯіЇ]{1,4}|but|ale|, de|aber|mas|[.!?…,;:)(]{1,3}|[ \n]|😀|❤️|:\\)|1\\.|Dr\\.|http|@user|。){0,30}",
            any::<String>(),
        ],
        language in prop::sample::select(vec!["en", "uk", "hu", "pl", "de", "pt", "nl", "und"]),
    ) {
        let text = crate::text::clean(&text).text().to_owned();
        let mut covered = 0;
        for unit in units(&text, language) {
            prop_assert!(unit.start < unit.end);
            prop_assert!(text[covered..unit.start].trim().is_empty());
            prop_assert_eq!(text[unit.clone()].trim(), &text[unit.clone()]);
            covered = unit.end;
        }
        prop_assert!(text[covered..].trim().is_empty());
    }

    #[test]
    fn uncleaned_text_is_covered_too(text in any::<String>()) {
        let total: usize = units(&text, "en").into_iter().map(|unit| text[unit].chars().filter(|c| !c.is_whitespace()).count()).sum();
        prop_assert_eq!(total, text.chars().filter(|c| !c.is_whitespace()).count());
    }
}
