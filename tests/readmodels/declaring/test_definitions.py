"""Tables that could never be filled are refused when their class is built."""

import pytest

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.table import compile_table


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "int64"),
        (1, "string"),
        (True, "int64"),
        (1, "boolean"),
        (100, "decimal(4,2)"),
        ("today", "date"),
    ],
)
def test_a_constant_of_another_type_than_its_column_is_refused(value: object, kind: str) -> None:
    for reducer in (ef.first, ef.last, ef.min, ef.collect):
        with pytest.raises(TableInvalid, match="Opened"):
            reducer({"Opened": value}, kind)


@pytest.mark.parametrize(
    ("value", "kind"), [("x", "string"), (1, "int64"), (99, "decimal(4,2)"), (True, "boolean"), (1, "double")]
)
def test_a_constant_of_the_type_of_its_column_is_taken(value: object, kind: str) -> None:
    assert str(ef.last({"Opened": value}, kind).type) == kind


def test_what_an_error_does_is_one_of_two_things() -> None:
    with pytest.raises(TableInvalid, match="on_error"):

        class Wrong(ef.Table, category="box", on_error="ignore"):  # type: ignore[arg-type]
            box = ef.key()
            events = ef.count()


def test_an_absent_key_does_one_of_two_things_and_a_stream_is_never_absent() -> None:
    with pytest.raises(TableInvalid, match=r"absent="):
        ef.key(ef.field("Opened", "owner"), absent="ignore")  # type: ignore[arg-type]
    with pytest.raises(TableInvalid, match="never absent"):
        ef.key(absent="skip")


def test_leaving_events_out_changes_a_fingerprint_and_parking_them_keeps_that_of_earlier_releases() -> None:
    owner, events = ef.field("Opened", "owner"), ef.count("Opened")
    prints = [
        compile_table("boxes", "box", {"owner": key, "events": events}).fingerprint
        for key in (ef.key(owner), ef.key(owner, absent="park"), ef.key(owner, absent="skip"))
    ]
    assert prints[0] == prints[1] == "2c5499cb14fa53872b7176a3b64f9ca3"
    assert prints[2] != prints[0]


class Flat(ef.Event, rename={"price": "unit.price"}):
    price: int
    labels: dict[str, str] = {}


@pytest.mark.parametrize(
    ("path", "keys", "shown"),
    [
        ("a", ("a",), "a"),
        ("a.b", ("a", "b"), "a.b"),
        ('"a"', ("a",), "a"),
        ('"a.b"', ("a.b",), '"a.b"'),
        ('"a.b".c', ("a.b", "c"), '"a.b".c'),
        ('a."b.c"."d"', ("a", "b.c", "d"), 'a."b.c".d'),
    ],
)
def test_a_path_is_keys_joined_by_dots_and_a_key_with_a_dot_stands_in_quotes(
    path: str, keys: tuple[str, ...], shown: str
) -> None:
    found = ef.field("Noted", path)
    assert (found.path, found.shown) == (keys, shown)


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", '"', '""', '"a', 'a"b"', '"a"b', 'a"', "*", "a.*"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(TableInvalid, match="no path"):
        ef.field("Noted", path)


def test_a_field_of_a_class_whose_name_has_a_dot_is_found_and_one_that_is_not_there_is_refused() -> None:
    assert ef.field(Flat, "unit.price").path == ef.field(Flat, '"unit.price"').path == ("unit.price",)
    assert str(ef.field(Flat, "unit.price").type) == "int64"
    assert ef.field(Flat, 'labels."a.b"').path == ("labels", "a.b")
    with pytest.raises(TableInvalid, match="has no field"):
        ef.field(Flat, "unit.cost")


def test_a_path_without_quotes_keeps_the_fingerprint_of_earlier_releases() -> None:
    prints = {
        path: compile_table(
            "boxes", "box", {"box": ef.key(), "b": ef.last(ef.field("Noted", path), "string")}
        ).fingerprint
        for path in ("a.b", 'a."b"', '"a.b"')
    }
    assert prints["a.b"] == "6d8dcb899ee5345d732ac5986042f1a1"
    assert len(set(prints.values())) == 3
