"""The repository: decisions on fresh state, commands once, lost answers settled, moments of the past."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

import eventfold as ef
from eventfold.errors import (
    BackendLimit,
    CategoryMismatch,
    EncodingInvalid,
    InvalidEvent,
    OutcomeUnknown,
    PayloadInvalid,
    PositionBeyondHead,
    RangeInvalid,
    StorageBusy,
    StorageFailed,
    StoreFenced,
    StreamNotFound,
    UpcasterMissing,
    WrongExpectedVersion,
)
from eventfold.testing.contract.concurrency import run_together


class Added(ef.Event):
    amount: int


class Counter(ef.Aggregate[Added]):
    total: int = 0

    def add(self, amount: int = 1, most: int = 10**9) -> None:
        if self.total + amount > most:
            raise ef.InvalidOperation("too much")
        self.raise_event(Added(amount=amount))

    def nothing(self) -> None:
        pass

    def apply(self, event: Added) -> None:
        self.total += event.amount


REGISTRY = ef.Registry([Added])


@pytest.fixture
def store() -> Iterator[ef.Store]:
    store = ef.open_store("sqlite://")
    yield store
    store.close()


class Line(msgspec.Struct, frozen=True):
    price: Decimal


class Bought(ef.Event):
    price: Decimal
    lines: tuple[Line, ...] = ()


class Noted(ef.Event):
    numbers: list[float]


class Basket(ef.Aggregate[Bought | Noted]):
    total: Decimal = Decimal(0)

    def buy(self, *prices: Any) -> None:
        first, *more = prices
        self.raise_event(Bought(price=first, lines=tuple(Line(price) for price in more)))

    def apply(self, event: Bought | Noted) -> None:
        if isinstance(event, Bought):
            self.total += event.price + sum((line.price for line in event.lines), Decimal(0))


@pytest.mark.parametrize(
    ("prices", "path"),
    [
        (("12.50",), "Bought.price"),
        ((12.5,), "Bought.price"),
        ((None,), "Bought.price"),
        ((Decimal("NaN"),), "Bought.price"),
        ((Decimal(1), Decimal(2), "3"), "Bought.lines[1].price"),
    ],
)
def test_a_wrong_value_is_refused_by_name_before_apply_sees_it(
    store: ef.Store, prices: tuple[Any, ...], path: str
) -> None:
    baskets = ef.Repository(store, ef.Registry([Bought, Noted]), Basket)
    baskets.execute("basket-1", Basket.buy, Decimal(1))
    for stream in ("basket-1", "basket-2"):
        with pytest.raises(InvalidEvent) as caught:
            baskets.execute(stream, Basket.buy, *prices)
        assert caught.value.facts["path"] == path
    basket = Basket("basket-3")
    with pytest.raises(InvalidEvent):
        basket.buy(*prices)
    assert (basket.total, basket.version) == (Decimal(0), 0)
    assert (store.head("basket-1"), store.head("basket-2")) == (1, 0)


def test_what_may_have_changed_since_it_was_raised_is_checked_again_when_it_is_stored(
    store: ef.Store,
) -> None:
    baskets = ef.Repository(store, ef.Registry([Bought, Noted]), Basket)
    basket, numbers = Basket("basket-1"), [1.0]
    basket.raise_event(Noted(numbers=numbers))
    numbers.append(float("nan"))
    with pytest.raises(InvalidEvent):
        baskets.save(basket)
    assert store.head("basket-1") == 0


def test_a_value_that_cannot_change_is_checked_once(monkeypatch: pytest.MonkeyPatch, store: ef.Store) -> None:
    baskets = ef.Repository(store, ef.Registry([Bought, Noted]), Basket)
    basket = Basket("basket-1")
    basket.buy(Decimal(1), Decimal(2))
    looked = list[object]()
    for known in baskets._registry._known.values():
        monkeypatch.setattr(known, "check", looked.append)
    baskets.save(basket)
    assert looked == []


@pytest.mark.parametrize("command", [None, "", 7, b"c-1", "\ud800"])
def test_a_command_without_a_name_is_refused_before_it_is_decided(
    counters: "ef.Repository[Counter]", command: Any
) -> None:
    """Else a repeat of it would count twice."""
    with pytest.raises((PayloadInvalid, EncodingInvalid)):
        counters.execute_once(command, "counter-1", Counter.add)
    with pytest.raises(StreamNotFound):
        counters.load("counter-1")


@pytest.fixture
def counters(store: ef.Store) -> ef.Repository[Counter]:
    return ef.Repository(store, REGISTRY, Counter)


class Losing:
    """A store that loses the first answers, before or after the effect, and then may fail without any."""

    def __init__(
        self, store: ef.Store, lost: int, *, after: bool, then: ef.EventfoldError | None = None
    ) -> None:
        self._store, self._lost, self._after, self._then = store, lost, after, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, *args: Any, **kwargs: Any) -> ef.Appended:
        lost, self._lost = self._lost > 0, self._lost - 1
        if lost and self._after:
            self._store.append(*args, **kwargs)
        if lost:
            raise OutcomeUnknown("the answer was lost")
        if self._then is not None:
            raise self._then
        return self._store.append(*args, **kwargs)


def test_a_command_loads_decides_and_appends(counters: ef.Repository[Counter]) -> None:
    assert counters.execute("counter-1", Counter.add, 2).version == 1
    assert counters.execute("counter-1", Counter.add, amount=3).version == 2
    assert counters.load("counter-1").total == 5


def test_a_refused_command_writes_nothing(counters: ef.Repository[Counter], store: ef.Store) -> None:
    with pytest.raises(ef.InvalidOperation):
        counters.execute("counter-1", Counter.add, 2, most=1)
    assert (store.head("counter-1"), counters.execute("counter-1", Counter.nothing).events) == (0, ())


def test_on_a_conflict_the_decision_is_taken_again_on_fresh_state(counters: ef.Repository[Counter]) -> None:
    seen = []

    def decide(counter: Counter) -> None:
        seen.append(counter.total)
        if len(seen) == 1:
            counters.execute("counter-1", Counter.add, 7)
        counter.add(1)

    assert counters.execute("counter-1", decide).attempts == 2
    assert (seen, counters.load("counter-1").total) == ([0, 7], 8)


def test_many_threads_on_one_stream_count_exactly(store: ef.Store) -> None:
    counters = ef.Repository(store, REGISTRY, Counter, attempts=100)

    def work() -> None:
        for _ in range(10):
            counters.execute("counter-1", Counter.add)

    run_together([work] * 6)
    assert counters.load("counter-1").total == 60


@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_neither_loses_nor_doubles(store: ef.Store, *, after: bool) -> None:
    losing: Any = Losing(store, 2, after=after)
    assert ef.Repository(losing, REGISTRY, Counter).execute("counter-1", Counter.add).version == 1
    assert store.head("counter-1") == 1


@pytest.mark.parametrize("error", [StorageBusy, StoreFenced, StorageFailed, BackendLimit])
@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_stays_unknown_while_no_later_attempt_says_more(
    store: ef.Store, error: type[ef.EventfoldError], *, after: bool
) -> None:
    losing: Any = Losing(store, 1, after=after, then=error("not now"))
    with pytest.raises(OutcomeUnknown) as caught:
        ef.Repository(losing, REGISTRY, Counter).execute("counter-1", Counter.add)
    assert (caught.value.outcome, caught.value.facts["cause"]) == ("unknown", error.code)
    assert store.head("counter-1") == after


def test_without_a_lost_answer_a_failure_is_told_as_it_is(store: ef.Store) -> None:
    losing: Any = Losing(store, 0, after=False, then=StorageBusy("not now"))
    with pytest.raises(StorageBusy) as caught:
        ef.Repository(losing, REGISTRY, Counter).execute("counter-1", Counter.add)
    assert (caught.value.outcome, store.head("counter-1")) == ("not_applied", 0)


def test_control_repeating_with_new_ids_doubles(store: ef.Store) -> None:
    losing = Losing(store, 1, after=True)
    for _ in range(2):
        try:
            losing.append("counter-1", [REGISTRY.encode(Added(amount=1))], expected=ef.ANY)
        except OutcomeUnknown:
            continue
    assert store.head("counter-1") == 2


def test_a_repeated_command_gives_its_first_result(counters: ef.Repository[Counter], store: ef.Store) -> None:
    first = counters.execute_once("c-1", "counter-1", Counter.add, 5)
    counters.execute("counter-1", Counter.add, 1)
    for repeat in (partial(Counter.add, amount=5), partial(Counter.add, amount=9), Counter.nothing):
        again = counters.execute_once("c-1", "counter-1", repeat)
        assert (again.version, list(again.events), again.deduplicated) == (1, list(first.events), True)
    refused = counters.execute_once("c-1", "counter-1", Counter.add, 5, most=0)
    assert (refused.deduplicated, store.head("counter-1")) == (True, 2)


def test_a_repeat_finds_its_first_result_behind_the_events_of_others(
    counters: ef.Repository[Counter],
) -> None:
    counters.execute("counter-1", Counter.add, 1)
    counters.execute_once("c-1", "counter-1", Counter.add, amount=5)
    for fresh in (counters, ef.Repository(counters._store, REGISTRY, Counter, warm=0)):
        again = fresh.execute_once("c-1", "counter-1", Counter.add, amount=5)
        assert (again.stream, again.version, list(again.events)) == ("counter-1", 2, [Added(amount=5)])
        assert (again.attempts, again.deduplicated, again.token.positions) == (1, True, {"0": 2})  # type: ignore[union-attr]


def test_a_command_that_a_rival_executes_while_it_is_decided_gives_the_rivals_result(store: ef.Store) -> None:
    counters, rival = (ef.Repository(store, REGISTRY, Counter, warm=0) for _ in range(2))
    seen = []

    def decide(counter: Counter) -> None:
        seen.append(counter.total)
        if len(seen) == 1:
            rival.execute("counter-1", Counter.add, 7)
        else:
            rival.execute_once("c-1", "counter-1", Counter.add, 2)
        counter.add(1)

    done = counters.execute_once("c-1", "counter-1", decide)
    assert (done.attempts, done.deduplicated, list(done.events)) == (2, True, [Added(amount=2)])
    assert (seen, counters.load("counter-1").total) == ([0, 7], 9)


def test_an_aggregate_that_was_loaded_and_changed_is_saved(counters: ef.Repository[Counter]) -> None:
    counters.execute("counter-1", Counter.add, 2)
    counter, rival = counters.load("counter-1"), counters.load("counter-1")
    assert counters.save(counter).version == 1  # nothing to save
    counter.add(3)
    counter.add(4)
    done = counters.save(counter)
    assert (done.version, list(done.events)) == (3, [Added(amount=3), Added(amount=4)])
    assert (counter.version, counter.uncommitted_changes) == (3, ())
    rival.add(5)
    with pytest.raises(WrongExpectedVersion):
        counters.save(rival)
    assert (rival.uncommitted_changes, counters.load("counter-1").total) == ((Added(amount=5),), 9)


def test_a_save_whose_answer_was_lost_is_settled(store: ef.Store) -> None:
    losing: Any = Losing(store, 2, after=True)
    counters = ef.Repository(losing, REGISTRY, Counter)
    counter = Counter("counter-1")
    counter.add(3)
    assert (counters.save(counter).version, store.head("counter-1")) == (1, 1)


def test_a_history_is_read_between_versions(counters: ef.Repository[Counter]) -> None:
    for n in range(1, 6):
        counters.execute("counter-1", Counter.add, n)

    def amounts(**bounds: int) -> list[int]:
        found = list(counters.history("counter-1", **bounds))
        assert [h.recorded.version for h in found] == [h.event.amount for h in found]  # type: ignore[attr-defined]
        return [h.recorded.version for h in found]

    assert amounts() == [1, 2, 3, 4, 5]
    assert (amounts(after=3), amounts(to=2), amounts(after=1, to=3)) == ([4, 5], [1, 2], [2, 3])


def test_the_past_is_answered_by_version_and_time(counters: ef.Repository[Counter], store: ef.Store) -> None:
    for n in range(1, 5):
        counters.execute("counter-1", Counter.add, n)
    assert [counters.at("counter-1", version=v).total for v in range(1, 5)] == [1, 3, 6, 10]
    for event in store.read("counter-1"):
        wanted = sum(
            e.data_map()["amount"] for e in store.read("counter-1") if e.recorded_us <= event.recorded_us
        )
        assert counters.at("counter-1", time=event.recorded_at).total == wanted
    with pytest.raises(PositionBeyondHead):
        counters.at("counter-1", version=5)
    with pytest.raises(RangeInvalid):
        counters.at("counter-1")


def test_streams_that_are_not_there_or_not_ours_are_refused(counters: ef.Repository[Counter]) -> None:
    with pytest.raises(StreamNotFound):
        counters.load("counter-9")
    with pytest.raises(CategoryMismatch):
        counters.execute("order-1", Counter.add)


def test_metadata_come_from_the_context(counters: ef.Repository[Counter], store: ef.Store) -> None:
    with ef.context(actor="anna", correlation_id="x"):
        counters.execute("counter-1", Counter.add)
    assert next(store.read("counter-1")).metadata_map() == {"actor": "anna", "correlationId": "x"}


def test_a_missing_upcaster_is_refused_when_the_registry_is_built() -> None:
    class Moved(ef.Event, version=3):
        to: str

    ef.upcast(Moved, 1)(dict)
    with pytest.raises(UpcasterMissing) as caught:
        ef.Registry([Moved])
    assert caught.value.facts["version"] == 2


def test_a_repeated_command_that_decides_less_now_gets_its_whole_first_result(tmp_path: Path) -> None:
    class Noted(ef.Event):
        n: int

    class Pad(ef.Aggregate[Noted], category="pad"):
        def note(self, *numbers: int) -> None:
            for n in numbers:
                self.raise_event(Noted(n=n))

        def apply(self, event: Noted) -> None: ...

    store = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    pads = ef.Repository(store, ef.Registry([Noted]), Pad)
    first = pads.execute_once("c-1", "pad-1", Pad.note, 1, 2)
    again = pads.execute_once("c-1", "pad-1", Pad.note, 1)
    assert (again.version, again.events, again.deduplicated) == (2, list(first.events), True)
    assert store.head("pad-1") == 2
    store.close()
