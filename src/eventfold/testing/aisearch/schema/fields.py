"""One field of an index: its attributes, their defaults, and which of them go together."""

import re
from dataclasses import dataclass, replace
from typing import Any

from eventfold.testing.aisearch.schema.types import STRING, TYPES
from eventfold.testing.aisearch.text.analysis import ANALYZERS
from eventfold.testing.aisearch.wire import invalid, unknown

_NAME = re.compile(r"[A-Za-z]\w{0,127}", re.ASCII)
_ATTRIBUTES = ("key", "retrievable", "searchable", "filterable", "sortable", "facetable")
_ANALYSIS = ("analyzer", "searchAnalyzer", "indexAnalyzer")
_UNKNOWN = ("normalizer", "dimensions", "vectorSearchProfile", "vectorEncoding", "synonymMaps", "fields")
_KNOWN = frozenset({"name", "type", "stored", *_ATTRIBUTES, *_ANALYSIS, *_UNKNOWN})
_COLLECTION = re.compile(r"Collection\((.*)\)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field.

    Attributes:
        kind: the type of its value, or of each value of a collection.
        analyzer: how texts of documents become terms; empty where they are not searched.
        query_analyzer: how texts of searches do.
    """

    name: str
    kind: str
    is_collection: bool
    key: bool
    retrievable: bool
    searchable: bool
    filterable: bool
    sortable: bool
    facetable: bool
    analyzer: str
    query_analyzer: str

    @property
    def type(self) -> str:
        """The type as a definition says it."""
        return f"Collection({self.kind})" if self.is_collection else self.kind

    def told(self) -> dict[str, Any]:
        """As a client reads it."""
        same = self.analyzer == self.query_analyzer
        return {
            "name": self.name,
            "type": self.type,
            **{name: getattr(self, name) for name in _ATTRIBUTES},
            "stored": True,
            "analyzer": self.analyzer or None if same else None,
            "indexAnalyzer": None if same else self.analyzer,
            "searchAnalyzer": None if same else self.query_analyzer,
            "normalizer": None,
            "dimensions": None,
            "vectorSearchProfile": None,
            "vectorEncoding": None,
            "synonymMaps": [],
        }


def read_field(given: Any) -> Field:
    """A field of a definition.

    Raises:
        Refused: 400, it cannot be.
    """
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise invalid("index : A field needs a name.")
    name = given["name"]
    for member in given.keys() - _KNOWN:
        raise invalid(f"index : The property '{member}' does not exist on the type of the field '{name}'.")
    if _NAME.fullmatch(name) is None or name.lower().startswith("azuresearch"):
        raise invalid(
            f"index : Invalid field name: '{name}'. Field names must begin with a letter, can contain only letters, "
            "digits, or underscore ('_'), at most 128, and cannot begin with 'azureSearch'."
        )
    kind, is_collection = _kind(name, given.get("type"))
    for member in _UNKNOWN:
        if given.get(member):
            raise unknown(f"'{member}' of the field '{name}'")
    if given.get("stored") is False:
        raise invalid(f"index : The field '{name}' can only be set as not stored if it is a vector field.")
    is_text = kind == STRING
    is_key = _flag(given, "key", default=False)
    found = Field(
        name,
        kind,
        is_collection,
        is_key,
        retrievable=_flag(given, "retrievable", default=True),
        searchable=_flag(given, "searchable", default=is_text),
        filterable=_flag(given, "filterable", default=True),
        sortable=_flag(given, "sortable", default=not is_collection),
        facetable=_flag(given, "facetable", default=True),
        analyzer="",
        query_analyzer="",
    )
    _check(found)
    return _analyzed(found, given)


def _kind(name: str, given: Any) -> tuple[str, bool]:
    text = str(given)
    found = _COLLECTION.fullmatch(text)
    kind = found[1] if found is not None else text
    if kind not in TYPES:
        if kind.startswith("Edm."):
            raise unknown(f"the type '{text}' of the field '{name}'")
        raise invalid(f"index : The field '{name}' has no type of the service: '{text}'.")
    return kind, found is not None


def _flag(given: dict[str, Any], name: str, *, default: bool) -> bool:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(f"index : '{name}' of the field '{given['name']}' is true or false.")
    return value


def _check(field: Field) -> None:
    if field.key and field.type != STRING:
        raise invalid(f"index : The key field '{field.name}' must be of type Edm.String.")
    if field.key and not field.retrievable:
        raise invalid(f"index : The key field '{field.name}' must be retrievable.")
    if field.searchable and field.kind != STRING:
        raise invalid(
            f"index : The field '{field.name}' of type '{field.type}' cannot be searchable: only fields of type "
            "Edm.String or Collection(Edm.String) can."
        )
    if field.sortable and field.is_collection:
        raise invalid(f"index : The field '{field.name}' cannot be sortable: it is a collection.")


def _analyzed(field: Field, given: dict[str, Any]) -> Field:
    names = {name: value for name in _ANALYSIS if (value := given.get(name)) is not None}
    if names and not field.searchable:
        raise invalid(f"index : The field '{field.name}' has an analyzer and is not searchable.")
    if names.keys() not in (set(), {"analyzer"}, {"indexAnalyzer", "searchAnalyzer"}):
        raise invalid(
            f"index : The field '{field.name}' has either 'analyzer', or 'indexAnalyzer' together with "
            "'searchAnalyzer'."
        )
    for analyzer in names.values():
        if analyzer not in ANALYZERS:
            raise unknown(f"the analyzer '{analyzer}' of the field '{field.name}'")
    if not field.searchable:
        return field
    both = names.get("analyzer", "standard.lucene")
    index, query = names.get("indexAnalyzer", both), names.get("searchAnalyzer", both)
    return replace(field, analyzer=index, query_analyzer=query)
