"""Where a Delta table stands. All files beside its own ones are read and written by a few questions to its place."""

from pathlib import Path

from eventfold.extras import needing
from eventfold.readmodels.address import is_address, read_address
from eventfold.readmodels.delta.places.folder import open_folder
from eventfold.readmodels.delta.places.port import Place

__all__ = ["open_place"]


def open_place(lake: str, table: str) -> Place:
    """The place of a table in a lake, which need not be there yet.

    Args:
        lake: a folder, or an address.
        table: its name.

    Raises:
        UnsupportedUrl, ConfigInvalid: it cannot hold a Delta table.
        ExtraMissing: the packages are not installed.
    """
    if not is_address(lake):
        return open_folder(Path(lake).absolute() / table)
    address = read_address(lake)
    with needing("A lake in an object store", "lake"):
        from eventfold.readmodels.delta.places.container import open_container
    return open_container(address, table)
