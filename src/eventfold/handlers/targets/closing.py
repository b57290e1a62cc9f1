"""Closing targets, whatever becomes of it: what is a user's own may raise, or hang."""

import logging
import threading
import time
from collections.abc import Mapping

from eventfold.foreign import said
from eventfold.handlers.targets.port import Target

_log = logging.getLogger("eventfold.handlers")
SECONDS = 1.0
"""For which all of them are waited for."""


def close_all(targets: Mapping[str, Target], *, seconds: float = SECONDS) -> None:
    """Closes targets side by side; one that raises is logged, one that hangs is left behind in a daemon thread.

    Args:
        targets: by name.
        seconds: for all of them together.
    """
    threads = {
        name: threading.Thread(target=_close, args=(name, target), name=f"closing {name}", daemon=True)
        for name, target in targets.items()
    }
    for thread in threads.values():
        thread.start()
    until = time.monotonic() + seconds
    for name, thread in threads.items():
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            _log.warning("The target %s did not close within %g s, and is left", name, seconds)


def _close(name: str, target: Target) -> None:
    try:
        target.close()
    except BaseException as error:  # noqa: BLE001 - whatever it raises, the others are closed, and the run ends
        _log.warning("The target %s could not be closed: %s", name, said(error))
