"""A relay in a process of its own, which tests kill: `worker STORE SETTINGS TOPIC MODE`."""

import json
import signal
import sys
import threading

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import Loop
from eventfold.store.open import open_store


def main(url: str, client: str, name: str, mode: str) -> None:
    """Sends until it is told to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with open_store(url) as store:
        topic = KafkaTopic(json.loads(client), name, mode=mode)  # type: ignore[arg-type]  # as it was given
        relay = Relay(store, topic, page=200, seconds=3.0)
        print("begun", flush=True)
        Loop([relay], store.feed()).run(stop, poll=0.1)
        topic.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
