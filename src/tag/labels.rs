//! Which emotions and intents are there? The closed sets behind `ut_emotion` and `ut_intent`, by the names the model card and the
//! output share. A card with a label outside them is refused.

use serde::{Deserialize, Serialize};

/// What a customer feels. None of them above its threshold is an answer too: no emotion shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Emotion {
    /// Furious, outraged.
    Anger,
    /// Annoyed that it does not work, or not again.
    Frustration,
    /// Expected better.
    Disappointment,
    /// Sad, sorry.
    Sadness,
    /// Afraid of what may come.
    Worry,
    /// Does not understand.
    Confusion,
    /// Did not expect it, good or bad.
    Surprise,
    /// Glad, amused, in love with it.
    Joy,
    /// Thankful.
    Gratitude,
    /// Impressed; trusts.
    Admiration,
}

impl Emotion {
    /// Every emotion.
    pub const ALL: [Self; 10] = [
        Self::Anger,
        Self::Frustration,
        Self::Disappointment,
        Self::Sadness,
        Self::Worry,
        Self::Confusion,
        Self::Surprise,
        Self::Joy,
        Self::Gratitude,
        Self::Admiration,
    ];

    /// Name in the output and in the model config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anger => "anger",
            Self::Frustration => "frustration",
            Self::Disappointment => "disappointment",
            Self::Sadness => "sadness",
            Self::Worry => "worry",
            Self::Confusion => "confusion",
            Self::Surprise => "surprise",
            Self::Joy => "joy",
            Self::Gratitude => "gratitude",
            Self::Admiration => "admiration",
        }
    }

    /// The emotion of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|emotion| emotion.name() == name)
    }
}

/// What a customer wants with the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Says that something is wrong.
    Complaint,
    /// Says that something is good.
    Praise,
    /// Asks for something to be done or changed.
    Request,
    /// Asks for information.
    Question,
    /// Tells something, or none of these.
    Other,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 5] = [
        Self::Complaint,
        Self::Praise,
        Self::Request,
        Self::Question,
        Self::Other,
    ];

    /// Name in the output and in the model config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Praise => "praise",
            Self::Request => "request",
            Self::Question => "question",
            Self::Other => "other",
        }
    }

    /// The intent of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.name() == name)
    }
}
