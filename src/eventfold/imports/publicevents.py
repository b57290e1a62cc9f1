"""Public events of others from a file: a CloudEvent a line, or a batch of them, received as over HTTP."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.bus.cloudevents.reading import read_batch, read_structured
from eventfold.errors import EventfoldError, EventTooLarge
from eventfold.handlers.public.receiving import Prepared, Received, keep_unreadable, prepared, write
from eventfold.imports.files.jsonlines import Line, json_lines
from eventfold.imports.files.reading import lines_of
from eventfold.store.port import Store

_TOGETHER = 500
"""Events that are written at once, about."""
_BYTES = 8 * 1024 * 1024
"""Bytes of lines that are held until then, about."""
_TOLD = 20
"""Lines that are told of one by one, at most."""


class Taken(msgspec.Struct, kw_only=True):
    """What became of a file.

    Attributes:
        received: events that were written down.
        known: events that were there already.
        unreadable: lines that were written down with their bytes, to be parked.
        refused: lines of which nothing could be kept: too long.
        errors: the first lines of the last two kinds, with what is wrong.
    """

    received: int = 0
    known: int = 0
    unreadable: int = 0
    refused: int = 0
    errors: list[dict[str, object]] = []


def take_file(
    store: Store,
    inbox: str,
    source: Path | io.BufferedReader,
    *,
    progress: Callable[[int], object] | None = None,
) -> Taken:
    """Receives the public events of a file of JSON Lines, plain or gzipped; a repeat writes nothing.

    What cannot be read is kept with its bytes: there is nobody to send it back to.

    Args:
        store: the log.
        inbox: the name of the source.
        source: the file, or its lines.
        progress: is told how many events were taken.

    Raises:
        NotFound: the file cannot be opened.
        RowInvalid: it is damaged, or ends in the middle; what came before is kept.
        StorageError: the log did not take it; what came before is kept, and a repeat goes on.
    """
    taken = Taken()
    waiting: list[Prepared] = []
    held = 0
    for line in lines_of(source) if isinstance(source, Path) else json_lines(source):
        try:
            waiting += _prepared(store, inbox, line)
            held += len(line.text)
        except EventfoldError as error:
            _keep(store, inbox, line, error, taken)
        if len(waiting) >= _TOGETHER or held >= _BYTES:
            _count(taken, write(store, waiting))
            waiting, held = [], 0
            if progress is not None:
                progress(taken.received + taken.known)
    _count(taken, write(store, waiting))
    return taken


def _prepared(store: Store, inbox: str, line: Line) -> list[Prepared]:
    if line.error is not None:
        raise line.error
    is_batch = line.text.startswith(b"[")
    return prepared(store, inbox, read_batch(line.text) if is_batch else [read_structured(line.text)])


def _keep(store: Store, inbox: str, line: Line, error: EventfoldError, taken: Taken) -> None:
    kept = line.error is None and not isinstance(error, EventTooLarge)
    if kept:
        media_type = BATCH if line.text.startswith(b"[") else STRUCTURED
        try:
            keep_unreadable(store, inbox, line.text, media_type, error)
        except EventTooLarge:
            kept = False
    taken.unreadable += kept
    taken.refused += not kept
    if len(taken.errors) < _TOLD:
        taken.errors.append({"line": line.line, "kept": kept, **error.as_dict()})


def _count(taken: Taken, answers: Iterable[Received]) -> None:
    for answer in answers:
        taken.known += answer.deduplicated
        taken.received += not answer.deduplicated
