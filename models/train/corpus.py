"""The labelled sets as training examples. Input: the folder of `*.jsonl.gz` sets. Output: examples per source, test rows and their near twins left out.

What each set knows differs: three classes, two classes, opinion targets, emotions, intents. An example carries only what its set knows; losses are
masked by it.
"""

import difflib
import gzip
import hashlib
import html
import json
import lzma
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

SENTIMENT = ("negative", "neutral", "positive", "mixed")
POLARITY = SENTIMENT[:3]  # of an opinion target
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
CEDR = {"anger": "anger", "fear": "worry", "sadness": "sadness", "surprise": "surprise", "joy": "joy"}  # CEDR (Sboev 2021)
XED_KNOWS = ("anger", "sadness", "worry", "surprise", "joy", "admiration")

INTENTS = ("complaint", "praise", "request", "question", "other")
TOUCHPOINTS = ("none", "contact_centre", "sales", "marketing", "website_app", "billing", "price", "delivery", "product_quality", "after_sales", "staff", "information")
SIGNALS = ("churn", "legal", "safety", "security", "vulnerable", "repeat_contact", "public_exposure", "compensation")
CONCEPTS = Path(__file__).resolve().parents[2] / "data" / "concepts"
SHORT = {"neg": "negative", "neu": "neutral", "pos": "positive", "mix": "mixed", "-": "negative", "0": "neutral", "+": "positive"}  # as the concept files write it
OURS = ("feedback_labels", "comments", "hard")  # labelled by our own definitions, every head at once
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
    stars: bool = False  # labels are stars: those in the middle are as often mixed as neutral
    targets: bool = False  # its aspects are complete, so tokens outside them are no target
    languages: dict = field(default_factory=dict)  # language -> weight; missing = 1


# The weights are set by hand: our own definitions are two thirds of the draws; of the others, languages that matter most and sets with trustworthy labels are drawn more
# often than their size says.
SOURCES = (
    Source("feedback_labels", 0.36, targets=True),
    Source("comments", 0.25, targets=True),
    Source("hard", 0.05, targets=True),
    Source("phrases", 0.02),
    Source("umsab", 0.045),
    Source("wccrs_pl", 0.025),
    Source("husst", 0.02),
    Source("mozetic_tweets_posneg", 0.015, two_class=True, languages={"ru": 4, "hu": 4, "pl": 3, "pt": 3, "es": 1.5, "sq": 0, "bs": 0.3}),
    Source("m_absa", 0.03, targets=True, languages={"ru": 3, "pt": 2, "en": 1.5, "es": 1.5, "de": 1.5, "fr": 3, "tr": 2.5, "da": 0.3}),
    Source("mini_bar_app_reviews", 0.006),
    Source("pt_bank_app_reviews", 0.004, two_class=True),
    Source("kosovan_uk_translated", 0.004, two_class=True),
    Source("brand_tweets_en", 0.004),
    Source("hu_liu_product_reviews", 0.003),
    Source("mams", 0.02, targets=True),
    Source("absa_tv_tshirt", 0.006, targets=True),
    Source("acos_en", 0.006, targets=True),
    Source("absapt2024_sentences_pt", 0.008, targets=True),
    Source("germeval2017_dev", 0.003),
    Source("opinhubank", 0.002),
    Source("sentence_polarity_en", 0.003, two_class=True),
    Source("pros_cons_en", 0.003, two_class=True),
    Source("goemotions", 0.03),
    Source("xed", 0.01, languages={"pt": 2, "pl": 2, "hu": 2, "en": 0.5}),
    Source("banking77", 0.003),
    Source("clinc150", 0.004),
    Source("opener_hotels_en", 0.006, targets=True),
    Source("opener_hotels_es", 0.006, targets=True),
    Source("sentirueval2015_cars_ru", 0.006, targets=True),
    Source("sentirueval2015_tweets_ru", 0.004),
    Source("rusentitweet_ru", 0.005),
    Source("cedr_train_ru", 0.006),
    Source("open_sentiment_corpus_ru", 0.003),
    Source("app_reviews_leto_ru", 0.004, stars=True),
    Source("assurances_fr", 0.005, stars=True),
    Source("friands_restaurants_fr", 0.003, stars=True),
    Source("bestande_courses_de", 0.005, stars=True),
    Source("potts_de", 0.003),
    Source("sb10k_de", 0.001),
    Source("csfd_films_cs_sk", 0.006, stars=True),
    Source("turismo_tripadvisor_es", 0.003, stars=True),
    Source("impfic_books_nl", 0.004, stars=True),
    Source("eticaret_yorumlari_tr", 0.003),
    Source("magaza_yorumlari_tr", 0.003),
    Source("product_reviews_ro", 0.003, two_class=True),
    Source("swe_emoji_sv", 0.002),
    Source("lcc_sentiment_da", 0.001),
    Source("transport_stars_en", 0.002, stars=True),
    Source("trustpilot_banks_en", 0.002, stars=True),
    Source("trustpilot_preview", 0.001, stars=True),
    Source("reclame_aqui_pt", 0.002),
    Source("reclame_aqui_shops_pt", 0.002),
    Source("sikayetvar_banks_tr", 0.002),
)
OPEN = ("goemotions", "xed", "banking77", "clinc150", "cedr_train_ru", "reclame_aqui_pt", "reclame_aqui_shops_pt", "sikayetvar_banks_tr")  # sets that say nothing of sentiment

