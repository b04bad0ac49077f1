"""VADER on the English sentiment cases of tests/behaviour. Input: the suite's files. Output: held and asked by capability, as `undertone eval --suite` counts them.

The thresholds are its authors': compound >= 0.05 positive, <= -0.05 negative, neutral between. VADER has no mixed, so cases that allow only mixed are lost to it; the last
line leaves them out.
"""

import json
import sys
import tomllib
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

analyzer = SentimentIntensityAnalyzer()


def compound(text):
    return analyzer.polarity_scores(text)["compound"]


def sentiment(text):
    score = compound(text)
    return "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"


def english(rows):
    return [row for row in rows if row["language"] == "en"]


def checks(suite):
    """Yields whether each expectation holds, and whether only mixed would do."""
    for case in english(suite.get("cases", [])):
        if allowed := case.get("sentiment"):
            yield sentiment(case["text"]) in allowed, allowed == ["mixed"]
    for group in english(suite.get("groups", [])):
        answers = {sentiment(text) for text in group["texts"]}
        yield len(answers) == 1 and answers <= set(group.get("sentiment") or answers), False
    for pair in english(suite.get("pairs", [])):
        yield compound(pair["better"]) > compound(pair["worse"]), False


held = {}
for file in sorted(Path("tests/behaviour").glob("*.toml")):
    suite = tomllib.loads(file.read_text(encoding="utf8"))
    if found := list(checks(suite)):
        held[suite["capability"]] = found
count = lambda found: dict(asked=len(found), passed=sum(passed for passed, _ in found))
everything = [check for found in held.values() for check in found]
report = dict(
    capabilities={name: count(found) for name, found in held.items()},
    all=count(everything),
    without_mixed=count([check for check in everything if not check[1]]),
)
if "--json" in sys.argv[1:]:
    print(json.dumps(report, indent=2))
else:
    for name, found in [*report["capabilities"].items(), ("all", report["all"]), ("without mixed", report["without_mixed"])]:
        print(f"{name:16} {found['passed']:3d}/{found['asked']:<3d} {100 * found['passed'] / found['asked']:4.0f} %")
