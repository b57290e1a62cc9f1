"""`eventfold search`: hits, highlights and facets on a terminal and in JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from examples.orders.app import order_book
from examples.orders.workload import commands, run
from tests.doors.calling import eventfold


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("shop")
    url = f"sqlite:///{folder}/shop.db"
    with order_book.open(url, search=f"{folder}/search") as live:
        list(run(live, commands(60, seed=3)))
        live.catch_up()
    return ["-a", "examples.orders.app:order_book", "-s", url, "--search", f"{folder}/search"]


def test_rows_are_found_with_their_highlights_and_facets(bound: list[str]) -> None:
    told = eventfold(*bound, "search", "orders", "order 00007", "--facet", "status")
    assert told.code == 0
    assert "order_id: [order]-[00007]" in told.out
    assert "count" in told.out
    assert told.err == "1 row of orders\n"


def test_an_answer_in_json_has_all_of_it(bound: list[str]) -> None:
    asked = ["search", "orders", "customer*", "--facet", "status", "--facet", "currency", "--json"]
    told = eventfold(*bound, *asked, "--order", "-total_amount", "--size", "5", "--page", "2")
    found = json.loads(told.out)
    assert told.err == ""
    assert (found["total"], found["page"], found["pages"], len(found["hits"])) == (60, 2, 12, 5)
    assert sum(one["count"] for one in found["facets"]["status"]) == 60
    amounts = [float(hit["row"]["total_amount"]) for hit in found["hits"]]
    assert amounts == sorted(amounts, reverse=True)
    assert found["hits"][0]["highlights"]["customer_id"][0]["marks"] == [[0, 8]]


def test_what_cannot_be_asked_says_what_to_do(bound: list[str]) -> None:
    told = eventfold(*bound, "search", "orders", "x", "--where", "colour = 'blue'", "--json")
    assert told.code == 3
    assert json.loads(told.out or told.err)["error"]["code"] == "filter-field-unknown"
    assert eventfold(*bound, "search", "nothing").code == 4
    assert "--search FOLDER" in eventfold(*bound[:4], "search", "orders").err


def test_status_tells_of_the_index(bound: list[str], tmp_path: Path) -> None:
    told = eventfold(*bound, "--lake", str(tmp_path / "lake"), "status", "--watch", "0")
    assert "tantivy" in told.out
    (only,) = json.loads(eventfold(*bound, "status", "--watch", "0", "--json").out)["tables"][0]["places"]
    assert (only["place"], only["unpublished"], only["lag"]) == ("tantivy", 0, 0)
