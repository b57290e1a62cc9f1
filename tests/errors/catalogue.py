"""The catalogue of hostile and mistaken input: what is given through which door, and the code that answers it.

The number of a case is its line in the catalogue. A case through the library is a call with an open log that has the
stream order-0 with one event; one through the shell is what follows `eventfold`, with `{url}` for the log's.
"""

import json
from datetime import datetime
from decimal import Decimal

import eventfold as ef
from eventfold.events.metadata import read_metadata
from eventfold.feed.cursor import read_cursor
from eventfold.testing.making import make, make_many
from tests.errors.case import (
    BIG,
    BIG_MANY,
    ID,
    LINES,
    STDIN,
    STREAM,
    Call,
    Case,
    append,
    beyond,
    decode,
    encode,
    first_id,
    foreign,
    line,
    orders,
    paid,
    reused,
    text,
    twice,
    with_context,
)


def _json() -> list[Case]:
    bad: list[tuple[int, str, str, str | bytes]] = [
        (2, "truncated JSON", "json-invalid", '{"amount": [1, 2'),
        (3, "a hundred thousand brackets", "json-too-deep", '{"amount":' + "[" * 100_000),
        (4, "a number that becomes infinite", "number-not-finite", '{"amount": 1e400}'),
        (4, "NaN", "number-not-finite", '{"amount": NaN}'),
        (5, "a number of 5,000 digits", "number-too-large", '{"amount": ' + "7" * 5_000 + "}"),
        (6, "a key twice", "json-duplicate-key", '{"amount": "1", "amount": "2"}'),
        (7, "an escaped NUL", "text-has-nul", '{"amount": "1", "note": "\\u0000"}'),
        (8, "bytes that are no UTF-8", "encoding-invalid", b'{"amount": "\xff"}'),
        (8, "UTF-16", "encoding-invalid", '{"amount": "1"}'.encode("utf-16")),
        (8, "a byte order mark", "encoding-invalid", b'\xef\xbb\xbf{"amount": "1"}'),
        (8, "an escaped lone surrogate", "encoding-invalid", '{"amount": "1", "note": "\\ud800"}'),
        (11, "an array at the top", "object-expected", "[1]"),
        (11, "text at the top", "object-expected", '"a"'),
        (11, "null at the top", "object-expected", "null"),
    ]
    found = [Case(n, name, code, text(given), STDIN, given) for n, name, code, given in bad]
    lines = [Case(n, f"{name}, as a line", code, None, LINES, given) for n, name, code, given in bad]
    bare = [case._replace(name=f"{case.name}, without an app", call=None, bare=True) for case in found[::4]]
    return [*found, *lines, *bare]


def _names() -> list[Case]:
    bad = [
        (13, "256 bytes", "stream-name-too-long", "order-" + "ä" * 125),
        (14, "a slash", "stream-name-invalid", "order-a/b"),
        (14, "a backslash", "stream-name-invalid", "order-a\\b"),
        (14, "a question mark", "stream-name-invalid", "order-a?b"),
        (14, "a hash", "stream-name-invalid", "order-a#b"),
        (14, "a line feed", "stream-name-invalid", "order-a\nb"),
        (14, "bytes that are no UTF-8", "stream-name-invalid", "order-\udcff"),
        (15, "two dots", "stream-name-invalid", ".."),
        (15, "a path upwards", "stream-name-invalid", "../../etc/x"),
        (15, "a drive", "stream-name-invalid", "C:\\x"),
        (15, "an escaped path", "stream-name-invalid", "%2e%2e"),
        (16, "$all", "stream-reserved", "$all"),
        (16, "a stream of the system", "stream-reserved", "__system-1"),
    ]
    found: list[Case] = []
    for n, name, code, given in bad:
        found += [
            Case(
                n,
                f"a name with {name}",
                code,
                append(make(), stream=given),
                ("append", given, "Noted"),
                bare=True,
            ),
            Case(n, f"reading a name with {name}", code, _read(given), ("read", given), bare=True),
        ]
    for n, name, code, given in bad[::4]:
        found += [
            Case(n, f"the state of a name with {name}", code, _load(given), ("state", given)),
            Case(n, f"the history of a name with {name}", code, None, ("history", given)),
            Case(n, f"the tail of a name with {name}", code, None, ("tail", "--once", "--stream", given)),
        ]
    return found


def _read(stream: str) -> Call:
    return lambda store: list(store.read(stream))


def _load(stream: str) -> Call:
    return orders(lambda repository: repository.load(stream))


