"""`/health`, `/ready` and `/metrics` on a port of this machine: bounded in requests, bytes and time."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec

from eventfold.doors.health.checks import BEHIND, STALLED, Check, Runs, all_ok, health, ready
from eventfold.doors.health.latest import Latest
from eventfold.doors.health.metrics import TEXT, prometheus
from eventfold.errors import ConfigInvalid, EventfoldError, ExtraMissing

_log = logging.getLogger("eventfold.health")
HOST = "127.0.0.1"
REQUESTS = 16
"""At once; more are closed without an answer."""
SECONDS = 5.0
"""For which a client may be silent."""
JSON = "application/json"


class Page(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    media_type: str
    content: bytes


Ask = Callable[[], Page]


@contextmanager
def serving_health(
    live: Runs, *, port: int = 0, behind: int = BEHIND, stalled: float = STALLED
) -> Iterator[str]:
    """Answers on this machine how a live app does while the context is open; gives the URL.

        with serving_health(live, port=9000):
            live.run(stop)

    `GET /health`: whether the loops of this process turn; if not, start it anew. `GET /ready`: whether tables and
    handlers follow, and are not too far behind. 200 says yes and 503 no, with each check in JSON. `GET /metrics`: the
    figures of `measure` in the text of Prometheus, where the packages of `eventfold[metrics]` are installed.

    Args:
        live: the app.
        port: 0 = any that is free.
        behind: events that a table or handler may be behind, and be ready.
        stalled: seconds of one turn of a loop, beyond which it is taken to hang.

    Raises:
        ConfigInvalid: the port cannot be used.
    """
    with ExitStack() as closing:
        asks: dict[str, Ask] = {
            "/health": partial(_checked, lambda: health(live, stalled=stalled)),
            "/ready": partial(_checked, Latest(lambda: ready(live, behind=behind)).get),
            "/metrics": _figures(live, closing),
        }
        try:
            server = _Server((HOST, port), asks)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise ConfigInvalid(f"Port {port} cannot be used: {why}.", key="health-port") from None
        with _serving(server):
            yield f"http://{HOST}:{server.server_port}"


def _checked(ask: Callable[[], Sequence[Check]]) -> Page:
    """The checks, or that they cannot be made."""
    try:
        checks = ask()
    except TimeoutError:
        checks = [Check(name="log", ok=False, why="no answer in time")]
    except EventfoldError as error:
        checks = [Check(name="log", ok=False, why=error.code)]
    well = all_ok(checks)
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(status, JSON, msgspec.json.encode({"ok": well, "checks": checks}))


def _figures(live: Runs, closing: ExitStack) -> Ask:
    """The page of figures; without its packages, one that says which they are."""
    try:
        text = closing.enter_context(prometheus(live))
    except ExtraMissing as error:
        missing = msgspec.json.encode({"code": error.code, "message": error.message})
        return lambda: Page(HTTPStatus.NOT_FOUND, JSON, missing)
    return lambda: Page(HTTPStatus.OK, TEXT, text())


@contextmanager
def _serving(server: "_Server") -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A thread a request, and so many of them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = REQUESTS

    def __init__(self, address: tuple[str, int], asks: dict[str, Ask]) -> None:
        self.asks = asks
        self._free = threading.BoundedSemaphore(REQUESTS)
        super().__init__(address, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begins to answer, where there is room."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers."""
        # what trickles in is cut off too, which a timeout of each read would not
        ending = threading.Timer(2 * SECONDS + 1, _cut, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of ours."""
        del request, client_address
        _log.debug("A request could not be answered", exc_info=True)


class _Request(BaseHTTPRequestHandler):
    """One request; the connection ends with it."""

    timeout = SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Asks."""
        ask = self.server.asks.get(self.path.partition("?")[0])
        try:
            page = _unknown(self.server.asks) if ask is None else ask()
        except Exception:  # noqa: BLE001 - whoever asks is told that it failed; why stands in our log
            _log.exception("%s failed", self.path)
            page = Page(HTTPStatus.INTERNAL_SERVER_ERROR, JSON, b'{"ok":false}')
        self.send_response(page.status)
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(page.content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.content)

    do_HEAD = do_GET  # noqa: N815 - its name there

    def version_string(self) -> str:
        """Which program answers, and no more."""
        return "eventfold"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Probes come every few seconds."""
        _log.debug(format, *args)


def _unknown(asks: Iterable[str]) -> Page:
    return Page(HTTPStatus.NOT_FOUND, JSON, msgspec.json.encode({"code": "not-found", "paths": sorted(asks)}))


def _cut(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself
