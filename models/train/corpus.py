"""The labelled sets as training examples. Input: the folder of `*.jsonl.gz` sets. Output: examples per source, test rows and their near twins left out.

What each set knows differs: three classes, two classes, opinion targets, emotions. An example carries only what its set knows; losses are masked by it.
"""

import gzip
import hashlib
import html
import json
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

SENTIMENT = ("negative", "neutral", "positive")
EMOTIONS = ("anger", "frustration", "disappointment", "sadness", "worry", "confusion", "surprise", "joy", "gratitude", "admiration")

# GoEmotions (Demszky 2020) has 28 labels. Those that are no feeling a customer team acts on map to nothing and count as none.
GOEMOTIONS = {
    "anger": "anger", "disgust": "anger", "annoyance": "frustration", "disapproval": "frustration", "disappointment": "disappointment",
    "sadness": "sadness", "grief": "sadness", "remorse": "sadness", "embarrassment": "sadness", "fear": "worry", "nervousness": "worry",
    "confusion": "confusion", "surprise": "surprise", "realization": "surprise", "joy": "joy", "amusement": "joy", "excitement": "joy",
    "relief": "joy", "love": "joy", "optimism": "joy", "gratitude": "gratitude", "admiration": "admiration", "approval": "admiration",
    "pride": "admiration",
}  # fmt: skip
# XED (Öhman 2020) has Plutchik's eight. It cannot tell frustration, disappointment, confusion and gratitude: those are unknown in its rows.
XED = {"anger": "anger", "disgust": "anger", "fear": "worry", "sadness": "sadness", "surprise": "surprise", "joy": "joy", "trust": "admiration"}
XED_KNOWS = ("anger", "sadness", "worry", "surprise", "joy", "admiration")

# Our languages; UMSAB also has Arabic and Hindi, whose pieces the trimmed vocabulary does not keep.
LANGUAGES = set("uk pt ru hu pl en de es fr it nl cs sk tr sv ro bg hr da sl sr bs".split())


@dataclass
class Source:
    """A labelled set and how often a training step draws from it."""

    name: str
    weight: float  # share of the draws, relative
    two_class: bool = False  # neutral is not among its labels
    targets: bool = False  # its aspects are complete, so tokens outside them are no target
    languages: dict = field(default_factory=dict)  # language -> weight; missing = 1


# The weights are set by hand: languages that matter most and sets with trustworthy labels are drawn more often than their size says.
SOURCES = (
    Source("umsab", 0.17),
    Source("wccrs_pl", 0.10),
    Source("husst", 0.07),
    Source("mozetic_tweets_posneg", 0.11, two_class=True, languages={"ru": 4, "hu": 4, "pl": 3, "pt": 3, "es": 1.5, "sq": 0, "bs": 0.3}),
    Source("m_absa", 0.12, targets=True, languages={"ru": 3, "pt": 2, "en": 2, "es": 1.5, "de": 2, "fr": 1.5, "da": 0.3}),
    Source("mini_bar_app_reviews", 0.06),
    Source("pt_bank_app_reviews", 0.03, two_class=True),
    Source("kosovan_uk_translated", 0.03, two_class=True),
    Source("brand_tweets_en", 0.02),
    Source("hu_liu_product_reviews", 0.02),
    Source("mams", 0.045, targets=True),
    Source("absa_tv_tshirt", 0.02, targets=True),
    Source("acos_en", 0.02, targets=True),
    Source("absapt2022_pt", 0.01, targets=True),
    Source("germeval2017_dev", 0.015),
    Source("opinhubank", 0.01),
    Source("sentence_polarity_en", 0.02, two_class=True),
    Source("pros_cons_en", 0.02, two_class=True),
    Source("goemotions", 0.07),
    Source("xed", 0.06, languages={"pt": 2, "pl": 2, "hu": 2, "en": 0.5}),
)

