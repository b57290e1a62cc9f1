"""A view is asked by its name like a table, now and at any moment."""

from pathlib import Path

import pytest

import eventfold as ef
from eventfold.errors import QueryInvalid


class Made(ef.Event):
    name: str
    size: int


class Things(ef.Table, category="thing"):
    thing = ef.key()
    name = ef.last(Made.name)
    size = ef.sum(Made.size)
    names = ef.view(name=ef.row.name, things=ef.count(), size=ef.row.size.sum())


app = ef.App("things", tables=[Things], events=[Made])


@pytest.mark.parametrize("published", [True, False])
def test_a_view_answers_from_the_state_and_from_what_is_published(tmp_path: Path, published: bool) -> None:
    url = f"sqlite:///{tmp_path}/things.db"
    lake = str(tmp_path / "lake") if published else None
    with app.open(url, lake=lake) as live, ef.open_store(url) as store:
        for n in range(4):
            store.append(f"thing-{n}", [app.registry.encode(Made(name="ab"[n % 2], size=n))], expected=0)
        live.catch_up()
        now = live.query("SELECT * FROM names ORDER BY name").rows()
        assert now == [{"name": "a", "things": 2, "size": 2}, {"name": "b", "things": 2, "size": 4}]
        assert {"name": "names"} in live.query("SHOW TABLES").rows()
        then = live.table("things").at(position=3)
        assert sorted(row["size"] for row in then.view("names")) == [1, 2]
        with pytest.raises(QueryInvalid, match="its views are names"):
            then.view("sizes")
        with pytest.raises(QueryInvalid, match="did you mean names"):
            live.query("SELECT * FROM nmaes")
