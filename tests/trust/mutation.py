"""`./dev mutate`: breaks the core line by line with mutmut, and says which breaks no test notices.

What is broken and which tests judge stands in pyproject.toml, [tool.mutmut]. Results are kept in mutants/, so that a
run that was stopped goes on. The score goes into docs/figures/mutation.json; survivors that change nothing that
anybody could see stand in survivors.txt, each with its reason.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.trust.figures import FOLDER, Figure, keep
from tests.trust.system import ROOT

MUTANTS = ROOT / "mutants"
REASONS = Path(__file__).parent / "survivors.txt"
SURVIVED, UNTESTED, UNTRIED = "survived", "no test reaches it", "not tried yet"


def verdict(code: int | None) -> str:
    """What an exit code says about a mutant, as mutmut keeps it."""
    match code:
        case None:
            return UNTRIED
        case 0:
            return SURVIVED
        case 33:
            return UNTESTED
        case _:
            return "killed"  # a failed test, an error, or no end


def results(folder: Path) -> Iterator[tuple[str, str]]:
    """Every mutant by name, and what became of it."""
    for file in sorted(folder.rglob("*.meta")):
        found = json.loads(file.read_text("utf-8"))
        for name, code in found["exit_code_by_key"].items():
            yield name, verdict(code)


def reasons() -> dict[str, str]:
    """Survivors that are no mistakes, by name."""
    lines = REASONS.read_text("utf-8").splitlines() if REASONS.exists() else []
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {name: reason.strip() for name, _, reason in pairs}


def report(found: Mapping[str, str]) -> int:
    """Prints the score and the survivors without a reason; keeps the figures; 1 where the score is below 85 %."""
    count = Counter(found.values())
    tried = count["killed"] + count[SURVIVED] + count[UNTESTED]
    known = reasons()
    for name, what in found.items():
        if what in {SURVIVED, UNTESTED} and name not in known:
            print(f"{what}: {name}")
    if not tried:
        print("Nothing was tried yet.")
        return 1
    score = count["killed"] / tried
    print(f"{count['killed']} of {tried} killed ({score:.1%}), {count[UNTRIED]} not tried yet.")
    print("To see one: .venv/bin/mutmut show NAME")
    for place in {_place(name) for name, what in found.items() if what != UNTRIED}:
        here = {name: what for name, what in found.items() if _place(name) == place}
        count = Counter(here.values())
        survived = [name for name, what in here.items() if what in {SURVIVED, UNTESTED}]
        figures: dict[str, Figure] = {
            "mutants": len(here),
            "tried": len(here) - count[UNTRIED],
            "killed": count["killed"],
            "survived": len(survived),
            "with_reason": len([name for name in survived if name in known]),
        }
        keep(FOLDER, "mutation", place, figures)
    return int(score < 0.85)


def _place(name: str) -> str:
    """The module of a mutant: "store.sqlite.append"."""
    return name.partition(".x")[0].removeprefix("eventfold.")


def main(*arguments: str) -> int:
    """Runs mutmut, unless only the report is asked for."""
    if "--report" not in arguments:
        # Python never looks again into a folder that was not there
        (MUTANTS / "src").mkdir(parents=True, exist_ok=True)
        # child processes of the tests import the broken source too
        environment = {**os.environ, "PYTHONPATH": str(MUTANTS / "src"), "EVENTFOLD_TEST_FIGURES": ""}
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", "2", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
    return report(dict(results(MUTANTS)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
