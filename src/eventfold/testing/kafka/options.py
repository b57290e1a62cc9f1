"""How the broker is set up: one node that is its own controller, quick to start, to kill and to start again."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"

_ALWAYS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    # one copy of everything
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # few partitions: with the 50 of the default a broker that was killed is not back after a minute
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # one that was killed registers again when its former self has been silent for as long; 9 s by default
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    "group.initial.rebalance.delay.ms": "0",
    # events of the past stay: by default records are gone that are older than a week
    "log.retention.ms": "-1",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": "4194304",  # of its memory; 128 MiB by default
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class Ports(NamedTuple):
    """The ports that the broker listens on.

    Attributes:
        plain: for clients without encryption.
        controller: that it speaks to itself on.
        secured: for clients with SASL and TLS.
    """

    plain: int
    controller: int
    secured: int


def properties(data: Path, ports: Ports, more: Mapping[str, str], *, is_secured: bool) -> str:
    """The file of settings.

    Args:
        data: where the broker keeps its logs.
        ports: what it listens on.
        more: settings that add to ours, or override them.
        is_secured: there is a listener with SASL and TLS.
    """
    listeners = {"PLAINTEXT": f"{HOST}:{ports.plain}", "CONTROLLER": f"{HOST}:{ports.controller}"}
    advertised = {"PLAINTEXT": listeners["PLAINTEXT"]}
    if is_secured:
        listeners["SASL_SSL"] = f"{HOST}:{ports.secured}"
        advertised["SASL_SSL"] = f"localhost:{ports.secured}"
    kinds = {"CONTROLLER": "PLAINTEXT", **{name: name for name in advertised}}
    settings = {
        **_ALWAYS,
        "log.dirs": str(data),
        "listeners": _listed(listeners, "://"),
        "advertised.listeners": _listed(advertised, "://"),
        "listener.security.protocol.map": _listed(kinds, ":"),
        "controller.quorum.bootstrap.servers": listeners["CONTROLLER"],
        **more,
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def _listed(pairs: Mapping[str, str], between: str) -> str:
    return ",".join(f"{name}{between}{value}" for name, value in pairs.items())


def _escaped(value: str) -> str:
    """A value as a file of properties holds it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
