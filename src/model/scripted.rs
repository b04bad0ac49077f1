//! An engine for tests that scores by words: `good` praises, `bad` blames, `both` does both, anything else is neutral; the name of a touchpoint or a signal raises
//! it. `perhaps` makes it unsure. Input: passages. Output: their scores, spans scored like texts.

use super::{Card, Engine, Passage, Scores, SpanScores};
use crate::Result;
use crate::tag::{Signal, Touchpoint};

/// The engine.
pub(crate) struct Scripted(Card);

const RULES: &str = r#"
    [rules]
    abstain_below = 0.4
    review_below = 0.5
    touchpoint_from = 0.5
    languages = ["en"]
    unsupported_from = 2.0
    [[heads]]
    name = "sentiment"
    kind = "document"
    activation = "softmax"
    labels = ["negative", "neutral", "positive", "mixed"]
"#;

/// Beside [`RULES`].
const HEADS: &str = r#"
    [[heads]]
    name = "touchpoint"
    kind = "document"
    activation = "softmax"
    labels = ["none", "contact_centre", "sales", "marketing", "website_app", "billing", "price", "delivery", "product_quality", "after_sales", "staff", "information"]
    [[heads]]
    name = "signals"
    kind = "document"
    activation = "sigmoid"
    labels = ["churn", "legal", "safety", "security", "vulnerable", "repeat_contact", "public_exposure", "compensation"]
"#;

impl Scripted {
    /// With every head that it scores by words.
    pub(crate) fn new() -> Self {
        Self::with(&format!("{RULES}{HEADS}"))
    }

    /// The same with another `touchpoint_from`.
    pub(crate) fn with_rules(touchpoint_from: &str) -> Self {
        Self::with(&format!("{RULES}{HEADS}").replace("touchpoint_from = 0.5", touchpoint_from))
    }

    /// With a head for sentiment alone.
    pub(crate) fn of_sentiment() -> Self {
        Self::with(RULES)
    }

    fn with(rest: &str) -> Self {
        let base = include_str!("../../models/base/card.toml");
        let base = &base[..base.find("[rules]").expect("rules")];
        Self(Card::parse(&format!("{base}{rest}")).expect("a card"))
    }

    fn has(text: &str, word: &str) -> bool {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|own| own == word)
    }

    /// The likeliest has 0.6 if unsure, else 0.9; the others share the rest.
    fn choice<const CLASSES: usize>(text: &str, class: usize) -> [f32; CLASSES] {
        let best = if Self::has(text, "perhaps") { 0.6 } else { 0.9 };
        let rest = (1.0 - best) / (CLASSES - 1) as f32;
        std::array::from_fn(|at| if at == class { best } else { rest })
    }

    fn sentiment(text: &str) -> [f32; 4] {
        let class = ["bad", "", "good", "both"]
            .iter()
            .position(|word| Self::has(text, word));
        Self::choice(text, class.unwrap_or(1))
    }

    fn touchpoints(text: &str) -> [f32; 12] {
        let place = Touchpoint::ALL.iter().position(|t| Self::has(text, t.name()));
        Self::choice(text, place.map_or(0, |place| place + 1))
    }
}

impl Engine for Scripted {
    fn card(&self) -> &Card {
        &self.0
    }

    fn fingerprint(&self) -> &str {
        "scripted"
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let span = |text: &str| SpanScores {
            sentiment: Self::sentiment(text),
            polarity: Vec::new(),
            embedding: Vec::new(),
        };
        let headed = |name: &str, scores: Vec<f32>| self.0.head(name).map(|_| scores).unwrap_or_default();
        let signal = |text: &str, signal: Signal| if Self::has(text, signal.name()) { 0.8 } else { 0.1 };
        let scores = passages.iter().map(|&Passage { text, spans }| Scores {
            sentiment: Self::sentiment(text),
            emotions: Vec::new(),
            intents: Vec::new(),
            touchpoints: headed("touchpoint", Self::touchpoints(text).to_vec()),
            signals: headed("signals", Signal::ALL.map(|own| signal(text, own)).to_vec()),
            targets: Vec::new(),
            embedding: Vec::new(),
            spans: spans.iter().map(|range| span(&text[range.clone()])).collect(),
            tokens: 2,
        });
        Ok(scores.collect())
    }
}
