#!/usr/bin/env python3
"""Puts the figures of models/base/report.json into MODEL_CARD.md and README.md, between `<!-- figures: NAME -->` and `<!-- end -->`.

usage: models/figures.py [--check]      with --check nothing is written, and any difference is an error

Standard library only; no labelled data is needed, so that a check on every change can hold the documents against the report.
"""

import difflib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "models" / "base" / "report.json"
DOCUMENTS = (ROOT / "models" / "base" / "MODEL_CARD.md", ROOT / "README.md")
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.S)
WHOLE = 100  # rows of a language from which on its figure counts in a mean of languages


def of_class(figures, name):
    return next(c for c in figures["classes"] if c["class"] == name)


def languages(report, name, figure=lambda f: f["accuracy"]):
    """A figure of each language with enough rows."""
    found = [figure(f) for f in report["sets"][name]["groups"].values() if f["rows"] >= WHOLE]
    if not found:
        raise KeyError(f"{name}: no language has {WHOLE} rows")
    return found


# What the model is to reach: floor and aim. Where the floor is above the aim, less is better.
REACH = (
    ("labelled feedback: sentiment of four classes, accuracy", lambda r: r["sets"]["feedback"]["all"]["accuracy"], 0.77, 0.85),
    ("... negative and positive exchanged", lambda r: r["sets"]["feedback"]["all"]["flips"], 0.025, 0.01),
    ("... precision of mixed at recall 0.5", lambda r: of_class(r["sets"]["feedback"]["all"], "mixed")["precision_at_half_recall"], 0.60, 0.75),
    ("... calibration error of sentiment", lambda r: r["sets"]["feedback"]["all"]["calibration_error"], 0.04, 0.02),
    ("... touchpoint, accuracy where there is one", lambda r: r["sets"]["feedback_touchpoint"]["all"]["accuracy_where_any"], 0.75, 0.83),
    ("... touchpoint, macro-F1 over twelve with none", lambda r: r["sets"]["feedback_touchpoint"]["all"]["macro_f1"], 0.55, 0.68),
    ("... signals, micro-F1", lambda r: r["sets"]["feedback_signals"]["all"]["micro_f1"], 0.45, 0.65),
    ("... intent, accuracy", lambda r: r["sets"]["feedback_intent"]["all"]["accuracy"], 0.82, 0.88),
    ("written comments: sentiment, accuracy, mean of languages", lambda r: mean(languages(r, "written")), 0.81, 0.88),
    ("... weakest language", lambda r: min(languages(r, "written")), 0.76, 0.85),
    ("... signals, micro-F1", lambda r: r["sets"]["written_signals"]["all"]["micro_f1"], 0.60, 0.75),
    ("... exact targets, F1", lambda r: r["sets"]["written_targets"]["all"]["spans"]["exact"]["f1"], 0.45, 0.60),
    ("UMSAB, mean macro-F1 of six languages", lambda r: r["sets"]["umsab"]["mean_macro_f1"], 0.69, 0.72),
    ("WCCRS (pl), accuracy without mixed", lambda r: r["sets"]["wccrs_pl"]["all"]["accuracy"], 0.84, 0.88),
    ("HuSST (hu), macro-F1", lambda r: r["sets"]["husst"]["all"]["macro_f1"], 0.63, 0.70),
    ("GoEmotions in our words, macro-F1", lambda r: r["sets"]["goemotions"]["all"]["macro_f1"], 0.51, 0.55),
    ("polarity of a given target, MAMS, accuracy", lambda r: r["sets"]["mams"]["all"]["accuracy"], 0.72, 0.80),
    ("exact targets, MAMS, F1", lambda r: r["sets"]["mams"]["all"]["spans"]["exact"]["f1"], 0.70, 0.75),
    ("exact targets, television and T-shirt reviews, F1", lambda r: r["sets"]["absa_tv_tshirt"]["all"]["spans"]["exact"]["f1"], 0.55, 0.70),
    ("exact targets, M-ABSA, mean F1 of languages", lambda r: mean(g["spans"]["exact"]["f1"] for g in r["sets"]["m_absa"]["groups"].values()), 0.56, 0.65),
    ("behavioural suite, share held", lambda r: rate(r["behaviour"]["all"]), 0.88, 0.95),
    ("calibration error of sentiment, mean of UMSAB, WCCRS, HuSST", lambda r: mean(r["sets"][n]["all"]["calibration_error"] for n in ("umsab", "wccrs_pl", "husst")), 0.05, 0.03),
)  # fmt: skip


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def rate(held):
    return held["passed"] / max(1, held["asked"])


def percent(share):
    return f"{100 * share:.1f} %"


