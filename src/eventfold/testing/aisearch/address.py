"""What a path and a method mean: an operation in one word, and the names along the path. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_NAMED = re.compile(r"(\w+)\('((?:[^']|'')*)'\)")
_ENDS = {
    "search.stats": "stats",
    "search.analyze": "analyze",
    "search.index": "index",
    "search.post.search": "search",
}
_DOCS = {"index", "search", "$count"}
_RESOURCES = ("indexes", "aliases")
_METHODS = {"POST": "create", "GET": "list"}
_ONE = {"GET": "get", "PUT": "put", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes.

    Attributes:
        kind: "docs", "indexes", "aliases"; empty where the stand-in knows no such thing.
        operation: of documents "index", "search", "lookup", "count"; of indexes "create", "list", "get", "put",
            "delete", "stats", "analyze"; of aliases the first five.
        name: of the index or alias; empty for the list of them.
        key: of the document that is looked up.
    """

    kind: str
    operation: str
    name: str = ""
    key: str = ""


UNKNOWN = Address("", "")


def address_of(method: str, path: str) -> Address:
    """The address of a request; both forms of a path are taken, `indexes('orders')` and `indexes/orders`."""
    parts = [part for raw in path.partition("?")[0].strip("/").split("/") for part in _parts(unquote(raw))]
    match parts:
        case [kind] if kind in _RESOURCES:
            return _known(kind, _METHODS.get(method, ""))
        case [kind, name] if kind in _RESOURCES:
            return _known(kind, _ONE.get(method, ""), name)
        case ["indexes", name, "stats"] if method == "GET":
            return Address("indexes", "stats", name)
        case ["indexes", name, "analyze"] if method == "POST":
            return Address("indexes", "analyze", name)
        case ["indexes", name, "docs", "index" | "search" as operation] if method == "POST":
            return Address("docs", operation, name)
        case ["indexes", name, "docs", "$count"] if method == "GET":
            return Address("docs", "count", name)
        case ["indexes", name, "docs", key] if method == "GET" and key not in _DOCS:
            return Address("docs", "lookup", name, key)
    return UNKNOWN


def _parts(part: str) -> list[str]:
    found = _NAMED.fullmatch(part)
    if found is not None:
        return [found[1], found[2].replace("''", "'")]
    return [_ENDS.get(part, part)]


def _known(kind: str, operation: str, name: str = "") -> Address:
    return Address(kind, operation, name) if operation else UNKNOWN
