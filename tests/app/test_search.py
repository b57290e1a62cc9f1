"""An open app searches its tables: words, conditions, facets, pages, and what was just written."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import (
    ConfigInvalid,
    CursorLost,
    FilterFieldUnknown,
    FilterInvalid,
    ForeignCursor,
    QueryInvalid,
    RangeInvalid,
    TableBehind,
    TableInvalid,
    UnsupportedUrl,
)
from eventfold.readmodels.search.result import FacetCount


class Placed(ef.Event):
    note: str
    total: Decimal


class Sent(ef.Event):
    pass


class Sales(ef.Table, category="sale"):
    sale_id = ef.key()
    note = ef.last(Placed.note)
    status = ef.last({Placed: "Placed", Sent: "Sent"})
    total = ef.last(Placed.total, "decimal(18,2)")
    search = ef.search(text=[note], facets=[status], sort=[total])


class Plain(ef.Table, category="sale"):
    sale_id = ef.key()
    note = ef.last(Placed.note)


shop = ef.App("shop", events=[Placed, Sent], tables=[Sales, Plain])


def opened(folder: Path, app: ef.App = shop, **named: Any) -> Live:
    return app.open(f"sqlite:///{folder}/log.db", **{"search": f"{folder}/search", **named})


def happen(live: Live, stream: str, *events: ef.Event) -> ef.Appended:
    return live.store.append(stream, [live.app.registry.encode(one) for one in events], expected=ef.ANY)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with filled(tmp_path) as live:
        yield live


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """For who writes nothing."""
    with filled(tmp_path_factory.mktemp("shop")) as live:
        yield live


@contextmanager
def filled(folder: Path) -> Iterator[Live]:
    with opened(folder) as live:
        for n, note in enumerate(("a blue mug", "two blue mugs", "the mug, blue", "a red mug", "a tray")):
            happen(live, f"sale-{n}", Placed(note=note, total=Decimal(n) / 2))
        happen(live, "sale-2", Sent())
        live.catch_up()
        yield live


def test_words_conditions_facets_and_order(shared: Live) -> None:
    found = shared.search(Sales, "blue mug", facets=["status"], order="-total")
    assert [hit.key for hit in found] == ["sale-2", "sale-0"]
    assert found.facets == {"status": [FacetCount("Placed", 1), FacetCount("Sent", 1)]}
    assert found.hits[0].row == {
        "sale_id": "sale-2", "_version": 2, "note": "the mug, blue", "status": "Sent", "total": Decimal("1.00"),
    }  # fmt: skip
    assert [one.marked("[", "]") for one in found.hits[0].highlights["note"]] == ["the [mug], [blue]"]
    assert shared.search("sales", '"blue mug"', where="status = 'Placed'").total == 1
    assert [hit.key for hit in shared.search(Sales, "mug* -red", where="total < 1.00")] == [
        "sale-0",
        "sale-1",
    ]
    assert "2 rows of sales" in repr(found)
    assert "the mug, blue" in found._repr_html_()


def test_pages_are_counted_exactly_and_nothing_lies_beyond_the_last(shared: Live) -> None:
    pages = [shared.search(Sales, page=n, size=2) for n in range(1, 5)]
    assert [[hit.key for hit in page] for page in pages] == [
        ["sale-0", "sale-1"], ["sale-2", "sale-3"], ["sale-4"], [],
    ]  # fmt: skip
    assert {(page.total, page.pages) for page in pages} == {(5, 3)}


def test_a_search_tells_by_how_much_it_is_behind(live: Live) -> None:
    happen(live, "sale-9", Placed(note="a green mug", total=Decimal(1)))
    found = live.search(Sales, "green")
    assert (found.total, found.behind) == (0, 1)
    assert "sales is 1 event behind the log" in found.warnings[0]
    live.catch_up()
    found = live.search(Sales, "green")
    assert (found.total, found.behind, found.warnings) == (1, 0, [])


def test_what_was_just_written_is_found_where_somebody_follows(live: Live, monkeypatch: Any) -> None:
    monkeypatch.setattr("eventfold.app.parts.searching._WAIT_SECONDS", 0.05)
    token = happen(live, "sale-9", Placed(note="a green mug", total=Decimal(1))).token
    with pytest.raises(TableBehind, match="did not reach the append within 0"):
        live.search(Sales, "green", after=token)
    monkeypatch.setattr("eventfold.app.parts.searching._WAIT_SECONDS", 60.0)
    stop = threading.Event()
    worker = threading.Thread(target=live.run, args=(stop,), kwargs={"every": 0.05})
    worker.start()
    try:
        assert live.search(Sales, "green", after=token).total == 1
    finally:
        stop.set()
        worker.join()


def test_a_table_without_a_search_and_an_app_without_an_index_say_what_to_do(
    tmp_path: Path, live: Live
) -> None:
    with pytest.raises(TableInvalid, match=r"search = ef.search\("):
        live.search(Plain, "mug")
    with opened(tmp_path, search=None) as bare, pytest.raises(ConfigInvalid, match="--search FOLDER"):
        bare.search(Sales, "mug")
    with opened(tmp_path, search=f"{tmp_path}/other") as new, pytest.raises(TableBehind, match="run --once"):
        new.search(Sales, "mug")
    with pytest.raises(UnsupportedUrl, match="No search index is known for 'https' URLs"):
        opened(tmp_path, search="https://key@somewhere")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"text": "x" * 1_000_000}, QueryInvalid),
        ({"text": '"unbalanced'}, QueryInvalid),
        ({"text": "*"}, QueryInvalid),
        ({"where": "1 = 1 or note = 'x'"}, FilterInvalid),
        ({"where": "note = 'x'"}, FilterFieldUnknown),
        ({"where": "status = 'x' or 'a' = 'a'"}, FilterInvalid),
        ({"where": "x" * 1_000_000}, FilterInvalid),
        ({"facets": ["note"]}, QueryInvalid),
        ({"order": "note"}, QueryInvalid),
        ({"page": 0}, RangeInvalid),
        ({"page": 10**9}, RangeInvalid),
        ({"size": 0}, RangeInvalid),
        ({"size": 1_001}, RangeInvalid),
    ],
)
def test_what_cannot_be_asked_is_refused(shared: Live, asked: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        shared.search(Sales, **asked)


OPERATORS = (
    "aa AND NOT mug",
    "o'brien",
    "NEAR(",
    "mug OR",
    "(aa+)+$",
    "note:mug",
    "mug^2 ~1",
    "@search.action",
)


def test_operators_of_engines_are_words(live: Live) -> None:
    for n, text in enumerate(OPERATORS):
        happen(live, f"sale-o{n}", Placed(note=text, total=Decimal(1)))
    live.catch_up()
    for n, text in enumerate(OPERATORS):
        assert f"sale-o{n}" in [hit.key for hit in live.search(Sales, text)]


def test_another_declaration_makes_the_index_anew_and_leaves_the_state(tmp_path: Path, live: Live) -> None:
    live.close()

    class Again(ef.Table, category="sale", name="sales"):
        sale_id = ef.key()
        note = ef.last(Placed.note)
        status = ef.last({Placed: "Placed", Sent: "Sent"})
        total = ef.last(Placed.total, "decimal(18,2)")
        search = ef.search(text=[note, status], facets=[status])

    again = ef.App("shop", events=[Placed, Sent], tables=[Again])
    with opened(tmp_path, again) as later:
        with pytest.raises(TableBehind, match="made for another"):
            later.search(Again, "sent")
        later.catch_up()
        assert [hit.key for hit in later.search(Again, "sent")] == ["sale-2"]
        assert later.table(Again).live().head().generation == 1


def test_an_index_of_another_log_or_of_somebody_else_is_let_be(tmp_path: Path, live: Live) -> None:
    live.close()
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other", search=f"{tmp_path}/search", state="sqlite://") as other:
        happen(other, "sale-1", Sent())
        with pytest.raises(ForeignCursor, match="--search FOLDER"):
            other.search(Sales, "mug")
        with pytest.raises(ForeignCursor):
            other.catch_up()
    (tmp_path / "alien" / "sales").mkdir(parents=True)
    (tmp_path / "alien" / "sales" / "meta.json").write_text("{}")
    with (
        opened(tmp_path, search=f"{tmp_path}/alien") as alien,
        pytest.raises(CursorLost, match="if it is not ours"),
    ):
        alien.catch_up()


@pytest.mark.parametrize("place", ["log.db", "lake", "lake/inside", "log.db.state"])
def test_an_index_has_a_place_of_its_own(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        opened(tmp_path, search=f"{tmp_path}/{place}", lake=f"{tmp_path}/lake")
    assert refused.value.facts["key"] == "search"
