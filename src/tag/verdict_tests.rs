use std::ops::Range;

use super::*;
use crate::model::{SpanScores, Target};
use crate::tag::Touchpoint;

const NEGATIVE: [f32; 4] = [0.95, 0.03, 0.02, 0.0];
const NEUTRAL: [f32; 4] = [0.05, 0.9, 0.05, 0.0];
const POSITIVE: [f32; 4] = [0.02, 0.03, 0.95, 0.0];
const MIXED: [f32; 4] = [0.1, 0.05, 0.05, 0.8];
const TORN: [f32; 4] = [0.5, 0.2, 0.3, 0.0];
/// Of targets, which cannot be mixed.
const BLAMED: [f32; 3] = [0.95, 0.03, 0.02];
const PLAIN: [f32; 3] = [0.05, 0.9, 0.05];
const PRAISED: [f32; 3] = [0.02, 0.03, 0.95];

fn card() -> Card {
    let base = include_str!("../../models/base/card.toml");
    let base = &base[..base.find("[rules]").unwrap()];
    let rest = r#"
        [rules]
        abstain_below = 0.4
        review_below = 0.5
        opinion_from = 0.8
        languages = ["en"]
        unsupported_from = 0.9
        [[heads]]
        name = "sentiment"
        kind = "document"
        activation = "softmax"
        labels = ["negative", "neutral", "positive", "mixed"]
        [[heads]]
        name = "emotion"
        kind = "document"
        activation = "sigmoid"
        labels = ["joy", "anger", "gratitude"]
        thresholds = { joy = 0.3, anger = 0.7 }
        [[heads]]
        name = "intent"
        kind = "document"
        activation = "softmax"
        labels = ["complaint", "praise", "other"]
        [[heads]]
        name = "signals"
        kind = "document"
        activation = "sigmoid"
        labels = ["churn", "legal", "safety"]
        thresholds = { churn = 0.2 }
    "#;
    Card::parse(&format!("{base}{rest}")).unwrap()
}

const ENGLISH: Language = Language {
    code: "en",
    confidence: 1.0,
};

/// A text of units of ten bytes, with targets of one byte in some of them.
fn scores(whole: [f32; 4], units: &[[f32; 4]], targets: &[(usize, [f32; 3])]) -> (Scores, Vec<Unit>) {
    let spans = units.iter().map(|&sentiment| SpanScores {
        sentiment,
        polarity: Vec::new(),
        embedding: Vec::new(),
    });
    let targets = targets.iter().map(|&(unit, polarity)| Target {
        range: unit * 10..unit * 10 + 1,
        polarity,
    });
    let scores = Scores {
        sentiment: whole,
        emotions: vec![0.4, 0.6, 0.5],
        intents: vec![0.2, 0.5, 0.3],
        touchpoints: vec![0.25, 0.75],
        signals: vec![0.3, 0.49, 0.9],
        targets: targets.collect(),
        embedding: Vec::new(),
        spans: Vec::new(),
        tokens: 9,
    };
    let ranges = (0..units.len()).map(|n| n * 10..n * 10 + 9).collect();
    let units = opinion::units(ranges, spans.collect(), &scores.targets);
    (scores, units)
}

fn verdict(whole: [f32; 4], units: &[[f32; 4]], targets: &[(usize, [f32; 3])]) -> Verdict {
    let (scores, units) = scores(whole, units, targets);
    judge(Content::Words, ENGLISH, Some((&scores, &units)), &card())
}

fn said(verdict: &Verdict) -> Vec<(Range<usize>, Sentiment, usize)> {
    let opinions = verdict.opinions.iter();
    opinions.map(|o| (o.range.clone(), o.polarity, o.unit)).collect()
}

#[test]
fn a_target_is_an_opinion_and_so_is_a_clear_unit_without_one() {
    use Sentiment::{Mixed, Negative, Neutral, Positive};
    let found = verdict(
        NEGATIVE,
        &[NEGATIVE, POSITIVE, NEUTRAL, [0.7, 0.2, 0.1, 0.0], MIXED],
        &[(0, BLAMED), (0, PLAIN)],
    );
    assert_eq!(
        said(&found),
        [
            (0..1, Negative, 0),
            (0..1, Neutral, 0),
            (10..19, Positive, 1),
            (40..49, Mixed, 4)
        ]
    );
    // A target after the scored units still counts.
    assert_eq!(
        said(&verdict(NEUTRAL, &[NEUTRAL], &[(5, PRAISED)])),
        [(50..51, Positive, 0)]
    );
    assert_eq!(said(&verdict(NEUTRAL, &[], &[(5, PRAISED)])), [(50..51, Positive, 0)]);
}

