"""Files that nobody prepared: marks, encodings, tabs, an index without a name, decimal commas, floats for integers."""

import codecs
import gzip
from pathlib import Path
from typing import Any

import pytest

from eventfold import Store
from eventfold.errors import ConfigInvalid, EncodingInvalid, EventfoldError, QueryInvalid
from eventfold.imports import Mapping, import_file, ocel_mapping
from eventfold.imports.mapping.cells import numbers
from tests.imports.making import COLUMNS, HEADER, csv_file, refusals, run, stored
from tests.imports.ocelmaking import write

ROW = "1,Pr\u00fcfung,2024-01-01T00:00:00Z,\u20ac 5"
NOTE = "\u20ac 5"


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_the_mark_of_utf_8_is_no_part_of_the_first_name_and_changes_no_event(
    store: Store, tmp_path: Path, ending: str
) -> None:
    text = (HEADER + ROW.replace("\u00fc", "u") + "\n").encode()
    path = tmp_path / f"a.{ending}"
    for content in (text, codecs.BOM_UTF8 + text):
        path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
        report = run(store, path)
    assert (report.written, report.known) == (0, 1)


def test_the_mark_before_json_lines_is_passed_over(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(codecs.BOM_UTF8 + b'{"case": "1", "what": "A", "when": null}\n')
    assert run(store, path).written == 1


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "UTF8", "cp1252", "utf-32"]
)
def test_an_encoding_that_is_named_is_read_and_gives_the_same_events(
    store: Store, tmp_path: Path, encoding: str
) -> None:
    row = ROW.replace("Pr\u00fcfung", "A")
    run(store, csv_file(tmp_path / "a.csv", [row]))
    path = tmp_path / "b.csv"
    path.write_bytes((HEADER + row + "\n").encode(encoding))
    report = run(store, path, encoding=encoding)
    assert (report.known, report.refused) == (1, 0)
    assert stored(store)[0].data_map() == {"note": NOTE}


def test_a_mark_before_an_encoding_without_one_is_passed_over(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(codecs.BOM_UTF16_LE + (HEADER + "1,A,,\n").encode("utf-16-le"))
    assert run(store, path, encoding="utf-16-le").written == 1


@pytest.mark.parametrize(
    "encoding", ["klingon", "rot13", "hex", "punycode", "idna", "unicode_escape", "a b\0"]
)
def test_what_is_no_encoding_of_text_is_refused(store: Store, tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ConfigInvalid, match="encoding"):
        run(store, csv_file(tmp_path / "a.csv", ["1,A,,"]), encoding=encoding)
    with pytest.raises(ConfigInvalid, match="CSV only"):
        run(store, csv_file(tmp_path / "a.jsonl", []), encoding="latin-1")


@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [
        ("utf-8", b"2,A,,\xff"),
        ("cp1252", b"2,A,,\x81"),
        ("utf-16-le", "2,A,,".encode("utf-16-le") + b"\x00\xdc"),
    ],
)
def test_bytes_that_are_no_text_refuse_their_row_alone(
    store: Store, tmp_path: Path, encoding: str, wrong: bytes
) -> None:
    path = tmp_path / "a.csv"
    end = "\n".encode(encoding)
    path.write_bytes(f"{HEADER}1,A,,\n".encode(encoding) + wrong + end + "3,A,,\n".encode(encoding))
    report = run(store, path, encoding=encoding)
    assert (report.written, refusals(report)) == (2, [(3, "encoding-invalid")])


def test_a_file_in_utf_16_of_which_that_was_not_said_names_the_option(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + "1,A,,\n").encode("utf-16"))
    with pytest.raises(EncodingInvalid, match="--encoding utf-16"):
        run(store, path)
    path.write_bytes("c\u00e4se,what,when\n".encode("latin-1"))
    with pytest.raises(EncodingInvalid, match="--encoding"):
        run(store, path)


def test_a_tsv_has_tabs_and_a_delimiter_that_is_named_wins(store: Store, tmp_path: Path) -> None:
    tabs = HEADER.replace(",", "\t") + "1\tA\t\tx,y\n"
    for name, delimiter in {"a.tsv": None, "b.csv": "\t"}.items():
        path = tmp_path / name
        path.write_text(tabs)
        report = run(store, path, delimiter=delimiter)
    assert (report.known, stored(store)[0].data) == (1, '{"note":"x,y"}')
    path = csv_file(tmp_path / "c.tsv", ["2,B,,"])
    assert run(store, path, delimiter=",").written == 1


