"""The SQLite event store: one file, many processes, no service.

To follow an append: `store.py` checks it, `writer.py` groups it with its neighbours into one transaction,
`append.py` writes it there. `reading.py` and `feed.py` are the way back.
"""

from eventfold.store.sqlite.apart import open_effects
from eventfold.store.sqlite.doctor import examine
from eventfold.store.sqlite.store import SqliteStore, open_url

__all__ = ["SqliteStore", "examine", "open_effects", "open_url"]
