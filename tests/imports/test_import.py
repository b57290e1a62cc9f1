"""Imports: each row once, whatever happened before; what is wrong is refused with its line, and nothing else."""

import gzip
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Map
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold import RecordedEvent, Store, Write, open_store
from eventfold.errors import (
    ConfigInvalid,
    EncodingInvalid,
    EventfoldError,
    NotFound,
    OutcomeUnknown,
    QueryInvalid,
    RowInvalid,
)
from eventfold.imports import ImportReport, Mapping, import_file, importing
from eventfold.imports.settling import repeats

MAPPING = Mapping(stream=("case",), category="case", type=("what",), time="when")
HEADER = "case,what,when,note\n"
ROWS = [
    "1,Opened,2024-01-01T00:00:00Z,a",
    "2,Opened,2024-01-02T00:00:00+01:00,b",
    "1,Noted,2024-01-03 00:00:00Z,",
    "1,Noted,2024-01-03 00:00:00Z,",
    '1,"Closed, at last",2024-01-04T00:00:00Z,"two\nlines"',
]


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def written(path: Path, rows: Sequence[str], header: str = HEADER) -> Path:
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8", newline="")
    return path


def run(store: Store, path: Path, mapping: Mapping = MAPPING, **options: object) -> ImportReport:
    return import_file(store, path, mapping, source="test", **options)  # type: ignore[arg-type]


def events(store: Store) -> list[tuple[str, int, str, str]]:
    feed = store.feed()
    return [(e.stream, e.version, e.type, e.data) for e in feed.read(feed.start(), 1_000_000).events]


def ids(store: Store) -> list[UUID]:
    feed = store.feed()
    return [e.id for e in feed.read(feed.start(), 1_000_000).events]


def test_rows_become_events_in_the_order_of_the_file(store: Store, tmp_path: Path) -> None:
    report = run(store, written(tmp_path / "log.csv", ROWS))
    assert (report.rows, report.written, report.known, report.refused) == (5, 5, 0, 0)
    assert events(store) == [
        ("case-1", 1, "Opened", '{"note":"a"}'),
        ("case-2", 1, "Opened", '{"note":"b"}'),
        ("case-1", 2, "Noted", "{}"),
        ("case-1", 3, "Noted", "{}"),
        ("case-1", 4, "Closed, at last", '{"note":"two\\nlines"}'),
    ]
    first = next(iter(store.read("case-2")))
    assert first.occurred_at.isoformat() == "2024-01-01T23:00:00+00:00"
    assert first.metadata_map() == {"importedFrom": "test"}


