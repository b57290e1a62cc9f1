"""The engine that folds long histories here: the columnar one where its packages are installed."""

from importlib import import_module
from importlib.util import find_spec

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
