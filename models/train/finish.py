#!/usr/bin/env python3
"""From a checkpoint to the shipped files. Input: what train.py wrote. Output: models/base/{card.toml,tokenizer.json,model.safetensors}.

usage: finish.py --checkpoint FILE --tokenizer FILE --packed e5-small-q4.bin --data DIR --out DIR

Everything is fitted on development rows, for the last layer and for the exit alike:
- sentiment, touchpoint, intent: one temperature and one bias per class (vector scaling with a shared scale, Guo 2017) on comments labelled by our own definitions, real ones and
  those written for the project counting alike, classes as frequent as they are;
- emotion: one temperature, and for each label the threshold of the best F1, the mean of GoEmotions and of our own;
- signals: one temperature, and for each label the threshold of the best F1 on our own;
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
from encoder import Encoder, half, mean_pool, to_hugging_face
from export import export
from packed import Packed
from train import EXIT, HEADS, PREFIX

CAP = {"umsab": 400, "wccrs_pl": 400, "goemotions": 3000, "m_absa": 40}  # development texts of one group, 150 elsewhere
WHOLE_COMMENTS = ("umsab", "wccrs_pl")  # sets whose domains are told apart
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
            if len(group) < (10_000 if source.name in corpus.OURS else CAP.get(source.name, 150)) and (found := corpus.example(source, row)):
                group.append(found)
    return groups


def outputs(encoder, heads, tokenizer, texts, tokens=3000):
    """Raw outputs of both depths in the order of the texts: `{depth: {head: [texts, labels]}}`; of the target head, one array `[tokens, 4]` a text."""
    coded = tokenizer.encode_batch([PREFIX + t for t in texts])
    order = sorted(range(len(coded)), key=lambda k: len(coded[k].ids))
    depths = DEPTHS if encoder.exits else DEPTHS[1:]
    out = {depth: {name: [None] * len(texts) for name in HEADS} for depth in depths}
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
            with half():
                found = encoder(ids, mask)
            for depth, states in zip(depths, found):
                states = states.float()
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


def ours(groups, answers, key):
    """What is known of `key` in comments labelled by our own definitions: `{real or written: (examples, raw outputs [n, labels])}`."""
    found = {}
    for name, rows in groups.items():
        if name[0] in corpus.OURS:
            examples, raw = found.setdefault("real" if name[0] == "feedback_labels" else "written", ([], []))
            for e, answer in zip(rows, answers[name]):
                if e[key] is not None:
                    examples.append(e)
                    raw.append(answer)
    return {kind: (examples, np.stack(raw)) for kind, (examples, raw) in found.items()}


def classes(groups, answers, key, names):
    """Temperature and bias of a head that chooses one of `names`."""
    scored = []
    known = ours(groups, answers, key)
    for examples, raw in known.values():
        wanted = torch.tensor([e[key] if key == "touchpoint" else int(np.argmax(e[key])) for e in examples])
        scored.append((torch.tensor(raw), wanted, None))
    temperature, bias = calibrate(scored)
    for kind, (raw, wanted, _) in zip(known, scored):
        p = torch.softmax((raw + torch.tensor(bias)) / temperature, 1)
        sure, best = p.max(1)
        error = sum(abs(float((best[b] == wanted[b]).float().mean() - sure[b].mean())) * len(b) for b in torch.argsort(sure).chunk(15)) / len(best)
        recall = " ".join(f"{name} {int((wanted == n).sum())}/{float((best[wanted == n] == n).float().mean()):.2f}/{float((wanted[best == n] == n).float().mean()):.2f}" for n, name in enumerate(names))
        print(f"  {key} {kind}: {len(best)} accuracy {float((best == wanted).float().mean()):.3f} macro-F1 {macro_f1(best.numpy(), wanted.numpy(), len(names)):.3f} calibration error {error:.3f}  rows/recall/precision {recall}")
    return dict(temperature=round(temperature, 4), bias=[round(b, 4) for b in bias])


def strangers(groups, answers, bias):
    """Prints how the sentiment of other sets is met, mixed left out."""
    for name, rows in groups.items():
        wanted = np.array([np.argmax(e["sentiment"]) if e["sentiment"] and max(e["sentiment"][:3]) == 1 else -1 for e in rows])
        if name[0] not in corpus.OURS and (wanted >= 0).any():
            best = (np.stack(answers[name])[wanted >= 0] + bias)[:, :3].argmax(1)
            print(f"  sentiment {' '.join(name):36} {len(best):4d} macro-F1 {macro_f1(best, wanted[wanted >= 0]):.3f} accuracy {(best == wanted[wanted >= 0]).mean():.3f}")


def labels(groups, answers, key, names, others=()):
    """Temperature and thresholds of a head whose labels stand beside each other; `others` are sets that count as much as our own."""
    parts = [(np.concatenate([raw for _, raw in ours(groups, answers, key).values()]), np.array([e[key] for es, _ in ours(groups, answers, key).values() for e in es]))]
    parts += [(np.stack(answers[name]), np.array([e[key] for e in groups[name]])) for name in others]
    temperature = temperature_of(lambda t: sum(float(F.binary_cross_entropy_with_logits(torch.tensor(x / t), torch.tensor(y, dtype=torch.float32))) for x, y in parts))
    thresholds, told = {}, []
    grid = np.arange(0.06, 0.75, 0.01)
    for n, label in enumerate(names):
        scores = np.zeros(len(grid))
        for x, y in parts:
            p = 1 / (1 + np.exp(-x[:, n] / temperature))
            scores += [f1(((p >= t) & (y[:, n] > 0)).sum(), (p >= t).sum(), (y[:, n] > 0).sum()) for t in grid]
        # The middle of a window of like scores: a single best threshold hangs on a few comments.
        smooth = np.convolve(np.pad(scores, 3, mode="edge"), np.ones(7) / 7, "valid")
        thresholds[label] = round(float(grid[int(np.argmax(smooth))]), 2)
        told.append(f"{label} {thresholds[label]} F1 {scores[int(np.argmax(smooth))] / len(parts):.3f}")
    hit = answered = right = 0
    x, y = parts[0]
    for n, label in enumerate(names):
        p = 1 / (1 + np.exp(-x[:, n] / temperature)) >= thresholds[label]
        hit, answered, right = hit + (p & (y[:, n] > 0)).sum(), answered + p.sum(), right + (y[:, n] > 0).sum()
    print(f"  {key} {', '.join(told)}; micro-F1 of ours {f1(hit, answered, right):.3f}")
    return dict(temperature=round(temperature, 4), thresholds=thresholds)


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
    encoder = Encoder(tensors["encoder.words.weight"].shape[0], layers, exits=(EXIT,) if layers > EXIT else ())
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")})
    encoder.eval()
    side = {"last": "heads"} | ({"exit": "exit_heads"} if encoder.exits else {})
    heads = {d: {name: (tensors[f"{side[d]}.{name}.weight"], tensors[f"{side[d]}.{name}.bias"]) for name in HEADS} for d in side}
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
    for depth in side:
        print(depth)
        bonus = target(groups, by_group(raw[depth]["target"]), by_group(coded))
        heads[depth]["target"][1][0] += bonus
        document = dict(kind="document", activation="softmax", temperature=1.0)
        card_heads[depth] = [
            dict(document, name="sentiment", labels=list(corpus.SENTIMENT)) | classes(groups, by_group(raw[depth]["sentiment"]), "sentiment", corpus.SENTIMENT),
            dict(document, name="target", kind="token", labels=["none", *corpus.POLARITY]),
            dict(document, name="emotion", labels=list(corpus.EMOTIONS), activation="sigmoid")
            | labels(groups, by_group(raw[depth]["emotion"]), "emotions", corpus.EMOTIONS, [("goemotions", "en", "")]),
            dict(document, name="intent", labels=list(corpus.INTENTS)) | classes(groups, by_group(raw[depth]["intent"]), "intent", corpus.INTENTS),
            dict(document, name="touchpoint", labels=list(corpus.TOUCHPOINTS)) | classes(groups, by_group(raw[depth]["touchpoint"]), "touchpoint", corpus.TOUCHPOINTS),
            dict(document, name="signals", labels=list(corpus.SIGNALS), activation="sigmoid") | labels(groups, by_group(raw[depth]["signals"]), "signals", corpus.SIGNALS),
            dict(document, name="embedding", kind="projection", activation="none"),
        ]
        strangers(groups, by_group(raw[depth]["sentiment"]), np.array(card_heads[depth][0]["bias"], np.float32))
        prefix = "" if depth == "last" else f"exits.{EXIT}."
        weights |= {f"{prefix}heads.{name}": value for name, value in heads[depth].items()}

    rules = tomllib.loads(RULES.read_text(encoding="utf8"))
    differing = rules.pop("exit", {})
    card = dict(
        id="undertone-base", version="3.0.0", layers=layers, hidden=384, attention_heads=12, ffn=1536, vocabulary=len(tensors["encoder.words.weight"]),
        positions=512, layer_norm_eps=1e-12, prefix=PREFIX, window=160, rules=rules,
        heads=card_heads["last"], exits=[dict(layers=EXIT, rules=rules | differing, heads=card_heads["exit"])] if "exit" in side else [],
    )  # fmt: skip
    size = export(to_hugging_face(encoder), weights, card, a.out, Packed(a.packed).rows_of(tokenizer), a.tokenizer)
    print(f"{a.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
