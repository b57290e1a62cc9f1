"""Importing eventfold is cheap, and so is a command: nothing is loaded before something asks for it."""

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


COMMAND = """
import sys
from eventfold.doors.cli.main import cli
sys.argv[1:] and cli.main(sys.argv[1:], standalone_mode=False)
print("\\n".join(sys.modules), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    """The modules in memory after a command whose answer no terminal is shown."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines())


def test_a_command_loads_none_of_the_others_and_no_colours_where_there_is_no_terminal() -> None:
    quick = loaded_by("config")
    commands = {name for name in quick if name.startswith("eventfold.doors.cli.commands.")}
    assert commands == {"eventfold.doors.cli.commands.config"}
    assert {"rich.console", *HEAVY} & quick <= {"click", "rich"}


def test_the_list_of_commands_loads_them_all() -> None:
    files = {path.stem for path in (PACKAGE / "doors/cli/commands").glob("[a-z]*.py")}
    assert {f"eventfold.doors.cli.commands.{file}" for file in files} <= loaded_by("--help")
