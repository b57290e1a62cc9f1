"""`Owned`: who keeps a published table, and how it goes from one to the other."""

from contextlib import suppress
from typing import TYPE_CHECKING

from eventfold.errors import ConfigInvalid, CursorLost, StorageError
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.unknown import told
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.port import State, TableState
from eventfold.readmodels.publishing.ownership import check_owner, is_anothers
from eventfold.readmodels.publishing.publication import EMBEDDED, ENGINES, LakePublication, Stamp

if TYPE_CHECKING:
    from eventfold.readmodels.folding.rebuild import Progress, Rebuilt
    from eventfold.readmodels.publishing.takeover import TakenOver


class Owned:
    """What of a live table is about who keeps it."""

    layout: Layout
    publication: LakePublication | None
    _feed: Feed
    _state: State

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.layout.spec.name

    def live(self) -> TableState:
        """The live generation of its state."""
        raise NotImplementedError

    def rebuild(self, *, progress: "Progress | None" = None) -> "Rebuilt":
        """Folds the whole history anew."""
        raise NotImplementedError

    def take_over(
        self, *, engine: str = EMBEDDED, rebuild: bool = False, progress: "Progress | None" = None
    ) -> "TakenOver":
        """Goes on here with the published table that another engine kept, or another state, where that one stopped.

        First the one that had it is fenced: it may still run, and stops at its next commit. Then the rows, the parked
        streams, the skipped events and the cursor of the newest version take the place of all that the state has, in
        one commit. Nothing is folded anew. Where it is interrupted, call it again; until then nobody keeps the table.

        Args:
            engine: that is to go on: this one, `embedded`, or `spark`, whose job folds straight into the published
                table. What is folded here is published before it is given away.
            rebuild: folds the whole history anew instead, where nobody can go on from the newest version: its rows were
                changed by others, its files are gone, or its definition is not that of this app.
            progress: of the rebuild.

        Raises:
            ConfigInvalid: the app is open without a lake; there is no such engine, or it cannot rebuild here.
            NotFound: nothing is published.
            CursorLost: it is not known what the newest version contains or leaves out.
            LogMismatch: it was folded from another log, or the log no longer goes so far.
            TableInvalid: it was published under another definition.
            StaleCursor: the other one wrote at every attempt.
        """
        from eventfold.readmodels.publishing import takeover

        if self.publication is None:
            raise ConfigInvalid(
                f"A published table is taken over, and there is no lake to find {self.name} in: name its folder, --lake"
                " FOLDER (in Python lake=...).",
                key="lake",
            )
        if engine not in ENGINES or (rebuild and engine != EMBEDDED):
            how = " with a rebuild" if rebuild else ""
            raise ConfigInvalid(
                f"{self.name} cannot be taken over for {engine!r:.40}{how}: the engines are {' and '.join(ENGINES)}"
                f" (--engine, in Python engine=...), and {EMBEDDED} alone rebuilds.",
                key="engine",
            )
        if engine != EMBEDDED:
            return takeover.hand_over(self.live(), self.publication, self._feed, engine)
        if not rebuild:
            return takeover.take_over(self.layout, self._state, self.publication, self._feed)
        before = takeover.take_for_rebuild(self.live(), self.publication, self.name)
        done = self.rebuild(progress=progress)
        now = takeover.published(self.publication, self.name)
        return takeover.outcome(self.live(), now, before, warnings=tuple(told(done.unknown)))

    def owner(self) -> Stamp | None:
        """The stamp of the newest published version where another engine, or another state, has it; else None.

        Raises:
            StorageError: the lake does not answer.
        """
        if self.publication is None:
            return None
        try:
            head = self.publication.head()
        except CursorLost:
            return None
        if head is None or not is_anothers(head.stamp, self.live().owned(self.publication.kind)):
            return None
        return head.stamp

    def _skips(self) -> frozenset[tuple[str, int]]:
        """The decisions of whoever keeps the table."""
        skips = self.live().skips()
        with suppress(
            CursorLost, StorageError
        ):  # without its file they are not known; the log answers all the same
            owner = self.owner()
            if owner is not None and self.publication is not None:
                skips = self.publication.left_out(owner).skips
        return frozenset((s.stream, s.version) for s in skips)

    def _check_owner(self) -> None:
        """What is decided or folded here would be lost where somebody else keeps the table."""
        with suppress(StorageError):
            if (owner := self.owner()) is not None and self.publication is not None:
                check_owner(owner, self.live().owned(self.publication.kind))
