"""What is kept of a handler beside its leases, as notes: each kind of record with the key it stands under.

A stream stands in keys by a digest, since its name may hold what keys may not.
"""

from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar, Literal, Self

import msgspec
from msgspec import structs

from eventfold.errors import FormatUnknown
from eventfold.events.ids import new_id
from eventfold.feed.effects.port import HELD, Name, Note
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.handlers.targets.repeating import without_secrets

MESSAGE = 2_000
"""Characters that are kept of an error's message."""
LAST = "last"
"""The key of a record of which there is one."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is kept as a note of a kind of its own."""

    kind: ClassVar[str]

    def note(self, key: str = LAST) -> Note:
        """It, under a key."""
        return Note(kind=self.kind, key=key, value=msgspec.json.encode(self).decode())

    @classmethod
    def of(cls, note: Note) -> Self:
        """What a note says.

        Raises:
            FormatUnknown: something else, as a later release may write.
        """
        found: Self = _read(note, cls)
        return found


class Progress(Record, frozen=True, kw_only=True):
    """What was done beyond the checkpoint of a partition, which is its key. Ids are those of `short`.

    Attributes:
        streams: by `short_of_stream`, the version up to which every outcome is known: taken, parked, or not for this
            handler.
        count: how many events that are.
        started: events that were begun, and how often: where the worker ended, nobody knows what became of them.
        tries: events that failed, and how often.
        alone: the one of those started beside which nothing else was: if the worker ended, it was to blame.
        swept: of the next so many events some may have been begun, all at once.
        through: everything up to this event is done,
        open: but for these, unless their streams say otherwise.
    """

    kind: ClassVar[str] = "progress"
    streams: dict[str, int] = {}
    count: int = 0
    started: dict[str, int] = {}
    tries: dict[str, int] = {}
    alone: str = ""
    swept: int = 0
    through: str = ""
    open: list[str] = []


class Asked(Record, frozen=True, kw_only=True):
    """What a person asked for a stream that is parked, or waits for its target; its key is the digest of the stream.

    Attributes:
        stream: the stream.
        what: to try its event again, to leave it out, or to park the stream where its event waits for a target.
        reason: why it is left out.
        actor: who asked.
        asked_us: when, microseconds since 1970.
        version: that is being tried, and
        starts: how often it was begun, where the outcome is not known.
    """

    kind: ClassVar[str] = "asked"
    stream: str
    what: Literal["retry", "skip", "park"]
    reason: str = ""
    actor: str = ""
    asked_us: int = 0
    version: int = 0
    starts: int = 0


PERSON, MOVE, RESTORE = "person", "move", "restore"
"""The keys of holds: a person paused the handler; it is on its way elsewhere; a restore goes on or was interrupted."""


class Held(Record, frozen=True, kw_only=True):
    """A handler that does not go on until somebody says so; its key says who: `PERSON`, `MOVE` or `RESTORE`.

    Attributes:
        reason: why.
        actor: who asked.
        since_us: when, microseconds since 1970.
        half: some leases have been put elsewhere and others not: they may overlap.
        step: tells the last change of a move from others, where its answer was lost.
    """

    kind: ClassVar[str] = HELD
    reason: str = ""
    actor: str = ""
    since_us: int = 0
    half: bool = False
    step: str = ""


class Moved(Record, frozen=True, kw_only=True):
    """That a handler was put elsewhere; kept for ever, under the time.

    Attributes:
        to: what was asked for: `now`, `start`, `here`, `cursor`, or `restore`, which moves to the end.
        reason: why.
        actor: who asked.
        moved_us: when, microseconds since 1970.
        before: the positions of its partitions before; none where there are very many.
        after: those it was put at.
    """

    kind: ClassVar[str] = "moved"
    to: str
    reason: str = ""
    actor: str = ""
    moved_us: int = 0
    before: dict[str, int] = {}
    after: dict[str, int] = {}

    @property
    def key(self) -> str:
        """Ordered by time; two of one microsecond stand side by side."""
        return f"{self.moved_us:017d}-{new_id().hex}"


