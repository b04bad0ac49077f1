"""How often do the peers name the same label as PyTorch in f32, or where it was not run, libtorch, on the same weights? Input: the folder with their
answers. Output: a line each.

Texts longer than the model reads at once are left out: the program reads all of them, the peers the first part.
"""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]


def main():
    work = Path(sys.argv[1])
    texts = [json.loads(line) for line in (work / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    tokenizer = Tokenizer.from_file(str(ROOT / "models" / "base" / "tokenizer.json"))
    fits = np.array([len(coded.ids) <= 160 for coded in tokenizer.encode_batch(["query: " + text for text in texts])])
    head = next(h for h in tomllib.loads((ROOT / "models" / "base" / "card.toml").read_text())["heads"] if h["name"] == "sentiment")
    classes = len(head["labels"])
    bias = np.array(head.get("bias", [0] * classes), np.float32)
    labels = {}
    for file in sorted([*work.glob("*.txt"), *work.glob("*.npy")]):
        values = np.load(file) if file.suffix == ".npy" else np.loadtxt(file, ndmin=2)
        # This program's engines answer calibrated probabilities; the others logits, to which the card's bias is still to be added.
        # They answer four columns whatever the model: of one that knows no mixed comments, the last is 0.
        if values.any() and values.shape[0] == len(texts) and values.shape[1] >= classes:
            labels[file.stem] = (values if file.stem in ("native", "libtorch") else values + bias).argmax(1)
    reference = next((name for name in ("pytorch", "libtorch") if name in labels), None)
    for name, own in labels.items():
        if reference and name != reference:
            print(f"agrees    {name}: {(own == labels[reference])[fits].mean():.2%} of {fits.sum()} labels with {reference} in f32")


if __name__ == "__main__":
    main()
