"""Who may ask what: a key on every request, or a bearer token where one was agreed.

    right      what it opens                                       role in Microsoft Entra ID
    service    indexes, aliases                                    Search Service Contributor
    write      documents into an index                             Search Index Data Contributor
    read       search, look-up, count                              Search Index Data Reader

The admin key opens all, the query key reads. Nothing is forgiven: without a key 401, with a wrong one 403.
"""

import hmac
from collections.abc import Iterable, Mapping

from eventfold.testing.aisearch.address import Address
from eventfold.testing.aisearch.wire import Refused
from eventfold.testing.door.wire import Request

RIGHTS = frozenset({"service", "write", "read"})


class Doorkeeper:
    """Checks the headers `api-key` and `authorization`.

    Args:
        key: the admin key.
        query_key: the query key.
        entra: bearer tokens that are accepted too, and the rights of each.
    """

    def __init__(self, key: str, query_key: str, entra: Mapping[str, Iterable[str]]) -> None:
        self._keys = {key: RIGHTS, query_key: frozenset({"read"})}
        self._tokens = {token: frozenset(rights) for token, rights in entra.items()}

    def check(self, request: Request, address: Address) -> None:
        """Lets a request pass.

        Raises:
            Refused: 401 without credentials, 403 where they do not open it.
        """
        scheme, _, token = request.header("authorization").partition(" ")
        if given := request.header("api-key"):
            rights = _rights(given, self._keys)
        elif scheme.lower() == "bearer":
            rights = _rights(token, self._tokens)
            if rights is None:
                raise Refused(401, "Unauthorized", headers={"www-authenticate": "Bearer"})
        else:
            raise Refused(401, "Unauthorized", headers={"www-authenticate": "Bearer"})
        if rights is None or _needed(address) not in rights:
            raise Refused(403, "Forbidden")


def _rights(given: str, known: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    found = [
        rights for secret, rights in known.items() if hmac.compare_digest(given.encode(), secret.encode())
    ]
    return found[0] if found else None


def _needed(address: Address) -> str:
    if address.kind != "docs":
        return "service"
    return "write" if address.operation == "index" else "read"
