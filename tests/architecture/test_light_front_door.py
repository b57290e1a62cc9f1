"""Importing eventfold is cheap: no adapter's package is loaded before its URL is opened."""

import json
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import PACKAGE, plant

HEAVY = (
    "duckdb",
    "pyarrow",
    "deltalake",
    "azure",
    "confluent_kafka",
    "apsw",
    "click",
    "rich",
    "lxml",
    "httpcore",
    "jinja2",
    "opentelemetry",
)

PROBE = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
importlib.import_module("eventfold")
print(json.dumps([sys.modules["eventfold"].__file__, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def loaded(source: Path) -> set[str]:
    """The packages in memory after `import eventfold` from a source folder, in a fresh interpreter."""
    command = [sys.executable, "-c", PROBE, str(source)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    file, names = json.loads(answer.stdout)
    assert Path(file) == source / "eventfold" / "__init__.py"
    return set(names)


def test_the_front_door_loads_no_heavy_package() -> None:
    assert loaded(PACKAGE.parent) & set(HEAVY) == set()


def test_a_heavy_package_behind_a_detour_is_seen(tmp_path: Path) -> None:
    files = {"__init__.py": "from eventfold import store", "store.py": "import apsw"}
    plant(tmp_path / "eventfold", files)
    plant(tmp_path, {"apsw.py": ""})
    assert loaded(tmp_path) & set(HEAVY) == {"apsw"}
