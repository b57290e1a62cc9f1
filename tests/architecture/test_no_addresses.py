"""The tree runs anywhere: it names no folder of one machine, and its lock file no address."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, plant

MACHINE_PATH = re.compile(r"(?<![\w.~-])(?:/(?:work|root|home|tmp|Users)\b|[A-Z]:\\+Users\b)\S*")
ADDRESS = re.compile(r"https?:|file:|\bgit\+", re.IGNORECASE)
LOCKS = "requirements/*.txt"
NEVER_TRACKED = {".git"}  # and what .gitignore names


def tracked(root: Path) -> list[Path]:
    """Files that are, or would be, in version control; also in a copy that has none."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(command, check=False, capture_output=True, text=True)
        if listed.returncode == 0:
            files = [root / name for name in listed.stdout.split("\0") if name]
            return [file for file in files if file.is_file()]
    ignored = NEVER_TRACKED | {line.strip("/") for line in (root / ".gitignore").read_text("utf-8").split()}
    return [
        file
        for file in root.rglob("*")
        if file.is_file() and not ignored & {part.as_posix() for part in _above(file, root)}
    ]


def _above(file: Path, root: Path) -> Iterator[Path]:
    """The file's path and its folders, each from the root and by bare name."""
    place = file.relative_to(root)
    for part in [place, *place.parents]:
        yield from (part, Path(part.name))


def machine_paths(root: Path) -> Iterator[str]:
    for file in tracked(root):
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # not text
        for number, line in enumerate(text.splitlines(), 1):
            for found in MACHINE_PATH.findall(line):
                yield f"{file.relative_to(root).as_posix()}:{number} names {found}"


def addresses(root: Path) -> Iterator[str]:
    for file in sorted(root.glob(LOCKS)):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if ADDRESS.search(line):
                yield f"{file.name}:{number}"


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert list(machine_paths(ROOT)) == []


def test_the_lock_file_holds_no_address_and_a_hash_for_every_package() -> None:
    locks = list(ROOT.glob(LOCKS))
    assert locks
    assert list(addresses(ROOT)) == []
    pins = [pin for lock in locks for pin in re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())]
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_lock_file_of_npm_holds_no_address_and_a_hash_for_every_package() -> None:
    text = (ROOT / "requirements" / "azurite" / "package-lock.json").read_text("utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert [name for name, of in packages.items() if name and "integrity" not in of] == []


@pytest.mark.parametrize("folder", ["work", "root", "home", "tmp"])
def test_a_folder_of_one_machine_is_seen(tmp_path: Path, folder: str) -> None:
    files = {
        ".gitignore": "/build/\n",
        "docs/a.md": f"run `/{folder}/x/eventfold`",
        "build/b.md": f"/{folder}/x",
    }
    assert list(machine_paths(plant(tmp_path, files))) == [f"docs/a.md:1 names /{folder}/x/eventfold`"]


@pytest.mark.parametrize("parts", [("cd /", "work"), ("/", "Users/me"), ("C:\\", "Users\\me")])
def test_a_bare_folder_and_other_systems_are_seen(tmp_path: Path, parts: tuple[str, str]) -> None:
    assert len(list(machine_paths(plant(tmp_path, {".gitignore": "", "a.md": "".join(parts)})))) == 1


def test_relative_and_public_paths_are_allowed(tmp_path: Path) -> None:
    text = "sqlite:////var/lib/shop.db ../home/x docs/work/y ~/tmp/z and/or work/ homework/"
    assert list(machine_paths(plant(tmp_path, {".gitignore": "", "a.md": text}))) == []


@pytest.mark.parametrize("line", ["--index-url https://packages.example/simple", "x @ git+ssh://example/x"])
def test_an_address_in_a_lock_file_is_seen(tmp_path: Path, line: str) -> None:
    plant(tmp_path, {"requirements/dev.txt": f"a==1 \\\n    --hash=sha256:00\n{line}\n"})
    assert list(addresses(tmp_path)) == ["dev.txt:3"]
