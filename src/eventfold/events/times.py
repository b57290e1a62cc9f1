"""Times as they are written outside: one rule for every door. Nothing of a time is dropped, rounded or guessed.

The standard library reads more than a time should say: any character between day and hour, weeks, an hour alone, a
number of milliseconds as a year; it cuts what is finer than a microsecond, and msgspec rounds it up.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

from eventfold.errors import TimeInvalid
from eventfold.events.envelope import to_us

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}"
_CLOCK = r"([01][0-9]|2[0-3]):?[0-5][0-9](:?[0-5][0-9]([.,](?P<fraction>[0-9]+))?)?"
_ZONE = r"Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9](:?[0-5][0-9])?)?"
_TIME = re.compile(rf"(?P<day>{_DAY})([T ](?P<clock>{_CLOCK})(?P<zone> ?({_ZONE}))?)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")
_FINE = re.compile(r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}[0-9]*[1-9]", re.IGNORECASE)
_DECIMALS = 6


def parse_time(text: object, field: str, *, cut: bool | None = None) -> datetime:
    """The time that a text says in ISO 8601: a day, or a day with an hour and a minute at least; naive without a zone.

    Args:
        text: `2026-03-31`, `2026-03-31 12:00`, `2026-03-31T12:00:00.123456+02:00`; also without its separators.
        field: what the time is called, for the error.
        cut: drops what is finer than a microsecond, because somebody said so; None where nobody can.

    Raises:
        TimeInvalid: it is no time, a number, or finer than a microsecond; zeros behind the sixth decimal lose nothing.
    """
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        if type(text) in (int, float) or _NUMBER.fullmatch(str(text)):
            raise TimeInvalid(
                f"{text!r:.60} is a number, and no time in ISO 8601: convert it, for example seconds since 1970 by"
                " datetime.fromtimestamp(seconds, UTC).isoformat().",
                field=field,
            )
        raise _no_time(text, field)
    clock, finer = found["clock"] or "00:00", (found["fraction"] or "")[_DECIMALS:]
    if finer.strip("0") and not cut:
        raise too_fine(f"{text!r:.60}", field, ", or drop the rest with --cut-times" if cut is False else "")
    try:
        # fromisoformat knows no space before the zone everywhere, and no small letters
        return datetime.fromisoformat(
            f"{found['day']}T{clock.removesuffix(finer)}{(found['zone'] or '').strip().upper()}"
        )
    except ValueError:
        raise _no_time(text, field) from None


def moment(given: datetime | date | str, field: str = "time") -> datetime:
    """The moment that a person or a program means: text and days are in UTC where they say no zone.

    Args:
        given: an aware time, a day (its beginning), or either in ISO 8601.
        field: what it is called, for the error.

    Raises:
        TimeInvalid: it is no time, or a `datetime` without a zone.
    """
    if isinstance(given, datetime):
        if given.utcoffset() is None:
            raise TimeInvalid(
                f"The {field} {given} has no time zone: give one, as in {field}={field}.replace(tzinfo=UTC).",
                field=field,
            )
        return given
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    found = parse_time(given, field)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def instant(moment: datetime) -> str:
    """An aware time in UTC, exactly: `2026-03-31 00:00:00Z`."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # the first or last day of all, in another zone
        return moment.isoformat(sep=" ")
    return moment.isoformat(sep=" ").replace("+00:00", "Z")


def utc_us(text: object) -> int | None:
    """Microseconds since 1970 of a time that only orders events, in UTC where it has no zone; None where it is none."""
    try:
        found = parse_time(text, "", cut=True)
        return to_us(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (TimeInvalid, OverflowError):
        return None


def too_fine(what: str, path: str, way_out: str = "") -> TimeInvalid:
    """The error of a time with more digits than are kept; `what` begins its sentence, a further way out ends it."""
    return TimeInvalid(
        f"{what} is finer than a microsecond, which is what is kept of a time: round it to six decimals{way_out}.",
        field=path,
        path=path,
    )


def refuse_finer(given: Any, written: Any, path: str) -> None:
    """Refuses data of which a typed event keeps less than they say: decoding rounds a time to the microsecond.

    Args:
        given: the data, as JSON values.
        written: what the event that was made of them is written as.
        path: of both.

    Raises:
        TimeInvalid: a time that was rounded; its path is the fact `path`.
    """
    if isinstance(given, str):
        if isinstance(written, str) and given != written and _FINE.search(given):
            raise too_fine(f"{path}: {given!r:.60}", path)
    elif isinstance(given, dict) and isinstance(written, dict):
        for key, value in given.items():
            refuse_finer(value, written.get(key), f"{path}.{key}")
    elif isinstance(given, list) and isinstance(written, list):
        for n, (value, kept) in enumerate(zip(given, written, strict=False)):
            refuse_finer(value, kept, f"{path}[{n}]")


def _no_time(text: object, field: str) -> TimeInvalid:
    return TimeInvalid(
        f"{text!r:.60} is no time in ISO 8601, such as 2026-03-31T12:00:00+02:00.", field=field
    )
