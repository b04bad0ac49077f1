use super::*;
use crate::find::Topics;
use crate::model::scripted::Scripted;
use crate::tag::{Seconds, Tagger};

/// What each comment is about, by the default taxonomy or one of its own.
fn told(engine: &Scripted, taxonomy: Option<&str>, comments: &[&str]) -> Vec<TaggedRow> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.toml");
    taxonomy
        .iter()
        .for_each(|text| std::fs::write(&file, text).expect("a file"));
    let topics = Topics::named(taxonomy.map(|_| file.as_path())).expect("a taxonomy");
    let mut tagger = Tagger::new(engine).telling(topics.subjects(engine).expect("subjects"));
    let texts: Vec<Option<String>> = comments.iter().map(|text| Some((*text).to_owned())).collect();
    let rows: Vec<u64> = (0..texts.len() as u64).collect();
    let ids = rows.iter().map(u64::to_string).collect();
    tagger.tag(&rows, ids, &texts, &mut Seconds::default()).expect("rows")
}

fn strongest(row: &TaggedRow) -> Option<&str> {
    row.subject.touchpoint.as_ref().map(|(id, _)| &**id)
}

fn mentioned(row: &TaggedRow) -> Vec<&str> {
    row.subject.touchpoints.iter().map(|mention| &*mention.id).collect()
}

#[test]
fn the_head_tells_the_strongest_touchpoint() {
    let engine = Scripted::new();
    let comments = [
        // Said by the head alone: no phrase of the taxonomy is in it.
        "sales was good",
        // The phrase speaks of billing, the head of delivery.
        "delivery is bad, and then the invoice",
        // The head is sure that it is about nothing.
        "The invoice, the invoice",
        "delivery is bad, and then the invoice",
    ];
    let rows = told(&engine, None, &comments);
    assert_eq!(
        rows.iter().map(strongest).collect::<Vec<_>>(),
        [Some("sales"), Some("delivery"), None, Some("delivery")]
    );
    assert_eq!(mentioned(&rows[0]), ["sales"]);
    assert_eq!(rows[0].subject.touchpoints[0].polarity, Sentiment::Positive);
    assert_eq!(mentioned(&rows[1])[0], "delivery");
    assert!(mentioned(&rows[1]).contains(&"billing"), "{:?}", mentioned(&rows[1]));
    assert!(mentioned(&rows[2]).is_empty());
    assert_eq!(rows[3].subject, rows[1].subject, "the same text, the same answer");
    for row in &rows {
        let sum: f32 = row.subject.touchpoint_p.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
    // In a comment of one unit, its opinion is about the comment's touchpoint.
    assert_eq!(rows[0].verdict.opinions[0].touchpoint.as_deref(), Some("sales"));
}

#[test]
fn an_unlikely_touchpoint_is_none() {
    let told_from = |rule: &str| told(&Scripted::with_rules(rule), None, &["perhaps sales"]).remove(0);
    let (strict, lenient) = (told_from("touchpoint_from = 0.99"), told_from("touchpoint_from = 0.1"));
    assert_eq!((strongest(&strict), strongest(&lenient)), (None, Some("sales")));
    assert_eq!(strict.subject.touchpoint_p, lenient.subject.touchpoint_p);
    assert_eq!(strict.subject.touchpoint_p.len(), 12);
}

#[test]
fn without_the_head_or_with_a_taxonomy_of_ones_own_phrases_decide() {
    let comment = ["delivery is bad, and then the invoice, the invoice"];
    let rows = told(&Scripted::of_sentiment(), None, &comment);
    assert_eq!(strongest(&rows[0]), Some("billing"));
    assert_eq!(strongest(&rows[0]), mentioned(&rows[0]).first().copied());
    let own = r#"
        id = "own"
        name = "Own"
        [[themes]]
        id = "paper"
        name = "Paper"
        [themes.phrases]
        en = ["invoice*"]
    "#;
    let rows = told(&Scripted::new(), Some(own), &comment);
    assert_eq!(
        (strongest(&rows[0]), mentioned(&rows[0])),
        (Some("paper"), vec!["paper"])
    );
    assert!(rows[0].subject.touchpoint_p.is_empty());
}
