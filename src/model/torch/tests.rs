//! Invariants of the libtorch engine, on tiny random checkpoints of each family, and on the embedded model.

use super::tiny::{WORDS, config, shapes, values, write};
use super::{Checkpoint, LibTorch, base};
use crate::Error;
use crate::model::{Card, Engine, Native, Passage, Quality, Scores};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use tch::Tensor;
use tempfile::TempDir;

const TEXTS: [&str; 5] = ["w5 w7", "w9", "w11 w12 w13 w14 w15 w16 w17", "", "w20 unheard w21"];

static NATIVE: LazyLock<Native> = LazyLock::new(|| crate::model::base(Quality::Best).unwrap());
static TORCH: LazyLock<LibTorch> = LazyLock::new(|| base(Quality::Best).unwrap());

fn checkpoint(family: &str, labels: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), family, labels);
    folder
}

fn open(folder: &TempDir) -> crate::Result<Checkpoint> {
    Checkpoint::open(folder.path(), &[], NATIVE.card())
}

fn score(engine: &dyn Engine, texts: &[&str]) -> Vec<Scores> {
    let passages: Vec<Passage<'_>> = texts.iter().copied().map(Passage::from).collect();
    engine.score(&passages).unwrap()
}

fn near(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

#[test]
fn every_family_scores_alone_as_in_a_batch() {
    for family in ["bert", "distilbert", "roberta", "xlm-roberta"] {
        let engine = open(&checkpoint(family, &["negative", "neutral", "positive"])).unwrap();
        let together = score(&engine, &TEXTS);
        for (text, scores) in TEXTS.iter().zip(&together) {
            let alone = &score(&engine, &[text])[0];
            assert!(
                near(&alone.sentiment, &scores.sentiment, 1e-5),
                "{family} {text:?}: {alone:?} {scores:?}"
            );
            assert!((scores.sentiment.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!(
            !near(&together[0].sentiment, &together[2].sentiment, 1e-4),
            "{family}: the text makes no difference"
        );
    }
}

#[test]
fn long_texts_are_read_to_their_end() {
    let engine = open(&checkpoint("roberta", &["NEG", "POS"])).unwrap();
    let long = "w8 w9 w10. ".repeat(60);
    let (one, other) = (format!("{long} w30 w31 w32"), format!("{long} w4 w5 w6"));
    let scores = score(&engine, &[&one, &other]);
    assert!(scores[0].tokens > 180);
    assert_ne!(scores[0].sentiment, scores[1].sentiment);
}

#[test]
fn spans_are_texts_of_their_own() {
    let engine = open(&checkpoint("bert", &["negative", "neutral", "positive"])).unwrap();
    let passage = Passage {
        text: "w5 w6 w7 w8",
        spans: &[0..5, 6..11],
    };
    let alone = score(&engine, &["w5 w6", "w7 w8"]);
    let scores = &engine.score(&[Passage::from("w9"), passage]).unwrap()[1];
    for (span, alone) in scores.spans.iter().zip(alone) {
        assert!(near(&span.sentiment, &alone.sentiment, 1e-5));
    }
    assert_eq!(scores.spans.len(), 2);
}

/// Both engines give spans and their polarity by the same method.
#[test]
fn spans_agree() {
    let text = "Great coffee, awful queue.";
    let passage = [Passage {
        text,
        spans: &[0..13, 14..26],
    }];
    let (a, b) = (NATIVE.score(&passage).unwrap(), TORCH.score(&passage).unwrap());
    for (a, b) in a[0].spans.iter().zip(&b[0].spans) {
        assert_eq!((a.polarity.len(), b.polarity.len()), (3, 3));
        assert!(
            near(&a.polarity, &b.polarity, 0.1) && near(&a.sentiment, &b.sentiment, 0.1),
            "{a:?} {b:?}"
        );
        assert!(near(&a.embedding, &b.embedding, 0.05));
    }
    assert!(b[0].spans[0].sentiment[2] > b[0].spans[1].sentiment[2]);
}

#[test]
fn stars_add_up() {
    let stars = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"];
    let folder = checkpoint("bert", &stars);
    let engine = open(&folder).unwrap();
    let said: Vec<String> = ["negative", "positive", "positive", "positive", "positive"]
        .map(str::to_owned)
        .to_vec();
    let turned = Checkpoint::open(folder.path(), &said, NATIVE.card()).unwrap();
    let (a, b) = (
        score(&engine, &["w5"])[0].sentiment,
        score(&turned, &["w5"])[0].sentiment,
    );
    assert!(a[0] > b[0] && b[1] == 0.0 && (a.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert_ne!(engine.fingerprint(), turned.fingerprint());
}

#[test]
fn the_own_format_reads_the_same() {
    let labels = ["negative", "neutral", "positive"];
    let folder = checkpoint("distilbert", &labels);
    let wanted = score(&open(&folder).unwrap(), &TEXTS);
    let tensors: Vec<(String, Tensor)> = shapes("distilbert", 3)
        .into_iter()
        .map(|(name, shape)| {
            let size: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
            let tensor = Tensor::from_slice(&values(&name, shape.iter().product())).reshape(size);
            (name, tensor)
        })
        .collect();
    Tensor::save_multi(&tensors, folder.path().join("rust_model.ot")).unwrap();
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(score(&open(&folder).unwrap(), &TEXTS), wanted);
    fs::write(folder.path().join("rust_model.ot"), b"not a model").unwrap();
    assert!(open(&folder).err().unwrap().to_string().contains("rust_model.ot"));
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let labels = ["negative", "neutral", "positive"];
    let said = |change: &dyn Fn(&Path)| {
        let folder = checkpoint("bert", &labels);
        change(folder.path());
        open(&folder)
            .err()
            .map_or_else(|| "accepted".to_owned(), |e| e.to_string())
    };
    let with = |key: &'static str, value: Value| {
        said(&move |folder: &Path| {
            let mut config = config("bert", &labels);
            config[key] = value.clone();
            fs::write(folder.join("config.json"), config.to_string()).unwrap();
        })
    };
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        assert!(
            said(&|folder| fs::remove_file(folder.join(file)).unwrap()).contains(file),
            "{file} is missing"
        );
        assert!(
            said(&|folder| fs::write(folder.join(file), b"{").unwrap()).contains(file),
            "{file} is damaged"
        );
    }
    assert!(with("model_type", json!("gpt2")).contains("gpt2"));
    assert!(with("num_attention_heads", json!(3)).contains("multiple"));
    assert!(with("num_attention_heads", json!(0)).contains("not a size"));
    assert!(with("num_hidden_layers", json!(3)).contains("layer.2"));
    assert!(with("vocab_size", json!(WORDS + 1)).contains("word_embeddings"));
    assert!(with("vocab_size", json!(10)).contains("tokenizer.json"));
    assert!(with("hidden_act", json!("silu")).contains("silu"));
    assert!(with("id2label", json!({"0": "joy", "1": "anger", "2": "fear"})).contains("--labels"));
    assert!(with("id2label", json!({"0": "negative", "1": "positive"})).contains("classifier.bias has shape"));
    assert!(with("id2label", json!({"1": "negative", "2": "positive"})).contains("id2label"));
    assert!(with("id2label", Value::Null).contains("id2label"));
    assert!(with("pad_token_id", json!(99)).contains("pad_token_id"));
    assert!(with("max_position_embeddings", json!(8)).contains("positions"));
    assert!(with("position_embedding_type", json!("relative_key")).contains("absolute"));
    assert!(with("layer_norm_eps", json!(1e-3)).contains("layer_norm_eps = 0.001"));
    let nowhere = Checkpoint::open(Path::new("no/such/folder"), &[], NATIVE.card());
    assert!(matches!(nowhere.err(), Some(Error::Missing { .. })));
}

#[test]
fn messages_say_what_to_do() {
    let labels = ["negative", "neutral", "positive"];
    let mut said = Vec::new();
    let mut note = |change: &dyn Fn(&Path)| {
        let folder = checkpoint("roberta", &labels);
        change(folder.path());
        said.push(open(&folder).err().map(|e| e.to_string()).unwrap_or_default());
    };
    let with = |folder: &Path, key: &str, value: Value| {
        let mut config = config("roberta", &labels);
        config[key] = value;
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
    };
    note(&|folder| with(folder, "model_type", json!("gpt2")));
    note(&|folder| with(folder, "id2label", json!({"0": "joy", "1": "anger", "2": "fear"})));
    note(&|folder| with(folder, "num_hidden_layers", json!(3)));
    note(&|folder| with(folder, "layer_norm_eps", json!(1e-3)));
    note(&|folder| write(folder, "bert", &labels[..2]));
    note(&|folder| fs::write(folder.join("model.safetensors"), b"{").unwrap());
    insta::assert_snapshot!(said.join("\n"));
}

/// Compares the embedded model with PyTorch, on the fixture that the training recipe writes.
#[test]
fn scores_agree_with_python() {
    #[derive(serde::Deserialize)]
    struct Row {
        text: String,
        logits: Vec<f32>,
    }
    let rows: Vec<Row> = serde_json::from_str(include_str!("../parity.json")).unwrap();
    let texts: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
    let ours = TORCH.reader.logits(&TORCH.encoder, &texts).unwrap();
    for (row, ours) in rows.iter().zip(ours) {
        assert!(
            near(&ours, &row.logits, 1e-5),
            "{:?}: {ours:?}, Python {:?}",
            row.text,
            row.logits
        );
    }
}

/// Quantisation to 8 bits changes probabilities slightly: labels differ only where the f32 model is undecided.
#[test]
fn engines_agree() {
    let sample = include_str!("../../../data/samples/feedback.csv");
    let texts: Vec<&str> = sample.lines().skip(1).filter(|line| line.len() > 20).collect();
    let top = |s: &Scores| (0..4).max_by(|a, b| s.sentiment[*a].total_cmp(&s.sentiment[*b]));
    let lead = |s: &Scores| {
        let mut sorted = s.sentiment;
        sorted.sort_by(f32::total_cmp);
        sorted[3] - sorted[2]
    };
    let (native, torch) = (score(&*NATIVE, &texts), score(&*TORCH, &texts));
    let mut same = 0;
    for ((text, a), b) in texts.iter().zip(&native).zip(&torch) {
        assert_eq!(a.tokens, b.tokens);
        assert!(near(&a.sentiment, &b.sentiment, 0.1), "{text}: {a:?} {b:?}");
        assert!(top(a) == top(b) || lead(b) < 0.1, "{text}: {a:?} {b:?}");
        same += usize::from(top(a) == top(b));
    }
    assert!(same as f64 >= 0.98 * texts.len() as f64, "{same} of {}", texts.len());
    let cards: [&Card; 2] = [NATIVE.card(), TORCH.card()];
    assert_eq!(cards[0].id, cards[1].id);
    assert_ne!(NATIVE.fingerprint(), TORCH.fingerprint());
}
