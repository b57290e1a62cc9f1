"""An app with a handler that takes what it can, for tests of what people decide about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import eventfold as ef
from eventfold.app.live import Live
from eventfold.testing.making import make

NAME = "mailer"
OTHERS = "audit"


class Shipped(ef.Event, name="Shipped"):
    n: int = 0


class Other(ef.Event, name="Other"):
    n: int = 0


class Mailer:
    """Collects what its handler took; streams in `poison` are refused."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.poison: set[str] = set()

    def app(
        self, *, types: tuple[type[ef.Event], ...] = (Shipped,), since: Literal["now", "start"] = "start"
    ) -> ef.App:
        """The app with its handler."""

        @ef.notify(*types, name=NAME, attempts=1, since=since)
        def mailer(event: Shipped, message: ef.Message) -> None:
            if message.stream in self.poison:
                raise ValueError(f"no address in {message.stream}")
            self.taken.append((message.stream, message.version))

        return ef.App("shop", handlers=[mailer], events=[Shipped, Other])

    @contextmanager
    def live(self, url: str, **options: object) -> Iterator[Live]:
        """The app, open."""
        with self.app(**options).open(url) as live:  # type: ignore[arg-type] # as `app` takes them
            yield live


def ship(live: Live, stream: str, count: int = 1, *, what: str = "Shipped") -> None:
    """Events of a stream."""
    new = [make(event_type=what) for _ in range(count)]
    live.store.append(stream, new, expected=ef.ANY)


MAILER = Mailer()
shop = MAILER.app()
"""For the command line."""
