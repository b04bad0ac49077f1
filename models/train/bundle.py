#!/usr/bin/env python3
"""Packs the labelled sets into one file that training reads anywhere, also on a machine without a network. Input: the folder of sets. Output: examples, compressed.

usage: bundle.py --data DIR --out FILE [--most N]

With the 1,500 texts of each set and language that are taken at most it is about 10 MB; our own comments are in it whole. Rows that are judged on are left out (`corpus.load`).
"""

import argparse
from pathlib import Path

import corpus


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--most", type=int, default=1500, help="examples of a set and language")
    a = ap.parse_args()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    examples = corpus.load(a.data)
    corpus.pack(examples, a.out, a.most)
    print(f"{a.out}: {sum(map(len, corpus.unpack(a.out).values()))} of {sum(map(len, examples.values()))} examples, {a.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