def headline(all):
    parts = [f"{all['rows']} judged", f"accuracy {all['accuracy']:.3f}", f"macro-F1 {all['macro_f1']:.3f}", f"calibration error {all['calibration_error']:.3f}"]
    parts += [f"{name} {all[key]:.3f}" for key, name in (("micro_f1", "micro-F1"), ("flips", "exchanged"), ("accuracy_where_any", "where there is one")) if key in all]
    return ", ".join(parts + ([f"exact targets F1 {all['spans']['exact']['f1']:.3f}"] if "spans" in all else []))


def rounded(value):
    """Figures to four places, so that the file shows what changed."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def read(path=REPORT):
    return json.loads(path.read_text(encoding="utf8"))


def markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def judged(report, name):
    """The figures of a set by group, then all; nothing when it was not judged."""
    found = report["sets"].get(name, {})
    if "all" not in found:
        return []
    groups = list(found["groups"].items())
    return [*groups, ("all", found["all"])] if len(groups) > 1 else [("all", found["all"])]


def choices(report, name, what):
    span = lambda low_high: f"{low_high[0]:.3f}-{low_high[1]:.3f}"
    rows = [
        [group, f["rows"], percent(f["accuracy"]), f"{f['macro_f1']:.3f}", span(f["macro_f1_interval"]), f"{f['calibration_error']:.3f}"]
        for group, f in judged(report, name)
    ]
    found = report["sets"].get(name, {})
    if len(found.get("groups", {})) > 1:
        rows.append(["mean", "", "", f"**{found['mean_macro_f1']:.3f}**", "", f"{mean(g['calibration_error'] for g in found['groups'].values()):.3f}"])
    return markdown([what, "rows", "accuracy", "macro-F1", "95 %", "calibration error"], rows) if rows else f"Not judged: {found.get('left_out', 'not asked')}."


def classes(report, name):
    if not judged(report, name):
        return ""
    rows = [[c["class"], c["support"], f"{c['precision']:.3f}", f"{c['recall']:.3f}", f"{c['f1']:.3f}"] for _, f in judged(report, name)[-1:] for c in f["classes"]]
    return markdown(["", "labelled", "precision", "recall", "F1"], rows)


def targets(report):
    rows = []
    for name in ("mams", "absa_tv_tshirt", "acos_en", "m_absa"):
        for group, f in judged(report, name):
            spans = f["spans"]
            rows.append([name, group, f["rows"], percent(f["accuracy"]), f"{f['macro_f1']:.3f}", f"{spans['exact']['f1']:.3f}", f"{spans['with_polarity']['f1']:.3f}", f"{spans['words']['f1']:.3f}"])
    return markdown(["set", "", "targets", "polarity accuracy", "polarity macro-F1", "exact F1", "exact with polarity F1", "words F1"], rows)


def reliability(report):
    """By set and group, for every bin of the probability: the share that was right, of how many answers."""
    lines = [(name, group, {b["from"]: b for b in f["reliability"]}) for name in ("umsab", "wccrs_pl", "husst") for group, f in judged(report, name)]
    bins = {b["from"]: b["to"] for _, _, found in lines for b in found.values()}
    cell = lambda b: f"{100 * b['right']:.0f} % of {b['count']}" if b else ""
    rows = [[name, group, *(cell(found.get(start)) for start in sorted(bins))] for name, group, found in lines]
    return markdown(["set", "", *(f"{100 * start:.0f}-{100 * bins[start]:.0f} %" for start in sorted(bins))], rows)


def behaviour(report):
    suite = report["behaviour"]
    languages = sorted(suite["languages"])
    line = lambda name, all, held: [name, f"{100 * rate(all):.0f} %", *(f"{h['passed']}/{h['asked']}" if (h := held.get(code)) else "" for code in languages)]
    rows = [line(name, held["all"], held) for name, held in suite["capabilities"].items()]
    return markdown(["", "held", *languages], [*rows, line("all", suite["all"], suite["languages"])])


def vader(report):
    if not report["vader"]:
        return "Not judged beside VADER."
    theirs = report["vader"]["capabilities"]
    ours = {name: report["behaviour"]["capabilities"][name]["en"] for name in theirs}
    total = lambda held: dict(asked=sum(h["asked"] for h in held.values()), passed=sum(h["passed"] for h in held.values()))
    rows = [[name, *(f"{h['passed']}/{h['asked']}" for h in (ours[name], theirs[name]))] for name in theirs]
    return markdown(["English", "this model", "VADER"], [*rows, ["all", percent(rate(total(ours))), percent(rate(total(theirs)))]])


def reach(report):
    rows = []
    for what, figure, floor, aim in REACH:
        try:
            value = figure(report)
        except (KeyError, StopIteration):
            rows.append([what, "not judged", floor, aim, ""])
            continue
        better = (lambda bound: value <= bound) if floor > aim else (lambda bound: value >= bound)
        rows.append([what, f"{value:.3f}", floor, aim, "aim" if better(aim) else "floor" if better(floor) else "missed"])
    return markdown(["what", "figure", "floor", "aim", "reached"], rows)


def mean_interval(report, name):
    """Mean accuracy of the languages with enough rows, and its interval: rows of different languages were drawn apart."""
    spans = languages(report, name, lambda f: f["accuracy_interval"])
    half = sum(((high - low) / 2) ** 2 for low, high in spans) ** 0.5 / len(spans)
    middle = mean(languages(report, name))
    return middle, [middle - half, middle + half]


def own(report, name):
    """Every task on rows labelled by our own definitions, by language."""
    if not judged(report, name):
        return f"Not judged: {report['sets'].get(name, {}).get('left_out', 'not asked')}."
    tasks = {task: dict(judged(report, f"{name}{task}")) for task in ("", "_intent", "_touchpoint", "_signals", "_emotion", "_targets")}

    def figure(task, group, of, form="{:.3f}"):
        f = tasks[task].get(group)
        value = of(f) if f else None
        return "" if value is None else percent(value) if form == "%" else form.format(value)

    span = lambda low_high: f"{100 * low_high[0]:.1f}-{100 * low_high[1]:.1f}"
    rows = []
    for group, f in judged(report, name):
        rows.append([
            group, f["rows"], percent(f["accuracy"]), span(f["accuracy_interval"]), percent(f["flips"]), percent(f["coverage"]), f"{f['calibration_error']:.3f}",
            figure("_intent", group, lambda f: f["accuracy"], "%"), figure("_touchpoint", group, lambda f: f.get("accuracy_where_any"), "%"),
            figure("_touchpoint", group, lambda f: f["macro_f1"]), figure("_signals", group, lambda f: f["micro_f1"]), figure("_emotion", group, lambda f: f["macro_f1"]),
            figure("_targets", group, lambda f: f["spans"]["exact"]["f1"]),
        ])  # fmt: skip
    if sum(f["rows"] >= WHOLE for f in report["sets"][name]["groups"].values()) > 1:
        middle, interval = mean_interval(report, name)
        rows.append([f"mean of {len(languages(report, name))}", "", f"**{percent(middle)}**", span(interval), *[""] * 9])
    header = "language, rows, sentiment, 95 %, exchanged, answered, calibration error, intent, touchpoint where one, touchpoint macro-F1, signals micro-F1, emotions macro-F1, exact targets F1"
    return markdown(header.split(", "), rows)


def answered(report):
    """Accuracy when only the surest are answered."""
    rows = []
    for name, what in (("feedback", "labelled feedback, sentiment"), ("feedback_intent", "... intent"), ("feedback_touchpoint", "... touchpoint"),
                       ("written", "written comments, sentiment"), ("written_intent", "... intent"), ("written_touchpoint", "... touchpoint")):  # fmt: skip
        for _, f in judged(report, name)[-1:]:
            points = f.get("curve", [])
            rows.append([what, f["rows"], *(f"{percent(p['accuracy'])} of {percent(p['answered'])}" for p in points), *[""] * (3 - len(points))])
    return markdown(["", "rows", "all", "the surest 90 %", "the surest 80 %"], rows) if rows else "Not judged: not asked."


def confusion(report, name):
    """Rows: labels; columns: answers."""
    found = report["sets"].get(name, {}).get("all")
    if not found:
        return ""
    classes = [c["class"] for c in found["classes"]] if len(found["classes"]) == len(found["confusion"]) else None
    if not classes:
        return ""
    precision = {c["class"]: c for c in found["classes"]}
    at_half = lambda c: "" if c.get("precision_at_half_recall") is None else f"{c['precision_at_half_recall']:.3f}"
    rows = [
        [name, *answers, *(f"{precision[name][key]:.3f}" for key in ("precision", "recall", "f1")), at_half(precision[name])]
        for name, answers in zip(classes, found["confusion"])
    ]
    return markdown(["label", *(f"→ {name}" for name in classes), "→ no answer", "precision", "recall", "F1", "precision at recall 0.5"], rows)


def depths(report):
    """Accuracy and speed of both depths, beside a regression on the base's frozen states."""
    rows = []
    for name, what, figure in (
        ("feedback", "labelled feedback, sentiment, accuracy", "accuracy"),
        ("written", "written comments, sentiment, accuracy", "accuracy"),
        ("umsab", "UMSAB, mean macro-F1", "macro_f1"),
        ("wccrs_pl", "WCCRS, accuracy", "accuracy"),
        ("husst", "HuSST, macro-F1", "macro_f1"),
        ("goemotions", "GoEmotions, macro-F1", "macro_f1"),
        ("mams", "MAMS, polarity accuracy", "accuracy"),
        ("mams", "MAMS, exact targets F1", "exact_f1"),
        ("absa_tv_tshirt", "television and T-shirts, exact targets F1", "exact_f1"),
        ("m_absa", "M-ABSA, exact targets F1", "exact_f1"),
    ):
        known = [(report["depths"].get(name) or {}).get(quality, {}).get(figure) for quality in ("best", "fast")]
        if not any(known):
            continue
        known.append(((report.get("frozen") or {}).get(name) or {}).get(figure))
        rows.append([what, *("" if value is None else f"{value:.3f}" for value in known)])
    speeds = [of_set[quality]["rows_per_second"] / of_set["best"]["rows_per_second"] for quality in ("best", "fast") for of_set in report["depths"].values()]
    half = len(speeds) // 2
    rows.append(["comments a second against all layers", *(f"{mean(s):.1f}" for s in (speeds[:half], speeds[half:]) if s), ""])
    return markdown(["what", "12 layers (`best`)", "6 layers (`fast`)", "frozen base, 12 layers"], rows)


