"""How a table says what a search looks at, and what a search of it is asked."""

from typing import Any, cast

import pytest

import eventfold as ef
from eventfold.errors import FilterFieldUnknown, QueryInvalid, RangeInvalid, TableInvalid
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.search import Search
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.search.request import Order, request
from eventfold.readmodels.search.terms import Term
from eventfold.readmodels.search.tree import Compare


class Parcels(ef.Table, category="parcel"):
    parcel_id = ef.key()
    note = ef.last(ef.field("Packed", "note"), "string")
    labels = ef.collect(ef.field("Packed", "label"), "string")
    status = ef.last({"Packed": "Packed", "Sent": "Sent"})
    total = ef.last(ef.field("Packed", "total"), "decimal(18,2)")
    packed_at = ef.first(ef.recorded_at)
    picture = ef.last(ef.field("Packed", "picture"), "binary")
    search = ef.search(text=[parcel_id, note, labels], facets=[status], sort=[total, packed_at])


class Unsearched(ef.Table, category="parcel"):
    parcel_id = ef.key()
    status = ef.last({"Packed": "Packed", "Sent": "Sent"})


def made(search: Search | None, **columns: Column) -> TableSpec:
    return compile_table("made", "made", {"id": ef.key(), **columns}, searches=[search] if search else [])


def test_a_search_is_declared_by_its_columns() -> None:
    found = Parcels.spec.search
    assert found is not None
    assert found.text == ("parcel_id", "note", "labels")
    assert (found.facets, found.sort, found.filter) == (("status",), ("total", "packed_at"), ())


def test_another_search_is_another_index_of_the_same_rows() -> None:
    status = ef.last({"Packed": "Packed", "Sent": "Sent"})
    note = ef.last(ef.field("Packed", "note"), "string")
    columns = {"status": status, "note": note}
    plain, one, two = (
        made(search, **columns)
        for search in (None, ef.search(text=[note]), ef.search(text=[note], facets=[status]))
    )
    assert plain.fingerprint == one.fingerprint == two.fingerprint
    assert one.search is not None
    assert two.search is not None
    assert one.search.fingerprint(one.columns) != two.search.fingerprint(two.columns)
    assert one.search.fingerprint(one.columns) == one.search.fingerprint(dict(one.columns))


def test_equal_columns_are_told_apart() -> None:
    first, second = ef.first(ef.recorded_at), ef.first(ef.recorded_at)
    found = made(ef.search(sort=[second]), first=first, second=second, n=ef.count("Packed"))
    assert found.search is not None
    assert found.search.sort == ("second",)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda _: ef.search(), "names no column"),
        (lambda c: ef.search(text=[c["total"]]), "takes columns of text"),
        (lambda c: ef.search(facets=[c["total"]]), r"facets=\[...\] takes"),
        (lambda c: ef.search(filter=[c["picture"]]), r"filter=\[...\] takes"),
        (lambda c: ef.search(sort=[c["labels"]]), "a list"),
        (lambda c: ef.search(sort=[c["total"], c["total"]]), "twice"),
        (lambda _: ef.search(text=[ef.last({"Packed": "x"})]), "another table"),
        (lambda _: ef.search(text=cast("list[Column]", ["note"])), "the columns themselves"),
        (lambda c: ef.search(text=[c["eventfold_x"]]), "the index's own"),
        (lambda c: ef.search(filter=[c["gone"]]), "no column of the table"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_class_is_made(declare: Any, said: str) -> None:
    columns = {
        "labels": ef.collect(ef.field("Packed", "label"), "string"),
        "total": ef.last(ef.field("Packed", "total"), "decimal(18,2)"),
        "picture": ef.last(ef.field("Packed", "picture"), "binary"),
        "eventfold_x": ef.last({"Packed": "x"}),
        "gone": ef.delete_on("Sent"),
    }
    with pytest.raises(TableInvalid, match=said):
        made(declare(columns), **columns)


def test_a_request_is_what_was_asked() -> None:
    found = request(
        Parcels.spec, "blue", where="total >= 1.50", facets=["status"], order="-total", page=3, size=10
    )
    assert found.terms == (Term(("blue",)),)
    assert found.where == Compare("total", ">=", 150)
    assert (found.facets, found.order, found.offset) == (("status",), Order("total", descending=True), 20)
    assert request(Parcels.spec, where="parcel_id = 'parcel-1'", order="parcel_id").order == Order(
        "parcel_id"
    )


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"facets": ["total"]}, QueryInvalid),
        ({"facets": "status"}, QueryInvalid),
        ({"order": "status"}, QueryInvalid),
        ({"order": "--total"}, QueryInvalid),
        ({"where": "note = 'x'"}, FilterFieldUnknown),
        ({"page": 0}, RangeInvalid),
        ({"size": 0}, RangeInvalid),
        ({"size": 1_001}, RangeInvalid),
        ({"page": 5_001}, RangeInvalid),
        ({"page": 10**30}, RangeInvalid),
    ],
)
def test_what_a_table_does_not_offer_is_refused(asked: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        request(Parcels.spec, **asked)


def test_a_table_without_a_search_says_how_to_declare_one() -> None:
    with pytest.raises(TableInvalid, match=r"ef.search\(text="):
        request(Unsearched.spec, "blue")


def test_words_are_not_looked_for_where_there_are_none() -> None:
    status = ef.last({"Packed": "Packed", "Sent": "Sent"})
    with pytest.raises(QueryInvalid, match="no words to look for"):
        request(made(ef.search(facets=[status]), status=status), "blue")
