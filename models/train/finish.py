#!/usr/bin/env python3
"""From a checkpoint to the shipped files. Input: what train.py wrote. Output: models/base/{card.toml,tokenizer.json,model.safetensors}.

usage: finish.py --checkpoint FILE --tokenizer FILE --packed e5-small-q4.bin --data DIR --out DIR

The sentiment head is calibrated on the development splits of the sets whose labels were given to whole comments: one temperature and one bias per class
(vector scaling with a shared scale, Guo 2017), every language and domain counting alike, and within it every class. The bound on mixed
is chosen on the same rows.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import corpus
from encoder import Encoder, mean_pool, to_hugging_face
from export import export
from packed import Packed
from train import HEADS, PREFIX

CAP = 400  # development texts of one group
FALSE_MIXED = 0.05  # share of comments with one clear sentiment that may be called mixed
WHOLE_COMMENTS = ("umsab", "wccrs_pl")  # sets calibrated on; the labels of the others are put together from aspects


def development(folder):
    """Texts and labels by source, language and domain: `{(source, language, domain): [(text, label)]}`; label 3 is mixed."""
    names = (*corpus.SENTIMENT, "mixed")
    groups = {}
    for source in corpus.SOURCES:
        if source.name in ("goemotions", "xed"):
            continue
        for row in corpus.read(folder, source.name):
            # The translations of m_absa repeat the same reviews.
            if source.name == "m_absa" and row["lang"] not in ("en", "ru", "pt"):
                continue
            if corpus.split_of(source.name, row) == "dev" and row.get("label") in names and row["lang"] in corpus.LANGUAGES:
                domain = row.get("domain", "") if source.name in WHOLE_COMMENTS else ""
                group = groups.setdefault((source.name, row["lang"], domain), [])
                if len(group) < CAP:
                    group.append((corpus.clean(row["text"]), names.index(row["label"])))
    return groups


def logits(encoder, head, tokenizer, texts, tokens=4000):
    """Raw sentiment logits of texts, in order."""
    coded = [e.ids for e in tokenizer.encode_batch([PREFIX + t for t in texts])]
    out = np.zeros((len(texts), 3), np.float32)
    order = sorted(range(len(coded)), key=lambda k: len(coded[k]))
    at = 0
    with torch.inference_mode():
        while at < len(order):
            size = max(1, tokens // len(coded[order[min(len(order) - 1, at + 40)]]))
            now = order[at : at + size]
            at += size
            longest = max(len(coded[k]) for k in now)
            ids = torch.ones(len(now), longest, dtype=torch.long)
            mask = torch.zeros_like(ids)
            for j, k in enumerate(now):
                ids[j, : len(coded[k])] = torch.tensor(coded[k])
                mask[j, : len(coded[k])] = 1
            out[now] = (mean_pool(encoder(ids, mask), mask) @ head[0].T + head[1]).numpy()
    return out


def calibrate(scored):
    """Temperature and bias that minimise the mean log loss over groups. `scored`: list of `(logits [n, 3], labels [n], weight of each class [3])`."""
    scale = torch.zeros(1, requires_grad=True)
    bias = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([scale, bias], max_iter=200)

    def loss():
        optimizer.zero_grad()
        value = torch.stack([F.cross_entropy((x + bias - bias.mean()) / scale.exp(), y, weight=w) for x, y, w in scored]).mean() + 1e-3 * bias.pow(2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return float(scale.exp()), (bias - bias.mean()).tolist()


def macro_f1(answers, labels, classes=3):
    """Mean F1 over the classes that occur."""
    scores = []
    for c in range(classes):
        if (labels == c).any():
            right = ((answers == c) & (labels == c)).sum()
            scores.append(2 * right / max(1, (answers == c).sum() + (labels == c).sum()))
    return float(np.mean(scores))


def mixed_bound(groups):
    """The smallest bound on min(P negative, P positive) that calls at most FALSE_MIXED of the rows with one clear class mixed, all groups counting alike."""
    clear = [np.minimum(p[y < 3, 0], p[y < 3, 2]) for p, y in groups]
    bounds = np.arange(0.05, 0.5, 0.01)
    return float(next(b for b in bounds if np.mean([(m >= b).mean() for m in clear]) <= FALSE_MIXED))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("checkpoint", "tokenizer", "packed", "data", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    a = ap.parse_args()
    state = torch.load(a.checkpoint, weights_only=False, map_location="cpu")
    tensors = state["model"]
    layers = len(state["layers"].split(","))
    encoder = Encoder(tensors["encoder.words.weight"].shape[0], layers)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")})
    encoder.eval()
    heads = {name: (tensors[f"heads.{name}.weight"], tensors[f"heads.{name}.bias"]) for name in HEADS}
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(160)
    tokenizer.no_padding()

    groups = development(a.data)
    names = sorted(groups)
    raw = logits(encoder, heads["sentiment"], tokenizer, [t for n in names for t, _ in groups[n]])
    labels = np.array([y for n in names for _, y in groups[n]])
    ends = np.cumsum([len(groups[n]) for n in names])
    parts = list(zip(np.split(raw, ends[:-1]), np.split(labels, ends[:-1])))
    scored = []
    for name, (x, y) in zip(names, parts):
        if name[0] in WHOLE_COMMENTS:
            x, y = x[y < 3], y[y < 3]
            scored.append((torch.tensor(x), torch.tensor(y), torch.tensor(1.0 / np.maximum(1, np.bincount(y, minlength=3)), dtype=torch.float32)))
    temperature, bias = calibrate(scored)
    soft = [(torch.softmax((torch.tensor(x) + torch.tensor(bias)) / temperature, 1).numpy(), y) for x, y in parts]
    bound = mixed_bound([part for name, part in zip(names, soft) if name[0] in WHOLE_COMMENTS])
    print(f"temperature {temperature:.3f}  bias {[round(b, 3) for b in bias]}  mixed from {bound:.2f}")
    for name, (p, y) in zip(names, soft):
        three = y < 3
        print(f"{name[0]:24} {name[1]} {name[2]:10} {three.sum():4d}  macro-F1 {macro_f1(p[three].argmax(1), y[three]):.3f}  accuracy {(p[three].argmax(1) == y[three]).mean():.3f}"
              f"  confidence {p[three].max(1).mean():.3f}")

    head = dict(kind="document", activation="softmax", temperature=1.0)
    card = dict(
        id="undertone-base", version="1.0.0", layers=layers, hidden=384, attention_heads=12, ffn=1536, vocabulary=len(tensors["encoder.words.weight"]),
        positions=512, layer_norm_eps=1e-12, prefix=PREFIX, window=160,
        rules=dict(abstain_below=0.40, review_below=0.55, mixed_from=round(bound, 2), unsupported_from=0.9, languages=sorted(corpus.LANGUAGES - {"sr", "bs"})),
        heads=[
            dict(head, name="sentiment", labels=list(corpus.SENTIMENT), temperature=round(temperature, 4), bias=[round(b, 4) for b in bias]),
            dict(head, name="target", kind="token", labels=["none", *corpus.SENTIMENT]),
            dict(head, name="emotion", labels=list(corpus.EMOTIONS), activation="sigmoid"),
        ],
    )  # fmt: skip
    size = export(to_hugging_face(encoder), heads, card, a.out, Packed(a.packed).rows_of(tokenizer), a.tokenizer)
    print(f"{a.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
