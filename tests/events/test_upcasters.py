"""Upcasters run on every path by which an event is read; what is stored never changes."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import DefinitionError, UpcasterFailed, UpcasterMissing
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.port import Scope


class Priced(ef.Event, version=3):
    amount: Decimal
    currency: str
    note: str


@ef.upcast(Priced, 1)
def cents_become_an_amount(data: dict[str, Any]) -> dict[str, Any]:
    cents = data.pop("cents")
    return {**data, "amount": str(Decimal(cents) / 100), "note": ""}


@ef.upcast(Priced, 2)
def there_was_only_one_currency(data: dict[str, Any]) -> dict[str, Any]:
    if data["note"] == "poison":
        raise ValueError("no idea")
    return {**data, "currency": "EUR"}


class Price(ef.Aggregate[Priced]):
    total: Decimal = Decimal(0)
    currency: str = ""

    def apply(self, event: Priced) -> None:
        self.total += event.amount
        self.currency = event.currency


class Prices(ef.Table, category="price"):
    price = ef.key()
    total = ef.sum(Priced.amount, "decimal(18,2)")
    currency = ef.last(Priced.currency)


SHOP = ef.App("shop", aggregates=[Price], tables=[Prices])
STORED = [
    (1, '{"cents":1250}'),
    (2, '{"amount":"2.50","note":"x"}'),
    (3, '{"amount":"5","currency":"CHF","note":""}'),
]


def filled(tmp_path: Path, *more: tuple[int, str]) -> Live:
    live = SHOP.open(f"sqlite:///{tmp_path}/log.db", lake=str(tmp_path / "lake"))
    for version, data in [*STORED, *more]:
        live.store.append("price-1", [ef.NewEvent(ef.new_id(), "Priced", version, data)], expected=ef.ANY)
    return live


def test_each_version_reads_as_the_current_one_step_by_step_and_at_once() -> None:
    old = ef.NewEvent(ef.new_id(), "Priced", 1, '{"cents":1250}')
    step = there_was_only_one_currency(cents_become_an_amount({"cents": 1250}))
    event = SHOP.registry.decode(old)
    assert event == Priced(amount=Decimal("12.5"), currency="EUR", note="")
    assert step == {"amount": "12.5", "currency": "EUR", "note": ""}


def test_what_is_written_says_its_schema_version() -> None:
    new = SHOP.registry.encode(Priced(amount=Decimal(1), currency="EUR", note=""))
    assert (new.type, new.schema_version) == ("Priced", 3)


def test_aggregates_tables_rebuilds_moments_and_reasons_agree(tmp_path: Path) -> None:
    with filled(tmp_path) as live:
        assert (
            live.repository(Price).load("price-1").total,
            live.repository(Price).load("price-1").currency,
        ) == (
            Decimal("20.00"),
            "CHF",
        )
        wanted = [{"price": "price-1", "_version": 3, "total": Decimal("20.00"), "currency": "CHF"}]
        live.catch_up()
        table = live.table(Prices)
        feed = live.store.feed()
        events = feed.arrow(feed.start(), feed.end(), EVENT_COLUMNS)
        reference = ReferenceEngine().fold(events, table.layout, SHOP.registry, scope=Scope())
        assert reference.rows.to_pylist() == wanted
        assert live.query("SELECT * FROM prices").rows() == wanted
        table.rebuild()
        assert live.query("SELECT * FROM prices").rows() == wanted
        assert table.at(position=2).rows()[0] | {"total": Decimal("15.00")} == table.at(position=2).rows()[0]
        assert [(s.after or {})["currency"] for s in table.why("price-1")] == ["EUR", "EUR", "CHF"]


def test_what_is_stored_stays_as_it_was_written(tmp_path: Path) -> None:
    with filled(tmp_path) as live:
        live.catch_up()
        live.table(Prices).rebuild()
        assert [(e.schema_version, e.data) for e in live.store.read("price-1")] == STORED


def test_one_that_fails_parks_the_event_and_all_behind_it(tmp_path: Path) -> None:
    poison = (2, '{"amount":"1","note":"poison"}')
    with filled(tmp_path, poison, STORED[2]) as live:
        live.catch_up()
        parked = live.table(Prices).parked()["price-1"]
        assert (parked.version, parked.last_version, parked.code) == (4, 5, "upcaster-failed")
        assert live.table(Prices).get("price-1")["total"] == Decimal("20.00")
        assert live.table(Prices).rebuild().parked == 1
        with pytest.raises(ef.EventfoldError, match="no idea"):
            live.repository(Price).load("price-1")


def test_a_missing_link_is_named_when_the_app_is_built() -> None:
    class Gap(ef.Event, version=3):
        note: str

    ef.upcast(Gap, 2)(lambda data: data)
    with pytest.raises(UpcasterMissing, match="nothing upcasts version 1 to 2"):
        ef.App("shop", events=[Gap])
    with pytest.raises(DefinitionError, match="already"):
        ef.upcast(Gap, 2)(lambda data: data)
    with pytest.raises(DefinitionError, match="nothing to upcast"):
        ef.upcast(Gap, 3)


@pytest.mark.parametrize("found", [float("nan"), {"deep": [1, float("inf")]}, object(), "\ud800"])
def test_what_an_upcaster_returns_never_becomes_null_in_silence(found: object) -> None:
    class Weighed(ef.Event, version=2):
        kilos: Any = None

    ef.upcast(Weighed, 1)(lambda data: {**data, "kilos": found})
    registry = ef.Registry([Weighed])
    stored = ef.NewEvent(ef.new_id(), "Weighed", 1, "{}")
    for read in (registry.decode, registry.current_data):
        with pytest.raises(UpcasterFailed):
            read(stored)
