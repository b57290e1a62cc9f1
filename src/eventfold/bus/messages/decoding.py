"""Messages of a topic, as they come from a client: told apart before anything of them is used.

A topic is a place that others may write to. What is one of ours has all that ours have; anything else is a typed error.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from eventfold import limits
from eventfold.bus.cloudevents.attributes import STRUCTURED, declares_json
from eventfold.bus.cloudevents.reading import read_structured
from eventfold.bus.messages.encoding import source_of
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.messages.faults import check_name, foreign, incomplete, number, wrong
from eventfold.bus.messages.form import (
    CONTENT_TYPE,
    FORMAT,
    OF_ALL,
    OF_EVENTS,
    OURS,
    PREFIX,
    PROGRESS,
    Headers,
)
from eventfold.errors import BodyTooLarge, EncodingInvalid, EventfoldError, FormatUnknown

_AROUND = 2
"""Levels of JSON that stand around data in structured mode: the CloudEvent, and the document."""

_OURS, _OF_ALL, _OF_EVENTS = frozenset(OURS), frozenset(OF_ALL), frozenset(OF_EVENTS)
_declares_json = lru_cache(maxsize=64)(declares_json)


def read_envelope(
    headers: Headers | dict[str, str | bytes | None] | None, value: str | bytes | None
) -> EventEnvelope | ProgressEnvelope:
    """What a message of a topic says of itself, in binary or structured mode.

    Whether it is of the log that is followed, and whether the topic has as many partitions still, the reader compares.

    Args:
        headers: names and values as a client gives them; None: it has none.
        value: the body; None: it has none, as where somebody compacted the topic.

    Raises:
        MessageInvalid: it is none of ours (fact `reason` is `foreign`), lacks what every one of ours has
            (`incomplete`), or says what none of ours does (`wrong`); the fact `field` names the attribute.
        FormatUnknown: it was written by a later release.
        EncodingInvalid: a header is not UTF-8.
        BodyTooLarge: the body is larger than `limits.BODY_BYTES`.
    """
    given = dict(headers or ())
    if isinstance(headers, list) and len(given) < len(headers):
        _check_once(headers)
    body = value.encode() if isinstance(value, str) else value or b""
    if len(body) > limits.BODY_BYTES:
        raise BodyTooLarge(
            f"The body of a message has {len(body):,} bytes; at most {limits.BODY_BYTES:,} are read.",
            bytes=len(body),
        )
    attributes, body = _apart(given, body)
    if not attributes.keys() >= _OF_ALL:
        raise _refusal(attributes, OF_ALL)
    log, event_type = attributes["logid"], attributes["type"]
    count = _common(
        attributes["eventfold"],
        attributes["specversion"],
        attributes["source"],
        log,
        attributes["topicpartitions"],
    )
    if event_type == PROGRESS:
        return ProgressEnvelope(log, count, body, attributes)
    if not attributes.keys() >= _OF_EVENTS:
        raise _refusal(attributes, OF_EVENTS)
    partition, stream = attributes["logpartition"], attributes["subject"]
    check_name(partition, "logpartition")
    check_name(stream, "subject")
    check_name(event_type, "type")
    position = number(attributes["logposition"], "logposition", 1)
    return EventEnvelope(log, count, body, attributes, partition, position, stream, event_type)


def _refusal(attributes: Mapping[str, str], names: Sequence[str]) -> EventfoldError:
    """Why a message that lacks some attributes is not read."""
    if _OURS.isdisjoint(attributes):
        return foreign("it has none of the headers of ours (ce_logid, ce_eventfold)")
    if attributes.get("eventfold", FORMAT) != FORMAT:
        return _later(attributes["eventfold"])
    return incomplete(next(name for name in names if name not in attributes))


def _later(found: str) -> FormatUnknown:
    return FormatUnknown(
        f"A message has the form {found!r:.20}, this program reads {FORMAT!r}: install the release that wrote it."
    )


@lru_cache(maxsize=256)
def _common(form: str, specversion: str, source: str, log: str, count: str) -> int:
    """How many partitions the topic has, by attributes that all messages of one relay have in common."""
    if form != FORMAT:
        raise _later(form)
    if specversion != "1.0":
        raise wrong("specversion", f"is {specversion!r:.20}; CloudEvents 1.0 are read here")
    check_name(log, "logid")
    if source != source_of(log):
        raise wrong("source", f"is {source!r:.60}, and not the log that ce_logid names")
    return number(count, "topicpartitions", 1)


def _check_once(headers: Sequence[tuple[str, object]]) -> None:
    names = [name for name, _ in headers if name.startswith(PREFIX) or name == CONTENT_TYPE]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise wrong(twice, "stands twice among the headers")


def _apart(given: Mapping[str, Any], body: bytes) -> tuple[dict[str, str], bytes]:
    """The attributes of a CloudEvent and its data, whichever mode it has."""
    kind = _text(CONTENT_TYPE, given.get(CONTENT_TYPE))
    if _is_structured(kind):
        try:
            found = read_structured(body, around=_AROUND)
        except EventfoldError as error:
            raise foreign(f"its body is no CloudEvent: {error.message.rstrip('.')}") from None
        attributes = {"id": found.id, "source": found.source, "type": found.type, **found.attributes}
        return {**attributes, "specversion": "1.0"}, (found.text or "").encode()
    try:
        attributes = {name[3:]: content.decode() for name, content in given.items() if name[:3] == PREFIX}
    except (UnicodeDecodeError, AttributeError):  # or text, or None, as not every client gives bytes
        attributes = {name[3:]: _text(name, content) for name, content in given.items() if name[:3] == PREFIX}
    if not _declares_json(kind) and not _OURS.isdisjoint(attributes):
        raise wrong(CONTENT_TYPE, f"is {kind!r:.80} and no JSON")
    return attributes, body


_AROUND = 2
"""Levels of JSON that stand around data in structured mode: the CloudEvent, and the document."""


def _text(name: str, content: str | bytes | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise EncodingInvalid(
            f"The header {name!r:.60} of a message is not UTF-8: byte {error.start} is wrong.",
            offset=error.start,
            field=name[:60],
        ) from None


@lru_cache(maxsize=64)
def _is_structured(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == STRUCTURED
