"""The campaign of faults: nothing lost, doubled, skipped or told wrongly, and naive stores that are found out by it.

`python -m tests.store.cosmos.faults.table 20` prints the table with 20 seeds for each fault.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import OutcomeUnknown, StorageBusy
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Token
from eventfold.store.cosmos import reading
from eventfold.store.cosmos.feeding import feed
from eventfold.store.cosmos.feeding.spans import Span, spans_of
from eventfold.store.cosmos.feeding.splits import Splits
from eventfold.store.cosmos.requests.calls import Calls
from eventfold.store.port import Appended, Expected, Store
from eventfold.testing.making import make
from tests.store.cosmos.faults.stage import Play, Stage, Verdict, play
from tests.store.cosmos.faults.table import PLAYS

pytestmark = pytest.mark.slow
NAMED = {one.name: one for one in PLAYS}
NIGHTS = 9


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_loses_doubles_skips_and_misreports_nothing(key: str, tmp_path: Path, name: str) -> None:
    found = play(NAMED[name], 0, tmp_path, key)
    assert found.clean, found
    assert found.strikes


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, NIGHTS))
@pytest.mark.parametrize("name", NAMED)
def test_many_runs_of_a_fault_lose_double_skip_and_misreport_nothing(
    key: str, tmp_path: Path, name: str, seed: int
) -> None:
    found = play(NAMED[name], seed, tmp_path, key)
    assert found.clean, found


def naively(
    stage: Stage, store: Store, stream: str, events: list[NewEvent], expected: Expected, **_: Any
) -> Appended:
    """Takes every error for a failure, and appends the same facts again as new events."""
    numbers = [stage.events[str(event.id)] for event in events]
    while True:
        try:
            answer = store.append(stream, events, expected=expected)
        except (OutcomeUnknown, StorageBusy):
            events = [make(number) for number in numbers]
            expected = store.head(stream)
            continue
        stage.acknowledged.update(numbers)
        return answer


def hopefully(
    stage: Stage, store: Store, stream: str, events: list[NewEvent], expected: Expected, **_: Any
) -> Appended:
    """Takes a lost answer for a success."""
    try:
        answer = store.append(stream, events, expected=expected)
    except (OutcomeUnknown, StorageBusy):
        answer = Appended(store.head(stream), Token(store.log_id, {}), deduplicated=False)
    stage.acknowledged.update(stage.events[str(event.id)] for event in events)
    return answer


@pytest.mark.parametrize("name", ["503 after the append, given up", "answer lost after the append"])
def test_a_writer_that_appends_anew_after_an_error_doubles_events(
    key: str, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stage, "settle", naively)
    assert play(NAMED[name], 0, tmp_path, key).doubled


def test_a_writer_that_takes_a_lost_answer_for_a_success_loses_events(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stage, "settle", hopefully)
    assert play(NAMED["request lost before the append"], 0, tmp_path, key).lost


def test_a_store_that_calls_503_not_applied_is_found_out(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventfold.store.cosmos.requests.calls._UNSURE", 0)
    assert play(NAMED["503 after the append, given up"], 0, tmp_path, key).misreported


def test_a_listing_that_trusts_the_pages_of_a_range_that_splits_is_found_out(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting(container: Any, calls: Calls, within: Span, ask: Any) -> Iterable[Any]:
        for span in spans_of(container, calls):
            yield from ask(span)

    monkeypatch.setattr(reading, "steadily", trusting)
    found = Verdict()
    for seed in range(4):
        found += play(NAMED["splits while streams are listed"], seed, tmp_path, key)
    assert found.doubled


def test_a_reader_that_takes_an_error_for_the_end_of_a_stream_is_found_out(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Calls.read

    def ending(self: Calls, doing: str, call: Any, **rest: Any) -> Any:
        def once() -> Any:
            try:
                return call()
            except Exception:
                if doing == "reading a stream":
                    return None
                raise

        return asked(self, doing, once, **rest)

    monkeypatch.setattr(Calls, "read", ending)
    assert play(NAMED["503 for longer than the SDK repeats"], 0, tmp_path, key).skipped


def test_a_follower_that_goes_on_at_now_after_a_split_is_found_out(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(self: Splits, name: str, mark: object, place: object, page: object, spans: Any) -> object:
        return {span.name: self._mark(span.name, self._open(span), {}, 0) for span in spans}

    monkeypatch.setattr(Splits, "follow", careless)
    assert play(NAMED["splits while a table is folded"], 0, tmp_path, key).skipped


def test_a_follower_that_reads_on_through_a_merge_is_found_out(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(self: feed.CosmosFeed, span: Span) -> list[Span]:
        return [other for other in spans_of(self._container, self._calls) if other.overlaps(span)][:1]

    monkeypatch.setattr(feed.CosmosFeed, "_spans", blind)
    found = play(NAMED["a merge while a table is folded"], 0, tmp_path, key)
    assert found.skipped or found.doubled


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len(NAMED) == len(PLAYS)
    assert all(isinstance(one, Play) for one in PLAYS)
