"""What stands in the copy: every event as it is stored, under the names of the view `events`."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from msgspec import structs

import eventfold as ef
from eventfold import ANY, NewEvent, new_id
from eventfold.errors import EventfoldError
from eventfold.events.envelope import from_us
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.eventview.columns import SCHEMA as VIEW
from eventfold.readmodels.lakecopy.columns import BOUNDED, DAY, SCHEMA
from eventfold.testing.making import make
from tests.irregular import IRREGULAR_DATA
from tests.readmodels.lakecopy.lake import Lake

SAID = '{"actor":"Zoë","correlationId":"c-1","causationId":"c-0","more":{"actor":"nobody"}}'


def test_each_event_stands_there_as_it_is_stored(lake: Lake) -> None:
    lake.happen(5)
    lake.store.append("box-ä", [make(9, metadata=SAID, occurred_us=5, schema_version=3)], expected=ANY)
    lake.copy()
    said = json.loads(SAID)
    for row, event in zip(lake.rows(), lake.events(), strict=True):
        stored = json.loads(event.metadata)
        assert row == {
            "partition": event.partition,
            "position": event.position,
            "stream": event.stream,
            "category": "box",
            "version": event.version,
            "type": event.type,
            "schema_version": event.schema_version,
            "event_id": str(event.id),
            "recorded_at": from_us(event.recorded_us),
            "occurred_at": from_us(event.occurred_us),
            "actor": stored.get("actor"),
            "correlation_id": stored.get("correlationId"),
            "causation_id": stored.get("causationId"),
            "data": event.data,
            "metadata": event.metadata,
            "_occurred_given": event.occurred_or_none_us is not None,
            "_irregular": False,
            "_commit": (event.position - 1) // 4 + 1,
        }
    assert (lake.rows()[-1]["actor"], lake.rows()[-1]["occurred_at"]) == (
        said["actor"],
        datetime(1970, 1, 1, 0, 0, 0, 5, UTC),
    )


def test_a_column_that_the_view_of_events_has_too_has_the_same_values(tmp_path: Path) -> None:
    app = ef.App("shop", untyped=True)
    shared = [name for name in VIEW.names if name not in {"data", "metadata"}] + ["actor", "correlation_id"]
    with app.open(f"sqlite:///{tmp_path}/log.db", lake=str(tmp_path), copy=True) as live:
        live.store.append("box-1", [make(1, metadata=SAID), make(2, occurred_us=7)], expected=0)
        live.store.append("jar-1", [make(3, metadata='{"actor":5}')], expected=0)
        live.catch_up()
        names = ", ".join(shared)
        viewed = live.query(f"select {names} from events order by position").rows()
        files = f"{tmp_path}/events/*/*.parquet"
        asked = f"select {names} from read_parquet($files) order by position"
        found = duckdb.sql(asked, params={"files": files})
        assert found is not None
        rows = found.to_arrow_table().to_pylist()
    assert [dict(row) for row in viewed] == rows
    assert len(rows) == 3


def test_plain_readers_find_nothing_that_they_do_not_know(lake: Lake) -> None:
    lake.happen(5)
    lake.copy()
    table = lake.delta()
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert table.metadata().partition_columns == [DAY]
    assert table.metadata().configuration["delta.appendOnly"] == "true"
    assert [field.name for field in table.schema().fields] == SCHEMA.names


def test_a_file_has_one_day_and_is_ordered_by_stream(lake: Lake) -> None:
    days = [datetime(2026, 3, day, 23, 59, 59, 999_999, tzinfo=UTC) for day in (1, 1, 2, 4)]
    for n, day in enumerate(days * 3):
        restored = make(n, recorded_us=int(day.timestamp() * 1e6) + (n // 4))
        if n < 4:
            lake.store.append(f"box-{9 - n}", [restored], expected=0)
    lake.copy(events=100)
    files = {Path(uri).parent.name: pq.ParquetFile(uri).read() for uri in lake.delta().file_uris()}
    assert sorted(files) == [f"{DAY}=2026-03-01", f"{DAY}=2026-03-02", f"{DAY}=2026-03-04"]
    assert files[f"{DAY}=2026-03-01"].column("stream").to_pylist() == ["box-8", "box-9"]
    assert lake.agrees()


def test_the_log_of_the_table_counts_rows_and_bounds_what_it_may_bound(lake: Lake) -> None:
    long = f"box-{'ö' * 120}"
    lake.store.append(long, [make(1, data={"n": 1, "secret": "canary"})], expected=0)
    lake.copy()
    text = "".join(path.read_text() for path in sorted((lake.folder / "_delta_log").glob("*.json")))
    assert "canary" not in text
    added = [json.loads(line)["add"] for line in text.splitlines() if '"add"' in line]
    stats = json.loads(added[0]["stats"])
    assert stats["numRecords"] == 1
    assert set(stats["minValues"]) <= set(BOUNDED)
    assert stats["minValues"].get("stream", "") <= long <= stats["maxValues"].get("stream", long)


def test_what_no_append_takes_any_more_is_copied_as_it_is_and_marked(lake: Lake) -> None:
    for data in IRREGULAR_DATA.values():
        for event in (NewEvent(new_id(), "Noted", 1, data), NewEvent(new_id(), "Noted", 1, "{}", data)):
            marked = structs.replace(event, checked=event.data, recorded_us=7)
            with suppress(EventfoldError):  # metadata that no log ever took
                lake.store.append("box-1", [marked], expected=ANY)
    lake.happen(2)
    lake.copy(events=1_000)
    source = lake.feed.arrow(lake.feed.start(), lake.feed.end(), ["data", "metadata", IRREGULAR])
    wanted = [row for batch in source for row in batch.to_pylist()]
    copied = [
        {"data": row["data"], "metadata": row["metadata"], IRREGULAR: row["_irregular"]}
        for row in lake.rows()
    ]
    assert copied == wanted
    assert len(copied) > len(IRREGULAR_DATA) > sum(not row[IRREGULAR] for row in wanted)
