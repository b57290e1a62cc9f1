"""Many writers and readers at once: one winner per version, nothing interleaved, prefixes only."""

import threading
from collections.abc import Callable, Iterable
from functools import partial

from eventfold.errors import WrongExpectedVersion
from eventfold.events.envelope import NewEvent
from eventfold.store.port import ANY, Appended, Store
from eventfold.testing.making import make, make_many, numbers, read_all


def run_together(works: Iterable[Callable[[], None]]) -> None:
    """Runs all at once; raises what one of them raised."""
    failures: list[BaseException] = []
    everybody = list(works)
    barrier = threading.Barrier(len(everybody))

    def run(work: Callable[[], None]) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class ConcurrencyContract:
    """What holds when several threads share a store."""

    def test_each_version_has_exactly_one_winner(self, store: Store) -> None:
        wins: list[tuple[int, int]] = []

        def compete(writer: int) -> None:
            for n in range(12):
                try:
                    store.append("order-1", [make(writer)], expected=n)
                except WrongExpectedVersion as error:
                    assert error.facts["actual"] != n
                else:
                    wins.append((n, writer))

        run_together([partial(compete, w) for w in range(6)])
        assert sorted(n for n, _ in wins) == list(range(store.head("order-1")))
        winner_of = dict(wins)
        assert numbers(store.read("order-1")) == [winner_of[n] for n in range(store.head("order-1"))]

    def test_writers_of_different_streams_all_succeed(self, store: Store) -> None:
        def write(writer: int) -> None:
            for n in range(15):
                store.append(f"order-{writer}", [make(n)], expected=n)

        run_together([partial(write, w) for w in range(6)])
        assert [store.head(f"order-{w}") for w in range(6)] == [15] * 6

    def test_large_appends_do_not_interleave(self, store: Store) -> None:
        size = min(1000, store.capabilities.max_batch)

        def write() -> None:
            store.append("order-1", make_many(size), expected=ANY)

        run_together([write] * 3)
        assert numbers(store.read("order-1")) == list(range(size)) * 3

    def test_the_same_append_made_twice_at_once_lands_once(self, store: Store) -> None:
        for n in range(10):
            given = make_many(2)
            answers: list[Appended] = []

            def again(given: list[NewEvent] = given, n: int = n, answers: list[Appended] = answers) -> None:
                answers.append(store.append("order-1", given, expected=2 * n))

            run_together([again] * 3)
            assert {a.version for a in answers} == {2 * n + 2}
            assert sorted(a.deduplicated for a in answers) == [False, True, True]
        assert store.head("order-1") == 20

    def test_a_reader_beside_writers_never_sees_a_hole(self, store: Store) -> None:
        done = threading.Event()
        seen: list[str] = []

        def follow() -> None:
            feed = store.feed()
            cursor = feed.start()
            while True:
                last = done.is_set()
                page = feed.read(cursor, 7)
                cursor = page.cursor
                seen.extend(e.id.hex for e in page.events)
                if last and page.caught_up:
                    return

        def write(writer: int) -> None:
            for _ in range(25):
                store.append(f"order-{writer}", make_many(2), expected=ANY)

        reader = threading.Thread(target=follow)
        reader.start()
        run_together([partial(write, w) for w in range(4)])
        done.set()
        reader.join()
        assert len(seen) == len(set(seen)) == 200
        assert sorted(seen) == sorted(e.id.hex for e in read_all(store.feed()))
