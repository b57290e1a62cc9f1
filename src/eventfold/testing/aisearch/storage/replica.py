"""What one replica shows of an index: documents by number, and for each searchable field the places of its terms.

A new version of a document is a new number; the old one is dead until the replica is packed. Postings are numbers in
order, one for each time that the term stands in the document, so that a number tells how often by how often it comes.
"""

import threading
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.schema.documents import Document
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.text.analysis import terms

Change = tuple[str, Document | None]
_DEAD_AT_LEAST = 1000
_REMEMBERED = 8


class Texts:
    """The terms of one searchable field."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.postings: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self.lengths = array("I")
        self.total = 0

    def add(self, number: int, document: Document) -> None:
        """The texts of a document; numbers come in their order."""
        self.lengths.extend([0] * (number - len(self.lengths)))
        length = 0
        for text in texts_of(document, self.field):
            found = terms(text, self.field.analyzer)
            length += len(found)
            for term in found:
                self.postings[term].append(number)
        self.lengths.append(length)
        self.total += length


class Replica:
    """What one replica shows.

    Attributes:
        seen: up to which batch of the index it tells.
        lock: held by who reads or changes it.
    """

    def __init__(self, definition: Definition) -> None:
        self.seen = 0
        self.lock = threading.RLock()
        self._fields = definition.fields
        self._numbers: dict[str, int] = {}
        self._rows: list[Document | None] = []
        self._texts: dict[str, Texts] = {}
        self._remembered: OrderedDict[Any, Any] = OrderedDict()
        self.define(definition)

    def __len__(self) -> int:
        return len(self._numbers)

    def define(self, definition: Definition) -> None:
        """Fields that came since; no document has a value in them yet."""
        self._fields = definition.fields
        self._remembered.clear()
        for name, field in definition.fields.items():
            if field.searchable and name not in self._texts:
                self._texts[name] = Texts(field)

    def apply(self, batch: Iterable[Change]) -> None:
        """Shows a batch; None takes a document away."""
        self._remembered.clear()
        for key, document in batch:
            old = self._numbers.pop(key, None)
            if old is not None:
                self._rows[old] = None
            if document is not None:
                self._add(key, document)
        if len(self._rows) - len(self._numbers) > max(_DEAD_AT_LEAST, len(self._numbers)):
            self._pack()

    def _add(self, key: str, document: Document) -> None:
        number = self._numbers[key] = len(self._rows)
        self._rows.append(document)
        for texts in self._texts.values():
            texts.add(number, document)

    def _pack(self) -> None:
        kept = [
            (key, row) for key, number in self._numbers.items() if (row := self._rows[number]) is not None
        ]
        self._numbers, self._rows = {}, []
        self._texts = {name: Texts(texts.field) for name, texts in self._texts.items()}
        for key, row in kept:
            self._add(key, row)

    def get(self, key: str) -> Document | None:
        """A document by its key."""
        number = self._numbers.get(key)
        return None if number is None else self._rows[number]

    def row(self, number: int) -> Document | None:
        """A document by its number; None where it is dead."""
        return self._rows[number]

    def numbers(self) -> Iterator[int]:
        """The numbers of all documents."""
        return iter(self._numbers.values())

    def texts(self, fields: Sequence[str] | None) -> list[Texts]:
        """The terms of the searchable fields, or of those among them."""
        return [found for name, found in self._texts.items() if fields is None or name in fields]

    def changes(self) -> Iterator[Change]:
        """All that it shows, as a batch that shows it."""
        return ((key, self._rows[number]) for key, number in self._numbers.items())

    def recall(self, question: Any) -> Any:
        """What was found when the same was asked, if nothing changed since; None otherwise."""
        if question in self._remembered:
            self._remembered.move_to_end(question)
        return self._remembered.get(question)

    def remember(self, question: Any, answer: Any) -> None:
        """Keeps an answer until something changes: pages of one search ask the same again and again."""
        self._remembered[question] = answer
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def texts_of(document: Document, field: Field) -> Sequence[str]:
    """The texts that a document has in a field."""
    value = document.get(field.name)
    if value is None:
        return ()
    texts: Sequence[str] = value if field.is_collection else (value,)
    return texts