#[test]
fn targets_sharpen_the_units_they_stand_in() {
    let (_, units) = scores(
        TORN,
        &[TORN, TORN, TORN, MIXED],
        &[(0, BLAMED), (1, PLAIN), (2, PRAISED), (3, BLAMED)],
    );
    let near = |ours: [f32; 4], wanted: [f32; 4]| ours.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near(units[0].polarity, [0.725, 0.115, 0.16, 0.0]), "{units:?}");
    assert_eq!(units[1].polarity, TORN);
    assert!(near(units[2].polarity, [0.26, 0.115, 0.625, 0.0]), "{units:?}");
    assert!(near(units[3].polarity, [0.525, 0.04, 0.035, 0.4]), "{units:?}");
    assert!(units[..3].iter().all(|unit| unit.sentiment == TORN));
}

#[test]
fn mixed_is_a_class_like_the_others() {
    let found = verdict(MIXED, &[NEGATIVE, POSITIVE], &[(0, BLAMED), (1, PRAISED)]);
    assert_eq!((found.sentiment, found.review), (Some(Sentiment::Mixed), false));
    assert!((found.score().unwrap() + 0.05).abs() < 1e-6);
    // Praise here and blame there do not make a comment mixed: its own probability does.
    let found = verdict(NEGATIVE, &[NEGATIVE, POSITIVE], &[(0, BLAMED), (1, PRAISED)]);
    assert_eq!((found.sentiment, found.review), (Some(Sentiment::Negative), false));
    let unsure = verdict([0.3, 0.15, 0.1, 0.45], &[], &[]);
    assert_eq!((unsure.sentiment, unsure.review), (Some(Sentiment::Mixed), true));
}

#[test]
fn emotions_and_signals_count_from_their_thresholds_strongest_first() {
    let found = verdict(NEGATIVE, &[], &[]);
    assert_eq!(found.emotions, [(Emotion::Gratitude, 0.5), (Emotion::Joy, 0.4)]);
    assert_eq!(
        found.signals.as_deref(),
        Some(&[(Signal::Safety, 0.9), (Signal::Churn, 0.3)][..])
    );
    assert_eq!(found.intent, Some((Intent::Praise, 0.5)));
    assert_eq!(found.touchpoints, [0.25, 0.75]);
}

#[test]
fn what_was_not_scored_says_nothing() {
    let silent = |verdict: Verdict| {
        assert_eq!(
            (verdict.sentiment, verdict.probabilities, verdict.intent),
            (None, None, None)
        );
        assert!(verdict.emotions.is_empty() && verdict.opinions.is_empty());
        assert!(verdict.signals.is_none() && verdict.touchpoints.is_empty());
        (verdict.status, verdict.reason)
    };
    let empty = judge(Content::Empty, ENGLISH, None, &card());
    assert_eq!(silent(empty), (Status::Abstained, Some(Reason::Empty)));
    let (odd, units) = scores([f32::NAN; 4], &[POSITIVE], &[(0, PRAISED)]);
    let failed = judge(Content::Words, ENGLISH, Some((&odd, &units)), &card());
    assert!(failed.review);
    assert_eq!(silent(failed), (Status::Failed, None));
    let unsure = verdict([0.34, 0.33, 0.3, 0.03], &[], &[]);
    assert_eq!(
        (unsure.status, unsure.reason),
        (Status::Abstained, Some(Reason::LowConfidence))
    );
    assert!(unsure.sentiment.is_none() && unsure.probabilities.is_some());
}

#[test]
fn names_lead_back_to_labels() {
    assert!(Emotion::ALL.iter().all(|e| Emotion::of(e.name()) == Some(*e)));
    assert!(Intent::ALL.iter().all(|i| Intent::of(i.name()) == Some(*i)));
    assert!(Signal::ALL.iter().all(|s| Signal::of(s.name()) == Some(*s)));
    assert!(Touchpoint::ALL.iter().all(|t| Touchpoint::of(t.name()) == Some(*t)));
    assert_eq!((Emotion::of("none"), Intent::of("")), (None, None));
    assert_eq!((Signal::of("none"), Touchpoint::of("none")), (None, None));
    let journey = crate::theme::taxonomy::Taxonomy::embedded().unwrap();
    let ids: Vec<&str> = journey.themes.iter().map(|theme| theme.id.as_str()).collect();
    assert_eq!(
        ids,
        Touchpoint::ALL.map(Touchpoint::name),
        "the default taxonomy's themes"
    );
}
