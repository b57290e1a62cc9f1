"""`./dev bench [WORD ...]`: each path beside its floor; words choose the paths whose names contain them."""

import sys

from benchmarks import cosmos, history, reading, writing
from benchmarks.measure import report

if __name__ == "__main__":
    cases = [*writing.CASES, *reading.CASES, *history.CASES, *cosmos.CASES]
    words = sys.argv[1:]
    report(case for case in cases if not words or any(word in case.name for word in words))
