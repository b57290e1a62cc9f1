"""`eventfold spark run` and `app.on_spark`: the tables of an app by one command, or one line in a notebook."""

import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock
from urllib.request import urlopen

import pytest

import eventfold as ef
from eventfold import foreign
from eventfold.app.spark.onspark import OnSpark
from eventfold.engines.port import From
from eventfold.engines.spark.failures import typed
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.running.session import made
from eventfold.errors import ExtraMissing
from tests.doors.calling import Told, eventfold
from tests.spark.shop import APP, Boxes, Shop, rows_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from eventfold.readmodels.publishing.publication import LakePublication


@pytest.fixture
def shop(session: "SparkSession", tmp_path: Path) -> Shop:
    return Shop(session, tmp_path)


def called(shop: Shop, *arguments: str) -> Told:
    return eventfold(
        "-a", "tests.spark.shop:APP", "-s", shop.log, "--lake", shop.lake, "spark", "run", *arguments
    )


def publication(shop: Shop) -> "LakePublication":
    with shop.opened("looking") as live:
        found = live.table(Boxes).publication
        assert found is not None
        return found


def test_a_lake_that_this_spark_cannot_reach_is_told_before_anything_is_read(
    shop: Shop, session: "SparkSession"
) -> None:
    lake = "abfss://lake@account.dfs.core.windows.net/shop"
    with pytest.raises(ExtraMissing, match=r"hadoop-azure:3\.\d.*--jars FOLDER"):
        APP.on_spark(shop.log, lake=lake, session=session)


class Driver(io.StringIO):
    """An output as drivers of notebooks and jobs have it: no file of the system."""


