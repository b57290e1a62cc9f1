"""Rows sent to the stand-in for Azure AI Search, in a process of its own; beside the SDK alone, same documents."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from azure.core.credentials import AzureKeyCredential
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient

from benchmarks.measure import Case
from benchmarks.searching import LAYOUT, LOG, batches, stamp
from eventfold.readmodels.aisearch.address import KEY
from eventfold.readmodels.aisearch.documents import Documents
from eventfold.readmodels.aisearch.fields import ID, index_of
from eventfold.readmodels.aisearch.index import open_service
from eventfold.readmodels.aisearch.sending import DOCUMENTS
from eventfold.readmodels.folding.arrowform import schema

ROWS = 50_000


@contextmanager
def _standing_in() -> Iterator[tuple[str, str]]:
    """The endpoint and the key of a stand-in."""
    command = [sys.executable, "-c", "from eventfold.doors.cli import main; main()", "dev", "search"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = ""
        while not (found := re.search(r"endpoint +(\S+)\n+admin key +(\S+)", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        try:
            yield found[1], found[2]
        finally:
            process.terminate()


def send(_folder: Path) -> float:
    """Rows a second into a new index, until they are seen behind the alias."""
    rows = list(batches(ROWS))
    with _standing_in() as (endpoint, key):
        os.environ[KEY] = key
        place = open_service(f"aisearch://{endpoint.removeprefix('http://')}/bench?tls=off", LAYOUT, LOG)
        began = time.perf_counter()
        place.overwrite(None, pa.RecordBatchReader.from_batches(schema(LAYOUT), iter(rows)), stamp(1))
        return ROWS / (time.perf_counter() - began)


def send_raw(_folder: Path) -> float:
    """The same documents by the SDK alone, a thousand a request, until the last is seen; they were made before."""
    documents = [one for batch in batches(ROWS) for one in Documents(LAYOUT).of(batch, 1)]
    with _standing_in() as (endpoint, key):
        credential = AzureKeyCredential(key)
        with SearchIndexClient(endpoint, credential) as indexes:
            indexes.create_index(index_of("bench", LAYOUT))
        with SearchClient(endpoint, "bench", credential) as client:
            began = time.perf_counter()
            for at in range(0, ROWS, DOCUMENTS):
                client.upload_documents(documents[at : at + DOCUMENTS])
            client.get_document(documents[-1][ID])
            return ROWS / (time.perf_counter() - began)


CASES = [
    Case(
        name=f"search: {ROWS:,} rows into the stand-in for Azure AI Search",
        unit="rows/s",
        ours=send,
        floor=send_raw,
        target=0.8,
    ),
]
