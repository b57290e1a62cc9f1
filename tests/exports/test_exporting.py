"""An export shows what is stored, in documents or in columns; its file is there whole or not at all."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from eventfold import Event, Store, open_store, upcast
from eventfold.doors.cli.main import cli
from eventfold.errors import (
    ConfigInvalid,
    EventfoldError,
    ForeignCursor,
    NotFound,
    SchemaVersionUnknown,
    StorageFailed,
    StreamNotFound,
    UpcasterFailed,
)
from eventfold.events.envelope import from_us
from eventfold.events.registry import Registry
from eventfold.exports import export_log
from eventfold.exports.placing import placed
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, read_all
from tests.exports.making import facts


class Noted(Event, frozen=True, version=2):
    n: int
    unit: str


@upcast(Noted, 1)
def _with_unit(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("n") == 13:
        raise ValueError("an unlucky number")
    return {"n": data.get("n", 0), "unit": "piece"}


def documents(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_document_has_the_form_of_the_pattern(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    report = export_log(store, path)
    first = next(store.read("order-1"))
    assert documents(path)[0] == {
        "id": str(first.id),
        "aggregateId": "order-1",
        "eventType": "Noted",
        "version": 1,
        "timestamp": "1970-01-01T00:00:00.000010Z",
        "data": {"n": 1},
        "metadata": {
            "schemaVersion": 1,
            "occurredAt": "1969-12-31T23:59:59.999995Z",
            "actor": "Zoë",
            "n": 1.5,
        },
    }
    assert (report.events, report.upcast, report.upgraded, report.log) == (4, False, 0, store.log_id)


def test_stored_json_is_copied_and_never_written_anew(tmp_path: Path) -> None:
    store = open_store("sqlite://")
    text = '{"price":1.10,"big":12345678901234567.000,"a" : "\\u00e9\\/"}'
    odd = make(1, metadata='{ "n":1.10 }')
    store.append("order-1", [type(odd)(odd.id, "Noted", 1, text, odd.metadata)], expected=0)
    export_log(store, tmp_path / "log.jsonl")
    export_log(store, tmp_path / "log.parquet")
    assert f'"data":{text}' in (tmp_path / "log.jsonl").read_text()
    (row,) = pq.read_table(tmp_path / "log.parquet").to_pylist()
    assert (row["data"], row["metadata"]) == (text, '{ "n":1.10 }')


def test_parquet_has_the_place_in_the_log_beside_the_document(store: Store, tmp_path: Path) -> None:
    export_log(store, tmp_path / "log.parquet")
    table = pq.read_table(tmp_path / "log.parquet")
    rows = table.to_pylist()
    events = read_all(store.feed())
    assert [(r["position"], r["partition"], r["logId"]) for r in rows] == [
        (e.position, e.partition, store.log_id) for e in events
    ]
    assert [r["timestamp"] for r in rows] == [e.recorded_at for e in events]
    assert [r["occurredAt"] for r in rows] == [from_us(-5), None, None, None]
    assert table.schema.metadata == {b"eventfold.log": store.log_id.encode()}


def test_what_is_selected_is_exported_in_order(store: Store, tmp_path: Path) -> None:
    def exported(**selection: Any) -> list[tuple[str, int]]:
        path = tmp_path / "some.jsonl"
        export_log(store, path, overwrite=True, **selection)
        return [(d["aggregateId"], d["version"]) for d in documents(path)]

    assert exported(categories=("order",)) == [("order-1", 1), ("order-1", 2), ("order-2", 1)]
    assert exported(streams=("order-2", "order-1")) == [("order-2", 1), ("order-1", 1), ("order-1", 2)]
    assert exported(until_us=20) == [("order-1", 1), ("order-1", 2), ("cart-1", 1)]
    assert exported(until_us=19, streams=("order-1",)) == [("order-1", 1)]
    assert exported(until_us=1) == []
    feed = store.feed()
    second = feed.at_position(2)
    assert exported(after=second) == [("cart-1", 1), ("order-2", 1)]
    assert exported(after=second, streams=("order-2",)) == [("order-2", 1)]
    assert exported(after=feed.end()) == []
    assert exported(after=feed.end(), until_us=5) == []


def test_what_is_not_there_or_not_meant_is_said(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with pytest.raises(StreamNotFound):
        export_log(store, path, streams=("order-9",))
    with pytest.raises(ConfigInvalid, match="not both"):
        export_log(store, path, streams=("order-1",), categories=("order",))
    with pytest.raises(ForeignCursor):
        export_log(store, path, after=open_store("sqlite://").feed().start())
    with pytest.raises(ConfigInvalid, match="does not say"):
        export_log(store, tmp_path / "log.csv")
    with pytest.raises(ConfigInvalid, match="compressed inside"):
        export_log(store, tmp_path / "log.parquet.gz")
    with pytest.raises(NotFound, match="folder"):
        export_log(store, tmp_path / "nowhere" / "log.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_on_an_explicit_word(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("mine")
    with pytest.raises(ConfigInvalid, match="there already"):
        export_log(store, path)
    assert path.read_text() == "mine"
    export_log(store, path, overwrite=True)
    assert len(documents(path)) == 4


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.parquet"])
def test_an_export_that_fails_leaves_no_file(store: Store, tmp_path: Path, name: str) -> None:
    store.append("order-1", [make(13)], expected=2)
    with pytest.raises(UpcasterFailed, match="version 3 of order-1") as caught:
        export_log(store, tmp_path / name, registry=Registry([Noted]))
    assert caught.value.facts["stream"] == "order-1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_export_to_a_stream_that_fails_does_not_look_whole(store: Store, form: Any) -> None:
    store.append("order-1", [make(13)], expected=2)
    file = io.BytesIO()
    with pytest.raises(UpcasterFailed):
        export_log(store, file, form, registry=Registry([Noted]))
    assert file.getvalue() in {b"", b"PAR1"}  # no line; of Parquet its beginning, without its end
    whole = io.BytesIO()
    export_log(store, whole, form)
    assert whole.getvalue()[4:].endswith(b"PAR1" if form == "parquet" else b"}\n")


def test_a_disk_that_fails_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed), placed(tmp_path / "x", zipped=False, overwrite=False):
        raise OSError(5, "Input/output error")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid), placed(tmp_path / "x", zipped=False, overwrite=False) as file:
        file.write(b"new")
        (tmp_path / "x").write_text("old")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]


def test_the_same_log_gives_the_same_bytes(store: Store, tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        export_log(store, tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_with_the_types_of_an_app_old_data_are_upcast_and_say_so(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    report = export_log(store, path, streams=("order-1",), registry=Registry([Noted]))
    assert (report.upcast, report.events, report.upgraded) == (True, 2, 2)
    assert documents(path)[0]["data"] == {"n": 1, "unit": "piece"}
    assert documents(path)[0]["metadata"]["schemaVersion"] == 2
    assert documents(path)[0]["metadata"]["upgradedFrom"] == 1
    export_log(store, path, streams=("cart-1",), registry=Registry([Noted]), overwrite=True)
    assert "upgradedFrom" not in documents(path)[0]["metadata"]  # it was written in the current version
    export_log(store, tmp_path / "log.parquet", registry=Registry([Noted]))
    rows = pq.read_table(tmp_path / "log.parquet").to_pylist()
    assert [(r["schemaVersion"], r["upgradedFrom"]) for r in rows] == [(2, 1), (2, 1), (2, None), (2, 1)]


def test_data_of_a_later_release_are_not_exported_as_if_they_were_understood(
    store: Store, tmp_path: Path
) -> None:
    store.append("order-1", [make(schema_version=3)], expected=2)
    with pytest.raises(SchemaVersionUnknown, match="--stored"):
        export_log(store, tmp_path / "log.jsonl", registry=Registry([Noted]))


def test_types_that_an_app_does_not_know_stay_as_they_are_where_it_allows_them(
    store: Store, tmp_path: Path
) -> None:
    report = export_log(store, tmp_path / "log.jsonl", registry=Registry([], untyped=True))
    assert (report.events, report.upgraded) == (4, 0)
    with pytest.raises(EventfoldError):
        export_log(store, tmp_path / "no.jsonl", registry=Registry([]))


def test_a_stream_takes_an_export_too(store: Store) -> None:
    file = io.BytesIO()
    export_log(store, file)
    assert len(file.getvalue().splitlines()) == 4


def test_a_log_in_cosmos_is_exported_partition_by_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(partitions=4) as account:
        monkeypatch.setenv(KEY, account.key)
        store = open_store(account.url("shop"))
        for n in range(40):
            store.append(f"order-{n % 10}", [make(n)], expected=n // 10)
        report = export_log(store, tmp_path / "log.parquet")
        rows = pq.read_table(tmp_path / "log.parquet").to_pylist()
        assert report.events == len(rows) == 40
        assert len({row["partition"] for row in rows}) > 1
        for n in range(10):
            found = [r["version"] for r in rows if r["aggregateId"] == f"order-{n}"]
            assert found == [1, 2, 3, 4]
        until = [facts(e) for e in store.read("order-3")][1][5]
        some = export_log(store, tmp_path / "some.parquet", until_us=until)
        assert 0 < some.events < 40
        assert some.cursor == ""  # a time is no prefix of this feed
        store.close()


def test_the_command_line_exports_and_restores(tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)

    url, back = f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/back.db"
    store = open_store(url)
    store.append("order-1", [make(1), make(2)], expected=0)
    store.close()
    file = str(tmp_path / "log.jsonl.gz")
    report = json.loads(run("-s", url, "export", file, "--json").stdout)
    assert (report["events"], report["upcast"], report["form"]) == (2, False, "jsonl")
    assert len(gzip.decompress(Path(file).read_bytes()).splitlines()) == 2
    restored = json.loads(run("-s", back, "import", "--restore", file, "--json").stdout)
    assert (restored["written"], restored["refused"]) == (2, 0)
    assert run("-s", url, "export", "-").stdout == run("-s", back, "export", "-").stdout
    (tmp_path / "cursor").write_text(report["cursor"])
    rest = run(
        "-s", url, "export", str(tmp_path / "rest.parquet"), "--after", f"@{tmp_path}/cursor", "--json"
    )
    assert json.loads(rest.stdout)["events"] == 0
    said = run("-s", url, "export", str(tmp_path / "said.jsonl"))
    assert "2 events, as they are stored" in said.stderr
    with pytest.raises(ConfigInvalid, match="Name the app"):
        run("-s", url, "export", str(tmp_path / "up.jsonl"), "--upcast")
