"""Opens what Undertone writes with the table engines people use, and compares every value.

    python scripts/readers/check.py PROGRAM            polars, pyarrow, pandas, DuckDB, Daft
    python scripts/readers/check.py PROGRAM --spark    Spark too, on this machine

pyarrow is the yardstick: its types are compared with the schema of docs/schema.md, its rows with those of every other engine.
"""

import argparse
import csv
import datetime as dt
import decimal
import itertools
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.update(TZ="UTC", DAFT_PROGRESS_BAR="0", DO_NOT_TRACK="true")
time.tzset()

import daft
import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

ROOT = Path(__file__).resolve().parents[2]


def scored(*names):
    """A list of names, each with a probability."""
    return pa.list_(pa.struct([(name, pa.string()) for name in names] + [("p", pa.float32())]))


TEXT, FLOAT = pa.string(), pa.float32()
OURS = {
    "source": TEXT,
    "row": pa.int64(),
    "id": TEXT,
    "time": pa.timestamp("us", "UTC"),
    "rating": FLOAT,
    "rating_scale": TEXT,
    "channel": TEXT,
    "question": TEXT,
    "language": TEXT,
    "language_confidence": FLOAT,
    "sentiment": TEXT,
    "sentiment_score": FLOAT,
    "sentiment_p": pa.struct([(name, FLOAT) for name in ("negative", "neutral", "positive", "mixed")]),
    "emotion": TEXT,
    "emotions": scored("emotion"),
    "intent": TEXT,
    "intent_p": FLOAT,
    "opinions": pa.list_(
        pa.struct(
            [("start", pa.int32()), ("end", pa.int32()), ("text", TEXT), ("polarity", TEXT), ("p", FLOAT)]
            + [("theme_id", TEXT), ("touchpoint", TEXT)]
        )
    ),
    "theme": TEXT,
    "theme_id": TEXT,
    "themes": pa.list_(pa.struct([("id", TEXT), ("label", TEXT), ("p", FLOAT), ("polarity", TEXT)])),
    "touchpoint": TEXT,
    "touchpoint_p": FLOAT,
    "concepts": scored("id", "name"),
    "signals": scored("signal"),
    "category": TEXT,
    "category_p": FLOAT,
    "categories": scored("category"),
    "keyphrases": pa.list_(TEXT),
    "duplicate_of": TEXT,
    "clean_text": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "review": pa.bool_(),
}

# What an export of somebody else's warehouse may hold beside the comment.
ORIGINAL = pa.table(
    {
        "id": pa.array(range(1, 5), pa.uint32()),
        "comment": [
            "Terrible service, they never answer the phone!",
            "Wonderful staff and very fast delivery 🚀",
            "Кава чудова, але черга жахлива.",
            None,
        ],
        "shop": pa.array(["Kyiv", "Lisboa", "Kyiv", None]).dictionary_encode(),
        "at": pa.array([dt.datetime(2026, 3, day, 9, 30) for day in (1, 2, 3, 4)], pa.timestamp("us", "Europe/Kyiv")),
        "day": pa.array([dt.date(2026, 3, day) for day in (1, 2, 3, 4)]),
        "paid": pa.array([decimal.Decimal("12.50"), decimal.Decimal("0.10"), None, decimal.Decimal("99.99")], pa.decimal128(9, 2)),
        "tags": [["late", "phone"], [], None, ["x"]],
        "agent": [{"name": "Ann", "years": 2}, {"name": "Rui", "years": None}, None, {"name": "Ola", "years": 1}],
        "note": pa.array(["a", None, "b", "c"], pa.large_string()),
        "raw": pa.array([b"\x00\x01", b"", None, b"abc"]),
    }
)


# Rows of the sample comments that are tagged.
ROWS = 80


def plain(value):
    """A value as every engine can give it: nested ones as lists and dicts, times as UTC, missing ones as None."""
    if value is None or value is pandas.NaT or value is pandas.NA or isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if hasattr(value, "tolist") and not isinstance(value, (bytes, str)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, pandas.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)).astimezone(dt.timezone.utc)
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value


def rows_of(records, key):
    return sorted(({name: plain(value) for name, value in record.items()} for record in records), key=key)


def pyarrow_rows(paths, lake):
    if lake:
        return pyarrow.dataset.dataset(lake, format="parquet", partitioning="hive").to_table().to_pylist()
    return pyarrow.parquet.read_table(paths[0]).to_pylist()


def polars_rows(paths, lake):
    # It refuses folders that hold other files, those that begin with `_` too.
    return polars.read_parquet(f"{lake}/ut_*/*.parquet" if lake else paths[0], hive_partitioning=bool(lake)).to_dicts()