URL = re.compile(r"(?:https?://|www\.)\S+|\bhttps?\b(?:…|\.\.\.)?")
MENTION = re.compile(r"(?<!\w)@\w+")
RETWEET = re.compile(r"^RT @?\w+:?\s*")
LETTERS = re.compile(r"([^\W\d_])\1{2,}")
MARKS = re.compile(r"([!?.,…])\1{3,}")
SPACE = re.compile(r"\s+")


def clean(text):
    """What the `text` room does before the model, as far as these sets need it."""
    text = unicodedata.normalize("NFC", html.unescape(text))
    text = MENTION.sub("@user", URL.sub("http", RETWEET.sub("", text)))
    text = MARKS.sub(r"\1\1\1", LETTERS.sub(r"\1\1", text))
    return SPACE.sub(" ", text).strip()


def fingerprint(text):
    """A text without case, accents, punctuation and placeholders: near-identical texts share it."""
    text = unicodedata.normalize("NFKD", clean(text).lower().replace("@user", "").replace("http", ""))
    return "".join(c for c in text if c.isalnum())


def held_back(text, every=5):
    """HuSST has no public test labels: a fifth of it, chosen by hash, is our test split."""
    return int(hashlib.sha256(fingerprint(text).encode()).hexdigest(), 16) % every == 0


def read(folder, name):
    """The rows of one set."""
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def split_of(name, row):
    """`train`, `dev` or `test`: the set's own split, or ours for the sets without one."""
    if name == "husst":
        return "test" if held_back(row["text"]) else "train"
    return row.get("split") if row.get("split") in ("dev", "test") and name != "germeval2017_dev" else "train"


def spans(row, text):
    """Opinion targets found in the cleaned text: `(start, end, class)`, class 1..3 = negative, neutral, positive."""
    found = []
    for aspect in row.get("aspects") or []:
        term, polarity = clean(aspect.get("term") or ""), aspect.get("polarity")
        at = text.find(term) if term and term.lower() != "null" and polarity in SENTIMENT else -1
        if at >= 0:
            found.append((at, at + len(term), 1 + SENTIMENT.index(polarity)))
    return found


def example(source, row):
    """One row as `dict(text, lang, sentiment, targets, emotions)`; what the row does not know is None."""
    text = clean(row["text"])
    out = dict(text=text, lang=row["lang"], sentiment=None, targets=None, emotions=None)
    if not text:
        return None
    if source.name == "goemotions":
        felt = {GOEMOTIONS[e] for e in row["emotions"] if e in GOEMOTIONS}
        out["emotions"] = [float(e in felt) for e in EMOTIONS]
        return out
    if source.name == "xed":
        felt = {XED[e] for e in row["emotions"] if e in XED}
        out["emotions"] = [float(e in felt) if e in XED_KNOWS else -1.0 for e in EMOTIONS]
        return out
    label = row.get("label")
    if label == "mixed":
        out["sentiment"] = (0.5, 0.0, 0.5)
    elif label in SENTIMENT and not (source.two_class and label == "neutral"):
        out["sentiment"] = tuple(float(label == s) for s in SENTIMENT)
    if source.targets:
        out["targets"] = spans(row, text)
    return out if out["sentiment"] or out["targets"] else None


def load(folder, split="train"):
    """Examples of every source: name -> list. Train examples share no fingerprint with any test row of any set."""
    rows = {source.name: read(folder, source.name) for source in SOURCES}
    judged = {fingerprint(r["text"]) for name in [*rows, "banking77", "clinc150"] for r in rows.get(name) or read(folder, name) if split_of(name, r) == "test"}
    out = {}
    for source in SOURCES:
        chosen = [r for r in rows[source.name] if split_of(source.name, r) == split and r["lang"] in LANGUAGES]
        if split == "train":
            chosen = [r for r in chosen if fingerprint(r["text"]) not in judged]
        out[source.name] = [e for e in (example(source, r) for r in chosen) if e]
    return out
