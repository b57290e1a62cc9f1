"""Appending: versions, expectations, all or nothing, durability."""

from collections.abc import Callable

import pytest

from eventfold.errors import CapabilityMissing, WrongExpectedVersion
from eventfold.store.port import ANY, EXISTS, Expected, Store, Write
from eventfold.testing.making import make, make_many, numbers, read_all, same_events


class AppendingContract:
    """What `append` and `append_all` promise."""

    def test_a_new_stream_begins_at_version_one(self, store: Store) -> None:
        assert store.append("order-1", [make()], expected=0).version == 1

    def test_versions_count_the_events_without_a_hole(self, store: Store) -> None:
        for start, count in ((0, 1), (1, 3), (4, 2)):
            store.append("order-1", make_many(count), expected=start)
        assert [e.version for e in store.read("order-1")] == [1, 2, 3, 4, 5, 6]

    def test_events_are_stored_exactly_as_given(self, store: Store) -> None:
        given = [
            make(data={"text": "Zoë ⟨𝄞⟩ \n\t\"'\\", "n": 1, "list": [1, None, {"a": -0.5}]}, occurred_us=-1),
            make(event_type="W_Completeren aanvraag", schema_version=7, metadata='{"actor":"anna","x":[1]}'),
        ]
        store.append("order-ä b", given, expected=0)
        assert same_events(list(store.read("order-ä b")), given)

    @pytest.mark.parametrize("size", [1, 2, 99, 1000])
    def test_a_batch_keeps_its_order(self, store: Store, size: int) -> None:
        size = min(size, store.capabilities.max_batch)
        answer = store.append("order-1", make_many(size), expected=0)
        assert answer.version == size
        assert numbers(store.read("order-1")) == list(range(size))

    def test_streams_are_separate(self, store: Store) -> None:
        store.append("order-1", [make(1)], expected=0)
        store.append("order-2", [make(2)], expected=0)
        store.append("cart-1", [make(3)], expected=0)
        assert [numbers(store.read(s)) for s in ("order-1", "order-2", "cart-1")] == [[1], [2], [3]]

    @pytest.mark.parametrize(
        ("length", "expected", "lands"),
        [
            (0, 0, True),
            (0, ANY, True),
            (0, EXISTS, False),
            (0, 1, False),
            (0, 7, False),
            (3, 3, True),
            (3, ANY, True),
            (3, EXISTS, True),
            (3, 0, False),
            (3, 2, False),
            (3, 4, False),
        ],
    )
    def test_an_append_lands_only_where_it_was_expected(
        self, store: Store, length: int, expected: Expected, *, lands: bool
    ) -> None:
        if length:
            store.append("order-1", make_many(length), expected=0)
        if lands:
            assert store.append("order-1", [make(9)], expected=expected).version == length + 1
            return
        with pytest.raises(WrongExpectedVersion) as caught:
            store.append("order-1", [make(9)], expected=expected)
        assert caught.value.facts["actual"] == length
        assert caught.value.facts["stream"] == "order-1"
        assert caught.value.outcome == "not_applied"
        assert store.head("order-1") == length
        assert len(read_all(store.feed())) == length

    def test_a_stream_can_be_written_after_a_conflict(self, store: Store) -> None:
        with pytest.raises(WrongExpectedVersion):
            store.append("order-1", [make()], expected=5)
        assert store.append("order-1", [make()], expected=0).version == 1

    def test_recorded_time_never_decreases(self, store: Store) -> None:
        for n in range(20):
            store.append("order-1", make_many(3), expected=3 * n)
        times = [e.recorded_us for e in store.read("order-1")]
        assert times == sorted(times)

    def test_occurred_time_is_kept_beside_recorded_time(self, store: Store) -> None:
        store.append("order-1", [make(occurred_us=1_000_000), make()], expected=0)
        early, plain = store.read("order-1")
        assert early.occurred_us == 1_000_000 < early.recorded_us
        assert plain.occurred_us == plain.recorded_us
        assert plain.occurred_or_none_us is None

    def test_what_was_acknowledged_is_there_after_opening_again(self, open_it: Callable[[], Store]) -> None:
        first = open_it()
        if not first.capabilities.durable:
            first.close()
            pytest.skip("declared: not durable")
        log, given = first.log_id, make_many(5)
        first.append("order-1", given, expected=0)
        first.close()
        second = open_it()
        assert second.log_id == log
        assert same_events(list(second.read("order-1")), given)
        assert second.append("order-1", [make()], expected=5).version == 6
        second.close()

    def test_the_token_leads_the_feed_to_the_events(self, store: Store) -> None:
        store.append("order-1", [make(1)], expected=0)
        token = store.append("order-2", [make(2)], expected=0).token
        feed = store.feed()
        reached = {"equal"} if store.capabilities.position_at_append else {"equal", "before"}
        assert feed.compare(feed.at(token), feed.end()) in reached
        after = store.append("order-3", [make(3)], expected=0).token
        if store.capabilities.position_at_append:
            assert [e.stream for e in read_all(feed, feed.at(token))] == ["order-3"]
        assert feed.compare(feed.at(after), feed.end()) in reached
        events, cursor = set[str](), feed.start()
        while feed.compare(cursor, feed.at(after)) not in {"equal", "after"}:
            page = feed.read(cursor, 1)
            events |= {event.stream for event in page.events}
            cursor = page.cursor
        assert "order-3" in events

    def test_several_streams_are_written_together(self, store: Store) -> None:
        writes = [Write("order-1", make_many(2), 0), Write("cart-1", [make(7)], ANY)]
        if not store.capabilities.atomic_over_streams:
            with pytest.raises(CapabilityMissing):
                store.append_all(writes)
            return
        assert [answer.version for answer in store.append_all(writes)] == [2, 1]
        assert (store.head("order-1"), store.head("cart-1")) == (2, 1)

    def test_of_several_streams_all_or_none_are_written(self, store: Store) -> None:
        if not store.capabilities.atomic_over_streams:
            pytest.skip("declared: not atomic over streams")
        with pytest.raises(WrongExpectedVersion):
            store.append_all([Write("order-1", [make()], 0), Write("cart-1", [make()], 3)])
        assert (store.head("order-1"), store.head("cart-1")) == (0, 0)
        assert store.append_all([]) == []

    def test_one_stream_may_stand_twice_among_several(self, store: Store) -> None:
        if not store.capabilities.atomic_over_streams:
            pytest.skip("declared: not atomic over streams")
        answers = store.append_all([Write("order-1", [make(0)], 0), Write("order-1", [make(1)], 1)])
        assert [a.version for a in answers] == [1, 2]
        assert numbers(store.read("order-1")) == [0, 1]

    def test_appending_does_not_change_the_log_id(self, store: Store) -> None:
        before = store.log_id
        token = store.append("order-1", [make()], expected=0).token
        assert (store.log_id, token.log) == (before, before)
