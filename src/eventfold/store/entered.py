"""What makes a store a context manager, and short where it is shown."""

from abc import abstractmethod
from types import TracebackType
from typing import Self


class Entered:
    """A store for a `with`, which closes it at the end."""

    log_id: str

    @abstractmethod
    def close(self) -> None:
        """Releases what is held."""

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def __repr__(self) -> str:
        """Of which log; no URL, which may hold a key."""
        return f"<{type(self).__name__} of log {self.log_id}>"
