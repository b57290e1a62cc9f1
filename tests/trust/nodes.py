"""Whether a test that is named somewhere is there: in its file, or inherited from a shipped suite."""

import re
from functools import cache
from pathlib import Path

from tests.trust.system import ROOT

SUITES = ROOT / "src" / "eventfold" / "testing" / "contract"


def missing(node: str) -> str:
    """What is wrong with the name of a test ("file.py::test", "file.py::Class::test"); empty where nothing is."""
    place, *names = node.split("::")
    file = ROOT / place
    if not file.is_file():
        return f"{place} is not there"
    test = names[-1].partition("[")[0]
    if test in _tests(file):
        return ""
    inherited = len(names) == 2 and f"class {names[0]}(" in file.read_text("utf-8")
    if inherited and any(test in _tests(suite) for suite in SUITES.glob("*.py")):
        return ""
    return f"{place} has no {test}"


@cache
def _tests(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^ *(?:async )?def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE))
