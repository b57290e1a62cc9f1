"""A dedicated pool has the rows of one published version, whatever it had before: no file too many, none too few."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from msgspec import structs

import eventfold as ef
from eventfold.errors import CursorLost, NotFound, StorageFailed, TableInvalid
from eventfold.readmodels.delta.retention import RETENTION
from eventfold.readmodels.publishing.publication import LakePublication
from eventfold.readmodels.synapse.dedicated import load_script
from eventfold.readmodels.synapse.linting import lint
from eventfold.readmodels.synapse.loading import Loaded, find
from eventfold.readmodels.synapse.script import Script
from tests.readmodels.declaring.views.readback import read_back
from tests.readmodels.declaring.views.test_same_answer import in_order
from tests.readmodels.synapse.shop import Goods, Names, Removed, Renamed, Shop, Stocked, stocked

LAKE = "https://lake.dfs.core.windows.net/shop"


class Texts(ef.Table, category="good"):
    text = ef.key(Stocked.name)
    goods = ef.count(Stocked)
    size = ef.last(Stocked.size)


app = ef.App("shop", tables=[Goods, Texts, Names], events=[Stocked, Renamed, Removed])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Goods with merges and deletions behind them."""
    folder = tmp_path_factory.mktemp("goods")
    with app.open(f"sqlite:///{folder}/goods.db", lake=str(folder / "lake")) as live:
        found = Shop(live, folder / "lake")
        found.fill()
        found.publish()
        for n in range(3):
            found.append(f"good-{n}", Renamed(name="new"))
            found.append(f"good-{n + 10}", Removed(reason="sold"))
            found.append(f"good-{n + 50}", stocked(n))
            found.publish()
    return folder


@pytest.fixture
def made(prepared: Path, tmp_path: Path) -> Iterator[Shop]:
    """A copy of them."""
    folder = tmp_path / "copy"
    shutil.copytree(prepared, folder)
    with app.open(f"sqlite:///{folder}/goods.db", lake=str(folder / "lake")) as live:
        yield Shop(live, folder / "lake")


def loaded(made: Shop, table: str = "goods", number: int | None = None) -> Loaded:
    found = made.live.table(table)
    assert found.publication is not None
    return find(found.layout, found.publication, number)


def place(made: Shop, table: str = "goods") -> LakePublication:
    found = made.live.table(table).publication
    assert found is not None
    return found


def copied(script: Script, lake: Path) -> list[str]:
    """The files that COPY is told of, on this machine."""
    sql = next((one.sql for one in script.batches if one.form == "copy"), "")
    return [str(lake / path) for path in re.findall(rf"'{LAKE}/([^']+)'", sql)]


