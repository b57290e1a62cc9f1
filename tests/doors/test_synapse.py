"""`eventfold synapse`: scripts on standard output, in a folder, as JSON, and what the grammar says of them."""

import json
from pathlib import Path

import pytest

from eventfold.readmodels.synapse import linting
from eventfold.readmodels.synapse.script import MARK
from tests.doors.calling import Told, eventfold

NAMES = ["1-database.sql", "2-views.sql", "3-readers.sql"]


def synapse(*arguments: str, app: str = "examples.orders.app:order_book") -> Told:
    return eventfold("-a", app, "synapse", *arguments)


def test_the_scripts_are_printed_and_need_no_log() -> None:
    told = synapse()
    assert (told.code, told.err) == (0, "")
    assert told.out.count(MARK) == 3
    assert "CREATE OR ALTER VIEW [dbo].[daily_revenue] AS" in told.out


def test_a_lake_with_an_address_is_where_they_look() -> None:
    lake = "abfss://shop@mylake.dfs.core.windows.net/tables"
    told = eventfold("-a", "examples.orders.app:order_book", "--lake", lake, "synapse")
    assert "LOCATION = 'https://mylake.dfs.core.windows.net/shop/tables'" in told.out
    assert "$(LAKE)" not in told.out


def test_they_are_written_and_written_anew_and_nothing_else_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "scripts"
    for name in ("one", "two"):
        told = synapse("--out", str(folder), "--database", name)
        assert (told.code, told.out) == (0, "")
        assert sorted(path.name for path in folder.iterdir()) == NAMES
        assert f"USE [{name}];" in (folder / NAMES[1]).read_text()
    (folder / NAMES[2]).write_text("SELECT 1;")
    told = synapse("--out", str(folder), "--database", "three")
    assert (told.code, "no script that was printed here" in told.err, "--out FOLDER" in told.err) == (
        2,
        True,
        True,
    )
    assert "USE [two];" in (folder / NAMES[1]).read_text()


def test_they_are_written_over_nothing_that_is_protected(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    told = eventfold(
        "-a", "examples.orders.app:order_book", "--lake", str(lake), "synapse", "--out", str(lake / "x")
    )
    assert (told.code, "the lake" in told.err) == (2, True)


def test_everything_is_there_in_json() -> None:
    told = synapse("--json", "--check", "orders")
    found = json.loads(told.out)
    assert [one["name"] for one in found["scripts"]] == NAMES
    assert found["scripts"][0]["text"].startswith(MARK)
    assert len(found["verdicts"]) == sum(len(one["batches"]) for one in found["scripts"])
    assert not any(one["wrong"] for one in found["verdicts"])


def test_a_statement_that_the_grammar_does_not_take_ends_with_10(monkeypatch: pytest.MonkeyPatch) -> None:
    told = synapse("--check")
    assert (told.code, "15 of 16 statements pass, 1 stands for a reason." in told.err) == (0, True)
    monkeypatch.setattr(linting, "BEYOND", {})
    told = synapse("--check")
    assert (told.code, "wrong" in told.out) == (10, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["oders"], 4, "it has: orders"),
        (["--location", "lake"], 2, "--location is where the lake lies"),
        (["--database", "a]b"], 2, "--database takes"),
        (["--reader", ""], 2, "--reader takes"),
        (["--as", "then"], 2, "name that table"),
        (["orders", "--as", "by_status"], 2, "a table or a view of shop itself"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], code: int, said: str) -> None:
    told = synapse(*arguments)
    assert (told.code, told.out) == (code, "")
    assert said in told.err


@pytest.fixture
def published(tmp_path: Path) -> list[str]:
    """The options that lead to a log, published."""
    (tmp_path / "orders.csv").write_text("order,type,order_id\norder-1,OrderCreated,order-1\n")
    url, lake = f"sqlite:///{tmp_path}/shop.db", str(tmp_path / "lake")
    given = ["-a", "examples.orders.app:order_book", "-s", url, "--lake", lake]
    columns = ("--stream", "order", "--type", "type")
    assert eventfold("-s", url, "import", str(tmp_path / "orders.csv"), *columns).code == 0
    assert eventfold(*given, "run", "--once").code == 0
    return given


def test_a_dedicated_pool_is_loaded_from_one_version(published: list[str], tmp_path: Path) -> None:
    pool = ("synapse", "--pool", "dedicated", "--location", "https://lake.dfs.core.windows.net/shop")
    told = eventfold(*published, *pool, "--out", str(tmp_path / "pool"))
    assert (told.code, told.out, "1 script lies in" in told.err) == (0, "", True)
    script = (tmp_path / "pool" / "load-orders-0.sql").read_text()
    (file,) = (tmp_path / "lake" / "orders").glob("*.parquet")
    assert f"'https://lake.dfs.core.windows.net/shop/orders/{file.name}'" in script
    assert eventfold(*published, *pool, "orders", "--version", "0").out == script
    told = eventfold(*published, *pool, "--check")
    assert (told.code, "5 of 5 statements pass." in told.err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--pool", "dedicated", "--version", "0"], 2, "name that table"),
        (["orders", "--pool", "dedicated", "--version", "7"], 4, "no version 7"),
        (["--pool", "dedicated", "--as", "then"], 2, "for the serverless pool"),
        (["--pool", "dedicated", "--reader", "me"], 2, "for the serverless pool"),
        (["--version", "1"], 2, "--pool dedicated"),
        (["--pool", "dedicated", "--location", "https://lake.blob.core.windows.net/shop"], 2, ".dfs."),
    ],
)
def test_what_no_pool_can_be_loaded_from_is_said(
    published: list[str], arguments: list[str], code: int, said: str
) -> None:
    told = eventfold(*published, "synapse", *arguments)
    assert (told.code, told.out, said in told.err) == (code, "", True), told


def test_a_dedicated_pool_needs_the_lake(published: list[str]) -> None:
    told = eventfold(*published[:4], "synapse", "--pool", "dedicated")
    assert (told.code, "--lake FOLDER" in told.err) == (2, True)


def test_a_published_moment_has_views_under_its_own_name() -> None:
    told = synapse("orders", "--as", "first_quarter")
    assert "VIEW [dbo].[first_quarter] AS" in told.out
    assert "GRANT SELECT ON OBJECT::[dbo].[first_quarter_by_status] TO [shop_reader];" in told.out
    assert "[orders]" not in told.out.replace("AS [orders]", "")


def test_a_name_of_an_app_that_is_none_of_a_database_is_said_with_its_way_out() -> None:
    told = synapse("--database", "a" * 129)
    assert (told.code, "--database" in told.err) == (2, True)
