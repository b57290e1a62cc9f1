"""The HTTP server: signatures, faults, the record of requests. What is answered is decided elsewhere."""

import base64
import hmac
import json
import time
import uuid
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from eventfold.testing.cosmos.account import Account
from eventfold.testing.cosmos.answers import Answer, Refusal, charge
from eventfold.testing.cosmos.faults import Fault, Faults
from eventfold.testing.cosmos.record import Call, Record
from eventfold.testing.cosmos.request import Request

_WRITES = {"batch", "create", "upsert", "replace", "delete"}


class Server(ThreadingHTTPServer):
    """Serves one account on this machine.

    Args:
        account: what is kept.
        key: of the account, base64.
        port: 0 = a free one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, account: Account, key: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.account = account
        self.key = base64.b64decode(key)
        self.faults = Faults()
        self.record = Record()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answers."""
        self._serve()

    do_POST = do_GET  # noqa: N815 - the names are the base's
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815
    do_PATCH = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base's
        """Nothing is printed."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request: Request | None = None
        try:
            request = Request(self.command, self.path, headers, body)
            self._check_signature(request)
            fault = self.server.faults.draw(request.operation) if request.kind == "docs" else None
            if fault is not None and self._spoils(fault, request):
                return
            answer = self.server.account.serve(request)
            if fault is not None and fault.kind == "drop_after":
                self._hang_up(request)
                return
        except Refusal as refusal:
            answer = refusal.answer()
        except Exception as error:  # noqa: BLE001 - a mistake of the stand-in is told, not hidden in a lost answer
            answer = Refusal(500, f"The stand-in failed: {error!r}").answer()
        self._answer(answer, request)

    def _spoils(self, fault: Fault, request: Request) -> bool:
        """Whether the fault ends the request before anything happened."""
        match fault.kind:
            case "drop_before":
                self._hang_up(request)
                return True
            case "status":
                more = {"x_ms_retry_after_ms": str(fault.retry_after_ms)} if fault.status == 429 else {}
                refusal = Refusal(fault.status, "A fault that was asked for.", fault.substatus, **more)
                self._answer(refusal.answer(), request)
                return True
            case "delay":
                time.sleep(fault.seconds)
        return False

    def _hang_up(self, request: Request) -> None:
        self._note(request, 0, 0)
        self.close_connection = True
        self.connection.close()

    def _answer(self, answer: Answer, request: Request | None) -> None:
        text = b"" if answer.body is None or answer.status == 304 else json.dumps(answer.body).encode()
        if request is not None:  # before the answer, so that whoever has it finds its request in the record
            self._note(request, answer.status, len(text))
        self.send_response(answer.status)
        cost = charge(len(text), writes=request is not None and request.operation in _WRITES)
        usual = {
            "content-type": "application/json",
            "x-ms-request-charge": str(cost),
            "x-ms-activity-id": str(uuid.uuid4()),
            "x-ms-version": "2020-07-15",
        }
        for name, value in {**usual, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _note(self, request: Request, status: int, answered: int) -> None:
        operations = len(request.json()) if request.operation == "batch" else 1
        self.server.record.add(
            Call(
                operation=request.operation,
                container=request.container,
                operations=operations,
                status=status,
                sent=request.size,
                answered=answered,
            )
        )

    def _check_signature(self, request: Request) -> None:
        given = dict(part.partition("=")[::2] for part in unquote(request.header("authorization")).split("&"))
        text = f"{self.command.lower()}\n{request.kind}\n{request.link}\n{request.header('x-ms-date').lower()}\n\n"
        wanted = base64.b64encode(hmac.new(self.server.key, text.encode(), sha256).digest()).decode()
        if given.get("type") != "master" or not hmac.compare_digest(given.get("sig", ""), wanted):
            raise Refusal(401, "The input authorization token can't serve the request.")
