//! Maps the outputs of a checkpoint to negative, neutral, positive and mixed, by its `id2label` or by the user's labels. Unknown names, and sets without
//! a negative and a positive one, are errors.

use super::refuse;
use crate::{Error, Result};

/// The place of a sentiment among negative, neutral, positive, mixed.
type Class = usize;
const CLASSES: [&str; 4] = ["negative", "neutral", "positive", "mixed"];

/// Maps each output to a sentiment by its name in the checkpoint; `said` overrides the names, one per output.
pub(super) fn classes(names: &[String], said: &[String]) -> Result<Vec<Class>> {
    let numbered =
        |count: usize| names.len() == count && names.iter().enumerate().all(|(n, name)| *name == format!("LABEL_{n}"));
    let found: Option<Vec<Class>> = if !said.is_empty() {
        if said.len() != names.len() {
            let reason = format!(
                "{} names for {} outputs ({})",
                said.len(),
                names.len(),
                names.join(", ")
            );
            return Err(refuse("--labels", &reason));
        }
        said.iter().map(|name| class(name)).collect()
    } else if numbered(3) {
        Some(vec![0, 1, 2])
    } else {
        names.iter().map(|name| class(name)).collect()
    };
    let Some(found) = found.filter(|found| found.contains(&0) && found.contains(&2)) else {
        let shown = if said.is_empty() { names } else { said };
        return Err(Error::UnknownLabels {
            names: shown.join(", "),
            count: names.len(),
        });
    };
    Ok(found)
}

/// The class of a name: a word for it, or a number of stars.
fn class(name: &str) -> Option<Class> {
    let name = name.trim().to_lowercase().replace(['_', '-'], " ");
    let word = name.strip_prefix("very ").unwrap_or(&name);
    if let Some(at) = CLASSES.iter().position(|class| *class == word || class[..3] == *word) {
        return Some(at);
    }
    let stars = name.strip_suffix("stars").or_else(|| name.strip_suffix("star"))?;
    match stars.trim() {
        "1" | "2" => Some(0),
        "3" => Some(1),
        "4" | "5" => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], said: &[&str]) -> Result<Vec<Class>> {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        classes(&owned(names), &owned(said))
    }

    #[test]
    fn names_tell() {
        assert_eq!(of(&["Negative", "Neutral", "Positive"], &[]).unwrap(), [0, 1, 2]);
        assert_eq!(of(&["POS", "NEG"], &[]).unwrap(), [2, 0]);
        assert_eq!(of(&["mixed", "negative", "positive"], &[]).unwrap(), [3, 0, 2]);
        assert_eq!(of(&["LABEL_0", "LABEL_1", "LABEL_2"], &[]).unwrap(), [0, 1, 2]);
        assert_eq!(
            of(&["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], &[]).unwrap(),
            [0, 0, 1, 2, 2]
        );
        assert_eq!(of(&["Very Negative", "neu", "very_positive"], &[]).unwrap(), [0, 1, 2]);
        assert_eq!(of(&["LABEL_0", "LABEL_1"], &["positive", "negative"]).unwrap(), [2, 0]);
    }

    #[test]
    fn names_that_do_not_tell_are_refused() {
        let said = |result: Result<Vec<Class>>| result.unwrap_err().to_string();
        assert!(said(of(&["LABEL_0", "LABEL_1"], &[])).contains("--labels"));
        assert!(said(of(&["joy", "anger"], &[])).contains("joy, anger"));
        assert!(said(of(&["neutral", "positive"], &[])).contains("neutral, positive"));
        assert!(said(of(&["6 stars", "negative", "positive"], &[])).contains("6 stars"));
        assert!(said(of(&["a", "b"], &["negative"])).contains("1 names for 2 outputs"));
        assert!(said(of(&["a", "b"], &["good", "bad"])).contains("good, bad"));
    }
}
