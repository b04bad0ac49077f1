//! The behavioural suite: it is complete, was not used in training, and rejects a model that does worse than the reported one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use undertone::eval::suite::{self, Capability};

use crate::support::Room;

/// Minimum size of the suite.
const FEWEST_CASES: usize = 3_000;
const FEWEST_LANGUAGES: usize = 12;
/// Number of capabilities with at least [`FEWEST_EACH`] cases in every one of those languages.
const FEWEST_WHOLE: usize = 18;
const FEWEST_EACH: usize = 12;
/// Tolerance below the reported share, for the whole suite and for one capability.
const SLACK: f64 = 0.01;
const CAPABILITY_SLACK: f64 = 0.10;
/// Two sentences that share more of their four-letter n-grams than this are paraphrases.
const SAME_SENTENCE: f64 = 0.6;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour")
}

fn capabilities() -> Vec<Capability> {
    suite::read(&folder()).expect("the suite")
}

/// Every text with its language.
fn texts(capability: &Capability) -> Vec<(&str, &str)> {
    let cases = capability.cases.iter().map(|c| (c.language.as_str(), c.text.as_str()));
    let groups = capability
        .groups
        .iter()
        .flat_map(|g| g.texts.iter().map(|t| (g.language.as_str(), t.as_str())));
    let pairs = capability.pairs.iter().flat_map(|p| {
        [
            (p.language.as_str(), p.better.as_str()),
            (p.language.as_str(), p.worse.as_str()),
        ]
    });
    cases.chain(groups).chain(pairs).collect()
}

#[test]
fn suite_is_as_large_as_promised_and_says_nothing_twice() {
    let capabilities = capabilities();
    let names: BTreeSet<&str> = capabilities.iter().map(|c| c.capability.as_str()).collect();
    assert_eq!(names.len(), capabilities.len(), "a capability has one file");
    let asked: usize = capabilities
        .iter()
        .map(|c| c.cases.len() + c.groups.len() + c.pairs.len())
        .sum();
    assert!(asked >= FEWEST_CASES, "{asked} cases");
    let mut seen = HashSet::new();
    let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
    for (language, text) in capabilities.iter().flat_map(texts) {
        assert!(seen.insert(text), "twice: {text}");
        *languages.entry(language).or_default() += 1;
    }
    languages.retain(|_, count| *count >= 20);
    assert!(languages.len() >= FEWEST_LANGUAGES, "{languages:?}");
}

/// Number of cases of a capability in each language.
fn asked(capability: &Capability) -> BTreeMap<&str, usize> {
    let cases = capability.cases.iter().map(|c| &c.language);
    let groups = capability.groups.iter().map(|g| &g.language);
    let pairs = capability.pairs.iter().map(|p| &p.language);
    let mut asked = BTreeMap::new();
    for language in cases.chain(groups).chain(pairs) {
        *asked.entry(language.as_str()).or_default() += 1;
    }
    asked
}

#[test]
fn kinds_that_readers_get_wrong_are_asked_in_every_language() {
    let capabilities = capabilities();
    let whole = capabilities.iter().filter(|capability| {
        let asked = asked(capability);
        asked.len() >= FEWEST_LANGUAGES && asked.values().all(|&count| count >= FEWEST_EACH)
    });
    let whole: Vec<&str> = whole.map(|c| c.capability.as_str()).collect();
    assert!(whole.len() >= FEWEST_WHOLE, "{whole:?}");
}

/// N-grams of four letters, ignoring case and punctuation.
fn pieces(text: &str) -> HashSet<String> {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    letters.windows(4).map(String::from_iter).collect()
}

#[test]
fn no_training_phrase_is_like_a_sentence_of_the_suite() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/train/phrases.toml");
    let file: toml::Table = std::fs::read_to_string(path).expect("phrases").parse().expect("TOML");
    let phrases = file["phrase"].as_array().expect("phrases").iter();
    let phrases: Vec<HashSet<String>> = phrases
        .map(|phrase| pieces(phrase["text"].as_str().expect("a text")))
        .collect();
    assert!(phrases.len() > 1000);
    let capabilities = capabilities();
    for (_, text) in capabilities.iter().flat_map(texts) {
        let own = pieces(text);
        let like = |other: &HashSet<String>| {
            let (few, many) = (own.len().min(other.len()), own.len().max(other.len()));
            if (few as f64) < SAME_SENTENCE * many as f64 {
                return 0.0;
            }
            let shared = own.intersection(other).count();
            shared as f64 / (few + many - shared).max(1) as f64
        };
        let most = phrases.iter().map(like).fold(0.0, f64::max);
        assert!(most < SAME_SENTENCE, "trained on: {text} ({most:.2})");
    }
}

fn count(held: &Value, name: &str) -> f64 {
    held[name].as_f64().expect("a count")
}

fn rate(held: &Value) -> f64 {
    count(held, "passed") / count(held, "asked").max(1.0)
}

/// Share of expectations that hold over all of `names`.
fn rate_of<'n>(capabilities: &Value, names: impl Iterator<Item = &'n String> + Clone) -> f64 {
    let sum = |what: &str| -> f64 {
        let held = names.clone().map(|name| count(&capabilities[name]["all"], what));
        held.sum()
    };
    sum("passed") / sum("asked").max(1.0)
}

#[test]
fn model_does_not_do_worse_than_reported() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/base/report.json");
    let reported: Value = serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");
    let model = &reported["model"]["fingerprint"];
    let reported = &reported["behaviour"];
    let room = Room::new();
    let ended = room.run(&format!("eval --suite {} --json --quiet", folder().display()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let now: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        *model, now["model"]["fingerprint"],
        "the model is not the reported one: run models/evaluate"
    );
    // A capability newer than the report is compared from the next report on.
    let names = reported["capabilities"].as_object().expect("capabilities");
    let (all, was) = (rate_of(&now["capabilities"], names.keys()), rate(&reported["all"]));
    assert!(all >= was - SLACK, "{all:.3} was {was:.3}");
    for (name, held) in names {
        let now = &now["capabilities"][name]["all"];
        assert!(
            rate(now) >= rate(&held["all"]) - CAPABILITY_SLACK,
            "{name}: {now} was {}",
            held["all"]
        );
    }
}

#[test]
fn odd_suites_are_refused() {
    let room = Room::new();
    let mut answers = Vec::new();
    for (name, text) in [
        ("unknown_key", "capability = \"a\"\nabout = \"b\"\nnote = 1\n"),
        (
            "two_answers",
            "capability = \"a\"\nabout = \"b\"\n[[cases]]\nlanguage = \"en\"\ntext = \"x\"\nsentiment = [\"negative\"]\nintent = [\"praise\"]\n",
        ),
        (
            "no_language",
            "capability = \"a\"\nabout = \"b\"\n[[pairs]]\nlanguage = \"english\"\nbetter = \"x\"\nworse = \"y\"\n",
        ),
        (
            "lonely",
            "capability = \"a\"\nabout = \"b\"\n[[groups]]\nlanguage = \"en\"\ntexts = [\"x\"]\n",
        ),
        ("empty", ""),
    ] {
        std::fs::create_dir(room.path(name)).expect("a folder");
        if !text.is_empty() {
            room.put(&format!("{name}/a.toml"), text);
        }
        let ended = room.run(&format!("eval --suite {name}"));
        assert_eq!(ended.code, Some(2), "{name}");
        answers.push(ended.err.replace('\\', "/"));
    }
    insta::assert_snapshot!("odd_suites", answers.join("\n"));
}
