"""Where DuckDB puts what does not fit into its memory: never the folder that somebody happens to work in."""

import tempfile
from pathlib import Path

from eventfold.events.ids import new_id


def scratch() -> str:
    """A folder of its own for one connection; DuckDB makes it when it needs it, and takes it away at the end."""
    return str(Path(tempfile.gettempdir()) / f"eventfold-{new_id()}")
