"""A time is taken for what it says, to the microsecond, or refused: never cut, never rounded, never guessed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import TimeInvalid
from eventfold.events.accepting import accept
from eventfold.events.envelope import NewEvent, from_us, to_us
from eventfold.events.ids import new_id
from eventfold.events.times import parse_time

READ = [
    ("2025-03-01", "2025-03-01T00:00:00"),
    ("20250301", "2025-03-01T00:00:00"),
    ("2025-03-01T09:30", "2025-03-01T09:30:00"),
    ("2025-03-01 09:30:15", "2025-03-01T09:30:15"),
    ("2025-03-01t09:30:15z", "2025-03-01T09:30:15+00:00"),
    ("20250301T093015Z", "2025-03-01T09:30:15+00:00"),
    ("2025-03-01T09:30:15.5Z", "2025-03-01T09:30:15.500000+00:00"),
    ("2025-03-01T09:30:15,123456+01:00", "2025-03-01T09:30:15.123456+01:00"),
    ("2025-03-01T09:30:15.1234560+01:00", "2025-03-01T09:30:15.123456+01:00"),
    ("2025-03-01T09:30:15.000000000000Z", "2025-03-01T09:30:15+00:00"),
    ("2025-03-01 09:30:15+01", "2025-03-01T09:30:15+01:00"),
    ("2025-03-01T09:30:15-0230", "2025-03-01T09:30:15-02:30"),
    ("2025-03-01 09:30:15 +0100", "2025-03-01T09:30:15+01:00"),
    ("1850-01-01T00:00:00+00:19:32", "1850-01-01T00:00:00+00:19:32"),
]
REFUSED = [
    *("", "yesterday", "2025-03-32", "2025-02-29T00:00:00Z", "2025-3-1", "0000-01-01"),
    *("2025-W09-1", "2025W091", "2025-060", "2025-03", "2025"),
    *(
        "2025-03-01x09:00",
        "2025-03-01T",
        "2025-03-01T09",
        "2025-03-01T09Z",
        "2025-03-01  09:00",
        " 2025-03-01",
    ),
    *("2025-03-01T24:00:00Z", "2025-03-01T09:60Z", "2025-03-01T23:59:60Z", "2025-03-01T09:30:15+99:00"),
    *("2025-03-01T09:30:15.Z", "2025-03-01T09:30.5Z", "2025-03-01T09:30:15 Europe/Paris", "\u0662025-03-01"),
]
NUMBERS = ["1712121212345", "1712121212", "1712121212.345", "1.7e12", "-1", "45000", "202503010930"]
FINER = "2024-12-31T23:59:59.9999999Z"


@pytest.mark.parametrize(("text", "found"), READ)
def test_a_day_or_a_day_with_hour_and_minute_is_a_time(text: str, found: str) -> None:
    assert parse_time(text, "when").isoformat() == found


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(TimeInvalid, match="no time in ISO 8601"):
        parse_time(text, "when")


@pytest.mark.parametrize("number", [*NUMBERS, 1712121212345, 1.5])
def test_a_number_is_none_and_the_error_says_how_to_convert_it(number: object) -> None:
    with pytest.raises(TimeInvalid, match=r"is a number.*fromtimestamp"):
        parse_time(number, "when")


@pytest.mark.parametrize("other", [None, True, [], {}])
def test_what_is_no_text_is_none(other: object) -> None:
    with pytest.raises(TimeInvalid):
        parse_time(other, "when")


@given(st.integers(-(10**15), 10**15), st.text("0123456789", max_size=9))
def test_digits_are_kept_or_refused_and_cut_only_on_an_explicit_word(us: int, finer: str) -> None:
    moment = from_us(us)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + finer + "Z"
    assert parse_time(text, "when", cut=True) == moment
    if finer.strip("0"):
        with pytest.raises(TimeInvalid, match="finer than a microsecond"):
            parse_time(text, "when")
    else:
        assert to_us(parse_time(text, "when")) == us


class Line(ef.Event, name="line"):
    at: datetime
    note: str = ""


class Order(ef.Event, name="order", version=2):
    lines: tuple[Line, ...] = ()
    named: dict[str, datetime] = {}
    maybe: datetime | None = None


@ef.upcast(Order, 1)
def with_lines(data: dict[str, object]) -> dict[str, object]:
    return {"maybe": data["at"]}


REGISTRY = ef.Registry([Order])


@pytest.mark.parametrize(
    ("data", "version", "path"),
    [
        (f'{{"maybe":"{FINER}"}}', 2, "order.maybe"),
        (f'{{"lines":[{{"at":"2024-01-01T00:00:00Z"}},{{"at":"{FINER}"}}]}}', 2, "order.lines[1].at"),
        (f'{{"named":{{"a b":"{FINER}"}}}}', 2, "order.named.a b"),
        ('{"maybe":"2024-01-01 00:00:00.0000001Z"}', 2, "order.maybe"),
        (f'{{"at":"{FINER}"}}', 1, "order.maybe"),
    ],
)
def test_a_typed_time_from_outside_is_never_rounded(data: str, version: int, path: str) -> None:
    with pytest.raises(TimeInvalid, match="finer than a microsecond") as caught:
        accept(REGISTRY, "order", data, schema_version=version)
    assert caught.value.facts["path"] == path


def test_a_typed_time_with_zeros_at_its_end_and_a_text_like_a_time_are_kept() -> None:
    data = f'{{"lines":[{{"at":"2024-01-01T00:00:00.123456000Z","note":"{FINER}"}}]}}'
    kept = accept(REGISTRY, "order", data).data
    assert '"at":"2024-01-01T00:00:00.123456Z"' in kept
    assert f'"note":"{FINER}"' in kept
    old = accept(REGISTRY, "order", '{"at":"2024-01-01T00:00:00.100000000Z"}', schema_version=1)
    assert old.data == '{"at":"2024-01-01T00:00:00.100000000Z"}'


def test_a_finer_time_that_is_stored_already_is_read_as_before() -> None:
    stored = NewEvent(new_id(), "order", 2, f'{{"maybe":"{FINER}"}}')
    assert REGISTRY.decode(stored) == Order(maybe=datetime(2025, 1, 1, tzinfo=UTC))
