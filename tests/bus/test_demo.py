"""The order example over the bus, from both logs: two relays, of which one is killed, what follows, and the judge."""

import os
import re
from pathlib import Path

import pytest

from examples.orders import demo
from tests.bus.sharing import Shared


@pytest.mark.parametrize(("store", "orders"), [("sqlite", "40"), ("cosmos", "40")])
def test_orders_come_through_while_a_relay_is_killed_and_a_partition_is_split(
    store: str,
    orders: str,
    kafka: Shared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the log to one handler of each kind and a Delta table; only one of the two logs has partitions to split."""
    monkeypatch.setattr(demo, "OUTPUT", tmp_path / "out")
    monkeypatch.setenv("EVENTFOLD_COSMOS_KEY", "")  # the demo sets it
    url = f"kafka://{kafka.plain['bootstrap.servers']}/demo-{store}-{os.getpid()}"
    assert demo.main(["--store", store, "--bus", url, "--orders", orders]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Relay 1 was killed" in said
    assert ("A partition of the container was split; it has 5 now." in said) == (store == "cosmos")
    assert "differ in 0 places" in said
    assert re.search(
        r"Relay 1 had sent [1-9]\d* events when it was killed; relay 2 sent the other [1-9]", said
    )
    assert (tmp_path / "out" / "orders.html").stat().st_size > 10_000
