"""The lake copy of an app: brought to the end of the log once, or kept in a thread of its own while the app runs."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventfold.app.pulse import Pulse
from eventfold.errors import ConfigInvalid, EventfoldError
from eventfold.extras import needing
from eventfold.feed.loop import Loop, Stop, catch_up
from eventfold.feed.port import Feed
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.readmodels.lakecopy.standing import CopyStatus, standing
from eventfold.readmodels.open import open_copy
from eventfold.store.lacking import only_the_log
from eventfold.store.open import is_topic

if TYPE_CHECKING:
    from eventfold.readmodels.audit.report import AuditProgress, Findings
    from eventfold.store.findings import Finding

_log = logging.getLogger("eventfold.copier")
_LEAVE_SECONDS = 8.0
"""How long its last commit is waited for."""


def check_copy(url: str, lake: str | None, *, copy: object) -> None:
    """Refuses a copy that nothing can be copied to, or from.

    Args:
        url: of the log.
        lake: the folder of the Delta tables.
        copy: what was asked for.

    Raises:
        ConfigInvalid: it is no yes or no, or no lake is named.
        CapabilityMissing: only a topic of the log is open.
    """
    if not isinstance(copy, bool):
        raise ConfigInvalid(f"copy is True or False, not {copy!r:.40}: the lake names the place.", key="copy")
    if not copy:
        return
    if not lake:
        raise ConfigInvalid(
            "A copy of the log stands in a lake, and none is named: --lake FOLDER (in Python lake=...).",
            key="lake",
        )
    if is_topic(url):
        raise only_the_log("Copying it into the lake")


class Copying:
    """Keeps the copy of one log.

    Args:
        lake: the folder of the Delta tables.
        log_id: of the log.
        feed: of the log itself: the borders of the copy are cursors of it.
    """

    def __init__(self, lake: str, log_id: str, feed: Feed) -> None:
        self.feed = feed
        self.table: CopyTable = open_copy(lake, log_id)

    def catch_up(self) -> int:
        """Copies everything up to the end of the log; how many events.

        Raises:
            CursorLost, LogMismatch: see `Copier`.
        """
        with needing("A copy of the log", "lake"):
            from eventfold.readmodels.lakecopy.copier import Copier
        copier = Copier(self.table, self.feed, patient=False)
        catch_up([copier])
        return copier.handled

    def compare(self, findings: "Findings", progress: "AuditProgress | None") -> int:
        """Compares it with the log; how many events.

        Args:
            findings: collects what is wrong.
            progress: called now and then.
        """
        from eventfold.readmodels.lakecopy.comparing import compare

        tell = progress or (lambda _what, _done, _of: None)
        return compare(self.table, self.feed, findings, lambda done, of: tell("copy", done, of)).events

    def examine(self) -> "Sequence[Finding]":
        """What `doctor` finds of it, without reading an event."""
        with needing("A copy of the log", "lake"):
            from eventfold.readmodels.lakecopy.examining import examine
        return list(examine(self.table, self.feed))

    def standing(self) -> CopyStatus:
        """How it stands now."""
        return standing(self.table, self.feed)


class Kept:
    """A copy that is being kept; false where none is."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.failed: Exception | None = None

    def __bool__(self) -> bool:
        """Whether it goes on."""
        return self.thread is not None and self.failed is None


@contextmanager
def keeping(copying: Copying | None, stop: Stop, pulse: Pulse, every: float) -> Iterator[Kept]:
    """Keeps the copy in a thread until `stop` is set; the block's end waits for that, and for its last commit.

    Args:
        copying: the copy; None = none is kept.
        stop: when to end.
        pulse: knows its loop.
        every: seconds between two commits, at least; a minute in any case.

    Raises:
        EventfoldError: it could not go on.
    """
    kept = Kept()
    if copying is None:
        yield kept
        return
    with needing("A copy of the log", "lake"):
        from eventfold.readmodels.lakecopy.copier import EVERY, Copier
    either = _Either(stop)
    copier = Copier(copying.table, copying.feed, every=max(every, EVERY), hurry=either.is_set)

    def follow() -> None:
        try:
            with pulse.of(Loop([copier], copying.feed)) as loop:
                loop.run(either)
        except EventfoldError as error:
            kept.failed = error
            _log.error("The lake copy does not go on: %s", error)
        except Exception as error:  # noqa: BLE001 - of a thread it would be lost
            kept.failed = error
            _log.exception("The lake copy does not go on")

    kept.thread = threading.Thread(target=follow, name="eventfold-copier", daemon=True)
    kept.thread.start()
    try:
        yield kept
        while kept and kept.thread.is_alive() and not stop.is_set():
            kept.thread.join(0.2)
    finally:
        either.end()
        kept.thread.join(_LEAVE_SECONDS)
    if kept.failed is not None and not stop.is_set():
        raise kept.failed


class _Either:
    """Ends with what it was given, or before."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()

    def is_set(self) -> bool:
        return self._stop.is_set() or self._ended.is_set()

    def wait(self, timeout: float) -> bool:
        self._ended.wait(min(timeout, 0.2))
        return self.is_set()
