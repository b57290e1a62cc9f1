"""How near streams are to the limits of a logical partition: 20 GB, and 10,000 request units in a second.

The size is told by the service with the properties of a container, for streams beyond about 1 GB: it costs no request.
What a stream takes in a second is counted from the answers this process got; what others spend on it is not in that.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_log = logging.getLogger("eventfold.store")
MOST_BYTES = 20 * 1024**3
MOST_UNITS = 10_000
QUIET_SECONDS = 60.0
_REMEMBERED = 1_000
_CLOSE = "close it and continue in a new one (docs/cosmos.md, Limits)"


def heavy_streams(properties: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each stream that has taken half of its space.

    Args:
        properties: of the container, read with the statistics of its partition keys.
    """
    for of_range in properties.get("statistics") or ():
        for one in of_range.get("partitionKeys") or ():
            size = 1024 * int(one.get("sizeInKB", 0))
            if size >= MOST_BYTES // 2:
                name = "/".join(str(value) for value in one["partitionKey"])
                yield f"the stream {name} holds about {size / 1024**3:.1f} of at most 20 GB: {_CLOSE}"


class Pressure:
    """Adds up what each stream takes in a second, and warns at half of what one can have. Safe between threads.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._second = 0
        self._spent: dict[str, float] = {}
        self._warned: OrderedDict[str, float] = OrderedDict()

    def spend(self, stream: str, charge: float) -> None:
        """Notes what an answer about a stream cost, in request units; warns of one stream once a minute, at most."""
        now = self._clock()
        with self._lock:
            if self._second != int(now):
                self._second = int(now)
                self._spent.clear()
            spent = self._spent[stream] = self._spent.get(stream, 0.0) + charge
            if spent < MOST_UNITS / 2 or now - self._warned.get(stream, -QUIET_SECONDS) < QUIET_SECONDS:
                return
            self._warned[stream] = now
            self._warned.move_to_end(stream)
            if len(self._warned) > _REMEMBERED:
                self._warned.popitem(last=False)
        _log.warning(
            "pressure: the stream %s took %.0f request units in one second from this process alone; no stream can have"
            " more than 10,000: %s",
            stream,
            spent,
            _CLOSE,
        )
