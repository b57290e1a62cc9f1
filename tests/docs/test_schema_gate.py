"""Every block of the page on the schema gate runs, in its order, with the exit codes and kinds it names."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.events.schema import accepting, gate, names, widening
from eventfold.handlers.public import compatibility
from eventfold.handlers.public import gate as public

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "schema-gate.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAIN = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert {kind for kind, _ in BLOCKS} == {"python", "console", "yaml", "sh"}


@pytest.mark.slow
def test_the_blocks_run_one_after_the_other(tmp_path: Path) -> None:
    sources = [block for kind, block in BLOCKS if kind == "python"]
    shop, changes, test = sources[0], sources[1:-1], sources[-1]
    rest = shop[shop.index("class Order(") :]
    log = ef.open_store(f"sqlite:///{tmp_path}/shop.db")
    stored = '{"customer":"Ann Smith","total":250}'
    log.append("order-1", [ef.NewEvent(ef.new_id(), "OrderPlaced", 1, stored)], expected=0)
    log.close()
    (tmp_path / "test_shop.py").write_text(test)
    commands = 0
    for kind, block in BLOCKS:
        if kind == "python" and block in changes:
            (tmp_path / "shop.py").write_text(f"import eventfold as ef\n{block}\n{rest}")
        elif kind == "python" and block == shop:
            (tmp_path / "shop.py").write_text(shop)
        elif kind == "console":
            for line in block.splitlines():
                commands += 1
                command, _, promise = line.partition(" # ")
                prompt, program, *arguments = shlex.split(command)
                assert (prompt, program) == ("$", "eventfold")
                run(arguments, tmp_path, promise)
    assert commands == 12
    text = (tmp_path / "schema.json").read_text("utf-8")
    assert '"customer":"Xxx Xxxxx","total":111' in text
    assert "Ann" not in text
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(arguments: list[str], folder: Path, promise: str) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*MAIN, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    said = re.search(r"exit code (\d): ([\w-]+)", promise)
    assert done.returncode == (int(said[1]) if said else 0), done.stderr
    assert said is None or said[2] in done.stdout + done.stderr


def test_the_step_of_ci_and_the_hook_are_the_ones_that_ship() -> None:
    (step,) = (block for kind, block in BLOCKS if kind == "sh")
    (hook,) = (block for kind, block in BLOCKS if kind == "yaml")
    assert step.splitlines()[0] in hook
    shipped = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    for line in ("id: eventfold-schema", "name: stored events stay readable", "language: system"):
        assert line in hook
        assert line in shipped
    assert "args: [schema, check, --locked]" in shipped


def test_a_break_does_not_come_through_by_editing_the_file(tmp_path: Path) -> None:
    """The second command of the step: the file of the main branch on standard input."""
    sources = [block for kind, block in BLOCKS if kind == "python"]
    (tmp_path / "shop.py").write_text(sources[0])
    run(["-a", "shop:shop", "schema", "accept"], tmp_path, "")
    main = (tmp_path / "schema.json").read_bytes()
    (tmp_path / "shop.py").write_text(sources[0].replace("total: int", "total: str"))
    run(["-a", "shop:shop", "schema", "accept", "--breaking", "OrderPlaced"], tmp_path, "")
    run(["-a", "shop:shop", "schema", "check", "--locked"], tmp_path, "")
    command = [*MAIN, *shlex.split("-a shop:shop schema check --file -")]
    done = subprocess.run(command, cwd=tmp_path, input=main, capture_output=True, check=False)
    assert (done.returncode, b"type-changed" in done.stdout) == (5, True)


def test_the_page_names_every_kind_that_is_refused() -> None:
    told = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)
    source = "".join(
        Path(module.__file__ or "").read_text("utf-8")
        for module in (gate, names, widening, accepting, public, compatibility)
    )
    finding = re.findall(r'Finding\(\s*"refused", "([\w-]+)"', source)
    change = re.findall(r'(?:Change|Difference)\(\s*False,\s*"([\w-]+)"', source)
    assert set(told) == {*finding, *change, "type-narrowed"}
    assert len(told) == len(set(told))
