"""`Live`: an app bound to a log, a state and a lake. It folds, publishes and answers."""

import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.repository import Repository
from eventfold.app.binding import KEEP, bind_tables
from eventfold.app.copying import Copying
from eventfold.app.definition import Definition
from eventfold.app.handling.handling import Handling
from eventfold.app.parts.asking import WithAnswers
from eventfold.app.parts.following import WithFollowers
from eventfold.app.parts.handlers import WithHandlers
from eventfold.app.parts.planning import WithPlans
from eventfold.app.parts.searching import WithSearch
from eventfold.app.pulse import Pulse
from eventfold.errors import DefinitionError, EventfoldError
from eventfold.handlers.targets.place import Place
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.open import open_state
from eventfold.readmodels.telling import Distance
from eventfold.store.lacking import expect_log
from eventfold.store.port import Store

A = TypeVar("A", bound=Aggregate[Any])
_SNAPSHOT_SECONDS = 10.0


class Live(WithAnswers, WithSearch, WithPlans, WithFollowers, WithHandlers):
    """An open app; made by `App.open`. Safe to share between threads.

    Args:
        app: the definition.
        store: the log; closed with the app.
        state: the URL of the state.
        lake: the folder of the Delta tables, or None.
        targets: where the effects of handlers go, by name.
        copying: keeps the copy of the log in the lake, if one is kept.
        keep: how long rows that went are remembered for a place of a table that is not written to.
        search: the folder of the search indexes, or None.
    """

    def __init__(
        self,
        app: Definition,
        store: Store,
        *,
        state: str,
        lake: str | None,
        targets: Mapping[str, Place] | None = None,
        copying: Copying | None = None,
        keep: timedelta = KEEP,
        search: str | None = None,
    ) -> None:
        self.app = app
        self.store = store
        self._lake = lake
        self._copying = copying
        self._distance = Distance(store.feed())
        self._warned: set[tuple[str, str]] = set()
        self._repositories: dict[type, Repository[Any]] = {}
        self.pulse = Pulse()
        self._handling = Handling(app, store, targets or {}, self.repository, self.pulse)
        self._state = open_state(state, store.log_id)
        try:
            self._tables = (
                bind_tables(app, store, self._state, lake, self._copy(), keep, search) if app.tables else {}
            )
        except BaseException:
            self._state.close()
            raise

    def _copy(self) -> CopyTable | None:
        """The copy of the log that tables can be folded from: one that was made by the feed that they follow."""
        if self._copying is None or self._copying.feed is not self.store.feed():
            return None
        return self._copying.table

    def __repr__(self) -> str:
        """Its name and its tables; no URL, which may hold a key."""
        return f"<{self.app.name}: {', '.join(self._tables) or 'no tables'}>"

    def _repr_html_(self) -> str:
        """How it stands, in a notebook; of one that is closed, what it is called."""
        try:
            return self.status()._repr_html_()
        except EventfoldError as error:
            return markup.paragraph(f"{self.app.name}: {error.message}")

    def repository(self, aggregate_type: type[A]) -> Repository[A]:
        """The aggregates of one type.

        Raises:
            DefinitionError: the app has no such aggregate.
            CapabilityMissing: a topic of the log is open, and not the log.
        """
        self._alive()
        if aggregate_type not in self.app.aggregates:
            name = getattr(aggregate_type, "__name__", repr(aggregate_type))
            raise DefinitionError(
                f"{name:.60} is no aggregate of {self.app.name}: add it to aggregates=[...]."
            )
        expect_log(self.store, f"Deciding on {aggregate_type.definition.category}s")
        found = self._repositories.get(aggregate_type)
        if found is None:
            self._handling.begin()
            # of two threads that make it at once both go on with one, which is closed with the app
            made = Repository(self.store, self.app.registry, aggregate_type)
            found = self._repositories.setdefault(aggregate_type, made)
        return found

    def close(self) -> None:
        """Takes the snapshots that are due, within ten seconds, and closes state and log.

        Later calls raise `StoreClosed`, those of its tables and repositories too.
        """
        until = time.monotonic() + _SNAPSHOT_SECONDS
        try:
            for repository in self._repositories.values():
                repository.close(max(0.0, until - time.monotonic()))
        finally:
            self._state.close()
            self.store.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()
