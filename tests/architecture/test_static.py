"""A scanner finds nothing grave, every suppression has a reason, and money is never a float."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, plant, read

SUPPRESSION = re.compile(r"#\s*(?:(noqa|nosec)(?::\s*([A-Z]+\d+))?|(type: ignore)(?:\[([\w-]+)\])?)(.*)")
MONEY = re.compile(r"(^|_)(amount|price|total|balance|money|cost|fee|paid)s?($|_)")
SHOWN_ONLY = {"store/cost.py", "store/cosmos/requests/governor.py"}
"""Request units, which the service itself counts in fractions: they are shown, never booked."""


def unexplained(package: Path) -> Iterator[str]:
    """Suppressions of a kind for which the file gives no reason."""
    for file in sorted(package.rglob("*.py")):
        seen = [
            (line, found[1] or found[3], found[2] or found[4] or "", found[5].strip(" -#"))
            for line, text in enumerate(file.read_text("utf-8").splitlines(), 1)
            if (found := SUPPRESSION.search(text))
        ]
        reasons = {(kind, code) for _, kind, code, reason in seen if reason}
        for line, kind, code, _ in seen:
            if not code or (kind, code) not in reasons:
                yield f"{file.relative_to(package).as_posix()}:{line} {kind} {code}".rstrip()


def float_money(package: Path) -> Iterator[str]:
    """Names of money with the type float, and decimals made of a float."""
    for module in read(package).values():
        for node in ast.walk(module.tree):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=kind):
                    pass
                case ast.arg(arg=name, annotation=ast.expr() as kind):
                    pass
                case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=float())]):
                    yield f"{module.place}:{node.lineno} Decimal of a float"
                    continue
                case _:
                    continue
            is_money = MONEY.search(name) and re.search(r"\bfloat\b", ast.unparse(kind))
            if is_money and module.place not in SHOWN_ONLY:
                yield f"{module.place}:{node.lineno} {name}"


def grave(folder: Path) -> list[str]:
    """What bandit holds to be of high severity."""
    command = [
        sys.executable,
        "-m",
        "bandit",
        "-q",
        "-r",
        str(folder),
        "-f",
        "json",
        "--severity-level",
        "high",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["errors"] == []
    assert found["metrics"]["_totals"]["loc"] > 0
    return [f"{one['filename']}:{one['line_number']} {one['test_id']}" for one in found["results"]]


@pytest.mark.slow
def test_a_scanner_finds_nothing_grave() -> None:
    assert grave(PACKAGE) == []


def test_what_is_grave_is_found(tmp_path: Path) -> None:
    folder = plant(tmp_path, {"x.py": "import subprocess\nsubprocess.call(name, shell=True)\n"})
    assert len(grave(folder)) == 1


def test_every_suppression_has_a_reason() -> None:
    assert list(unexplained(PACKAGE)) == []


@pytest.mark.parametrize(
    "text", ["x = 1  # noqa", "x = 1  # noqa: S608", "x = 1  # type: ignore", "x  # nosec"]
)
def test_a_suppression_without_a_reason_is_seen(tmp_path: Path, text: str) -> None:
    assert len(list(unexplained(plant(tmp_path, {"a.py": text})))) == 1


def test_a_reason_given_once_in_a_file_counts_for_its_kind(tmp_path: Path) -> None:
    text = "x = 1  # noqa: S608 - numbers\ny = 2  # noqa: S608\nz = 3  # noqa: S311\n"
    assert list(unexplained(plant(tmp_path, {"a.py": text}))) == ["a.py:3 noqa S311"]


@pytest.mark.parametrize("folder", [PACKAGE, ROOT / "examples"], ids=["src", "examples"])
def test_no_money_is_a_float(folder: Path) -> None:
    assert list(float_money(folder)) == []


@pytest.mark.parametrize(
    "text", ["total_amount: float = 0", "def pay(price: float | None): ...", "x = Decimal(1.1)"]
)
def test_float_money_is_seen(tmp_path: Path, text: str) -> None:
    assert len(list(float_money(plant(tmp_path / "eventfold", {"a.py": text})))) == 1
