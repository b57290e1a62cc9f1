"""A rebuild beside people who decide about parked streams, and workers who publish, meanwhile."""

from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import StaleCursor


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


def test_a_rebuild_is_published_although_another_publisher_was_quicker_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SHOP.open("sqlite://", lake=str(tmp_path)) as live:
        live.store.append("box-1", [SHOP.registry.encode(Noted(text="1"))], expected=ef.ANY)
        live.catch_up()
        publication: Any = live.table(Boxes).publication
        overwrite = publication.overwrite

        def late(*_: object) -> None:
            monkeypatch.setattr(publication, "overwrite", overwrite)
            raise StaleCursor("another publisher was quicker")

        monkeypatch.setattr(publication, "overwrite", late)
        assert live.table(Boxes).rebuild().generation == 2
        assert publication.head().stamp.generation == 2
