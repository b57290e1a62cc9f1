"""The outside judge: the SDK's own tests, taken from its distribution, run against the stand-in.

They are fetched when this runs and never kept. What they need from the SDK's repository, two functions, is given here.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.sdk_left_out import reason_of
from tests.testing.cosmos.sdk_tests import EXPECTED

HELPERS = {
    "devtools_testutils/__init__.py": "",
    "devtools_testutils/azure_recorded_testcase.py": (
        "import os\n\n\ndef get_credential(is_async=False):\n    return os.environ['ACCOUNT_KEY']\n"
    ),
    "devtools_testutils/helpers.py": "def is_live():\n    return True\n",
}


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdk")
    wanted = f"azure-cosmos=={version('azure-cosmos')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "azure-cosmos"]
    fetched = subprocess.run(
        [*command, "--dest", str(folder), wanted], capture_output=True, text=True, timeout=120, check=False
    )
    archives = list(folder.glob("*.tar.gz"))
    if fetched.returncode or not archives:
        pytest.skip(f"The distribution of {wanted} with its tests cannot be had: {fetched.stderr[-300:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (tests,) = folder.glob("*/tests")
    for name, text in HELPERS.items():
        path = tests / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(Path(__file__).with_name("not_applicable.py"), tests / "not_applicable.py")
    return tests


@pytest.mark.slow
def test_each_file_of_the_sdks_tests_is_run_or_left_out_for_a_reason(suite: Path) -> None:
    found = {path.name for path in suite.glob("test_*.py")} - {"test_config.py"}
    assert found >= EXPECTED.keys()
    assert {name for name in found if name not in EXPECTED and not reason_of(name)} == set()


def files() -> list[object]:
    return [
        pytest.param(name, marks=[pytest.mark.slow, *([pytest.mark.nightly] if expected.long else [])])
        for name, expected in EXPECTED.items()
    ]


@pytest.mark.parametrize("name", files())
def test_the_sdks_own_tests_pass(suite: Path, tmp_path: Path, name: str) -> None:
    expected = EXPECTED[name]
    outcome = tmp_path / "outcome.json"
    with StandIn(partitions=None) as account:
        settings = {
            "ACCOUNT_HOST": account.endpoint,
            "ACCOUNT_KEY": account.key,
            "NOT_APPLICABLE": json.dumps(list(expected.not_applicable)),
            "OUTCOME": str(outcome),
            "PYTEST_ADDOPTS": "",
            "PYTHONPATH": os.pathsep.join([str(suite), *sys.path]),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        command += ["-p", "not_applicable", "-W", "ignore", "-o", "asyncio_mode=auto", name]
        ran = subprocess.run(
            command,
            cwd=suite,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert outcome.exists(), ran.stdout[-3000:] + ran.stderr[-3000:]
    told = json.loads(outcome.read_text(encoding="utf-8"))
    assert told["failed"] == []
    assert told["unmatched"] == []
    assert (told["outcomes"].get("passed", 0), told["outcomes"].get("skipped", 0)) == (
        expected.passed,
        expected.skipped,
    )
