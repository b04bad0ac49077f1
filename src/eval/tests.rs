//! Every figure of the tasks that a model of today may lack a head for, by hand, on an engine that scores by words.

use super::*;
use crate::model::scripted::Scripted;

/// The report on rows of text and label, by their language.
fn judged(engine: &Scripted, task: Task, rows: &[(&str, serde_json::Value)]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("labelled.jsonl");
    let lines = rows
        .iter()
        .map(|(text, label)| format!("{}\n", serde_json::json!({"text": text, "label": label})));
    std::fs::write(&file, lines.collect::<String>()).expect("a file");
    let question = Question {
        inputs: vec![file.display().to_string()],
        source: SourceOptions {
            text: vec!["text".to_owned()],
            ..SourceOptions::default()
        },
        task,
        label: "label".to_owned(),
        mapping: None,
        by: None,
        only: Vec::new(),
        forced: false,
    };
    eval(&question, engine, &Progress::new(true)).expect("a report")
}

fn near(found: impl Into<Option<f64>>, wanted: f64) {
    let found = found.into().expect("a figure");
    assert!((found - wanted).abs() < 1e-6, "{found}, not {wanted}");
}

fn class<'r>(report: &'r Report, name: &str) -> &'r ClassFigures {
    let mut classes = report.all.classes.iter();
    classes.find(|class| class.class == name).expect("a class")
}

#[test]
fn four_sentiments_with_what_is_exchanged_and_the_surest() {
    let rows = [
        ("this is bad", "negative".into()),
        ("this is good", "positive".into()),
        ("this is good too", "negative".into()),
        ("it is both", "mixed".into()),
        ("it is perhaps both", "neutral".into()),
        ("perhaps bad", "mixed".into()),
        ("a fact", "neutral".into()),
        ("another fact", "neutral".into()),
        ("12345", "neutral".into()),
        ("more facts here", "neutral".into()),
    ];
    let report = judged(&Scripted::new(), Task::Sentiment, &rows);
    let all = &report.all;
    assert_eq!((all.rows, all.confusion.len()), (10, 4));
    near(all.coverage, 0.9);
    near(all.accuracy, 6.0 / 9.0);
    // "good too" is negative: one of ten.
    near(all.flips, 0.1);
    assert_eq!(
        all.confusion[3],
        [1, 0, 0, 1, 0],
        "mixed: one found, one called negative"
    );
    // Nine rows have probabilities, two of them an unsure answer: at 80 % the surest seven of nine are not enough, at 77 % they would be.
    near(all.curve[0].accuracy, 6.0 / 9.0);
    near(class(&report, "mixed").precision_at_half_recall, 1.0);
    assert!(all.micro_f1.is_none() && all.accuracy_where_any.is_none());
    let shown = report.to_string();
    assert!(shown.contains("negative and positive exchanged") && shown.contains("precision at recall 0.5"));
}

#[test]
fn touchpoints_are_those_that_tag_writes() {
    let rows = [
        ("billing is bad", "billing".into()),
        ("staff is good", "staff".into()),
        ("sales is good", "staff".into()),
        ("a quiet day", "none".into()),
        ("marketing again", "none".into()),
        ("about nothing", "price".into()),
        ("99 %", "none".into()),
    ];
    let report = judged(&Scripted::new(), Task::Touchpoint, &rows);
    assert_eq!(report.classes.len(), 12);
    near(report.all.accuracy, 3.0 / 6.0);
    near(report.all.coverage, 6.0 / 7.0);
    near(report.all.accuracy_where_any, 2.0 / 4.0);
    // Classes with labels: none (P 1/2, R 1/3), billing (1), staff (P 1, R 1/2), price (0).
    near(report.all.macro_f1, (0.4 + 1.0 + 2.0 / 3.0) / 4.0);
    assert_eq!(report.all.curve.len(), 3);
    assert!(report.all.flips.is_none());
    // A model without the head answers by the taxonomy's phrases.
    let report = judged(
        &Scripted::of_sentiment(),
        Task::Touchpoint,
        &[(
            "The invoice was wrong twice, and then the invoice again",
            "billing".into(),
        )],
    );
    near(report.all.accuracy_where_any, 1.0);
    assert!(report.all.curve.is_empty());
}

