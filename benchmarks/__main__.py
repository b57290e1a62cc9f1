"""`./dev bench [WORD ...] [--json FILE]`: each path beside its floor; words choose the paths by their names.

With `--stages [FILE]` instead: where the time of the paths goes that miss their targets.
"""

import argparse
from pathlib import Path

from benchmarks import (
    arriving,
    bus,
    cosmos,
    cosmos_costs,
    flat,
    handling,
    history,
    reading,
    relaying,
    searching,
    sending,
    stages,
    writing,
)
from benchmarks.measure import RESULTS, report

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="part of a path's name; default: all paths")
    parser.add_argument(
        "--json", type=Path, default=RESULTS / "latest.json", metavar="FILE", help="the figures"
    )
    parser.add_argument(
        "--stages",
        type=Path,
        nargs="?",
        const=RESULTS / "stages.json",
        metavar="FILE",
        help="instead: where the time of the paths goes that miss their targets",
    )
    given = parser.parse_args()
    if given.stages:
        stages.report(given.stages)
        raise SystemExit
    cases = [
        *(*writing.CASES, *reading.CASES, *history.CASES, *handling.CASES),
        *(*bus.CASES, *arriving.CASES, *relaying.CASES, *cosmos.CASES, *flat.CASES),
        *searching.CASES,
        *sending.CASES,
    ]
    words = given.words
    chosen = [case for case in cases if not words or any(word in case.name for word in words)]
    if chosen:
        report(chosen, given.json)
    if not words or any(word in cosmos_costs.NAME for word in words):
        print(
            f"{cosmos_costs.NAME}, counted on the stand-in, each of at most so many",
            *cosmos_costs.table(),
            sep="\n",
        )
