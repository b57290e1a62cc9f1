"""`eventfold bus`: looks at the topic of the bus, at the relay that fills it and at those who read it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import click
from msgspec import structs

from eventfold.bus.feed.place import read_standing
from eventfold.bus.looking import Look, SeenPartition, look
from eventfold.bus.port import Topic
from eventfold.bus.relay.checkpoint import read_checkpoint
from eventfold.bus.relay.relay import reader_of
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say, warn, with_values
from eventfold.errors import EventfoldError, LogNotFound, StorageError
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects
from eventfold.feed.leases.owner import life, shown
from eventfold.feed.port import Feed
from eventfold.handlers.public.topics.offsets import PREFIX, read_offsets
from eventfold.store.open import is_topic
from eventfold.store.port import Store
from eventfold.words import how_many

COLUMNS = ("partition", "low", "end", "messages", "progress", "age", "stream", "version", "type", "recorded")
OPTIONAL = ("progress", "age", "stream", "version", "type", "recorded")
READERS = ("reader", "state", "behind", "of", "worker")
_LAST = 100


@click.command()
@click.option(
    "--last",
    type=click.IntRange(1, _LAST),
    default=1,
    show_default=True,
    help="How many of the last events of each partition are shown.",
)
@bus_option
@pass_settings
def bus(settings: Settings, last: int) -> None:
    """Look at the topic: what each partition holds, how old its last progress record is, its last events.

    With a log also how far behind its relay is, and the handlers that read the topic; with an app its tables too. Only
    the ends of the partitions are read, and nothing is written.

    Example: eventfold -s sqlite:///shop.db --bus kafka://127.0.0.1:9092/shop bus
    """
    now = datetime.now(UTC)
    with ExitStack() as closings:
        topic = closings.enter_context(closing(settings.open_topic()))
        alone = settings.store is None or is_topic(settings.store)
        store, unopened = None, ""
        if not alone:
            try:
                store = closings.enter_context(closing(settings.open_log()))
            except (LogNotFound, StorageError) as error:
                unopened = f"The log could not be looked at beside its topic: {error.message}"
        seen = look(topic, log=store.log_id if store is not None else "", last=last)
        readers = [] if store is None or seen.unfit is not None else list(_readers(store, topic, seen))
        if settings.app is not None and (
            readers or (settings.store is not None and alone and not seen.unfit)
        ):
            readers += _tables(settings, topic, seen)
    rows = [_row(one, now) for one in seen.partitions]
    warnings = list(_warnings(seen, is_relayed=store is None or bool(readers)))
    warnings += [unopened] if unopened else []
    if settings.json:
        print_json(_document(seen, rows, readers, warnings))
    else:
        _show(seen, rows, readers, last)
        warn(warnings)
    if seen.unfit is not None:
        raise seen.unfit


def _show(
    seen: Look, rows: Sequence[Mapping[str, Any]], readers: Sequence[Mapping[str, Any]], last: int
) -> None:
    whose = f", of the log {seen.log}" if seen.log else ""
    say(f"{seen.topic}: {how_many(len(rows), 'partition')}{whose}")
    told = [{**row, "age": None if row["age"] is None else f"{row['age']:,.1f} s"} for row in rows]
    print_table(told, with_values(told, COLUMNS, OPTIONAL))
    if last > 1:
        events = [
            {"partition": one.partition, **structs.asdict(event)}
            for one in seen.partitions
            for event in one.events
        ]
        print_table(events, ["partition", "offset", "stream", "version", "type", "position", "time"])
    if readers:
        print_table(readers, READERS)


def _row(seen: SeenPartition, now: datetime) -> dict[str, Any]:
    """A partition in the table; `age` in seconds."""
    progress, event = seen.progress, seen.events[-1] if seen.events else None
    time = progress.time if progress is not None else None
    return {
        "partition": seen.partition,
        "low": seen.low,
        "end": seen.end,
        "messages": seen.end - seen.low,
        "progress": progress.offset if progress is not None else None,
        "age": (now - time).total_seconds() if time is not None else None,
        "stream": event.stream if event is not None else None,
        "version": event.version if event is not None else None,
        "type": event.type if event is not None else None,
        "recorded": event.time if event is not None else None,
    }


def _document(
    seen: Look,
    rows: Sequence[Mapping[str, Any]],
    readers: Sequence[Mapping[str, Any]],
    warnings: Sequence[str],
) -> dict[str, Any]:
    partitions = [
        {
            **{name: row[name] for name in ("partition", "low", "end", "messages", "age")},
            "progress": structs.asdict(one.progress) if one.progress is not None else None,
            "events": [structs.asdict(event) for event in one.events],
            "refused": one.refused,
        }
        for row, one in zip(rows, seen.partitions, strict=True)
    ]
    unfit = {"unfit": seen.unfit.as_dict()} if seen.unfit is not None else {}
    facts = {"topic": seen.topic, "log": seen.log or None, "partitions": partitions}
    return {**facts, "readers": readers, "warnings": warnings, **unfit}


def _warnings(seen: Look, *, is_relayed: bool) -> Iterator[str]:
    """What a person should look at."""
    if all(one.end == one.low for one in seen.partitions):
        gone = any(one.low for one in seen.partitions)
        yield (
            f"{seen.topic} holds nothing any more: it has forgotten what was there. Readers begin again from the log,"
            " or in a new topic."
            if gone
            else f"{seen.topic} is empty: `eventfold relay` fills it from a log."
        )
        return
    if not is_relayed:
        yield f"No relay of this log has sent to {seen.topic} yet."
    for one in seen.partitions:
        if one.refused:
            what = f"{one.refused} of the last {how_many(one.read, 'message')} of partition {one.partition}"
            yield f"{what} cannot be read as what a relay sends, and are passed over; the last at {one.why}"
        if one.progress is None and one.end > one.low and seen.unfit is None:
            yield f"Partition {one.partition} has no progress record among its last {how_many(one.read, 'message')}."
    cut = [str(one.partition) for one in seen.partitions if one.low]
    if cut:
        yield (
            f"The beginning is forgotten in partition {', '.join(cut)}: who begins now reads it in the log, and cannot"
            " begin where that is not open (retention.ms=-1 keeps all)."
        )


def _readers(store: Store, topic: Topic, seen: Look) -> Iterator[dict[str, Any]]:
    """The relay, in events that it has not sent, and who reads the topic, in offsets that they have not read."""
    effects, feed, relay, identity = store.effects(), store.feed(), reader_of(topic), topic.identity()
    for name in effects.readers():
        leases = effects.all(name)
        owners = sorted({one.owner for one in leases if one.owner and life(one.owner) != "ended"})
        row = {
            "reader": name,
            "state": "runs" if owners else "stands",
            "worker": ", ".join(map(shown, owners)) or None,
        }
        if name == relay:
            kept = read_checkpoint(effects, name, feed.log_id)
            cursor = _sent(seen, kept.cursor if kept is not None else None, feed)
            yield {**row, "behind": None if cursor is None else feed.lag(cursor), "of": "events"}
            continue
        offsets = _received(effects, name, identity, seen)
        offsets = offsets or _offsets([lease.cursor for lease in leases], identity, len(seen.partitions))
        if offsets:
            yield {**row, **_behind(offsets, seen)}


def _tables(settings: Settings, topic: Topic, seen: Look) -> Iterator[dict[str, Any]]:
    """The tables that follow the topic, by what stands with their rows; the app is opened on the log alone.

    Where there is no log, the handlers too that keep their places on this machine.
    """
    identity = topic.identity()
    with settings.definition().open(
        settings.url, lake=settings.lake, state=settings.state, targets=settings.targets, create=False
    ) as live:
        tables = live.status(watch=0).tables
        if not live.store.capabilities.has_log:
            yield from _readers(live.store, topic, seen)
    for table in tables:
        offsets = _offsets([table.cursor] if table.cursor is not None else [], identity, len(seen.partitions))
        if offsets:
            yield {"reader": f"table {table.name}", "state": None, "worker": None, **_behind(offsets, seen)}


def _behind(offsets: Sequence[int], seen: Look) -> dict[str, Any]:
    behind = sum(max(0, one.end - offsets[one.partition]) for one in seen.partitions)
    return {"behind": behind, "of": "offsets"}


def _offsets(cursors: Sequence[Cursor], identity: str, count: int) -> Sequence[int]:
    """From where a reader reads each partition of the topic; empty where it does not read this one."""
    standings = [read_standing(mark) for cursor in cursors for mark in cursor.marks.values()]
    found = [
        standing.offsets
        for standing in standings
        if standing is not None and standing.topic == identity and len(standing.offsets) == count
    ]
    return [min(some) for some in zip(*found, strict=True)]


def _received(effects: Effects, reader: str, identity: str, seen: Look) -> Sequence[int]:
    """From where a receiver of public events reads each partition of the topic; empty where it reads another one."""
    if not reader.startswith(PREFIX) or not reader.endswith(f":{seen.topic}"):
        return ()
    found = read_offsets(effects, reader)
    if found is None or found.topic != identity:
        return ()
    return [found.next.get(one.partition, one.low) for one in seen.partitions]


def _sent(seen: Look, kept: Cursor | None, feed: Feed) -> Cursor | None:
    """Up to where all partitions of the topic have everything; what the relay has kept where the topic does not say."""
    found = [one.progress.cursor for one in seen.partitions if one.progress is not None]
    if len(found) < len(seen.partitions):
        return kept
    lowest = found[0]
    try:
        for cursor in found[1:]:
            lowest = cursor if feed.compare(cursor, lowest) == "before" else lowest
    except EventfoldError:
        return kept
    return lowest
