"""Opens engines: the one that folds long histories here, columnar where its packages are installed; and Spark."""

from importlib import import_module
from importlib.util import find_spec

from eventfold.engines.port import Cluster
from eventfold.extras import needing
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.port import Engine

_ADAPTERS = (("duckdb", "eventfold.engines.duckdb", "DuckdbEngine"),)
"""Package that must be there, module, class."""


def open_engine() -> Engine:
    """The fastest engine of this installation; every engine gives the same rows."""
    for package, module, name in _ADAPTERS:
        if find_spec(package) is not None:
            engine: Engine = getattr(import_module(module), name)()
            return engine
    return ReferenceEngine()


def open_cluster() -> Cluster:
    """Spark; a session is not made yet.

    Raises:
        ExtraMissing: its packages are not installed.
    """
    with needing("Folding on Spark", "spark"):
        cluster: Cluster = import_module("eventfold.engines.spark.running.cluster").SparkCluster()
        return cluster
