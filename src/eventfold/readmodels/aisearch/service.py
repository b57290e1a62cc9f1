"""The service as the index of one table sees it: an alias, the index behind it, and its clients."""

from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias, SearchIndex

from eventfold.readmodels.aisearch.address import Address, credential
from eventfold.readmodels.aisearch.errors import translated


class Service:
    """One alias of a service.

    Args:
        address: of the service.
        alias: its name.
    """

    def __init__(self, address: Address, alias: str) -> None:
        self.alias = alias
        self._endpoint = address.endpoint
        self._credential: Any = credential(address)
        self._indexes = SearchIndexClient(self._endpoint, self._credential)
        self._clients: dict[str, SearchClient] = {}

    def live(self) -> SearchAlias | None:
        """The alias; None where there is none."""
        with translated("reading", self.alias):
            try:
                return self._indexes.get_alias(self.alias)
            except ResourceNotFoundError:
                return None

    def is_taken(self) -> bool:
        """Whether an index has the name of the alias."""
        with translated("reading", self.alias):
            return self.alias in set(self._indexes.list_index_names())

    def definition(self, index: str) -> SearchIndex:
        """An index as the service has it."""
        with translated("reading", index):
            return self._indexes.get_index(index)

    def number_of(self, index: str) -> int:
        """The number in the name of an index; 0 where it is none of ours."""
        number = index.removeprefix(f"{self.alias}-")
        return int(number) if index != number and number.isdecimal() else 0

    def indexes(self) -> list[str]:
        """Those that were made for this alias."""
        with translated("reading", self.alias):
            return [name for name in self._indexes.list_index_names() if self.number_of(name)]

    def make(self, index: SearchIndex) -> bool:
        """Makes an index; False where one of that name was made meanwhile."""
        with translated("making", index.name):
            try:
                self._indexes.create_index(index)
            except ResourceExistsError:
                return False
            return True

    def show(self, before: SearchAlias | None, index: str) -> bool:
        """Points the alias at an index; False where somebody else has pointed it elsewhere since it was read."""
        with translated("publishing", self.alias):
            try:
                if before is None:
                    self._indexes.create_alias(SearchAlias(name=self.alias, indexes=[index]))
                else:
                    self._indexes.create_or_update_alias(
                        SearchAlias(name=self.alias, indexes=[index], e_tag=before.e_tag),
                        match_condition=MatchConditions.IfNotModified,
                    )
            except (ResourceExistsError, ResourceModifiedError):
                return False
            return True

    def drop(self, index: str) -> None:
        """Removes an index that nothing points at."""
        with translated("removing", index):
            try:
                self._indexes.delete_index(index)
            except ResourceNotFoundError:
                return
            except HttpResponseError as error:
                if error.status_code != 400:  # an alias points at it
                    raise

    def documents(self, index: str) -> SearchClient:
        """The client of the documents of an index, without repeats of its own."""
        if index not in self._clients:
            self._clients[index] = SearchClient(self._endpoint, index, self._credential, retry_total=0)
        return self._clients[index]
