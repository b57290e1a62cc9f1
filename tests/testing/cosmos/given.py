"""What the tests of the stand-in share: events, batches, and reading a feed to its end."""

import base64
import hmac
from email.utils import formatdate
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

from azure.cosmos import ContainerProxy

from eventfold.testing.cosmos import StandIn


def event(stream: str, version: int, **more: Any) -> dict[str, Any]:
    made = {"id": f"{version:020d}", "stream": stream, "version": version, "eventId": f"{stream}-{version}"}
    return made | more


def append(container: ContainerProxy, stream: str, *versions: int, read: int | None = None) -> Any:
    operations: list[Any] = [] if read is None else [("read", (f"{read:020d}",))]
    operations += [("create", (event(stream, version),)) for version in versions]
    return container.execute_item_batch(operations, stream)


def fill(container: ContainerProxy, streams: int, versions: int = 1) -> None:
    for stream in range(streams):
        append(container, f"s{stream}", *range(1, versions + 1))


def pages(container: ContainerProxy, **how: Any) -> tuple[list[list[dict[str, Any]]], str]:
    """The pages of a feed until nothing is new, and the continuation that stands there."""
    headers: list[Any] = []  # the SDK writes its own token into them after the hook has seen them
    asked = container.query_items_change_feed(response_hook=lambda told, _: headers.append(told), **how)
    found = [list(page) for page in asked.by_page()]
    return [page for page in found if page], str(headers[-1]["etag"])


def names(found: list[list[dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(each["stream"], each["version"]) for page in found for each in page]


def raw(
    account: StandIn, method: str, path: str, headers: dict[str, str], body: bytes = b"", *, token: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """A request past the SDK: signed by the key, or with a bearer token."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    kind = "" if not parts else parts[-2] if len(parts) % 2 == 0 else parts[-1]
    link = "/".join(parts if len(parts) % 2 == 0 else parts[:-1])
    date = formatdate(usegmt=True)
    text = f"{method.lower()}\n{kind}\n{link}\n{date.lower()}\n\n".encode()
    signed = base64.b64encode(hmac.new(base64.b64decode(account.key), text, "sha256").digest()).decode()
    secret = f"type=aad&ver=1.0&sig={token}" if token else f"type=master&ver=1.0&sig={signed}"
    sent = {"authorization": quote(secret, safe=""), "x-ms-date": date} | headers
    connection = HTTPConnection(account.endpoint.removeprefix("http://"))
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
