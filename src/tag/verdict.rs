//! Rules of the model config: turn the scores of a comment into one [`Verdict`], which may abstain with a reason. A comment without words or with
//! undecided scores gets no sentiment.

use serde::{Deserialize, Serialize};

use super::labels::{Emotion, Intent, Signal};
use super::opinion::{self, Opinion, Unit, likeliest};
use crate::model::{Card, Head, Scores};
use crate::text::{Content, Language};

/// Sentiment of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// Blame prevails.
    Negative,
    /// A fact, a question, or neither praise nor blame.
    Neutral,
    /// Praise prevails.
    Positive,
    /// Clear praise and clear blame in one comment.
    Mixed,
}

impl Sentiment {
    /// Every sentiment, in the order of the output's enum.
    pub const ALL: [Self; 4] = [Self::Negative, Self::Neutral, Self::Positive, Self::Mixed];

    /// Name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Mixed => "mixed",
        }
    }
}

/// Status of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has a sentiment.
    Tagged,
    /// It has none, and the reason says why.
    Abstained,
    /// The model could not read it.
    Failed,
}

impl Status {
    /// Every status, in the order of the output's enum.
    pub const ALL: [Self; 3] = [Self::Tagged, Self::Abstained, Self::Failed];

    /// Name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tagged => "tagged",
            Self::Abstained => "abstained",
            Self::Failed => "failed",
        }
    }
}

/// Reason why a row has no sentiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No text at all.
    Empty,
    /// Only digits, punctuation, links or names.
    NoWords,
    /// It says that there is no answer: "n/a", "nothing", "no comment".
    NoAnswer,
    /// A language the model was not made for.
    UnsupportedLanguage,
    /// No class is likely enough.
    LowConfidence,
}

impl Reason {
    /// Name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoWords => "no_words",
            Self::NoAnswer => "no_answer",
            Self::UnsupportedLanguage => "unsupported_language",
            Self::LowConfidence => "low_confidence",
        }
    }
}

/// When to abstain, and when to ask for a person. Part of the model card file; every figure is a probability, 0..=1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Minimum probability of the most likely class; below it the result is an abstention.
    pub abstain_below: f32,
    /// Below this probability of the most likely class a person should check the result.
    pub review_below: f32,
    /// A unit without a target is an opinion as a whole from this probability of praise or blame.
    #[serde(default = "clear")]
    pub opinion_from: f32,
    /// Below this probability of the likeliest touchpoint the comment has none.
    #[serde(default = "likely")]
    pub touchpoint_from: f32,
    /// Languages the model was trained and judged on, ISO 639-1.
    pub languages: Vec<String>,
    /// A language outside the list is rejected from this detection confidence on.
    pub unsupported_from: f32,
}

/// What a card that does not say it calls a clear opinion, and a likely touchpoint.
const fn clear() -> f32 {
    0.6
}

const fn likely() -> f32 {
    0.4
}

/// An emotion or a signal counts from this probability where the card gives no threshold for it.
const LABEL_FROM: f32 = 0.5;

/// Result of one comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The comment's language.
    pub language: Language,
    /// Its sentiment; none when abstained.
    pub sentiment: Option<Sentiment>,
    /// Calibrated probabilities of negative, neutral, positive, mixed; none when nothing was scored.
    pub probabilities: Option<[f32; 4]>,
    /// Every emotion that reaches its threshold, with its probability, strongest first.
    pub emotions: Vec<(Emotion, f32)>,
    /// The likeliest intent and its probability; none when nothing was scored or the model has no such head.
    pub intent: Option<(Intent, f32)>,
    /// Every signal that reaches its threshold, with its probability, strongest first; none when nothing was scored or the model has no such head.
    pub signals: Option<Vec<(Signal, f32)>>,
    /// What the model's head says of touchpoints, see [`Scores::touchpoints`]; empty when nothing was scored or the model has no such head.
    pub touchpoints: Vec<f32>,
    /// Opinions of the comment, in the order of the text.
    pub opinions: Vec<Opinion>,
    /// Status of the row.
    pub status: Status,
    /// Reason for the missing sentiment.
    pub reason: Option<Reason>,
    /// A person should look: low confidence, or failed.
    pub review: bool,
}

