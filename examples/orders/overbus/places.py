"""What the demo runs on, started where it is needed and stopped at the end: a broker, and an account for the log."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from rich.console import Console

from eventfold.testing.kafka import KafkaBroker, kafka_jars
from examples.orders.overbus.topic import make_topic

JARS = Path("build/kafka")
TOPIC = "shop"


class Log(NamedTuple):
    """A log.

    Attributes:
        url: of it.
        key: of its account; empty where it needs none.
        endpoint: of its account.
        split: splits a partition of it, and says how many there are now; None where it has none.
    """

    url: str
    key: str = ""
    endpoint: str = ""
    split: Callable[[], int] | None = None


@contextmanager
def topic(bus: str, console: Console) -> Iterator[str]:
    """The URL of a new topic: `kafka` starts a broker for it, a URL names one that runs.

    Raises:
        KafkaMissing: there is no Java or no Maven.
        KafkaFailed: the broker did not start.
    """
    if bus != "kafka":
        make_topic(bus)
        yield bus
        return
    if not (JARS / "stamp").exists():
        console.print("Maven brings the jars of Apache Kafka (44 MB); the next time they are there ...")
    jars = kafka_jars(JARS)
    with console.status("Apache Kafka starts ..."):
        broker = KafkaBroker(jars=jars).__enter__()
    with broker:
        url = f"kafka://{broker.address}/{TOPIC}"
        make_topic(url)
        console.print(f"Apache Kafka serves on {broker.address}.")
        yield url


@contextmanager
def account(partitions: int) -> Iterator[Log]:
    """A stand-in for Cosmos DB, in a process that ends with this one."""
    command = [sys.executable, "-m", "examples.orders.overbus.account", str(partitions)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        where = _answer(running.stdout)

        def split() -> int:
            running.stdin.write("split\n")  # type: ignore[union-attr]  # see above
            running.stdin.flush()  # type: ignore[union-attr]
            return int(_answer(running.stdout)["partitions"])

        yield Log(where["url"], where["key"], where["endpoint"], split)


def _answer(stream: IO[str] | None) -> dict[str, Any]:
    assert stream is not None
    found: dict[str, Any] = json.loads(stream.readline())
    return found
