#!/usr/bin/env python3
"""From a checkpoint to the shipped files. Input: what train.py wrote. Output: models/base/{card.toml,tokenizer.json,model.safetensors}.

usage: finish.py --checkpoint FILE --tokenizer FILE --packed e5-small-q4.bin --data DIR --out DIR

Everything is fitted on development rows, for the last layer and for the exit alike:
- sentiment: one temperature and one bias per class (vector scaling with a shared scale, Guo 2017) on sets whose labels were given to whole comments, every
  language and domain counting alike, and within it every class;
- emotion: one temperature, and for each label the threshold of the best F1;
- intent: one temperature;
- target: what is added to `none` before the answer is read, by the best F1 of exact spans. It goes into the head's own bias.
"""

import argparse
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import corpus
from encoder import Encoder, mean_pool, to_hugging_face
from export import export
from packed import Packed
from train import EXIT, HEADS, PREFIX

CAP = {"umsab": 400, "wccrs_pl": 400, "goemotions": 6000, "m_absa": 40}  # development texts of one group, 150 elsewhere
WHOLE_COMMENTS = ("umsab", "wccrs_pl")  # sets calibrated on; the labels of the others are put together from aspects
DEPTHS = ("exit", "last")
RULES = Path(__file__).with_name("rules.toml")  # bounds that are chosen by hand or by models/bounds, copied into the card; the table `exit` is what differs there


def development(folder):
    """Development rows by source, language and domain: `{(source, language, domain): [row]}`, a row with its cleaned text and example."""
    groups = {}
    for source in corpus.SOURCES:
        for row in corpus.read(folder, source.name):
            # The translations of m_absa repeat the same reviews.
            if source.name == "m_absa" and row["lang"] not in ("en", "ru", "pt", "de"):
                continue
            if corpus.split_of(source.name, row) != "dev" or row["lang"] not in corpus.LANGUAGES:
                continue
            group = groups.setdefault((source.name, row["lang"], row.get("domain", "") if source.name in (*WHOLE_COMMENTS, "m_absa") else ""), [])
            if len(group) < CAP.get(source.name, 150) and (found := corpus.example(source, row)):
                group.append(found)
    return groups


