"""Publications in threads of their own: a place that is slow, or hangs, holds up no fold and no other place."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from eventfold.errors import EventfoldError
from eventfold.feed.loop import STAYS, Stop
from eventfold.readmodels.following.publishing import Publishing
from eventfold.readmodels.following.worker import TableWorker

LOOK_SECONDS = 0.05


@contextmanager
def apart(workers: Sequence[TableWorker], stop: Stop) -> Iterator[None]:
    """Publishes what these workers keep, each place in its own thread, while the context is open.

    Args:
        workers: that step in another thread.
        stop: set when they are to end; what is being written then is written to its end.
    """
    ended = threading.Event()
    threads = []
    for worker in workers:
        worker.publishes = False
        for publishing in worker.publishings:
            name = f"publish {worker.table} {publishing.publication.kind}"
            threads.append(
                threading.Thread(target=_keep, args=(worker, publishing, stop, ended), name=name, daemon=True)
            )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _keep(worker: TableWorker, publishing: Publishing, stop: Stop, ended: threading.Event) -> None:
    while not stop.is_set() and not ended.wait(LOOK_SECONDS):
        try:
            worker.turn(publishing)
        except Exception as error:  # noqa: BLE001 - the worker raises it, where its loop hears it
            publishing.failed = error
            if isinstance(error, STAYS) or not isinstance(error, EventfoldError):
                return
