"""The order example over the bus: two relays of which one is killed, a process that follows, and the judge."""

import os
import re
from pathlib import Path

import pytest

from examples.orders import demo
from tests.bus.sharing import Shared


def test_orders_come_through_while_a_relay_is_killed(
    kafka: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "OUTPUT", tmp_path / "out")
    url = f"kafka://{kafka.plain['bootstrap.servers']}/demo-{os.getpid()}"
    assert demo.main(["--bus", url, "--orders", "40"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Relay 1 was killed" in said
    assert "differ in 0 places" in said
    assert re.search(
        r"Relay 1 had sent [1-9]\d* events when it was killed; relay 2 sent the other [1-9]", said
    )
    assert (tmp_path / "out" / "orders.html").stat().st_size > 10_000