class Pool:
    """DuckDB in the place of a dedicated pool: what COPY does is done by hand, the upsert is read back and run."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._db = duckdb.connect(":memory:")
        self._db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA dbo")

    def run(self, script: Script, table: str) -> list[dict[str, Any]]:
        files = copied(script, self._lake)
        upsert = next(one.sql for one in script.batches if one.form == "upsert")
        guard, _, merge = upsert.partition("END;\n")
        self._db.execute(f"CREATE OR REPLACE TABLE {table} AS FROM read_parquet({files!r})")
        shown = re.findall(r"INSERT \((.*?)\)", merge)[0].replace("[", '"').replace("]", '"')
        self._db.execute(f"CREATE TABLE IF NOT EXISTS dbo.{table} AS SELECT {shown} FROM {table} WHERE false")
        assert re.findall(r"@staged <> (\d+)", guard) == [
            str(self._db.sql(f"FROM {table}").to_arrow_table().num_rows)
        ]
        self._db.execute(read_back(merge))
        found: list[dict[str, Any]] = self._db.sql(f"FROM dbo.{table}").to_arrow_table().to_pylist()
        return found


def shown(made: Shop, table: str, rows: pa.Table | None = None) -> list[str]:
    """The rows of a table, without what only the fold needs."""
    spec = made.live.table(table).layout.spec
    found = made.live.table(table).rows() if rows is None else rows.to_pylist()
    return in_order([{name: row[name] for name in (spec.key_name, *spec.columns)} for row in found])


@pytest.mark.parametrize("compacted", [False, True])
def test_the_files_have_the_rows_of_the_version_and_the_folder_has_more(made: Shop, compacted: bool) -> None:
    if compacted:
        DeltaTable(str(made.lake / "goods")).optimize.compact()
    script = load_script(loaded(made), LAKE)
    files = copied(script, made.lake)
    there = pa.concat_tables([pa.parquet.read_table(file) for file in files])
    assert shown(made, "goods", there) == shown(made, "goods")
    everything = list((made.lake / "goods").glob("*.parquet"))
    assert len(everything) > len(files)
    assert sum(pa.parquet.read_metadata(file).num_rows for file in everything) > there.num_rows


@pytest.mark.parametrize("table", ["goods", "texts"])
def test_the_pool_has_the_rows_of_each_version_whatever_it_had_before(made: Shop, table: str) -> None:
    pool, publication = Pool(made.lake), place(made, table)
    head = loaded(made, table).number
    for number in [*range(head + 1), head, 0, head]:
        rows = publication.rows(number)
        assert rows is not None
        for _twice in range(2):
            told = pool.run(load_script(loaded(made, table, number), LAKE), table)
            assert in_order(told) == shown(made, table, rows)
    assert in_order(told) == shown(made, table)
    assert {"a", "a "} <= {row.get("text", row.get("name")) for row in told}


def test_keys_that_differ_in_blanks_at_the_end_are_two(made: Shop) -> None:
    (upsert,) = [one.sql for one in load_script(loaded(made, "texts"), LAKE).batches if one.form == "upsert"]
    assert "DATALENGTH([target].[text]) = DATALENGTH([source].[text])" in upsert


@pytest.mark.parametrize("part", ["WHEN NOT MATCHED BY SOURCE THEN DELETE", "[name] = [source].[name], "])
def test_an_upsert_that_leaves_something_out_would_be_seen(made: Shop, part: str) -> None:
    pool = Pool(made.lake)
    pool.run(load_script(loaded(made, number=0), LAKE), "goods")
    script = load_script(loaded(made), LAKE)
    lacking = [structs.replace(one, sql=one.sql.replace(part, "")) for one in script.batches]
    told = pool.run(structs.replace(script, batches=tuple(lacking)), "goods")
    assert in_order(told) != shown(made, "goods")


def test_after_a_clean_up_the_newest_version_is_loaded_from_the_files_that_are_left(made: Shop) -> None:
    number = loaded(made).number
    files = DeltaTable(str(made.lake / "goods"))
    files.optimize.compact()
    files.vacuum(0, dry_run=False, enforce_retention_duration=False)
    found = loaded(made)
    assert (found.number, found.newest) == (number, True)
    assert in_order(Pool(made.lake).run(load_script(found, LAKE), "goods")) == shown(made, "goods")
    with pytest.raises(NotFound, match="with all its files: take the newest one, without --version"):
        loaded(made, number=number - 1)


def test_a_table_without_rows_is_emptied(made: Shop) -> None:
    pool = Pool(made.lake)
    pool.run(load_script(loaded(made), LAKE), "goods")
    for row in made.live.table("goods").rows():
        made.append(row["good"], Removed(reason="sold"))
    made.publish()
    script = load_script(loaded(made), LAKE)
    upsert = next(one.sql for one in script.batches if one.form == "upsert")
    assert "@staged <> 0" in upsert
    assert "WHEN NOT MATCHED BY SOURCE THEN DELETE;" in upsert


def test_what_cannot_be_loaded_is_said(made: Shop) -> None:
    with pytest.raises(TableInvalid, match=r"names.names is a list.*--pool serverless"):
        loaded(made, "names")
    with pytest.raises(NotFound, match="no version 99"):
        loaded(made, number=99)


def test_a_version_that_somebody_else_wrote_is_not_loaded(made: Shop) -> None:
    number = loaded(made).number
    DeltaTable(str(made.lake / "goods")).delete("good = 'good-1'")
    assert loaded(made).number == number
    made.append("good-2", Renamed(name="later"))
    made.publish()
    with pytest.raises(CursorLost, match=f"Version {number + 1} of goods has no stamp of ours"):
        loaded(made, number=number + 1)


def test_a_table_that_was_never_published_has_no_files(tmp_path: Path) -> None:
    with app.open(f"sqlite:///{tmp_path}/x.db", lake=str(tmp_path / "lake")) as live:
        table = live.table("goods")
        assert table.publication is not None
        with pytest.raises(NotFound, match="never published: `eventfold run --once`"):
            find(table.layout, table.publication)


def test_files_that_copy_could_not_be_told_of_are_refused(
    made: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file, *_) = place(made).files() or ()
    for other in (Path(file).with_name("a*.parquet"), Path(file).parent / "day=1" / "a.parquet"):
        monkeypatch.setattr(type(place(made)), "files", lambda *_, other=other: [str(other)])
        with pytest.raises(StorageFailed, match="cannot repeat"):
            loaded(made)


def test_files_whose_columns_stand_in_another_order_are_refused(
    made: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file, *_) = place(made).files() or ()
    turned = tmp_path / "goods" / "a.parquet"
    turned.parent.mkdir()
    found = pa.parquet.read_table(file)
    pa.parquet.write_table(found.select(found.column_names[::-1]), turned)
    monkeypatch.setattr(type(place(made)), "files", lambda *_: [str(turned)])
    with pytest.raises(StorageFailed, match="other columns than goods has now"):
        loaded(made)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "(interval 1 week)"),
        ("interval 30 days", "(interval 30 days)"),
        ("interval 1 week\nDROP TABLE x", "(an interval that is not known)"),
    ],
)
def test_the_script_says_what_it_loads_and_how_long_its_files_live(
    made: Shop, monkeypatch: pytest.MonkeyPatch, given: str | None, told: str
) -> None:
    if given is not None:
        kept = DeltaTable(str(made.lake / "goods")).metadata()
        monkeypatch.setattr(type(kept), "configuration", {RETENTION: given}, raising=False)
    found = loaded(made)
    head = load_script(found, LAKE).text.partition("\n\n")[0]
    assert told in head
    assert f"Version {found.number} of goods: the log {made.live.store.log_id} at position " in head
    assert f"{found.rows} rows in {len(found.files)} file" in head
    assert all(line.startswith("--") for line in head.splitlines())
    assert "Later versions have replaced it" in load_script(loaded(made, number=0), LAKE).text


@pytest.mark.slow
def test_every_statement_passes(made: Shop) -> None:
    several = structs.replace(loaded(made), files=["a.parquet", "b.parquet", "c.parquet"])
    found = lint([load_script(several, LAKE), load_script(loaded(made, "texts"), None)])
    assert [one for one in found if one.wrong] == []
    assert all(one.passes for one in found)
    elsewhere = lint([load_script(several, "https://lake.dfs.core.usgovcloudapi.net/shop")])
    assert [one.form for one in elsewhere if not one.passes] == ["copy"]
    assert not any(one.wrong for one in elsewhere)