def test_a_second_time_nothing_is_written(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", ROWS)
    run(store, path)
    before = events(store)
    again = run(store, path)
    assert (again.written, again.known) == (0, 5)
    assert events(store) == before


def test_without_ids_made_of_the_rows_everything_would_be_doubled(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "row_id", lambda *_: uuid4())
    path = written(tmp_path / "log.csv", ROWS)
    run(store, path)
    assert run(store, path).written == 5


@settings(max_examples=60, deadline=None)
@given(
    old=st.lists(st.sampled_from(ROWS), max_size=12),
    more=st.lists(st.tuples(st.integers(0, 12), st.sampled_from(ROWS)), max_size=8),
)
def test_after_rows_were_inserted_exactly_the_new_ones_are_added(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], more: list[tuple[int, str]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "log.csv"
    store, fresh = open_store("sqlite://"), open_store("sqlite://")
    new = list(old)
    for at, row in more:
        new.insert(at, row)
    run(store, written(path, old))
    report = run(store, written(path, new))
    run(fresh, path)
    assert (report.written, report.known) == (len(more), len(old))
    assert sorted(ids(store)) == sorted(ids(fresh))
    assert len(set(ids(store))) == len(new)
    store.close()
    fresh.close()


class Failing:
    """A store whose n-th transaction fails: before it is written, or after, the answer lost."""

    def __init__(self, store: Store, fail_at: int, error: Exception, *, after: bool) -> None:
        self._store, self._left, self._error, self._after = store, fail_at, error, after
        self.capabilities = store.capabilities
        self.ends, self.feed = store.ends, store.feed

    def find(self, asked: Map[str, Sequence[UUID]]) -> Iterator[RecordedEvent]:
        return self._store.find(asked)

    def append_all(self, writes: Sequence[Write]) -> object:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise self._error
        answer = self._store.append_all(writes)
        if self._left == 0:
            raise self._error
        return answer


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_after_a_crash_in_the_middle_a_repeat_completes_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_at: int, after: bool
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    path = written(tmp_path / "log.csv", ROWS)
    with pytest.raises(KeyboardInterrupt):
        run(Failing(store, fail_at, KeyboardInterrupt(), after=after), path)  # type: ignore[arg-type]
    assert len(events(store)) == min(5, 2 * (fail_at - 1 + after))
    run(store, path)
    assert [e[2] for e in events(store)] == ["Opened", "Opened", "Noted", "Noted", "Closed, at last"]


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_is_settled_without_doubling(store: Store, tmp_path: Path, after: bool) -> None:
    path = written(tmp_path / "log.csv", ROWS)
    report = run(Failing(store, 1, OutcomeUnknown("lost"), after=after), path)  # type: ignore[arg-type]
    assert report.written + report.known == len(events(store)) == 5


def test_a_dry_run_shows_the_same_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", [*ROWS, "3,Opened,yesterday,x"])
    shown = run(store, path, dry_run=True)
    assert events(store) == []
    real = run(store, path)
    assert (shown.rows, shown.written, shown.refusals) == (real.rows, real.written, real.refusals)
    assert run(store, path, dry_run=True).known == 5


BAD_ROWS = [
    ("1,Opened,yesterday,x", "time-invalid"),
    ("1,Opened,2024-02-30T00:00:00Z,x", "time-invalid"),
    ("1,Opened,2024-01-01T00:00:00+99:00,x", "time-invalid"),
    ("1,Opened,2024-01-01T23:59:60Z,x", "time-invalid"),
    ("1,Opened,2024-01-01T00:00:00,x", "time-invalid"),
    ("a/b,Opened,,x", "stream-name-invalid"),
    ("../../etc/x,Opened,,x", "stream-name-invalid"),
    ("x" * 260 + ",Opened,,x", "stream-name-too-long"),
    ("1,'; DROP TABLE x;--,,x", "event-type-invalid"),
    ("1," + "T" * 129 + ",,x", "event-type-invalid"),
    ("1,,,x", "event-type-invalid"),
    ("1,Opened,,a\0b", "text-has-nul"),
    ("1,Opened,", "row-invalid"),
    ("1,Opened,,x,more", "row-invalid"),
    ('1,Opened,,"x"y', "row-invalid"),
    ("1,Opened,," + "x" * 1_000_000, "event-too-large"),
]


@pytest.mark.parametrize(("row", "code"), BAD_ROWS)
def test_a_bad_row_is_refused_with_its_line_and_the_others_are_written(
    store: Store, tmp_path: Path, row: str, code: str
) -> None:
    report = run(store, written(tmp_path / "log.csv", [ROWS[0], ROWS[4], row, ROWS[1]]))
    assert [(r.line, r.code) for r in report.refusals] == [(5, code)]
    assert (report.written, report.refused, dict(report.refused_by_code)) == (3, 1, {code: 1})
    assert len(events(store)) == 3


def test_a_row_that_is_no_utf8_is_refused_alone(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER.encode() + b"1,Opened,,\xff\xfe\n2,Opened,,ok\n")
    report = run(store, path)
    assert [(r.line, r.code) for r in report.refusals] == [(2, "encoding-invalid")]
    assert [e[0] for e in events(store)] == ["case-2"]


BAD_LINES = [
    ('{"case": 1, "what": "Opened"', "json-invalid"),
    ("[" * 100_000, "json-too-deep"),
    ('{"case": "1", "what": "Opened", "n": 1e400}', "number-not-finite"),
    ('{"case": "1", "what": "Opened", "n": ' + "9" * 5_000 + "}", "number-too-large"),
    ('{"case": "1", "case": "2", "what": "Opened"}', "json-duplicate-key"),
    ('{"case": "1", "what": "Opened", "n": "\\u0000"}', "text-has-nul"),
    ('["case"]', "object-expected"),
    ('{"case": "1", "what": "Opened", "n": 9223372036854775808}', "integer-out-of-range"),
    ('{"case": "1", "what": "Opened", "n": "' + "x" * 930_000 + '"}', "event-too-large"),
    ('{"what": "Opened"}', "row-invalid"),
    ('{"case": {"a": 1}, "what": "Opened"}', "row-invalid"),
    ('{"case": "1", "what": "$closed"}', "event-type-invalid"),
]


@pytest.mark.parametrize(("line", "code"), BAD_LINES)
def test_a_bad_json_line_is_refused_with_its_line(store: Store, tmp_path: Path, line: str, code: str) -> None:
    path = tmp_path / "log.jsonl"
    good = '{"case": 7, "what": "Opened", "price": 1.10, "tags": ["a"]}'
    path.write_text(f"{good}\n\n{line}\n{good}\n", encoding="utf-8")
    report = run(store, path, Mapping(stream=("case",), category="case", type=("what",)))
    assert [(r.line, r.code) for r in report.refusals] == [(3, code)]
    assert events(store)[0] == ("case-7", 1, "Opened", '{"price":1.10,"tags":["a"]}')
    assert len(events(store)) == 2


@pytest.mark.slow
def test_a_file_that_ends_in_the_middle_gives_what_came_before(store: Store, tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + "\n".join(f"{n},Opened,,{n * 7919}" for n in range(50_000))).encode())
    cut = tmp_path / "log.csv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RowInvalid, match="ends in the middle, after line"):
        run(store, cut)
    before = len(events(store))
    assert before > 0
    cut.write_bytes(whole)
    assert run(store, cut).written == 50_000 - before


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", QueryInvalid),
        (b"case,case,what,when\n", QueryInvalid),
        (b"case,,what,when\n", QueryInvalid),
        ("case,what,when\n".encode("utf-16"), EncodingInvalid),
        (b"case,wh\xffat,when\n", EncodingInvalid),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused(
    store: Store, tmp_path: Path, content: bytes, error: type[EventfoldError]
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(error):
        run(store, path)
    assert events(store) == []


def test_what_is_asked_for_wrongly_is_named(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", ROWS)
    for wrong in (
        Mapping(stream=(), type=("what",)),
        Mapping(stream=("case",)),
        Mapping(stream=("case",), type=("what",), event_type="Opened"),
        Mapping(stream=("case",), type=("what",), timezone="Mars/Olympus"),
    ):
        with pytest.raises(ConfigInvalid):
            run(store, path, wrong)
    with pytest.raises(ConfigInvalid):
        run(store, path, delimiter="")
    with pytest.raises(NotFound):
        run(store, tmp_path / "nothing.csv")
    with pytest.raises(QueryInvalid):
        run(store, written(tmp_path / "log.txt", ROWS))
    with pytest.raises(QueryInvalid, match="'nobody'"):
        run(store, path, Mapping(stream=("nobody",), type=("what",)))


def test_times_that_go_back_are_counted_or_sorted(store: Store, tmp_path: Path) -> None:
    rows = ["1,C,2024-01-03T00:00:00Z,", "1,A,2024-01-01T00:00:00Z,", "1,B,2024-01-01T00:00:00Z,", "1,D,,"]
    path = written(tmp_path / "log.csv", rows)
    assert run(store, path).out_of_order == 2
    assert [e[2] for e in events(store)] == ["C", "A", "B", "D"]
    other = open_store("sqlite://")
    assert run(other, path, order="time").written == 4
    assert [e[2] for e in events(other)] == ["A", "B", "D", "C"]
    other.close()


def test_a_naive_time_is_taken_in_the_zone_that_is_named(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", ["1,Opened,2024-07-01T12:00:00,x"])
    run(
        store,
        path,
        Mapping(stream=("case",), category="case", type=("what",), time="when", timezone="Europe/Amsterdam"),
    )
    assert next(iter(store.read("case-1"))).occurred_at.isoformat() == "2024-07-01T10:00:00+00:00"


def test_columns_are_kept_under_other_names(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", ROWS[:1])
    run(store, path, Mapping(stream=("case",), category="case", type=("what",), data=("remark=note", "case")))
    assert events(store)[0][3] == '{"remark":"a","case":"1"}'
    with pytest.raises(ConfigInvalid):
        run(store, path, Mapping(stream=("case",), type=("what",), data=("=note",)))


def test_a_list_that_names_several_entities_is_an_event_of_each(store: Store, tmp_path: Path) -> None:
    header = "orders;what;items\n"
    rows = [
        "['o1', 'o2'];Packed;\"['a b', 'c']\"",
        '["o1"];Sent;[1, 2]',
        ";Lost;",
        "o1;Odd;[]",
        "['o1' 'o2'];Odd;",
    ]
    path = written(tmp_path / "log.csv", rows, header)
    lists = Mapping(stream=("orders",), category="order", type=("what",), lists=("orders", "items"))
    report = run(store, path, lists, delimiter=";")
    assert events(store) == [
        ("order-o1", 1, "Packed", '{"items":["a b","c"]}'),
        ("order-o2", 1, "Packed", '{"items":["a b","c"]}'),
        ("order-o1", 2, "Sent", '{"items":[1,2]}'),
    ]
    assert [r.line for r in report.refusals] == [4, 5, 6]
    assert run(store, path, lists, delimiter=";").known == 3


def test_a_row_that_was_imported_as_another_event_is_refused_and_stays(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", ROWS[:2])
    run(store, path)
    before = events(store)
    other = run(store, path, Mapping(stream=("case",), category="case", type=("note",)))
    assert dict(other.refused_by_code) == {"event-id-reused": 2}
    assert events(store) == before