def test_a_first_column_without_a_name_is_left_out_and_told(store: Store, tmp_path: Path) -> None:
    """It numbers the rows: one more row above would make other events of all."""
    path = csv_file(tmp_path / "a.csv", ["0,1,A,,", "1,1,B,,"], f",{HEADER}")
    report = run(store, path)
    assert (report.written, [e.data for e in stored(store)]) == (2, ["{}", "{}"])
    assert "no name" in report.notes[0]
    grown = csv_file(tmp_path / "a.csv", ["0,2,A,,", "1,1,A,,", "2,1,B,,", "3,1"], f",{HEADER}")
    again = run(store, grown)
    assert (again.written, again.known, again.refused, again.unplaced) == (1, 2, 1, 0)


def test_decimal_commas_become_points_where_that_is_said(store: Store, tmp_path: Path) -> None:
    cells = ["2,50", "1.234,50", "-1 234", "", "1.234.567", "7"]
    rows = [f'{n};A;;"{cell}"' for n, cell in enumerate(cells)]
    columns = Mapping(stream="case", category="case", type="what", time="when", decimal_commas="note")
    path = csv_file(tmp_path / "a.csv", rows, HEADER.replace(",", ";"))
    assert run(store, path, columns, delimiter=";").written == len(rows)
    found = [e.data_map().get("note") for e in stored(store)]
    assert found == ["2.50", "1234.50", "-1234", None, "1234567", "7"]
    plain = run(store, path, delimiter=";")
    assert (plain.written, plain.refused) == (0, 4)  # the same rows, as other events


@pytest.mark.parametrize("cell", ["1.234", "1,2,3", "ten", "1.23,4", "1,234.5", "\u0661,5", "1.234 567,0"])
def test_a_cell_that_is_no_such_number_refuses_its_row(store: Store, tmp_path: Path, cell: str) -> None:
    path = csv_file(tmp_path / "a.csv", [f'1,A,,"{cell}"', "1,B,,5"])
    columns = Mapping(stream="case", category="case", type="what", time="when", decimal_commas="note")
    report = run(store, path, columns)
    assert (refusals(report), report.held_back) == ([(2, "row-invalid")], 1)


def test_whole_numbers_that_a_tool_wrote_as_floats_are_whole_where_that_is_said(
    store: Store, tmp_path: Path
) -> None:
    path = csv_file(tmp_path / "a.csv", ["1.0,A,,7.00", "2,A,,", "3.5,A,,"])
    columns = Mapping(stream="case", category="case", type="what", time="when", whole=("case", "note"))
    report = run(store, path, columns)
    assert refusals(report) == [(4, "row-invalid")]
    assert [(e.stream, e.data) for e in stored(store)] == [
        ("case-1", '{"note":"7"}'),
        ("case-2", "{}"),
    ]
    again = run(store, path, columns)
    assert (again.known, again.written) == (2, 0)


def test_a_float_of_json_that_is_whole_names_an_entity_and_another_does_not(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(f'{{"case": {n}, "what": "A", "when": null}}\n' for n in ("1.0", "2e1", "1.5", "1e300"))
    )
    report = run(store, path)
    assert [e.stream for e in stored(store)] == ["case-1", "case-20"]
    assert refusals(report) == [(3, "row-invalid"), (4, "row-invalid")]


def test_a_comma_and_a_whole_number_may_be_said_of_one_column() -> None:
    read = numbers(["n"], ["n"])
    assert read is not None
    assert read({"n": "1.000,0"}) == {"n": "1000"}
    assert numbers([], []) is None


MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("--stream", {"stream": "cse", "type": "what"}, "Did you mean 'case'"),
    ("--type", {"stream": "case", "type": "wat"}, "Did you mean 'what'"),
    ("--time", {"stream": "case", "type": "what", "time": "zzz"}, "case, what, when, note"),
    ("--data", {"stream": "case", "type": "what", "data": "x=zzz"}, "zzz"),
    ("--metadata", {"stream": "case", "type": "what", "metadata": "actor=zzz"}, "zzz"),
    ("--id", {"stream": "case", "type": "what", "id": "zzz"}, "zzz"),
    ("--list", {"stream": "case", "type": "what", "lists": "zzz"}, "zzz"),
    ("--whole", {"stream": "case", "type": "what", "whole": "zzz"}, "zzz"),
]


