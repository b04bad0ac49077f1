//! Sequence classifiers of four Hugging Face families behind one type, built from a checkpoint's `config.json`. Other families, and shapes that would
//! make libtorch or rust-bert panic, are errors.

use super::{failed, refuse};
use crate::Result;
use rust_bert::bert::{BertConfig, BertForSequenceClassification};
use rust_bert::distilbert::{DistilBertConfig, DistilBertModelClassifier};
use rust_bert::roberta::RobertaForSequenceClassification;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tch::Tensor;
use tch::nn::VarStore;

/// The fields used of a `config.json`; sizes are named differently by each family.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    id2label: Option<BTreeMap<usize, String>>,
    vocab_size: usize,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: Option<usize>,
    #[serde(alias = "activation")]
    hidden_act: String,
    pad_token_id: Option<i64>,
    #[serde(default)]
    sinusoidal_pos_embds: bool,
    position_embedding_type: Option<String>,
    layer_norm_eps: Option<f64>,
}

/// rust-bert normalises with an epsilon of 1e-12, whatever a checkpoint says. RoBERTa and XLM-R say 1e-5: with 1e-12 instead, the embedded model in
/// f32 (PyTorch, 300 texts in 21 languages) moves its probabilities by 0.00005 in the mean and 0.001 at most, and no label; with 1e-3 by 0.08, and 4
/// labels.
const EPS: f64 = 1e-5;

/// A family of checkpoints with its rust-bert settings.
#[derive(Clone)]
enum Family {
    Bert(BertConfig),
    DistilBert(DistilBertConfig),
    /// Also XLM-R.
    Roberta(BertConfig),
}

/// Shape of a checkpoint, known before any weight is read.
pub(super) struct Shape {
    family: Family,
    /// Names of the outputs, in order.
    pub(super) names: Vec<String>,
    pub(super) vocabulary: usize,
    /// Maximum number of tokens per window.
    pub(super) window: usize,
    /// Padding token of the short rows of a batch.
    pub(super) pad: i64,
    /// Layers, hidden size, attention heads, feed-forward size, positions.
    pub(super) sizes: [usize; 5],
}

/// A model of one of the families.
pub(super) enum Classifier {
    Bert(BertForSequenceClassification),
    DistilBert(DistilBertModelClassifier),
    Roberta(RobertaForSequenceClassification),
}