def _expected() -> list[Case]:
    bad: list[tuple[str, object, str]] = [
        ("-7", -7, "-7"),
        ("words", "abc", "abc"),
        ("a half", 1.5, "1.5"),
        ("true", True, "true"),
    ]
    found = [
        Case(
            33,
            f"an expected version of {name}",
            "expected-version-invalid",
            append(make(), expected=given),
            (*paid('{"amount": "1"}'), "--expected", shell),
        )
        for name, given, shell in bad
    ]
    as_lines = [
        Case(33, f"an expected version of {name} in a line", found[0].code, None, LINES, line(expected=given))
        for name, given, _ in bad
    ]
    return [*found, *as_lines]


NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001
NOTED = ("append", STREAM, "Noted", "-")
CASES: list[Case] = [
    *_json(),
    *_names(),
    *_expected(),
    Case(
        2,
        "a truncated line",
        "json-invalid",
        None,
        ("append", "--events", "-"),
        line(aggregateId="n-1") + '{"a',
    ),
    Case(7, "a NUL in stored text", "text-has-nul", append(make(data={"a": "\0"}))),
    Case(7, "a NUL in a typed event", "text-has-nul", encode(amount=Decimal(1), note="a\0b")),
    Case(8, "a lone surrogate", "encoding-invalid", encode(amount=Decimal(1), note="\ud800")),
    Case(8, "an argument that is no UTF-8", "encoding-invalid", None, paid('{"amount": "\udcff"}')),
    Case(
        *(12, "an event above 900 KiB", "event-too-large", append(make(data={"a": BIG})), NOTED),
        *(json.dumps({"a": BIG}), True),
    ),
    Case(
        *(12, "an event above 900 KiB, as a line", "event-too-large", None, LINES),
        *(line(data={"amount": "1", "note": BIG}),),
    ),
    Case(
        *(17, "SQL as event type", "event-type-invalid", append(make(event_type="'; DROP TABLE x;--"))),
        ("append", STREAM, "'; DROP TABLE x;--"),
    ),
    Case(
        *(18, "an event type of 129", "event-type-invalid", append(make(event_type="x" * 129))),
        *(("append", STREAM, "x" * 129), b"", True),
    ),
    Case(
        *(19, "metadata that are a list", "metadata-invalid", lambda _s: read_metadata("[1]")),
        (*paid('{"amount": "1"}'), "--metadata", "[1]"),
    ),
    Case(
        *(19, "metadata above 64 KiB", "metadata-invalid", with_context(note="x" * 70_000)),
        *(LINES, line(metadata={"note": "x" * 70_000})),
    ),
    Case(
        *(20, "metadata of the system", "metadata-reserved", with_context(position=7)),
        (*paid('{"amount": "1"}'), "--metadata", '{"position": 7}'),
    ),
    Case(
        *(20, "the time of recording", "metadata-reserved", with_context(recorded_at="2024")),
        *(LINES, line(metadata={"recorded_at": "2024"})),
    ),
    Case(20, "a hash", "metadata-reserved", with_context(hash="x"), LINES, line(hash="x")),
    Case(
        *(21, "money as float", "decimal-as-string-required", encode(amount=0.1)),
        paid('{"amount": 0.1}'),
    ),
    Case(
        21,
        "money as a JSON fraction",
        "decimal-as-string-required",
        text('{"amount": 0.1}'),
        LINES,
        line(data={"amount": 0.1}),
    ),
    Case(
        *(22, "a whole number of 65 bits", "integer-out-of-range", encode(amount=Decimal(1), units=2**63)),
        paid('{"amount": "1", "units": 9223372036854775808}'),
    ),
    Case(
        *(23, "text where a number belongs", "payload-invalid", encode(amount=Decimal(1), units="7")),
        paid('{"amount": "1", "units": "7"}'),
    ),
    Case(
        *(23, "truth where a number belongs", "payload-invalid", encode(amount=Decimal(1), units=True)),
        paid('{"amount": "1", "units": true}'),
    ),
    Case(
        24,
        "a naive time",
        "time-invalid",
        encode(amount=Decimal(1), at=NAIVE),
        paid('{"amount": "1", "at": "2024-01-01T00:00:00"}'),
    ),
    *(
        Case(24, name, "time-invalid", decode(data), paid(data))
        for name, data in (
            ("30 February", '{"amount":"1","at":"2024-02-30T00:00:00Z"}'),
            ("a leap second", '{"amount":"1","at":"2016-12-31T23:59:60Z"}'),
            ("a zone of 99 hours", '{"amount":"1","at":"2024-01-01T00:00:00+99:00"}'),
        )
    ),
    Case(
        24,
        "30 February as when it happened",
        "time-invalid",
        None,
        (*paid('{"amount": "1"}'), "--occurred-at", "2024-02-30"),
    ),
    Case(24, "a naive time in a line", "time-invalid", None, LINES, line(occurredAt="2024-01-01T00:00:00")),
    Case(
        24, "a table at a time that is none", "time-invalid", None, ("at", "totals", "--time", "2024-02-30")
    ),
    Case(
        *(25, "a reversed range", "range-invalid", lambda s: list(s.read("order-0", after=5, to=2))),
        ("read", "order-0", "--after", "5", "--to", "2"),
    ),
    Case(
        *(25, "a negative bound", "range-invalid", lambda s: list(s.read("order-0", after=-5))),
        ("history", "order-0", "--after", "-5"),
    ),
    Case(26, "a damaged cursor", "cursor-invalid", lambda _s: read_cursor("{"), ("tail", "--from", "{")),
    Case(
        *(26, "a cursor of another log", "foreign-cursor", lambda s: s.feed().lag(foreign(s))),
        ("tail", "--from", lambda s: foreign(s).to_json()),
    ),
    Case(
        *(27, "a cursor beyond the end", "checkpoint-beyond-head", lambda s: s.feed().read(beyond(s), 1)),
        ("tail", "--from", lambda s: beyond(s).to_json()),
    ),
    Case(31, "a stream that is not there", "stream-not-found", _load("order-7"), ("state", "order-7")),
    Case(31, "reading a stream that is not there", "stream-not-found", None, ("read", "order-7")),
    Case(31, "the history of a stream that is not there", "stream-not-found", None, ("history", "order-7")),
    Case(
        *(32, "a wrong expected version", "wrong-expected-version", append(make(), expected=7)),
        (*paid('{"amount": "1"}'), "--expected", "7"),
    ),
    Case(
        *(
            32,
            "a stream that exists already",
            "wrong-expected-version",
            append(make(), stream="order-0", expected=0),
        ),
        ("append", "order-0", "Paid", '{"amount": "1"}', "--expected", "new"),
    ),
    Case(
        *(35, "an id with other content", "event-id-reused", reused),
        ("append", "order-0", "Paid", '{"amount": "2"}', "--id", first_id),
    ),
    Case(36, "an id twice in a batch", "event-id-duplicated", twice, LINES, line(id=ID) + line(id=ID)),
    Case(37, "no events", "batch-empty", append(), LINES, "\n\n"),
    Case(
        *(38, "10,001 events", "batch-too-large", append(*make_many(10_001))),
        *(LINES, line() * 10_001),
    ),
    Case(39, "101 events", "backend-limit", append(*make_many(101)), LINES, line() * 101, False, "cosmos"),
    Case(
        *(39, "more than 2 MB", "backend-limit", append(*(make(data={"a": BIG_MANY}) for _ in range(11)))),
        *(LINES, line(data={"amount": "1", "note": BIG_MANY}) * 11, False, "cosmos"),
    ),
    Case(40, "an unknown type", "event-type-unknown", text("{}", "Nothing"), ("append", STREAM, "Nothing")),
    Case(
        45,
        "a type that looks like a module",
        "event-type-unknown",
        decode("{}", "os:system"),
        ("append", STREAM, "os:system"),
    ),
    Case(41, "a missing field", "payload-invalid", decode('{"units": 1}'), paid('{"units": 1}')),
    Case(
        *(42, "a field too many", "payload-invalid", decode('{"amount": "1", "more": 1}')),
        paid('{"amount": "1", "more": 1}'),
    ),
    Case(
        *(44, "data that the upcaster cannot read", "upcaster-failed", decode("{}", "Renamed", 1)),
        ("append", STREAM, "Renamed", "{}", "--schema-version", "1"),
    ),
    Case(
        *(40, "a schema version of tomorrow", "schema-version-unknown", decode("{}", "Renamed", 3)),
        ("append", STREAM, "Renamed", "{}", "--schema-version", "3"),
    ),
    Case(4, "an infinite decimal", "number-not-finite", encode(amount=Decimal("Infinity"))),
    Case(14, "another category", "category-mismatch", _load("cart-7"), ("state", "cart-7")),
    Case(
        *(
            49,
            "a version that is not reached",
            "position-beyond-head",
            orders(lambda r: r.at("order-0", version=9)),
        ),
        ("state", "order-0", "--at", "9"),
    ),
    Case(
        *(49, "a position beyond the end", "position-beyond-head", lambda s: s.feed().at_position(99)),
        *(("at", "totals", "--position", "99"), b"", False, "sqlite"),
    ),
    Case(
        *(
            49,
            "a position where the log has no order",
            "capability-missing",
            lambda s: s.feed().at_position(99),
        ),
        *(("at", "totals", "--position", "99"), b"", False, "cosmos"),
    ),
    Case(
        60,
        "a log of no known kind",
        "url-unsupported",
        lambda _s: ef.open_store("mysql://u:c2VjcmV0@h/db"),
        ("-s", "mysql://u:c2VjcmV0@h/db", "streams"),
    ),
    Case(
        60,
        "an unknown option",
        "config-invalid",
        lambda _s: ef.open_store("sqlite://?colour=red"),
        ("-s", "sqlite://?colour=red", "streams"),
    ),
]
