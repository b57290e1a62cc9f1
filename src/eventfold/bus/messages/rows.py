"""Rows of a log as messages: the same that `MessageEncoder` makes of their events, in half the time.

What neighbours have in common is made once. An event that is not as an append takes it today goes the other way.
"""

from collections.abc import Iterator, Sequence

from eventfold.bus.marks import Marks, Place
from eventfold.bus.messages.encoding import Header, Kinds, MessageEncoder, kinds_of, told_on
from eventfold.bus.messages.form import Headers, Message
from eventfold.events.document import document_as_stored, id_text, is_splicable, time_text, type_json
from eventfold.feed.rows import RowPage

_FEW = 1_000


def _version(version: int) -> Header:
    return "ce_streamversion", b"%d" % version


_VERSIONS = [_version(version) for version in range(_FEW)]


def row_messages(encoder: MessageEncoder, page: RowPage, sent: Sequence[Marks]) -> Iterator[Message]:
    """The messages of a page, in its order.

    Args:
        encoder: of the log and the topic.
        page: of the log.
        sent: of each partition of the topic, what stands there, and nothing of the page; counted on at the end.
    """
    new, streams, types, is_structured = tuple.__new__, page.streams, page.types, encoder.is_structured
    known: dict[tuple[int, int], tuple[Kinds, str]] = {}
    stream = recorded_us = -1
    recorded, occurred, time = "", None, ("", b"")
    partition, key, subject, name = encoder.place("")
    common = tuple(encoder.common)
    last = [marks.own(page.partition) for marks in sent]
    for row in page.rows:
        position, stream_now, version, kind, schema_version, id_bytes, us, occurred_us, data, metadata = row
        if stream_now != stream:
            stream = stream_now
            partition, key, subject, name = encoder.place(streams[stream])
        before = last[partition]
        last[partition] = new(Place, (position, version))
        if is_structured or not is_splicable(data, metadata):
            yield encoder.event(page.event(row), before)
            continue
        if us != recorded_us:
            recorded_us, recorded = us, time_text(us)
            time = ("ce_time", recorded.encode())
        try:
            (event_type, log_partition, schema), type_text = known[kind, schema_version]
        except KeyError:
            event_type, log_partition, schema = kinds_of(types[kind], page.partition, schema_version)
            type_text = type_json(types[kind])
            known[kind, schema_version] = (event_type, log_partition, schema), type_text
        event_id = id_text(id_bytes)
        headers: Headers = [
            *common,
            ("ce_id", event_id.encode()),
            event_type,
            subject,
            time,
            log_partition,
            ("ce_logposition", b"%d" % position),
            ("ce_logbefore", b"%d.%d" % before),
            _VERSIONS[version] if version < _FEW else _version(version),
            schema,
        ]
        if occurred_us is None:
            occurred = None
        else:
            occurred = time_text(occurred_us)
            headers[9] = ("ce_time", occurred.encode())
            headers.append(("ce_recordedtime", time[1]))
        if metadata != "{}":
            headers += told_on(metadata)
        text = document_as_stored(
            event_id, name, type_text, version, recorded, data, schema_version, occurred, metadata
        )
        yield new(Message, (partition, key, text.encode(), headers))
    for marks, place in zip(sent, last, strict=True):
        if place > marks.own(page.partition):
            marks.add(page.partition, place)
