"""The jars of the broker: named in `pom.xml` with their versions, resolved by Maven, kept in a folder."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_PROGRAMS = {
    "java": "a Java runtime of version 17 or newer",
    "keytool": "the whole Java runtime",
    "mvn": "Apache Maven",
}
_PATIENCE = 600
"""Seconds: 44 MB over a slow line."""


class KafkaMissing(Exception):
    """Something that the broker needs is not on this machine; the sentence says what."""


def kafka_jars(folder: Path | str | None = None) -> Path:
    """The folder with the jars; they are brought into it where they are not there yet.

    Two that ask at once get one set.

    Args:
        folder: where they are kept, a folder of their own; None: `eventfold/kafka` in the cache of the user.

    Raises:
        KafkaMissing: there is no Java or no Maven, or Maven could not bring them.
    """
    place = Path(folder) if folder is not None else _cache()
    found, wanted = place / "jars", hashlib.sha256(_POM.read_bytes()).hexdigest()
    needs("java")
    place.mkdir(parents=True, exist_ok=True)
    stamp = place / "stamp"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            needs("mvn")
            shutil.rmtree(found, ignore_errors=True)
            _bring(found)
            stamp.write_text(wanted, "utf-8")  # last: what was interrupted begins anew
    return found


def needs(*programs: str) -> None:
    """Raises `KafkaMissing` where a program is not on the path."""
    for program in programs:
        if shutil.which(program) is None:
            raise KafkaMissing(
                f"A Kafka broker for tests needs {_PROGRAMS[program]}: there is no {program!r} here."
            )


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventfold" / "kafka"


def _bring(folder: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_POM)]
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
        raise KafkaMissing(f"Maven did not bring Kafka's jars within {_PATIENCE} s.") from None
    if done.returncode != 0:
        raise KafkaMissing(
            f"Maven could not bring Kafka's jars:\n{(done.stdout + done.stderr)[-2000:].strip()}"
        )
