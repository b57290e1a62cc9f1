"""The document that says what the others of an index contain, and who is writing to it."""

from typing import Any

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.search.documents import SearchClient

from eventfold.readmodels.aisearch.documents import STAMP_ID, STAMP_KIND, Document
from eventfold.readmodels.aisearch.errors import translated
from eventfold.readmodels.aisearch.fields import CHANGE, ID, KIND, ROW
from eventfold.readmodels.publishing.publication import Stamp


class Mark(msgspec.Struct, frozen=True):
    """What the stamp's document says.

    Attributes:
        index: in which it stands.
        version: counts what was published in this place.
        search: the fingerprint of what the index was made for.
        stamp: what the documents contain at least; while somebody writes, some are newer.
        writer: who is sending documents; empty where nobody is.
    """

    index: str
    version: int
    search: str
    stamp: Stamp
    writer: str = ""

    def document(self) -> Document:
        """As it is sent."""
        return {
            ID: STAMP_ID,
            KIND: STAMP_KIND,
            ROW: msgspec.json.encode(self).decode(),
            CHANGE: self.stamp.change,
        }


_decode = msgspec.json.Decoder(Mark).decode


def read_mark(client: SearchClient, name: str) -> Mark | None:
    """What an index says of itself; None where it says nothing."""
    document = found(client, name, STAMP_ID)  # whole: an index of somebody else has other fields
    try:
        return None if document is None else _decode(str(document.get(ROW)))
    except msgspec.MsgspecError:
        return None


def found(client: SearchClient, name: str, key: str, *fields: str) -> dict[str, Any] | None:
    """Some fields of a document, all where none is named; None where it is not there, or not seen yet."""
    with translated("reading", name):
        try:
            return dict(client.get_document(key, selected_fields=list(fields) or None))
        except ResourceNotFoundError:
            return None
