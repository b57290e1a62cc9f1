"""A rebuild beside people who decide about parked streams meanwhile."""

from typing import Any

import pytest

import eventfold as ef


class Noted(ef.Event):
    text: str


class Boxes(ef.Table, category="box"):
    box = ef.key()
    number = ef.last(Noted.text, "int64")


SHOP = ef.App("shop", tables=[Boxes], events=[Noted])


def test_an_event_that_is_skipped_during_a_rebuild_stays_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    with SHOP.open("sqlite://") as live:
        for text in ("1", "poison", "3"):
            live.store.append("box-1", [SHOP.registry.encode(Noted(text=text))], expected=ef.ANY)
        live.catch_up()
        table: Any = live.table(Boxes)
        fold = table._engine.fold

        def meanwhile(*arguments: Any, **named: Any) -> Any:
            folded = fold(*arguments, **named)
            if table.parked():
                assert table.skip("box-1", "poison")
            return folded

        monkeypatch.setattr(table._engine, "fold", meanwhile)
        assert table.rebuild().parked == 0
        assert table.parked() == {}
        assert table.get("box-1")["number"] == 3
