"""Jars for tests: named in a `pom.xml` with their versions, resolved by Maven, kept in a folder."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_PROGRAMS = {
    "java": "a Java runtime of version 17 or newer",
    "keytool": "the whole Java runtime",
    "mvn": "Apache Maven",
}
_PATIENCE = 600
"""Seconds: 44 MB over a slow line."""


class JarsMissing(Exception):
    """Something is not on this machine that is needed; the sentence says what."""


def bring(pom: Path, place: Path, what: str) -> Path:
    """The folder with the jars of a `pom.xml`; they are brought into it where they are not there yet.

    Two that ask at once get one set.

    Args:
        pom: names them.
        place: a folder of their own.
        what: they are for, as an error says it.

    Raises:
        JarsMissing: there is no Java or no Maven, or Maven could not bring them.
    """
    found, wanted = place / "jars", hashlib.sha256(pom.read_bytes()).hexdigest()
    needs(what, "java")
    place.mkdir(parents=True, exist_ok=True)
    stamp = place / "stamp"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            needs(what, "mvn")
            shutil.rmtree(found, ignore_errors=True)
            _copy(pom, found, what)
            stamp.write_text(wanted, "utf-8")  # last: what was interrupted begins anew
    return found


def needs(what: str, *programs: str) -> None:
    """Raises `JarsMissing` where a program is not on the path."""
    for program in programs:
        if shutil.which(program) is None:
            raise JarsMissing(f"{what} needs {_PROGRAMS[program]}: there is no {program!r} here.")


def cache(name: str) -> Path:
    """Where the jars of a name are kept unless somebody says otherwise: in the cache of the user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventfold" / name


def _copy(pom: Path, folder: Path, what: str) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom)]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder.resolve()}"]
    try:
        done = subprocess.run(  # noqa: S603 - a list, and no shell
            [*command, *goal],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise JarsMissing(f"{what}: Maven did not bring the jars within {_PATIENCE} s.") from None
    if done.returncode != 0:
        raise JarsMissing(
            f"{what}: Maven could not bring the jars:\n{(done.stdout + done.stderr)[-2000:].strip()}"
        )
