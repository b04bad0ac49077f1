"""Texts for timing, from a folder of labelled `.jsonl.gz` files with `text` and `lang`: one JSON string a line, the same texts in the same order every time.

The same number of each language the model is made for, drawn with a fixed seed, shuffled.
"""

import gzip
import json
import random
import sys
from pathlib import Path

SEED = 20
LANGUAGES = "bg cs da de en es fr hr hu it nl pl pt ro ru sk sl sv tr uk".split()


def sample(folder, count):
    """`count` different texts, as many of each language as there are."""
    by_language = {language: set() for language in LANGUAGES}
    for file in sorted(Path(folder).glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                if row.get("lang") in by_language and row["text"].strip():
                    by_language[row["lang"]].add(row["text"])
    numbers = random.Random(SEED)
    share = -(-count // len(LANGUAGES))
    texts = []
    for language in LANGUAGES:
        found = sorted(by_language[language])
        texts += numbers.sample(found, min(share, len(found)))
    numbers.shuffle(texts)
    return texts[:count]


def write(texts, file):
    """JSON lines, so that a text may hold line ends."""
    Path(file).write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")


if __name__ == "__main__":
    write(sample(sys.argv[1], int(sys.argv[2])), sys.argv[3])