def pandas_rows(paths, lake):
    return pandas.read_parquet(lake or paths[0]).astype(object).to_dict("records")


def duckdb_rows(paths, lake):
    source = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)" if lake else f"'{paths[0]}'"
    return duckdb.sql(f"from {source}").to_arrow_table().to_pylist()


def daft_rows(paths, lake):
    return daft.read_parquet(f"{lake}/**/*.parquet" if lake else str(paths[0]), hive_partitioning=bool(lake)).to_pylist()


def spark_rows(paths, lake):
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return [row.asDict(recursive=True) for row in session.read.parquet(str(lake or paths[0])).collect()]


ENGINES = {"polars": polars_rows, "pandas": pandas_rows, "DuckDB": duckdb_rows, "Daft": daft_rows}


def compare(what, engines, paths, lake=None):
    """Every engine must give the rows of pyarrow."""
    key = lambda row: (row["ut_source"], row["ut_row"])
    want = rows_of(pyarrow_rows(paths, lake), key)
    assert want, f"{what}: no rows"
    for name, read in engines.items():
        started = time.monotonic()
        got = rows_of(read(paths, lake), key)
        assert len(got) == len(want), f"{what}: {name} reads {len(got)} rows, pyarrow {len(want)}"
        for ours, theirs in zip(want, got):
            # A day in a folder's name is text to some engines and a date to others.
            differ = {c for c in ours.keys() | theirs.keys() if ours.get(c) != theirs.get(c) and str(ours.get(c)) != str(theirs.get(c))}
            assert not differ, f"{what}: {name}: " + "; ".join(f"{c}: {theirs.get(c)!r}, pyarrow {ours.get(c)!r}" for c in sorted(differ))
        print(f"{what:<9} {name:<8} {len(got):>5} rows, {len(want[0])} columns as pyarrow reads them, {time.monotonic() - started:.1f} s")
    return want


def check_types(what, path):
    """The stored types are those of docs/schema.md, in order."""
    stored = pyarrow.parquet.read_schema(path)
    got = [(field.name, field.type) for field in stored if field.name.startswith("ut_")]
    want = [(f"ut_{name}", kind) for name, kind in OURS.items()]
    assert got == want, f"{what}: " + "; ".join(f"{g} instead of {w}" for g, w in zip(got, want) if g != w)
    return stored


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program", type=Path)
    arguments.add_argument("--spark", action="store_true")
    arguments = arguments.parse_args()
    engines = ENGINES | ({"Spark": spark_rows} if arguments.spark else {})
    with tempfile.TemporaryDirectory() as room:
        room = Path(room)

        def undertone(*words):
            subprocess.run([arguments.program.resolve(), *map(str, words)], cwd=room, check=True)

        sample = room / "sample.csv"
        with (ROOT / "data/samples/feedback.csv").open(newline="") as all, sample.open("w", newline="") as some:
            csv.writer(some).writerows(itertools.islice(csv.reader(all), 1 + ROWS))
        undertone("tag", sample, "-o", "sample.parquet", "--keep-clean", "--quality", "fast", "--quiet")
        check_types("file", room / "sample.parquet")
        rows = compare("file", engines, [room / "sample.parquet"])
        for row in rows:
            for opinion in row["ut_opinions"] or []:
                assert row["comment"][opinion["start"] : opinion["end"]] == opinion["text"], row
        assert sum(len(row["ut_opinions"] or []) for row in rows) > len(rows) / 2

        pyarrow.parquet.write_table(ORIGINAL, room / "warehouse.parquet")
        undertone("tag", "warehouse.parquet", "--text", "comment", "-o", "types.parquet", "--keep-clean", "--quiet", "--themes", "off")
        check_types("types", room / "types.parquet")
        rows = compare("types", engines, [room / "types.parquet"])
        for before, after in zip(rows_of(ORIGINAL.to_pylist(), lambda row: row["id"]), rows):
            assert before == {name: after[name] for name in before}, f"{before} became {after}"

        (room / "inbox").mkdir()
        (room / "inbox/feedback.csv").write_bytes(sample.read_bytes())
        undertone("sync", "inbox", "lake", "--partition-by", "month", "--keep-clean", "--quality", "fast", "--quiet", "--themes", "off")
        for part in (room / "lake").glob("ut_*/*.parquet"):
            check_types("lake", part)
        compare("lake", engines, sorted((room / "lake").glob("ut_*/*.parquet")), room / "lake")


if __name__ == "__main__":
    main()
