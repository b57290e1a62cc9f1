"""What a message says of itself, and its body held against that: the event as its log has it, or a typed error."""

import msgspec

from eventfold.bus.marks import Place
from eventfold.bus.messages.faults import moment_us, number, tampered, wrong
from eventfold.bus.messages.form import Progress
from eventfold.errors import EncodingInvalid, JsonDuplicateKey, MessageInvalid
from eventfold.events.document import (
    Exact,
    before_data,
    before_users,
    cut,
    id_of,
    read_document,
    time_text,
    users_of,
)
from eventfold.events.envelope import RecordedEvent

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_progress = msgspec.json.Decoder(Progress).decode
_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What a message says of itself; its body has not been taken apart.

    Attributes:
        log: the id of the log that it comes from.
        topic_partitions: how many partitions the topic had when it was sent.
        body: the document of the event, or how far the relay has come.
        attributes: of the CloudEvent.
    """

    log: str
    topic_partitions: int
    body: bytes
    attributes: dict[str, str]


class EventEnvelope(Envelope, frozen=True, gc=False):
    """The envelope of an event.

    Attributes:
        partition: of its log.
        position: in that partition.
        stream: of the event.
        type: of the event.
    """

    partition: str
    position: int
    stream: str
    type: str

    @property
    def place(self) -> Place:
        """In its partition of the log.

        Raises:
            MessageInvalid: the message does not say one.
        """
        return Place(self.position, number(self.attributes["streamversion"], "streamversion", 1))

    @property
    def before(self) -> Place:
        """The last event of that partition before it in that of the topic; errors as `place`."""
        position, dot, version = self.attributes["logbefore"].partition(".")
        if not dot:
            raise wrong("logbefore", f"is {self.attributes['logbefore']!r:.40}, and no position and version")
        return Place(number(position, "logbefore", 0), number(version, "logbefore", 0))

    def event(self) -> RecordedEvent:
        """The event, as its log holds it.

        Raises:
            MessageInvalid: the body is no document, or says something else than the headers.
            EncodingInvalid: it is not UTF-8.
        """
        said = self.attributes
        event_id, version = said["id"], number(said["streamversion"], "streamversion", 1)
        schema_version = number(said["schemaversion"], "schemaversion", 1)
        time, recorded = moment_us(said["time"], "time"), said.get("recordedtime")
        recorded_us = time if recorded is None else moment_us(recorded, "recordedtime")
        occurred_us = None if recorded is None else time
        before = before_data(event_id, self.stream, self.type, version, time_text(recorded_us))
        users = before_users(schema_version, None if occurred_us is None else time_text(occurred_us))
        try:
            id_bytes, data, metadata = self._as_written(event_id, before, users) or self._as_changed(
                (self.stream, self.type, version, event_id), (recorded_us, schema_version, occurred_us), users
            )
        except UnicodeDecodeError as error:
            raise EncodingInvalid(f"The body of a message is not UTF-8: {error.reason}.") from None
        except JsonDuplicateKey as error:
            raise tampered(error.message.rstrip(".")) from None
        except (msgspec.MsgspecError, RecursionError) as error:
            raise tampered(f"it is no document of an event: {error}") from None
        return RecordedEvent(
            self.position,
            self.stream,
            version,
            self.type,
            schema_version,
            id_bytes,
            recorded_us,
            occurred_us,
            data,
            metadata,
            self.partition,
        )

    def _as_written(self, event_id: str, before: str, users: str) -> tuple[bytes, str, str] | None:
        """Id, data and metadata where the body is as we write it; None where it has to be read whole."""
        id_bytes = id_of(event_id)
        if id_bytes is None or not self.body.startswith(before.encode()):
            return None
        parts = cut(self.body, before)
        metadata = None if parts is None else users_of(parts[1], users)
        return None if parts is None or metadata is None else (id_bytes, parts[0].decode(), metadata)

    def _as_changed(
        self, named: tuple[str, str, int, str], told: tuple[int, int, int | None], users: str
    ) -> tuple[bytes, str, str]:
        """The same of a body that another program has written anew, with its own white space, order and digits."""
        self.body.decode()  # what is cut out of it raw is not looked at
        found = read_document(self.body)
        if (found.aggregateId, found.eventType, found.version, str(found.id)) != named:
            raise self._differs("the event")
        recorded_us, schema_version, occurred_us = told
        if moment_us(found.timestamp, "timestamp") != recorded_us:
            raise self._differs("the time at which it was recorded")
        exact, metadata = found.exact or Exact(), users_of(bytes(found.metadata), users)
        if metadata is None:
            kept = _keys(found.metadata)
            schema = msgspec.json.decode(kept.pop("schemaVersion", b"null"))
            time = msgspec.json.decode(kept.pop("occurredAt", b"null"))
            if (schema, None if time is None else moment_us(str(time), "occurredAt")) != (
                schema_version,
                occurred_us,
            ):
                raise self._differs("the version of the schema or the time of occurrence")
            metadata = _encode(kept).decode()
        data = bytes(found.data).decode() if exact.data is None else exact.data
        return found.id.bytes, data, metadata if exact.metadata is None else exact.metadata

    def _differs(self, what: str) -> MessageInvalid:
        return tampered(f"headers and body do not say the same of {what} at position {self.position}")


class ProgressEnvelope(Envelope, frozen=True, gc=False):
    """The envelope of a progress record."""

    def progress(self) -> Progress:
        """How far the relay has come.

        Raises:
            MessageInvalid: the body says no such thing, or something of another log than the headers say.
        """
        try:
            found = _progress(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise tampered(f"it does not say how far a relay has come: {error}") from None
        if found.cursor.log != self.log:
            raise MessageInvalid(
                f"A progress record of the log {self.log:.60} has a cursor of the log {found.cursor.log:.60}.",
                reason="tampered",
                field="logid",
            )
        return found
