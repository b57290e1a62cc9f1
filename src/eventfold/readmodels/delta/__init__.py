"""Publishing to Delta Lake, without a JVM."""

from eventfold.readmodels.delta.table import open_folder

__all__ = ["open_folder"]
