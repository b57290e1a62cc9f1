"""The Azure Cosmos DB event store: one immutable document per event, the stream as partition key.

To follow an append: `store.py` checks it, `append.py` sends it as one transactional batch and says what a conflict was.
`reading.py` is the way back; `feeding/feed.py` follows the change feed, whose places are explained in
`feeding/marks.py`. Every request goes through `requests/calls.py`, which knows what an answer means for what was asked.
"""

from eventfold.store.cosmos.doctor import examine
from eventfold.store.cosmos.foreign import foreign_documents
from eventfold.store.cosmos.store import CosmosStore, open_url

__all__ = ["CosmosStore", "examine", "foreign_documents", "open_url"]
