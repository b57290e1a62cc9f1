"""`LiveHandler`: one handler of a live app, as people see it and decide about it."""

from collections.abc import Sequence

from eventfold.feed.parking import ParkedStream, Skip
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import Moved
from eventfold.handlers.tending import asking, deciding
from eventfold.handlers.tending.asking import ParkedFor
from eventfold.handlers.tending.deciding import To
from eventfold.handlers.tending.noting import noted
from eventfold.handlers.tending.standing import HandlerStatus, standing
from eventfold.store.port import Store


class LiveHandler:
    """A handler on its log. What is decided is recorded with the actor of the context, `ef.context(actor=...)`.

    Args:
        handler: its definition.
        store: the log.
    """

    def __init__(self, handler: Handler, store: Store) -> None:
        self.definition = handler
        self._store = store

    @property
    def name(self) -> str:
        """Its stored name."""
        return self.definition.name

    def __repr__(self) -> str:
        """What it takes."""
        return repr(self.definition)

    def status(self, *, watch: float = 0.0) -> HandlerStatus:
        """How it stands.

        Args:
            watch: seconds for which it is watched for its rate, where it is behind.
        """
        return standing([self.definition], self._store, watch=watch)[0]

    def pause(self, reason: str) -> None:
        """Keeps it from beginning effects until `resume`; those under way end. Workers see it within a second.

        Raises:
            HandlerNotFound: it has not begun.
            RangeInvalid: the reason is empty or longer than 2,000 characters.
        """
        deciding.pause(self._store, self.name, reason)

    def resume(self) -> None:
        """Lets it go on where it is, and has its target tried at once where that did not answer.

        Workers see it within a second or two. Where neither is paused nothing happens.

        Raises:
            HandlerNotFound: it has not begun.
            HandlerHeld: a move or a restore was interrupted: only a place that is said ends that.
        """
        deciding.resume(self._store, self.name)

    def move(self, to: To, reason: str = "") -> None:
        """Puts it elsewhere: it goes on from there, with the types of events that it takes now.

        Deadlines stay, and so does what is parked; but parked streams whose event comes again are forgotten: of a log
        without a total order, all with "start" and none with a cursor. One that is paused stays paused.

        Args:
            to: "now" = the end of the log; "start" = before its first event; a cursor; "here" = where it is, to accept
                that it takes other events than before.
            reason: why, at most 2,000 characters.

        Raises:
            HandlerNotFound: "here", and it has not begun.
            HandlerHeld: "here", and a move was interrupted.
            CursorInvalid: the cursor is damaged, or does not cover the log.
            LogMismatch: it is one of another log, or one that this log does not serve.
        """
        deciding.move(self._store, self.name, to, reason)

    def moves(self) -> Sequence[Moved]:
        """How often it was put elsewhere, by whom and why, in order of time."""
        return [Moved.of(note) for note in noted(self._store.effects(), self.name, Moved.kind)]

    def parked(self) -> dict[str, ParkedFor]:
        """The streams that wait, by name: which event failed, why, and what was asked."""
        return asking.parked(self._store.effects(), self.name)

    def retry(self, stream: str) -> None:
        """Asks for the event that failed to be handled again, then what waits behind it; a worker does it in a second.

        Raises:
            NotFound: the stream is not parked.
            CursorExpired: where only a topic is open, and it has forgotten the event.
        """
        waiting = self.parked().get(stream)
        if waiting is not None:
            self._expect(waiting.parked, waiting.parked.version - 1)
        asking.retry(self._store.effects(), self.name, stream)

    def retry_all(self) -> int:
        """Asks for every parked stream, as `retry` does for one; how many there were to ask for."""
        for waiting in self.parked().values():
            self._expect(waiting.parked, waiting.parked.version - 1)
        return asking.retry_all(self._store.effects(), self.name)

    def park(self, stream: str, reason: str) -> None:
        """Asks for a stream to be parked whose first event waits, as for a target that answers nothing else.

        Where one event alone meets no answer, nobody can tell whether it or its target is to blame: a person may.

        Raises:
            NotFound: nothing of the stream waits.
            RangeInvalid: the reason is empty or longer than 2,000 characters.
        """
        asking.park(self._store, self.definition, stream, reason)

    def skip(self, stream: str, reason: str) -> None:
        """Asks for an event to be left out for ever, then for what waits behind it.

        It is the one that failed, where the stream is parked; else the first that waits, for its target for example.

        Raises:
            NotFound: nothing of the stream waits.
            RangeInvalid: the reason is empty or longer than 2,000 characters.
        """
        waiting = self.parked().get(stream)
        if waiting is not None:
            self._expect(waiting.parked, waiting.parked.version)
        asking.skip(self._store, self.definition, stream, reason)

    def _expect(self, parked: ParkedStream, after: int) -> None:
        """That what waits can be read: who asks is told, and no worker stops at it."""
        if after < parked.last_version and not self._store.capabilities.has_log:
            for _ in self._store.read(parked.stream, after=after, to=parked.last_version, limit=1):
                return

    def skipped(self) -> Sequence[Skip]:
        """The events that were left out, by whom and why."""
        return asking.skipped(self._store.effects(), self.name)
