"""The page of promises, docs/promises.md: what is promised, which checks back it, what they last found.

`python -m tests.trust.promises` writes the page from the table in `promised.py` and the figures in docs/figures.
`./dev promises --measure` runs every check of the table before, the campaigns too, and keeps their figures.
"""

import os
import subprocess
import sys

from tests.trust import effects, relays
from tests.trust.figures import FOLDER, Figure, kept, summed
from tests.trust.promised import PROMISES, Promise
from tests.trust.system import ROOT

PAGE = ROOT / "docs" / "promises.md"

HEAD = """# What is promised, and what shows it

Made by `./dev promises` from `tests/trust/promised.py` and the figures that the campaigns leave in `docs/figures`; a
test holds this page to both. `./dev promises --measure` runs all of it again. Checks whose names begin with
`test_control` break the thing on purpose and must see it.
"""


def command(promise: Promise) -> str:
    """What runs the checks of a promise, the campaigns too."""
    places = dict.fromkeys(check.partition("::")[0] for check in promise.checks)
    return " ".join(["./dev test --all", *places])


def told(promise: Promise) -> list[str]:
    """The sentences with figures; a campaign that never ran says so."""
    sentences = []
    for campaign, sentence in promise.figures:
        parts = kept(FOLDER, campaign)
        total = summed(parts)
        if total:
            shown = {name: _shown(value) for name, value in total.items()} | {"parts": ", ".join(parts)}
            sentences.append(f"{sentence.format(**shown)} ({total['day']}, Python {total['python']})")
        else:
            sentences.append("not measured yet")
    return sentences or ["passes in every run"]


def _shown(value: Figure) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def page() -> str:
    """The whole text."""
    parts = [HEAD]
    for title, promises in PROMISES.items():
        parts.append(f"## {title}\n")
        for promise in promises:
            lines = [f"**{promise.says}**", "", *(f"- {one}" for one in told(promise))]
            count = f"{len(promise.checks)} checks" if len(promise.checks) > 1 else "The check"
            lines += ["", f"<details><summary>{count}</summary>", "", f"- again: `{command(promise)}`"]
            by_file: dict[str, list[str]] = {}
            for check in promise.checks:
                by_file.setdefault(check.partition("::")[0], []).append(f"`{check.rpartition('::')[2]}`")
            lines += [f"- in `{file}`: {', '.join(names)}" for file, names in by_file.items()]
            lines += ["", "</details>"]
            parts.append("\n".join(lines) + "\n")
    return "\n".join([*parts, effects.table(), relays.table()])


def main(*options: str) -> int:
    """Writes the page, after measuring where that is asked for."""
    code = 0
    if "--measure" in options:
        checks = [check for promises in PROMISES.values() for promise in promises for check in promise.checks]
        environment = {**os.environ, "EVENTFOLD_TEST_FIGURES": "1"}
        run = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *checks]
        code = subprocess.run(run, cwd=ROOT, env=environment, check=False).returncode
    PAGE.write_text(page(), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
