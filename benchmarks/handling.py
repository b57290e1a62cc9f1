"""Handlers: effects side by side, from append to handler, the feed through one that does nothing, memory."""

import sys
import threading
import time
from pathlib import Path

import eventfold as ef
from benchmarks.log import EVENT, REGISTRY, Noted, fill
from benchmarks.measure import Case
from benchmarks.peak import peak, peak_of
from benchmarks.reading import visible
from eventfold.handlers.declaring.handler import Handler

SLOW = 0.05
WEBHOOKS = 640
SIDE_BY_SIDE = 64
FEED, STREAMS = 100_000, 10_000
MANY = 1_000_000
NAME = "handlers"


@ef.notify(Noted, since="start", name="slow", concurrency=SIDE_BY_SIDE)
def side_by_side(event: Noted, message: ef.Message) -> None:
    time.sleep(SLOW)


@ef.notify(Noted, since="start", name="slow", concurrency=1)
def one_at_a_time(event: Noted, message: ef.Message) -> None:
    time.sleep(SLOW)


def nothing(event: ef.Event, message: ef.Message) -> None:
    """What a handler costs that does nothing."""


NOTHING = ef.notify(Noted, since="start", concurrency=2_000)(nothing)
"""Each write of what is begun waits for the disk, and lets as many begin as may be side by side."""


def _handled(folder: Path, handler: Handler, events: int) -> float:
    """Events a second."""
    with ef.App("bench", events=[Noted], handlers=[handler]).open(f"sqlite:///{folder}/log.db") as live:
        began = time.perf_counter()
        (done,) = live.handle(timeout=600).handlers
        seconds = time.perf_counter() - began
    assert done.events == events, done
    return events / seconds


def many_slow(folder: Path) -> float:
    fill(f"sqlite:///{folder}/log.db", WEBHOOKS // 10, 10)
    return _handled(folder, side_by_side, WEBHOOKS)


def single_slow(folder: Path) -> float:
    """A tenth as many, one at a time."""
    other = folder / "single"
    other.mkdir()
    fill(f"sqlite:///{other}/log.db", WEBHOOKS // 10, 1)
    return _handled(other, one_at_a_time, WEBHOOKS // 10)


def _interleaved(folder: Path) -> str:
    """A log of many streams in turn."""
    url = f"sqlite:///{folder}/log.db"
    if not (folder / "log.db").exists():
        store = ef.open_store(url)
        for version in range(FEED // STREAMS):
            for first in range(0, STREAMS, 1_000):
                some = range(first, first + 1_000)
                store.append_all([ef.Write(f"note-{n}", [REGISTRY.encode(EVENT)], version) for n in some])
        store.close()
    return url


def handle_feed(folder: Path) -> float:
    _interleaved(folder)
    return _handled(folder, NOTHING, FEED)


def loop_over_feed(folder: Path) -> float:
    """Reads, decodes and calls; keeps nothing."""
    store = ef.open_store(_interleaved(folder))
    feed = store.feed()
    cursor, count, caught_up = feed.start(), 0, False
    began = time.perf_counter()
    while not caught_up:
        page = feed.read(cursor, 500, types=["Noted"])
        for event in page.events:
            nothing(REGISTRY.decode(event), ef.Message("nothing", event))
            count += 1
        cursor, caught_up = page.cursor, page.caught_up
    seconds = time.perf_counter() - began
    store.close()
    assert count == FEED
    return count / seconds


def arriving(folder: Path, bus: str | None = None) -> str:
    """The log of `arrives`."""
    return f"sqlite:///{folder}/arriving{'-by-bus' if bus else ''}.db"


def arrives(folder: Path, bus: str | None = None) -> float:
    """Milliseconds from append to the call of a handler, the 99th percentile of 300."""
    called, stop = threading.Event(), threading.Event()

    @ef.notify(Noted)
    def tell(event: Noted, message: ef.Message) -> None:
        called.set()

    found = []
    with ef.App("bench", events=[Noted], handlers=[tell]).open(arriving(folder, bus), bus=bus) as live:
        worker = threading.Thread(target=live.run, args=(stop,))
        worker.start()
        live.store.append("note-0", [REGISTRY.encode(EVENT)], expected=ef.ANY)
        while not called.wait(0.5):  # it begins where the log ends when it is first seen
            live.store.append("note-0", [REGISTRY.encode(EVENT)], expected=ef.ANY)
        for n in range(300):
            called.clear()
            began = time.perf_counter()
            live.store.append(f"note-{n % 10}", [REGISTRY.encode(EVENT)], expected=ef.ANY)
            assert called.wait(10)
            found.append(time.perf_counter() - began)
        stop.set()
        worker.join()
    return sorted(found)[-3] * 1e3


def memory(folder: Path) -> float:
    """Megabytes that a process takes at most that hands a million events to a handler."""
    fill(f"sqlite:///{folder}/log.db", MANY // 10, 10)
    return peak_of("benchmarks.handling", str(folder))


CASES = [
    Case(
        name=f"{NAME}: 64 slow effects side by side; floor: one at a time",
        unit="effects/s",
        ours=many_slow,
        floor=single_slow,
        target=20.0,
        repeats=1,
    ),
    Case(
        name=f"{NAME}: append to handler, p99; floor: append to visible in state",
        unit="ms",
        ours=arrives,
        floor=visible,
        target=5.0,
        at_most=True,
        repeats=1,
    ),
    Case(
        name=f"{NAME}: the feed through one that does nothing (concurrency=2,000); floor: a bare loop",
        unit="events/s",
        ours=handle_feed,
        floor=loop_over_feed,
        target=0.5,
    ),
    Case(
        name=f"{NAME}: memory over a million events; floor: 200 MiB",
        unit="MiB",
        ours=memory,
        floor=200.0,
        target=1.0,
        at_most=True,
        repeats=1,
    ),
]

if __name__ == "__main__":
    _handled(Path(sys.argv[1]), NOTHING, MANY)
    sys.stdout.write(str(peak()))
