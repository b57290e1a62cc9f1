"""The definition of an index: which fields it has, and how it may change."""

import re
from dataclasses import dataclass, replace
from typing import Any

from eventfold.testing.aisearch.schema.fields import Field, read_field
from eventfold.testing.aisearch.wire import Refused, invalid, unknown

_NAME = re.compile(r"(?!.*(--|__|-_|_-))[a-z0-9][a-z0-9_-]{0,126}[a-z0-9]", re.ASCII)
_KEPT = ("description", "corsOptions", "similarity")
_UNKNOWN = (
    "scoringProfiles",
    "defaultScoringProfile",
    "suggesters",
    "analyzers",
    "tokenizers",
    "tokenFilters",
    "charFilters",
    "normalizers",
    "encryptionKey",
    "semantic",
    "vectorSearch",
)
_KNOWN = frozenset({"name", "fields", "@odata.etag", "@odata.context", *_KEPT, *_UNKNOWN})
_MOST_FIELDS = 1000
_BM25 = {"@odata.type": "#Microsoft.Azure.Search.BM25Similarity", "k1": None, "b": None}


@dataclass(frozen=True, slots=True)
class Definition:
    """An index without its documents.

    Attributes:
        kept: what is told again and means nothing here: description, CORS, similarity.
    """

    name: str
    fields: dict[str, Field]
    key: Field
    kept: dict[str, Any]

    def told(self, etag: str) -> dict[str, Any]:
        """As a client reads it."""
        lists: dict[str, Any] = {name: [] if name.endswith("s") else None for name in _UNKNOWN}
        return {
            "@odata.etag": etag,
            "name": self.name,
            "fields": [field.told() for field in self.fields.values()],
            **lists,
            **{name: self.kept.get(name) for name in _KEPT},
            "similarity": self.kept.get("similarity") or _BM25,
        }


def checked_name(name: Any, what: str) -> str:
    """A name of an index or alias.

    Raises:
        Refused: 400, it cannot be one.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise invalid(
            f"{what} : Invalid {what} name: '{name}'. It has 2 to 128 lower-case letters, digits, dashes or "
            "underscores, begins and ends with a letter or digit, and has no two dashes or underscores in a row."
        )
    return name


def read_definition(given: Any) -> Definition:
    """A definition that a client sent.

    Raises:
        Refused: 400, it cannot be.
    """
    if not isinstance(given, dict):
        raise invalid("index : A definition is an object.")
    for member in given.keys() - _KNOWN:
        raise invalid(f"index : The property '{member}' does not exist on the type of an index.")
    name = checked_name(given.get("name"), "index")
    for member in _UNKNOWN:
        if given.get(member):
            raise unknown(f"'{member}' of the index '{name}'")
    listed = given.get("fields")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_FIELDS:
        raise invalid(f"index : An index has 1 to {_MOST_FIELDS} fields.")
    fields: dict[str, Field] = {}
    for field in map(read_field, listed):
        if field.name in fields:
            raise invalid(f"index : There is more than one field '{field.name}'.")
        fields[field.name] = field
    keys = [field for field in fields.values() if field.key]
    if len(keys) != 1:
        raise invalid(f"index : Each index must have exactly one key field; '{name}' has {len(keys)}.")
    return Definition(name, fields, keys[0], {member: given.get(member) for member in _KEPT})


def check_change(before: Definition, after: Definition) -> None:
    """Refuses what cannot be done to an index that is there: fields are only added, or hidden and shown.

    Raises:
        Refused: 400.
    """
    for name, field in before.fields.items():
        changed = after.fields.get(name)
        if changed is None:
            raise _not_allowed("CannotDeleteExistingField", f"Existing field '{name}' cannot be deleted.")
        same = replace(changed, retrievable=field.retrievable, query_analyzer=field.query_analyzer)
        if same != field:
            raise _not_allowed("CannotChangeExistingField", f"Existing field '{name}' cannot be changed.")
    if (before.kept.get("similarity") or _BM25) != (after.kept.get("similarity") or _BM25):
        raise _not_allowed("OperationNotAllowed", "The similarity of an existing index cannot be changed.")


def _not_allowed(code: str, message: str) -> Refused:
    return Refused(400, message, code="OperationNotAllowed", details=[(code, message)])