impl Verdict {
    /// P(positive) - P(negative), -1..=1.
    pub fn score(&self) -> Option<f32> {
        self.probabilities.map(|[negative, _, positive, _]| positive - negative)
    }

    /// A verdict without sentiment.
    const fn without(language: Language, status: Status, reason: Option<Reason>) -> Self {
        let review = matches!(status, Status::Failed);
        Self {
            language,
            sentiment: None,
            probabilities: None,
            emotions: Vec::new(),
            intent: None,
            signals: None,
            touchpoints: Vec::new(),
            opinions: Vec::new(),
            status,
            reason,
            review,
        }
    }
}

/// The reason not to score this comment, if there is one.
pub fn refusal(content: Content, language: &Language, rules: &Rules) -> Option<Reason> {
    match content {
        Content::Empty => Some(Reason::Empty),
        Content::NoWords => Some(Reason::NoWords),
        Content::NoAnswer => Some(Reason::NoAnswer),
        Content::Words if unsupported(language, rules) => Some(Reason::UnsupportedLanguage),
        Content::Words | Content::EmojiOnly => None,
    }
}

fn unsupported(language: &Language, rules: &Rules) -> bool {
    language.confidence >= rules.unsupported_from && !rules.languages.iter().any(|known| known == language.code)
}

/// Computes the verdict on one comment. `scored` holds its scores and units, none when it was not scored; NaN scores make the row failed.
pub fn judge(content: Content, language: Language, scored: Option<(&Scores, &[Unit])>, card: &Card) -> Verdict {
    let rules = &card.rules;
    if let Some(reason) = refusal(content, &language, rules) {
        return Verdict::without(language, Status::Abstained, Some(reason));
    }
    let Some((scores, units)) = scored.filter(|(scores, _)| scores.sentiment.iter().all(|p| p.is_finite())) else {
        return Verdict::without(language, Status::Failed, None);
    };
    let opinions = opinion::opinions(units, &scores.targets, rules);
    let (class, best) = likeliest(scores.sentiment);
    let sentiment = (best >= rules.abstain_below).then_some(class);
    Verdict {
        language,
        sentiment,
        probabilities: Some(scores.sentiment),
        emotions: card
            .head("emotion")
            .map(|head| labels(head, &scores.emotions, Emotion::of))
            .unwrap_or_default(),
        intent: card.head("intent").and_then(|head| intent(head, &scores.intents)),
        signals: card
            .head("signals")
            .map(|head| labels(head, &scores.signals, Signal::of)),
        touchpoints: scores.touchpoints.clone(),
        opinions,
        status: if sentiment.is_some() {
            Status::Tagged
        } else {
            Status::Abstained
        },
        reason: sentiment.is_none().then_some(Reason::LowConfidence),
        review: best < rules.review_below,
    }
}

/// The labels of a head that reach their thresholds, strongest first; of equals, the one named first in the card.
fn labels<T>(head: &Head, probabilities: &[f32], of: fn(&str) -> Option<T>) -> Vec<(T, f32)> {
    let threshold = |label: &String| head.thresholds.get(label).copied().unwrap_or(LABEL_FROM);
    let mut found: Vec<(T, f32)> = head
        .labels
        .iter()
        .zip(probabilities)
        .filter(|(label, p)| **p >= threshold(label))
        .filter_map(|(label, p)| Some((of(label)?, *p)))
        .collect();
    found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    found
}

/// The most likely intent; on a tie, the one first in the model config.
fn intent(head: &Head, probabilities: &[f32]) -> Option<(Intent, f32)> {
    let known = head.labels.iter().zip(probabilities);
    known
        .filter_map(|(label, p)| Some((Intent::of(label)?, *p)))
        .reduce(|best, other| if other.1 > best.1 { other } else { best })
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
