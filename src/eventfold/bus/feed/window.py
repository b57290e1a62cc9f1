"""What one reader has read ahead of a topic, and what of it may be given: in the order of the log.

A relay that has come to a place of the log says so in every partition of the topic. So what stands at or below the
least of those places is all there, and is given in the order that it has in the log; the rest waits. The cursor behind
what was given is one of the log itself.
"""

from collections.abc import Collection, Sequence

from eventfold.bus.feed.lanes import Lane, Part
from eventfold.bus.feed.place import Standing, to_token
from eventfold.bus.marks import NOWHERE, Place
from eventfold.bus.messages.alike import Alike
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope, ProgressEnvelope
from eventfold.bus.messages.leftout import LeftOut
from eventfold.bus.port import Ended, Reader, Received, Run
from eventfold.bus.unfit import check_ours
from eventfold.errors import CursorExpired, FeedBroken, FormatUnknown, Refused
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.lineage import overlap, within

WAITING_BYTES = 32 * 1024 * 1024
"""Of one partition of the topic, about, that wait for the others, at most."""
_AROUND = 500
"""Bytes of an event beside its data, about."""
AT_ONCE = 500
"""Messages of one look, at most: as many as the caches of a processor hold."""


class Window:
    """Reads ahead, and gives what is complete.

    A partition of the topic that is ahead of others, and of which much waits for them, is not read on meanwhile.

    Args:
        reader: of the topic; nobody else uses it.
        topic: what the topic is called in sentences.
        identity: of the topic.
        cursor: what was given.
        offsets: by partition of the topic, where to read on; nothing beyond the cursor stands before.
        from_low: whether those are the first that the topic still has.
    """

    def __init__(
        self,
        reader: Reader,
        topic: str,
        identity: str,
        cursor: Cursor,
        offsets: Sequence[int],
        *,
        from_low: bool,
    ) -> None:
        self._reader = reader
        self._topic = topic
        self._left_out = LeftOut(topic)
        self._identity = identity
        self._log = cursor.log
        self._parts = {name: Part(mark) for name, mark in cursor.marks.items()}
        self._told: list[Cursor | None] = [None] * len(offsets)
        self._told_at = list(offsets)
        """By partition of the topic, where the last word of the relay stands: it is needed again by who goes on."""
        self._lanes: list[dict[str, Lane]] = [{} for _ in offsets]
        self._alike = Alike(cursor.log, len(offsets))
        self._from_low = [from_low] * len(offsets)
        self._moved = False
        self.has_given = False
        """Whether the last look gave something: who then finds nothing has only to ask whether that was all."""
        self._next = list(offsets)
        self._ended = [-1] * len(offsets)
        self._leaps = [False] * len(offsets)
        """Whether offsets are left out, as they are behind each transaction."""
        self._held: set[int] = set()
        reader.seek(dict(enumerate(offsets)))

    @property
    def cursor(self) -> Cursor:
        """Behind what was given."""
        return Cursor(self._log, {name: part.mark for name, part in self._parts.items()})

    def poll(self, timeout: float) -> bool:
        """Reads on; whether anything came.

        Raises:
            CursorExpired: the topic has forgotten what is to be read.
            FeedBroken: events are missing in it.
            ForeignCursor, TopicRepartitioned: what is there cannot be followed.
            BusUnavailable: the broker did not answer.
        """
        came = False
        self._hold_back()
        for one in self._reader.poll(AT_ONCE, timeout):
            came = True
            if isinstance(one, Ended):
                self._ended[one.partition] = one.offset
            else:
                self._take_all(one)
        return came

    def give(self, limit: int, names: Collection[str] | None) -> list[RecordedEvent]:
        """What is complete, in the order of the log; events that share a position are not torn apart.

        Args:
            limit: how many, about.
            names: of partitions of the log; the others wait.
        """
        if not self._moved or any(told is None for told in self._told):
            return []
        events: list[RecordedEvent] = []
        is_divided = True
        while is_divided and not events:  # nothing of a partition that has ended is no end of what came of it
            for name in sorted(self._parts):
                if names is None or name in names:
                    self._give_of(name, limit, events)
            is_divided = self._divide()
        self._moved = (
            is_divided or len(events) >= limit or (names is not None and not set(names) >= self._parts.keys())
        )
        return events

    def has_more(self) -> bool:
        """Whether something is complete and was not given."""
        return all(told is not None for told in self._told) and any(
            self._make_ready(name, part) for name, part in self._parts.items()
        )

    def is_at(self, ends: Sequence[int]) -> bool:
        """Whether no event stands in the topic that was not read.

        Args:
            ends: by partition of the topic, where it ends.
        """
        return all(
            end <= max(there, ended) or (end == there + 1 and self._is_over(n))
            for n, (there, ended, end) in enumerate(zip(self._next, self._ended, ends, strict=True))
        )

    def close(self) -> None:
        """Gives the reader back."""
        self._reader.close()

    def waiting(self, partition: int) -> int:
        """Bytes that wait of a partition of the topic, about."""
        lanes = self._lanes[partition].values()
        return sum(len(one.events) * (len(one.events[-1].data) + _AROUND) for one in lanes if one.events)

    def _hold_back(self) -> None:
        held = {n for n in range(len(self._next)) if self.waiting(n) >= self._most(n) and self._is_ahead(n)}
        if held != self._held:
            self._held = held
            self._reader.hold(held)

    def _most(self, partition: int) -> int:
        return WAITING_BYTES // 2 if partition in self._held else WAITING_BYTES

    def _is_ahead(self, partition: int) -> bool:
        """Whether nothing that waits here waits for what a partition of the topic says next."""
        told = self._told[partition]
        if told is None or any(other is None for other in self._told):
            return told is not None
        return all(
            name in told.marks and told.marks[name].position > self._complete(name)[0] for name in self._parts
        )

    def _take_all(self, run: Run) -> None:
        partition, messages = run
        place = self._next[partition]
        while messages and (messages[-1].offset() or 0) < place:
            del messages[-1]
        if not messages:
            return
        self._next[partition] = end = (messages[0].offset() or 0) + 1
        if end - place > len(messages):
            self._leaps[partition] = True
        while True:
            self._alike.read(messages, self._lanes[partition])
            if not messages:
                break
            self._take(run.pop())

    def _take(self, message: Received) -> None:
        try:
            found = read_envelope(message.headers, message.value)
            event = found.event() if isinstance(found, EventEnvelope) else None
            progress = found.progress() if isinstance(found, ProgressEnvelope) else None
        except (Refused, FormatUnknown) as error:
            # if it was one of the log, the next one tells that it is missing
            self._left_out.note(message.partition, message.offset, error)
            return
        if event is not None and found.log != self._log:
            self._left_out.note(message.partition, message.offset, "It is an event of another log.")
            return
        check_ours(self._topic, found, self._log, len(self._next))
        partition = message.partition
        if progress is not None:
            for name, place in progress.sent.items():
                self._check(partition, name, place)
            self._told[partition], self._told_at[partition] = progress.cursor, message.offset
            self._moved, self._from_low[partition] = True, False  # it speaks for every partition of the log
        elif isinstance(found, EventEnvelope) and event is not None:
            self._check(partition, found.partition, found.before)
            self._keep(event, message)
            self._alike.learn(found, message.headers)

    def _keep(self, event: RecordedEvent, message: Received) -> None:
        lane = self._lane(message.partition, event.partition)
        if lane.part is not None and event.position > lane.part.mark.position:
            lane.part.insert(lane, event, message.offset)
        lane.has_come(Place(event.position, event.version))

    def _lane(self, partition: int, name: str) -> Lane:
        lanes = self._lanes[partition]
        lane = lanes.get(name)
        if lane is None or lane.part is None:
            lane = lanes[name] = lane or Lane(name, None)
            part = self._part_of(name)
            if part is not None:
                part.take_over(partition, lane)
        return lane

    def _part_of(self, name: str) -> Part | None:
        """The partition that a name of the log stands for here: itself, or what it came from, or what came of it."""
        part = self._parts.get(name)
        if part is None:
            part = next((self._parts[other] for other in self._parts if overlap(other, name)), None)
        return part

    def _check(self, partition: int, name: str, before: Place) -> None:
        """That what stands before is not missing."""
        lanes = self._lanes[partition]
        if name in lanes and before <= lanes[name].place:
            return
        if before <= max((one.place for one in lanes.values() if overlap(one.name, name)), default=NOWHERE):
            return
        part = self._part_of(name)
        if part is None or before.position <= part.mark.position:  # another reader's, or given earlier
            return
        what = f"events of partition {name} of the log up to position {before.position}"
        if self._from_low[partition] and not any(overlap(known, name) for known in lanes):
            raise CursorExpired(
                f"{self._topic} no longer holds {what}: raise its retention, fill a new topic from the log, and rebuild"
                " what follows it: `eventfold rebuild`.",
                topic=self._topic,
            )
        raise FeedBroken(
            f"{self._topic} lacks {what}; nothing of what comes behind them was handled. Fill a new topic from the log,"
            " and follow that.",
            topic=self._topic,
            partition=name,
        )

    def _give_of(self, name: str, limit: int, events: list[RecordedEvent]) -> None:
        part = self._parts[name]
        self._make_ready(name, part)
        if len(events) < limit:
            events += part.give(limit - len(events))
        complete, own = self._complete(name)[1], ""
        if complete is not None and not part.ready:
            if complete.position > part.mark.position or complete.event:
                part.mark = Mark(complete.position, complete.event or part.mark.event)
            own = complete.token
        part.pass_on()
        offsets = [part.first(n, self._told_at[n]) for n in range(len(self._next))]
        part.mark = Mark(
            part.mark.position, part.mark.event, to_token(Standing(self._identity, offsets, own))
        )

    def _make_ready(self, name: str, part: Part) -> bool:
        """Whether something may be given."""
        part.make_ready(self._complete(name)[0], name if self._has_ended(name) else None)
        return bool(part.ready)

    def _complete(self, name: str) -> tuple[int, Mark | None]:
        """Up to where a partition of the log is here as a whole, and the mark of the log there, if it is known."""
        marks: list[Mark] = []
        bounds: list[int] = []
        for told in self._told:
            if told is not None and name in told.marks:
                marks.append(told.marks[name])
            elif told is not None and not _has_split(name, told):  # it has not come to where that begins
                bounds.append(
                    min((m.position for other, m in told.marks.items() if overlap(other, name)), default=0)
                )
        least = min(marks, key=lambda mark: mark.position, default=Mark())
        if not marks or min(bounds, default=least.position) < least.position:
            return min(bounds, default=0), None
        if least.position < self._parts[name].mark.position:
            return least.position, None
        is_one = len(marks) == len(self._told) and all(mark == least for mark in marks)
        return least.position, Mark(least.position, least.event, least.token if is_one else "")

    def _has_ended(self, name: str) -> bool:
        """Whether the relay has seen a partition of the log end, and has said so everywhere."""
        return all(told is not None and _has_split(name, told) for told in self._told)

    def _divide(self) -> bool:
        """Puts those that came of a partition into its place, where it has ended and was given; whether it did."""
        ended = [name for name in self._parts if self._has_ended(name) and not self._parts[name].waits(name)]
        for name in ended:
            part = self._parts.pop(name)
            parts = {heir: Part(part.mark) for heir in self._heirs(name, part)}
            self._parts |= parts
            for partition, lane in part.lanes:
                lane.part, others = None, lane.copy()
                for heir, new in parts.items():
                    if overlap(lane.name, heir):
                        new.take_over(partition, lane if lane.part is None else others.copy())
        return bool(ended)

    def _heirs(self, name: str, part: Part) -> list[str]:
        """Partitions that came of one, without those that came of one of these.

        One that has ended too is among them while events of it wait: only it says which of its own heirs they are of.
        """
        found = {other for told in self._told if told for other in told.marks if within(other, name)}
        found |= {lane.name for _, lane in part.lanes if lane.events and within(lane.name, name)}
        return [
            one for one in sorted(found) if not any(one != other and within(one, other) for other in found)
        ]

    def _is_over(self, partition: int) -> bool:
        """Whether a batch of the relay was read whole: one offset more is the marker of its transaction.

        Or else a record of progress: no event comes alone.
        """
        return (
            self._leaps[partition]
            and self._told[partition] is not None
            and self._told_at[partition] == self._next[partition] - 1
        )


def _has_split(name: str, told: Cursor) -> bool:
    """Whether a relay that says this has seen a partition of the log end."""
    return name not in told.marks and any(within(other, name) for other in told.marks)
