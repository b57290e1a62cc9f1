"""Spark reads a table in an object store, by its own file system for Azure, from Azurite."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eventfold import ANY
from eventfold.testing import jars
from eventfold.testing.making import make
from eventfold.testing.spark import spark_jars
from tests.azurite.fixtures import address, azurite
from tests.azurite.server import ACCOUNT, Azurite
from tests.spark.conftest import ROOT
from tests.spark.shop import APP

__all__ = ["address", "azurite"]
POM = ROOT / "tests" / "azurite" / "pom.xml"
PROGRAM = """
import json, sys
from pathlib import Path
from eventfold.engines.spark.running.reaching import check_reach
from eventfold.engines.spark.running.session import made

given = json.load(sys.stdin)
session = made(Path(given["jars"]), {"spark.master": "local[1]", **given["settings"]})
check_reach(session, given["lake"])
rows = session.read.format("delta").load(given["table"]).select("box_id", "n").collect()
print(json.dumps(sorted(list(row) for row in rows)))
session.stop()
"""


@pytest.mark.nightly  # a Spark of its own, with other jars than that of the other tests
def test_spark_reads_what_was_published_there(azurite: Azurite, address: str, tmp_path: Path) -> None:
    with APP.open(f"sqlite:///{tmp_path}/log.db", lake=address) as live:
        for n in range(6):
            live.store.append(f"box-{n % 3}", [make(n)], expected=ANY)
            live.catch_up()
    together = tmp_path / "jars"
    together.mkdir()
    azure = jars.bring(POM, ROOT / "build" / "abfs", "Spark on Azure Storage")
    for jar in (*spark_jars(ROOT / "build" / "spark").glob("*.jar"), *azure.glob("*.jar")):
        (together / jar.name).symlink_to(jar)
    settings = {
        f"fs.azure.account.key.{ACCOUNT}.dfs.core.windows.net": azurite.key,
        "fs.azure.abfs.endpoint": f"127.0.0.1:{azurite.port}",
        # Azurite has no encryption here, no folders, and no other service than that of blobs
        "fs.azure.always.use.https": "false",
        "fs.azure.networking.library": "JDK_HTTP_URL_CONNECTION",
        "fs.azure.account.hns.enabled": "false",
        "fs.azure.fns.account.service.type": "BLOB",
    }
    given = {
        "jars": str(together),
        "settings": {f"spark.hadoop.{name}": value for name, value in settings.items()},
        "lake": address,
        "table": f"{address.replace('abfss:', 'abfs:')}/boxes",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [["box-0", 3], ["box-1", 4], ["box-2", 5]]
