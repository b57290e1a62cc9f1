"""Databases of DuckDB in memory that this process keeps: making one takes longer than most of what is asked of it."""

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from eventfold.readmodels.asking.scratch import room, scratch

IDLE = 2
"""How many of a kind are kept for the next one."""
_Kind = tuple[int, str, str, bool]
_idle: dict[_Kind, list[duckdb.DuckDBPyConnection]] = {}


@contextmanager
def database(limit: str, *, in_order: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database that nobody else uses meanwhile, for statements of ours only.

    What is kept for the next one has no table of this one, as long as all of them are temporary. After an error it is
    not kept.

    Args:
        limit: how much memory it may take, as `scratch.memory` says.
        in_order: whether rows that are inserted keep their order.

    Raises:
        StorageFull, MemoryExhausted: as `scratch.room`.
    """
    # a fork has no threads of the databases that it inherits, and who moves TMPDIR means the next one too
    kind = (os.getpid(), tempfile.gettempdir(), limit, in_order)
    idle = _idle.setdefault(kind, [])
    with room(limit):
        try:
            made = idle.pop()
        except IndexError:
            made = _made(limit, in_order=in_order)
        try:
            with made.cursor() as db:  # its temporary tables go with it
                yield db
        except BaseException:
            made.close()
            raise
        if len(idle) < IDLE:
            idle.append(made)
        else:
            made.close()


def _made(limit: str, *, in_order: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limit,
        "preserve_insertion_order": in_order,
        "temp_directory": scratch(),
    }
    return duckdb.connect(":memory:", config=config)


@atexit.register
def _close() -> None:
    """Takes away their folders too; those that a fork inherits are not its own."""
    for (process, *_), idle in _idle.items():
        while process == os.getpid() and idle:
            idle.pop().close()
