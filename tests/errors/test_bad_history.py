"""What is wrong with what is stored already, or with the program: on both stores, through both doors."""

import csv
import io
import json
import logging
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from azure.identity import CredentialUnavailableError
from msgspec import structs

import eventfold as ef
from eventfold.doors.cli.showing.output import print_csv
from eventfold.errors import EventfoldError
from eventfold.store.port import Snapshot
from tests.doors.calling import Told, eventfold
from tests.errors.bad_input_app import APP, Order, Paid, Totals
from tests.errors.conftest import Place


def shell(place: Place, *arguments: str) -> Told:
    told = eventfold(*place.app, *arguments)
    assert "Traceback" not in told.err
    return told


def put(place: Place, stream: str, event: ef.NewEvent) -> None:
    store = ef.open_store(place.url, create=False)
    store.append(stream, [event], expected=ef.ANY)
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ef.NewEvent(ef.new_id(), "os:system", 1, '{"command":"true"}'), "event-type-unknown"),
        (ef.NewEvent(ef.new_id(), "subprocess:Popen", 1, "{}"), "event-type-unknown"),
        (ef.NewEvent(ef.new_id(), "Renamed", 1, "{}"), "upcaster-failed"),
        (ef.NewEvent(ef.new_id(), "Paid", 1, '{"amount":"1","units":"many"}'), "value-unfit"),
    ],
)
def test_what_cannot_be_folded_is_parked_with_its_place_and_runs_nothing(
    own_place: Place, event: ef.NewEvent, code: str
) -> None:
    put(own_place, "order-1", event)
    assert shell(own_place, "run", "--once").code == 0  # loads what folding needs
    put(own_place, "order-3", structs.replace(event, id=ef.new_id()))
    put(own_place, "order-2", APP.registry.encode(Paid(amount=Decimal(1))))
    modules = set(sys.modules)
    assert shell(own_place, "run", "--once").code == 0
    assert set(sys.modules) == modules
    parked = json.loads(shell(own_place, "parked", "--json").out)
    assert {(p["stream"], p["version"], p["code"]) for p in parked} == {
        ("order-1", 1, code),
        ("order-3", 1, code),
    }
    assert all(p["position"] > 0 for p in parked)
    shown = json.loads(shell(own_place, "parked", "show", "totals", "order-1", "--json").out)
    assert shown["events"][0]["id"] == str(event.id)
    assert shell(own_place, "parked", "retry", "totals", "order-1").code == 9
    rows = json.loads(shell(own_place, "query", "SELECT * FROM totals", "--json").out)
    assert [row["order"] for row in rows] == ["order-0", "order-2"]


def test_an_event_of_no_known_type_is_parked_through_the_library_too(own_place: Place) -> None:
    put(own_place, "order-1", ef.NewEvent(ef.new_id(), "os:system", 1, "{}"))
    with APP.open(own_place.url, state=f"sqlite:///{own_place.folder}/tables.state") as live:
        live.catch_up()
        assert live.table(Totals).parked()["order-1"].code == "event-type-unknown"
        assert live.table(Totals).get("order-0")["events"] == 1


def _truncated(snapshot: Snapshot) -> Snapshot:
    return structs.replace(snapshot, state='{"total":')


def _ahead(snapshot: Snapshot) -> Snapshot:
    return structs.replace(snapshot, version=snapshot.version + 7)


def _of_another_kind(snapshot: Snapshot) -> Snapshot:
    return structs.replace(snapshot, category="cart")


def _of_another_log(snapshot: Snapshot) -> Snapshot:
    return structs.replace(snapshot, log="another")


