"""Tables that could never be filled are refused when their class is built."""

import pytest

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.readmodels.table import compile_table


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
