"""What every request goes through: errors in the words of our tree, pauses the service asks for, the charge.

An error of a write is `unknown` unless the service said that it did nothing: 408, 5xx and a connection that broke after
sending may have been applied, and the event ids settle it.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError

from eventfold.errors import (
    BackendLimit,
    ConfigInvalid,
    EventfoldError,
    OutcomeUnknown,
    StorageBusy,
    StorageFailed,
    StoreClosed,
)
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.store.cosmos.requests.sizes import MOST_BYTES, Pressure
from eventfold.store.cosmos.requests.whole import check_whole
from eventfold.store.cost import Tally, everything

T = TypeVar("T")
_CHARGE = "x-ms-request-charge"
_AGAIN = frozenset({429, 449, 503})
"""The service did nothing and asks to be asked again."""
_UNSURE = 503
"""One of them that does not prove it: a gateway says it of what a partition has carried out, too."""
_PARTITION_FULL = 1014
"""Sub-status of a 403: the logical partition has no space left."""
_SESSION_NOT_AVAILABLE = 1002
"""Sub-status of a 404 that says nothing about the document: the replica has not come as far as the session."""
_RACE = "during iteration"
"""The SDK keeps the headers of its last answer for all threads: one that is told to wait writes into them while another
copies them, which ends in a RuntimeError, after the answer has come."""
_COPIES = 100
BUDGET_SECONDS = 15.0
_PAUSE = (0.01, 1.0)


class Calls:
    """The requests of one store: makes them, counts them, adds up what they cost."""

    def __init__(self) -> None:
        self.spent = Tally()
        self.closed = False
        self.pressure = Pressure()
        self._now = threading.local()

    def check(self) -> None:
        """Refuses to go on when the store is closed.

        Raises:
            StoreClosed: it is.
        """
        if self.closed:
            raise StoreClosed("The store is closed.")

    def while_open(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows, for as long as the store is open: who reads on after that is told."""
        for row in rows:
            self.check()
            yield row
        self.check()

    def hook(self, headers: Mapping[str, Any], _: object) -> None:
        """Counts an answer; given to the SDK as `response_hook` where it takes one."""
        self.count(headers)

    def answered(self, response: Any) -> None:
        """Looks at every answer, also at one after which the SDK repeats a request itself; its `raw_response_hook`."""
        status = response.http_response.status_code
        if status == _UNSURE:
            self._now.unsure = True
        check_whole(status, response.http_response.headers)

    def count(self, headers: Mapping[str, Any] | None) -> None:
        """Counts an answer by its headers."""
        charge = float((headers or {}).get(_CHARGE, 0) or 0)
        doing = getattr(self._now, "doing", "other")
        self.spent.add(doing, charge)
        everything.add(doing, charge)
        if stream := getattr(self._now, "stream", ""):
            self.pressure.spend(stream, charge)

    def read(self, doing: str, call: Callable[[], T], *, stream: str = "") -> T:
        """Makes a request that changes nothing, or may be made twice; a 404 is left to the caller.

        Args:
            doing: what for, as in "reading a stream".
            call: makes it.
            stream: the only one it is about.

        Raises:
            StorageError: it was not answered.
        """
        return self._make(doing, call, stream, writes=False)

    def write(self, doing: str, call: Callable[[], T], *, stream: str = "") -> T:
        """Makes a request that may change something; 404, 409 and 412 are left to the caller.

        Args:
            doing: what for, as in "appending".
            call: makes it.
            stream: the only one it is about.

        Raises:
            OutcomeUnknown: it may have been applied.
            StorageError: nothing was written.
        """
        return self._make(doing, call, stream, writes=True)

    def _make(self, doing: str, call: Callable[[], T], stream: str, *, writes: bool) -> T:
        self._now.doing, self._now.stream = doing, stream
        self._now.unsure = False
        until = time.monotonic() + BUDGET_SECONDS
        pause, longest = _PAUSE
        while True:
            if self.closed:
                raise self._ended(doing, writes=writes)
            try:
                return call()
            except ValueError as error:
                if self.closed:  # under way when it was closed
                    raise self._ended(doing, writes=writes) from error
                raise
            except RuntimeError as error:
                if _RACE not in str(error):
                    raise
                if writes:
                    raise _unknown(error, doing) from error
                if time.monotonic() > until:
                    raise StorageFailed(f"The answer was lost while {doing}: {error}") from error
                continue
            except AzureError as error:
                status = getattr(error, "status_code", None)
                if status is not None:
                    self.count(getattr(error, "headers", None))
                behind = status == 404 and getattr(error, "sub_status", None) == _SESSION_NOT_AVAILABLE
                if status in {404, 409, 412} and not behind:
                    raise
                again = behind or status in _AGAIN or (_passing(status) and not writes)
                again = again and not not_signed_in(error)
                unsure = writes and bool(self._now.unsure)
                if time.monotonic() > until or not again:
                    raise translate(error, doing, writes=writes, unsure=unsure) from error
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads rivals, guards nothing
            pause = min(pause * 2, longest)

    def _ended(self, doing: str, *, writes: bool) -> EventfoldError:
        if writes and self._now.unsure:
            return OutcomeUnknown(f"The store was closed while {doing} was repeated; its ids settle it.")
        return StoreClosed("The store is closed.")


