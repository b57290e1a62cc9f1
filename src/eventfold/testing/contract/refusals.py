"""Hostile and mistaken input: a typed error with its code, and nothing written."""

import json
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from eventfold import limits
from eventfold.errors import EventfoldError, PayloadInvalid
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.store.port import ANY, Store
from eventfold.testing.contract.names import BAD_TYPES, GOOD_STREAMS, GOOD_TYPES, HIDDEN
from eventfold.testing.making import make, make_many, numbers, read_all

BAD_STREAMS = [
    ("order", "stream-name-invalid"),
    ("-1", "stream-name-invalid"),
    ("order-", "stream-name-invalid"),
    ("", "stream-name-invalid"),
    ("..", "stream-name-invalid"),
    ("../../etc/x-1", "stream-name-invalid"),
    ("C:\\x-1", "stream-name-invalid"),
    ("%2e%2e", "stream-name-invalid"),
    ("order-a/b", "stream-name-invalid"),
    ("order-a\\b", "stream-name-invalid"),
    ("order-a?b", "stream-name-invalid"),
    ("order-a#b", "stream-name-invalid"),
    ("order-a\nb", "stream-name-invalid"),
    ("order-a\0b", "stream-name-invalid"),
    ("order-\u0007", "stream-name-invalid"),
    (" order-1", "stream-name-invalid"),
    ("order-1 ", "stream-name-invalid"),
    ("order-e\u0301", "stream-name-invalid"),
    ("order-\ud800", "stream-name-invalid"),
    ("order-" + "x" * 250, "stream-name-too-long"),
    ("order-" + "ä" * 125, "stream-name-too-long"),
    ("$all", "stream-reserved"),
    ("$order-1", "stream-reserved"),
    ("__system-1", "stream-reserved"),
]
EMPTY_IDS = [UUID(int=0), UUID(int=2**128 - 1)]
BAD_JSON = [
    ("", "json-invalid"),
    ("ready", "json-invalid"),
    ('{"a":', "json-invalid"),
    ('{"a":1}{"b":2}', "json-invalid"),
    ("[1]", "object-expected"),
    ('"text"', "object-expected"),
    ("null", "object-expected"),
    ('{"a":NaN}', "number-not-finite"),
    ('{"a":1e400}', "number-not-finite"),
    ('{"a":{"b":-1e999}}', "number-not-finite"),
    ('{"a":1,"a":2}', "json-duplicate-key"),
    ('{"a":[{"b":1,"b":1}]}', "json-duplicate-key"),
    ('{"a":1,"\\u0061":2}', "json-duplicate-key"),
    ('{"a":"\\ud800"}', "encoding-invalid"),
    ('{"a":"\\udc00\\ud800"}', "encoding-invalid"),
    ('{"a":9223372036854775808}', "integer-out-of-range"),
    ('{"a":-9223372036854775809}', "integer-out-of-range"),
    ('{"a":' + "1" * 400 + "}", "number-too-large"),
    ('{"a":' * 65 + "1" + "}" * 65, "json-too-deep"),
    ('{"a":' + "[" * 64 + "]" * 64 + "}", "json-too-deep"),
    ('{"a":' * 1_000 + "1" + "}" * 1_000, "json-too-deep"),
    ('{"$enc":"x"}', "payload-invalid"),
]
GOOD_JSON = [
    '{"a":9223372036854775807,"b":-9223372036854775808}',
    '{"a":1.10,"b":1e22,"c":-0.0,"d":1E5}',
    '{"a":"\\u00e9\\/\\n","b":"\\ud834\\udd1e"}',
    '{ "a" : [ 1 , { } ] }',
    '{"a":"9223372036854775808","NaN":"NaN","[[":"{{{"}',
    '{"a":' + "[" * 63 + "]" * 63 + "}",
    '{"":0}',
]
BAD_EXPECTED: list[Any] = [-7, -1, "abc", 1.5, True, None, "any"]


