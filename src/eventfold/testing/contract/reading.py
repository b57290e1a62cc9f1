"""Reading streams: ranges, directions, limits, listings."""

from collections.abc import Callable
from itertools import product

import pytest

from eventfold.errors import InvalidStream, RangeInvalid
from eventfold.store.port import Store, StreamEnd
from eventfold.testing.making import make, make_many, numbers


class ReadingContract:
    """What `read`, `head` and `streams` promise."""

    def test_an_unknown_stream_has_no_events(self, store: Store) -> None:
        assert list(store.read("order-none")) == []
        assert store.head("order-none") == 0

    def test_the_ends_of_streams_are_their_last_events(self, store: Store) -> None:
        given = make(1, occurred_us=5_000_001, metadata='{"actor":"ada"}')
        store.append("order-1", make_many(3), expected=0)
        store.append("order-1", [given], expected=3)
        store.append("other-2", make_many(2), expected=0)
        store.append("order-not-asked", make_many(1), expected=0)
        found = {end.stream: end for end in store.ends(["other-2", "order-none", "order-1", "order-1"])}
        assert set(found) == {"order-1", "other-2"}
        for stream, end in found.items():
            last = next(store.read(stream, backwards=True, limit=1))
            assert end == StreamEnd(
                stream, last.version, last.id, last.recorded_us, last.occurred_or_none_us, last.metadata
            )
        assert (found["order-1"].version, found["order-1"].id) == (4, given.id)
        assert (found["order-1"].occurred_us, found["order-1"].metadata) == (5_000_001, '{"actor":"ada"}')
        assert found["other-2"].occurred_us is None

    def test_ends_are_as_of_now_for_another_that_has_the_store_open(
        self, store: Store, open_it: Callable[[], Store]
    ) -> None:
        if not store.capabilities.durable:
            pytest.skip("declared: what it keeps ends with it")
        other = open_it()
        try:
            for n in range(3):
                store.append("order-1", [make(n)], expected=n)
                assert [end.version for end in other.ends(["order-1"])] == [n + 1]
                assert [end.version for end in store.ends(["order-1"])] == [n + 1]
        finally:
            other.close()

    def test_ends_are_given_for_many_streams_at_once(self, store: Store) -> None:
        names = [f"order-{n}" for n in range(120)]
        for name in names:
            store.append(name, [make(1)], expected=0)
        asked = [*names, *(f"order-none-{n}" for n in range(1_200))]
        assert {(end.stream, end.version) for end in store.ends(asked)} == {(name, 1) for name in names}
        assert list(store.ends([])) == []

    @pytest.mark.parametrize("name", ["order", "$system-1", "order-a/b"])
    def test_ends_of_what_no_stream_can_be_called_are_refused(self, store: Store, name: str) -> None:
        with pytest.raises(InvalidStream):
            list(store.ends(["order-1", name]))

    @pytest.mark.parametrize("backwards", [False, True])
    def test_every_range_gives_exactly_its_events(self, store: Store, *, backwards: bool) -> None:
        store.append("order-1", make_many(6), expected=0)
        versions = list(range(1, 7))
        for after, to, limit in product(range(8), [None, *range(8)], [None, 0, 1, 3, 9]):
            if to is not None and after > to:
                continue
            inside = [v for v in versions if after < v and (to is None or v <= to)]
            wanted = (inside[::-1] if backwards else inside)[:limit]
            found = store.read("order-1", after=after, to=to, limit=limit, backwards=backwards)
            assert [e.version for e in found] == wanted, (after, to, limit)

    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize("limit", [None, 999, 1000, 1001, 2500])
    def test_pages_join_without_a_seam(self, store: Store, limit: int | None, *, backwards: bool) -> None:
        total = 0
        while total < 2500:
            step = min(500, store.capabilities.max_batch)
            store.append("order-1", make_many(step), expected=total)
            total += step
        wanted = list(range(total, 0, -1) if backwards else range(1, total + 1))[:limit]
        assert [e.version for e in store.read("order-1", backwards=backwards, limit=limit)] == wanted

    def test_reading_is_lazy_and_may_be_left(self, store: Store) -> None:
        store.append("order-1", make_many(50), expected=0)
        events = store.read("order-1")
        assert next(events).version == 1
        store.append("order-1", [make()], expected=50)
        del events
        assert store.head("order-1") == 51

    @pytest.mark.parametrize(
        ("after", "to", "limit"),
        [(-5, None, None), (3, 2, None), (0, -1, None), (0, None, -1), (2**63, None, None)],
    )
    def test_a_wrong_range_is_refused(
        self, store: Store, after: int, to: int | None, limit: int | None
    ) -> None:
        with pytest.raises(RangeInvalid):
            list(store.read("order-1", after=after, to=to, limit=limit))

    def test_the_envelope_tells_stream_type_and_version(self, store: Store) -> None:
        store.append("order-1", [make(event_type="A"), make(event_type="B", schema_version=3)], expected=0)
        found = [(e.stream, e.version, e.type, e.schema_version) for e in store.read("order-1")]
        assert found == [("order-1", 1, "A", 1), ("order-1", 2, "B", 3)]

    def test_streams_are_listed_by_name_with_their_versions(self, store: Store) -> None:
        for name, count in (("order-2", 2), ("cart-1", 1), ("order-1", 3)):
            store.append(name, make_many(count), expected=0)
        assert [tuple(s) for s in store.streams()] == [
            ("cart-1", "cart", 1),
            ("order-1", "order", 3),
            ("order-2", "order", 2),
        ]

    def test_streams_of_a_category_are_only_those(self, store: Store) -> None:
        for name in ("order-1", "orders-1", "cart-1", "order-a-b"):
            store.append(name, [make()], expected=0)
        assert [s.stream for s in store.streams("order")] == ["order-1", "order-a-b"]
        assert list(store.streams("none")) == []

    def test_both_reading_directions_agree(self, store: Store) -> None:
        store.append("order-1", make_many(7), expected=0)
        assert numbers(store.read("order-1")) == numbers(store.read("order-1", backwards=True))[::-1]

    @pytest.mark.parametrize("category", ["", "order-1", "$log", "a/b", "\udcff", " a"])
    def test_a_category_that_no_stream_can_have_is_refused(self, store: Store, category: str) -> None:
        with pytest.raises(InvalidStream):
            store.streams(category)
