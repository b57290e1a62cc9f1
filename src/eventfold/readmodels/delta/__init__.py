"""Publishing to Delta Lake, without a JVM."""

from pathlib import Path

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.delta.places import folder as places
from eventfold.readmodels.delta.table import DeltaPublication


def open_folder(folder: Path, layout: Layout, log_id: str) -> DeltaPublication:
    """The publication of a table in a folder, which need not exist yet.

    Raises:
        ConfigInvalid: the Delta library would take its path for another one.
    """
    return DeltaPublication(places.open_folder(folder), layout, log_id)
