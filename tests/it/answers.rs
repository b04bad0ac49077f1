//! Accuracy of the embedded model on the sample comments: floors below the measured figures, so that a broken model or cleaning fails.

use crate::support::{Room, sample, texts};

/// Minimum share of the sample's comments with a gold sentiment that get the right one of the three classes.
const ACCURACY_FLOOR: f64 = 0.70;
/// Minimum share of the comments of at least 40 characters with the right language.
const LANGUAGE_FLOOR: f64 = 0.95;

#[test]
fn sample_sentiment_is_mostly_right() {
    let room = Room::new();
    let ended = room.run(&format!(
        "eval {} --text comment --label gold --by language --forced --quiet --json",
        sample().display()
    ));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let report: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    let confusion = &report["all"]["confusion"];
    let cell = |gold: usize, answer: usize| confusion[gold][answer].as_u64().expect("a count");
    let right: u64 = (0..3).map(|n| cell(n, n)).sum();
    let rows: u64 = (0..3)
        .flat_map(|gold| (0..5).map(move |answer| (gold, answer)))
        .map(|(g, a)| cell(g, a))
        .sum();
    assert!(rows > 400);
    assert!(right as f64 >= ACCURACY_FLOOR * rows as f64, "{right} of {rows} right");
}

#[test]
fn sample_languages_are_mostly_right() {
    let room = Room::new();
    let ended = room.run(&format!("tag {} -o out.parquet --quiet", sample().display()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("out.parquet");
    let (gold, found, comments) = (
        texts(&table, "language"),
        texts(&table, "ut_language"),
        texts(&table, "comment"),
    );
    let long: Vec<usize> = (0..table.height())
        .filter(|&n| {
            gold[n].as_deref().is_some_and(|l| !l.is_empty())
                && comments[n].as_ref().is_some_and(|c| c.chars().count() >= 40)
        })
        .collect();
    let right = long.iter().filter(|&&n| gold[n] == found[n]).count();
    assert!(long.len() > 300);
    assert!(
        right as f64 >= LANGUAGE_FLOOR * long.len() as f64,
        "{right} of {} right",
        long.len()
    );
}

#[test]
fn rows_without_words_abstain_with_a_reason() {
    let room = Room::new();
    room.put("odd.csv", "id,comment\n1,The delivery was late and nobody answered the phone.\n2,\n3,12345\n4,https://example.org\n5,😡😡😡\n6,  \n");
    let ended = room.run("tag odd.csv -o odd.parquet --text comment --quiet --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("odd.parquet");
    let status: Vec<_> = texts(&table, "ut_status").into_iter().flatten().collect();
    let reason: Vec<_> = texts(&table, "ut_reason")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(
        status,
        ["tagged", "abstained", "abstained", "abstained", "tagged", "abstained"]
    );
    assert_eq!(reason, ["", "empty", "no_words", "no_words", "", "empty"]);
    let sentiment: Vec<_> = texts(&table, "ut_sentiment")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(sentiment, ["negative", "", "", "", "negative", ""]);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(summary["abstained"], serde_json::json!({"empty": 2, "no_words": 2}));
}

#[test]
fn no_answer_is_no_opinion() {
    let room = Room::new();
    room.put(
        "survey.csv",
        "id,comment\n1,n/a\n2,Nothing\n3,Нічого\n4,brak uwag\n5,-\n6,Nothing works in this app\n7,sem comentários\n",
    );
    let ended = room.run("tag survey.csv -o out.parquet --text comment --quiet --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let reason: Vec<_> = texts(&room.table("out.parquet"), "ut_reason")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    let none = "no_answer";
    assert_eq!(reason, [none, none, none, none, none, "", none]);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(summary["abstained"], serde_json::json!({"no_answer": 6}));
}

#[test]
fn the_file_tells_the_language_of_its_short_comments() {
    let room = Room::new();
    let comments = [
        "Super",
        "Lento",
        "Caro",
        "Nada mal",
        "Bonito",
        "Muito bom",
        "Não gostei",
        "Excelente",
        "Atendimento péssimo",
        "Tudo ótimo",
        "Confortável",
        "A entrega atrasou uma semana",
        "Recomendo",
    ];
    let languages = |name: &str, rows: &[&str]| {
        room.put(name, format!("comment\n{}\n", rows.join("\n")));
        let ended = room.run(&format!(
            "tag {name} -o {name}.parquet --text comment --quiet --themes off"
        ));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        texts(&room.table(&format!("{name}.parquet")), "ut_language")
    };
    assert_eq!(
        languages("pt.csv", &comments),
        vec![Some("pt".to_owned()); comments.len()]
    );
    // Order does not matter, nor do the batches.
    let turned: Vec<&str> = comments.iter().rev().copied().collect();
    assert_eq!(
        languages("turned.csv", &turned),
        vec![Some("pt".to_owned()); comments.len()]
    );
}

#[test]
fn misread_comments_are_repaired_and_told() {
    let room = Room::new();
    room.put(
        "misread.csv",
        "id,comment\n1,\"O serviÃ§o Ã© pÃ©ssimo, nÃ£o recomendo\"\n2,\"Îáñëóæèâàíèå î÷åíü ïëîõîå\"\n3,Tudo certo com o pedido\n",
    );
    let ended = room.run("tag misread.csv -o out.parquet --text comment --keep-clean --themes off --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended
            .err
            .contains("2 comments were written in one encoding and read in another"),
        "{}",
        ended.err
    );
    let table = room.table("out.parquet");
    assert_eq!(
        texts(&table, "comment")[0].as_deref(),
        Some("O serviÃ§o Ã© pÃ©ssimo, nÃ£o recomendo")
    );
    let clean: Vec<_> = texts(&table, "ut_clean_text").into_iter().flatten().collect();
    assert_eq!(
        clean[..2],
        ["O serviço é péssimo, não recomendo", "Обслуживание очень плохое"]
    );
    let language: Vec<_> = texts(&table, "ut_language").into_iter().flatten().collect();
    assert_eq!(language, ["pt", "ru", "pt"]);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(summary["misread"], 2);
}

#[test]
fn marks_alone_have_a_feeling() {
    let room = Room::new();
    room.put(
        "marks.csv",
        "id,comment\n1,🤬\n2,Entrega 🤮\n3,★★★★★\n4,1/10\n5,10 von 10\n6,5\n",
    );
    let ended = room.run("tag marks.csv -o out.parquet --text comment --quiet --themes off");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let sentiment: Vec<_> = texts(&room.table("out.parquet"), "ut_sentiment")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(
        sentiment,
        ["negative", "negative", "positive", "negative", "positive", ""]
    );
}
