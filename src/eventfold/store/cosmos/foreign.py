"""Reads the documents of a container that others filled, page by page, and goes on following it where wanted."""

from collections.abc import Iterator
from typing import Any

from azure.core.exceptions import AzureError
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from eventfold.errors import LogNotFound
from eventfold.store.cosmos.feeding.changes import read_changes
from eventfold.store.cosmos.feeding.spans import Span, spans_of
from eventfold.store.cosmos.requests.calls import Calls, translate
from eventfold.store.cosmos.requests.settings import credential, read_url

PAGE = 1000


def foreign_documents(url: str, container: str) -> Iterator[list[dict[str, Any]]]:
    """Pages of documents in the order of the change feed; an empty one whenever nothing more is there at the moment.

    It never ends by itself: whoever has seen enough stops asking. Documents that were replaced come once, as they are
    now, at the place of their last change.

    Args:
        url: of the account and database, as for a log.
        container: its name.

    Raises:
        LogNotFound: there is no such container.
        StorageError: the account did not answer.
    """
    settings, calls = read_url(url), Calls()
    try:
        client = CosmosClient(settings.endpoint, credential(settings))
    except AzureError as error:
        raise translate(error, "opening the account", writes=False) from error
    try:
        found = client.get_database_client(settings.database).get_container_client(container)
        try:
            calls.read("reading the container", found.read)
        except CosmosHttpResponseError:
            raise LogNotFound(
                f"There is no container {container} in the database {settings.database}.", container=container
            ) from None
        places: dict[Span, str] = dict.fromkeys(spans_of(found, calls), "")
        while True:
            quiet = True
            for span in list(places):
                page = read_changes(found, calls, span, places[span], PAGE)
                children = [other for other in spans_of(found, calls) if other.overlaps(span)]
                if len(children) > 1 and not places[span]:
                    # the SDK cannot resume where a child has no place yet: begin with the children instead
                    del places[span]
                    places |= dict.fromkeys(children, "")
                    quiet = False
                    continue
                places[span] = page.continuation
                if page.documents:
                    quiet = False
                    yield page.documents
            if quiet:
                yield []
    finally:
        client.close()
