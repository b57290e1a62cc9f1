"""Keeps the leases of a worker while what it handles takes long."""

import logging
import threading

from eventfold.errors import EventfoldError, StoreClosed
from eventfold.feed.leases.share import Share

_log = logging.getLogger("eventfold.leases")


class Heart:
    """A thread that renews leases until it is stopped.

    Args:
        share: the leases.
        name: of the reader.
        seconds: how long a lease may stand still before others take it.
    """

    def __init__(self, share: Share, name: str, seconds: float) -> None:
        self._share = share
        self._name = name
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def beat(self) -> None:
        """Begins, if it has not."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"leases of {self._name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends, and waits until it has; it can begin again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._stop.clear()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds / 6):
            try:
                self._share.renew()
            except StoreClosed:
                return
            except EventfoldError as error:
                _log.warning("%s could not renew its leases: %s", self._name, error)
