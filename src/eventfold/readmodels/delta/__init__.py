"""Publishing to Delta Lake, without a JVM."""

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.lakecopy.port import TABLE


def open_lake(lake: str, layout: Layout, log_id: str) -> DeltaPublication:
    """The publication of a table in a lake; errors as `open_place`."""
    return DeltaPublication(open_place(lake, layout.spec.name), layout, log_id)


def reach(lake: str) -> None:
    """Asks a lake for the names of files; errors as `open_place`, and `StorageFailed` where it does not answer."""
    place = open_place(lake, TABLE)
    with translated("reading", place):
        place.names("")
