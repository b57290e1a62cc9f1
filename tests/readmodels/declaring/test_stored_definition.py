"""The definition that is stored with the rows: it comes back as it was, in a form that stays, and never as code."""

import json
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.definition import definition_of, read_definition
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.testing.generated import tables
from eventfold.testing.making import make


class Folded(ef.Table, category="box"):
    box = ef.key()
    notes = ef.column("int64")

    @staticmethod
    def fold(row: dict[str, object] | None, _event: object) -> dict[str, object]:
        return {"notes": 1}


class Sold(ef.Event):
    price: float
    about: dict[str, object]


class Sales(ef.Table):
    about = ef.key(ef.field("Sold", '"shop.name".id'), absent="skip")
    price = ef.sum(Sold.price, "double")
    colour = ef.last(ef.field(Sold, "about.colour"), "string", by=ef.occurred_at, nulls=True)
    status = ef.last({Sold: "Sold"})


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tables())
def test_a_stored_definition_comes_back_as_it_was(spec: TableSpec) -> None:
    assert read_definition(definition_of(spec).to_json()) == spec


def test_it_stands_there_in_words_that_stay() -> None:
    found = json.loads(definition_of(Sales.spec).to_json())
    assert found == {
        "format": 1,
        "table": "sales",
        "category": "",
        "key": {
            "name": "about",
            "reducer": "key",
            "type": "string",
            "values": [{"event": "Sold", "field": ["shop.name", "id"], "exact": True}],
            "absent": "skip",
        },
        "columns": [
            {
                "name": "price",
                "reducer": "sum",
                "type": "double",
                "values": [{"event": "Sold", "field": ["price"], "type": "double"}],
            },
            {
                "name": "colour",
                "reducer": "last",
                "type": "string",
                "values": [{"event": "Sold", "field": ["about", "colour"]}],
                "by": "occurred_at",
                "nulls": True,
            },
            {
                "name": "status",
                "reducer": "last",
                "type": "string",
                "values": [{"event": "Sold", "type": "string", "constant": "Sold"}],
            },
        ],
        "delete_on": [],
        "types": ["Sold"],
        "fold": None,
    }


def test_a_python_fold_is_known_by_its_name_and_cannot_be_run() -> None:
    found = read_definition(definition_of(Folded.spec).to_json())
    assert found is not None
    assert found.fingerprint == Folded.spec.fingerprint
    assert found.fold is not None
    with pytest.raises(TableInvalid):
        found.fold(None, object())


@pytest.mark.parametrize(
    "damage",
    [
        ("", ""),
        ('"format":1', '"format":2'),
        ('"price"', '"p\\"; DROP TABLE log; --"'),
        ('"table":"sales"', '"table":"../sales"'),
        ('"double"', '"quadruple"'),
        ('"occurred_at"', '"eaten_at"'),
        ("{", "[" * 100_000),
    ],
)
def test_what_is_no_definition_is_none(damage: tuple[str, str]) -> None:
    text = definition_of(Sales.spec).to_json()
    assert read_definition(text) is not None
    assert read_definition(text.replace(*damage) if damage[0] else "") is None


def test_rows_of_an_earlier_release_get_theirs_when_they_are_opened_by_the_same_definition(
    tmp_path: Path,
) -> None:
    app = ef.App("boxes", tables=[Folded], untyped=True)
    url, state = f"sqlite:///{tmp_path}/log.db", tmp_path / "log.db.state"
    with app.open(url) as live:
        live.store.append("box-1", [make()], expected=0)
        live.catch_up()
    with apsw.Connection(str(state)) as file:
        for column in ("definition", "kept_us", "kept_skips"):
            file.execute(f"ALTER TABLE tables DROP COLUMN {column}")
        file.execute("PRAGMA user_version=5")

    class Other(ef.Table, category="box", name="folded"):
        box = ef.key()
        notes = ef.count("Noted")

    with ef.App("boxes", tables=[Other], untyped=True).open(url) as live:
        live.table(Other).live()
        assert stored(state) == ""
    with app.open(url) as live:
        assert live.table(Folded).rows() == [{"box": "box-1", "_version": 1, "notes": 1}]
    assert read_definition(stored(state)) is not None


def stored(state: Path) -> str:
    return str(apsw.Connection(str(state)).execute("SELECT definition FROM tables").get)
