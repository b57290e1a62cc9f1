"""The table of applications equals DuckDB run directly over the file, now and as of earlier moments."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from eventfold.app.live import Live
from eventfold.imports import import_file
from examples.loans.__main__ import LOG
from examples.loans.app import bank
from examples.loans.domain import ROWS, STAGES
from examples.loans.tables import Applications

pytestmark = pytest.mark.slow

OVER_THE_FILE = """
WITH log AS (
  SELECT row_number() OVER () AS n, "case:concept:name" AS case_id, "concept:name" AS event,
    "org:resource" AS resource, CAST("case:AMOUNT_REQ" AS DECIMAL(12, 2)) AS amount,
    CAST("time:timestamp" AS TIMESTAMPTZ) AS moment
  FROM read_csv(?, all_varchar = true)
)
SELECT 'application-' || case_id AS application,
  arg_min(amount, n) FILTER (event = 'A_SUBMITTED') AS amount,
  arg_max(event, n) FILTER (starts_with(event, 'A_')) AS stage,
  arg_min(event, n) AS first_event,
  arg_max(event, n) AS last_event,
  count(*) AS events,
  arg_max(resource, n) FILTER (resource <> '') AS last_by,
  min(moment) AS began_at, max(moment) AS ended_at
FROM log WHERE moment <= ? GROUP BY case_id ORDER BY 1
"""
LATER = datetime(2100, 1, 1, tzinfo=UTC)
WORDS = {event.stored_name: word for event, word in STAGES.items()}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("bank")
    with bank.open(f"sqlite:///{folder}/bank.db") as live:
        report = import_file(live.store, LOG, ROWS)
        assert (report.rows, report.written, report.streams, report.refused) == (262_200, 262_200, 13_087, 0)
        live.table(Applications).rebuild()
        yield live


def over_the_file(until: datetime) -> list[dict[str, Any]]:
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true; SET threads = 1")
        answer = db.sql(OVER_THE_FILE, params=[str(LOG), until]).to_arrow_table()
        assert answer is not None
    return [{**row, "stage": WORDS.get(row["stage"])} for row in answer.to_pylist()]


def of_the_table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "_version"} for row in rows]


@pytest.mark.parametrize(
    "until",
    [
        datetime(2011, 10, 1, 0, 39, tzinfo=UTC),
        datetime(2011, 12, 24, 12, tzinfo=UTC),
        datetime(2012, 3, 1, 8, 30, 15, 123000, tzinfo=UTC),
    ],
)
def test_every_row_as_of_what_had_occurred(live: Live, until: datetime) -> None:
    wanted = over_the_file(until)
    found = live.table(Applications).at(time=until, clock="occurred")
    assert of_the_table(found.rows()) == wanted
    assert 0 < sum(row["events"] for row in wanted) < 262_200
    assert not found.parked


def test_every_row_now(live: Live) -> None:
    wanted = over_the_file(LATER)
    found = of_the_table(live.query("SELECT * FROM applications ORDER BY application").rows())
    assert len(wanted) == 13_087
    assert found == wanted


def test_importing_it_again_writes_nothing(live: Live) -> None:
    report = import_file(live.store, LOG, ROWS)
    assert (report.written, report.known) == (0, 262_200)


def test_one_application_tells_why_it_is_where_it_is(live: Live) -> None:
    steps = live.table(Applications).why("application-173688")
    assert [step.after["stage"] for step in steps if step.after][-1] == "activated"
    assert len(steps) == live.table(Applications).get("application-173688")["events"] == 26