URL = re.compile(r"(?:https?://|www\.)\S+|\bhttps?\b(?:…|\.\.\.)?")
MENTION = re.compile(r"(?<!\w)@\w+")
RETWEET = re.compile(r"^RT @?\w+:?\s*")
MARKED = re.compile(r"\[\[(.*?)\|([-+0])\]\]")
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


def read_concepts(kind):
    """The comments written for this project, `comments` by concept or `hard` by kind, as rows of `feedback_labels`; opinion targets keep their place in the text."""
    rows = []
    for path in sorted(CONCEPTS.glob(f"{kind}-*.tsv")):
        lines = path.read_text(encoding="utf8").splitlines()
        for line in lines[1:]:
            concept, split, sentiment, intent, emotions, signals, marked = line.split("\t")
            text, targets, at = "", [], 0
            for m in MARKED.finditer(marked):
                text += marked[at : m.start()]
                targets.append(dict(term=m[1], polarity=SHORT[m[2]], start=len(text)))
                text, at = text + m[1], m.end()
            rows.append(dict(
                text=text + marked[at:], lang=path.stem.split("-")[1], split=split, label=SHORT[sentiment], intent=intent, targets=targets, touchpoint=False,
                emotions=[e for e in emotions.split(",") if e], signals=[g for g in signals.split(",") if g], concept=concept if kind == "comments" else None,
            ))  # fmt: skip
    return rows


def touchpoints():
    """The touchpoint of each concept."""
    lines = (CONCEPTS / "concepts.tsv").read_text(encoding="utf8").splitlines()
    return {c[0]: c[1] for c in (line.split("\t") for line in lines[1:])}


def read(folder, name):
    """The rows of one set; `phrases`, `comments` and `hard` are our own."""
    if name == "phrases":
        rows = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf8"))["phrase"]
        return [dict(r, label=r.get("sentiment")) for r in rows]
    if name in ("comments", "hard"):
        rows, known = read_concepts(name), touchpoints()
        return [dict(r, touchpoint=known.get(r["concept"], "none") if r["concept"] else False) for r in rows]
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def split_of(name, row):
    """`train`, `dev` or `test`: the set's own split, or ours for the sets without one."""
    if name == "husst":
        return "test" if held_back(row["text"]) else "train"
    if name in OURS and row["split"] == "train":
        return "dev" if held_back(row["text"], 16) else "train"
    return row.get("split") if row.get("split") in ("dev", "test") and name != "germeval2017_dev" else "train"


def polarity_of(aspect):
    """A polarity by our name; one domain of m_absa abbreviates them."""
    polarity = (aspect.get("polarity") or "").strip().lower()
    return {"pos": "positive", "neg": "negative", "neu": "neutral"}.get(polarity, polarity)


def spans(row, text):
    """Opinion targets found in the cleaned text: `(start, end, class)`, class 1..3 = negative, neutral, positive."""
    found, taken = [], 0
    for aspect in row.get("targets") or row.get("aspects") or []:
        term, polarity = clean(aspect.get("term") or ""), polarity_of(aspect)
        if not term or term.lower() == "null" or polarity not in POLARITY:
            continue
        # Marked targets come in the order of the text, so that the second mention of a word is found where it stands.
        at = text.find(term, taken) if "start" in aspect else -1
        at = at if at >= 0 else text.find(term)
        if at >= 0:
            found.append((at, at + len(term), 1 + POLARITY.index(polarity)))
            taken = at + len(term) if "start" in aspect else 0
    return found


