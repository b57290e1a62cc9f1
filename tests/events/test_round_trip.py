"""Typed events come back equal in type and value, or are refused before anything is written, with the path."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import DecimalAsStringRequired, EventfoldError
from eventfold.events.jsontext import compact_object
from eventfold.events.shape import check_decimal


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct, frozen=True):
    name: str
    price: Decimal


class Everything(ef.Event):
    text: str = ""
    whole: int = 0
    real: float = 0.0
    maybe: float | None = None
    money: Decimal = Decimal(0)
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    day: date = date(2024, 1, 1)
    key: UUID = UUID(int=0)
    raw: bytes = b""
    colour: Colour = Colour.RED
    parts: tuple[Part, ...] = ()
    list_: list[int] = []
    map_: dict[str, Decimal] = {}
    any_: dict[str, Any] = {}


REGISTRY = ef.Registry([Everything], untyped=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)
offsets = st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m)))
_EARLIEST, _LATEST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 - hypothesis adds the time zone
times = st.datetimes(_EARLIEST, _LATEST, timezones=st.just(UTC) | offsets)
events = st.builds(
    Everything,
    text=texts,
    whole=whole,
    real=st.floats(allow_nan=False, allow_infinity=False),
    maybe=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    money=decimals,
    at=times,
    day=st.dates(),
    key=st.uuids(),
    raw=st.binary(max_size=20),
    colour=st.sampled_from(Colour),
    parts=st.lists(st.builds(Part, name=texts, price=decimals), max_size=3).map(tuple),
    list_=st.lists(whole, max_size=3),
    map_=st.dictionaries(texts.filter(lambda k: k != "$enc"), decimals, max_size=3),
    any_=st.dictionaries(
        texts.filter(lambda k: k != "$enc"), whole | texts | st.booleans() | st.none(), max_size=3
    ),
)


@given(events)
def test_decode_gives_back_what_was_encoded(event: Everything) -> None:
    back: Any = REGISTRY.decode(REGISTRY.encode(event))
    assert back == event
    for name in event.__struct_fields__:
        assert type(getattr(back, name)) is type(getattr(event, name)), name
    assert str(back.money) == str(event.money)
    assert back.at.utcoffset() == event.at.utcoffset()


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"text": "a\0b"}, "text-has-nul", "Everything.text"),
        ({"text": "\ud800"}, "encoding-invalid", None),
        ({"text": 5}, "payload-invalid", "Everything.text"),
        ({"whole": 2**63}, "integer-out-of-range", "Everything.whole"),
        ({"whole": True}, "payload-invalid", "Everything.whole"),
        ({"whole": 1.0}, "payload-invalid", "Everything.whole"),
        ({"real": float("nan")}, "number-not-finite", "Everything.real"),
        ({"maybe": float("inf")}, "number-not-finite", "Everything.maybe"),
        ({"money": 0.1}, "decimal-as-string-required", "Everything.money"),
        ({"money": Decimal("NaN")}, "number-not-finite", "Everything.money"),
        ({"at": datetime(2024, 1, 1)}, "time-invalid", "Everything.at"),  # noqa: DTZ001
        ({"parts": (Part("a", 1.5),)}, "decimal-as-string-required", "Everything.parts[0].price"),  # type: ignore[arg-type]
        ({"list_": [1, "2"]}, "payload-invalid", "Everything.list_[1]"),
        ({"map_": {"$enc": Decimal(1)}}, "payload-invalid", "Everything.map_"),
        ({"any_": {"a": {"$enc": 1}}}, "payload-invalid", "Everything.any_.a"),
    ],
)
def test_what_would_not_come_back_is_refused_with_its_path(
    fields: dict[str, Any], code: str, path: str | None
) -> None:
    with pytest.raises(EventfoldError) as caught:
        REGISTRY.encode(Everything(**fields))
    assert caught.value.code == code
    if path is not None:
        assert caught.value.facts["path"] == path


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a":1', "json-invalid"),
        ("[" * 100_000, "json-too-deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "json-too-deep"),
        ('{"a":1e400}', "number-not-finite"),
        ('{"a":NaN}', "number-not-finite"),
        ('{"a":' + "1" * 5000 + "}", "number-too-large"),
        ('{"a":9223372036854775808}', "integer-out-of-range"),
        ('{"a":1,"a":2}', "json-duplicate-key"),
        ('{"a":"\\u0000"}', "text-has-nul"),
        ('{"a":"\\ud800"}', "encoding-invalid"),
        (b"\xff{}", "encoding-invalid"),
        ("\ufeff{}", "encoding-invalid"),
        ("{}".encode("utf-16"), "encoding-invalid"),
        ("[1]", "object-expected"),
        ("null", "object-expected"),
        ('"a"', "object-expected"),
    ],
)
def test_hostile_json_is_refused_by_name(text: str | bytes, code: str) -> None:
    with pytest.raises(EventfoldError) as caught:
        compact_object(text)
    assert caught.value.code == code


def test_a_decimal_is_stored_as_text() -> None:
    """A JSON number would be a float to nearly everybody else who reads it."""
    stored = REGISTRY.encode(Everything(money=Decimal("0.10"), map_={"a": Decimal("1.10")})).data
    assert '"money":"0.10"' in stored
    assert '"a":"1.10"' in stored


def test_fractions_keep_the_digits_they_were_written_with() -> None:
    assert compact_object('{ "a" : 1.10, "b": [1e2, 0.1000000000000000055] }') == (
        '{"a":1.10,"b":[1e2,0.1000000000000000055]}'
    )


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "builtins.eval"])
def test_a_stored_name_decides_nothing(name: str) -> None:
    with pytest.raises(EventfoldError) as caught:
        REGISTRY.decode(ef.NewEvent(ef.new_id(), name, 1, "{}"))
    assert caught.value.code == "event-type-unknown"


@pytest.mark.parametrize("data", ["{}", '{"extra":1}', '{"text":1}'])
def test_data_of_another_shape_are_refused(data: str) -> None:
    class Strict(ef.Event):
        text: str

    with pytest.raises(EventfoldError) as caught:
        ef.Registry([Strict]).decode(ef.NewEvent(ef.new_id(), "Strict", 1, data))
    assert caught.value.code == "payload-invalid"


def test_ids_sort_by_time_and_never_repeat() -> None:
    made = [ef.new_id() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert all(i.version == 7 for i in made)
    assert made[0].int >> 80 <= made[-1].int >> 80


def test_untyped_data_that_no_text_can_hold_are_refused() -> None:
    with pytest.raises(EventfoldError) as caught:
        ef.Registry(untyped=True).encode(ef.Untyped(type="Noted", data={"text": "\ud800"}))
    assert caught.value.code == "encoding-invalid"


def test_fields_may_stand_in_any_order_and_are_given_by_name() -> None:
    class Noted(ef.Event):
        by: str = ""
        text: str

    assert Noted(text="x") == Noted(by="", text="x")
    with pytest.raises(TypeError):
        Noted("x", "y")  # type: ignore[call-arg]


def test_a_float_where_a_decimal_belongs_is_told_what_is_taken() -> None:
    with pytest.raises(DecimalAsStringRequired) as refused:
        check_decimal(1.5)
    assert refused.value.message == "give the decimal as Decimal('1.5'), not as a float"
