"""The broker: started, killed, started again on the same data and ports, stopped."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eventfold.extras import needing
from eventfold.testing.kafka.jars import kafka_jars
from eventfold.testing.kafka.options import HOST, Ports, properties
from eventfold.testing.kafka.process import Minded
from eventfold.testing.kafka.security import Secured, secured

QUICK_TO_START = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PORTS = (20_000, 32_000)
"""Below those that systems give to connections that go out, which could take ours while the broker is away."""

_SHOWN = 2_000
"""Characters of the log that an error shows."""


class KafkaFailed(Exception):
    """The broker did not start, or is gone; the sentence ends with the end of its log."""


class KafkaBroker:
    """An Apache Kafka broker of one node; nothing of it is left when it is stopped.

    Args:
        folder: a new one for its data, settings and log; it stays. None: a temporary one, which goes with the broker.
        jars: as `kafka_jars` gives them; None: those in the cache of the user, brought where they are missing.
        options: settings of the broker that add to ours, or override them.
        is_secured: there is a second listener that speaks SASL over TLS, as Azure Event Hubs does.
        jvm: options of Java; these start quickly and are slower under load than Java's own defaults.
        owner: the id of a process that the broker ends with, however that ends; None: this one.
        patience: seconds that a start may take.

    Raises:
        KafkaMissing: Java or Maven is missing.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        jars: Path | None = None,
        options: Mapping[str, str] | None = None,
        is_secured: bool = False,
        jvm: Sequence[str] = QUICK_TO_START,
        owner: int | None = None,
        patience: float = 90,
    ) -> None:
        self._jars = jars or kafka_jars()
        self._is_temporary = folder is None
        self._folder = (
            Path(tempfile.mkdtemp(prefix="eventfold-kafka-")) if folder is None else folder.resolve()
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        self._log = self._folder / "broker.log"
        self._options = options or {}
        self._is_secured = is_secured
        self._secured: Secured | None = None
        self._jvm = jvm
        self._owner = owner or os.getpid()
        self._patience = patience
        self._ports = Ports(*_free_ports(3))
        self._process: Minded | None = None

    @property
    def address(self) -> str:
        """Host and port, for clients without encryption."""
        return f"{HOST}:{self._ports.plain}"

    @property
    def pid(self) -> int:
        """The id of its process.

        Raises:
            KafkaFailed: it does not run.
        """
        if self._process is None or not self._process.runs:
            raise KafkaFailed(f"The broker does not run.{self._said()}")
        return self._process.pid

    def client(self, **more: Any) -> dict[str, Any]:
        """Settings of a client; further ones have `_` for `.` in their names."""
        return {"bootstrap.servers": self.address, **_dotted(more)}

    def secured_client(self, **more: Any) -> dict[str, Any]:
        """Settings of a client of the listener with SASL and TLS.

        Raises:
            KafkaFailed: there is no such listener, or it was never started.
        """
        if self._secured is None:
            raise KafkaFailed(
                "The broker has no secured listener: KafkaBroker(is_secured=True), and start it."
            )
        return {**self._secured.client(self._ports.secured), **_dotted(more)}

    def start(self) -> Self:
        """Starts it, on the data and ports it had; returns when it serves.

        Raises:
            KafkaFailed: it ended, does not serve within its time, or its folder is that of another broker.
            ExtraMissing: `eventfold[kafka]` is not installed.
        """
        with needing("A Kafka broker for tests", "kafka"):
            import confluent_kafka  # noqa: F401 - before a process is started
        if self._process is not None and self._process.runs:
            return self
        settings = self._folder / "server.properties"
        if self._process is None:
            self._set_up(settings)
        self._process = Minded(self._java("kafka.Kafka", str(settings)), self._log, self._owner)
        try:
            self._wait()
        except BaseException:
            self._process.kill()
            raise
        return self

    def kill(self) -> None:
        """Ends it as kill -9 does; `start` brings it back."""
        if self._process is not None:
            self._process.kill()

    def stop(self, patience: float = 10) -> None:
        """Ends it in order, or by kill where that takes more than `patience` seconds; `start` brings it back."""
        if self._process is not None:
            self._process.stop(patience)

    def close(self) -> None:
        """Ends it for good, with its temporary folder."""
        if not self._is_temporary:
            self.stop()
        else:
            self.kill()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _set_up(self, settings: Path) -> None:
        """Writes the settings and lays out the folder of the data."""
        if settings.exists():
            raise KafkaFailed(f"{self._folder} belongs to another broker: give each a new folder.")
        if self._is_secured:
            self._secured = secured(self._folder)
        more = {**(self._secured.settings if self._secured else {}), **self._options}
        text = properties(self._folder / "data", self._ports, more, is_secured=self._is_secured)
        draft = settings.with_suffix(".new")
        draft.write_text(text, "utf-8")
        draft.chmod(0o600)
        command = self._java(
            "kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER, "-c", str(draft)
        )
        with self._log.open("ab") as said:
            done = subprocess.run(  # noqa: S603 - a list, and no shell
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=self._patience,
            )
        if done.returncode != 0:
            raise KafkaFailed(f"The folder of the broker's data could not be laid out.{self._said()}")
        draft.rename(settings)

    def _java(self, program: str, *arguments: str) -> list[str]:
        log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", *self._jvm, log, "-cp", f"{self._jars}/*", program, *arguments]

    def _wait(self) -> None:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        until = time.monotonic() + self._patience
        assert self._process is not None
        while self._process.runs and time.monotonic() < until:
            if not _listens(self._ports.plain):
                time.sleep(0.05)
                continue
            # its wait before it connects again grows, so that a client that asks too early would be late
            asking = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
            try:
                known = asking.list_topics(timeout=5)
            except KafkaException:
                continue
            if known.brokers and all(
                p.leader >= 0 for t in known.topics.values() for p in t.partitions.values()
            ):
                return
            time.sleep(0.05)
        if not self._process.runs:
            raise KafkaFailed(f"The broker ended before it served.{self._said()}")
        raise KafkaFailed(f"The broker does not serve after {self._patience:.0f} s.{self._said()}")

    def _said(self) -> str:
        try:
            text = self._log.read_text("utf-8", errors="replace").strip()
        except OSError:
            return ""
        return f" The end of its log:\n{text[-_SHOWN:]}" if text else ""


_CLUSTER = "ZXZlbnRmb2xkIHRlc3RzLg"
"""The id of the cluster: 16 bytes in base64. All that is kept of one is in its folder."""


def _dotted(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in given.items()}


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex((HOST, port)) == 0


def _free_ports(count: int) -> list[int]:
    """Some ports that nobody listens on now."""
    drawn = random.SystemRandom()
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            trial = socket.socket()
            try:
                trial.bind((HOST, drawn.randrange(*_PORTS)))
            except OSError:
                trial.close()
                continue
            held.append(trial)
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
