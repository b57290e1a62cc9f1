"""Files that pm4py writes, in an environment of its own: it is no dependency, and only its files are ours to read.

Run as a program by the Python of that environment: a folder, and on standard input what is to be written.
"""

import fcntl
import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PINS = ["pm4py==2.7.23.11", "pandas==3.1.1", "numpy==2.4.6", "lxml==6.1.3"]


class NotInstalled(Exception):
    """The packages could not be fetched."""


def environment(pins: Sequence[str] = PINS) -> str:
    """The Python of the environment, which is made once and kept in the cache of this user.

    Args:
        pins: what is installed there; it is named by the first.

    Raises:
        NotInstalled: otherwise, with the reason.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventfold-tests"
    cache.mkdir(parents=True, exist_ok=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / f"{pins[0].replace('==', '-')}-python{version}"
    python, done = str(folder / "bin" / "python"), folder / "installed"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of one run
        if not done.exists() or done.read_text() != "\n".join(pins):
            venv.create(folder, clear=True)
            # by the pip that is here, and what is never imported is not compiled: a third of the time
            install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile", "--quiet"]
            install += ["--disable-pip-version-check", *pins]
            answer = subprocess.run(install, capture_output=True, text=True, check=False, timeout=600)
            if answer.returncode:
                raise NotInstalled(answer.stderr.strip().splitlines()[-1] if answer.stderr else "pip failed")
            done.write_text("\n".join(pins))
    return python


def written(folder: Path, log: dict[str, Any]) -> None:
    """Lets pm4py write a log into a folder: `log.xes`, or `log.sqlite`, `log.json` and `log.xml`; errors as above."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    answer = subprocess.run(
        [environment(), __file__, str(folder)],
        input=json.dumps(log),
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr


def _write(folder: Path, log: dict[str, Any]) -> None:
    import pandas  # type: ignore[import-untyped,unused-ignore] # noqa: ICN001 - of that environment
    import pm4py  # type: ignore[import-not-found]

    def frame(name: str) -> Any:
        found = pandas.DataFrame(log[name])
        for column in {"time:timestamp", "ocel:timestamp"} & set(found.columns):
            found[column] = pandas.to_datetime(found[column], utc=True, format="ISO8601")
        return found

    if "cases" in log:
        pm4py.write_xes(frame("cases"), str(folder / "log.xes"))
        return
    from pm4py.objects.ocel.obj import OCEL  # type: ignore[import-not-found]

    ocel = OCEL(frame("events"), frame("objects"), frame("relations"))
    pm4py.write_ocel2_sqlite(ocel, str(folder / "log.sqlite"))
    pm4py.write_ocel2_json(ocel, str(folder / "log.json"))
    pm4py.write_ocel2_xml(ocel, str(folder / "log.xml"))
    pm4py.write_ocel_json(ocel, str(folder / "old.jsonocel"))
    pm4py.write_ocel_xml(ocel, str(folder / "old.xmlocel"))
    pm4py.write_ocel_sqlite(ocel, str(folder / "old.sqlite"))


if __name__ == "__main__":
    _write(Path(sys.argv[1]), json.load(sys.stdin))
