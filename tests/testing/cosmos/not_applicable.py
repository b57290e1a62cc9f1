"""Plugin of the inner pytest: leaves out what does not apply, and tells what became of the rest. It is copied there."""

import json
import os
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PATTERNS: list[str] = json.loads(os.environ.get("NOT_APPLICABLE", "[]"))
OUTCOMES: Counter[str] = Counter()
FAILED: list[str] = []
MATCHED: set[str] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    out: list[pytest.Item] = []
    for item in items:
        fitting = {pattern for pattern in PATTERNS if fnmatchcase(item.name, pattern)}
        MATCHED.update(fitting)
        if fitting:
            out.append(item)
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        FAILED.append(f"{report.nodeid}: {report.longreprtext[-2000:]}")
    elif not isinstance(report, pytest.SubtestReport) and (report.skipped or report.when == "call"):
        OUTCOMES[report.outcome] += 1


def pytest_sessionfinish() -> None:
    told = {"outcomes": OUTCOMES, "failed": FAILED, "unmatched": sorted(set(PATTERNS) - MATCHED)}
    Path(os.environ["OUTCOME"]).write_text(json.dumps(told), encoding="utf-8")
