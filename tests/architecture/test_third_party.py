"""A package of others stands only in the rooms that exist because of it."""

import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, imports, plant, read

HOMES = {
    "msgspec": ("*",),
    "apsw": ("sqlite/*", "store/sqlite/*", "readmodels/sqlite/*"),
    "duckdb": (
        "engines/duckdb/*",
        "readmodels/asking/query*",
        "readmodels/asking/databases.py",
        "readmodels/asking/scratch.py",
    ),
    "deltalake": ("readmodels/delta/*",),
    "obstore": ("readmodels/delta/places/container.py",),
    "tantivy": ("readmodels/tantivy/*",),
    "azure": ("store/cosmos/*", "testing/cosmos/*", "bus/kafka/entra.py", "readmodels/aisearch/*"),
    "confluent_kafka": ("bus/kafka/*", "testing/kafka/*"),
    "pyspark": ("engines/spark/*", "testing/spark/*"),
    "pyarrow": (
        "store/arrow.py",
        "store/sqlite/*",
        "engines/*",
        "readmodels/*",
        "exports/*",
        "imports/files/parquet/*",
        "imports/restoring/parquetevents.py",
        "testing/*",
    ),
    "pandas": ("readmodels/notebook/frames.py",),
    "polars": ("readmodels/notebook/frames.py",),
    "httpcore": ("handlers/targets/webhooks/*",),
    "jinja2": ("handlers/targets/mail/templates.py",),
    "lxml": ("imports/files/xmlfeed.py",),
    "opentelemetry": ("doors/health/metrics.py",),
    "prometheus_client": ("doors/health/metrics.py",),
    "sqlfluff": ("readmodels/synapse/linting.py",),
    "waitress": ("doors/http/serving.py",),
    "click": ("doors/*",),
    "rich": ("doors/*",),
    "pytest": ("testing/*",),
    "hypothesis": ("testing/*",),
}
FOR_TYPES_ONLY = {
    "pyarrow": ("feed/port.py", "store/cosmos/feeding/feed.py", "bus/feed/feed.py", "app/tables.py")
}


def at_home(package: str, place: str, *, type_only: bool) -> bool:
    homes = HOMES.get(package, ()) + (FOR_TYPES_ONLY.get(package, ()) if type_only else ())
    return any(fnmatch(place, home) for home in homes)


def strays(package: Path) -> Iterator[str]:
    known = read(package)
    for module in known.values():
        for found in imports(module, known):
            top = found.target.split(".")[0]
            if top == package.name or top in sys.stdlib_module_names:
                continue
            if not at_home(top, module.place, type_only=found.type_only):
                yield f"{module.place}:{found.line} imports {top}"


def test_packages_of_others_stay_at_home() -> None:
    assert list(strays(PACKAGE)) == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("store/port.py", "import apsw"),
        ("readmodels/state.py", "def f():\n    from duckdb import connect"),
        ("engines/duckdb/fold.py", "import deltalake.writer"),
        ("feed/port.py", "import pyarrow as pa"),
        ("feed/cursor.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pyarrow"),
        ("app.py", "import click"),
        ("app.py", "from importlib import import_module\nimport_module('rich.table')"),
        ("doors/http.py", "import never_declared"),
    ],
)
def test_a_stray_import_is_seen(tmp_path: Path, place: str, text: str) -> None:
    (found,) = strays(plant(tmp_path / "eventfold", {place: text}))
    assert found.startswith(place)


def test_an_import_at_home_is_allowed(tmp_path: Path) -> None:
    files = {
        "readmodels/asking/query.py": "import duckdb, pyarrow",
        "feed/port.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pyarrow as pa",
        "events/codec.py": "import msgspec, json",
    }
    assert list(strays(plant(tmp_path / "eventfold", files))) == []