def test_a_task_of_a_wheel_runs_in_the_session_that_is_there_and_returns(
    shop: Shop, session: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some platforms take any `SystemExit` for a failure."""
    shop.note(0, 10)
    (entry,) = metadata.entry_points(group="console_scripts", name="eventfold")
    words = ["--app", "tests.spark.shop:APP", "--store", shop.log, "--lake", shop.lake, "spark", "run"]
    out, before = Driver(), {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(foreign._stderr, "ours", False)
    try:
        with mock.patch("sys.stdout", out), mock.patch("sys.stderr", Driver()):
            monkeypatch.setattr("sys.argv", ["eventfold", *words, "boxes", "--json"])
            assert entry.load()() is None
            monkeypatch.setattr("sys.argv", ["eventfold", *words, "nothing"])
            with pytest.raises(SystemExit) as ended:
                entry.load()()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    assert ended.value.code == ef.errors.TableNotFound.exit_code
    (ran,) = json.loads(out.getvalue())["tables"]
    assert (ran["table"], ran["events"]) == ("boxes", 10)
    assert rows_of(publication(shop)) == shop.expected()
    assert session.sql("SELECT 1").count() == 1


@pytest.fixture
def elsewhere(session: "SparkSession") -> Iterator[None]:
    """The session of somebody in New York, who does not want its settings changed."""
    settings = {"spark.sql.session.timeZone": "America/New_York", "spark.sql.ansi.enabled": "false"}
    before = {name: session.conf.get(name) for name in settings}
    for name, value in settings.items():
        session.conf.set(name, value)
    yield
    after = {name: session.conf.get(name) for name in settings}
    for name, old in before.items():
        session.conf.set(name, old)
    assert after == settings


@pytest.mark.usefixtures("elsewhere")
def test_a_command_keeps_the_tables_that_spark_may_and_leaves_others(shop: Shop) -> None:
    shop.note(0, 30)
    told = called(shop, "--json", "--most", "20")
    assert told.code == 0, told
    (ran,) = json.loads(told.out)["tables"]
    assert (ran["table"], ran["events"], ran["batches"], ran["position"]) == ("boxes", 30, 2, 30)
    assert "boxes: 20 events in " in told.err
    assert "10 events behind" in told.err
    assert rows_of(publication(shop)) == shop.expected()
    assert (shop.folder / "lake.checkpoints" / "boxes" / "1").is_dir()
    shop.embedded()
    for tables in ((), ("boxes",)):
        told = called(shop, *tables)
        assert told.code == 5
        assert "`eventfold take-over boxes --engine spark`" in told.err
    assert called(shop, "parcels").code == 4
    for source, option in {"bus": "--bus", "lake-copy": "eventfold run --once --copy"}.items():
        told = called(shop, "--from", source)
        assert told.code in {2, 4}
        assert option in told.err
    assert called(shop, "boxes", "--every", "often").code == 3


def test_an_error_of_a_batch_keeps_its_name_and_its_exit_code(shop: Shop) -> None:
    shop.note(0, 20)
    on_spark = APP.on_spark(shop.log, lake=shop.lake)
    on_spark.run()
    here = publication(shop)
    shop.session.sql(f"DELETE FROM delta.`{shop.lake}/boxes` WHERE box_id = 'box-1'")
    versions = here.versions()
    shop.note(20, 25)
    with pytest.raises(ef.errors.CursorLost, match="leaves no stamp"):
        on_spark.run()
    told = called(shop)
    assert told.code == 6
    assert here.versions() == versions


def test_one_that_goes_on_is_looked_at_and_ends_between_two_batches(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.note(0, 20)
    on_spark = APP.on_spark(shop.log, lake=shop.lake)
    seen: list[int] = []

    def look() -> None:
        try:
            wait_for(on_spark, 20)
            shop.note(20, 30)
            wait_for(on_spark, 30)
            (url,) = {
                word for r in caplog.records for word in r.getMessage().split() if word.endswith("/health")
            }
            seen.extend(urlopen(page).status for page in (url, url.replace("/health", "/ready")))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    looking = threading.Thread(target=look)
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        looking.start()
        told = called(shop, "--json", "--every", "1 second", "--health-port", "0")
    finally:
        looking.join()
        for name, handler in before.items():
            signal.signal(name, handler)
    assert told.code == 0, told
    (ran,) = json.loads(told.out)["tables"]
    assert (ran["events"], ran["position"]) == (30, 30)
    assert seen == [200, 200]
    (table,) = on_spark.status().tables
    assert (table.lag, table.engine, table.problem) == (0, "spark", "")
    assert rows_of(publication(shop)) == shop.expected()


def wait_for(on_spark: OnSpark, position: int) -> None:
    for _ in range(1200):
        (table,) = on_spark.status().tables
        if table.cursor is not None and table.cursor.marks and table.cursor.marks["0"].position >= position:
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"it did not come to {position}")


def test_what_is_missing_for_a_session_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ef.errors.ExtraMissing, match=r"no jars of Delta Lake in .* --jars FOLDER"):
        made(tmp_path)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ef.errors.ExtraMissing, match="Java 17 or newer"):
        made()


@pytest.mark.parametrize("lacks", ["the name, as Spark 4.1", "its module, as Spark 3.5"])
@pytest.mark.parametrize("source", ["store", "lake-copy", "bus"])
def test_an_older_spark_is_refused_whatever_is_read(
    lacks: str, source: From, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("running.cluster", "sources.admission"):
        monkeypatch.delitem(sys.modules, f"eventfold.engines.spark.{name}", raising=False)
    if lacks.startswith("the name"):
        monkeypatch.delattr("pyspark.sql.streaming.datasource.SupportsTriggerAvailableNow")
    else:
        monkeypatch.setitem(sys.modules, "pyspark.sql.streaming.datasource", None)
    with pytest.raises(ef.errors.ExtraMissing, match=r"needs Spark 4.2, and 4\..*`eventfold run`") as refused:
        APP.on_spark("sqlite:///none.db", lake=str(tmp_path / "lake"), source=source)
    assert refused.value.facts["extra"] == "spark"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (
            "... [DATA_SOURCE_NOT_FOUND] Failed to find the data source: delta.",
            "ExtraMissing",
            "spark.sql.extensions",
        ),
        ("at x\neventfold.errors.logs.ForeignCursor: another log\n\n\tat y", "ForeignCursor", "another log"),
        ("\njava.lang.OutOfMemoryError: Java heap space\n\tat y", "StorageFailed", "OutOfMemoryError"),
        ("", "StorageFailed", "did not say why"),
    ],
)
def test_what_spark_gives_as_text_becomes_an_error_that_says_what_to_do(
    text: str, error: str, said: str
) -> None:
    found = typed(Exception(text) if text else None, "boxes")
    assert type(found).__name__ == error
    assert said in found.message


class Gone:
    """A query whose Java has ended."""

    @property
    def isActive(self) -> bool:
        raise ConnectionRefusedError("[Errno 111] Connection refused")


def test_where_java_has_gone_it_ends_with_an_error_that_says_so(shop: Shop) -> None:
    on_spark = APP.on_spark(shop.log, lake=shop.lake)
    with (
        mock.patch.object(TableJob, "start", return_value=Gone()),
        pytest.raises(ef.errors.StorageFailed, match="Connection refused"),
    ):
        on_spark.run(every="1 second")
    with pytest.raises(ef.errors.RangeInvalid, match="--most"):
        on_spark.run(most=0)
