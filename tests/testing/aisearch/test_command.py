"""`eventfold dev search`: the stand-in as a process of its own."""

import json
import signal
import subprocess
import sys

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient

from tests.testing.aisearch.given import articles

COMMAND = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_on_this_machine_until_it_is_ended(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--json", "dev", "search"], stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        try:
            told = json.loads(started.stdout.readline())
            assert told["endpoint"].startswith("http://127.0.0.1:")
            with SearchIndexClient(told["endpoint"], AzureKeyCredential(told["key"])) as indexes:
                indexes.create_index(articles())
            with SearchClient(told["endpoint"], "articles", AzureKeyCredential(told["query_key"])) as client:
                assert client.get_document_count() == 0
            started.send_signal(number)
            assert started.wait(10) == 0
        finally:
            started.kill()


def test_it_says_that_it_is_a_stand_in_and_what_to_use() -> None:
    with subprocess.Popen(
        [*COMMAND, "dev", "search"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        assert started.stdout is not None
        try:
            lines = [started.stdout.readline() for _ in range(4)]
        finally:
            started.terminate()
    assert lines[0].startswith("A stand-in for Azure AI Search serves on this machine only")
    assert [line.split("  ")[0] for line in lines[1:]] == ["endpoint", "admin key", "query key"]