#[test]
fn signals_are_judged_together_and_each() {
    let rows = [
        ("churn and legal", serde_json::json!(["churn", "legal"])),
        ("churn", serde_json::json!([])),
        ("nothing", serde_json::json!(["safety"])),
        ("quiet", serde_json::json!([])),
        ("odd", serde_json::json!(["weather"])),
    ];
    let report = judged(&Scripted::new(), Task::Signals, &rows);
    assert_eq!((report.all.rows, report.left_out), (4, 1));
    // Three labelled, three answered, two right.
    near(report.all.micro_f1, 2.0 / 3.0);
    near(class(&report, "churn").precision, 0.5);
    near(class(&report, "churn").recall, 1.0);
    near(class(&report, "safety").recall, 0.0);
    assert_eq!(
        report.all.classes.len(),
        3,
        "what no row is labelled with takes no part, nor does none"
    );
    let [low, high] = report.all.micro_f1_interval.expect("an interval");
    assert!((0.0..=2.0 / 3.0).contains(&low) && (2.0 / 3.0..=1.0).contains(&high));
    assert!(report.to_string().contains("micro-F1"));
}

#[test]
fn a_model_without_the_head_is_refused() {
    let question = Question {
        inputs: Vec::new(),
        source: SourceOptions::default(),
        task: Task::Signals,
        label: "label".to_owned(),
        mapping: None,
        by: None,
        only: Vec::new(),
        forced: false,
    };
    let refused = eval(&question, &Scripted::of_sentiment(), &Progress::new(true));
    assert!(matches!(refused, Err(Error::NoHead { head: "signals", .. })));
}

#[test]
fn suite_asks_for_touchpoints_and_signals() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = r#"
        capability = "where and what"
        about = "touchpoints, signals and mixed comments are told"
        cases = [
          { language = "en", touchpoint = ["billing", "price"], text = "price went up" },
          { language = "en", touchpoint = ["none"], text = "well" },
          { language = "en", touchpoint = ["sales"], text = "staff as ever" },
          { language = "en", signals = ["churn"], text = "legal and churn" },
          { language = "en", signals = ["churn", "safety"], text = "only churn" },
          { language = "en", signals = ["none"], text = "so what" },
          { language = "en", sentiment = ["mixed"], text = "it is both" },
        ]
    "#;
    std::fs::write(folder.path().join("a.toml"), cases).expect("a file");
    let report = suite::run(folder.path(), &Scripted::new()).expect("a report");
    assert_eq!((report.all.passed, report.all.asked), (5, 7));
    let got: Vec<(&str, &str)> = report
        .failures
        .iter()
        .map(|failure| (failure.expected.as_str(), failure.got[0].as_str()))
        .collect();
    assert_eq!(got, [("sales", "staff"), ("churn and safety", "churn")]);
    let report = suite::run(folder.path(), &Scripted::of_sentiment()).expect("a report");
    assert_eq!((report.all.asked, report.not_asked["where and what"]), (1, 6));

    for odd in ["touchpoint = [\"shop\"]", "signals = [\"weather\"]"] {
        std::fs::write(
            folder.path().join("a.toml"),
            format!("capability = \"a\"\nabout = \"b\"\ncases = [{{ language = \"en\", {odd}, text = \"x\" }}]"),
        )
        .expect("a file");
        let refused = suite::run(folder.path(), &Scripted::new())
            .expect_err("refused")
            .to_string();
        assert!(
            refused.contains("shop` is no touchpoint") || refused.contains("weather` is no signal"),
            "{refused}"
        );
    }
}
