"""What a client sends as a document: which members, keys and values are taken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.schema.types import STRING, Mistyped, read, told
from eventfold.testing.aisearch.wire import Refused, invalid

ACTIONS = ("upload", "merge", "mergeOrUpload", "delete")
ACTION = "@search.action"
_KEY = re.compile(r"[A-Za-z0-9_\-=]+", re.ASCII)
_LONGEST_KEY = 1024
_LONGEST_TERM = 32766

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a batch: what is to be done, to which document, with which values as they are kept."""

    name: str
    key: str
    values: dict[str, Any]


def read_action(given: Any, definition: Definition, number: int) -> Action:
    """One line of a batch.

    Raises:
        Refused: 400, for the whole batch.
    """
    if not isinstance(given, dict):
        raise invalid(f"actions : {number}: An action is an object.")
    name = given.get(ACTION, "upload")
    if name not in ACTIONS:
        raise invalid(f"actions : {number}: The indexing action '{name}' is unknown: {', '.join(ACTIONS)}.")
    key = _key(given.get(definition.key.name), number)
    values: dict[str, Any] = {}
    for member, value in given.items():
        if member == ACTION:
            continue
        field = definition.fields.get(member)
        if field is None:
            raise invalid(
                f"parameters : The property '{member}' does not exist on type 'search.documentFields'. Make sure to "
                "only use property names that are defined by the type."
            )
        values[member] = _value(value, field)
    return Action(name, key, values)


def _key(given: Any, number: int) -> str:
    if given is None or given == "":
        raise invalid(f"actions : {number}: Document key cannot be missing or empty.")
    if not isinstance(given, str):
        raise invalid(f"parameters : Cannot convert the literal '{given}' to the expected type '{STRING}'.")
    if len(given) > _LONGEST_KEY:
        raise _bad_key(number, given[:40] + "...", f"Keys cannot be longer than {_LONGEST_KEY} characters.")
    if _KEY.fullmatch(given) is None:
        raise _bad_key(
            number,
            given,
            "Keys can only contain letters, digits, underscore (_), dash (-), or equal sign (=). If the keys in your "
            "source data contain other characters, we recommend encoding them with a URL-safe version of Base64.",
        )
    if given.startswith("_"):
        raise _bad_key(number, given, "Keys cannot start with a leading underscore.")
    return given


def _bad_key(number: int, key: str, why: str) -> Refused:
    message = f"{number}: Invalid document key: '{key}'. {why}"
    whole = f"The request is invalid. Details: actions : {message}"
    return Refused(400, whole, details=[("InvalidDocumentKey", message)])


def _value(value: Any, field: Field) -> Any:
    try:
        if not field.is_collection:
            return None if value is None else read(value, field.kind)
        if value is None:
            raise Mistyped(_null(field))
        if not isinstance(value, list):
            raise Mistyped(f"The property '{field.name}' is a collection and its value is none.")
        if None in value:
            raise Mistyped(_null(field))
        return [read(each, field.kind) for each in value]
    except Mistyped as error:
        raise invalid(f"parameters : {error}") from None


def _null(field: Field) -> str:
    return (
        f"A null value was found for the property named '{field.name}', which has the expected type "
        f"'{field.type}[Nullable=False]'. The expected type '{field.type}[Nullable=False]' does not allow null values."
    )


def too_large(values: Document, definition: Definition) -> str | None:
    """Why a document cannot be indexed that could be read: a value is one term, and too long for one."""
    for name, value in values.items():
        field = definition.fields[name]
        if field.kind != STRING or not (
            field.filterable or field.sortable or field.facetable or field.analyzer == "keyword"
        ):
            continue
        for text in value if field.is_collection else [value or ""]:
            if len(text) > _LONGEST_TERM // 4 and len(text.encode()) > _LONGEST_TERM:
                return (
                    f"Field '{name}' contains a term that is too large to process. The max length for UTF-8 encoded "
                    f"terms is {_LONGEST_TERM} bytes. The most likely cause of this error is that filtering, sorting, "
                    "and/or faceting are enabled on this field, which causes the entire field value to be indexed as "
                    "a single term. Please avoid the use of these options for large fields."
                )
    return None


def shown(document: Document, field: Field) -> Any:
    """A value of a document as JSON: null, or an empty collection, where nothing was said."""
    value = document.get(field.name)
    if field.is_collection:
        return [told(each, field.kind) for each in value or ()]
    return None if value is None else told(value, field.kind)
