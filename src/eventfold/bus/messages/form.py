"""The form of a message: a CloudEvent whose attributes are the headers of Kafka, its data the document of the event."""

from typing import NamedTuple

import msgspec

from eventfold.bus.marks import Place
from eventfold.feed.cursor import Cursor

FORMAT = "1"
"""The form that this program writes and reads; a later one has another number."""

PROGRESS = "$eventfold.progress.v1"
"""The type of a progress record: how far the log was read, and no event. No event can have it."""

PREFIX = "ce_"
CONTENT_TYPE = "content-type"

OURS = ("eventfold", "logid", "topicpartitions")
"""Attributes that every message of ours has, beside those of CloudEvents: its format, its log, the topic's count."""

OF_ALL = (*OURS, "specversion", "id", "source", "type")
OF_EVENTS = ("logpartition", "logposition", "logbefore", "streamversion", "schemaversion", "subject", "time")
"""Attributes that an event has beside them: its place in the log, what stands before it, its place in its stream, the
version of its schema."""

Headers = list[tuple[str, str | bytes | None]]
"""As clients take and give them; ours are bytes."""


class Progress(msgspec.Struct, frozen=True):
    """How far a relay has come, as the body of a record in one partition of a topic.

    Attributes:
        cursor: of the log: everything up to there that belongs into the partition stands before the record.
        sent: partition of the log -> the last of its events before the record.
    """

    cursor: Cursor
    sent: dict[str, Place]


class Message(NamedTuple):
    """A message to be sent.

    Attributes:
        partition: of the topic, from 0; None: to each of them.
        key: what Kafka compacts and others order by: the stream.
        value: the body.
        headers: names and values.
    """

    partition: int | None
    key: bytes | None
    value: bytes
    headers: Headers
