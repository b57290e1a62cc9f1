"""What a path and a method mean: the kind of resource, its names, and the operation in one word.

Pure; nothing is looked up. Paths are by name, or by resource id where a client uses the `_self` link.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from eventfold.testing.door.wire import Request

ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes.

    Attributes:
        kind: "account", "dbs", "colls", "docs", "pkranges", or the word that ends the path.
        signed: the resource type that the signature covers.
        link: the resource link that the signature covers.
        names: the names along the path: database, container, item.
        single: whether one resource is meant, not the list of them.
    """

    kind: str
    signed: str
    link: str
    names: tuple[str, ...]
    single: bool


def address_of(path: str) -> Address:
    """The address in a path."""
    parts = [unquote(part) for part in path.partition("?")[0].strip("/").split("/") if part]
    if not parts:
        return Address(ACCOUNT, "", "", (), single=True)
    if parts[-2:] == ["operations", "partitionkeydelete"]:
        return Address("partitionkeydelete", "colls", "/".join(parts[:-2]), tuple(parts[1::2]), single=True)
    single = len(parts) % 2 == 0
    kind = parts[-2] if single else parts[-1]
    link = "/".join(parts if single else parts[:-1])
    return Address(kind, kind, link, tuple(parts[1::2]), single=single)


def operation_of(request: Request, address: Address) -> str:
    """The operation in one word: create, upsert, read, list, replace, delete, patch, query, plan, batch, feed."""
    headers = request.headers
    match request.method:
        case "GET":
            if address.single:
                return "read"
            return "feed" if "a-im" in headers and address.kind == "docs" else "list"
        case "POST":
            return _posted(request)
        case "PUT":
            return "replace"
        case "DELETE":
            return "delete"
        case "PATCH":
            return "patch"
        case other:
            return other.lower()


def _posted(request: Request) -> str:
    if request.says("x-ms-cosmos-is-query-plan-request"):
        return "plan"
    if request.says("x-ms-cosmos-is-batch-request"):
        return "batch"
    if request.says("x-ms-documentdb-isquery") or "query+json" in request.header("content-type"):
        return "query"
    return "upsert" if request.says("x-ms-documentdb-is-upsert") else "create"
