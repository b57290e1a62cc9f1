"""`eventfold schema` with public events and handlers: what others read is guarded like what is stored."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventfold.doors.cli.main import cli, guarded

Run = Callable[..., tuple[int, str, str]]

SHOP = """
import eventfold as ef

class Shipped(ef.Event):
    order_id: str

class ShipmentStarted(ef.PublicEvent, name="com.example.shipment.started", key="order_id"):
    order_id: str
    note: str = ""

@ef.publish(Shipped, to="shipments")
def shipment_started(event: Shipped, message: ef.Message) -> ShipmentStarted:
    return ShipmentStarted(order_id=event.order_id)

@ef.notify(Shipped)
def tell(event: Shipped, message: ef.Message) -> None: ...

shop = ef.App("shop", events=[Shipped], handlers=[shipment_started, tell])
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = iter(range(100))
    made = []

    def call(source: str, *arguments: str) -> tuple[int, str, str]:
        module = f"publishing_shop_{next(names)}"
        made.append(module)
        (tmp_path / f"{module}.py").write_text(source)
        given = ["-a", f"{module}:shop", "schema", *arguments]
        code = guarded(lambda: cli.main(args=given, standalone_mode=False), as_json="--json" in arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    yield call
    for module in made:
        sys.modules.pop(module, None)


def kinds(out: str) -> list[str]:
    return [finding["kind"] for finding in json.loads(out)]


def test_the_catalogue_is_made_beside_the_schema_file_and_agrees(run: Run, tmp_path: Path) -> None:
    code, _, err = run(SHOP, "accept")
    assert (code, "records 1 public event" in err) == (0, True)
    made = json.loads((tmp_path / "catalogue.json").read_text())
    assert list(made["events"]) == ["com.example.shipment.started"]
    assert json.loads((tmp_path / "schema.json").read_text())["handlers"] == {
        "shipment_started": {"kind": "publish", "events": ["Shipped"]},
        "tell": {"kind": "notify", "events": ["Shipped"]},
    }
    assert run(SHOP, "check", "--locked")[0] == 0
    text = (tmp_path / "catalogue.json").read_text()
    assert run(SHOP, "accept")[0] == 0
    assert (tmp_path / "catalogue.json").read_text() == text
    assert run(SHOP, "diff", "--json")[:2] == (0, "[]\n")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (SHOP.replace('    note: str = ""\n', ""), "field-removed"),
        (SHOP.replace('note: str = ""', "note: str"), "field-required"),
        (SHOP.replace("com.example.shipment.started", "com.example.started"), "public-renamed"),
        (SHOP.replace("def tell", "def say").replace(", tell]", ", say]"), "handler-removed"),
        (SHOP.replace("@ef.notify(Shipped)", "@ef.react(Shipped)"), "meaning-changed"),
    ],
)
def test_what_breaks_others_is_refused_and_nothing_is_written(
    run: Run, tmp_path: Path, changed: str, kind: str
) -> None:
    assert run(SHOP, "accept")[0] == 0
    files = [(tmp_path / name).read_text() for name in ("schema.json", "catalogue.json")]
    code, out, _ = run(changed, "check", "--json")
    assert (code, kind in kinds(out)) == (5, True)
    assert run(changed, "accept")[0] == 5
    assert [(tmp_path / name).read_text() for name in ("schema.json", "catalogue.json")] == files


def test_what_breaks_can_be_meant(run: Run, tmp_path: Path) -> None:
    assert run(SHOP, "accept")[0] == 0
    gone = SHOP.replace("[shipment_started, tell]", "[tell]")
    assert run(gone, "accept", "--breaking", "shipment_started")[0] == 5
    words = ("--breaking", "shipment_started", "--breaking", "com.example.shipment.started")
    assert run(gone, "accept", *words)[0] == 0
    made = json.loads((tmp_path / "catalogue.json").read_text())
    assert made["events"]["com.example.shipment.started"]["1"]["published"] is False
    assert run(gone, "check", "--locked")[0] == 0


def test_an_app_that_publishes_nothing_has_no_catalogue(run: Run, tmp_path: Path) -> None:
    silent = SHOP.replace("[shipment_started, tell]", "[]")
    assert run(silent, "accept")[0] == 0
    assert not (tmp_path / "catalogue.json").exists()
    assert "handlers" not in json.loads((tmp_path / "schema.json").read_text())
    assert kinds(run(SHOP, "check", "--json")[1]) == ["handler-added", "handler-added", "public-added"]
    assert run(SHOP, "check", "--locked")[0] == 5


def test_the_catalogue_is_damaged_or_elsewhere(run: Run, tmp_path: Path) -> None:
    assert run(SHOP, "accept", "--catalogue", "told.json")[0] == 0
    assert run(SHOP, "check", "--locked", "--catalogue", "told.json")[0] == 0
    assert not (tmp_path / "catalogue.json").exists()
    (tmp_path / "catalogue.json").write_text("{")
    code, _, err = run(SHOP, "check")
    assert (code, "catalogue.json is not JSON" in err) == (2, True)
    code, _, err = run(SHOP, "accept", "--catalogue", "schema.json")
    assert (code, "has the format 'schema 1'" in err) == (2, True)
    code, _, err = run(SHOP.replace(" -> ShipmentStarted", ""), "check", "--catalogue", "told.json")
    assert (code, "say which public events it makes" in err) == (2, True)
