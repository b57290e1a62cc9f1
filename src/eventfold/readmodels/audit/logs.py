"""The log by itself: versions without hole or repeat, positions that grow, recorded times that never go back."""

from collections import Counter

from eventfold.events.envelope import RecordedEvent, from_us
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.audit.reading import Events
from eventfold.readmodels.audit.report import Finding, Findings
from eventfold.readmodels.counting.typecounts import by_type
from eventfold.store.irregular import counted


class LogLook:
    """Looks at every event of a log once; keeps the version and time of each stream, and counts by type.

    Args:
        feed: of the log.
        until: how far.
        findings: where it tells what is wrong.
    """

    def __init__(self, feed: Feed, until: Cursor, findings: Findings) -> None:
        self.since, self.until = feed.start(), until
        self.events = 0
        self.types = Counter[tuple[str, str]]()
        capabilities = feed.capabilities
        self._ordered = capabilities.total_order
        self._dense = capabilities.total_order and capabilities.countable
        self._findings = findings
        self._last: dict[str, int] = {}
        self._streams: dict[str, tuple[int, int]] = {}
        self._recorded = -(2**63)
        self.irregular: Counter[str] = Counter()

    def take(self, events: Events) -> None:
        """The next events."""
        self.events += len(events)
        self.types.update(by_type(events))
        self.irregular.update(counted(events))
        for event in events:
            self._place(event)
            self._version(event)

    @property
    def heads(self) -> dict[str, int]:
        """The version of each stream."""
        return {stream: version for stream, (version, _) in self._streams.items()}

    def _place(self, event: RecordedEvent) -> None:
        last = self._last.get(event.partition, 0)
        if self._dense and event.position > last + 1:
            self._hole(event.partition, last + 1, event.position - 1)
        # events of one transaction may share a position where the log has no total order
        if event.position < last or (self._ordered and event.position == last):
            self._tell(event, "position", f"position {event.position} comes after {last}")
        self._last[event.partition] = event.position

    def _version(self, event: RecordedEvent) -> None:
        version, recorded = self._streams.get(event.stream, (0, -(2**63)))
        if event.version <= version:
            self._tell(event, "version-repeated", f"version {event.version} comes after version {version}")
        for missing in range(version + 1, min(event.version, version + 101)):
            self._findings.add(
                Finding(
                    where="log",
                    problem="version-missing",
                    message=f"{event.stream} has no version {missing}: {_at(event)} is version {event.version}.",
                    partition=event.partition,
                    stream=event.stream,
                    version=missing,
                )
            )
        before = max(recorded, self._recorded) if self._ordered else recorded
        if event.recorded_us < before:
            told = f"it was recorded at {from_us(event.recorded_us)}, an earlier event at {from_us(before)}"
            self._tell(event, "time", told)
        self._streams[event.stream] = (max(version, event.version), max(recorded, event.recorded_us))
        self._recorded = max(self._recorded, event.recorded_us)

    def _hole(self, partition: str, low: int, high: int) -> None:
        told = f"position {low} is" if low == high else f"positions {low} to {high} are"
        self._findings.add(
            Finding(
                where="log",
                problem="position-missing",
                message=f"{told.capitalize()} missing in the log.",
                partition=partition,
                position=low,
                low=low,
                high=high,
            )
        )

    def _tell(self, event: RecordedEvent, problem: str, told: str) -> None:
        self._findings.add(
            Finding(
                where="log",
                problem=problem,
                message=f"{event.stream} version {event.version} at {_at(event)}: {told}.",
                partition=event.partition,
                position=event.position,
                stream=event.stream,
                version=event.version,
            )
        )


def _at(event: RecordedEvent) -> str:
    return f"position {event.position}" + ("" if event.partition == "0" else f" of {event.partition}")
