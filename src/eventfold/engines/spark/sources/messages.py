"""Messages of a relay as columns of the feed, by Spark's SQL: headers are looked at, the body is cut as text.

That is certain of what a relay writes and nobody has touched. Everything else, a form with all attributes in the body,
a name with a quote, text that is in the document twice, is in doubt and read message by message, as the feed of the
bus does it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as f

from eventfold import limits
from eventfold.bus.feed.cursors import ALONE
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import PROGRESS
from eventfold.bus.unfit import check_ours
from eventfold.engines.spark.sources.log import COLUMNS, to_sql
from eventfold.errors import FormatUnknown, Refused
from eventfold.events.storable import is_storable
from eventfold.feed.port import IRREGULAR

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

AT, OFFSET, KIND, BODY, _HEADERS = "_at", "_offset", "_kind", "_body", "_headers"
EVENT, TOLD, DOUBT = "event", "progress", "doubt"
_READ = pa.schema(
    [(AT, pa.int32()), (OFFSET, pa.int64()), (KIND, pa.string()), (BODY, pa.binary()), *COLUMNS]
)
_OF_EVENTS = ("id", "type", "subject", "time", "logpartition", "logposition", "logbefore", "streamversion")
_OF_PROGRESS = ("id", "type", "time")
_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NUMBER = "[1-9][0-9]{0,17}"
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
_NAME = f"[\\p{{L}}\\p{{N}} !#-\\[\\]-~]{{1,{limits.ATTRIBUTE_CHARS}}}"
_BETWEEN = ',"metadata":{"schemaVersion":'
_SPACE = " \t\r\n"


def classified(records: "DataFrame", log_id: str, count: int) -> "DataFrame":
    """What each record of a topic is, events with the columns of the feed.

    Args:
        records: of Spark's source for Kafka, with headers.
        log_id: of the log.
        count: partitions of the topic.
    """
    common = MessageEncoder(log_id, count).common
    given = f.array(*(f.struct(f.lit(n).alias("key"), f.lit(v).alias("value")) for n, v in common))
    keys = f.transform("headers", lambda header: header["key"])
    known = len(common)
    text = f.col("value").cast("string")
    said = {
        "is_ours": f.slice("headers", 1, known) == given,
        "is_event": f.slice(keys, known + 1, 9) == _keys(*_OF_EVENTS, "schemaversion"),
        "is_told": f.slice(keys, known + 1, 99) == _keys(*_OF_PROGRESS),
        "is_once": f.size(f.array_distinct(keys)) == f.size("headers"),
        "text": f.when(f.is_valid_utf8(text), text),
        **{name: _header(known + n) for n, name in enumerate(_OF_EVENTS)},
        "schema": _header(known + len(_OF_EVENTS)),
        "rest": f.when(f.get(keys, f.lit(known + 9)) == "ce_recordedtime", _header(known + 9)),
    }
    named = records.select("partition", "offset", "headers", "value", *_aliased(said))
    return _told(_cut(named))


def _cut(named: "DataFrame") -> "DataFrame":
    """The body, cut at what its headers say that it begins with."""
    recorded = f.coalesce("rest", "time")
    before = f.concat(
        *(f.lit('{"id":"'), "id", f.lit('","aggregateId":"'), "subject", f.lit('","eventType":"'), "type"),
        *(f.lit('","version":'), "streamversion", f.lit(',"timestamp":"'), recorded, f.lit('","data":')),
    )
    shown = f.when(f.col("rest").isNull(), "").otherwise(
        f.concat(f.lit(',"occurredAt":"'), "time", f.lit('"'))
    )
    started = named.withColumns({"before": before, "recorded": recorded, "shown": shown})
    behind = f.when(f.startswith("text", "before"), f.expr("substring(text, length(before) + 1)"))
    pieces = started.withColumn("pieces", f.split(behind, f"\\Q{_BETWEEN}\\E"))
    head = f.concat("schema", "shown")
    data, tail = f.get("pieces", f.lit(0)), f.get("pieces", f.lit(1))
    users = f.when(f.startswith(tail, head), f.substring(tail, f.length(head) + 1, f.length(tail)))
    return pieces.withColumns({"data": data, "users": users})


def _told(cut: "DataFrame") -> "DataFrame":
    """What each is, and the columns."""
    users = f.when(f.col("users") == "}}", "{}").when(
        f.startswith("users", f.lit(",")) & f.endswith("users", f.lit("}}")),
        f.concat(f.lit("{"), f.expr("substring(users, 2, length(users) - 2)")),
    )
    made = cut.withColumns({"metadata": users, "occurred_us": _us("time"), "recorded_us": _us("recorded")})
    certain = (
        *(f.col(name) for name in ("is_ours", "is_event", "is_once")),
        f.col("type") != PROGRESS,
        f.col("logpartition") == ALONE,
        *(_fits(name, _NUMBER) for name in ("logposition", "streamversion", "schema")),
        *(_fits(name, _NAME) for name in ("subject", "type")),
        _fits("id", _ID),
        *(_fits(name, _TIME) & f.col(f"{kind}_us").isNotNull() for name, kind in _TIMES),
        f.size("pieces") == 2,
        f.col("data") == f.btrim("data", f.lit(_SPACE)),
        ~f.contains("users", f.lit('"exact"')),
        f.col("metadata").isNotNull(),
        f.expr("try_parse_json(text) IS NOT NULL AND try_parse_json(metadata) IS NOT NULL"),
    )
    is_event = certain[0]
    for one in certain[1:]:
        is_event = is_event & f.coalesce(one, f.lit(False))
    is_told = f.col("is_ours") & f.col("is_told") & (f.col("type") == PROGRESS)
    kind = f.when(is_told, TOLD).when(is_event, EVENT).otherwise(DOUBT)
    columns = {
        "position": f.expr("try_cast(logposition AS BIGINT)"),
        "partition": f.col("logpartition"),
        "stream": f.col("subject"),
        "version": f.expr("try_cast(streamversion AS BIGINT)"),
        "schema_version": f.expr("try_cast(schema AS BIGINT)"),
        "id": f.expr("try_to_binary(replace(id, '-', ''), 'hex')"),
        IRREGULAR: f.lit(False),
    }
    rows = made.withColumn(KIND, kind)
    return rows.select(
        f.col("partition").alias(AT),
        f.col("offset").alias(OFFSET),
        KIND,
        f.when(f.col(KIND) != EVENT, f.col("value")).alias(BODY),
        f.when(f.col(KIND) == DOUBT, f.col("headers")).alias(_HEADERS),
        *(f.when(f.col(KIND) == EVENT, columns.get(name, f.col(name))).alias(name) for name in COLUMNS.names),
    )


_TIMES = (("time", "occurred"), ("recorded", "recorded"))


def settled(rows: "DataFrame", topic: str, log_id: str, count: int) -> "DataFrame":
    """The same where nothing is in doubt; what is none of the log is left out.

    Args:
        rows: as `classified` gives them.
        topic: what it is called in sentences.
        log_id: of the log.
        count: partitions of the topic.
    """
    certain = rows.where(f.col(KIND) != DOUBT).drop(_HEADERS)
    doubtful = rows.where(f.col(KIND) == DOUBT).select(AT, OFFSET, BODY, _HEADERS)
    columns = ", ".join(f"{column.name} {to_sql(column.type)}" for column in _READ)
    return certain.select(*_READ.names).unionByName(
        doubtful.mapInArrow(_reader(topic, log_id, count), columns)
    )


def _reader(
    topic: str, log_id: str, count: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [_read(row, topic, log_id, count) for row in batch.to_pylist()]
            yield pa.RecordBatch.from_pylist([row for row in found if row is not None], _READ)

    return read


def _read(row: dict[str, Any], topic: str, log_id: str, count: int) -> dict[str, Any] | None:
    """A message as the feed of the bus reads it; None where that leaves it out."""
    headers, body = row[_HEADERS] or [], row[BODY]
    place = {AT: row[AT], OFFSET: row[OFFSET]}
    try:
        found = read_envelope([(header["key"], header["value"]) for header in headers], body)
        event = found.event() if isinstance(found, EventEnvelope) else None
    except (Refused, FormatUnknown):
        return None  # if it was one of the log, the next position tells that it is missing
    if event is not None and found.log != log_id:
        return None
    check_ours(topic, found, log_id, count)
    if event is None:
        return {**place, KIND: TOLD, BODY: found.body}
    columns = {
        name: getattr(event, "id_bytes" if name == "id" else name)
        for name in COLUMNS.names
        if name != IRREGULAR
    }
    irregular = not (is_storable(event.data) and is_storable(event.metadata))
    return {**place, KIND: EVENT, **columns, IRREGULAR: irregular}


def _header(number: int) -> "Column":
    return f.get("headers", f.lit(number))["value"].cast("string")


def _keys(*names: str) -> "Column":
    return f.array(*(f.lit(f"ce_{name}") for name in names))


def _fits(name: str, pattern: str) -> "Column":
    return f.col(name).rlike(f"\\A(?:{pattern})\\z")


def _us(name: str) -> "Column":
    return f.expr(f"unix_micros(try_cast({name} AS TIMESTAMP))")


def _aliased(columns: "dict[str, Column]") -> "list[Column]":
    return [column.alias(name) for name, column in columns.items()]
