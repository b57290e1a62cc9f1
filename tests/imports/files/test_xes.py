"""XES comes in trace by trace and digit by digit; what XML may do to its reader is refused."""

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from eventfold import Store
from eventfold.errors import EventfoldError, EventTooLarge, QueryInvalid, RowInvalid
from eventfold.imports import ImportReport, import_file, xes_mapping
from tests.imports.making import refusals, stored

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="the log itself"/>
  <trace>
    <string key="concept:name" value="17"/>
    <float key="amount" value="20000.10"/>
    <event>
      <string key="concept:name" value="A_SUBMITTED"/>
      <string key="lifecycle:transition" value="COMPLETE"/>
      <string key="org:resource" value="Ada"/>
      <date key="time:timestamp" value="2011-10-01T00:38:44.546789+02:00"/>
      <int key="big" value="9007199254740993"/>
      <float key="cost" value="0.10"/>
      <boolean key="urgent" value="true"/>
      <id key="ref" value="x-1"/>
      <string key="city" value="Gda&#324;sk &amp; co"><string key="country" value="PL"/></string>
      <list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>
      <container key="box"><int key="w" value="1"/></container>
    </event>
    <event><string key="concept:name" value="A_DECIDED"/></event>
  </trace>
  <trace><string key="concept:name" value="18"/></trace>
  <trace>
    <string key="concept:name" value="19"/>
    <event>
      <string key="concept:name" value="A_SUBMITTED"/>
      <date key="time:timestamp" value="2011-10-02T00:00:00Z"/>
    </event>
  </trace>
