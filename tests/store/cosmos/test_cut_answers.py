"""An answer that is cut at any byte is lost: nobody takes its first part for the whole."""

from collections.abc import Callable, Iterator

import pytest

from eventfold import open_store
from eventfold.errors import FeedRebased, OutcomeUnknown
from eventfold.store.cosmos.requests import calls
from eventfold.store.port import Store
from eventfold.testing.cosmos import Fault, StandIn
from eventfold.testing.making import make, make_many, read_all

LONGEST = 1_100
"""Bytes that no answer here has."""
AT_NIGHT = pytest.mark.nightly
CUTS = [range(0, LONGEST, 19), pytest.param(range(LONGEST), marks=AT_NIGHT)]
OPERATIONS = {"read": "query", "list": "query", "follow": "feed", "wait": "feed", "look": "batch"}


@pytest.fixture
def store(account: StandIn) -> Iterator[Store]:
    found = open_store(account.url("log"))
    for number in range(3):
        found.append(f"order-{number}", make_many(3), expected=0)
    yield found
    found.close()


def asking(account: StandIn, store: Store, name: str) -> Callable[[], object]:
    """A question, whose answer is the same whenever it is asked."""
    feed = store.feed()
    end = feed.end()

    def opened() -> str:
        with open_store(account.url("log"), create=False) as found:
            return found.log_id

    def waited() -> object:
        page = feed.read(end, 10)
        return page.events, page.cursor.marks.keys(), feed.read(page.cursor, 10).events

    return {
        "read": lambda: [event.version for event in store.read("order-1")],
        "list": lambda: sorted(found.stream for found in store.streams()),
        "follow": lambda: [(event.stream, event.version) for event in read_all(feed)],
        "wait": waited,
        "look": opened,
    }[name]


@pytest.mark.slow
@pytest.mark.parametrize("cuts", CUTS, ids=["some", "every byte"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_question_whose_answer_is_cut_is_asked_again(
    account: StandIn, store: Store, name: str, cuts: range
) -> None:
    ask = asking(account, store, name)
    want = ask()
    for kept in cuts:
        fault = Fault("drop_half", OPERATIONS[name], kept=kept)
        account.faults.add(fault)
        assert ask() == want, f"cut after {kept} bytes"
        assert fault.done
        account.faults.clear()


@pytest.mark.parametrize("cuts", CUTS, ids=["some", "every byte"])
def test_an_append_whose_answer_is_cut_is_unknown_and_a_repeat_settles_it(
    account: StandIn, store: Store, cuts: range
) -> None:
    for kept in cuts:
        account.faults.add(Fault("drop_half", "batch", kept=kept))
        stream, event = f"box-{kept}", make(kept)
        try:
            assert store.append(stream, [event], expected=0).version == 1
        except OutcomeUnknown:
            assert store.append(stream, [event], expected=0).version == 1
        assert [found.id for found in store.read(stream)] == [event.id]
        account.faults.clear()


def test_an_absence_whose_sub_status_was_cut_is_no_absence(account: StandIn, store: Store) -> None:
    """A replica that lags says 404 too, and only the sub-status tells the two apart."""
    for kept in range(12, 60):
        account.faults.add(Fault(404, "query", substatus=1002, kept=kept))
        assert [event.version for event in store.read("order-1")] == [1, 2, 3]
        account.faults.clear()


@pytest.mark.slow
def test_a_client_that_does_not_look_takes_a_part_for_the_whole(
    account: StandIn, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):  # so that the place has two digits, of which one is left
        store.append(f"box-{number}", make_many(1), expected=0)
    ask = asking(account, store, "wait")
    want = ask()
    monkeypatch.setattr(calls, "check_whole", lambda *_: None)
    doubled = rebased = 0
    for kept in range(20, 400):
        account.faults.add(Fault("drop_half", "feed", kept=kept))
        try:
            doubled += ask() != want
        except FeedRebased:  # who follows is told to rebuild, for nothing
            rebased += 1
        account.faults.clear()
    assert doubled
    assert rebased
