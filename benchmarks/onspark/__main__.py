"""`./dev bench spark [WORD ...]`: the fold and the streaming job beside the same work by hand, in one session."""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import RESULTS, Case, console, report
from benchmarks.onspark.effort import effort_of
from benchmarks.onspark.runs import Bench
from eventfold.testing.spark import SparkMissing, spark_jars


def cases(bench: Bench) -> list[Case]:
    """Each path and its floor."""
    reading = [
        Case(
            name=f"read the log on Spark in {ranges} ranges; floor: Arrow batches in one process",
            unit="events/s",
            ours=bench.reading(ranges),
            floor=bench.read_bare,
        )
        for ranges in (1, 2, 4)
    ]
    return [
        Case(
            name="fold 1 M events on Spark as a job does; floor: the SQL by hand; peer: DuckDB",
            unit="events/s",
            ours=bench.fold,
            floor=bench.fold_by_hand,
            target=0.9,
            repeats=5,
            peer=bench.fold_embedded,
        ),
        Case(
            name="catch up 1 M events into Delta on Spark; floor: the job by hand; peer: DuckDB",
            unit="events/s",
            ours=bench.catch_up,
            floor=bench.catch_up_by_hand,
            target=0.9,
            peer=bench.catch_up_embedded,
        ),
        *reading,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench spark", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="part of a path's name; default: all paths")
    parser.add_argument(
        "--json", type=Path, default=RESULTS / "spark.json", metavar="FILE", help="the figures"
    )
    given = parser.parse_args()
    try:
        jars = spark_jars(Path("build/spark"))
    except SparkMissing as missing:
        raise SystemExit(str(missing)) from None
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(jars, Path(folder))
        words = given.words
        report(
            [one for one in cases(bench) if not words or any(word in one.name for word in words)], given.json
        )
        out = console()
        for run in (bench.fold, bench.fold_by_hand, bench.catch_up, bench.catch_up_by_hand):
            with tempfile.TemporaryDirectory() as place:
                did = effort_of(bench.session, partial(run, Path(place)))
            told = f"{did.stages} stages, {did.tasks} tasks, {did.shuffled:.1f} MiB shuffled"
            out.print(f"{run.__name__}: {told}", highlight=False)


if __name__ == "__main__":
    main()
