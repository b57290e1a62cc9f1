"""The contract on a real account, where EVENTFOLD_TEST_COSMOS_URL names one: cosmos://ACCOUNT.../DATABASE.

Its containers are made by key (EVENTFOLD_COSMOS_KEY) under names of their own and dropped afterwards.
"""

import contextlib
import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.core.exceptions import AzureError
from azure.cosmos import CosmosClient

from eventfold import open_store
from eventfold.store.cosmos.requests.settings import KEY, read_url
from eventfold.testing.store_contract import OpenStore, StoreContract

URL = os.environ.get("EVENTFOLD_TEST_COSMOS_URL", "")
if not URL:
    pytest.skip("no real account: EVENTFOLD_TEST_COSMOS_URL is not set", allow_module_level=True)


class TestRealAccount(StoreContract):
    @pytest.fixture
    def open_it(self) -> Iterator[OpenStore]:
        names = {kind: f"test-{kind}-{uuid4().hex[:12]}" for kind in ("events", "snapshots", "leases")}
        url = f"{URL}?{'&'.join(f'{kind}={name}' for kind, name in names.items())}"
        yield lambda: open_store(url)
        settings = read_url(url)
        client = CosmosClient(settings.endpoint, os.environ[KEY])
        for name in names.values():
            with contextlib.suppress(AzureError):
                client.get_database_client(settings.database).delete_container(name)
        client.close()
