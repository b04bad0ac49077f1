//! Vectors in the theme file: one line of numbers rounded to five decimals, read back bit for bit.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::geometry::rounded;

/// A vector, serialised as one line of numbers separated by spaces.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Figures(Vec<f32>);

impl Figures {
    /// Rounds each number to five decimals.
    pub(super) fn new(values: impl IntoIterator<Item = f32>) -> Self {
        Self(values.into_iter().map(rounded).collect())
    }
}

impl Deref for Figures {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<String> = self.0.iter().map(f32::to_string).collect();
        serializer.serialize_str(&words.join(" "))
    }
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = String::deserialize(deserializer)?;
        let figure = |word: &str| match word.parse::<f32>() {
            Ok(figure) if figure.is_finite() => Ok(figure),
            _ => Err(D::Error::custom(format!("`{word}` is no figure"))),
        };
        line.split_ascii_whitespace()
            .map(figure)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn come_back_as_they_were() {
        let figures = Figures::new([0.123_456_78, -0.0, 1e-9, -3.999_999, 12.0]);
        let text = serde_json::to_string(&figures).expect("text");
        assert_eq!(text, "\"0.12346 0 0 -4 12\"");
        assert_eq!(serde_json::from_str::<Figures>(&text).expect("figures"), figures);
        assert!(serde_json::from_str::<Figures>("\"1 two\"").is_err());
        assert!(serde_json::from_str::<Figures>("\"NaN\"").is_err());
    }
}