impl Shape {
    /// Parses and checks a `config.json`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refuse = |reason: &str| refuse("config.json", reason);
        let config: Config = serde_json::from_str(text).map_err(|e| refuse(&e.to_string()))?;
        let sizes = [
            ("layers", config.num_hidden_layers),
            ("hidden size", config.hidden_size),
            ("attention heads", config.num_attention_heads),
            ("inner size", config.intermediate_size),
            ("positions", config.max_position_embeddings),
            ("vocabulary", config.vocab_size),
            ("token types", config.type_vocab_size.unwrap_or(1)),
        ];
        if let Some((name, size)) = sizes.iter().find(|(_, size)| !(1..=1 << 22).contains(size)) {
            return Err(refuse(&format!("{name} = {size} is not a size")));
        }
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(refuse("the hidden size must be a multiple of the attention heads"));
        }
        if config
            .position_embedding_type
            .as_deref()
            .is_some_and(|kind| kind != "absolute")
        {
            return Err(refuse("only absolute positions can be run"));
        }
        if let Some(eps) = config.layer_norm_eps.filter(|eps| !(0.0..=EPS).contains(eps)) {
            return Err(refuse(&format!(
                "layer_norm_eps = {eps} cannot be run; up to {EPS:e} can"
            )));
        }
        let names: Vec<String> = config.id2label.iter().flatten().map(|(_, name)| name.clone()).collect();
        let places = config.id2label.iter().flatten().map(|(place, _)| *place);
        if names.len() < 2 || !places.eq(0..names.len()) {
            return Err(refuse("id2label must name two or more outputs, from 0 on"));
        }
        let activation = match config.hidden_act.as_str() {
            "gelu" | "relu" | "gelu_new" => config.hidden_act.as_str(),
            other => {
                return Err(refuse(&format!(
                    "activation {other} cannot be run; gelu, relu or gelu_new can"
                )));
            }
        };
        let labels: BTreeMap<String, &String> = (0_usize..).map(|n| n.to_string()).zip(&names).collect();
        let bert = json!({
            "hidden_act": activation, "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0, "initializer_range": 0.02,
            "hidden_size": config.hidden_size, "intermediate_size": config.intermediate_size,
            "num_attention_heads": config.num_attention_heads, "num_hidden_layers": config.num_hidden_layers,
            "max_position_embeddings": config.max_position_embeddings,
            "type_vocab_size": config.type_vocab_size.unwrap_or(2), "vocab_size": config.vocab_size, "id2label": labels,
        });
        let distilbert = json!({
            "activation": activation, "attention_dropout": 0.0, "dim": config.hidden_size, "dropout": 0.0,
            "hidden_dim": config.intermediate_size, "id2label": labels, "initializer_range": 0.02,
            "max_position_embeddings": config.max_position_embeddings, "n_heads": config.num_attention_heads,
            "n_layers": config.num_hidden_layers, "qa_dropout": 0.0, "seq_classif_dropout": 0.0,
            "sinusoidal_pos_embds": config.sinusoidal_pos_embds, "tie_weights_": true, "vocab_size": config.vocab_size,
        });
        let read = |value: Value| serde_json::from_value(value).map_err(|e| refuse(&e.to_string()));
        let (family, first, pad) = match config.model_type.as_str() {
            "bert" => (Family::Bert(read(bert)?), 0, 0),
            "distilbert" => {
                let value = serde_json::from_value(distilbert).map_err(|e| refuse(&e.to_string()))?;
                (Family::DistilBert(value), 0, 0)
            }
            // Their positions start after the number of the padding token, which rust-bert assumes to be 1.
            "roberta" | "xlm-roberta" => (Family::Roberta(read(bert)?), 2, 1),
            other => {
                return Err(refuse(&format!(
                    "models of type {other} cannot be run; bert, distilbert, roberta and xlm-roberta can"
                )));
            }
        };
        let said = config.pad_token_id.unwrap_or(pad);
        if (first > 0 && said != pad) || !(0..config.vocab_size as i64).contains(&said) {
            return Err(refuse(&format!("pad_token_id = {said} cannot be run")));
        }
        let window = config.max_position_embeddings.saturating_sub(first).min(512);
        if window < 16 {
            return Err(refuse("there must be at least 16 positions for a text"));
        }
        let [layers, hidden, heads, inner, positions, ..] = sizes.map(|(_, size)| size);
        Ok(Self {
            family,
            names,
            vocabulary: config.vocab_size,
            window,
            pad: said,
            sizes: [layers, hidden, heads, inner, positions],
        })
    }

    /// Returns a function that builds models of this shape.
    pub(super) fn builder(&self) -> impl Fn(&VarStore) -> Result<Classifier> + Send + Sync + use<> {
        let family = self.family.clone();
        move |store| {
            let root = store.root();
            match &family {
                Family::Bert(config) => BertForSequenceClassification::new(root, config).map(Classifier::Bert),
                Family::DistilBert(config) => DistilBertModelClassifier::new(root, config).map(Classifier::DistilBert),
                Family::Roberta(config) => RobertaForSequenceClassification::new(root, config).map(Classifier::Roberta),
            }
            .map_err(|e| failed(&e))
        }
    }
}

impl Classifier {
    /// Logits `[rows, outputs]` for token ids and their mask, both `[rows, tokens]`.
    pub(super) fn logits(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        match self {
            Self::Bert(model) => Ok(model.forward_t(Some(ids), Some(mask), None, None, None, false).logits),
            Self::Roberta(model) => Ok(model.forward_t(Some(ids), Some(mask), None, None, None, false).logits),
            Self::DistilBert(model) => {
                let output = model.forward_t(Some(ids), Some(mask), None, false);
                output.map(|output| output.logits).map_err(|e| failed(&e))
            }
        }
    }
}
