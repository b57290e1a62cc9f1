"""The events of an export in the order in which they were recorded, however many: sorted in parts, on disk.

A log whose positions are ordered takes them in no other order, and an export of a log with several partitions has
them partition by partition.
"""

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from eventfold import limits
from eventfold.events.envelope import NewEvent
from eventfold.imports.restoring.recorded import Recorded

PART = 50_000
PART_CHARS = 64 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, str, int, NewEvent]).decode
_SIZE_BYTES = 4


def in_order(times: Iterable[int]) -> bool:
    """Whether recorded times never decrease; all of them are looked at."""
    last, ordered = limits.TIME_MIN_US, True
    for us in times:
        ordered = ordered and us >= last
        last = us
    return ordered


def by_recorded(found: Iterable[Recorded]) -> Iterator[Recorded]:
    """All of them by recorded time, those of one time in the order of their lines; what is no event comes first."""
    with TemporaryDirectory(prefix="eventfold-") as folder:
        parts: list[Path] = []
        part: list[Recorded] = []
        size = 0
        for row in found:
            if row.event is None:
                yield row
                continue
            part.append(row)
            size += len(row.event.data) + len(row.event.metadata)
            if len(part) >= PART or size >= PART_CHARS:
                parts.append(_kept(Path(folder) / str(len(parts)), _sorted(part)))
                part, size = [], 0
        yield from heapq.merge(*map(_read, parts), _sorted(part), key=_time)


def _time(row: Recorded) -> int:
    assert row.event is not None
    return row.event.recorded_us or 0


def _sorted(part: list[Recorded]) -> list[Recorded]:
    return sorted(part, key=_time)


def _kept(path: Path, part: list[Recorded]) -> Path:
    with path.open("wb") as file:
        for line, stream, version, event, _ in part:
            assert event is not None
            row = _encode((line, stream, version, event))
            file.write(len(row).to_bytes(_SIZE_BYTES) + row)
    return path


def _read(path: Path) -> Iterator[Recorded]:
    with path.open("rb") as file:
        while size := file.read(_SIZE_BYTES):
            line, stream, version, event = _decode(file.read(int.from_bytes(size)))
            yield Recorded(line, stream, version, event)
