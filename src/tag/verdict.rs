//! Scores -> verdict, by the rules of the model card. Input: what the `text` room found and what the model scored. Output: one [`Verdict`] per
//! comment, which may abstain with a reason. It refuses to guess: a comment without words or with undecided scores gets no sentiment.

use serde::{Deserialize, Serialize};

use crate::model::Scores;
use crate::text::{Content, Language};

/// How a comment feels.
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

    /// The name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Mixed => "mixed",
        }
    }
}

/// What became of a row.
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

    /// The name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tagged => "tagged",
            Self::Abstained => "abstained",
            Self::Failed => "failed",
        }
    }
}

/// Why a row has no sentiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No text at all.
    Empty,
    /// Only digits, punctuation, links or names.
    NoWords,
    /// A language the model was not made for.
    UnsupportedLanguage,
    /// No class is likely enough.
    LowConfidence,
}

impl Reason {
    /// The name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoWords => "no_words",
            Self::UnsupportedLanguage => "unsupported_language",
            Self::LowConfidence => "low_confidence",
        }
    }
}

/// When to abstain, to call a comment mixed, and to ask for a person. Part of the model card file; every figure is a probability, 0..=1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Below this probability of the likeliest class there is no verdict.
    pub abstain_below: f32,
    /// Below this probability of the likeliest class a person should look.
    pub review_below: f32,
    /// Mixed when both negative and positive reach this.
    pub mixed_from: f32,
    /// Languages the model was trained and judged on, ISO 639-1.
    pub languages: Vec<String>,
    /// A language outside the list is refused from this confidence of the language detection.
    pub unsupported_from: f32,
}

/// What is said of one comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The comment's language.
    pub language: Language,
    /// Its sentiment; none when abstained.
    pub sentiment: Option<Sentiment>,
    /// Calibrated probabilities of negative, neutral, positive; none when nothing was scored.
    pub probabilities: Option<[f32; 3]>,
    /// What became of the row.
    pub status: Status,
    /// Why there is no sentiment.
    pub reason: Option<Reason>,
    /// A person should look: low confidence, mixed, or failed.
    pub review: bool,
}

impl Verdict {
    /// P(positive) - P(negative), -1..=1.
    pub fn score(&self) -> Option<f32> {
        self.probabilities.map(|[negative, _, positive]| positive - negative)
    }

    /// A verdict without sentiment.
    const fn without(language: Language, status: Status, reason: Option<Reason>) -> Self {
        let review = matches!(status, Status::Failed);
        Self {
            language,
            sentiment: None,
            probabilities: None,
            status,
            reason,
            review,
        }
    }
}

/// Why this comment should not be scored at all, if so.
pub fn refusal(content: Content, language: &Language, rules: &Rules) -> Option<Reason> {
    match content {
        Content::Empty => Some(Reason::Empty),
        Content::NoWords => Some(Reason::NoWords),
        Content::Words if unsupported(language, rules) => Some(Reason::UnsupportedLanguage),
        Content::Words | Content::EmojiOnly => None,
    }
}

fn unsupported(language: &Language, rules: &Rules) -> bool {
    language.confidence >= rules.unsupported_from && !rules.languages.iter().any(|known| known == language.code)
}

/// The verdict on one comment. `scores` is none when the comment was not scored; scores that are no numbers make the row failed.
pub fn judge(content: Content, language: Language, scores: Option<&Scores>, rules: &Rules) -> Verdict {
    if let Some(reason) = refusal(content, &language, rules) {
        return Verdict::without(language, Status::Abstained, Some(reason));
    }
    let Some(p @ [negative, neutral, positive]) =
        scores.map(|s| s.sentiment).filter(|p| p.iter().all(|x| x.is_finite()))
    else {
        return Verdict::without(language, Status::Failed, None);
    };
    let best = negative.max(neutral).max(positive);
    let sentiment = if negative.min(positive) >= rules.mixed_from {
        Some(Sentiment::Mixed)
    } else if best < rules.abstain_below {
        None
    } else if best == negative {
        Some(Sentiment::Negative)
    } else if best == positive {
        Some(Sentiment::Positive)
    } else {
        Some(Sentiment::Neutral)
    };
    Verdict {
        language,
        sentiment,
        probabilities: Some(p),
        status: if sentiment.is_some() {
            Status::Tagged
        } else {
            Status::Abstained
        },
        reason: sentiment.is_none().then_some(Reason::LowConfidence),
        review: best < rules.review_below || sentiment == Some(Sentiment::Mixed),
    }
}
