"""The service of the page on web services keeps its word while many talk to it at once, and ends in order."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from deltalake import DeltaTable

import eventfold as ef
from eventfold import errors
from tests.docs.pages import DOCS, blocks

PAGE = (DOCS / "howto" / "web-service.md").read_text("utf-8")
TABLE = PAGE.split("\n## Errors\n", 1)[1].split("\n## ", 1)[0]
ORDERS = 24


class Served:
    """The service of the page in a process of its own."""

    def __init__(self, folder: Path) -> None:
        for page in ("index.md", "web-service.md"):
            for block in blocks((DOCS / "howto" / page).read_text("utf-8")):
                if block.mark == "file":
                    (folder / block.value).write_text(block.text, "utf-8")
        self.folder = folder
        command = [sys.executable, "-W", "error", "web.py", "0"]
        self.running = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.running.stdout is not None
        self.url = self.running.stdout.readline().strip()

    def call(self, method: str, path: str, body: object = None, **named: str) -> tuple[int, Any, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in named.items()}
        try:
            with urlopen(Request(self.url + path, data, headers, method=method), timeout=30) as answer:
                return answer.status, json.load(answer), answer.headers
        except HTTPError as refused:
            with refused:
                return refused.code, json.load(refused), refused.headers

    def end(self) -> tuple[int, str]:
        self.running.send_signal(signal.SIGTERM)
        _, told = self.running.communicate(timeout=60)
        return self.running.returncode, told


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    if found.running.poll() is None:
        found.running.kill()
        found.running.communicate()


@pytest.mark.slow
def test_what_many_clients_send_twice_happens_once_and_each_reads_what_it_wrote(served: Served) -> None:
    def client(n: int) -> list[tuple[int, int]]:
        """Two clients share an order and its keys, so every command comes twice."""
        order, seen = n // 2, []
        named = {"Idempotency_Key": f"key-{order}", "X_Forwarded_User": "ada"}
        placed, body, _ = served.call("POST", f"/orders/{order}", {"customer": "c", "total": "9.00"}, **named)
        seen.append((placed, body["version"]))
        paid, body, headers = served.call("POST", f"/orders/{order}/payments", {"amount": "2.50"}, **named)
        seen.append((paid, body["version"]))
        token = headers["Consistency-Token"]
        read, row, _ = served.call("GET", f"/orders/{order}", Consistency_Token=token)
        assert (read, row["paid"]) == (200, "2.50")
        return seen

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client, range(2 * ORDERS)))
    assert answers == [[(201, 1), (200, 2)]] * (2 * ORDERS)
    assert served.end()[0] == 0
    with ef.open_store(f"sqlite:///{served.folder}/shop.db", create=False) as store:
        for order in range(ORDERS):
            events = list(store.read(f"order-{order}"))
            assert [event.type for event in events] == ["Placed", "Paid"]
            assert {event.metadata_map()["actor"] for event in events} == {"ada"}


@pytest.mark.slow
def test_a_service_that_is_told_to_end_loses_no_answer_and_leaves_its_tables_to_the_next(
    served: Served,
) -> None:
    answered: list[str] = []

    def client(n: int) -> None:
        try:
            status, _, _ = served.call(
                "POST", f"/orders/{n}", {"customer": "c", "total": "1.00"}, Idempotency_Key="k"
            )
        except (URLError, OSError):
            return  # it had ended: nobody was told anything
        assert status == 201
        answered.append(f"order-{n}")
        if len(answered) == 20:
            served.running.send_signal(signal.SIGTERM)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(client, range(400)))
    code, told = served.end()
    assert (code, "Traceback" in told) == (0, False), told
    assert 20 <= len(answered) < 400
    with ef.open_store(f"sqlite:///{served.folder}/shop.db", create=False) as store:
        assert {found.stream for found in store.streams()} >= set(answered)
    # its table is free: the next worker goes on at once
    command = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
    once = [*command, "-a", "shop:shop", "-s", "sqlite:///shop.db", "--lake", "lake", "run", "--once"]
    subprocess.run(once, cwd=served.folder, check=True, capture_output=True, timeout=20)
    rows = DeltaTable(served.folder / "lake" / "orders").to_pyarrow_table()
    assert set(rows["order"].to_pylist()) >= set(answered)


def test_a_server_that_imports_the_application_ends_although_the_worker_runs(served: Served) -> None:
    command = [sys.executable, "-c", "import wsgi; assert wsgi.service.health()[0] == 200"]
    assert subprocess.run(command, cwd=served.folder, timeout=30, check=False).returncode == 0


def test_correlation_and_errors_of_a_request_are_its_own(served: Served) -> None:
    for sent, kept in (("req-7", True), ("a b", False), ("x" * 65, False)):
        _, _, headers = served.call("GET", "/health", X_Correlation_ID=sent)
        assert (headers["X-Correlation-ID"] == sent) is kept
        assert headers["X-Correlation-ID"]
    place = {"customer": "c", "total": "9.00"}
    refusals = [
        (served.call("POST", "/orders/1", place), 400, "refused"),
        (
            served.call("POST", "/orders/1", {"customer": "c", "total": "x"}, Idempotency_Key="k"),
            422,
            "payload-invalid",
        ),
        (served.call("POST", "/orders/1", {"customer": "c" * 20_000}, Idempotency_Key="k"), 400, "refused"),
        (served.call("POST", "/orders/a%3Fb", place, Idempotency_Key="k"), 400, "stream-name-invalid"),
        (served.call("GET", "/orders/none"), 404, "row-not-found"),
        (served.call("GET", "/nowhere"), 404, "not-found"),
        (served.call("GET", "/orders/1", Consistency_Token="{}"), 400, "cursor-invalid"),
        (
            served.call("GET", "/orders/1", Consistency_Token='{"log":"x","positions":{}}'),
            409,
            "foreign-cursor",
        ),
    ]
    for (status, body, _), wanted, code in refusals:
        assert (status, body["status"], body["code"]) == (wanted, wanted, code)
        assert "Traceback" not in body["detail"]
    assert served.call("GET", "/health")[0] == 200


def test_the_table_of_errors_says_the_status_that_each_carries() -> None:
    found: dict[str, int] = {}
    for names, status in re.findall(r"^\| (.*?) \| (\d+) \|", TABLE, re.MULTILINE):
        found |= dict.fromkeys(re.findall(r"`(\w+)`", names), int(status))
    assert len(found) > 15
    for name, status in found.items():
        assert getattr(errors, name).status == status, name