@pytest.mark.parametrize("damage", [_truncated, _ahead, _of_another_kind, _of_another_log])
def test_a_wrong_snapshot_is_ignored_with_a_warning_and_the_state_is_right(
    own_place: Place, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    store = ef.open_store(own_place.url, create=False)
    (event,) = store.read("order-0")
    lie = Snapshot(
        log=store.log_id,
        stream="order-0",
        version=1,
        category="order",
        fingerprint=Order.definition.fingerprint,
        recorded_us=event.recorded_us,
        state='{"total":"1000"}',
    )
    assert callable(damage)
    store.snapshots().save(damage(lie))
    with caplog.at_level(logging.WARNING):
        loaded = ef.Repository(store, APP.registry, Order).load("order-0")
    store.close()
    assert (loaded.total, loaded.version) == (Decimal(1), 1)
    assert "ignored" in caplog.text
    told = shell(own_place, "state", "order-0", "--json")
    assert (told.code, json.loads(told.out)["state"]) == (0, {"total": "1"})


def test_the_lie_of_a_snapshot_that_fits_is_believed(own_place: Place) -> None:
    """The control: what is refused above is refused for its damage, not because snapshots are not read."""
    store = ef.open_store(own_place.url, create=False)
    (event,) = store.read("order-0")
    facts = {"log": store.log_id, "stream": "order-0", "version": 1, "category": "order"}
    fits = {"fingerprint": Order.definition.fingerprint, "recorded_us": event.recorded_us}
    store.snapshots().save(Snapshot(**facts, **fits, state='{"total":"1000"}'))  # type: ignore[arg-type]
    store.close()
    assert json.loads(shell(own_place, "state", "order-0", "--json").out)["state"] == {"total": "1000"}


def test_a_worker_without_its_lease_is_fenced(own_place: Place) -> None:
    with APP.open(own_place.url, state=f"sqlite:///{own_place.folder}/tables.state") as live:
        state = live.table(Totals).live()
        state.acquire("one", 60)
        with pytest.raises(EventfoldError) as caught:
            state.acquire("another", 60)
        assert caught.value.code == "owner-fenced"
        before = state.head()
        told = shell(own_place, "run", "--once", "--timeout", "0", "--json")
        said = json.loads(told.err.splitlines()[-1])["error"]
        assert (told.code, said["code"], said["owner"]) == (5, "owner-fenced", "one")
        assert state.head() == before


def test_a_missing_link_of_upcasters_is_refused_when_the_app_is_built(
    own_place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Third(ef.Event, version=3):
        name: str

    with pytest.raises(EventfoldError) as caught:
        ef.App("shop", events=[Third])
    assert caught.value.code == "upcaster-missing"
    name = f"broken_chain_{own_place.kind}"
    (tmp_path / f"{name}.py").write_text(
        "import eventfold as ef\nclass Third(ef.Event, version=3):\n    name: str\n"
        "app = ef.App('shop', events=[Third])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    told = eventfold("-a", f"{name}:app", "-s", own_place.url, "status", "--json")
    assert (told.code, json.loads(told.err)["error"]["code"]) == (2, "upcaster-missing")


@pytest.mark.parametrize("number", ["-5", "+5", "-0.25", "-1e9"])
def test_a_number_in_a_cell_of_csv_is_no_formula(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_csv([{"n": number}], ["n"])
    assert capsys.readouterr().out == f"n\n{number}\n"


@pytest.mark.slow
@pytest.mark.parametrize("beginning", ["=1+1", "+1+1", "-1-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_of_csv_that_a_spreadsheet_would_take_for_a_formula_is_escaped(
    own_place: Place, beginning: str
) -> None:
    put(own_place, "order-0", APP.registry.encode(Paid(amount=Decimal(1), note=beginning)))
    assert shell(own_place, "run", "--once").code == 0
    moment = "9999-01-01"
    for command in (
        ["query", "SELECT note FROM totals", "--csv"],
        ["at", "totals", "--time", moment, "--csv"],
    ):
        (row,) = csv.DictReader(io.StringIO(shell(own_place, *command).out, newline=""))
        assert row["note"] == f"'{beginning}"
    (found,) = json.loads(shell(own_place, "query", "SELECT note FROM totals", "--json").out)
    assert found["note"] == beginning  # only CSV goes to spreadsheets


@pytest.mark.parametrize("url", ["cosmos://127.0.0.1:9/shop?tls=off", "cosmos://nothing.invalid/shop"])
@pytest.mark.parametrize("command", [["streams"], ["doctor"]])
def test_a_log_on_a_service_that_nobody_signs_in_to_names_the_missing_secret(
    monkeypatch: pytest.MonkeyPatch, url: str, command: list[str]
) -> None:
    monkeypatch.delenv("EVENTFOLD_COSMOS_KEY", raising=False)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", NobodySignedIn)
    with pytest.raises(EventfoldError) as caught:
        ef.open_store(url)
    assert (caught.value.code, caught.value.facts["key"]) == ("config-invalid", "EVENTFOLD_COSMOS_KEY")
    told = eventfold("-s", url, *command)
    assert (told.code, told.out) == (2, "")
    assert "EVENTFOLD_COSMOS_KEY" in told.err


class NobodySignedIn:
    """What signs in on a machine without an identity, without asking the network for one."""

    def get_token(self, *_scopes: str, **_options: object) -> object:
        raise CredentialUnavailableError("there is no identity here")


FORBIDDEN = [
    "https://127.0.0.1/",
    "https://169.254.169.254/latest",
    "http://example.org/",
    "ftp://example.org/",
]


@pytest.mark.parametrize(
    "url", [*FORBIDDEN, "https://localhost/", "https://2130706433/", "file:///etc/passwd"]
)
def test_a_webhook_that_leads_inside_is_forbidden(own_place: Place, url: str) -> None:
    store = ef.open_store(own_place.url, create=False)
    (recorded,) = store.read("order-0")
    store.close()
    with pytest.raises(EventfoldError) as caught:  # a name leads somewhere when it is connected to
        ef.Webhook(url).send({}, ef.Message("tell", recorded))
    assert (caught.value.code, caught.value.status) == ("target-forbidden", 400)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_worker_with_a_target_that_leads_inside_does_not_begin(
    own_place: Place, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_TARGET_HOOK", f"{url}hunter2")
    app = ("-a", "tests.errors.telling_app:APP", *own_place.app[2:])
    told = eventfold(*app, "run", "--json")
    code = "url-unsupported" if url.startswith("ftp") else "target-forbidden"
    assert told.code == (2 if url.startswith("ftp") else 9)
    assert json.loads(told.err.splitlines()[-1])["error"]["code"] == code
    assert "hunter2" not in told.err
