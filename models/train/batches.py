"""Training batches. Input: examples of all sources. Output: an endless stream of dicts of tensors, drawn by weights, augmented, joined and tokenised.

A batch knows nothing of sources but what the losses need: of each head the rows whose answer is known, and the answers.
"""

import collections
import random
import unicodedata

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

import corpus
from space import PREFIX

DRAWN = 1536  # examples drawn at a time, then sorted by length


def augmented(text, rng):
    """The same comment as another customer would type it. Every letter keeps its place, so that offsets of targets hold."""
    roll, found = rng.random(), text
    if roll < 0.08:
        found = text.lower()
    elif roll < 0.10:
        found = text.upper()
    elif roll < 0.14:  # no accents; й and ї are letters of their own, so Cyrillic stays
        found = "".join(c if ord(c) > 0x250 else unicodedata.normalize("NFD", c)[0] for c in text)
    elif roll < 0.18 and len(text) > 12:  # a typo: two neighbours swapped
        at = rng.randrange(1, len(text) - 2)
        found = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    elif roll < 0.24:
        return text.rstrip(".!?… ") or text
    return found if len(found) == len(text) else text


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
        self.concepts = {c: n for n, c in enumerate(sorted({e["concept"] for _, _, es in self.pools for e in es if e["concept"]}))}
        self.cursors = [0] * len(self.pools)
        self.ours = torch.tensor([source.name in corpus.OURS for source, _, _ in self.pools])
        self.priors = torch.zeros(len(self.pools), len(corpus.SENTIMENT))
        for n, (source, lang, es) in enumerate(self.pools):
            known = np.array([e["sentiment"] for e in es if e["sentiment"]])
            if len(known) and source.name not in corpus.OURS:
                total = known.sum(0)
                self.priors[n] = torch.tensor(np.where(total > 0, np.log((total + 5) / (total.sum() + 20)), -1e4))
        print("examples", dict(counts), "total", sum(counts.values()), flush=True)

    def reseed(self, seed):
        """The same examples in another order."""
        self.rng = random.Random(seed)
        for _, _, examples in self.pools:
            self.rng.shuffle(examples)

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
        if e["sentiment"] and e["targets"] is None and max(e["sentiment"][:3]) == 1 and len(e["text"]) < 160 and rng.random() < 0.3:
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
            tone = [(x + y) / 2 for x, y in zip(a["sentiment"], b["sentiment"])]
            if tone[0] and tone[2]:
                whole = (0.0, 0.0, 0.0, 1.0)
            else:  # beside a neutral half, a feeling is mostly the whole's
                whole = tuple(t if tone[1] != 0.5 else 0.2 if n == 1 else 1.6 * t for n, t in enumerate(tone))
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
        if not parts:
            text = augmented(natural(text) if e["targets"] is None and rng.random() < 0.5 else text, rng)
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


def tensors(rows, mixture, space):
    """Rows of `encode` as one batch: `ids` and `mask` `[rows, length]`; for each head `HEAD.rows` and `HEAD.wanted`; for sentiments `HEAD.pools`, -1 for none; for parts the weights
    `[parts, length]` of the mean over their tokens; for the target head classes of every token, -100 for none."""
    length = max(len(r[0]) for r in rows)
    ids, mask = torch.ones(len(rows), length, dtype=torch.long), torch.zeros(len(rows), length, dtype=torch.long)
    for k, r in enumerate(rows):
        ids[k, : len(r[0])] = torch.tensor(r[0])
        mask[k, : len(r[0])] = 1
    out = dict(ids=ids, mask=mask)

    def known(name, value):
        found = [(k, v) for k, v in enumerate(value(r) for r in rows) if v is not None]
        if found:
            out[f"{name}.rows"] = torch.tensor([k for k, _ in found])
            out[f"{name}.wanted"] = torch.from_numpy(np.array([v for _, v in found]))
        return found

    if known("sentiment", lambda r: r[2]["sentiment"]):
        out["sentiment.pools"] = torch.tensor([-1 if rows[k][4] else rows[k][1] for k in out["sentiment.rows"].tolist()])
    parts = [(k, part) for k, r in enumerate(rows) for part in r[4]]
    if parts:
        out["part.rows"] = torch.tensor([k for k, _ in parts])
        out["part.wanted"] = torch.tensor([part[1] for _, part in parts])
        out["part.pools"] = torch.tensor([part[0] for _, part in parts])
        out["part.weights"] = torch.zeros(len(parts), length)
        for j, (_, (_, _, a, b)) in enumerate(parts):
            out["part.weights"][j, a:b] = 1 / (b - a)
    known("target", lambda r: None if r[3] is None else np.pad(np.array(r[3]), (0, length - len(r[3])), constant_values=-100))
    known("emotion", lambda r: r[2]["emotions"])
    known("intent", lambda r: r[2]["intent"])
    known("touchpoint", lambda r: r[2]["touchpoint"])
    known("signals", lambda r: r[2]["signals"])
    known("concept", lambda r: mixture.concepts.get(r[2]["concept"]))
    known("embedding", lambda r: space.get(r[2]["text"]) if not r[4] else None)
    return {name: value.float() if value.is_floating_point() else value for name, value in out.items()}


class Stream(IterableDataset):
    """An endless stream of batches of at most `tokens` tokens. Worker processes draw from shuffles of their own."""

    def __init__(self, mixture, tokenizer, space, tokens, seed):
        self.mixture, self.tokenizer, self.space, self.tokens, self.seed = mixture, tokenizer, space, tokens, seed

    def __iter__(self):
        worker = get_worker_info()
        if worker:
            self.mixture.reseed(self.seed + 1 + worker.id)
            torch.set_num_threads(1)
        while True:
            rows = encode(self.mixture.draw(DRAWN * max(1, self.tokens // 8000)), self.tokenizer, self.mixture.rng)
            for batch in batches(rows, self.tokens, self.mixture.rng):
                yield tensors(batch, self.mixture, self.space)


def stream(mixture, tokenizer, space, tokens, workers, seed):
    """Batches made in this process, or by `workers` others beside it."""
    found = Stream(mixture, tokenizer, space, tokens, seed)
    return iter(DataLoader(found, batch_size=None, num_workers=workers, prefetch_factor=8, pin_memory=True) if workers else found)