def outputs(encoder, heads, tokenizer, texts, tokens=3000):
    """Raw outputs of both depths in the order of the texts: `{depth: {head: [texts, labels]}}`; of the target head, one array `[tokens, 4]` a text."""
    coded = tokenizer.encode_batch([PREFIX + t for t in texts])
    order = sorted(range(len(coded)), key=lambda k: len(coded[k].ids))
    out = {depth: {name: [None] * len(texts) for name in HEADS} for depth in DEPTHS}
    at = 0
    with torch.inference_mode():
        while at < len(order):
            size = max(1, tokens // len(coded[order[min(len(order) - 1, at + 40)]].ids))
            now = order[at : at + size]
            at += size
            longest = max(len(coded[k].ids) for k in now)
            ids = torch.ones(len(now), longest, dtype=torch.long)
            mask = torch.zeros_like(ids)
            for j, k in enumerate(now):
                ids[j, : len(coded[k].ids)] = torch.tensor(coded[k].ids)
                mask[j, : len(coded[k].ids)] = 1
            for depth, states in zip(DEPTHS, encoder(ids, mask)):
                mean = mean_pool(states, mask)
                for name, (weight, bias) in heads[depth].items():
                    answer = ((states if name == "target" else mean) @ weight.T + bias).numpy()
                    for j, k in enumerate(now):
                        out[depth][name][k] = answer[j, : len(coded[k].ids)] if name == "target" else answer[j]
    return out, coded


def calibrate(scored):
    """Temperature and bias that minimise the mean log loss over groups. `scored`: list of `(logits [n, classes], labels [n] or shares [n, classes], weights [classes])`."""
    classes = scored[0][0].shape[1]
    scale = torch.zeros(1, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([scale, bias], max_iter=200)

    def loss():
        optimizer.zero_grad()
        value = torch.stack([F.cross_entropy((x + bias - bias.mean()) / scale.exp(), y, weight=w) for x, y, w in scored]).mean() + 1e-3 * bias.pow(2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return float(scale.exp()), (bias - bias.mean()).tolist()


def temperature_of(loss):
    """The temperature, 0.5 to 3, of the least loss."""
    grid = np.exp(np.linspace(np.log(0.5), np.log(3), 60))
    return float(min(grid, key=loss))


def f1(hit, answered, right):
    """F1 from counts."""
    return 2 * hit / max(1, answered + right)


def macro_f1(answers, labels, classes=3):
    """Mean F1 over the classes that occur."""
    return float(np.mean([f1(((answers == c) & (labels == c)).sum(), (answers == c).sum(), (labels == c).sum()) for c in range(classes) if (labels == c).any()]))


def sentiment(groups, answers):
    """Temperature and bias. `answers`: raw outputs by group."""
    scored = []
    for name, rows in groups.items():
        wanted = np.array([np.argmax(e["sentiment"]) if e["sentiment"] and max(e["sentiment"]) == 1 else -1 for e in rows])
        if name[0] in WHOLE_COMMENTS:
            x, y = np.stack(answers[name])[wanted >= 0], wanted[wanted >= 0]
            scored.append((torch.tensor(x), torch.tensor(y), torch.tensor(1.0 / np.maximum(1, np.bincount(y, minlength=3)), dtype=torch.float32)))
    temperature, bias = calibrate(scored)
    for name, rows in groups.items():
        wanted = np.array([np.argmax(e["sentiment"]) if e["sentiment"] and max(e["sentiment"]) == 1 else -1 for e in rows])
        if (wanted >= 0).any():
            best = (np.stack(answers[name])[wanted >= 0] + bias).argmax(1)
            print(f"  sentiment {' '.join(name):36} {len(best):4d} macro-F1 {macro_f1(best, wanted[wanted >= 0]):.3f} accuracy {(best == wanted[wanted >= 0]).mean():.3f}")
    return dict(temperature=round(temperature, 4), bias=[round(b, 4) for b in bias])


def emotion(groups, answers):
    """Temperature and thresholds on GoEmotions."""
    name = ("goemotions", "en", "")
    x, y = np.stack(answers[name]), np.array([e["emotions"] for e in groups[name]])
    temperature = temperature_of(lambda t: float(F.binary_cross_entropy_with_logits(torch.tensor(x / t), torch.tensor(y, dtype=torch.float32))))
    p = 1 / (1 + np.exp(-x / temperature))
    thresholds, scores = {}, []
    for n, label in enumerate(corpus.EMOTIONS):
        grid = np.arange(0.06, 0.75, 0.01)
        found = [f1(((p[:, n] >= t) & (y[:, n] > 0)).sum(), (p[:, n] >= t).sum(), (y[:, n] > 0).sum()) for t in grid]
        thresholds[label] = round(float(grid[int(np.argmax(found))]), 2)
        scores.append(max(found))
    print("  emotion", {k: f"{thresholds[k]} F1 {s:.3f}" for k, s in zip(corpus.EMOTIONS, scores)}, f"macro-F1 {np.mean(scores):.3f}")
    return dict(temperature=round(temperature, 4), thresholds=thresholds)


def intent(groups, answers):
    """Temperature."""
    x, y = [], []
    for name, rows in groups.items():
        for e, answer in zip(rows, answers[name]):
            if e["intent"] and max(e["intent"]) == 1:
                x.append(answer)
                y.append(int(np.argmax(e["intent"])))
    x, y = torch.tensor(np.stack(x)), torch.tensor(y)
    temperature = temperature_of(lambda t: float(F.cross_entropy(x / t, y)))
    best = x.argmax(1)
    print("  intent", {label: f"{int((y == n).sum())} recall {float((best[y == n] == n).float().mean()):.3f}" for n, label in enumerate(corpus.INTENTS)})
    return dict(temperature=round(temperature, 4))


def runs(classes):
    """Runs of one class that is not none: `{(from, to)}`."""
    found, at = set(), 0
    while at < len(classes):
        end = at
        while end < len(classes) and classes[end] == classes[at]:
            end += 1
        if classes[at] > 0:
            found.add((at, end))
        at = end
    return found


def target(groups, answers, coded):
    """What is added to `none`: the best F1 of exact token spans over the sets with complete targets, each counting alike."""
    sets = {}
    for name, rows in groups.items():
        for e, answer, code in zip(rows, answers[name], coded[name]):
            if e["targets"] is not None:
                gold = [0] * len(code.ids)
                for start, end, value in e["targets"]:
                    for k, (a, b) in enumerate(code.offsets):
                        if b > a and a < end + len(PREFIX) and b > start + len(PREFIX):
                            gold[k] = 1
                sets.setdefault(name[:2], []).append((answer, runs(gold)))
    best = (-1.0, 0.0)
    for bonus in np.arange(-2.0, 2.01, 0.25):
        scores = []
        for rows in sets.values():
            hit = answered = right = 0
            for answer, gold in rows:
                shifted = answer + np.array([bonus, 0, 0, 0], np.float32)
                found = runs((shifted.argmax(1) > 0).astype(int))
                hit, answered, right = hit + len(found & gold), answered + len(found), right + len(gold)
            scores.append(f1(hit, answered, right))
        best = max(best, (float(np.mean(scores)), float(bonus)))
    print(f"  target bonus of none {best[1]:+.2f}, exact span F1 {best[0]:.3f} on {sorted(sets)}")
    return best[1]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("checkpoint", "tokenizer", "packed", "data", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    a = ap.parse_args()
    tensors = torch.load(a.checkpoint, weights_only=False, map_location="cpu")["model"]
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layers."))
    encoder = Encoder(tensors["encoder.words.weight"].shape[0], layers, exits=(EXIT,))
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")})
    encoder.eval()
    side = {"last": "heads", "exit": "exit_heads"}
    heads = {d: {name: (tensors[f"{side[d]}.{name}.weight"], tensors[f"{side[d]}.{name}.bias"]) for name in HEADS} for d in DEPTHS}
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(160)
    tokenizer.no_padding()

    groups = development(a.data)
    texts = [e["text"] for rows in groups.values() for e in rows]
    print(f"{len(texts)} development texts", flush=True)
    raw, coded = outputs(encoder, heads, tokenizer, texts)
    ends = np.cumsum([0, *(len(rows) for rows in groups.values())])
    parts = {name: slice(ends[n], ends[n + 1]) for n, name in enumerate(groups)}
    by_group = lambda values: {name: values[part] for name, part in parts.items()}  # noqa: E731

    card_heads, weights = {}, {}
    for depth in ("last", "exit"):
        print(depth)
        bonus = target(groups, by_group(raw[depth]["target"]), by_group(coded))
        heads[depth]["target"][1][0] += bonus
        document = dict(kind="document", activation="softmax", temperature=1.0)
        card_heads[depth] = [
            dict(document, name="sentiment", labels=list(corpus.SENTIMENT)) | sentiment(groups, by_group(raw[depth]["sentiment"])),
            dict(document, name="target", kind="token", labels=["none", *corpus.SENTIMENT]),
            dict(document, name="emotion", labels=list(corpus.EMOTIONS), activation="sigmoid") | emotion(groups, by_group(raw[depth]["emotion"])),
            dict(document, name="intent", labels=list(corpus.INTENTS)) | intent(groups, by_group(raw[depth]["intent"])),
            dict(document, name="embedding", kind="projection", activation="none"),
        ]
        prefix = "" if depth == "last" else f"exits.{EXIT}."
        weights |= {f"{prefix}heads.{name}": value for name, value in heads[depth].items()}

    rules = tomllib.loads(RULES.read_text(encoding="utf8"))
    differing = rules.pop("exit")
    card = dict(
        id="undertone-base", version="2.1.0", layers=layers, hidden=384, attention_heads=12, ffn=1536, vocabulary=len(tensors["encoder.words.weight"]),
        positions=512, layer_norm_eps=1e-12, prefix=PREFIX, window=160, rules=rules,
        heads=card_heads["last"], exits=[dict(layers=EXIT, rules=rules | differing, heads=card_heads["exit"])],
    )  # fmt: skip
    size = export(to_hugging_face(encoder), weights, card, a.out, Packed(a.packed).rows_of(tokenizer), a.tokenizer)
    print(f"{a.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
