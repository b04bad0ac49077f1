//! The closed sets behind `ut_emotion`, `ut_intent`, `ut_touchpoint` and `ut_signals`, by the names that the model config and the output share. A config
//! with a label outside them is an error.

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

/// Where along a customer's journey a comment belongs: the themes of the default taxonomy, by their ids. That it belongs nowhere is an answer too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touchpoint {
    /// Reaching customer service, and being helped by it.
    ContactCentre,
    /// Advice, promises and pressure before a purchase.
    Sales,
    /// Advertising, offers, newsletters.
    Marketing,
    /// Website and app.
    WebsiteApp,
    /// Invoices, payment, subscriptions.
    Billing,
    /// Prices and fees.
    Price,
    /// Ordering and delivery.
    Delivery,
    /// The product, or the service itself.
    ProductQuality,
    /// Returns, refunds, repairs, warranty.
    AfterSales,
    /// The people met.
    Staff,
    /// Instructions, terms, ease of use.
    Information,
}

impl Touchpoint {
    /// Every touchpoint, in the order of the model's head, whose first output is none of them.
    pub const ALL: [Self; 11] = [
        Self::ContactCentre,
        Self::Sales,
        Self::Marketing,
        Self::WebsiteApp,
        Self::Billing,
        Self::Price,
        Self::Delivery,
        Self::ProductQuality,
        Self::AfterSales,
        Self::Staff,
        Self::Information,
    ];

    /// The name in the output, in the model card and in the default taxonomy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContactCentre => "contact_centre",
            Self::Sales => "sales",
            Self::Marketing => "marketing",
            Self::WebsiteApp => "website_app",
            Self::Billing => "billing",
            Self::Price => "price",
            Self::Delivery => "delivery",
            Self::ProductQuality => "product_quality",
            Self::AfterSales => "after_sales",
            Self::Staff => "staff",
            Self::Information => "information",
        }
    }

    /// The touchpoint of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|touchpoint| touchpoint.name() == name)
    }
}

/// Something in a comment that somebody has to act on. None of them above its threshold is the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Leaves, or threatens to.
    Churn,
    /// Speaks of lawyers, courts, authorities.
    Legal,
    /// Somebody was or could be hurt.
    Safety,
    /// Data or an account got into wrong hands.
    Security,
    /// A person who needs special care.
    Vulnerable,
    /// Has written or called before about the same thing.
    RepeatContact,
    /// Makes it public, or threatens to.
    PublicExposure,
    /// Wants money or another recompense.
    Compensation,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 8] = [
        Self::Churn,
        Self::Legal,
        Self::Safety,
        Self::Security,
        Self::Vulnerable,
        Self::RepeatContact,
        Self::PublicExposure,
        Self::Compensation,
    ];

    /// Name in the output and in the model config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Legal => "legal",
            Self::Safety => "safety",
            Self::Security => "security",
            Self::Vulnerable => "vulnerable",
            Self::RepeatContact => "repeat_contact",
            Self::PublicExposure => "public_exposure",
            Self::Compensation => "compensation",
        }
    }

    /// The signal of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }
}
