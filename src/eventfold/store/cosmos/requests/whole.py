"""Whether an answer came whole: of one that ends among its headers, HTTP says nothing, and the SDK takes what is there.

Headers end with an empty line, and a connection that breaks before it is read by Python's http.client as if they had
ended there. The status stands, the body is empty, and a place that was cut in two is a place all the same.
"""

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import ServiceResponseError

_BODILESS = frozenset({204, 304})
_NOT_MODIFIED = 304
_SESSION = "x-ms-session-token"


def check_whole(status: int, headers: Mapping[str, Any]) -> None:
    """Refuses an answer whose headers were cut, as one that was lost is: nobody knows what it would have said.

    Each answer with a body says how long it is, so that a body that is cut is noticed by whoever reads it. One without
    says at least where the feed stands, which is all that is made of it.

    Args:
        status: of the answer.
        headers: that came; names are found whatever their case.

    Raises:
        ServiceResponseError: it was cut.
    """
    length = headers.get("content-length") or headers.get("transfer-encoding")
    if status not in _BODILESS and not length:
        raise _cut(status, "the length of its body")
    etag = str(headers.get("etag", ""))
    if status == _NOT_MODIFIED and not etag:
        raise _cut(status, "its etag")
    if etag.startswith('"') and (len(etag) == 1 or not etag.endswith('"')):
        raise _cut(status, "the rest of its etag")
    session = str(headers.get(_SESSION, ":"))
    if ":" not in session:
        raise _cut(status, "the rest of its session token")


def _cut(status: int, missing: str) -> ServiceResponseError:
    return ServiceResponseError(f"The answer (status {status}) was cut among its headers, before {missing}")
