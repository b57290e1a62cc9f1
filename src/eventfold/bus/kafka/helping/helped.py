"""A reader that is helped by another process while it is far behind.

It reads by itself until the helper has come as far, and again when the helper has come to the end, or ends for
whatever reason: each message has its offset, so that none is read twice or left out. Only one reader of a process is
helped at a time, and none where there is one processor. Who signs in by tokens is not helped.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

import msgspec

from eventfold.bus.kafka.helping.frames import Order, parts, read_frames
from eventfold.bus.kafka.reading import KafkaReader
from eventfold.bus.port import Ended, Run, Taken

_log = logging.getLogger("eventfold.bus")
FAR = 20_000
"""Messages after which a reader that has not come to the end is far behind it."""
_AHEAD = 8
"""Of what the helper tells at once, how much may wait."""
_SILENT = 5.0
"""Seconds without a word after which the helper is given up."""
_MODULE = "eventfold.bus.kafka.helping"
_one = threading.Semaphore(1)


class HelpedReader:
    """Implements `Reader`.

    Args:
        reader: that is helped.
        client: settings of librdkafka.
        topic: the topic.
        log: whose events are read.
        far: messages after which it is helped.
    """

    def __init__(
        self, reader: KafkaReader, client: Mapping[str, Any], topic: str, log: str, *, far: int = FAR
    ) -> None:
        self._reader = reader
        self._far = far
        try:
            self._order = msgspec.json.encode(Order(dict(client), topic, log))
        except TypeError:
            self._order = b""  # who signs in by a function cannot be told to another process
        self._next: dict[int, int] = {}
        self._ended: set[int] = set()
        self._seen = 0
        self._helper: _Helper | None = None
        self._is_handed_over = False
        self._may_be_helped = bool(self._order and sys.executable) and _processors() > 1

    @property
    def helper(self) -> int | None:
        """The id of the process that reads for it now; None where it reads by itself."""
        return self._helper.pid if self._helper is not None and self._is_handed_over else None

    def seek(self, offsets: Mapping[int, int]) -> None:
        """By itself again."""
        self._dismiss()
        self._next = dict(offsets)
        self._ended.clear()
        self._seen = 0
        self._reader.seek(offsets)

    def hold(self, partitions: Collection[int]) -> None:
        """By itself: a helper gives all of them side by side."""
        if partitions:
            self._seen = 0
            if self._is_handed_over:
                self._go_on_alone()
        self._reader.hold(partitions)

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Taken | Ended]:
        """What it has read, or its helper."""
        helper = self._helper
        if helper is None and self._may_be_helped and self._seen >= self._far:
            helper = self._call()
        if helper is not None:
            wait = timeout if self._is_handed_over else 0.0
            try:
                told = helper.told(wait, self._next)
            except _Gone:
                self._go_on_alone()
                told = None
            if told is not None:
                if not self._is_handed_over:
                    self._is_handed_over = True
                    self._reader.seek({})
                for frame in read_frames(told):
                    yield self._passed(frame.told())
                if len(self._ended) == len(self._next):
                    self._go_on_alone()
                    self._may_be_helped = True
                return
            if self._is_handed_over:
                return
        for one in self._reader.poll(limit, timeout):
            yield self._passed(one)

    def close(self) -> None:
        """Both."""
        self._dismiss()
        self._reader.close()

    def _passed(self, one: Run | Taken | Ended) -> Run | Taken | Ended:
        """Notes how far a partition was read."""
        partition = one.partition
        if isinstance(one, Ended):
            self._ended.add(partition)
            self._next[partition] = max(self._next[partition], one.offset)
            if len(self._ended) == len(self._next):
                self._seen = 0
            return one
        self._ended.discard(partition)
        if isinstance(one, Taken):
            end, count = one.offsets[-1], len(one.events)
        else:
            end, count = one.messages[0].offset() or 0, len(one.messages)
        self._next[partition] = max(self._next[partition], end + 1)
        self._seen += count
        return one

    def _call(self) -> "_Helper | None":
        if not _one.acquire(blocking=False):
            return None
        try:
            self._helper = _Helper(self._order)
        except OSError as error:
            _one.release()
            self._may_be_helped = False
            _log.debug("No process could be started to help reading: %s", error)
        return self._helper

    def _go_on_alone(self) -> None:
        """From where it has come to."""
        was_handed_over = self._is_handed_over
        self._dismiss()
        self._may_be_helped = False
        self._seen = 0
        if was_handed_over:
            self._reader.seek(self._next)

    def _dismiss(self) -> None:
        if self._helper is not None:
            self._helper.close()
            self._helper, self._is_handed_over = None, False
            _one.release()


class _Gone(Exception):
    """The helper has ended, or says nothing."""


class _Helper:
    """The other process, and the thread that listens to it."""

    def __init__(self, order: bytes) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - a list, and no shell
            [sys.executable, "-P", "-m", _MODULE], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        self._told: Queue[bytes | None] = Queue(_AHEAD)
        self._is_closed = False
        self._is_ready = False
        self._heard_at = time.monotonic()
        self._say(order)
        self._thread = threading.Thread(target=self._listen, name="hears the helper", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def told(self, timeout: float, offsets: Mapping[int, int]) -> bytes | None:
        """What it has told next; None where nothing came.

        Args:
            timeout: seconds to wait.
            offsets: where it begins, if it has not yet.

        Raises:
            _Gone: nothing will.
        """
        try:
            found = self._told.get(timeout > 0, timeout or None)
        except Empty:
            if time.monotonic() - self._heard_at > _SILENT:
                raise _Gone from None
            return None
        self._heard_at = time.monotonic()
        if found is None:
            raise _Gone
        if self._is_ready:
            return found
        self._is_ready = True
        self._say(msgspec.json.encode(offsets))
        return None

    def close(self) -> None:
        """Ends it."""
        self._is_closed = True
        self._process.kill()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # its end is heard of by the thread
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for part in parts(self._process.stdout):  # type: ignore[arg-type] # of bytes
            self._put(part)
        self._put(None)

    def _put(self, part: bytes | None) -> None:
        while not self._is_closed:
            with suppress(Full):
                self._told.put(part, timeout=0.1)
                return


def _processors() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