def summary(report):
    """The README's table."""
    rows = []
    for name, what, tongues, of_mean in (
        ("feedback", "real feedback by our own definitions, four sentiments", "fifteen", False),
        ("feedback_intent", "... intent", "fifteen", False),
        ("feedback_touchpoint", "... touchpoint, of twelve with none", "fifteen", False),
        ("written", "written comments of unseen concepts and hard kinds, four sentiments", "fourteen", False),
        ("umsab", "UMSAB (tweets)", "mean of en de es fr it pt", True),
        ("wccrs_pl", "WCCRS (reviews, without mixed)", "pl", False),
        ("husst", "HuSST (film reviews, a fifth held back)", "hu", False),
        ("goemotions", "GoEmotions in our words (emotions)", "en", False),
        ("mams", "MAMS (polarity of a given target)", "en", False),
        ("intent", "intents of the sets above, and of banking77 and clinc150", "en pl and UMSAB's", False),
    ):
        for _, f in judged(report, name)[-1:]:
            macro_f1 = report["sets"][name]["mean_macro_f1"] if of_mean else f["macro_f1"]
            rows.append([what, tongues, f"{macro_f1:.3f}", percent(f["accuracy"]), f"{f['calibration_error']:.3f}"])
    held = report["behaviour"]["all"]
    rows.append([f"behavioural suite, {held['asked']} expectations", f"{len(report['behaviour']['languages'])} languages", "", f"{percent(rate(held))} held", ""])
    return markdown(["test set", "languages", "macro-F1", "accuracy", "calibration error"], rows)


