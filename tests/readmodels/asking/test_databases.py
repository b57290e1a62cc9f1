"""Databases that the process keeps: quick to have again, and as new for whoever has one next."""

import os

import duckdb
import pytest

from eventfold.errors import MemoryExhausted
from eventfold.readmodels.asking import databases
from eventfold.readmodels.asking.databases import IDLE, database

LIMIT = "50MB"


@pytest.fixture(autouse=True)
def none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_idle", {})


def named(db: duckdb.DuckDBPyConnection) -> None:
    """Leaves a mark for good in the database, as no statement of ours does."""
    db.execute("CREATE TABLE main.mark AS SELECT 1 AS n")


def is_marked(db: duckdb.DuckDBPyConnection) -> bool:
    return bool(db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mark'").fetchall()[0][0])


def test_it_is_the_same_one_again() -> None:
    with database(LIMIT) as db:
        named(db)
    with database(LIMIT) as db:
        assert is_marked(db)


def test_what_one_had_in_it_the_next_does_not_see() -> None:
    with database(LIMIT) as db:
        db.execute("CREATE TEMP TABLE large AS SELECT i, md5(i::VARCHAR) AS text FROM range(100000) AS r(i)")
        db.register("shown", db.sql("SELECT 1 AS n").to_arrow_table())
        db.execute("SET VARIABLE said = 7")
    with database(LIMIT) as db:
        for name in ("large", "shown"):
            with pytest.raises(duckdb.CatalogException, match="does not exist"):
                db.execute(f"FROM {name}")
        assert db.execute("SELECT getvariable('said')").fetchall() == [(None,)]
        assert db.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0] < 100_000


def test_two_at_once_have_one_each_with_all_its_memory() -> None:
    with database(LIMIT) as db, database(LIMIT) as other:
        named(db)
        assert not is_marked(other)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_it_is_not_kept(error: type[BaseException]) -> None:
    with pytest.raises(error), database(LIMIT) as db:
        named(db)
        raise error
    with database(LIMIT) as db:
        assert not is_marked(db)


def test_nor_after_one_of_its_own() -> None:
    with pytest.raises(MemoryExhausted, match=LIMIT), database(LIMIT) as db:
        named(db)
        db.execute("SET temp_directory = ''")
        db.execute("CREATE TEMP TABLE large AS SELECT md5(i::VARCHAR) FROM range(4000000) AS r(i)")
    with database(LIMIT) as db:
        assert not is_marked(db)


def test_another_one_may_take_what_that_may() -> None:
    with database(LIMIT) as db:
        named(db)
    for limit, in_order in (("60MB", True), (LIMIT, False)):
        with database(limit, in_order=in_order) as db:
            assert not is_marked(db)
            ordered, most = db.execute(
                "SELECT current_setting('preserve_insertion_order'), current_setting('memory_limit')"
            ).fetchall()[0]
            assert (ordered, most) == (in_order, "57.2 MiB" if limit == "60MB" else "47.6 MiB")


def test_a_fork_does_not_take_what_it_inherits(monkeypatch: pytest.MonkeyPatch) -> None:
    with database(LIMIT) as db:
        named(db)
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: -1)
        with database(LIMIT) as db:
            assert not is_marked(db)
        databases._close()
    with database(LIMIT) as db:
        assert is_marked(db)


def test_no_more_are_kept_than_are_used_again() -> None:
    def nested(depth: int) -> None:
        if depth:
            with database(LIMIT):
                nested(depth - 1)

    nested(IDLE + 2)
    assert [len(idle) for idle in databases._idle.values()] == [IDLE]
    databases._close()
    assert [len(idle) for idle in databases._idle.values()] == [0]
