"""The extras of the package: what is not installed is answered with the command that brings it."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventfold.errors import ExtraMissing


@contextmanager
def needing(what: str, extra: str = "") -> Iterator[None]:
    """Around imports that need the packages of an extra.

    Args:
        what: cannot be done without them.
        extra: its name; empty: the packages belong to every installation.

    Raises:
        ExtraMissing: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        wanted = f"eventfold[{extra}]" if extra else "eventfold"
        raise ExtraMissing(
            f"{what} needs a package: pip install '{wanted}' ({error}).", extra=extra
        ) from error
