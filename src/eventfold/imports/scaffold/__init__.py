"""An app for what an import saw: one module of Python with a table for each category, ready to run.

It reads in this order: `gathering.py` looks at the events of the log, `kinds.py` says which type holds all values of a
field, `naming.py` makes identifiers of names, `module.py` writes the text.
"""

from eventfold.imports.scaffold.gathering import gather
from eventfold.imports.scaffold.module import Scaffold, scaffold

__all__ = ["Scaffold", "gather", "scaffold"]
