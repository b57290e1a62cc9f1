"""Files as pm4py writes them come in event by event as pm4py was given them, but for what its writers drop.

It is installed beside the project, once; where that cannot be, these tests are skipped and say why.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from eventfold import RecordedEvent, Store, open_store
from eventfold.errors import QueryInvalid
from eventfold.imports import import_file, ocel_mapping, xes_mapping
from tests.imports.making import stored
from tests.imports.pm4pymaking import NotInstalled, written

pytestmark = pytest.mark.slow
FORMS = ["log.sqlite", "log.json", "log.xml"]
EVENTS: list[dict[str, Any]] = [
    {
        "id": "e1",
        "type": "place order",
        "at": "2023-05-20T07:07:47.123456Z",
        "price": 524.96,
        "note": "a & <b>",
    },
    {"id": "e2", "type": "send package", "at": "2023-05-21T07:07:47Z", "price": None, "note": None},
    {"id": "e3", "type": "lose package", "at": "2023-05-22T07:07:47Z", "price": 3.0, "note": "gr\u00fcn"},
    {"id": "e4", "type": "of nothing", "at": "2023-05-23T07:07:47Z", "price": 4.5, "note": "x"},
    {"id": "e5", "type": "place order", "at": "2023-05-24T07:07:47Z", "price": None, "note": "no price"},
]
OBJECTS = {"o1": "orders", "o2": "orders", "p-1": "packages"}
RELATIONS = [
    ("e1", "o1", "order"),
    ("e2", "o1", "order"),
    ("e2", "o2", ""),
    ("e2", "p-1", "load"),
    ("e3", "p-1", "lost"),
    ("e5", "o2", "order"),
]
CASES: list[dict[str, Any]] = [
    {
        "case": "1",
        "what": "Register",
        "at": "2023-05-20T07:07:47.123456Z",
        "who": "u",
        "note": None,
        "amount": 2.5,
    },
    {"case": "1", "what": "Decide", "at": "2023-05-21T07:07:47Z", "who": None, "note": "x", "amount": None},
    {"case": "2", "what": "Register", "at": "2023-05-22T07:07:47Z", "who": "v", "note": None, "amount": None},
]


def log_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    known = {e["id"]: e for e in events}
    return {
        "events": [
            {"ocel:eid": e["id"], "ocel:activity": e["type"], "ocel:timestamp": e["at"], "price": e["price"]}
            | {"note": e["note"]}
            for e in events
        ],
        "objects": [{"ocel:oid": name, "ocel:type": kind} for name, kind in OBJECTS.items()],
        "relations": [
            {
                "ocel:eid": event,
                "ocel:activity": known[event]["type"],
                "ocel:timestamp": known[event]["at"],
                "ocel:oid": name,
                "ocel:type": OBJECTS[name],
                "ocel:qualifier": qualifier,
            }
            for event, name, qualifier in RELATIONS
        ],
    }


def files(folder: Path, log: dict[str, Any]) -> Path:
    try:
        written(folder, log)
    except NotInstalled as error:
        pytest.skip(f"pm4py cannot be installed here: {error}")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files(tmp_path_factory.mktemp("pm4py"), log_of(EVENTS))


def given(event: dict[str, Any]) -> dict[str, Any]:
    """What the data of an event say, in the stream of an order."""
    related = [(name, qualifier) for of, name, qualifier in RELATIONS if of == event["id"]]
    packages = [name for name, _ in related if OBJECTS[name] == "packages"]
    qualifiers = {name: [qualifier] for name, qualifier in related if qualifier}
    found = {"price": event["price"], "note": event["note"], "ocel:type:packages": packages}
    return {k: v for k, v in (found | {"ocel:qualifiers": qualifiers}).items() if v}


def time_of(event: RecordedEvent) -> datetime:
    assert event.occurred_or_none_us is not None
    return event.occurred_at


@pytest.mark.parametrize("form", FORMS)
def test_every_event_of_an_order_comes_in_as_it_was_given(store: Store, folder: Path, form: str) -> None:
    report = import_file(store, folder / form, ocel_mapping("orders"))
    assert (report.refused, report.unrelated) == (0, 1)
    expected = [
        (name, event)
        for event in EVENTS
        for of, name, _ in RELATIONS
        if of == event["id"] and OBJECTS[name] == "orders"
    ]
    found = stored(store)
    assert [e.stream for e in found] == [f"orders-{name}" for name, _ in expected]
    for event, (_, told) in zip(found, expected, strict=True):
        assert (event.type, event.data_map()) == (told["type"], given(told))
        assert event.metadata_map()["ocelEventId"] == told["id"]
        at = datetime.fromisoformat(told["at"])
        assert time_of(event) == (at.replace(microsecond=0) if form == "log.json" else at)


def test_all_that_its_writers_drop_are_events_of_no_object_and_in_json_fractions_of_seconds(
    folder: Path,
) -> None:
    """As docs/import-export.md says; no reader can see it."""
    for form in FORMS:
        assert "of nothing" not in (folder / form).read_bytes().decode("utf-8", "replace")
    assert "47.123456" in (folder / "log.xml").read_text()
    assert "47.123456" not in (folder / "log.json").read_text()


@pytest.mark.parametrize("second", FORMS)
def test_a_log_that_came_in_one_form_is_known_in_another(folder: Path, second: str) -> None:
    """But for the time of one event, which JSON does not have."""
    store = open_store("sqlite://")
    import_file(store, folder / "log.sqlite", ocel_mapping("orders"), same=True)
    again = import_file(store, folder / second, ocel_mapping("orders"), same=True)
    apart = 1 if second == "log.json" else 0  # its id is made of its time
    assert (again.written, again.known) == (apart, 4 - apart)
    store.close()


@pytest.mark.parametrize("name", ["old.jsonocel", "old.xmlocel", "old.sqlite"])
def test_ocel_1_is_told_as_that(store: Store, folder: Path, name: str) -> None:
    with pytest.raises(QueryInvalid, match=r"OCEL 1\.0.*write_ocel2"):
        import_file(store, folder / name, ocel_mapping("orders"))
    assert stored(store) == []


def test_every_event_of_a_case_comes_in_as_it_was_given_and_what_is_absent_is_absent(
    store: Store, tmp_path: Path
) -> None:
    names = {
        "case": "case:concept:name",
        "what": "concept:name",
        "at": "time:timestamp",
        "who": "org:resource",
    }
    rows = [{names.get(key, key): value for key, value in case.items()} for case in CASES]
    path = files(tmp_path, {"cases": rows}) / "log.xes"
    assert 'value="nan"' in path.read_text()
    report = import_file(store, path, xes_mapping())
    assert (report.written, report.refused) == (3, 0)
    for event, told in zip(stored(store), CASES, strict=True):
        assert (event.stream, event.type) == (f"case-{told['case']}", told["what"])
        assert event.data_map() == {key: told[key] for key in ("note", "amount") if told[key] is not None}
        assert event.metadata_map().get("actor") == told["who"]
        assert time_of(event) == datetime.fromisoformat(told["at"])
