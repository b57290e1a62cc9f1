"""What sources have in common that read a store by its URL."""

from eventfold.engines.spark.sources.translated import own
from eventfold.feed.cursor import Cursor
from eventfold.store.open import file_of, open_store


class OfStore:
    """The part of `Source` that the store answers.

    Args:
        url: of the store, which every worker can open; its secret stands in the environment of the workers.
    """

    name = "store"

    def __init__(self, url: str) -> None:
        file = file_of(url)  # workers may run in another folder
        self._url = url if file is None else url.replace(str(file), str(file.absolute()), 1)
        with open_store(url, create=False) as store:
            self.log_id = store.log_id

    def check(self, cursor: Cursor) -> None:
        """By the log."""
        with open_store(self._url, create=False) as store:
            store.feed().check(own(cursor))

    def lag(self, cursor: Cursor) -> int | None:
        """As the log counts."""
        with open_store(self._url, create=False) as store:
            return store.feed().lag(own(cursor))
