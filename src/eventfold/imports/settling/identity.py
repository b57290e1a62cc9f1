"""Which rows are the same: the log that a file is part of, and what is done with equal rows of another one."""

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from eventfold.errors import ConfigInvalid
from eventfold.imports.files.reading import ENDINGS

_MARK_BYTES = 4

Equal = Literal["ask", "same", "other"]
"""Rows that equal those of another log: a person is asked, they are the same, or they are others."""


class Source(msgspec.Struct, frozen=True):
    """The log that rows come from.

    Attributes:
        name: stands in the metadata of their events.
        former: what an earlier release called it; part of the ids that it made.
        given: the name was chosen by a person, and is not that of a file.
        sure: the former name says as much as the name of the file does. `till` was that of `till.2025-01.csv` and of
            `till.2025-02.csv`.
    """

    name: str
    former: str = ""
    given: bool = True
    sure: bool = True

    @property
    def formers(self) -> list[str]:
        """The names under which an earlier release may have imported these very rows."""
        return [self.name] if self.given else [self.former]


def named(source: str) -> Source:
    """The log of a name that a person chose."""
    return Source(source, source)


def source_of(file: Path | str) -> Source:
    """The log of a file that nobody named: its folder and its name, without the ending that says its form.

    Folders of one name in several places are several: behind the name stands a mark of the whole path.
    """
    path = Path(file)
    former = path.name.split(".")[0] or path.name
    if "://" in str(file):
        return Source(former, former, given=False)
    name = path.name
    if name.lower().endswith(".gz"):
        name = name[: -len(".gz")]
    if Path(name).suffix.lower() in ENDINGS:
        name = Path(name).stem
    folder = path.absolute().parent.resolve()
    mark = hashlib.blake2b(os.fsencode(folder), digest_size=_MARK_BYTES).hexdigest()
    shown = f"{folder.name}/{name}" if folder.name else name
    return Source(f"{shown}@{mark}", former, given=False, sure=former == name)


def equal_rows(source: Source, *, keyed: bool, same: bool, other: bool) -> Equal:
    """What is done with rows that equal those of another log.

    Args:
        source: the log that is imported.
        keyed: columns say which rows are the same.
        same: they are the same rows.
        other: they are others.

    Raises:
        ConfigInvalid: the answers contradict each other.
    """
    if same + other + keyed > 1:
        raise ConfigInvalid(
            "Which rows are the same is said once: by --id COLUMN, by --same or by --other.", key="same"
        )
    if other or (source.given and not same):
        return "other"
    return "same" if same or keyed else "ask"