@pytest.mark.parametrize(("option", "columns", "says"), MISSING)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_column_that_is_not_there_is_one_error_with_those_that_are(
    store: Store, tmp_path: Path, ending: str, option: str, columns: dict[str, Any], says: str
) -> None:
    path = csv_file(tmp_path / f"a.{ending}", ["1,A,,"] * 3)
    if ending == "jsonl":
        path.write_text('{"case": "1", "what": "A", "when": null, "note": ""}\n' * 3)
    with pytest.raises(QueryInvalid, match=option) as caught:
        run(store, path, Mapping(category="case", **columns))
    assert says in caught.value.message
    assert caught.value.facts["columns"] == ["case", "what", "when", "note"]
    assert stored(store) == []


def test_a_header_alone_is_told_and_its_columns_are_looked_at(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [])
    assert run(store, path).notes == ["a.csv has a header and no row."]
    with pytest.raises(QueryInvalid, match="no column"):
        run(store, path, Mapping(stream="cse", type="what"))


def test_a_field_that_only_some_lines_have_refuses_the_others_alone(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"case": "1", "what": "A"}\n{"case": "2", "what": "A", "when": null}\n')
    assert (run(store, path).written, stored(store)[0].stream) == (1, "case-2")


def test_a_line_that_was_taken_for_one_column_names_the_delimiter(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["1;A;;"], HEADER.replace(",", ";"))
    with pytest.raises(QueryInvalid, match="--delimiter ';'"):
        run(store, path)


@pytest.mark.parametrize("name", ["log.json", "log.xml", "log.sqlite"])
def test_a_misspelled_type_of_objects_names_those_that_exist(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(QueryInvalid, match=r"orders, items, packages.*Did you mean 'orders'"):
        import_file(store, write(tmp_path / name), ocel_mapping("order"))
    assert stored(store) == []


def test_a_category_is_suggested_where_no_name_has_one(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["17,A,,", "18,A,,"])
    with pytest.raises(ConfigInvalid, match=r"--category case .*case-17"):
        run(store, path, Mapping(stream="case", type="what"))
    whole = csv_file(tmp_path / "b.csv", ["order-17,A,,"])
    assert run(store, whole, Mapping(stream="case", type="what")).written == 1


def test_equal_refusals_are_one_with_their_count(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [*["1,A,soon,"] * 30, "2,A,then,", *["3,A,soon,"] * 3])
    report = run(store, path)
    found = {said: (alike.line, alike.code, alike.count) for said, alike in report.refused_alike.items()}
    soon, then = found
    assert "soon" in soon
    assert (found[soon], found[then]) == ((2, "time-invalid", 33), (32, "time-invalid", 1))


def test_the_report_says_what_came_in(store: Store, tmp_path: Path) -> None:
    rows = ["2,B,2024-02-01T00:00:00Z,", "1,A,2024-01-01T00:00:00Z,", "1,A,,", "1,A,x,"]
    path = csv_file(tmp_path / "a.csv", rows)
    for dry_run in (True, False):
        report = run(store, path, dry_run=dry_run)
        assert report.types == {"A": 2, "B": 1}
        assert report.earliest is not None
        assert report.latest is not None
        assert (report.earliest.month, report.latest.month, report.first_stream) == (1, 2, "case-2")
    again = run(store, path)
    assert (again.types, again.earliest, again.first_stream) == ({}, None, "case-2")


def test_the_types_that_are_told_are_bounded(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [f"1,T{n},," for n in range(1_200)])
    report = run(store, path, COLUMNS)
    assert (len(report.types), report.other_types) == (1_000, 200)


def test_whatever_the_encoding_says_ends_in_an_error_of_the_tree(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for encoding in ("utf-16", "utf-32", "gb18030", "shift_jis", "cp037"):
        path.write_bytes(bytes(range(256)) * 3)
        with pytest.raises(EventfoldError):
            run(store, path, encoding=encoding)
