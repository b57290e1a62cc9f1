"""A topic of the bus as a source: the log as its relay brought it there, in the order of the log.

A relay says in every partition of the topic how far it has come. So what stands at or below the least of those places
is all there, and is what a batch brings; the rest waits. The cursor of the table says from which offsets on there may
be something that it does not contain, so that what waited is read again, whatever Spark has noted.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pyspark.sql import functions as f

from eventfold.bus.feed.cursors import ALONE
from eventfold.bus.feed.locating import locate
from eventfold.bus.feed.place import Standing, read_standing, to_token
from eventfold.bus.messages.form import Progress
from eventfold.bus.open import java_client, open_topic
from eventfold.bus.port import Topic
from eventfold.engines.spark.sources.contained import fresh
from eventfold.engines.spark.sources.log import COLUMNS
from eventfold.engines.spark.sources.messages import (
    AT,
    BODY,
    DOUBT,
    EVENT,
    KIND,
    OFFSET,
    TOLD,
    classified,
    settled,
)
from eventfold.engines.spark.sources.port import Fresh
from eventfold.errors import CapabilityMissing, CursorExpired, CursorLost, FeedBroken
from eventfold.feed.cursor import Cursor, Mark
from eventfold.store.open import open_store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_progress = msgspec.json.Decoder(Progress).decode


class _Part(NamedTuple):
    """What was read of one partition of the topic.

    Attributes:
        first: the first offset.
        told: how far its last word says that the relay has come; None where it has none.
        told_at: where that stands.
    """

    first: int
    told: int | None
    told_at: int


class BusSource:
    """Implements `Source`.

    Args:
        url: of the topic, `kafka://HOST:PORT/TOPIC` or `eventhubs://NAMESPACE/HUB`.

    Raises:
        CapabilityMissing: its log has several partitions.
        BusUnavailable: no relay has come there yet, or the broker did not answer.
    """

    name = "bus"
    total_order = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._topic, self._settings = java_client(url)
        with open_store(url, create=False) as alone:
            self.log_id = alone.log_id
            if not alone.feed().capabilities.total_order:
                raise CapabilityMissing(
                    f"The log in the topic {self._topic} has several partitions, whose events Spark does not put"
                    " in order: read the lake copy, --from lake-copy, or the log itself, --from store."
                )

    def start(self) -> Cursor:
        """Position 0."""
        return Cursor(self.log_id, {ALONE: Mark()})

    def check(self, cursor: Cursor) -> None:
        """By what stands in the topic."""
        with open_store(self._url, create=False) as alone:
            alone.feed().check(cursor)

    def lag(self, cursor: Cursor) -> int | None:
        """Of what the topic has."""
        with open_store(self._url, create=False) as alone:
            return alone.feed().lag(cursor)

    def stream(self, session: "SparkSession", after: Cursor, most: int) -> "DataFrame":
        """By `format("kafka")`."""
        with closing(open_topic(self._url)) as topic:
            starting = _json(self._topic, dict(enumerate(_offsets(topic, after))))
        reader = session.readStream.format("kafka").options(**self._options())
        reader = reader.option("subscribe", self._topic).option("startingOffsets", starting)
        return reader.option("maxOffsetsPerTrigger", str(most)).load()

    @contextmanager
    def fresh(self, batch: "DataFrame", after: Cursor, table: str) -> Iterator[Fresh | None]:
        """By position, up to where the relay has come in every partition of the topic."""
        with ExitStack() as kept, closing(open_topic(self._url)) as topic:
            count, identity = topic.count(), topic.identity()
            came, parts = self._read(batch, count, kept)
            begins = dict(enumerate(_offsets(topic, after)))
            missing = {n: begins[n] for n in begins if n not in parts or begins[n] < parts[n].first}
            if missing:
                ends = {n: parts[n].first if n in parts else -1 for n in missing}
                waited, others = self._read(self._between(batch.sparkSession, missing, ends), count, kept)
                came = came.unionByName(waited)
                parts = {n: _later(parts.get(n), others.get(n)) for n in parts.keys() | others.keys()}
            told = [parts[n].told if n in parts else None for n in range(count)]
            complete = min((place for place in told if place is not None), default=0)
            mark = after.marks.get(ALONE, Mark())
            if None in told or complete <= mark.position:
                yield None
                return
            is_new = (f.col(KIND) == EVENT) & (f.col("position") > mark.position)
            here = came.where(is_new & (f.col("position") <= complete))
            # a relay that did not hear its acknowledgement sends again
            events = here.dropDuplicates(["position", "id"]).select(*COLUMNS.names).persist()
            kept.callback(events.unpersist)
            new = self._whole(events, after, table, complete)
            waiting = (
                came.where(is_new & (f.col("position") > complete)).groupBy(AT).agg(f.min(OFFSET)).collect()
            )
            goes_on = {n: parts[n].told_at for n in range(count)}
            goes_on |= {n: min(goes_on[n], first) for n, first in waiting}
            end = new.cursor.marks[ALONE]
            token = to_token(Standing(identity, [goes_on[n] for n in range(count)]))
            yield new._replace(cursor=after.with_marks({ALONE: Mark(end.position, end.event, token)}))

    def _whole(self, events: "DataFrame", after: Cursor, table: str, complete: int) -> Fresh:
        """The events, none of which may be missing."""
        try:
            new = fresh(events, after, table)
        except CursorLost:
            new = None
        if new is not None and new.cursor.marks[ALONE].position == complete:
            return new
        mark = after.marks.get(ALONE, Mark())
        next_one = events.agg(f.min("position")).first()
        if next_one is None or next_one[0] != mark.position + 1:
            raise CursorExpired(
                f"{self._topic} no longer holds what follows position {mark.position:,} of the log: raise its"
                f" retention, and rebuild {table} from the log, `eventfold rebuild {table}`.",
                topic=self._topic,
            )
        raise FeedBroken(
            f"{self._topic} lacks events up to position {complete:,} of the log, and nothing of them was folded. Fill a"
            " new topic from the log, and follow that.",
            topic=self._topic,
        )

    def _read(
        self, records: "DataFrame", count: int, kept: ExitStack
    ) -> tuple["DataFrame", Mapping[int, _Part]]:
        rows = classified(records, self.log_id, count).persist()
        kept.callback(rows.unpersist)
        parts, has_doubt = _parts(rows)
        if not has_doubt:
            return rows.drop("_headers"), parts
        rows = settled(rows, self._topic, self.log_id, count).persist()
        kept.callback(rows.unpersist)
        known, _ = _parts(rows)
        return rows, {
            n: known[n]._replace(first=part.first) if n in known else part for n, part in parts.items()
        }

    def _between(
        self, session: "SparkSession", begins: Mapping[int, int], ends: Mapping[int, int]
    ) -> "DataFrame":
        reader = session.read.format("kafka").options(**self._options())
        reader = reader.option("assign", json.dumps({self._topic: sorted(begins)}))
        reader = reader.option("startingOffsets", _json(self._topic, begins))
        return reader.option("endingOffsets", _json(self._topic, ends)).load()

    def _options(self) -> dict[str, str]:
        return {
            **{f"kafka.{name}": value for name, value in self._settings.items()},
            "kafka.isolation.level": "read_committed",  # else what a relay took back would be read
            "includeHeaders": "true",
            "failOnDataLoss": "false",  # positions tell of what is lost
        }


def _offsets(topic: Topic, after: Cursor) -> Sequence[int]:
    """From where on each partition of the topic may have something behind a cursor."""
    count, identity, mark = topic.count(), topic.identity(), after.marks.get(ALONE, Mark())
    standing = read_standing(mark)
    if standing is not None and standing.topic == identity and len(standing.offsets) == count:
        found = standing.offsets
    else:
        found, _ = locate(topic, count, {ALONE: mark})
    return [max(offset, topic.bounds(n).low) for n, offset in enumerate(found)]


def _parts(rows: "DataFrame") -> tuple[dict[int, _Part], bool]:
    is_told = f.col(KIND) == TOLD
    found = rows.groupBy(AT).agg(
        f.min(OFFSET),
        f.max_by(f.when(is_told, f.col(BODY)), f.when(is_told, f.col(OFFSET))),
        f.max(f.when(is_told, f.col(OFFSET))),
        f.count_if(f.col(KIND) == DOUBT),
    )
    parts, doubts = {}, 0
    for at, first, body, told_at, doubt in found.collect():
        told = None if body is None else _progress(bytes(body)).cursor.marks.get(ALONE, Mark()).position
        parts[at] = _Part(first, told, first if told_at is None else told_at)
        doubts += doubt
    return parts, doubts > 0


def _later(one: _Part | None, before: _Part | None) -> _Part:
    """Of one partition of the topic that was read in two pieces."""
    if one is None or before is None:
        found = one or before
        assert found is not None
        return found
    return before if one.told is None else one


def _json(topic: str, offsets: Mapping[int, int]) -> str:
    return json.dumps({topic: {str(n): offset for n, offset in offsets.items()}})