def _passing(status: int | None) -> bool:
    """Whether an error says nothing about the request itself: a lost answer, a time-out, a failure of the service."""
    return status is None or status == 408 or status >= 500


def not_signed_in(error: AzureError) -> bool:
    """Whether no request was made because nobody could sign in."""
    return isinstance(error, ClientAuthenticationError) and error.status_code is None


def translate(error: AzureError, doing: str, *, writes: bool, unsure: bool = False) -> EventfoldError:
    """The typed error for what the SDK raised.

    Args:
        error: of the SDK.
        doing: what was being done, for the sentence: "appending".
        writes: whether the request may have changed something.
        unsure: whether one of the attempts may have been applied, whatever the last one said.
    """
    status = getattr(error, "status_code", None)
    if unsure:
        return _unknown(error, doing)
    if not_signed_in(error):
        return ConfigInvalid(
            f"Nobody is signed in to Cosmos DB: set {KEY} to the account's key, or sign in by Entra ID (az login, or"
            " the identity of the service).",
            key=KEY,
        )
    match status:
        case 429 | 449 | 503:
            return StorageBusy(f"Cosmos DB was too busy while {doing} (status {status}); repeat it.")
        case 413:
            return BackendLimit(f"Cosmos DB takes 2 MB in one request; this was more, while {doing}.")
        case 403 if _of_batch(error) == _PARTITION_FULL:
            return BackendLimit(
                f"The stream is full while {doing}: Cosmos DB keeps 20 GB of one partition key. Close it and continue"
                " in a new one.",
                bytes=MOST_BYTES,
            )
        case 401 | 403:
            return StorageFailed(
                f"Cosmos DB refused the caller while {doing} (status {status}): check key, role and firewall."
            )
        case int() if 400 <= status < 500 and status not in {408, 410}:
            return StorageFailed(
                f"Cosmos DB refused the request while {doing} (status {status}): {_said(error)}"
            )
    if writes and not isinstance(error, ServiceRequestError):
        return _unknown(error, doing)
    return StorageFailed(f"Cosmos DB did not answer while {doing}: {_said(error)}")


def headers_of(answer: Any) -> Mapping[str, Any]:
    """The headers of an answer of the SDK, into which its other threads may write meanwhile."""
    for _ in range(_COPIES):
        try:
            found: Mapping[str, Any] = answer.get_response_headers()
        except RuntimeError:
            continue
        return found
    return {}  # as where the service gave no session: what is read next may be older


def _unknown(error: Exception, doing: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The answer was lost while {doing} ({_said(error)}); repeat with the same event ids, which settles it."
    )


def _of_batch(error: AzureError) -> int | None:
    """The sub-status of an error; inside a batch it stands with the operation that failed."""
    found: int | None = getattr(error, "sub_status", None)
    for result in getattr(error, "operation_responses", None) or ():
        found = found or result.get("subStatusCode")
    return found


def _said(error: Exception) -> str:
    """The first line of what the SDK says: the rest repeats the request."""
    return (str(getattr(error, "message", error)).splitlines() or [type(error).__name__])[0][:200]