TABLES = {
    "feedback": lambda r: own(r, "feedback"),
    "confusion": lambda r: "\n\n".join(filter(None, (confusion(r, "feedback"), confusion(r, "feedback_touchpoint")))) or "Not judged: not asked.",
    "signals": lambda r: "\n\n".join(f"{what}\n\n{classes(r, name)}" for name, what in (("feedback_signals", "Labelled feedback:"), ("written_signals", "Written comments:"))
                                     if judged(r, name)) or "Not judged: not asked.",
    "written": lambda r: own(r, "written"),
    "hard": lambda r: choices(r, "hard", "kind"),
    "answered": answered,
    "umsab": lambda r: choices(r, "umsab", "language"),
    "wccrs": lambda r: choices(r, "wccrs_pl", "domain"),
    "husst": lambda r: choices(r, "husst", ""),
    "goemotions": lambda r: f"{choices(r, 'goemotions', '')}\n\n{classes(r, 'goemotions')}".strip(),
    "xed": lambda r: choices(r, "xed", "language"),
    "intent": lambda r: f"{choices(r, 'intent', 'set')}\n\n{classes(r, 'intent')}".strip(),
    "targets": targets,
    "behaviour": behaviour,
    "vader": vader,
    "reliability": reliability,
    "reach": reach,
    "depths": depths,
    "summary": summary,
}


def table(name, report):
    return TABLES[name](report)


def filled(text, report):
    """A document with the tables of the report."""
    return BLOCK.sub(lambda block: f"{block[1]}{table(block[2], report)}\n{block[3]}", text)


def write():
    report = read()
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf8"), report), encoding="utf8")


def check():
    """Whether every document says what the report says."""
    report, same = read(), True
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf8")
        wanted = filled(text, report)
        if not BLOCK.search(text):
            print(f"{document.name}: there is no block of figures")
            same = False
        for line in difflib.unified_diff(text.splitlines(), wanted.splitlines(), document.name, REPORT.name, lineterm="", n=0):
            print(line)
            same = False
    return same


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if check() else "the documents differ from models/base/report.json: run models/figures.py, or models/evaluate if the model has changed")
    write()
