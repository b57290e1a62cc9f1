"""A published moment is the table as it was, once; nothing that stands under its name is ever replaced."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from msgspec import structs

import eventfold as ef
from eventfold.errors import ConfigInvalid, Conflict, CursorLost, RangeInvalid, StorageFailed
from eventfold.readmodels.delta import moment as delta_moment
from eventfold.readmodels.publishing.moments import read_moment
from tests.readmodels.synapse.shop import Goods, Names, Renamed, Shop, Stocked, app, shop, stocked


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path) as found:
        yield found


def rows(place: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = DeltaTable(str(place)).to_pyarrow_dataset().to_table().to_pylist()
    return found


def now() -> datetime:
    return datetime.now(UTC)


def everything_in(lake: Path) -> list[str]:
    """All but the tables that are followed."""
    paths = (path.relative_to(lake) for path in lake.rglob("*"))
    return sorted(str(path) for path in paths if path.parts[0] not in app.tables)


@pytest.mark.parametrize("table", [Goods, Names])
def test_it_has_the_rows_of_its_moment_and_keeps_them(made: Shop, table: type[ef.Table]) -> None:
    then = now()
    meant = made.live.table(table).rows()
    made.append("good-1", Renamed(name="another"))
    made.publish()
    done = made.live.publish(table, time=then, name="then")
    assert (done.rows, done.written, done.parked) == (len(meant), True, 0)
    assert rows(made.lake / "then") == meant != made.live.table(table).rows()
    before = everything_in(made.lake)
    made.append("good-2", Renamed(name="a third"))
    made.publish()
    assert not made.live.publish(table, time=then, name="then").written
    assert everything_in(made.lake) == before


def test_it_says_of_what_it_is(made: Shop) -> None:
    then = now()
    made.live.publish("goods", time=then, name="then")
    stamp = read_moment(DeltaTable(str(made.lake / "then")).history()[0]["userMetadata"])
    assert stamp is not None
    assert (stamp.table, stamp.time, stamp.clock) == ("goods", then, "recorded")
    assert stamp.cursor == made.live.store.feed().end()
    assert stamp == read_moment((made.lake / "then/_eventfold/cursor" / f"{0:020d}.json").read_bytes())


def test_another_moment_table_or_definition_is_refused_under_the_same_name(
    made: Shop, tmp_path: Path
) -> None:
    then = now()
    made.live.publish("goods", time=then, name="then")
    before = everything_in(made.lake)
    for table, moment, said in [
        ("goods", then - timedelta(hours=1), "and is goods as recorded up to"),
        ("names", then, "and is of the table goods"),
    ]:
        with pytest.raises(Conflict, match=said):
            made.live.publish(table, time=moment, name="then")
    with pytest.raises(Conflict, match="and is goods as recorded up to"):
        made.live.publish("goods", time=then, name="then", clock="occurred")
    changed = type("Goods", (ef.Table,), {"good": ef.key(), "size": ef.last(Stocked.size)}, category="good")
    other = ef.App("other", tables=[changed], events=[Stocked])
    url = f"sqlite:///{tmp_path}/goods.db"
    with (
        other.open(url, lake=str(made.lake), state="sqlite://") as live,
        pytest.raises(Conflict, match="another definition"),
    ):
        live.publish("goods", time=then, name="then")
    assert everything_in(made.lake) == before


def test_what_others_put_or_changed_there_is_left_alone(made: Shop) -> None:
    then = now()
    (made.lake / "notes").mkdir()
    (made.lake / "notes" / "a.txt").write_text("x")
    (made.lake / "file").write_text("x")
    (made.lake / "link").symlink_to("nowhere")
    write_deltalake(str(made.lake / "theirs"), pa.table({"good": ["x"]}))
    made.live.publish("goods", time=then, name="then")
    DeltaTable(str(made.lake / "then")).delete("good = 'good-1'")
    before = everything_in(made.lake)
    for name in ("notes", "file", "link", "theirs", "then"):
        with pytest.raises(Conflict, match="is there already"):
            made.live.publish("goods", time=then, name=name)
    assert everything_in(made.lake) == before


def test_what_happened_is_known_later_and_then_it_is_another_moment(made: Shop) -> None:
    then = now()
    made.live.publish("goods", time=then, name="then", clock="occurred")
    made.live.publish("goods", time=then, name="then", clock="occurred")
    made.append("good-99", stocked(3))
    late = made.live.app.registry.encode(Renamed(name="b"), occurred_at=then - timedelta(days=1))
    made.live.store.append("good-1", [late], expected=ef.ANY)
    with pytest.raises(Conflict, match="has other rows: it is what was known at position"):
        made.live.publish("goods", time=then, name="then", clock="occurred")


@pytest.mark.parametrize("name", ["", "Then", "a/b", "..", "a" * 49, "events", "goods", "names", "monthly"])
def test_a_name_that_is_none_or_taken_by_the_app_is_refused(made: Shop, name: str) -> None:
    with pytest.raises(ConfigInvalid, match="--as NAME"):
        made.live.publish("goods", time=now(), name=name)


def test_a_moment_to_come_is_refused_and_so_is_one_without_a_lake(made: Shop) -> None:
    with pytest.raises(RangeInvalid, match="yet to come"):
        made.live.publish("goods", time=now() + timedelta(minutes=1), name="then")
    with app.open("sqlite://") as live, pytest.raises(ConfigInvalid, match="--lake"):
        live.publish("goods", time=now(), name="then")


def test_a_table_that_is_later_called_so_does_not_take_it_for_its_own(made: Shop, tmp_path: Path) -> None:
    made.live.publish("goods", time=now(), name="then")
    then = type("Then", (ef.Table,), {"good": ef.key(), "size": ef.last(Stocked.size)}, category="good")
    url = f"sqlite:///{tmp_path}/goods.db"
    with (
        ef.App("other", tables=[then], events=[Stocked]).open(
            url, lake=str(made.lake), state="sqlite://"
        ) as live,
        pytest.raises(CursorLost, match="not ours"),
    ):
        live.catch_up()


class Meanwhile(delta_moment.DeltaMoment):
    """A place where another process is quicker by a hair."""

    def keep(self, rows: pa.Table, stamp: Any) -> bool:
        assert super().keep(rows, stamp)
        return super().keep(rows, stamp)


def test_of_two_at_once_one_writes_and_the_other_finds_it(
    made: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_moment, "DeltaMoment", Meanwhile)
    done = made.live.publish("goods", time=now(), name="then")
    assert not done.written
    assert rows(made.lake / "then") == made.live.table("goods").rows()
    assert not list(made.lake.glob(".then*"))


@pytest.mark.parametrize("step", ["write_deltalake", "_named"])
def test_a_failure_on_the_way_leaves_nothing(made: Shop, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    before = everything_in(made.lake)
    with monkeypatch.context() as patched, pytest.raises(StorageFailed):
        patched.setattr(delta_moment if step == "write_deltalake" else delta_moment.DeltaMoment, step, fails)
        made.live.publish("goods", time=now(), name="then")
    assert everything_in(made.lake) == before


def test_what_a_killed_process_left_aside_is_swept_after_a_day(made: Shop) -> None:
    for name, age in ((".then.dead", 90_000), (".then.busy", 60)):
        (made.lake / name).mkdir()
        os.utime(made.lake / name, (time.time() - age,) * 2)
    made.live.publish("goods", time=now(), name="then")
    assert [path.name for path in made.lake.glob(".then.*")] == [".then.busy"]


def test_what_is_parked_is_told(made: Shop) -> None:
    broken = structs.replace(made.live.app.registry.encode(stocked(3)), data='{"price": "0.005"}')
    made.live.store.append("good-50", [broken], expected=ef.ANY)
    done = made.live.publish("goods", time=now(), name="then")
    assert done.parked == 1
