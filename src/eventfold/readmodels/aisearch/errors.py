"""What the SDK of Azure AI Search raises, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from eventfold.errors import ConfigInvalid, EventfoldError, StorageBusy, StorageFailed
from eventfold.foreign import said
from eventfold.readmodels.aisearch.address import KEY

BUSY = frozenset({429, 503})
"""The service took nothing of the request, and says so."""


@contextmanager
def translated(doing: str, name: str) -> Iterator[None]:
    """Raises the typed error for whatever the SDK says inside.

    Args:
        doing: what was being done, for the sentence: "reading".
        name: of the index or alias.
    """
    try:
        yield
    except AzureError as error:
        raise translate(error, doing, name) from error


def translate(error: AzureError, doing: str, name: str) -> EventfoldError:
    """The typed error; arguments as `translated`."""
    status = getattr(error, "status_code", None)
    if status in {401, 403} or (isinstance(error, ClientAuthenticationError) and status is None):
        why = "nobody is signed in" if status is None else f"status {status}"
        return ConfigInvalid(
            f"Azure AI Search does not let us in while {doing} {name} ({why}): set {KEY} to an admin key, or sign in by"
            " Entra ID with the roles Search Service Contributor and Search Index Data Contributor.",
            key=KEY,
        )
    if status in BUSY:
        return StorageBusy(f"Azure AI Search takes no more just now, while {doing} {name} (status {status}).")
    told = said(error) if not isinstance(error, HttpResponseError) else f"status {status}, {said(error)}"
    return StorageFailed(
        f"Azure AI Search failed while {doing} {name} ({told}); it is tried again.", index=name
    )
