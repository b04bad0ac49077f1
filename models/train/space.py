#!/usr/bin/env python3
"""The semantic space the `embedding` head learns. Input: base encoder, training texts. Output: a file of target vectors, one for each text of a sample.

The base encoder's pooled vector, less the mean vector of its language, on its first principal axes, each divided by the square root of its deviation (half
whitening), unit length. Less the mean: the base clusters texts by language first. Half whitened: a few axes hold most of its variance, and k-means on banking77
gains from the change (README.md has the figures). A translated text aims at the vector of its English original, so that languages meet (Reimers 2020).

usage: space.py --packed FILE --tokenizer FILE --data DIR --out FILE.npz [--per-language N]
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import corpus
from encoder import from_hugging_face, half, mean_pool
from packed import Packed

SIZE = 256  # axes kept
LONGEST = 160  # characters of such a text at most
PREFIX = "query: "


def unit(x):
    """Rows of length 1."""
    return x / np.linalg.norm(x, axis=-1, keepdims=True).clip(1e-9)


def read(path):
    """What this writes: text -> unit vector."""
    kept = np.load(path)
    vectors = unit(kept["targets"].astype(np.float32))
    return dict(zip(str(kept["texts"]).split("\n"), vectors[kept["place"]]))


def pooled_by_layer(encoder, tokenizer, texts, rows=64):
    """Mean token state of each text after each layer that the encoder answers: a list of `[texts, 384]`."""
    ids = [e.ids for e in tokenizer.encode_batch([PREFIX + t for t in texts])]
    order = sorted(range(len(ids)), key=lambda k: len(ids[k]))
    out = [np.zeros((len(ids), 384), np.float32) for _ in range(len(encoder.exits) + 1)]
    device = encoder.words.weight.device
    with torch.inference_mode(), half(device.type):
        for at in range(0, len(order), rows):
            now = order[at : at + rows]
            longest = max(len(ids[k]) for k in now)
            x = torch.ones(len(now), longest, dtype=torch.long)
            mask = torch.zeros_like(x)
            for j, k in enumerate(now):
                x[j, : len(ids[k])] = torch.tensor(ids[k])
                mask[j, : len(ids[k])] = 1
            for states, layer in zip(encoder(x.to(device), mask.to(device)), out):
                layer[now] = mean_pool(states.float(), mask.to(device)).cpu().numpy()
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("packed", "tokenizer", "data", "out"):
        ap.add_argument(f"--{name}", type=Path, required=True)
    ap.add_argument("--per-language", type=int, default=700, help="texts of a language, half of them of ours where there are so many, that its mean is taken over and that are learned from")
    ap.add_argument("--corpus", type=Path, required=True, help="what bundle.py wrote")
    a = ap.parse_args()
    tokenizer = Tokenizer.from_file(str(a.tokenizer))
    tokenizer.enable_truncation(96)
    tokenizer.no_padding()
    encoder = from_hugging_face(Packed(a.packed).tensors(tokenizer), range(12)).eval()

    examples = corpus.unpack(a.corpus)
    ours = {(e["lang"], e["text"]) for name in corpus.OURS for e in examples[name] if len(e["text"]) <= LONGEST}
    english = sorted({e["text"] for e in examples["m_absa"] if e["lang"] == "en"})[: 3 * a.per_language]
    by_language = {}
    for name in sorted(examples):
        for e in examples[name]:
            if name not in ("m_absa", "phrases", *corpus.OURS) and len(e["text"]) <= LONGEST:
                by_language.setdefault(e["lang"], []).append(e["text"])
    # A language that has translations only is centred on those.
    for e in examples["m_absa"]:
        if len(by_language.setdefault(e["lang"], [])) < a.per_language:
            by_language[e["lang"]].append(e["text"])
    rng = random.Random(17)
    sample = {lang: rng.sample(sorted(set(texts)), min(a.per_language, len(set(texts)))) for lang, texts in sorted(by_language.items())}
    for lang in sample:
        own = sorted(text for other, text in ours if other == lang)
        own = rng.sample(own, min(len(own), a.per_language // 2))
        sample[lang] = sorted({*own, *sample[lang][: a.per_language - len(own)]})
    texts = [t for lang in sample for t in sample[lang]] + english
    langs = [lang for lang in sample for _ in sample[lang]] + ["en"] * len(english)
    print(f"{len(texts)} texts", flush=True)
    vectors = unit(pooled_by_layer(encoder, tokenizer, texts)[-1])
    means = {lang: vectors[[n for n, l in enumerate(langs) if l == lang]].mean(0) for lang in sample}
    centred = vectors - np.stack([means[l] for l in langs])
    _, deviation, axes = np.linalg.svd(centred, full_matrices=False)
    deviation = deviation / np.sqrt(len(centred))
    target = unit((centred @ axes[:SIZE].T) / np.sqrt(deviation[:SIZE]))
    space = dict(zip(texts, target.astype(np.float16)))
    space |= {text: space[original] for text, original in corpus.anchors(corpus.read(a.data, "m_absa")).items() if original in space and text not in space}
    learned = {e["text"] for rows in examples.values() for e in rows}
    texts = [text for text in space if text in learned]
    # One vector for a text and its translations, as int8: a cosine moves by less than 0.001.
    unique, place = np.unique(np.stack([space[text] for text in texts]), axis=0, return_inverse=True)
    np.savez_compressed(a.out, texts=np.array("\n".join(text.replace("\n", " ") for text in texts)), place=place.ravel().astype(np.int32), targets=np.rint(unique.astype(np.float32) * 127).astype(np.int8), axes=axes[:SIZE], deviation=deviation[:SIZE], languages=np.array(list(means)), means=np.stack(list(means.values())))
    print(f"{a.out}: {target.shape}, the kept axes hold {float((deviation[:SIZE] ** 2).sum() / (deviation**2).sum()):.3f} of the variance")


if __name__ == "__main__":
    main()