class Pause(Record, frozen=True, kw_only=True):
    """A target that did not answer; its key is the target's name.

    Attributes:
        until_us: when it is tried again, microseconds since 1970.
        wait_us: how long that was when it was written: who reads it by another clock waits no longer.
        failures: how often it did not answer in turn.
        code: of the last error.
        message: of the last error.
        since_us: when it first did not, microseconds since 1970; 0 = not known.
        only: the one stream of this handler that was tried meanwhile: nobody can tell whether it or the target is to
            blame. Empty where several were.
    """

    kind: ClassVar[str] = "pause"
    until_us: int
    wait_us: int = 0
    failures: int
    code: str
    message: str
    since_us: int = 0
    only: str = ""


class Resumed(Record, frozen=True, kw_only=True):
    """That a person let the handler go on while its target was paused: that is tried at once, by each of its workers.

    Attributes:
        actor: who asked.
        asked_us: when, microseconds since 1970.
        id: tells it from those before.
    """

    kind: ClassVar[str] = "resumed"
    actor: str = ""
    asked_us: int = 0
    id: str


class Trouble(Record, frozen=True, kw_only=True):
    """The last error of a handler."""

    kind: ClassVar[str] = "trouble"
    code: str
    message: str
    stream: str = ""
    version: int = 0
    at_us: int = 0


class About(Record, frozen=True, kw_only=True):
    """What a handler was when it was last followed: its checkpoint means nothing for other events."""

    kind: ClassVar[str] = "about"
    what: str
    types: list[str]


class Deadline(Record, frozen=True, kw_only=True):
    """An effect that waits for its time; its key is `key`.

    Attributes:
        stream: of its event.
        version: of its event.
        due_us: when it is due, microseconds since 1970.
        starts: how often it was begun, where the outcome is not known.
        alone: whether nothing else was under way when it was begun last.
    """

    kind: ClassVar[str] = "deadline"
    stream: str
    version: int
    due_us: int
    starts: int = 0
    alone: bool = False

    @property
    def key(self) -> str:
        """Ordered by time, then by stream, then by version."""
        return f"{self.due_us:017d}-{digest(self.stream)[:16]}-{self.version:010d}"


def digest(stream: str) -> str:
    """What a stream is called in keys: 32 hex digits."""
    return blake2b(stream.encode(errors="surrogatepass"), digest_size=16).hexdigest()


@lru_cache(maxsize=4_096)
def short_of_stream(stream: str) -> str:
    """What a stream is called in `Progress`: 22 characters of a digest that nobody finds two streams for."""
    found = blake2b(stream.encode(errors="surrogatepass"), digest_size=16).digest()
    return b2a_base64(found, newline=False)[:22].decode()


PARKED, SKIPPED = "parked", "skipped"


def parked_note(parked: ParkedStream) -> Note:
    """A parked stream as it is kept."""
    cut = structs.replace(parked, message=cut_message(parked.message))
    return Note(kind=PARKED, key=digest(parked.stream), value=msgspec.json.encode(cut).decode())


def parked_of(note: Note) -> ParkedStream:
    """The parked stream that a note says; errors as `Record.of`."""
    found: ParkedStream = _read(note, ParkedStream)
    return found


def parked_name(stream: str) -> Name:
    """Where a parked stream is kept."""
    return Name(PARKED, digest(stream))


def skipped_note(skip: Skip) -> Note:
    """An event that a person left out, as it is kept: for ever."""
    key = f"{digest(skip.stream)}-{skip.version:010d}"
    return Note(kind=SKIPPED, key=key, value=msgspec.json.encode(skip).decode())


def skipped_of(note: Note) -> Skip:
    """The skip that a note says; errors as `Record.of`."""
    found: Skip = _read(note, Skip)
    return found


def cut_message(message: str) -> str:
    """What is kept of a message: text that every store takes, of a bounded length, without keys and passwords."""
    message = without_secrets(message[: 2 * MESSAGE])
    plain = message.replace("\0", "�").encode(errors="replace").decode()
    return plain if len(plain) <= MESSAGE else plain[: MESSAGE - 1] + "…"


def _read(note: Note, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(note.value, type=kind)
    except msgspec.MsgspecError as error:
        raise FormatUnknown(
            f"The note {note.kind} {note.key} of a handler is not what this release writes ({error}): install the"
            " release that wrote it."
        ) from None
