#!/usr/bin/env python3
"""Writes the part of HuSST that is never trained on. usage: held_back.py LABELLED_DIR OUT.jsonl

Standard library only. The choice is `corpus.held_back`: a fifth of the texts, by hash of the normalised text.
"""

import json
import sys

import corpus

folder, out = sys.argv[1:]
with open(out, "w", encoding="utf8") as lines:
    for row in corpus.read(folder, "husst"):
        if corpus.split_of("husst", row) == "test":
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
