"""Repeating: the same ids write nothing twice, and never hide other content."""

from uuid import UUID

import pytest

from eventfold.errors import EventIdReused, PartialDuplicate
from eventfold.events.envelope import NewEvent
from eventfold.store.port import ANY, EXISTS, Expected, Store, Write
from eventfold.testing.making import make, make_many, numbers, read_all


class IdempotencyContract:
    """What a repeated append promises."""

    @pytest.mark.parametrize("again", [0, 2, 5, ANY, EXISTS])
    @pytest.mark.parametrize("others", [0, 3])
    @pytest.mark.parametrize("first", [0, ANY])
    def test_a_repeat_gives_the_first_answer(
        self, store: Store, first: Expected, again: Expected, others: int
    ) -> None:
        given = make_many(2)
        answer = store.append("order-1", given, expected=first)
        if others:
            store.append("order-1", make_many(others), expected=2)
        repeat = store.append("order-1", given, expected=again)
        assert (repeat.version, repeat.deduplicated) == (answer.version, True)
        assert (answer.deduplicated, store.head("order-1")) == (False, 2 + others)

    def test_a_repeat_in_the_middle_of_a_stream_gives_its_version(self, store: Store) -> None:
        store.append("order-1", make_many(3), expected=0)
        given = make_many(2)
        store.append("order-1", given, expected=3)
        store.append("order-1", make_many(4), expected=5)
        assert store.append("order-1", given, expected=3).version == 5

    def test_the_beginning_of_an_earlier_append_is_a_repeat(self, store: Store) -> None:
        given = make_many(3)
        store.append("order-1", given, expected=0)
        assert store.append("order-1", given[:2], expected=0).version == 2

    def test_metadata_and_times_do_not_count_as_content(self, store: Store) -> None:
        event = make(1)
        store.append("order-1", [event], expected=0)
        again = make(1, event_id=event.id, metadata='{"actor":"b"}', occurred_us=5)
        assert store.append("order-1", [again], expected=0).deduplicated
        assert next(store.read("order-1")).metadata == "{}"

    def test_equal_data_written_in_another_order_are_the_same_content(self, store: Store) -> None:
        event = make(data={"n": 1, "m": 2})
        store.append("order-1", [event], expected=0)
        assert store.append(
            "order-1", [make(event_id=event.id, data={"m": 2, "n": 1})], expected=0
        ).deduplicated

    @pytest.mark.parametrize("expected", [0, 1, ANY, EXISTS])
    @pytest.mark.parametrize("other", [{"data": {"n": 2}}, {"schema_version": 2}, {"event_type": "Other"}])
    def test_an_id_with_other_content_is_refused(
        self, store: Store, expected: Expected, other: dict[str, object]
    ) -> None:
        event = make(1)
        store.append("order-1", [event], expected=0)
        changed = make(1, event_id=event.id, **other)  # type: ignore[arg-type] # each key has its type
        with pytest.raises(EventIdReused):
            store.append("order-1", [changed], expected=expected)
        assert numbers(store.read("order-1")) == [1]

    @pytest.mark.parametrize(
        ("data", "other"), [("1", "true"), ("1", "1.0"), ("0", "false"), ("0.1", "0.10000000000000001")]
    )
    def test_values_that_only_python_calls_equal_are_other_content(
        self, store: Store, data: str, other: str
    ) -> None:
        first, second = (NewEvent(UUID(int=7), "Noted", 1, f'{{"n":{n}}}') for n in (data, other))
        store.append("order-1", [first], expected=0)
        with pytest.raises(EventIdReused):
            store.append("order-1", [second], expected=0)

    @pytest.mark.parametrize("expected", [0, ANY])
    def test_an_id_of_another_stream_is_refused_where_declared(
        self, store: Store, expected: Expected
    ) -> None:
        event = make(1)
        store.append("order-1", [event], expected=0)
        if not store.capabilities.event_ids_unique_in_log:
            pytest.skip("declared: event ids are unique inside a stream only")
        with pytest.raises(EventIdReused):
            store.append("order-2", [event], expected=expected)
        assert store.head("order-2") == 0

    @pytest.mark.parametrize("expected", [0, 1, ANY, EXISTS])
    @pytest.mark.parametrize("known_first", [True, False])
    def test_known_and_new_events_do_not_mix(
        self, store: Store, expected: Expected, *, known_first: bool
    ) -> None:
        known, new = make(1), make(2)
        store.append("order-1", [known], expected=0)
        batch = [known, new] if known_first else [new, known]
        with pytest.raises(PartialDuplicate):
            store.append("order-1", batch, expected=expected)
        assert numbers(store.read("order-1")) == [1]
        assert len(read_all(store.feed())) == 1

    def test_known_events_in_another_order_are_no_repeat(self, store: Store) -> None:
        a, b = make_many(2)
        store.append("order-1", [a, b], expected=0)
        with pytest.raises(PartialDuplicate):
            store.append("order-1", [b, a], expected=2)

    def test_known_events_with_others_between_them_are_no_repeat(self, store: Store) -> None:
        a, b, c = make_many(3)
        store.append("order-1", [a, b, c], expected=0)
        with pytest.raises(PartialDuplicate):
            store.append("order-1", [a, c], expected=3)

    def test_a_repeat_over_several_streams_writes_nothing(self, store: Store) -> None:
        if not store.capabilities.atomic_over_streams:
            pytest.skip("declared: not atomic over streams")
        writes = [Write("order-1", make_many(2), 0), Write("order-2", make_many(1), 0)]
        first = store.append_all(writes)
        again = store.append_all(writes)
        assert [a.version for a in first] == [a.version for a in again]
        assert all(a.deduplicated for a in again)
        assert len(read_all(store.feed())) == 3

    def test_find_gives_known_events_of_the_named_stream_only(self, store: Store) -> None:
        given = make_many(3)
        store.append("order-1", given, expected=0)
        unknown = make()
        found = list(
            store.find({"order-1": [given[2].id, given[0].id, unknown.id], "order-2": [given[1].id]})
        )
        assert {e.id for e in found} == {given[0].id, given[2].id}
        assert {e.version for e in found} == {1, 3}
        assert list(store.find({})) == []

    def test_find_answers_for_many_ids_at_once(self, store: Store) -> None:
        given = make_many(min(1200, store.capabilities.max_batch))
        store.append("order-1", given, expected=0)
        assert len(list(store.find({"order-1": [e.id for e in given]}))) == len(given)
