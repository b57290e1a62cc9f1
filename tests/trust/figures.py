"""Figures of the campaigns, kept as JSON in docs/figures, from which the page of promises is made.

They are written only where EVENTFOLD_TEST_FIGURES is set, as `./dev promises --measure` does: a part of a campaign that
is run by hand for another reason changes no figure.
"""

import datetime as dt
import fcntl
import json
import os
import platform
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "figures"
Figure = int | float | str


def record(campaign: str, part: str = "whole", **figures: Figure) -> None:
    """Keeps the figures of a campaign, or of one part of it; earlier figures of other parts stay."""
    if os.environ.get("EVENTFOLD_TEST_FIGURES"):
        keep(FOLDER, campaign, part, figures)


def keep(folder: Path, campaign: str, part: str, figures: dict[str, Figure]) -> None:
    """As `record`, in any folder; two processes may keep parts of one campaign at a time."""
    with (folder / f"{campaign}.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        parts = json.loads(file.read() or "{}")
        day = dt.datetime.now(dt.UTC).date().isoformat()
        parts[part] = {"day": day, "python": platform.python_version(), **figures}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(parts, indent=2, sort_keys=True) + "\n")


def kept(folder: Path, campaign: str) -> dict[str, dict[str, Figure]]:
    """The figures of a campaign by part; empty where it never ran."""
    file = folder / f"{campaign}.json"
    parts: dict[str, dict[str, Figure]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return parts


def summed(parts: dict[str, dict[str, Figure]]) -> dict[str, Figure]:
    """One set of figures: numbers are added over the parts, of words (days, versions) the last is taken."""
    total: dict[str, Figure] = {}
    for figures in parts.values():
        for name, value in figures.items():
            before = total.get(name)
            if isinstance(value, str) or before is None:
                total[name] = max(str(before), value) if isinstance(before, str) else value
            else:
                total[name] = float(before) + value if isinstance(value, float) else int(before) + value
    return total
