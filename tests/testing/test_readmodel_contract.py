"""Negative controls: tables that break one promise, each seen by the contract that asserts it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import structs

from eventfold import Appended, NewEvent, Store
from eventfold.errors import EventfoldError, OwnerFenced
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import FeedCapabilities
from eventfold.readmodels.asking.asof import History
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.folding.reference import Reference, Taken
from eventfold.readmodels.publishing.publication import NOTHING
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.testing.contract.absent import AbsentKeysContract
from eventfold.testing.contract.answers import compared
from eventfold.testing.contract.asof import AsOfContract
from eventfold.testing.contract.bench import Bench
from eventfold.testing.contract.crashing import CrashingContract
from eventfold.testing.contract.keeping import KeepingContract
from eventfold.testing.contract.parking import ParkingContract
from eventfold.testing.contract.tables import TablesContract
from eventfold.testing.partitioned import PartitionedFeed, PartitionedStore
from tests.testing.test_partitioned_readmodels import partitioned

Patch = pytest.MonkeyPatch
SEEN = (AssertionError, EventfoldError, pytest.fail.Exception)


def no_cursor_is_checked(patch: Patch) -> None:
    @contextmanager
    def transaction(self: Any, read: Cursor, epoch: int, change: int | None = None) -> Iterator[Any]:
        with self._writing.transaction("committing") as connection:
            yield connection, self._head(connection).change + 1

    patch.setattr(SqliteTableState, "_transaction", transaction)


def no_epoch_is_checked(patch: Patch) -> None:
    checked = SqliteTableState._transaction
    patch.setattr(
        SqliteTableState,
        "_transaction",
        lambda self, read, epoch, change=None: checked(self, read, 0, change),
    )


def any_lease_is_taken_over(patch: Patch) -> None:
    checked = SqliteTableState.acquire

    def acquire(self: Any, owner: str, seconds: float, *, over: str = "") -> int:
        try:
            return checked(self, owner, seconds, over=over)
        except OwnerFenced as refusal:
            if not over:
                raise
            return checked(self, owner, seconds, over=str(refusal.facts["lease"]))

    patch.setattr(SqliteTableState, "acquire", acquire)


def what_is_left_out_is_an_error_all_the_same(patch: Patch) -> None:
    honest = Reference.__init__

    def strict(self: Any, *arguments: Any) -> None:
        honest(self, *arguments)
        self._skips_absent = False

    patch.setattr(Reference, "__init__", strict)


def events_without_a_key_make_a_row_of_their_stream(patch: Patch) -> None:
    honest = Reference.take

    def take(self: Any, event: Any) -> Any:
        taken = honest(self, event)
        if taken is None and self.layout.spec.key.absent == "skip":
            found = self._prepared(event.type)
            values = tuple(extract(event, {}) for extract in found.extracts)
            return Taken(event.stream, event, found, values)
        return taken

    patch.setattr(Reference, "take", take)


def nobody_counts_what_waits(patch: Patch) -> None:
    honest = SqliteTableState._head
    patch.setattr(
        SqliteTableState, "_head", lambda self, there: structs.replace(honest(self, there), parked=0)
    )


def later_events_are_dropped(patch: Patch) -> None:
    patch.setattr(Batch, "_wait", lambda *_: None)


def later_events_go_on(patch: Patch) -> None:
    def take(self: Any, event: Any) -> Any:
        try:
            return self._reference.take(event)
        except EventfoldError:
            return None

    patch.setattr(Batch, "take", take)


def stamps_forget_what_waits(patch: Patch) -> None:
    patch.setattr("eventfold.readmodels.publishing.publisher._left_out", lambda _changed: NOTHING)


def decisions_are_forgotten_by_a_rebuild(patch: Patch) -> None:
    patch.setattr("eventfold.readmodels.folding.rebuild.skips_of", lambda _skips: frozenset())


def a_retry_folds_only_what_failed(patch: Patch) -> None:
    def only(_self: Any, store: Store, waiting: Any) -> Any:
        return store.read(waiting.stream, after=waiting.version - 1, to=waiting.version)

    patch.setattr(Projector, "_waiting_events", only)


def removed_rows_stay_published(patch: Patch) -> None:
    batches = SqliteTableState._batches
    patch.setattr(
        SqliteTableState,
        "_batches",
        lambda *arguments: structs.replace(batches(*arguments), deleted=[]),
    )


def a_publisher_trusts_its_note_and_no_stamp(patch: Patch) -> None:
    honest = Publisher._merge

    def merge(self: Any, there: Any, head: Any) -> Any:
        noted = max(self._state.noted(self._publication.kind), default=0)
        return honest(self, there._replace(stamp=structs.replace(there.stamp, change=noted)), head)

    patch.setattr(Publisher, "_merge", merge)
    patch.setattr(
        Publisher, "_same_history", lambda _, there, head: there.stamp.generation == head.generation
    )


def old_versions_answer_for_every_moment(patch: Patch) -> None:
    patch.setattr(History, "_reaches_no_further", lambda *_: True)


def rows_count_in_the_order_of_arrival(patch: Patch) -> None:
    patch.setattr(
        Layout, "order_of", lambda self: lambda event: event.version if self.ordered_by != "triple" else ""
    )


def children_begin_before_their_parent_ends(patch: Patch) -> None:
    honest = PartitionedFeed._descended

    def hasty(self: Any, cursor: Cursor) -> Cursor:
        marks = dict(cursor.marks)
        for node in self._nodes():
            if node.children and marks.pop(node.name, None) is not None:
                marks |= {child.name: child.mark(child.base) for child in node.children}
        return honest(self, Cursor(cursor.log, marks))

    patch.setattr(PartitionedFeed, "_descended", hasty)


def a_total_order_is_declared_that_is_not_there(patch: Patch) -> None:
    honest = PartitionedFeed.__init__

    def claiming(self: Any, *arguments: Any, **named: Any) -> None:
        honest(self, *arguments, **named)
        self.capabilities = FeedCapabilities(total_order=True, filters_in_store=False, countable=True)

    patch.setattr(PartitionedFeed, "__init__", claiming)


def repeats_are_not_said_to_be_repeats(patch: Patch) -> None:
    honest = PartitionedStore.append

    def append(self: Any, stream: str, events: Sequence[NewEvent], *, expected: Any) -> Appended:
        return structs.replace(honest(self, stream, events, expected=expected), deduplicated=False)

    patch.setattr(PartitionedStore, "append", append)


def the_same_answers(bench: Bench, folder: Path) -> None:
    for seed in (1, 2, 3):
        compared(bench.another(), folder, seed)


class Control(NamedTuple):
    breaks: Callable[[Patch], None]
    asserted_by: Callable[[Bench], object]


def every_cursor(bench: Bench) -> None:
    A.test_every_cursor_gives_the_tables_as_they_were(bench, rebuilt=False)


E = AbsentKeysContract()
K, P, A = KeepingContract(), ParkingContract(), AsOfContract()
CONTROLS = [
    Control(no_cursor_is_checked, K.test_a_page_that_is_committed_twice_is_refused),
    Control(no_cursor_is_checked, K.test_of_two_followers_that_read_the_same_page_one_commits),
    Control(no_cursor_is_checked, P.test_a_decision_beside_a_follower_doubles_and_loses_nothing),
    Control(
        what_is_left_out_is_an_error_all_the_same,
        E.test_an_event_without_the_key_is_left_out_where_the_key_says_so,
    ),
    Control(
        events_without_a_key_make_a_row_of_their_stream,
        E.test_an_event_without_the_key_is_left_out_where_the_key_says_so,
    ),
    Control(nobody_counts_what_waits, P.test_whoever_is_shown_rows_is_told_what_is_parked_and_what_is_behind),
    Control(no_epoch_is_checked, K.test_a_worker_whose_lease_has_passed_commits_nothing),
    Control(no_epoch_is_checked, K.test_a_worker_that_is_taken_for_dead_and_lives_doubles_nothing),
    Control(no_cursor_is_checked, K.test_a_worker_that_is_taken_for_dead_and_lives_doubles_nothing),
    Control(any_lease_is_taken_over, K.test_a_lease_is_taken_over_only_as_it_was_seen),
    Control(later_events_are_dropped, P.test_a_failing_event_parks_the_later_ones_of_its_stream_and_no_other),
    Control(later_events_are_dropped, P.test_a_retry_folds_what_waited_in_its_order),
    Control(later_events_go_on, P.test_a_failing_event_parks_the_later_ones_of_its_stream_and_no_other),
    Control(
        stamps_forget_what_waits,
        P.test_a_published_version_says_what_waits_and_the_next_one_that_nothing_does,
    ),
    Control(
        stamps_forget_what_waits,
        A.test_a_moment_at_which_a_stream_waits_says_so_and_uses_no_published_version,
    ),
    Control(decisions_are_forgotten_by_a_rebuild, P.test_a_decision_during_a_rebuild_holds_after_it),
    Control(decisions_are_forgotten_by_a_rebuild, P.test_an_event_is_skipped_with_a_reason_and_stays_skipped),
    Control(a_retry_folds_only_what_failed, P.test_a_retry_folds_what_waited_in_its_order),
    Control(
        removed_rows_stay_published,
        TablesContract().test_a_row_that_was_removed_is_gone_everywhere_until_its_key_comes_back,
    ),
    Control(
        old_versions_answer_for_every_moment,
        lambda b: A.test_every_cursor_gives_the_tables_as_they_were(b, rebuilt=False),
    ),
    Control(rows_count_in_the_order_of_arrival, TablesContract().test_a_key_may_span_streams),
    Control(
        a_total_order_is_declared_that_is_not_there,
        A.test_a_position_is_a_moment_where_there_is_a_total_order,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: f"{c.breaks.__name__}-{CONTROLS.index(c)}")
def test_what_breaks_a_promise_is_seen(control: Control, tmp_path: Path, monkeypatch: Patch) -> None:
    with partitioned(4) as logs:
        bench = Bench(logs.__getitem__, tmp_path, logs.divide)
        control.asserted_by(bench)
        control.breaks(monkeypatch)
        with pytest.raises(SEEN):
            control.asserted_by(bench.another())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("breaks", "lake"),
    [(a_publisher_trusts_its_note_and_no_stamp, True), (children_begin_before_their_parent_ends, False)],
)
def test_what_breaks_at_a_crash_only_is_seen(
    breaks: Callable[[Patch], None], lake: bool, tmp_path: Path, monkeypatch: Patch
) -> None:
    with partitioned(2) as logs:
        bench = Bench(logs.__getitem__, tmp_path, logs.divide)
        breaks(monkeypatch)
        crashing = CrashingContract()
        with pytest.raises(AssertionError, match="crash before step"):
            if lake:
                crashing.test_a_crash_at_any_step_of_publishing_and_rebuilding_leaves_right_rows(
                    bench, split=False
                )
            else:
                crashing.test_a_crash_at_any_step_of_folding_leaves_right_rows(bench, split=True)


@pytest.mark.slow
def test_an_answer_that_differs_is_named(tmp_path: Path, monkeypatch: Patch) -> None:
    with partitioned(4) as logs:
        repeats_are_not_said_to_be_repeats(monkeypatch)
        with pytest.raises(AssertionError, match=r"seed \d, step"):
            the_same_answers(Bench(logs.__getitem__, tmp_path, logs.divide), tmp_path)
