"""The wheel, and fresh environments that hold it with chosen packages and nothing else. Nothing is fetched."""

import importlib.metadata
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Environment(NamedTuple):
    """A fresh environment with the wheel in it."""

    folder: Path

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment, away from the checkout."""
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "EVENTFOLD", "COV"))}
        program = [str(self.folder / "bin" / command[0]), *command[1:]]
        return subprocess.run(
            program,
            input=stdin,
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def python(self, source: str) -> str:
        """The output of a program that must succeed."""
        done = self.run("python", "-c", source)
        assert done.returncode == 0, done.stderr
        return done.stdout


def linked(names: tuple[str, ...], folder: Path) -> None:
    """Links the installed files of packages, and of what they need, into a folder."""
    folder.mkdir()
    waiting, seen = list(names), set()
    while waiting:
        found = importlib.metadata.distribution(waiting.pop())
        if found.name in seen:
            continue
        seen.add(found.name)
        for need in found.requires or ():
            if "extra ==" not in need:
                bare = need.split(";")[0].strip().split("[")[0]
                name = "".join(c if c.isalnum() or c in "-_." else " " for c in bare).split()[0]
                try:
                    importlib.metadata.distribution(name)
                except importlib.metadata.PackageNotFoundError:
                    continue  # for another system
                waiting.append(name)
        for top in {file.parts[0] for file in found.files or () if not file.parts[0].startswith("..")}:
            source = Path(str(found.locate_file(top)))
            if source.exists() and top != "__pycache__" and not (folder / top).exists():
                (folder / top).symlink_to(source)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[tuple[str, ...]], Environment]:
    """Makes an environment with the wheel, what it always needs, and more packages by name."""
    made: dict[tuple[str, ...], Environment] = {}

    def make(more: tuple[str, ...]) -> Environment:
        if more not in made:
            folder = tmp_path_factory.mktemp("environment") / "venv"
            venv.create(folder)
            install = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)]
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder)]
            subprocess.run([*pip, *install], check=True, capture_output=True)
            packages = folder.parent / "packages"
            linked(("msgspec", "apsw", *more), packages)
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "chosen.pth").write_text(f"{packages}\n")
            made[more] = Environment(folder)
        return made[more]

    return make
