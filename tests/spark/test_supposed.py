"""A batch is read as events are written today, until SQL meets one that is not: that one is never read wrongly."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from msgspec import structs

import eventfold as ef
from eventfold.engines.spark import batch as batches
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.testing.making import make
from tests.spark.shop import rows_of

f = pytest.importorskip("pyspark.sql.functions")

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Priced(ef.Event, version=2):
    amount: Decimal


@ef.upcast(Priced, 1)
def named_amount(data: dict[str, Any]) -> dict[str, Any]:
    return {"amount": data["price"]}


class Prices(ef.Table, category="box", name="prices"):
    box_id = ef.key()
    amount = ef.last(Priced.amount, "decimal(9,2)")
    times = ef.count(Priced)


APP = ef.App("prices", tables=[Prices], events=[Priced])


def ran(session: "SparkSession", folder: Path, *, most: int) -> dict[str, tuple[Decimal | None, int]]:
    """A log with one event of an earlier version among others, taken in batches of so many."""
    log = f"sqlite:///{folder}/log.db"
    with ef.open_store(log) as store:
        for n, (version, name) in enumerate([(2, "amount"), (1, "price"), (2, "amount")]):
            event = make(event_type="Priced", data={name: f"{n}.50"})
            store.append(f"box-{n}", [structs.replace(event, schema_version=version)], expected=ef.ANY)
    job = TableJob(
        session,
        Prices.spec,
        APP.registry,
        source=StoreSource(log),
        lake=str(folder / "lake"),
        checkpoints=str(folder / "checkpoints"),
        most=most,
    )
    assert job.run().events == 3
    return {row["box_id"]: (row["amount"], row["times"]) for row in rows_of(job.publication)}


@pytest.mark.parametrize("most", [1, 3])
def test_an_event_of_an_earlier_version_is_upcast(session: "SparkSession", tmp_path: Path, most: int) -> None:
    assert ran(session, tmp_path, most=most) == {f"box-{n}": (Decimal(f"{n}.50"), 1) for n in range(3)}


def test_without_the_mark_its_value_is_lost(session: "SparkSession", tmp_path: Path) -> None:
    """The control."""
    with mock.patch.object(batches, "_among", return_value=f.expr("TRUE")):
        found = ran(session, tmp_path, most=3)
    assert found["box-1"] == (None, 1)