</log>
"""


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def bring(store: Store, path: Path, **options: Any) -> ImportReport:
    return import_file(store, path, xes_mapping(**options), source="log")


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_traces_become_streams_and_events_keep_what_they_say(store: Store, tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, gzip.compress(LOG.encode()) if name.endswith("gz") else LOG)
    report = bring(store, path)
    assert (report.rows, report.written, report.refused, report.streams) == (3, 3, 0, 2)
    first, second = store.read("case-17")
    assert first.type == "A_SUBMITTED"
    assert first.occurred_at.isoformat() == "2011-09-30T22:38:44.546789+00:00"
    assert first.metadata_map() == {"importedFrom": "log", "actor": "Ada"}
    assert first.data == (
        '{"case:amount":20000.10,"lifecycle:transition":"COMPLETE","big":9007199254740993,"cost":0.10,"urgent":true,'
        '"ref":"x-1","city":{"value":"Gdańsk & co","attributes":{"country":"PL"}},"tags":[{"tag":"a"},{"tag":"b"}],'
        '"box":{"w":1}}'
    )
    assert (second.type, second.occurred_or_none_us, second.data) == (
        "A_DECIDED",
        None,
        '{"case:amount":20000.10}',
    )
    assert [e.stream for e in stored(store)] == ["case-17", "case-17", "case-19"]
    again = bring(store, path)
    assert (again.written, again.known) == (0, 3)


def log_of(inside: str, in_trace: str = "") -> str:
    event = f"<event><string key='concept:name' value='A'/>{inside}</event>"
    second = "<event><string key='concept:name' value='B'/></event>"
    return f"<log><trace><string key='concept:name' value='1'/>{in_trace}{event}{second}</trace></log>"


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<duration key='d' value='1'/>", "<duration>"),
        ("<string key='n' value='1'><duration key='d' value='1'/></string>", "<duration>"),
        ("<values><string key='n' value='1'/></values>", "<values>"),
        ("<container key='c'><values/></container>", "<values>"),
        ("<event/>", "<event>"),
        ("<string key='n'>a value in the wrong place</string>", "'a value in the wrong place'"),
        ("<list key='l'><values/><values><int key='n' value='1'/></values></list>", "its values once"),
    ],
)
def test_what_is_nothing_of_xes_refuses_its_event_and_is_named(
    store: Store, tmp_path: Path, inside: str, says: str
) -> None:
    report = bring(store, written(tmp_path / "log.xes", log_of("<string key='x' value='y'/>" + inside)))
    assert (refusals(report), report.written, report.held_back) == ([(1, "row-invalid")], 0, 1)
    assert says in report.refusals[0].message


def test_an_unknown_element_of_a_trace_refuses_its_events_and_one_of_the_log_is_counted(
    store: Store, tmp_path: Path
) -> None:
    traces = log_of("", in_trace="<vendor/>").removeprefix("<log>").removesuffix("</log>")
    more = LOG.removeprefix(LOG[: LOG.index("<trace>")])
    text = f"<log><traces><trace><event/></trace></traces>{traces}{more}"
    report = bring(store, written(tmp_path / "log.xes", text))
    assert refusals(report) == [(0, "row-invalid"), (1, "row-invalid"), (2, "row-invalid")]
    assert "<traces>" in report.refusals[0].message
    assert "<vendor>" in report.refusals[1].message
    assert (report.rows, report.written) == (6, 3)


def test_an_event_in_no_trace_is_refused_and_counted(store: Store, tmp_path: Path) -> None:
    event = "<event><string key='concept:name' value='A'/></event>"
    report = bring(store, written(tmp_path / "log.xes", LOG.replace("<trace>", f"{event}<trace>")))
    assert refusals(report) == [(1, "row-invalid"), (4, "row-invalid"), (5, "row-invalid")]
    assert "no trace" in report.refusals[0].message
    assert (report.rows, report.written) == (6, 3)


def test_attributes_beside_the_values_of_a_list_are_kept(store: Store, tmp_path: Path) -> None:
    inside = (
        "<list key='l'><string key='unit' value='kg'/><values><int key='n' value='1'/></values>"
        "<int key='sum' value='1'/></list>"
    )
    bring(store, written(tmp_path / "log.xes", log_of(inside)))
    data = next(store.read("case-1")).data
    assert data == '{"l":{"value":[{"n":1}],"attributes":{"unit":"kg","sum":1}}}'


def test_the_transition_may_be_a_part_of_the_type(store: Store, tmp_path: Path) -> None:
    report = bring(store, written(tmp_path / "log.xes", LOG), lifecycle=True)
    assert next(store.read("case-17")).type == "A_SUBMITTED:COMPLETE"
    assert refusals(report) == [(2, "row-invalid"), (3, "row-invalid")]  # they say no transition


def test_version_2_and_other_encodings_are_read(store: Store, tmp_path: Path) -> None:
    text = LOG.replace('version="1.0" xmlns="http://www.xes-standard.org/"', 'version="2.0"')
    text = text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert bring(store, written(tmp_path / "log.xes", text.encode("utf-16"))).written == 3
    assert '"Gdańsk & co"' in next(store.read("case-17")).data


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ('<int key="n" value="12x"/>', "row-invalid"),
        ('<int key="n" value="9223372036854775808"/>', "integer-out-of-range"),
        ('<float key="n" value="-inf"/>', "number-not-finite"),
        ('<float key="n" value="1e400"/>', "number-not-finite"),
        ('<boolean key="n" value="maybe"/>', "row-invalid"),
        ('<string key="n" value="1"/><string key="n" value="2"/>', "json-duplicate-key"),
        ('<date key="time:timestamp" value="2011-02-30T00:00:00Z"/>', "time-invalid"),
        ('<date key="time:timestamp" value="2011-02-03T00:00:00"/>', "time-invalid"),
        ('<string key="concept:name" value="*b"/>', "event-type-invalid"),
    ],
)
def test_an_event_that_cannot_be_kept_exactly_is_refused_by_its_number(
    store: Store, tmp_path: Path, attribute: str, code: str
) -> None:
    kind = "" if "concept:name" in attribute else '<string key="concept:name" value="A"/>'
    events = f"<event>{kind}{attribute}</event><event><string key='concept:name' value='B'/></event>"
    text = f"<log><trace><string key='concept:name' value='1'/>{events}</trace></log>"
    report = bring(store, written(tmp_path / "log.xes", text))
    assert (refusals(report), report.written, report.held_back) == ([(1, code)], 0, 1)


@pytest.mark.parametrize(
    ("value", "kept"), [("+1", "1"), (".5", "0.5"), ("007", "7"), ("1.50", "1.50"), ("-0.0", "-0.0")]
)
def test_numbers_keep_their_digits(store: Store, tmp_path: Path, value: str, kept: str) -> None:
    event = f"<event><string key='concept:name' value='A'/><float key='n' value='{value}'/></event>"
    bring(
        store,
        written(
            tmp_path / "log.xes", f"<log><trace><string key='concept:name' value='1'/>{event}</trace></log>"
        ),
    )
    assert next(store.read("case-1")).data == f'{{"n":{kept}}}'


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE log [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>',
        '<!DOCTYPE log SYSTEM "http://127.0.0.1:1/x.dtd">',
    ],
)
def test_a_declaration_with_entities_is_refused_before_any_is_used(
    store: Store, tmp_path: Path, declaration: str
) -> None:
    text = f'{declaration}<log><trace><string key="concept:name" value="&x;"/><event/></trace></log>'
    with pytest.raises(QueryInvalid, match="declares a document type"):
        bring(store, written(tmp_path / "log.xes", text))
    assert stored(store) == []


def test_an_entity_that_nobody_declared_is_no_text(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RowInvalid):
        bring(store, written(tmp_path / "log.xes", LOG.replace("A_DECIDED", "&nobody;")))


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_a_file_that_ends_in_the_middle_is_a_typed_error(
    store: Store, tmp_path: Path, name: str, kept: float
) -> None:
    whole = gzip.compress(LOG.encode()) if name.endswith("gz") else LOG.encode()
    with pytest.raises(RowInvalid, match="damaged or ends in the middle"):
        bring(store, written(tmp_path / name, whole[: int(len(whole) * kept)]))


@pytest.mark.parametrize("text", ["", "<html/>", "no XML", "<ocel/>", '{"events": []}'])
def test_what_is_no_log_is_refused(store: Store, tmp_path: Path, text: str) -> None:
    with pytest.raises(EventfoldError):
        bring(store, written(tmp_path / "log.xes", text))
    assert stored(store) == []


def test_an_attribute_of_a_trace_behind_its_events_is_said_not_missed(store: Store, tmp_path: Path) -> None:
    text = LOG.replace("</event>\n  </trace>", '</event><string key="late" value="x"/></trace>')
    assert text != LOG
    with pytest.raises(RowInvalid, match="behind its events"):
        bring(store, written(tmp_path / "log.xes", text))


@pytest.mark.slow
def test_an_event_as_large_as_memory_is_refused_in_little_of_it(store: Store, tmp_path: Path) -> None:
    attribute = b"<string key='k%d' value='" + b"a" * 1_000_000 + b"'/>"
    many = b"".join(attribute.replace(b"%d", str(n).encode()) for n in range(100))
    event = b"<event><string key='concept:name' value='A'/></event>"
    text = (
        b"<log><trace><string key='concept:name' value='1'/><event>"
        + many
        + b"</event>"
        + event
        + b"</trace></log>"
    )
    path = written(tmp_path / "log.xes.gz", gzip.compress(text))
    del text, many
    tracemalloc.start()
    report = bring(store, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (refusals(report), report.written, report.held_back) == ([(1, "event-too-large")], 0, 1)
    assert peak < 40 * 1024 * 1024


NESTS = [
    ("<list key='l'><values>", "</values></list>"),
    ("<list key='l'>", "</list>"),
    ("<container key='c'>", "</container>"),
    ("<string key='s' value='1'>", "</string>"),
]
LEVELS = 150


@pytest.mark.parametrize(("begin", "end"), NESTS)
def test_what_is_nested_deeper_than_data_may_be_refuses_its_event_only(
    store: Store, tmp_path: Path, begin: str, end: str
) -> None:
    times = LEVELS // begin.count("<")
    report = bring(
        store, written(tmp_path / "log.xes", LOG.replace("<trace>", _trace_of(begin, end, times), 1))
    )
    assert (refusals(report), report.written) == ([(1, "json-too-deep")], 3)


@pytest.mark.parametrize(("begin", "end"), [*NESTS, ("<x>", "</x>")])
@pytest.mark.parametrize("closed", [True, False])
def test_elements_without_end_of_nesting_end_the_import_after_what_came_before(
    store: Store, tmp_path: Path, begin: str, end: str, closed: bool
) -> None:
    deep = _trace_of(begin, end if closed else "", 900)
    before, last = LOG.rsplit("<trace>", 1)
    with pytest.raises(EventTooLarge, match="nested deeper than 200 levels") as raised:
        bring(store, written(tmp_path / "log.xes", f"{before}{deep}{last}"))
    assert (raised.value.facts["line"], raised.value.facts["written"]) == (2, 2)
    assert [event.stream for event in stored(store)] == ["case-17", "case-17"]


def test_an_element_of_the_log_that_is_left_out_may_not_nest_without_end_either(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(EventTooLarge, match="nested deeper"):
        bring(store, written(tmp_path / "log.xes", "<log><extension>" + "<x>" * 900))


def _trace_of(begin: str, end: str, times: int) -> str:
    nested = f"<event><string key='concept:name' value='A'/>{begin * times}{end * times}</event>"
    return f"<trace><string key='concept:name' value='deep'/>{nested}</trace><trace>"