def intent(name, row):
    """What the writer wants, as shares of INTENTS, or None where the set does not tell. Weak labels, by rules: the notes in README.md say how weak."""
    text, label, topics = row["text"].strip(), row.get("label"), row.get("topics") or []
    found = None
    if name in OURS or name.startswith(("reclame_aqui", "sikayetvar")):
        found = [row["intent"]] if row.get("intent") in INTENTS else None
    elif name == "phrases":
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
    """One row as `dict(text, lang, sentiment, targets, emotions, intent, touchpoint, signals, concept)`; what the row does not know is None."""
    text = clean(row["text"])
    out = dict(text=text, lang=row["lang"], sentiment=None, targets=None, emotions=None, intent=intent(source.name, row), touchpoint=None, signals=None, concept=None)
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
    if source.name == "cedr_train_ru":
        felt = {CEDR[e] for e in row["emotions"] if e in CEDR}
        out["emotions"] = [float(e in felt) if e in CEDR.values() else -1.0 for e in EMOTIONS]
        return out
    if source.name in OURS:
        out["emotions"] = [float(e in row["emotions"]) for e in EMOTIONS]
        out["signals"] = [float(g in row["signals"]) for g in SIGNALS]
        out["concept"] = row["concept"] if row["concept"] != "off_topic" else None
        if row["touchpoint"] is not False:
            out["touchpoint"] = TOUCHPOINTS.index(row["touchpoint"] or "none")
    if source.name == "phrases" and "emotion" in row:
        out["emotions"] = [float(e in row["emotion"]) for e in EMOTIONS]
    label = row.get("label")
    if label in SENTIMENT and source.name not in OPEN and not (source.two_class and label in ("neutral", "mixed")):
        middle = source.stars and label == "neutral"
        out["sentiment"] = (0.0, 0.5, 0.0, 0.5) if middle else tuple(float(label == s) for s in SENTIMENT)
    if source.targets and (row.get("targets") is not None or row.get("aspects") is not None):
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
    """Examples of every source: name -> list. Train examples share no fingerprint with any test row of any set, nor with a development row of ours; a text that was labelled
    by our own definitions is drawn with those labels alone."""
    rows = {source.name: read(folder, source.name) for source in SOURCES}
    known = {name: [(fingerprint(r["text"]), split_of(name, r)) for r in rows[name]] for name in rows}
    judged = {f for name in known for f, part in known[name] if part == "test" or (name in OURS and part == "dev")}
    ours = {f for f, _ in known["feedback_labels"]}
    out = {}
    for source in SOURCES:
        chosen = []
        for row, (print_, part) in zip(rows[source.name], known[source.name]):
            if part == split and row["lang"] in LANGUAGES:
                if split != "train" or not (print_ in judged or (source.name != "feedback_labels" and print_ in ours)):
                    chosen.append(row)
        out[source.name] = [e for e in (example(source, r) for r in chosen) if e]
    return out


FIELDS = ("text", "lang", "sentiment", "targets", "emotions", "intent", "touchpoint", "signals", "concept")  # of an example, in the order of a packed line


def pack(examples, path, most):
    """Writes examples to one compressed file, of each source and language at most `most` of those that are not ours, chosen by hash."""
    with lzma.open(path, "wt", encoding="utf8", preset=6) as out:
        for name, rows in examples.items():
            kept = {}
            for e in rows if name in OURS else sorted(rows, key=lambda e: hashlib.sha256(e["text"].encode()).digest()):
                there = kept.setdefault(e["lang"], [])
                if name in OURS or len(there) < most:
                    there.append(e)
            for e in (e for lang in sorted(kept) for e in kept[lang]):
                out.write(json.dumps([name, *(e[f] for f in FIELDS)], ensure_ascii=False, separators=(",", ":")) + "\n")


def unpack(path):
    """What `pack` wrote: name -> list of examples."""
    out = {source.name: [] for source in SOURCES}
    with lzma.open(path, "rt", encoding="utf8") as lines:
        for line in lines:
            name, *values = json.loads(line)
            out[name].append(dict(zip(FIELDS, values)))
    return out
