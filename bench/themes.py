"""Prepares labelled texts for bench/themes.rs, runs BERTopic on the same embeddings, and judges both. Called by bench/themes."""

import csv
import gzip
import json
import os
import platform
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

SETS = ("banking77", "clinc150", "m_absa", "sample")
TOP_WORDS = 10


def labelled(folder, name):
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def parallel(rows, every=3):
    """M-ABSA's development sentences that stand at the same place in every language of a domain, every third of them."""
    places = {}
    for row in rows:
        if row.get("split") == "dev" and row["domain"] != "coursera":
            places.setdefault((row["domain"], row["lang"]), []).append(row)
    longest = {}
    for (domain, _), own in places.items():
        longest[domain] = max(longest.get(domain, 0), len(own))
    for (domain, _), own in sorted(places.items()):
        if len(own) == longest[domain]:
            for at in range(0, len(own), every):
                aspects = own[at].get("aspects") or []
                category = aspects[0]["category"] if aspects else "none"
                yield {"text": own[at]["text"], "lang": own[at]["lang"], "label": f"{domain}: {category}", "same": f"{domain} {at}"}


def prepare(source, folder):
    sets = {
        name: [row for row in labelled(source, name) if row.get("split") == "test"] for name in ("banking77", "clinc150")
    }
    sets["m_absa"] = list(parallel(labelled(source, "m_absa")))
    with open("data/samples/feedback.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["comment"].strip()]
    sets["sample"] = [{"text": row["comment"], "lang": row["language"], "label": row["touchpoint"]} for row in rows]
    for name, rows in sets.items():
        path = Path(folder) / f"{name}.jsonl"
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            path.with_suffix(".npy").unlink(missing_ok=True)


def bertopic(texts, embeddings, seed):
    """Topics by BERTopic's own defaults; -1, its outliers, as None. Also its top words, CPU seconds and peak memory in MB so far."""
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer
    from umap import UMAP

    started = time.process_time()
    # The model's own default settings, with a seed: without one no two runs agree.
    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False, random_state=seed)
    model = BERTopic(umap_model=umap, vectorizer_model=CountVectorizer(), calculate_probabilities=False)
    topics, _ = model.fit_transform(texts, embeddings)
    words = [[word for word, _ in model.get_topic(topic)][:TOP_WORDS] for topic in sorted(set(topics)) if topic != -1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return [None if topic == -1 else topic for topic in topics], words, time.process_time() - started, peak


def as_numbers(topics):
    """Each text without a topic as a topic of its own."""
    names = {}
    return np.array([names.setdefault(("alone", at) if topic is None else topic, len(names)) for at, topic in enumerate(topics)])


def agreement(one, other):
    from sklearn.metrics import adjusted_rand_score

    common = [at for at, pair in enumerate(zip(one, other)) if None not in pair]
    return adjusted_rand_score([one[at] for at in common], [other[at] for at in common]) if common else float("nan")


def npmi(words, texts):
    """Mean normalised pointwise mutual information of the top words, by co-occurrence in a text (Bouma 2009)."""
    from itertools import combinations

    singles = sorted({word for topic in words for phrase in topic for word in phrase.split()})
    holds = {word: set() for word in singles}
    for at, text in enumerate(texts):
        for word in set(text.lower().replace("?", " ").replace(".", " ").replace(",", " ").split()) & holds.keys():
            holds[word].add(at)
    scores = []
    for topic in words:
        own = list(dict.fromkeys(word for phrase in topic for word in phrase.split()))[:TOP_WORDS]
        for a, b in combinations(own, 2):
            both, first, second = len(holds[a] & holds[b]), len(holds[a]), len(holds[b])
            if both and both < len(texts):
                scores.append(np.log(both * len(texts) / (first * second)) / -np.log(both / len(texts)))
            else:
                scores.append(-1.0 if not both else 1.0)
    return float(np.mean(scores)) if scores else float("nan")


def diversity(words):
    """Share of top words that only one theme has (Dieng, Ruiz and Blei 2020)."""
    every = [word for topic in words for word in topic]
    return len(set(every)) / max(1, len(every))


def together(topics, same):
    """Share of pairs of translations of one sentence that have the same theme; texts without one never do."""
    groups = {}
    for topic, sentence in zip(as_numbers(topics), same):
        groups.setdefault(sentence, []).append(topic)
    pairs = alike = 0
    for own in groups.values():
        _, counts = np.unique(own, return_counts=True)
        pairs += len(own) * (len(own) - 1)
        alike += int((counts * (counts - 1)).sum())
    return alike / max(1, pairs)


def judge(folder, names):
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    with open("/proc/cpuinfo", encoding="utf-8") as info:
        processor = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    print(f"machine   {platform.system().lower()} {processor}, {os.cpu_count()} cores")
    print(f"versions  bertopic {version('bertopic')}, umap-learn {version('umap-learn')}, hdbscan {version('hdbscan')}, python {platform.python_version()}")
    print(f"\n{'set':10}{'texts':>6} {'by':10}{'themes':>7}{'AMI':>7}{'ARI':>7}{'none':>7}{'rerun':>7}{'90 %':>7}{'NPMI':>7}{'divers':>7}{'CPU s':>7}{'MB':>7}")
    for name in names or SETS:
        rows = [json.loads(line) for line in (Path(folder) / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        texts, gold = [row["text"] for row in rows], [row["label"] for row in rows]
        found = json.loads((Path(folder) / f"{name}.found.json").read_text(encoding="utf-8"))
        embeddings = np.load(Path(folder) / f"{name}.npy")
        ours = (found["assigned"], found["words"], found["cpu_seconds"], found["peak_mb"])
        rerun = 1.0 if found["identical"] else float("nan")
        theirs = bertopic(texts, embeddings, 1)
        others = bertopic(texts, embeddings, 2)
        rng = np.random.default_rng(1)
        halves = []
        for _ in range(2):
            inside = np.sort(rng.permutation(len(rows))[: len(rows) * 9 // 10])
            topics, *_ = bertopic([texts[at] for at in inside], embeddings[inside], 1)
            whole = [None] * len(rows)
            for at, topic in zip(inside, topics):
                whole[at] = topic
            halves.append(whole)
        for by, (topics, words, seconds, memory), again, parts in (
            ("undertone", ours, rerun, agreement(*found["halves"])),
            ("BERTopic", theirs, agreement(theirs[0], others[0]), agreement(*halves)),
        ):
            numbers = as_numbers(topics)
            none = sum(topic is None for topic in topics) / len(topics)
            print(
                f"{name:10}{len(rows):6} {by:10}{len(words):7}{adjusted_mutual_info_score(gold, numbers):7.3f}{adjusted_rand_score(gold, numbers):7.3f}"
                f"{100 * none:6.1f}%{again:7.3f}{parts:7.3f}{npmi(words, texts):7.3f}{diversity(words):7.3f}{seconds:7.1f}{memory:7.0f}",
                flush=True,
            )
        if "same" in rows[0]:
            same = [row["same"] for row in rows]
            print(f"{'':17}translations with the same theme: undertone {together(ours[0], same):.3f}, BERTopic {together(theirs[0], same):.3f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", source, folder]:
            prepare(source, folder)
        case ["judge", folder, *names]:
            judge(folder, names)
        case _:
            sys.exit("write: prepare LABELLED_DIR FOLDER, or judge FOLDER [NAME...]")
