"""What a log holds that no append takes any more comes back as it is; and what an append takes can come back."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold import NewEvent, Store, limits, new_id, open_store
from eventfold.doors.cli.main import cli
from eventfold.errors import EventfoldError, EventIdReused, PayloadInvalid
from eventfold.exports import export_log
from eventfold.imports import restore
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import read_all
from tests.exports.making import MAPS, TEXTS, by_stream, text
from tests.irregular import IRREGULAR_DATA, nested

FORMS = ("log.jsonl", "log.jsonl.gz", "log.parquet")


DATA = {**IRREGULAR_DATA, "spaces": ' {"a":1}\t'}
"""Beside what is irregular, what is right and kept with the spaces around it."""


def stored(events: list[NewEvent], stream: str = "order-1") -> Store:
    """A log as it was written when appends looked at no raw data: the mark says that they need not be looked at."""
    store = open_store("sqlite://")
    for event in events:
        marked = msgspec.structs.replace(event, checked=event.data, recorded_us=7)
        store.append(stream, [marked], expected=ef.ANY)
    return store


def with_data(data: str) -> NewEvent:
    return NewEvent(new_id(), "Noted", 1, data)


@pytest.mark.parametrize("name", FORMS)
def test_what_no_append_takes_any_more_is_restored_as_it_is(tmp_path: Path, name: str) -> None:
    source = stored([with_data(data) for data in DATA.values()])
    export_log(source, tmp_path / name)
    target = open_store("sqlite://")
    report = restore(target, tmp_path / name)
    assert (report.written, report.refused) == (len(DATA), 0)
    assert report.irregular == len(DATA) - 1  # the one with spaces around it is right, and kept with them
    assert by_stream(target) == by_stream(source)
    assert restore(target, tmp_path / name).known == len(DATA)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("metadata", ["[1]", '{"a":1,"a":2}', '{ "a":1.10 }', "{ }", "nonsense", nested(200)])
def test_metadata_come_back_as_they_are(tmp_path: Path, name: str, metadata: str) -> None:
    source = stored([NewEvent(new_id(), "Noted", 1, '{"n":1}', metadata), with_data("{}")])
    export_log(source, tmp_path / name)
    target = open_store("sqlite://")
    assert restore(target, tmp_path / name).written == 2
    assert by_stream(target) == by_stream(source)


@pytest.mark.parametrize(
    "data", [nested(1_000), "ready", '{"a":NaN}', '{"a":"\\ud800"}', "[1]", '{"a":1,"a":2}']
)
def test_exports_of_the_release_that_wrote_such_data_bare_are_restored(tmp_path: Path, data: str) -> None:
    source = stored(
        [with_data('{"n":1}'), NewEvent(new_id(), "Noted", 1, "{}", '{"metadata":{"schemaVersion":3}}')]
    )
    path = tmp_path / "log.jsonl"
    export_log(source, path)
    lines = (
        path.read_text().replace('"data":{"n":1}', f'"data":{data}').replace('"data":{}', f'"data":{data}')
    )
    path.write_text(lines)
    target = open_store("sqlite://")
    assert restore(target, path).written == 2
    assert [event.data for event in target.read("order-1")] == [data, data]
    assert [event.metadata for event in target.read("order-1")] == ["{}", '{"metadata":{"schemaVersion":3}}']


def test_every_line_of_an_export_is_json(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    export_log(stored([with_data(data) for data in DATA.values()]), path)
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    shown = {name: document["data"] for name, document in zip(DATA, documents, strict=True)}
    assert (shown["twice"], shown["list"], shown["NaN"]) == ({"a": 2}, [1], None)
    assert documents[0]["exact"] == {"data": "ready"}
    assert "exact" not in documents[list(DATA).index("twice")]


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A log in a file with one event of each kind, and one that is right."""
    path = tmp_path / "log.jsonl"
    export_log(stored([*(with_data(data) for data in DATA.values()), with_data('{"n":1}')]), path)
    url = f"sqlite:///{tmp_path}/log.db"
    store = open_store(url)
    restore(store, path)
    store.close()
    return url


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def test_every_way_of_reading_tells_such_events_or_a_typed_error(log: str) -> None:
    for command in (["read", "order-1"], ["history", "order-1"], ["tail", "--from", "start", "--once"]):
        for form in ([], ["--json"]):
            result = run("-s", log, *form, *command)
            assert result.exception is None or isinstance(result.exception, EventfoldError), command
    lines = run("-s", log, "--json", "read", "order-1").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) == len(DATA) + 1
    store = open_store(log)
    events = list(store.read("order-1"))
    with pytest.raises(PayloadInvalid, match="version 1 of order-1"):
        events[0].data_map()
    assert len(read_all(store.feed())) == len(events)
    again = [with_data(event.data) for event in events[:1]]
    with pytest.raises(EventfoldError) as caught:
        store.append("order-1", [msgspec.structs.replace(again[0], id=events[0].id)], expected=ef.ANY)
    assert caught.value.code == "json-invalid"
    with pytest.raises(EventIdReused):
        store.append("order-1", [NewEvent(events[0].id, "Noted", 1, "{}")], expected=ef.ANY)
    assert store.append("order-1", [with_data("{}")], expected=len(events)).version == len(events) + 1
    store.close()


