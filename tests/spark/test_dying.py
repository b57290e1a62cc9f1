"""A driver that is killed in the middle of a MERGE, with everything that belongs to it: the next one goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventfold.testing.spark import spark_jars
from tests.spark.conftest import ROOT
from tests.spark.shop import APP, Shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRIVER = """
import os, signal, sys, threading, time
from pathlib import Path
from eventfold.engines.spark import merging
from tests.spark.shop import APP

log, lake, jars = sys.argv[1:]
setting = merging.setting
table = Path(lake) / "boxes"

def die(before):
    while set(table.glob("*.parquet")) == before:
        time.sleep(0.001)
    os.killpg(0, signal.SIGKILL)

def watched(*arguments):
    threading.Thread(target=die, args=[set(table.glob("*.parquet"))], daemon=True).start()
    return setting(*arguments)

merging.setting = watched
APP.on_spark(log, lake=lake, jars=jars).run()
"""
"""Its first file of rows is there, and its commit is not, or has just come."""


@pytest.mark.nightly  # Java starts once more for it
def test_a_driver_that_dies_in_a_merge_leaves_nothing_that_counts_twice(
    session: "SparkSession", tmp_path: Path
) -> None:
    shop = Shop(session, tmp_path)
    shop.note(0, 40)
    died = subprocess.run(
        [sys.executable, "-c", DRIVER, shop.log, shop.lake, str(spark_jars(ROOT / "build" / "spark"))],
        cwd=ROOT,
        env={**os.environ, "TZ": "America/New_York"},
        process_group=0,
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    assert list((tmp_path / "lake" / "boxes").glob("*.parquet"))
    assert list((tmp_path / "lake.checkpoints").glob("boxes/1/*/offsets/0"))
    assert not list((tmp_path / "lake.checkpoints").glob("boxes/1/*/commits/0"))
    APP.on_spark(shop.log, lake=shop.lake).run()
    assert shop.published(shop.job()) == shop.expected()
