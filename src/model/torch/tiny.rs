//! Tiny random checkpoints of each family in Hugging Face format, for the tests of the engine and of the program. Their vocabulary is `w4` to `w39`.

#![allow(clippy::unwrap_used)] // made in tests only

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Size of the vocabulary.
pub(super) const WORDS: usize = 40;
const HIDDEN: usize = 8;
const FFN: usize = 16;

/// `config.json` of a family.
pub(super) fn config(family: &str, labels: &[&str]) -> Value {
    let labels: HashMap<String, &str> = labels.iter().enumerate().map(|(n, l)| (n.to_string(), *l)).collect();
    if family == "distilbert" {
        return json!({"model_type": family, "id2label": labels, "vocab_size": WORDS, "dim": HIDDEN, "n_layers": 2, "n_heads": 2,
            "hidden_dim": FFN, "max_position_embeddings": 34, "activation": "gelu", "pad_token_id": 0});
    }
    let pad = usize::from(family != "bert");
    json!({"model_type": family, "id2label": labels, "vocab_size": WORDS, "hidden_size": HIDDEN, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": FFN, "max_position_embeddings": 34, "type_vocab_size": 1 + usize::from(pad == 0),
        "hidden_act": "gelu", "pad_token_id": pad, "layer_norm_eps": 1e-5})
}

/// Tokenizer of numbered words, with the special tokens of the family.
fn tokenizer(family: &str) -> Value {
    let roberta = family.ends_with("roberta");
    let names: [&str; 4] = if roberta {
        ["<s>", "<pad>", "</s>", "<unk>"]
    } else {
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    };
    let (first, last, unknown) = if roberta { (0, 2, "<unk>") } else { (2, 3, "[UNK]") };
    let mut words: HashMap<String, usize> = names.iter().enumerate().map(|(n, w)| ((*w).to_owned(), n)).collect();
    words.extend((4..WORDS).map(|n| (format!("w{n}"), n)));
    let special = |n: usize| json!({"id": n, "content": names[n], "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    let one = |n: usize| json!({"SpecialToken": {"id": names[n], "type_id": 0}});
    let single = json!([one(first), {"Sequence": {"id": "A", "type_id": 0}}, one(last)]);
    let known = |n: usize| {
        (
            names[n].to_owned(),
            json!({"id": names[n], "ids": [n], "tokens": [names[n]]}),
        )
    };
    let known: HashMap<String, Value> = [known(first), known(last)].into_iter().collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [special(0), special(1), special(2), special(3)],
        "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": known},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": unknown}})
}

/// Names and shapes of a family's tensors, as Hugging Face writes them.
pub(super) fn shapes(family: &str, outputs: usize) -> Vec<(String, Vec<usize>)> {
    let mut all = Vec::new();
    let mut matrix = |name: String, rows: usize, columns: usize| {
        all.push((format!("{name}.weight"), vec![rows, columns]));
        all.push((format!("{name}.bias"), vec![rows]));
    };
    let (h, f) = (HIDDEN, FFN);
    let distil = family == "distilbert";
    let root = if family == "xlm-roberta" { "roberta" } else { family };
    let mut norms = vec![format!("{root}.embeddings.LayerNorm")];
    for n in 0..2 {
        if distil {
            let at = format!("{root}.transformer.layer.{n}");
            for part in ["q_lin", "k_lin", "v_lin", "out_lin"] {
                matrix(format!("{at}.attention.{part}"), h, h);
            }
            matrix(format!("{at}.ffn.lin1"), f, h);
            matrix(format!("{at}.ffn.lin2"), h, f);
            norms.extend([format!("{at}.sa_layer_norm"), format!("{at}.output_layer_norm")]);
        } else {
            let at = format!("{root}.encoder.layer.{n}");
            for part in [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ] {
                matrix(format!("{at}.{part}"), h, h);
            }
            matrix(format!("{at}.intermediate.dense"), f, h);
            matrix(format!("{at}.output.dense"), h, f);
            norms.extend([
                format!("{at}.attention.output.LayerNorm"),
                format!("{at}.output.LayerNorm"),
            ]);
        }
    }
    match family {
        "bert" => {
            matrix("bert.pooler.dense".into(), h, h);
            matrix("classifier".into(), outputs, h);
        }
        "distilbert" => {
            matrix("pre_classifier".into(), h, h);
            matrix("classifier".into(), outputs, h);
        }
        _ => {
            matrix("classifier.dense".into(), h, h);
            matrix("classifier.out_proj".into(), outputs, h);
        }
    }
    let tables = if distil {
        vec![("word", WORDS), ("position", 34)]
    } else {
        vec![
            ("word", WORDS),
            ("position", 34),
            ("token_type", 1 + usize::from(family == "bert")),
        ]
    };
    all.extend(
        tables
            .into_iter()
            .map(|(name, rows)| (format!("{root}.embeddings.{name}_embeddings.weight"), vec![rows, h])),
    );
    for norm in norms {
        all.push((format!("{norm}.weight"), vec![h]));
        all.push((format!("{norm}.bias"), vec![h]));
    }
    all
}

/// Deterministic pseudo-random values, seeded by the tensor's name.
pub(super) fn values(name: &str, count: usize) -> Vec<f32> {
    let mut state = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
    let around = if name.contains("orm.weight") || name.contains("norm.weight") {
        1.0
    } else {
        0.0
    };
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        around + ((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// Writes a checkpoint of this family with these output names.
pub(super) fn write(folder: &Path, family: &str, labels: &[&str]) {
    fs::write(folder.join("config.json"), config(family, labels).to_string()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer(family).to_string()).unwrap();
    let tensors: Vec<_> = shapes(family, labels.len())
        .into_iter()
        .map(|(name, shape)| {
            let bytes: Vec<u8> = values(&name, shape.iter().product())
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            (name, shape, bytes)
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    fs::write(
        folder.join("model.safetensors"),
        safetensors::serialize(views, None).unwrap(),
    )
    .unwrap();
}