class Notes(ef.Table, category="order"):
    order = ef.key()
    n = ef.last(ef.field("Noted", "n"), "int64")
    who = ef.last(ef.actor)


notes = ef.App("notes", tables=[Notes], untyped=True)


def test_doctor_and_verify_count_them(log: str, tmp_path: Path) -> None:
    found = json.loads(run("-s", log, "--json", "doctor").stdout)
    assert next(f["found"] for f in found if f["what"] == "events").startswith("events that no append takes")
    with notes.open(log, lake=str(tmp_path / "lake")) as live:
        live.catch_up()
        audit = live.verify()
    assert audit.irregular == {"data": len(DATA) - 1}
    assert audit.ok
    assert "no append takes any more" in audit.notes[-1]


def test_tables_fold_what_can_be_folded_and_park_the_rest(tmp_path: Path) -> None:
    source = stored([with_data('{"n":1}'), with_data('{"n":2,"x":NaN}'), with_data('{"n":4}')])
    url = f"sqlite:///{tmp_path}/log.db"
    export_log(source, tmp_path / "log.parquet")
    store = open_store(url)
    restore(store, tmp_path / "log.parquet")
    damaged = NewEvent(new_id(), "Noted", 1, '{"n":1}', "[1", None, 9, '{"n":1}')
    store.append("order-2", [damaged], expected=0)
    store.close()
    with notes.open(url, lake=str(tmp_path / "lake")) as live:
        live.catch_up()
        assert live.table(Notes).get("order-1")["n"] == 1
        assert sorted(live.table(Notes).parked()) == ["order-1", "order-2"]
        live.table(Notes).rebuild()
        assert live.table(Notes).get("order-1")["n"] == 1
        assert sorted(live.table(Notes).parked()) == ["order-1", "order-2"]
        assert live.verify().ok


BAD = [data for name, data in DATA.items() if name != "spaces"]
RAW = (
    st.sampled_from(sorted(DATA.values()))
    | MAPS.map(text)
    | MAPS.map(lambda found: json.dumps(found, indent=None))
    | st.lists(st.tuples(TEXTS, st.integers(-(2**65), 2**65)), max_size=3).map(
        lambda pairs: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"
    )
    | st.integers(1, 130).map(nested)
    | st.text(st.sampled_from('{}[]",:\\1eN "'), max_size=12)
)
METADATA = st.just("{}") | st.dictionaries(st.sampled_from("abc"), TEXTS).map(json.dumps) | RAW


@st.composite
def raw_logs(draw: st.DrawFn) -> list[NewEvent]:
    return [
        NewEvent(new_id(), "Noted", 1, draw(RAW), draw(METADATA), draw(st.none() | st.just(5)))
        for _ in range(draw(st.integers(1, 6)))
    ]


