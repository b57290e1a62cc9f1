"""Who holds a lease: a text that tells one worker from all others, and says whether its process has ended.

That is asked to wait less, and nothing rests on it: who is taken for dead and lives is fenced by its epoch. Process ids
mean something only in one name space of one boot of one machine, and are given again; so all of that is in the text.
Where the system does not tell (`/proc` of Linux), or another system wrote the text, nothing is known and one waits.
"""

import os
import re
import socket
from pathlib import Path
from typing import Literal

import msgspec

from eventfold.events.ids import new_id

Life = Literal["runs", "ended", "unknown"]
_PROC = Path("/proc")
_LONGEST = 80
_WITHOUT_PLACE = re.compile(r"(.+:\d+):[0-9a-f-]{36}")
"""Host, process and id: what earlier releases wrote."""


class _Here(msgspec.Struct, frozen=True):
    """Where process ids mean the same: a host, its boot, and a name space of processes."""

    host: str
    boot: str
    space: str


def new_owner() -> str:
    """A worker of this process, unlike any other."""
    here = _here()
    name = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
    started = _started("self") if here is not None else None
    if here is None or started is None:
        return name
    return f"{name}:{here.boot}:{here.space}:{started}"


def shown(owner: str) -> str:
    """What an owner is called in a sentence: host and process, where the text says them."""
    parts = _parts(owner)
    found = _WITHOUT_PLACE.fullmatch(owner)
    if parts is not None:
        owner = f"{parts[0].host}:{parts[1]}"
    return "".join(c if c.isprintable() else "?" for c in (found[1] if found else owner)[:_LONGEST])


def life(owner: str) -> Life:
    """Whether the process of an owner runs or has ended, as far as that can be known here."""
    parts = _parts(owner)
    if parts is None:
        return "unknown"
    there, pid, started = parts
    if there != _here():
        return "unknown"
    try:
        os.kill(pid, 0)  # no signal; it tells of processes that /proc hides, too
    except ProcessLookupError:
        return "ended"
    except (OSError, OverflowError):
        pass
    now = _started(str(pid))
    if now is None:
        return "unknown"
    return "runs" if now == started else "ended"


def _parts(owner: str) -> tuple[_Here, int, str] | None:
    parts = owner.rsplit(":", 5)
    if len(parts) != 6 or not parts[1].isdecimal() or not all(parts):
        return None
    host, pid, _, boot, space, started = parts
    return _Here(host, boot, space), int(pid[:20]), started


def _here() -> _Here | None:
    """None where process ids cannot be looked up."""
    try:
        # in a name space without a /proc of its own, the numbers there are those of other processes
        if (_PROC / "self").readlink().name != str(os.getpid()):
            return None
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        space = str((_PROC / "self/ns/pid").stat().st_ino)
    except (OSError, ValueError):
        return None
    return _Here(socket.gethostname(), boot, space) if boot and ":" not in boot else None


def _started(pid: str) -> str | None:
    """When a process started, in ticks since the boot; `ended` for one that waits to be buried, None if unknown."""
    try:
        fields = (_PROC / pid / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "ended" if fields[0] in {"Z", "X"} else fields[19]
    except (OSError, IndexError):
        return None
