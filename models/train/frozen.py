#!/usr/bin/env python3
"""What do the base's own states know? Input: base weights, labelled sets. Output: a JSON file with what a logistic regression on frozen features reaches on test splits.

The yardstick for every depth that ships: pooled states of all 12 layers of the base, not fine-tuned, and for each set a regression of its own, trained on at most
`--rows` of its training rows, its strength chosen on development rows (a tenth of the training rows where a set has none).

usage: frozen.py --packed FILE --tokenizer FILE --data DIR --out FILE [--rows N]
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import corpus
from encoder import from_hugging_face
from finish import macro_f1
from packed import Packed
from space import pooled_by_layer

SIX = ("en", "de", "es", "fr", "it", "pt")
STRENGTHS = (1e-4, 1e-3, 1e-2)  # of the squared weights, relative to the mean loss


def rows(folder, name, split):
    """Texts and classes."""
    chosen = [r for r in corpus.read(folder, name) if corpus.split_of(name, r) == split and r.get("label") in corpus.POLARITY and (name != "umsab" or r["lang"] in SIX)]
    return [(corpus.clean(r["text"]), corpus.POLARITY.index(r["label"]), r["lang"]) for r in chosen]


def regression(x, y, strength):
    """Weights and bias of a multinomial logistic regression, classes counting alike."""
    weight = torch.zeros(3, x.shape[1], requires_grad=True)
    bias = torch.zeros(3, requires_grad=True)
    of_class = 1.0 / torch.bincount(y, minlength=3).clamp(min=1).float()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight.T + bias, y, weight=of_class) + strength * weight.pow(2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("packed", "tokenizer", "data", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    ap.add_argument("--rows", type=int, default=6000)
    a = ap.parse_args()
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(160)
    tokenizer.no_padding()
    encoder = from_hugging_face(Packed(a.packed).tensors(tokenizer), range(12)).eval()
    found = {}
    for name in ("umsab", "wccrs_pl", "husst"):
        rng = random.Random(17)
        train, dev, test = (rows(a.data, name, split) for split in ("train", "dev", "test"))
        judged = {corpus.fingerprint(text) for text, _, _ in test}
        train = [r for r in train if corpus.fingerprint(r[0]) not in judged]
        train = rng.sample(train, min(a.rows, len(train)))
        if not dev:
            dev, train = train[: len(train) // 10], train[len(train) // 10 :]
        dev = rng.sample(dev, min(1200, len(dev)))
        x = {split: torch.from_numpy(pooled_by_layer(encoder, tokenizer, [text for text, _, _ in part])[-1]) for split, part in (("train", train), ("dev", dev), ("test", test))}
        mean, deviation = x["train"].mean(0), x["train"].std(0) + 1e-4
        x = {split: (states - mean) / deviation for split, states in x.items()}
        y = {split: np.array([label for _, label, _ in part]) for split, part in (("train", train), ("dev", dev), ("test", test))}
        fits = [regression(x["train"], torch.tensor(y["train"]), strength) for strength in STRENGTHS]
        weight, bias = max(fits, key=lambda fit: macro_f1((x["dev"] @ fit[0].T + fit[1]).argmax(1).numpy(), y["dev"]))
        answers = (x["test"] @ weight.T + bias).argmax(1).numpy()
        langs = np.array([lang for _, _, lang in test])
        of_language = [macro_f1(answers[langs == lang], y["test"][langs == lang]) for lang in sorted(set(langs))]
        found[name] = dict(rows=len(train), macro_f1=round(float(np.mean(of_language)), 4), accuracy=round(float((answers == y["test"]).mean()), 4))
        print(name, found[name], flush=True)
    a.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