class RefusalsContract:
    """What no store accepts."""

    def _refused(
        self, store: Store, code: str, stream: str, events: list[NewEvent], expected: Any = 0
    ) -> None:
        with pytest.raises(EventfoldError) as caught:
            store.append(stream, events, expected=expected)
        assert caught.value.code == code
        assert caught.value.outcome == "not_applied"
        assert read_all(store.feed()) == []

    @pytest.mark.parametrize(("stream", "code"), BAD_STREAMS)
    def test_a_wrong_stream_name_is_refused(self, store: Store, stream: str, code: str) -> None:
        self._refused(store, code, stream, [make()])
        with pytest.raises(EventfoldError) as caught:
            list(store.read(stream))
        assert caught.value.code == code

    @pytest.mark.parametrize("stream", ["order-1", "o-1", "order-" + "x" * 249, "W_a b-ä.~:!", "a--", "a-$b"])
    def test_a_right_stream_name_is_taken(self, store: Store, stream: str) -> None:
        assert store.append(stream, [make()], expected=0).version == 1
        assert next(store.read(stream)).stream == stream

    @pytest.mark.parametrize("event_type", BAD_TYPES)
    def test_a_wrong_event_type_is_refused(self, store: Store, event_type: str) -> None:
        self._refused(store, "event-type-invalid", "order-1", [make(event_type=event_type)])

    @pytest.mark.parametrize("event_type", GOOD_TYPES)
    def test_a_right_event_type_is_taken(self, store: Store, event_type: str) -> None:
        store.append("order-1", [make(event_type=event_type)], expected=0)
        assert next(store.read("order-1")).type == event_type

    @pytest.mark.parametrize("expected", BAD_EXPECTED)
    def test_what_is_no_expected_version_is_refused(self, store: Store, expected: Any) -> None:
        self._refused(store, "expected-version-invalid", "order-1", [make()], expected)

    def test_an_append_without_events_is_refused(self, store: Store) -> None:
        self._refused(store, "batch-empty", "order-1", [])

    def test_too_many_events_are_refused(self, store: Store) -> None:
        usual = store.capabilities.max_batch == limits.BATCH_EVENTS
        code = "batch-too-large" if usual else "backend-limit"
        self._refused(store, code, "order-1", make_many(store.capabilities.max_batch + 1))

    def test_an_id_twice_in_one_append_is_refused(self, store: Store) -> None:
        event = make(1)
        self._refused(store, "event-id-duplicated", "order-1", [event, make(2), make(3, event_id=event.id)])

    def test_an_event_above_the_size_limit_is_refused(self, store: Store) -> None:
        largest = store.capabilities.max_event_bytes - len('{"n":""}') - len("{}")
        self._refused(store, "event-too-large", "order-1", [make(data={"n": "x" * (largest + 1)})])
        self._refused(store, "event-too-large", "order-1", [make(data={"n": "ä" * (largest // 2 + 1)})])
        assert store.append("order-1", [make(data={"n": "x" * largest})], expected=0).version == 1

    @pytest.mark.parametrize("count", [1, 20])
    @pytest.mark.parametrize("name", ["schemaVersion", "upgradedFrom", "occurredAt"])
    def test_metadata_that_would_hide_what_the_system_says_are_refused(
        self, store: Store, name: str, count: int
    ) -> None:
        reserved = [*make_many(count - 1), make(metadata=f'{{"{name}":2}}')]
        self._refused(store, "metadata-reserved", "order-1", reserved)
        harmless = [make(n, metadata=f'{{"note":"{name}"}}') for n in range(count)]
        assert store.append("order-1", harmless, expected=0).version == count

    def test_metadata_above_the_limit_are_refused(self, store: Store) -> None:
        self._refused(
            store,
            "metadata-invalid",
            "order-1",
            [make(metadata='{"a":"%s"}' % ("x" * limits.METADATA_BYTES))],
        )

    def test_text_with_nul_is_refused(self, store: Store) -> None:
        self._refused(store, "text-has-nul", "order-1", [NewEvent(new_id(), "T", 1, '{"a":"\0"}')])

    def test_text_with_an_escaped_nul_is_refused_and_an_escaped_backslash_is_not(self, store: Store) -> None:
        self._refused(store, "text-has-nul", "order-1", [NewEvent(new_id(), "T", 1, '{"a":"\\u0000"}')])
        self._refused(store, "text-has-nul", "order-1", [NewEvent(new_id(), "T", 1, '{"a":"\\\\\\u0000"}')])
        harmless = NewEvent(new_id(), "T", 1, '{"a":"\\\\u0000"}')
        store.append("order-1", [harmless], expected=0)
        assert next(store.read("order-1")).data_map() == {"a": "\\u0000"}

    def test_text_with_a_lone_surrogate_is_refused(self, store: Store) -> None:
        self._refused(store, "encoding-invalid", "order-1", [NewEvent(new_id(), "T", 1, '{"a":"\ud800"}')])

    @pytest.mark.parametrize("count", [1, 20])
    @pytest.mark.parametrize(("text", "code"), BAD_JSON)
    def test_text_that_is_no_json_object_which_can_be_taken_back_is_refused(
        self, store: Store, text: str, code: str, count: int
    ) -> None:
        before = make_many(count - 1)
        self._refused(store, code, "order-1", [*before, NewEvent(new_id(), "T", 1, text)])
        of_metadata = "metadata-invalid" if code == "object-expected" else code
        self._refused(store, of_metadata, "order-1", [*before, NewEvent(new_id(), "T", 1, "{}", text)])

    @pytest.mark.parametrize("text", GOOD_JSON)
    def test_a_json_object_is_taken_and_says_the_same(self, store: Store, text: str) -> None:
        store.append("order-1", [NewEvent(new_id(), "T", 1, text, text)], expected=0)
        (event,) = store.read("order-1")
        assert event.data_map() == event.metadata_map() == json.loads(text)

    @pytest.mark.parametrize("name", ["type", "data", "metadata", "occurred_us", "recorded_us"])
    def test_a_value_of_another_kind_is_refused(self, store: Store, name: str) -> None:
        wrong: Any = {name: 1.5 if name.endswith("us") else b"{}"}
        self._refused(store, "payload-invalid", "order-1", [structs.replace(make(), **wrong)])

    @pytest.mark.parametrize("schema_version", [0, -1, "1", 1.0, 2**63])
    def test_a_wrong_schema_version_is_refused(self, store: Store, schema_version: Any) -> None:
        self._refused(store, "payload-invalid", "order-1", [make(schema_version=schema_version)])

    def test_json_on_several_lines_is_refused(self, store: Store) -> None:
        self._refused(store, "payload-invalid", "order-1", [NewEvent(new_id(), "T", 1, '{\n"a":1}')])
        self._refused(store, "payload-invalid", "order-1", [make(metadata='{\n"actor":"ä"}')])

    @pytest.mark.parametrize("us", [limits.TIME_MIN_US - 1, limits.TIME_MAX_US + 1, limits.INT_MIN, 2**63])
    def test_a_time_outside_the_years_1_to_9999_is_refused(self, store: Store, us: int) -> None:
        self._refused(store, "time-invalid", "order-1", [make(occurred_us=us)])

    @pytest.mark.parametrize("us", [limits.TIME_MIN_US, limits.TIME_MAX_US])
    def test_the_first_and_the_last_time_read_back(self, store: Store, us: int) -> None:
        store.append("order-1", [make(occurred_us=us)], expected=0)
        assert next(store.read("order-1")).occurred_at.year in {1, 9999}

    @pytest.mark.parametrize("count", [1, 20])
    @pytest.mark.parametrize(
        "event_id", ["7f0c1c5e-0000-4000-8000-000000000001", "", 7, None, b"\0" * 16, 1.5]
    )
    def test_an_id_that_is_no_uuid_is_refused(self, store: Store, event_id: Any, count: int) -> None:
        wrong = NewEvent(event_id, "Noted", 1, "{}")
        self._refused(store, "payload-invalid", "order-1", [*make_many(count - 1), wrong])
        with pytest.raises(PayloadInvalid):
            list(store.find({"order-1": [event_id]}))

    @pytest.mark.parametrize("event_id", EMPTY_IDS)
    def test_the_uuid_of_nothing_is_no_id_of_a_new_event_and_is_restored_where_it_was_one(
        self, store: Store, event_id: UUID
    ) -> None:
        self._refused(store, "payload-invalid", "order-1", [make(1), make(2, event_id=event_id)])
        stored = make(1, event_id=event_id, recorded_us=1_700_000_000_000_000)
        assert store.append("order-1", [stored], expected=0).version == 1
        assert store.append("order-1", [stored], expected=0).deduplicated
        assert next(store.read("order-1")).id == event_id
        assert [event.id for event in store.find({"order-1": [event_id]})] == [event_id]
        assert store.append("order-1", [make(2)], expected=1).version == 2

    @pytest.mark.parametrize("hidden", HIDDEN)
    def test_no_new_stream_has_a_character_that_no_name_has_and_one_that_has_goes_on(
        self, store: Store, hidden: str
    ) -> None:
        stream = f"order-{hidden}1"
        for expected in (0, ANY):
            self._refused(store, "stream-name-invalid", stream, [make(1)], expected)
        store.append(stream, [make(1, recorded_us=1_700_000_000_000_000)], expected=0)
        assert store.append(stream, [make(2)], expected=1).version == 2
        assert store.append(stream, [make(3)], expected=ANY).version == 3
        assert numbers(list(store.read(stream))) == [1, 2, 3]
        assert numbers(read_all(store.feed())) == [1, 2, 3]

    @pytest.mark.parametrize("stream", GOOD_STREAMS)
    def test_streams_are_called_in_any_language(self, store: Store, stream: str) -> None:
        store.append(stream, [make(1)], expected=0)
        assert numbers(list(store.read(stream))) == [1]
        category = stream.partition("-")[0]
        assert [found.stream for found in store.streams(category)] == [stream]
        feed = store.feed()
        assert [event.stream for event in feed.read(feed.start(), 10, categories=[category]).events] == [
            stream
        ]

    def test_a_character_that_is_unknown_here_is_refused_in_a_new_type_and_read_where_it_is_stored(
        self, store: Store
    ) -> None:
        unknown = "Noted \u0378"
        self._refused(store, "event-type-invalid", "order-1", [make(1, event_type=unknown)])
        store.append("order-1", [make(1, event_type=unknown, recorded_us=1_700_000_000_000_000)], expected=0)
        feed = store.feed()
        found = feed.read(feed.start(), 10, types=[unknown]).events
        assert [event.type for event in (*store.read("order-1"), *found)] == [unknown, unknown]

    def test_one_wrong_event_refuses_the_whole_append(self, store: Store) -> None:
        self._refused(store, "event-type-invalid", "order-1", [make(1), make(2, event_type=""), make(3)])
