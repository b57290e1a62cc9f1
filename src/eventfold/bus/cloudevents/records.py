"""CloudEvents as records of Kafka, by the specification's binding: binary or structured, the key is `partitionkey`.

In binary mode attributes are headers `ce_NAME` in UTF-8 and the data are the value; in structured mode all is JSON.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import structs

from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED, fault_of
from eventfold.bus.cloudevents.reading import (
    Incoming,
    attributes_of,
    event_of,
    no_cloudevent,
    read_batch,
    read_structured,
)
from eventfold.errors import BodyEmpty, EncodingInvalid, MediaTypeUnsupported

PREFIX = "ce_"
CONTENT_TYPE = "content-type"
KEY = "partitionkey"
Given = Iterable[tuple[str, str | bytes | None]] | Mapping[str, str | bytes | None]


class Record(NamedTuple):
    """A record as it is sent.

    Attributes:
        key: of it; None where the event has none.
        value: its body.
        headers: names and values.
    """

    key: bytes | None
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def binary_record(event: Incoming) -> Record:
    """An event in binary mode."""
    said = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        **event.attributes,
    }
    headers: list[tuple[str, str | bytes | None]] = [
        (PREFIX + name, value.encode()) for name, value in said.items()
    ]
    headers.append((CONTENT_TYPE, event.media_type.encode()))
    content = event.content or b"" if event.text is None else event.text.encode()
    return Record(_key(event), content, headers)


def structured_record(event: Incoming, content: bytes) -> Record:
    """An event in structured mode.

    Args:
        event: as it was read of the content.
        content: the event as JSON.
    """
    return Record(_key(event), content, [(CONTENT_TYPE, STRUCTURED.encode())])


def read_record(key: bytes | None, value: bytes | None, headers: Given) -> list[Incoming]:
    """The public events of a record: one, or those of a batch in JSON, which the binding does not have and some send.

    Where an event says no `partitionkey`, the key of the record is it, if it is text.

    Args:
        key: of the record.
        value: its body.
        headers: in any case.

    Raises:
        Refused: as `read_events` of `reading`; a header that is no UTF-8, or stands twice.
    """
    named = _named(headers)
    kind = named.get(CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if any(name.startswith(PREFIX) for name in named) and kind not in {STRUCTURED, BATCH}:
        found = [_read_binary(value or b"", named)]
    elif kind.startswith("application/cloudevents") and kind not in {STRUCTURED, BATCH}:
        raise MediaTypeUnsupported(
            f"{kind!r:.80} is a format of CloudEvents that is not read here.", media_type=kind
        )
    elif not (value or b"").strip():
        raise BodyEmpty("There is no value, and no attributes of a CloudEvent in the headers.")
    else:
        assert value is not None
        is_batch = kind == BATCH or (kind != STRUCTURED and value.lstrip()[:1] == b"[")
        found = read_batch(value) if is_batch else [read_structured(value)]
    text = _text(key)
    return found if text is None else [_keyed(event, text) for event in found]


def _named(headers: Given) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        small = name.lower()
        if not (small.startswith(PREFIX) or small == CONTENT_TYPE):
            continue
        if small in found:
            raise no_cloudevent(small.removeprefix(PREFIX), "stands twice in the headers")
        try:
            found[small] = value.decode() if isinstance(value, bytes) else value or ""
        except UnicodeDecodeError:
            raise EncodingInvalid(f"The header {small!r:.40} of a CloudEvent is not UTF-8.") from None
    return found


def _read_binary(body: bytes, named: Mapping[str, str]) -> Incoming:
    said = {name.removeprefix(PREFIX): text for name, text in named.items() if name.startswith(PREFIX)}
    if "datacontenttype" in said:
        raise no_cloudevent("datacontenttype", f"stands in a header of its own; it is {CONTENT_TYPE}")
    media_type = named.get(CONTENT_TYPE, "")
    return event_of(
        attributes_of({**said, **({"datacontenttype": media_type} if media_type else {})}), body or None
    )


def _key(event: Incoming) -> bytes | None:
    key = event.attributes.get(KEY) or event.attributes.get("subject")
    return key.encode() if key else None


def _text(key: bytes | None) -> str | None:
    """A key that can be an attribute."""
    try:
        text = key.decode() if key else ""
    except UnicodeDecodeError:
        return None
    return text if text and not fault_of(text) else None


def _keyed(event: Incoming, key: str) -> Incoming:
    return structs.replace(event, attributes={KEY: key, **event.attributes})
