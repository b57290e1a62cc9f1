"""Stands before an object store and loses answers: the request is served, and who sent it never hears of it.

A process of its own, for libraries keep Python from running while they wait. `python -m tests.azurite.proxy PORT`
serves the port of the store on another one, which it prints.
"""

import http.client
import http.server
import json
import os
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any, Self

_rules: list[dict[str, Any]] = []
_CONTROL = "/__lose"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == _CONTROL:
            _rules.append(json.loads(body))
            self._answer(200, {}, b"")
            return
        store = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
        store.request(self.command, self.path, body, dict(self.headers.items()))
        found = store.getresponse()
        content = found.read()
        store.close()
        for rule in _rules:
            if (
                rule["times"]
                and rule["method"] == self.command
                and rule["part"] in self.path
                and found.status < 300
            ):
                rule["times"] -= 1
                if rule["how"] == "close":
                    self.close_connection = True
                else:
                    self._answer(503, {}, b"")
                return
        self._answer(found.status, dict(found.getheaders()), content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "transfer-encoding", "content-length", "keep-alive"}:
                self.send_header(name, value)
        length = headers.get("content-length", headers.get("Content-Length", "0"))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815 - named by the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        pass


class Proxy:
    """The process.

    Args:
        port: of the store.
        account: its name, which begins each path.
    """

    def __init__(self, port: int, account: str) -> None:
        command = [sys.executable, "-m", "tests.azurite.proxy", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.endpoint = f"http://127.0.0.1:{self._port}/{account}"

    def lose(self, method: str, part: str, *, how: str = "close", times: int = 1) -> None:
        """Loses the answers of requests that the store has served.

        Args:
            method: of HTTP.
            part: of their path.
            how: "close" the connection, or "503" in place of the answer.
            times: how many.
        """
        rule = json.dumps({"method": method, "part": part, "how": how, "times": times}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{_CONTROL}", data=rule, method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    os.close(0)
    server.serve_forever()
