"""The broker's process: it ends with the program it was started for, even where that is killed."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_MINDED = """
exec 3>&2 2>/dev/null
"$@" </dev/null >&3 2>&3 & child=$!
echo $child
{ while kill -0 "$OWNER"; do sleep 1; done; kill -9 $child; } </dev/null >/dev/null & minder=$!
wait $child
kill $minder
"""


class Minded:
    """A running process.

    Args:
        command: to run.
        log: the file that what it says is added to.
        owner: the id of the process that it ends with.
    """

    def __init__(self, command: Sequence[str], log: Path, owner: int) -> None:
        with log.open("ab") as said:
            self._shell = subprocess.Popen(  # noqa: S603 - a list, whose parts the shell takes as they are
                ["/bin/sh", "-c", _MINDED, "sh", *command],
                stdout=subprocess.PIPE,
                stderr=said,
                env={**os.environ, "OWNER": str(owner)},
                start_new_session=True,  # Ctrl-C is for the owner, which stops it in order
            )
        assert self._shell.stdout is not None
        with self._shell.stdout as told:
            self.pid = int(told.readline())

    @property
    def runs(self) -> bool:
        """Whether it is still there."""
        return self._shell.poll() is None

    def kill(self) -> None:
        """Ends it at once, as kill -9 does; returns when it is gone."""
        self._send(signal.SIGKILL)
        self._shell.wait()

    def stop(self, patience: float) -> None:
        """Asks it to end, and kills it when it has not within as many seconds."""
        self._send(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._shell.wait(patience)
            return
        self.kill()

    def _send(self, what: signal.Signals) -> None:
        if self.runs:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)


def end(pid: int, patience: float = 10) -> None:
    """Kills a process that another program started; returns when it is gone, or after as many seconds."""
    until = time.monotonic() + patience
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.02)
