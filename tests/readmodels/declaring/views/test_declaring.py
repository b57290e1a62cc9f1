"""What a view refuses where its table is declared, and the names that it takes."""

from datetime import datetime
from decimal import Decimal

import pytest

import eventfold as ef
from eventfold.errors import DefinitionError, TableInvalid
from eventfold.readmodels.declaring.types import ColumnType, column_type
from eventfold.readmodels.declaring.views.spec import view

COLUMNS: dict[str, ColumnType | None] = {
    "id": column_type("string"),
    "name": column_type("string"),
    "size": column_type("int64"),
    "price": column_type("decimal(18,2)"),
    "wide": column_type("decimal(38,10)"),
    "weight": column_type("double"),
    "paid": column_type("boolean"),
    "made_at": column_type("timestamp"),
    "day": column_type("date"),
    "items": None,
}
row = ef.row


class Made(ef.Event):
    name: str


class Things(ef.Table):
    id = ef.key()
    name = ef.last(Made.name)
    names = ef.view(name=ef.row.name, things=ef.count())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (row.nmae.sum(), "did you mean name"),
        (row.name.sum(), "sum() is not there for string"),
        (row.name.max(), "max() is not there for string"),
        (row.name < "b", "less is not there for string"),
        (row.size + row.name, "add is not there for int64 and string"),
        (row.paid.min(), "min() is not there for boolean"),
        (row.weight, "double, which engines compare"),
        (row.items, "list, which engines compare"),
        (row.wide * row.wide, "may give 77 digits"),
        (row.made_at.seconds_since(row.day), "seconds_since() is not there for timestamp and date"),
        ((row.made_at == row.day).count(), "Ask for the day() of the time"),
        (row.name == "x", "a condition is no column"),
        (row.size.sum().count(), "sum() is what a view keeps of a group"),
        (5, "reads no column"),
        ((row.name == "a$(b").count(), "no constant"),
        ((row.name == "a\nb").count(), "no constant"),
        ((row.size == 2**63).count(), "no constant"),
        ((row.price == Decimal("NaN")).count(), "no constant"),
        ((row.made_at == datetime(2026, 1, 1)).count(), "no constant"),  # noqa: DTZ001 - what is refused
        (b"x", "has no place in a view"),
        (ef.count(Made), "has no place in a view"),
    ],
)
def test_what_engines_would_answer_differently_is_refused_with_its_place(value: object, said: str) -> None:
    with pytest.raises(TableInvalid) as refused:
        view(shown=value).bind("v", "things", COLUMNS)
    assert said in refused.value.message
    assert "things.v.shown: " in refused.value.message


def test_a_condition_asks_of_each_row() -> None:
    for where, said in [(row.size.sum(), "is of a group"), (row.size, "not a int64")]:
        with pytest.raises(TableInvalid, match=said):
            view(id=row.id, where=where).bind("v", "things", COLUMNS)


def test_python_never_decides_what_a_row_is_asked() -> None:
    with pytest.raises(TableInvalid, match="join conditions by &"):
        _ = row.size > 1 and row.size < 3
    with pytest.raises(TableInvalid, match="is_null"):
        _ = row.size == None  # noqa: E711 - what is refused


def test_a_view_shows_something_and_stands_in_a_table() -> None:
    with pytest.raises(TableInvalid, match="at least one column"):
        view()
    with pytest.raises(TableInvalid, match="isin"):
        row.size.isin()
    with pytest.raises(TableInvalid, match="in the class of its table"):
        view(id=row.id).sql()


def test_a_view_has_a_name_of_its_own() -> None:
    for taken in ("events", "box", "id"):
        with pytest.raises(TableInvalid):
            type("Box", (ef.Table,), {"id": ef.key(), "name": ef.last(Made.name), taken: view(id=row.id)})
    other = type("Names", (ef.Table,), {"id": ef.key(), "name": ef.last(Made.name)})
    with pytest.raises(DefinitionError, match="'names'"):
        ef.App("shop", tables=[Things, other], events=[Made])


def test_a_view_changes_no_row() -> None:
    class Plain(ef.Table, name="things"):
        id = ef.key()
        name = ef.last(Made.name)

    assert Plain.spec.fingerprint == Things.spec.fingerprint


def test_it_is_printed_for_a_table_under_another_name() -> None:
    assert "FROM `lake`.`th``ings`" in Things.names.sql("spark", table="lake.th`ings")
    assert "FROM [things]" in Things.names.sql("tsql")
    for dialect, table in [("oracle", "x"), ("spark", "a..b"), ("spark", "a\nb")]:
        with pytest.raises(TableInvalid):
            Things.names.sql(dialect, table=table)
