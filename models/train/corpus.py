"""The labelled sets as training examples. Input: the folder of `*.jsonl.gz` sets. Output: examples per source, test rows and their near twins left out.

What each set knows differs: three classes, two classes, opinion targets, emotions, intents. An example carries only what its set knows; losses are
masked by it.
"""

import difflib
import gzip
import hashlib
import html
import json
import re
import tomllib
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

INTENTS = ("complaint", "praise", "request", "question", "other")
# Sets whose verdict on a whole comment is a complaint or praise: reviews, and tweets to or about a brand. Their neutral rows are left open but where noted.
REVIEWS = set("wccrs_pl mini_bar_app_reviews pt_bank_app_reviews kosovan_uk_translated brand_tweets_en hu_liu_product_reviews mams acos_en m_absa pros_cons_en".split())
# How a request to an assistant or a bank begins, and how a question does; they label clinc150 and banking77, whose own labels say what it is about.
ASKS = re.compile(r"(?i)^(?:what|what's|whats|how|how's|when|where|which|who|why|is|are|am|do|does|did|can i|could i|may i|should|will|would it|have|has|was|were)\b")
WANTS = re.compile(r"(?i)^(?:please|can you|could you|would you|will you|i want|i need|i'd like|i would like|let|help|tell|show|give|set|make|add|change|cancel|order|book|find|play|turn|"
                   r"remind|schedule|transfer|pay|put|remove|start|stop|call|text|send|update|check|get|look|read|freeze|report|activate|order|switch|move|create|clear|delete|i have to|i wish to)\b")

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
    Source("phrases", 0.08),
    Source("umsab", 0.17),
    Source("wccrs_pl", 0.10),
    Source("husst", 0.07),
    Source("mozetic_tweets_posneg", 0.09, two_class=True, languages={"ru": 4, "hu": 4, "pl": 3, "pt": 3, "es": 1.5, "sq": 0, "bs": 0.3}),
    Source("m_absa", 0.16, targets=True, languages={"ru": 3, "pt": 2, "en": 1.5, "es": 1.5, "de": 1.5, "fr": 3, "tr": 2.5, "da": 0.3}),
    Source("mini_bar_app_reviews", 0.05),
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
    Source("goemotions", 0.08),
    Source("xed", 0.05, languages={"pt": 2, "pl": 2, "hu": 2, "en": 0.5}),
    Source("banking77", 0.02),
    Source("clinc150", 0.03),
)
OPEN = ("goemotions", "xed", "banking77", "clinc150")  # sets that say nothing of sentiment

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
    """The rows of one set; `phrases` are our own, beside this file."""
    if name == "phrases":
        rows = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf8"))["phrase"]
        return [dict(r, label=r.get("sentiment")) for r in rows]
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def split_of(name, row):
    """`train`, `dev` or `test`: the set's own split, or ours for the sets without one."""
    if name == "husst":
        return "test" if held_back(row["text"]) else "train"
    return row.get("split") if row.get("split") in ("dev", "test") and name != "germeval2017_dev" else "train"


def polarity_of(aspect):
    """A polarity by our name; one domain of m_absa abbreviates them."""
    polarity = (aspect.get("polarity") or "").strip().lower()
    return {"pos": "positive", "neg": "negative", "neu": "neutral"}.get(polarity, polarity)


def spans(row, text):
    """Opinion targets found in the cleaned text: `(start, end, class)`, class 1..3 = negative, neutral, positive."""
    found = []
    for aspect in row.get("aspects") or []:
        term, polarity = clean(aspect.get("term") or ""), polarity_of(aspect)
        at = text.find(term) if term and term.lower() != "null" and polarity in SENTIMENT else -1
        if at >= 0:
            found.append((at, at + len(term), 1 + SENTIMENT.index(polarity)))
    return found


def intent(name, row):
    """What the writer wants, as shares of INTENTS, or None where the set does not tell. Weak labels, by rules: the notes in README.md say how weak."""
    text, label, topics = row["text"].strip(), row.get("label"), row.get("topics") or []
    found = None
    if name == "phrases":
        found = [row["intent"]] if "intent" in row else None
    elif name in ("banking77", "clinc150"):
        if label == "oos":
            return None
        asks = text.endswith("?") or bool(ASKS.match(text))
        found = ["request"] if WANTS.match(text) else ["question"] if asks else None
    elif name == "mini_bar_app_reviews":
        by_topic = [{"problem_report": "complaint", "feature_request": "request"}[t] for t in topics if t != "irrelevant"]
        found = by_topic or [{"positive": "praise", "negative": "complaint", "neutral": "other"}[label]]
    elif name == "pt_bank_app_reviews":
        found = sorted({{"praise": "praise", "complaint": "complaint"}.get(t.split("_")[0], "other") for t in topics}) or None
    elif name in REVIEWS:
        found = {"positive": ["praise"], "negative": ["complaint"]}.get(label)
        if label == "neutral" and name in ("wccrs_pl", "brand_tweets_en"):
            found = ["question"] if text.endswith("?") else ["other"]
    elif name == "umsab" and label == "neutral":
        found = ["question"] if text.endswith("?") else ["other"]
    return found and [found.count(i) / len(found) for i in INTENTS]


def example(source, row):
    """One row as `dict(text, lang, sentiment, targets, emotions, intent)`; what the row does not know is None."""
    text = clean(row["text"])
    out = dict(text=text, lang=row["lang"], sentiment=None, targets=None, emotions=None, intent=intent(source.name, row))
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
    if source.name == "phrases" and "emotion" in row:
        out["emotions"] = [float(e in row["emotion"]) for e in EMOTIONS]
    label = row.get("label")
    if label == "mixed":
        out["sentiment"] = (0.5, 0.0, 0.5)
    elif label in SENTIMENT and not (source.two_class and label == "neutral"):
        out["sentiment"] = tuple(float(label == s) for s in SENTIMENT)
    if source.targets:
        out["targets"] = spans(row, text)
    return out if out["sentiment"] or out["targets"] or out["intent"] else None


def anchors(rows):
    """The English original of each translated row of m_absa: text -> English text. Translations keep the order of the originals; a few rows are missing."""
    blocks = {}
    for row in rows:
        key = "|".join(sorted(f"{a.get('category')}:{polarity_of(a)}".lower() for a in row["aspects"]))
        blocks.setdefault((row["split"], row["domain"]), {}).setdefault(row["lang"], []).append((key, clean(row["text"])))
    found = {}
    for languages in blocks.values():
        english = languages["en"]
        for lang, there in languages.items():
            if lang != "en":
                match = difflib.SequenceMatcher(None, [k for k, _ in there], [k for k, _ in english], autojunk=False)
                for a, b, size in match.get_matching_blocks():
                    found |= {there[a + n][1]: english[b + n][1] for n in range(size)}
    return found


def load(folder, split="train"):
    """Examples of every source: name -> list. Train examples share no fingerprint with any test row of any set."""
    rows = {source.name: read(folder, source.name) for source in SOURCES}
    judged = {fingerprint(r["text"]) for name in rows for r in rows[name] if split_of(name, r) == "test"}
    out = {}
    for source in SOURCES:
        chosen = [r for r in rows[source.name] if split_of(source.name, r) == split and r["lang"] in LANGUAGES]
        if split == "train":
            chosen = [r for r in chosen if fingerprint(r["text"]) not in judged]
        out[source.name] = [e for e in (example(source, r) for r in chosen) if e]
    return out
