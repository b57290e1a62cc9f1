"""What a published version leaves out, its parked streams and skips: a file beside the table, which its stamp names.

    <table>/_eventfold/parked/<generation>-<transaction>.json

Every engine writes it in this way, before the commit whose application transaction it is named after, and nobody
changes it. The stamp of the commit names the file and the SHA-256 of its bytes: a file that no stamp names does not
exist, and from a version whose file is gone or has other bytes nobody can go on. Where nothing is left out there is no
file, and where nothing has changed the next stamp names the same one.

A writer that died before its commit may have left a file under the name that the next one needs, with other bytes or
half of them. It is let be: the next one takes `<generation>-<transaction>-2.json`, and so on. So is the file of a
writer that is about to commit in the same moment; the fence of the commits lets one of them land.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec
from msgspec import structs

from eventfold.errors import CursorLost, StorageFailed
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.publishing.publication import NOTHING, LeftOut, Stamp, named_streams

FORM = 1
MESSAGE = 2_000
"""Characters of the message of an error that are handed on."""
_SPARE_NAMES = 1_000
_NAME = re.compile(r"(\d{1,19})-(\d{1,19})(?:-\d{1,4})?\.json", re.ASCII)


class ParkedFolder(Protocol):
    """The folder of the parked files of one table, on a disk or in an object store."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file that is not there yet, durably; False, and nothing done, where there is one of that name."""

    def read(self, name: str) -> bytes | None:
        """A whole file; None where there is none."""

    def names(self) -> Collection[str]:
        """The names of all files."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""


def seal(
    folder: ParkedFolder, stamp: Stamp, transaction: int, left_out: LeftOut, before: Stamp | None
) -> Stamp:
    """Writes what a version is to leave out, where that must be, and names it in the stamp of the version.

    Args:
        folder: of the table's parked files.
        stamp: of the version that is to be committed.
        transaction: the application transaction of that commit.
        left_out: what it leaves out.
        before: the stamp of the version that is written onto; its file serves again where it is still right.

    Returns:
        The stamp to commit.

    Raises:
        StorageFailed: there is no name left; dead writers have taken a thousand.
        OSError: as the folder raises it.
    """
    if left_out == NOTHING:
        return _naming(stamp, "", "", left_out)
    content = _encode(stamp, left_out)
    digest = hashlib.sha256(content).hexdigest()
    kept = before.parked_file if before is not None and before.parked_sha256 == digest else None
    if kept and _NAME.fullmatch(kept) and folder.read(kept) == content:
        return _naming(stamp, kept, digest, left_out)
    first = f"{stamp.generation}-{transaction}"
    for name in (f"{first}.json", *(f"{first}-{n}.json" for n in range(2, _SPARE_NAMES + 1))):
        if folder.create(name, content) or folder.read(name) == content:
            return _naming(stamp, name, digest, left_out)
    raise StorageFailed(
        f"No name is left for what {stamp.table} leaves out: {_SPARE_NAMES:,} files begin with {first} in its folder"
        " _eventfold/parked. Remove those that no other program is about to name, and repeat.",
        table=stamp.table,
    )


def left_out_by(folder: ParkedFolder, stamp: Stamp) -> LeftOut:
    """What the version of a stamp leaves out.

    Raises:
        CursorLost: its file is gone or has other bytes than its stamp says, or it was published before such files were
            written and leaves something out.
        OSError: as the folder raises it.
    """
    if not stamp.parked_file:
        if stamp.parked_count and stamp.parked_file is None:
            raise _lost(
                stamp,
                "was published by an earlier eventfold, which did not write down what waits: publish it once more with"
                " this one, `eventfold run --once`, where its state is",
            )
        return NOTHING
    content = folder.read(stamp.parked_file) if _NAME.fullmatch(stamp.parked_file) else None
    if content is None or hashlib.sha256(content).hexdigest() != stamp.parked_sha256:
        state = "is gone" if content is None else "has been changed"
        raise _lost(
            stamp,
            f"leaves out what stood in _eventfold/parked/{stamp.parked_file!r:.60}, which {state}: bring it back, or"
            f" fold the table anew, `eventfold rebuild {stamp.table}` (where another engine has it,"
            f" `eventfold take-over {stamp.table} --rebuild`)",
        )
    try:
        found = _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _lost(stamp, f"leaves out what this eventfold cannot read ({error}): use a later one") from None
    if found.form != FORM:
        raise _lost(stamp, "leaves out what a later eventfold has written: use that one")
    return LeftOut(found.parked, found.skips)


def sweep(folder: ParkedFolder, named: Collection[str], upto: tuple[int, int]) -> int:
    """Removes the files that no kept version names; how many are left.

    Args:
        folder: of the table's parked files.
        named: the names in the stamps of all versions that are kept.
        upto: generation and transaction of the newest commit; what is named after later ones may be about to be named.
    """
    left = 0
    for name in folder.names():
        made = _NAME.fullmatch(name)
        if made and name not in named and (int(made[1]), int(made[2])) <= upto:
            folder.remove(name)
        else:
            left += 1
    return left


class _File(msgspec.Struct, frozen=True, kw_only=True):
    form: int
    log: str
    table: str
    parked: tuple[ParkedStream, ...]
    skips: tuple[Skip, ...]


_decode = msgspec.json.Decoder(_File).decode
_encoder = msgspec.json.Encoder(order="sorted")


def _encode(stamp: Stamp, left_out: LeftOut) -> bytes:
    """The same bytes for the same content, whichever version and engine."""
    parked = sorted(map(_shortened, left_out.parked), key=lambda one: one.stream)
    skips: Sequence[Skip] = sorted(left_out.skips, key=lambda one: (one.stream, one.version))
    return _encoder.encode(
        _File(form=FORM, log=stamp.log, table=stamp.table, parked=tuple(parked), skips=tuple(skips))
    )


def _shortened(one: ParkedStream) -> ParkedStream:
    return one if len(one.message) <= MESSAGE else structs.replace(one, message=f"{one.message[:MESSAGE]}...")


def _naming(stamp: Stamp, name: str, digest: str, left_out: LeftOut) -> Stamp:
    return structs.replace(
        stamp,
        parked_file=name,
        parked_sha256=digest,
        parked=named_streams(left_out.parked),
        parked_count=len(left_out.parked),
    )


def _lost(stamp: Stamp, why: str) -> CursorLost:
    return CursorLost(f"A version of the published table {stamp.table} {why}.", table=stamp.table)
