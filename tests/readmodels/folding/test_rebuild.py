"""A rebuild beside workers who publish meanwhile."""

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
