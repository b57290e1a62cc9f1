"""`eventfold schema`: a change is refused by a sentence and an exit code, and recorded by a word."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.doors.cli.main import cli, guarded

Run = Callable[..., tuple[int, str, str]]

FIRST = """
import eventfold as ef

class Placed(ef.Event):
    customer: str
    total: int

class Order(ef.Aggregate[Placed]):
    def apply(self, event): pass

shop = ef.App("shop", aggregates=[Order])
"""
SECOND = FIRST.replace("ef.Event):", "ef.Event, version=2):").replace(
    "class Order",
    "@ef.upcast(Placed, 1)\ndef was_in_cents(data): return {**data, 'total': data['total'] // 100}\n\nclass Order",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs `eventfold schema` on an app whose source is given; gives exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = iter(range(100))
    made = []

    def call(source: str, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
        module = f"changing_shop_{next(names)}"
        made.append(module)
        (tmp_path / f"{module}.py").write_text(source)
        given = ["-a", f"{module}:shop", *before, "schema", *arguments]
        code = guarded(lambda: cli.main(args=given, standalone_mode=False), as_json="--json" in arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    yield call
    for module in made:
        sys.modules.pop(module, None)


def test_the_file_is_made_and_then_agrees_with_the_code(run: Run, tmp_path: Path) -> None:
    code, _, err = run(FIRST, "check")
    assert (code, "eventfold schema accept" in err) == (2, True)
    assert run(FIRST, "accept")[0] == 0
    assert run(FIRST, "check", "--locked")[:2] == (0, "")
    text = (tmp_path / "schema.json").read_text()
    assert run(FIRST, "accept")[0] == 0
    assert (tmp_path / "schema.json").read_text() == text
    assert run(FIRST, "diff", "--json")[:2] == (0, "[]\n")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (FIRST.replace("    total: int\n", ""), "field-removed"),
        (FIRST.replace("Placed", "Ordered"), "event-renamed"),
        (FIRST.replace("total: int", "total: bool"), "type-changed"),
        (
            FIRST.replace("class Order(", "class Purchase(").replace("[Order]", "[Purchase]"),
            "category-changed",
        ),
    ],
)
def test_what_breaks_is_refused_and_nothing_is_written(
    run: Run, tmp_path: Path, changed: str, kind: str
) -> None:
    run(FIRST, "accept")
    before = (tmp_path / "schema.json").read_bytes()
    for command in ("check", "accept"):
        code, out, err = run(changed, command, "--json")
        assert code == 5
        error = json.loads(err)["error"]
        assert (error["code"], error["kind"]) == ("schema-broken", kind)
        if command == "check":
            assert ("refused", kind) in {(f["level"], f["kind"]) for f in json.loads(out)}
    assert run(changed, "diff")[0] == 0
    assert (tmp_path / "schema.json").read_bytes() == before


def test_a_missing_upcaster_is_named(run: Run) -> None:
    run(FIRST, "accept")
    code, _, err = run(FIRST.replace("ef.Event):", "ef.Event, version=2):"), "check")
    assert (code, "error upcaster-missing: Placed" in err) == (2, True)


def test_an_optional_field_is_let_through_and_recorded_by_a_word(run: Run) -> None:
    run(FIRST, "accept")
    more = FIRST.replace("    total: int\n", "    total: int\n    note: str | None = None\n")
    code, out, err = run(more, "check")
    assert (code, "field-added" in out, "accept" in err) == (0, True, True)
    code, _, err = run(more, "check", "--locked")
    assert (code, "schema-unrecorded: Placed@1.note" in err) == (5, True)
    run(more, "accept")
    assert run(more, "check", "--locked")[0] == 0
    assert run(FIRST, "check")[0] == 5


def test_a_new_version_is_compared_with_another_branch_by_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(FIRST, "accept")
    main = (tmp_path / "schema.json").read_bytes()
    assert run(SECOND, "accept")[0] == 0
    assert run(SECOND, "check", "--locked")[0] == 0
    for source, expected in ((SECOND, 0), (FIRST.replace("total: int", "total: str"), 5)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(main)))
        assert run(source, "check", "--file", "-")[0] == expected
    code, _, err = run(SECOND, "accept", "--file", "-")
    assert (code, "name a file" in err) == (2, True)


def test_a_breaking_change_that_is_meant_is_named(run: Run) -> None:
    run(FIRST, "accept")
    changed = FIRST.replace("total: int", "total: str")
    assert run(changed, "accept", "--breaking", "Paid")[0] == 5
    assert run(changed, "accept", "--breaking", "Placed")[0] == 0
    assert run(changed, "check", "--locked")[0] == 0


def test_the_file_stands_beside_the_settings(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "eventfold.toml").write_text("")
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    assert run(FIRST, "accept")[0] == 0
    assert (tmp_path / "schema.json").exists()


def log(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    store = ef.open_store(url)
    stored = [(1, '{"customer":"Ann Smith","total":250}'), (2, '{"customer":"Bob Jones","total":2}')]
    for version, data in stored:
        store.append("order-1", [ef.NewEvent(ef.new_id(), "Placed", version, data)], expected=ef.ANY)
    store.close()
    return url


def test_samples_come_from_the_log_only_when_asked_for_and_say_nothing_about_anybody(
    run: Run, tmp_path: Path
) -> None:
    bound = ("-s", log(tmp_path))
    run(SECOND, "accept")
    file = tmp_path / "schema.json"
    before = file.read_text()
    assert json.loads(run(SECOND, "samples", "--json", before=bound)[1])["taken"] == 0
    assert file.read_text() == before
    found = json.loads(run(SECOND, "samples", "--from-log", "--json", before=bound)[1])
    assert (found["taken"], found["left_out"]) == (2, [])
    masked = file.read_text()
    assert "Ann" not in masked
    assert (
        '{"data": {"customer":"Xxx Xxxxx","total":111}, "upcast": {"customer":"Xxx Xxxxx","total":1}}'
        in masked
    )
    run(SECOND, "samples", "--from-log", before=bound)
    assert file.read_text() == masked
    assert run(SECOND, "samples", "--as-stored", before=bound)[0] == 2
    run(SECOND, "samples", "--from-log", "--as-stored", before=bound)
    assert "Ann Smith" in file.read_text()


def test_a_sample_that_was_deleted_by_hand_stays_deleted(run: Run, tmp_path: Path) -> None:
    run(FIRST, "accept")
    file = tmp_path / "schema.json"
    content: Any = json.loads(file.read_text())
    del content["events"]["Placed"]["versions"]["1"]["samples"][1:]
    file.write_text(json.dumps(content))
    assert run(FIRST, "check", "--locked")[0] == 0
    run(FIRST, "accept")
    assert file.read_text().count('"data"') == 1
    run(FIRST, "samples")
    assert file.read_text().count('"data"') > 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("check", "--file", "no/such.json"), "is not there"),
        (("check", "--file", "."), "cannot be read"),
        (("samples", "--from-log"), "Name the log"),
    ],
)
def test_what_cannot_work_is_a_sentence(run: Run, arguments: tuple[str, ...], word: str) -> None:
    run(FIRST, "accept")
    code, out, err = run(FIRST, *arguments)
    assert (code, out, word in err) == (2, "", True)


def test_a_type_that_is_ignored_is_recorded_only_by_the_word_that_takes_its_removal(
    run: Run, tmp_path: Path
) -> None:
    paid = FIRST.replace("class Order(", "class Paid(ef.Event):\n    amount: int\n\nclass Order(")
    both = paid.replace("aggregates=[Order]", "aggregates=[Order], events=[Paid]")
    ignoring = FIRST.replace("aggregates=[Order]", "aggregates=[Order], ignored=['Paid']")
    assert run(both, "accept")[0] == 0
    code, _, err = run(ignoring, "accept")
    assert (code, "Paid is ignored now" in err) == (5, True)
    assert run(ignoring, "accept", "--breaking", "Paid")[0] == 0
    assert json.loads((tmp_path / "schema.json").read_text("utf-8"))["ignored"] == ["Paid"]
    assert run(ignoring, "check", "--locked")[0] == 0
    other = ignoring.replace("['Paid']", "['Paid', 'Sent']")
    assert run(other, "check")[0] == 0
    code, _, err = run(other, "check", "--locked")
    assert (code, "Sent is ignored from now on" in err) == (5, True)
    assert run(other, "accept")[0] == 0
    assert run(other, "check", "--locked")[0] == 0
