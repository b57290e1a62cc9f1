"""An effect as a record of a topic."""

from eventfold.bus.cloudevents.attributes import STRUCTURED
from eventfold.bus.cloudevents.reading import read_structured
from eventfold.bus.cloudevents.records import CONTENT_TYPE, Record, binary_record, structured_record
from eventfold.errors import EffectRefused, EventfoldError
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.port import as_body

IDEMPOTENCY_KEY = "idempotency-key"


def record_of(payload: object, message: Message, *, is_structured: bool = False) -> Record:
    """The record of an effect.

    A public event has its own key; its id tells a repeat. Anything else is in order by its stream, and a header tells a
    repeat.

    Args:
        payload: what the handler returned; of `publish`, a `Body`.
        message: the event it came from.
        is_structured: whether a public event is one JSON of all, and not headers and data.

    Raises:
        EffectRefused: it cannot be sent as what it says it is.
    """
    body = as_body(payload)
    if body.media_type.partition(";")[0].strip() == STRUCTURED:
        try:
            event = read_structured(body.content)
        except EventfoldError as error:
            raise EffectRefused(f"What the handler returned is no CloudEvent: {error.message}") from None
        return structured_record(event, body.content) if is_structured else binary_record(event)
    headers: list[tuple[str, str | bytes | None]] = [
        (CONTENT_TYPE, body.media_type.encode()),
        (IDEMPOTENCY_KEY, message.key.encode()),
    ]
    if message.traceparent:
        headers.append(("traceparent", message.traceparent.encode(errors="replace")))
    return Record(message.stream.encode(), body.content, headers)
