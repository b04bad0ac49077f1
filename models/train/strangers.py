#!/usr/bin/env python3
"""How does the recipe do on sets it never saw? Input: base weights, labelled sets. Output: a table, each set judged by a model that was trained without it.

usage: strangers.py --packed FILE --tokenizer FILE --space FILE --corpus FILE --data DIR --model DIR --out DIR [--minutes M]

A model is trained for each fold of sets from the base on all the others, for few minutes: what it makes of the fold is what a stranger's comments may expect of a run
of that length. Beside it stands the shipped model, which was trained on other rows of these sets, and far longer. Sets that share sentences leave together. Rows
judged are those of `test`, else `dev`, else a sample; the shipped model has seen those without a split (marked with a star). Sentiment is the choice of the highest
output, uncalibrated; intent is judged where a set tells one.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import corpus
from encoder import Encoder, from_hugging_face
from export import restore
from finish import macro_f1, outputs
from train import EXIT, HEADS

FOLDS = (
    ("umsab", "germeval2017_dev", "pros_cons_en", "kosovan_uk_translated"),
    ("wccrs_pl", "mini_bar_app_reviews", "brand_tweets_en", "absa_tv_tshirt"),
    ("husst", "sentence_polarity_en", "mozetic_tweets_posneg", "pt_bank_app_reviews", "hu_liu_product_reviews"),
    ("m_absa", "mams", "acos_en", "absapt2024_sentences_pt", "opinhubank"),
)
CAP = 600  # rows judged of a set and language
SHOWN = ("en", "de", "es", "fr", "it", "pt", "pl", "hu", "ru", "uk", "bg", "sk", "sv", "hr")


def judged(folder, source):
    """Rows by language, and the split they are from."""
    rows = [r for r in corpus.read(folder, source.name) if r["lang"] in SHOWN and r.get("label") in corpus.POLARITY]
    for split in ("test", "dev", "train"):
        chosen = [r for r in rows if corpus.split_of(source.name, r) == split]
        if chosen:
            break
    groups = {}
    for r in sorted(chosen, key=lambda r: corpus.fingerprint(r["text"])):
        if (e := corpus.example(source, r)) and e["sentiment"] and len(groups.setdefault(r["lang"], [])) < CAP:
            groups[r["lang"]].append(e)
    return groups, split


def trained(checkpoint):
    """Encoder and heads of a checkpoint."""
    tensors = torch.load(checkpoint, weights_only=False, map_location="cpu")["model"]
    encoder = Encoder(tensors["encoder.words.weight"].shape[0], 12, exits=(EXIT,))
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")})
    heads = {d: {n: (tensors[f"{s}.{n}.weight"], tensors[f"{s}.{n}.bias"]) for n in HEADS} for d, s in (("last", "heads"), ("exit", "exit_heads"))}
    return encoder.eval(), heads


def shipped(folder):
    """Encoder and heads of exported files."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in restore(folder).items()}
    heads = {d: {n: (tensors[f"{s}.{n}.weight"], tensors[f"{s}.{n}.bias"]) for n in HEADS} for d, s in (("last", "heads"), ("exit", f"exits.{EXIT}.heads"))}
    return from_hugging_face(tensors, range(12), exits=(EXIT,)).eval(), heads


def answers(model, tokenizer, texts):
    """Outputs of the last layer: sentiment and intent."""
    found = outputs(*model, tokenizer, texts)[0]["last"]
    return np.stack(found["sentiment"]), np.stack(found["intent"])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("packed", "tokenizer", "space", "corpus", "data", "model", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    ap.add_argument("--minutes", type=float, default=6)
    a = ap.parse_args()
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(160)
    tokenizer.no_padding()
    a.out.mkdir(parents=True, exist_ok=True)
    for number, left in enumerate(FOLDS, 1):
        out = a.out / f"fold{number}"
        subprocess.run([sys.executable, "-W", "ignore", str(Path(__file__).with_name("train.py")), "--packed", str(a.packed), "--tokenizer", str(a.tokenizer), "--space", str(a.space),
                        "--corpus", str(a.corpus), "--out", str(out), "--minutes", str(a.minutes), "--leave-out", ",".join(left)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    sources = {s.name: s for s in corpus.SOURCES}
    print("| set | language | rows | macro-F1, set left out | macro-F1, as shipped | intent accuracy, set left out |\n|---|---|---|---|---|---|", flush=True)
    for number, left in enumerate(FOLDS, 1):
        groups, splits = {}, {}
        for name in left:
            found, splits[name] = judged(a.data, sources[name])
            groups |= {(name, lang): rows for lang, rows in found.items()}
        texts = [e["text"] for rows in groups.values() for e in rows]
        (without, intents), (everything, _) = (answers(model, tokenizer, texts) for model in (trained(a.out / f"fold{number}" / "checkpoint.pt"), shipped(a.model)))
        at = 0
        for (name, lang), rows in groups.items():
            wanted = np.array([np.argmax(e["sentiment"]) for e in rows])
            classes = [0, 2] if sources[name].two_class else [0, 1, 2]
            own = slice(at, at + len(rows))
            at += len(rows)
            scores = [macro_f1(np.array(classes)[x[own][:, classes].argmax(1)], wanted) for x in (without, everything)]
            meant = np.array([np.argmax(e["intent"]) if e["intent"] and max(e["intent"]) == 1 else -1 for e in rows])
            told = f"{(intents[own].argmax(1) == meant)[meant >= 0].mean():.3f}" if (meant >= 0).any() else ""
            print(f"| `{name}`{'*' * (splits[name] == 'train')} | {lang} | {len(rows)} | {scores[0]:.3f} | {scores[1]:.3f} | {told} |", flush=True)


if __name__ == "__main__":
    main()
