"""Azurite, in the version and with the packages of `requirements/azurite`: brought once, kept in a folder."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOCKED = ROOT / "requirements" / "azurite"
_FILES = ("package.json", "package-lock.json")
_PATIENCE = 600


class AzuriteMissing(Exception):
    """Something is not on this machine that is needed; the sentence says what."""


def bring(folder: Path | str = ROOT / "build" / "azurite") -> Path:
    """The program, which `node` runs; two that ask at once get one.

    Raises:
        AzuriteMissing: there is no Node.js or npm, or npm could not bring it.
    """
    place = Path(folder)
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise AzuriteMissing(
                f"Azurite for tests needs Node.js of version 20 or newer: there is no {program!r}."
            )
    wanted = hashlib.sha256(b"".join((_LOCKED / name).read_bytes() for name in _FILES)).hexdigest()
    place.mkdir(parents=True, exist_ok=True)
    stamp = place / "stamp"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            for name in _FILES:
                shutil.copy(_LOCKED / name, place)
            _install(place)
            stamp.write_text(wanted, "utf-8")  # last: what was interrupted begins anew
    return place / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


def _install(place: Path) -> None:
    # scripts of packages are not run, and it asks for a newer Node.js than it needs
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    try:
        done = subprocess.run(
            ["npm", "ci", *quiet], cwd=place, check=False, capture_output=True, text=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise AzuriteMissing(f"npm did not bring Azurite within {_PATIENCE} s.") from None
    if done.returncode != 0:
        raise AzuriteMissing(f"npm could not bring Azurite:\n{(done.stdout + done.stderr)[-2000:].strip()}")
