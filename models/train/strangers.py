#!/usr/bin/env python3
"""How does the recipe do on sets it never saw? Input: base weights, labelled sets. Output: a table, each set judged by a model that was trained without it.

usage: strangers.py --packed FILE --tokenizer FILE --space FILE --data DIR --out DIR [--minutes M]

A model is trained for each fold of sets from the base on all the others, for few minutes, and once on all: the difference of the two columns is what a source's own
rows are worth, and the first column is what a stranger's comments may expect of a run of that length. Sets that share sentences leave together. Rows judged are
those of `test`, else `dev`, else a sample; those without a split were trained on by the model that saw all.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import corpus
from encoder import Encoder
from finish import macro_f1, outputs
from train import EXIT, HEADS

FOLDS = (
    ("umsab", "germeval2017_dev", "pros_cons_en", "kosovan_uk_translated"),
    ("wccrs_pl", "mini_bar_app_reviews", "brand_tweets_en", "absa_tv_tshirt"),
    ("husst", "sentence_polarity_en", "mozetic_tweets_posneg", "pt_bank_app_reviews", "hu_liu_product_reviews"),
    ("m_absa", "mams", "acos_en", "absapt2022_pt", "opinhubank"),
)
CAP = 600  # rows judged of a set and language
SHOWN = ("en", "de", "es", "fr", "it", "pt", "pl", "hu", "ru", "uk", "bg", "sk", "sv", "hr")


def judged(folder, source):
    """Rows by language."""
    rows = [r for r in corpus.read(folder, source.name) if r["lang"] in SHOWN and r.get("label") in corpus.SENTIMENT]
    for split in ("test", "dev", "train"):
        chosen = [r for r in rows if corpus.split_of(source.name, r) == split]
        if chosen:
            break
    groups = {}
    for r in sorted(chosen, key=lambda r: corpus.fingerprint(r["text"])):
        if (e := corpus.example(source, r)) and e["sentiment"] and len(groups.setdefault(r["lang"], [])) < CAP:
            groups[r["lang"]].append(e)
    return groups


def answers(checkpoint, tokenizer, texts):
    """Sentiment outputs of a checkpoint's last layer."""
    tensors = torch.load(checkpoint, weights_only=False, map_location="cpu")["model"]
    encoder = Encoder(tensors["encoder.words.weight"].shape[0], 12, exits=(EXIT,))
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")})
    heads = {d: {n: (tensors[f"{s}.{n}.weight"], tensors[f"{s}.{n}.bias"]) for n in HEADS} for d, s in (("last", "heads"), ("exit", "exit_heads"))}
    return np.stack(outputs(encoder.eval(), heads, tokenizer, texts)[0]["last"]["sentiment"])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("packed", "tokenizer", "space", "data", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    ap.add_argument("--minutes", type=float, default=10)
    a = ap.parse_args()
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(160)
    tokenizer.no_padding()
    for number, left in enumerate([(), *FOLDS]):
        out = a.out / f"fold{number}"
        subprocess.run([sys.executable, "-W", "ignore", str(Path(__file__).with_name("train.py")), "--packed", str(a.packed), "--tokenizer", str(a.tokenizer), "--space", str(a.space),
                        "--data", str(a.data), "--out", str(out), "--minutes", str(a.minutes), "--leave-out", ",".join(left)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    sources = {s.name: s for s in corpus.SOURCES}
    print("| set | language | rows | macro-F1, set left out | macro-F1, set trained on |\n|---|---|---|---|---|")
    for number, left in enumerate(FOLDS, 1):
        groups = {(name, lang): rows for name in left for lang, rows in judged(a.data, sources[name]).items()}
        texts = [e["text"] for rows in groups.values() for e in rows]
        without, everything = (answers(a.out / f"fold{n}" / "checkpoint.pt", tokenizer, texts) for n in (number, 0))
        at = 0
        for (name, lang), rows in groups.items():
            wanted = np.array([np.argmax(e["sentiment"]) for e in rows])
            classes = [0, 2] if sources[name].two_class else [0, 1, 2]
            scores = [macro_f1(np.array(classes)[x[at : at + len(rows)][:, classes].argmax(1)], wanted) for x in (without, everything)]
            at += len(rows)
            print(f"| `{name}` | {lang} | {len(rows)} | {scores[0]:.3f} | {scores[1]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
