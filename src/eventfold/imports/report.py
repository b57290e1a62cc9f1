"""What an import did, and what it refused."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from eventfold.errors import EventfoldError
from eventfold.events.envelope import NewEvent, from_us
from eventfold.store.names import as_category

SHOWN = 1_000
"""Refusals that are kept with their sentence; further ones are counted."""

CATEGORIES = 100
"""Categories that are kept by their name."""


class Refusal(msgspec.Struct, frozen=True):
    """A row that was not written, and why.

    Attributes:
        line: where the row begins, from 1.
        code: of the error.
        message: what is wrong with it.
    """

    line: int
    code: str
    message: str


class Alike(msgspec.Struct):
    """Refusals that say the same.

    Attributes:
        line: of the first.
        code: of the error.
        count: how many.
    """

    line: int
    code: str
    count: int = 1


class ImportReport(msgspec.Struct):
    """What an import did, or with `dry_run` would do.

    Attributes:
        source: the name of the log that was imported.
        dry_run: nothing was written.
        rows: rows of the file.
        written: events written.
        known: events that were imported before.
        differing: of the known ones, those that would have another time or other metadata now; they stay as they are.
        known_from: of the known ones, how many were imported under another name of the log.
        refused: rows that are no events.
        unplaced: of the refused ones, those that name no stream that could be read; nothing is held back for them.
        held_back: events that follow a refused row in their stream and are not written, so that it can come before
            them when it is mended.
        unrelated: rows that name no entity of those that were asked for; left out.
        out_of_order: events written whose time lies before that of one that stands before them in their stream.
        untimed: rows that are events and say no time, where a column of times was named; written or known.
        irregular: of a restore: events that no append would take today; they came back as they were.
        streams: streams that the file speaks of.
        double_versions: stream -> versions that the source gave twice; of documents only, the first hundred.
        missing_versions: stream -> versions below the last one that the source does not have, likewise.
        category: of the streams, where the import was given one.
        asked_category: what was asked for, where it has a dash and cannot be one; else empty.
        refusals: the first refusals.
        refused_by_code: how many of each kind.
        refused_alike: what they say, with the count of those that say the same; the first thousand sentences.
        types: how many events of each type came in: those that were written; the first thousand types.
        other_types: how many of further types.
        earliest: when the first of them happened, as far as they say it.
        latest: when the last did.
        first_stream: the stream of the first row that is an event, written or known.
        categories: of the streams in which its events stand, written or known; the first hundred.
        notes: what a person should know, each as a sentence.
    """

    source: str
    dry_run: bool = False
    rows: int = 0
    written: int = 0
    known: int = 0
    differing: int = 0
    known_from: Counter[str] = msgspec.field(default_factory=Counter)
    refused: int = 0
    unplaced: int = 0
    held_back: int = 0
    unrelated: int = 0
    out_of_order: int = 0
    untimed: int = 0
    irregular: int = 0
    streams: int = 0
    double_versions: dict[str, list[int]] = msgspec.field(default_factory=dict)
    missing_versions: dict[str, list[int]] = msgspec.field(default_factory=dict)
    category: str = ""
    asked_category: str = ""
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    refused_by_code: Counter[str] = msgspec.field(default_factory=Counter)
    refused_alike: dict[str, Alike] = msgspec.field(default_factory=dict)
    types: Counter[str] = msgspec.field(default_factory=Counter)
    other_types: int = 0
    earliest: datetime | None = None
    latest: datetime | None = None
    first_stream: str = ""
    categories: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)

    def category_note(self) -> str:
        """What happened to a category that cannot be one, as a sentence; empty where nothing did."""
        asked, used = self.asked_category, self.category
        if not asked:
            return ""
        if asked.startswith(f"{used}-"):
            return (
                f"the log holds streams {asked}-... already, and the rows went to those: their category is {used!r}."
                f" With --category {as_category(asked)} the streams would be others."
            )
        return f"{asked!r} has a dash, which no category can have: streams are named {used}-..., of category {used!r}."

    def refuse(self, line: int, error: EventfoldError) -> None:
        """Notes a row that is left out."""
        self.refused += 1
        self.refused_by_code[error.code] += 1
        if len(self.refusals) < SHOWN:
            self.refusals.append(Refusal(line, error.code, error.message))
        if (alike := self.refused_alike.get(error.message)) is not None:
            alike.count += 1
        elif len(self.refused_alike) < SHOWN:
            self.refused_alike[error.message] = Alike(line, error.code)

    def note(self, sentence: str) -> None:
        """Notes what a person should know, once."""
        if sentence and sentence not in self.notes:
            self.notes.append(sentence)

    def stand_in(self, streams: Iterable[str]) -> None:
        """Takes account of the streams in which events stand, written or known."""
        for name in dict.fromkeys([stream.partition("-")[0] for stream in streams]):
            if name not in self.categories and len(self.categories) < CATEGORIES:
                self.categories.append(name)

    def came_in(self, events: Sequence[NewEvent]) -> None:
        """Takes account of events that were written."""
        for name, count in Counter([event.type for event in events]).items():
            if name in self.types or len(self.types) < SHOWN:
                self.types[name] += count
            else:
                self.other_types += count
        times = [event.occurred_us for event in events if event.occurred_us is not None]
        if times:
            first, last = from_us(min(times)), from_us(max(times))
            self.earliest = first if self.earliest is None else min(self.earliest, first)
            self.latest = last if self.latest is None else max(self.latest, last)
