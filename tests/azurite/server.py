"""A process of Azurite on a free port of this machine, with an account and a key of its own, and all in memory."""

import base64
import hashlib
import hmac
import os
import secrets
import socket
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from eventfold.testing.kafka.process import Minded
from tests.azurite.bring import bring

ACCOUNT = "lakeaccount"
_PATIENCE = 60
_VERSION = "2021-12-02"


class Azurite:
    """Runs until it is closed, or this process ends.

    Args:
        folder: for its log.
    """

    def __init__(self, folder: Path) -> None:
        program = bring()
        self._log = folder / "azurite.log"
        self.key = base64.b64encode(secrets.token_bytes(64)).decode()
        self._numbers = count()
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = trial.getsockname()[1]
        where = ("--blobHost", "127.0.0.1", "--blobPort", str(self.port))
        how = ("--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck")
        command = ["env", f"AZURITE_ACCOUNTS={ACCOUNT}:{self.key}", "node", "--no-deprecation", str(program)]
        self._process = Minded([*command, *where, *how], self._log, os.getpid())
        self._wait()

    @property
    def endpoint(self) -> str:
        """For clients."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def environment(self, endpoint: str | None = None) -> dict[str, str]:
        """What a program needs to reach it, itself or through another endpoint."""
        return {"AZURE_STORAGE_ENDPOINT": endpoint or self.endpoint, "AZURE_STORAGE_ACCOUNT_KEY": self.key}

    def container(self) -> str:
        """A new one, for one test."""
        name = f"lake-{os.getpid()}-{next(self._numbers)}"
        with self._asked(f"PUT /{name}?restype=container"):
            return name

    def signature(self, container: str) -> str:
        """A shared access signature for all that can be done in a container."""
        until = "2099-01-01T00:00:00Z"
        said = "\n".join(
            ["racwdl", "", until, f"/blob/{ACCOUNT}/{container}", "", "", "", _VERSION, "c", *[""] * 7]
        )
        return (
            f"sv={_VERSION}&sr=c&sp=racwdl&se={until}&sig={urllib.parse.quote(self._signed(said), safe='')}"
        )

    def close(self) -> None:
        """Ends it, with all that it has."""
        self._process.kill()

    def _asked(self, what: str) -> "urllib.request._UrlopenRet":
        method, _, path = what.partition(" ")
        path, _, query = path.partition("?")
        now = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        headers = {"x-ms-date": now, "x-ms-version": _VERSION}
        canonical = "\n".join(
            [method, *[""] * 11, *(f"{n}:{v}" for n, v in headers.items()), f"/{ACCOUNT}/{ACCOUNT}{path}"]
        )
        for pair in sorted(query.split("&")):
            canonical += "\n" + pair.replace("=", ":")
        headers |= {"Authorization": f"SharedKey {ACCOUNT}:{self._signed(canonical)}", "Content-Length": "0"}
        request = urllib.request.Request(f"{self.endpoint}{path}?{query}", method=method, headers=headers)
        return urllib.request.urlopen(request, timeout=_PATIENCE)

    def _signed(self, text: str) -> str:
        return base64.b64encode(
            hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        ).decode()

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while self._process.runs and time.monotonic() < until:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self._process.kill()
        raise AssertionError(f"Azurite does not serve: {self._log.read_text('utf-8')[-2000:]}")