def must_come_back(opened: Callable[[], Store], log: list[NewEvent]) -> None:
    """Each event is refused when it is appended, by a code of ours and with nothing written; or it comes back."""
    source = opened()
    kept = []
    for event in log:
        with suppress(EventfoldError):
            source.append("order-1", [event], expected=ef.ANY)
            kept.append(event)
        assert source.head("order-1") == len(kept)
    for name in ("log.jsonl", "log.parquet"):
        target = opened()
        with TemporaryDirectory() as folder:
            export_log(source, Path(folder) / name)
            report = restore(target, Path(folder) / name)
            assert (report.written, report.refused, report.irregular) == (len(kept), 0, 0), report.refusals
            again = restore(target, Path(folder) / name)
            assert (again.written, again.known) == (0, len(kept))
        assert by_stream(target) == by_stream(source)
        target.close()
    source.close()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(log=raw_logs())
def test_what_an_append_takes_can_be_restored(log: list[NewEvent]) -> None:
    must_come_back(lambda: open_store("sqlite://"), log)


@pytest.fixture(scope="module")
def account() -> Iterator[StandIn]:
    with StandIn(partitions=1) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, found.key)
        yield found


@pytest.mark.slow
def test_what_an_append_to_cosmos_takes_can_be_restored(account: StandIn) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(log=raw_logs())
    def law(log: list[NewEvent]) -> None:
        must_come_back(lambda: open_store(account.url(f"db{uuid4().hex[:12]}")), log)

    law()


@pytest.mark.parametrize("data", ["ready", '{"a":1,"a":2}', '{"a":NaN}'])
def test_cosmos_refuses_by_line_what_a_document_cannot_say(
    account: StandIn, tmp_path: Path, data: str
) -> None:
    export_log(stored([with_data('{"n":1}'), with_data(data)]), tmp_path / "log.jsonl")
    target = open_store(account.url(f"db{uuid4().hex[:12]}"))
    report = restore(target, tmp_path / "log.jsonl")
    assert (report.written, report.refused_by_code) == (1, {"payload-invalid": 1})
    target.close()


def test_the_law_sees_an_append_that_looks_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the look at raw data, what is stored is no longer what a strict reader takes."""
    monkeypatch.setattr("eventfold.store.checks.check_storable", lambda _text: None)
    with pytest.raises(AssertionError):
        must_come_back(lambda: open_store("sqlite://"), [with_data('{"a":1,"a":2}')])


class Deep(ef.Event):
    inside: list[Any]


class Node(msgspec.Struct, frozen=True):
    inner: "Node | None" = None


class Chain(ef.Event):
    first: Node | None = None


def test_a_typed_event_is_as_deep_as_json_may_be_and_no_deeper() -> None:
    registry = ef.Registry([Deep, Chain])
    for levels, fits in ((limits.JSON_DEPTH, True), (limits.JSON_DEPTH + 1, False), (5_000, False)):
        inside: list[Any] = []
        node = Node()
        for _ in range(levels - 2):
            inside, node = [inside], Node(node)
        for event in (Deep(inside=inside), Chain(first=node)):
            if fits:
                registry.decode(registry.encode(event))
                continue
            with pytest.raises(EventfoldError) as caught:
                registry.encode(event)
            assert caught.value.code == "json-too-deep"


def test_many_small_values_are_not_deep() -> None:
    registry = ef.Registry([Deep])
    event = registry.encode(Deep(inside=[{"[": "{[\\"}] * 100))
    store = open_store("sqlite://")
    assert store.append("order-1", [event], expected=0).version == 1


@pytest.mark.parametrize("name", FORMS)
def test_ids_of_nothing_and_names_that_nobody_sees_whole_are_restored_and_counted(
    tmp_path: Path, name: str
) -> None:
    source = stored([NewEvent(UUID(int=0), "Noted", 1, "{}"), with_data("{}")], "order-\u200b1")
    export_log(source, tmp_path / name)
    url = f"sqlite:///{tmp_path}/log.db"
    target = open_store(url)
    report = restore(target, tmp_path / name)
    assert (report.written, report.irregular) == (2, 2)
    assert by_stream(target) == by_stream(source)
    target.close()
    with notes.open(url, lake=str(tmp_path / "lake")) as live:
        live.catch_up()
        assert live.verify().irregular == {"id": 1, "stream": 2}
