"""Tools of data frames write NaN for what is absent, names with attributes, and one value in several ways."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eventfold import NewEvent, Store
from eventfold.events.ids import row_id
from eventfold.imports import import_file, ocel_mapping, xes_mapping
from eventfold.imports.files.numbers import plain_number
from tests.imports.files.test_xes import bring, written
from tests.imports.making import refusals, stored
from tests.imports.ocelmaking import EVENTS, KINDS, write


def trace(*events: str) -> str:
    found = "".join(f"<event>{event}</event>" for event in events)
    return f"<log><trace><string key='concept:name' value='1'/>{found}</trace></log>"


@pytest.mark.parametrize("nan", ["nan", "NaN", "-nan", " NAN "])
@pytest.mark.parametrize("kind", ["float", "int"])
def test_nan_says_of_any_attribute_that_it_is_absent(
    store: Store, tmp_path: Path, nan: str, kind: str
) -> None:
    named = "<string key='concept:name' value='A'/><string key='note' value='nan'/>"
    absent = "".join(
        f"<{kind} key='{key}' value='{nan}'/>" for key in ("n", "org:resource", "time:timestamp", "n")
    )
    inside = f"<container key='in'><{kind} key='n' value='{nan}'/></container>"
    report = bring(store, written(tmp_path / "log.xes", trace(named + absent + inside)))
    assert (report.written, refusals(report)) == (1, [])
    (event,) = stored(store)
    assert (event.data_map(), event.occurred_or_none_us) == ({"note": "nan", "in": {}}, None)
    assert "actor" not in event.metadata_map()


def test_an_event_whose_name_is_nan_has_none(store: Store, tmp_path: Path) -> None:
    report = bring(
        store,
        written(
            tmp_path / "log.xes",
            trace("<string key='concept:name' value='A'/>", "<float key='concept:name' value='nan'/>"),
        ),
    )
    assert (report.written, refusals(report)) == (1, [(2, "row-invalid")])


def test_a_name_or_a_time_may_have_attributes_which_are_kept(store: Store, tmp_path: Path) -> None:
    inside = "<string key='by' value='x'/>"
    text = (
        f"<log><trace><string key='concept:name' value='1'>{inside}</string><event>"
        f"<string key='concept:name' value='A'>{inside}</string>"
        f"<date key='time:timestamp' value='2024-01-01T00:00:00Z'>{inside}</date></event></trace></log>"
    )
    path = written(tmp_path / "log.xes", text)
    assert bring(store, path).written == 1
    (event,) = stored(store)
    assert (event.stream, event.type, event.occurred_at.year) == ("case-1", "A", 2024)
    beside = {"attributes": {"by": "x"}}
    assert event.data_map() == {
        "case:concept:name": {"value": "1"} | beside,
        "concept:name": {"value": "A"} | beside,
        "time:timestamp": {"value": "2024-01-01T00:00:00Z"} | beside,
    }
    again = bring(store, path)
    assert (again.written, again.known) == (0, 1)


def test_a_refused_event_with_such_a_name_holds_back_what_follows_it(store: Store, tmp_path: Path) -> None:
    nested = "<string key='concept:name' value='1'><string key='by' value='x'/></string>"
    wrong = "<string key='concept:name' value='A'/><int key='n' value='x'/>"
    follows = "<event><string key='concept:name' value='B'/></event>"
    text = f"<log><trace>{nested}<event>{wrong}</event>{follows}</trace></log>"
    report = bring(store, written(tmp_path / "log.xes", text))
    assert (report.refused, report.held_back, report.written) == (1, 1, 0)


def ocel_text(value: str, *, of_object: str = "1") -> str:
    event = {"type": "A", "time": "2024-01-01T00:00:00Z", "relationships": [{"objectId": "o1"}]}
    events = ",".join(
        json.dumps(event | {"id": f"e{n}"})[:-1]
        + f', "attributes": [{{"name": "x NaN", "value": {found}}}]}}'
        for n, found in enumerate([value, '"NaN, -Infinity"'])
    )
    return (
        '{"objectTypes": [{"name": "orders"}], "eventTypes": [], "objects": [{"id": "o1", "type": "orders",'
        f' "attributes": [{{"name": "w", "time": "", "value": {of_object}}}]}}], "events": [{events}]}}'
    )


def test_a_bare_infinity_in_json_refuses_its_event_and_not_the_file(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    for text in ("Infinity", "-Infinity"):
        path.write_text(ocel_text(text))
        report = import_file(store, path, ocel_mapping("orders"), keep_going=True, source="a")
        assert refusals(report) == [(1, "number-not-finite")]
    held = import_file(store, path, ocel_mapping("orders"), source="b")
    assert (held.held_back, held.unplaced) == (1, 0)
    assert [e.data_map() for e in stored(store)] == [{"x NaN": "NaN, -Infinity"}]


def test_a_bare_nan_in_json_is_absent_and_of_objects_nothing_is_asked(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(ocel_text("NaN", of_object="-Infinity"))
    report = import_file(store, path, ocel_mapping("orders"))
    assert (report.written, report.refused) == (2, 0)
    assert [e.data_map() for e in stored(store)] == [{}, {"x NaN": "NaN, -Infinity"}]


@pytest.mark.parametrize("name", ["log.json", "log.xml", "log.sqlite"])
def test_the_activity_among_the_attributes_is_no_second_one_unless_it_differs(
    store: Store, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "ocel:activity", "string")
    key = '"ocel:activity"' if name.endswith("sqlite") else "ocel:activity"
    events = [
        EVENTS[1] | {"attributes": [{"name": key, "value": said}], "id": said, "type": "send"}
        for said in ("send", "other")
    ]
    report = import_file(store, write(tmp_path / name, events), ocel_mapping("packages"))
    assert (report.written, refusals(report)) == (1, [(2, "json-duplicate-key")])
    assert "ocel:activity" not in stored(store)[0].data_map()


SAME = ["2", "2.0", "2.00", "20e-1", "0.2e1"]


@pytest.mark.parametrize("text", SAME)
def test_equal_numbers_are_one_event_of_ocel(store: Store, tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(ocel_text("2"))
    assert import_file(store, path, ocel_mapping("orders"), source="a").written == 2
    path.write_text(ocel_text(text).replace("2024-01-01T00:00:00Z", "2024-01-01 01:00:00+01:00"))
    again = import_file(store, path, ocel_mapping("orders"), source="a")
    assert (again.written, again.known, again.differing) == (0, 2, 0)
    assert stored(store)[0].data == '{"x NaN":2}'
    path.write_text(ocel_text("2.5"))
    assert import_file(store, path, ocel_mapping("orders"), source="a").written == 1


def stored_before(store: Store, text: str, source: str) -> None:
    """The first event, as it was stored when the digits of its number and its time were part of its id."""
    says = (
        f'{{"ocel:activity":"A","ocel:eid":"e0","ocel:timestamp":"2024-01-01T00:00:00+00:00",'
        f'"ocel:type:orders":["o1"],"x NaN":{text}}}'
    )
    event = NewEvent(
        row_id("orders-o1", says),
        "A",
        1,
        f'{{"x NaN":{text}}}',
        json.dumps({"importedFrom": source, "ocelEventId": "e0"}, separators=(",", ":")),
        1704067200000000,
    )
    store.append("orders-o1", [event], expected=0)


def test_events_that_are_stored_with_other_digits_stay_known(store: Store, tmp_path: Path) -> None:
    stored_before(store, "2.0", "a")
    path = tmp_path / "log.json"
    path.write_text(ocel_text("2.0").replace("00:00Z", "00:00+00:00"))
    report = import_file(store, path, ocel_mapping("orders"), source="a")
    assert (report.written, report.known, report.differing) == (1, 1, 0)


def test_an_equal_event_of_another_log_with_other_digits_is_asked_about(store: Store, tmp_path: Path) -> None:
    stored_before(store, "2.0", "elsewhere")
    path = tmp_path / "log.json"
    path.write_text(ocel_text("2.0").replace("00:00Z", "00:00+00:00"))
    with pytest.raises(Exception, match="--same"):
        import_file(store, path, ocel_mapping("orders"))
    assert len(stored(store)) == 1
    assert import_file(store, path, ocel_mapping("orders"), other=True).written == 2
    again = import_file(store, path, ocel_mapping("orders"), other=True)
    assert (again.written, again.known) == (0, 2)


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12),
)


@given(NUMBERS, st.integers(0, 3), st.integers(-3, 3))
def test_all_ways_to_write_a_number_give_one_text_of_the_same_number(
    number: Any, zeros: int, shift: int
) -> None:
    exact = Decimal(str(number))
    assume(exact != int(exact) or -(2**63) <= exact < 2**63)  # else it is refused where it is a whole number
    plain = plain_number(msgspec.Raw(f"{exact:f}".encode()))
    shifted = f"{exact.scaleb(-shift):f}"
    shifted += ("" if "." in shifted else ".") + "0" * (zeros + 1) + f"e{shift}"
    other = plain_number(msgspec.Raw(shifted.encode()))
    assert Decimal(bytes(other).decode()) == exact == Decimal(bytes(plain).decode())
    assert bytes(plain) == bytes(other)
    assert bytes(plain_number(plain)) == bytes(plain)
    json.loads(bytes(plain))


@pytest.mark.parametrize(
    "raw", ['"2.0"', "null", "true", "[2.0]", "9223372036854775808", "1e99999999999999999999"]
)
def test_what_is_no_number_that_fits_stays_as_it_is(raw: str) -> None:
    assert bytes(plain_number(msgspec.Raw(raw.encode()))).decode() == raw


def test_xes_keeps_the_digits_of_its_numbers(store: Store, tmp_path: Path) -> None:
    path = written(
        tmp_path / "log.xes",
        trace("<string key='concept:name' value='A'/><float key='n' value='2.50'/>"),
    )
    import_file(store, path, xes_mapping())
    assert stored(store)[0].data == '{"n":2.50}'
