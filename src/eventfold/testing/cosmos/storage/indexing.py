"""Which paths of a container are indexed: ORDER BY needs it, as in the service. Filters work without, at a price.

Only the indexing policy is read and completed; there are no indexes here.
"""

from collections.abc import Sequence
from typing import Any

from eventfold.testing.cosmos.sql.tree import Query, path_of
from eventfold.testing.cosmos.storage.keys import paths

_ALWAYS = (("id",), ("_ts",))
_ETAG = {"path": '/"_etag"/?'}


def completed(policy: dict[str, Any]) -> dict[str, Any]:
    """An indexing policy with what the service adds, and without what it has given up."""
    full: dict[str, Any] = {"indexingMode": "consistent", "automatic": True, "excludedPaths": []}
    full |= {"includedPaths": [{"path": "/*"}]} | policy
    full["includedPaths"] = [
        {n: v for n, v in each.items() if n != "indexes"}
        | {"path": "/*" if each["path"] == "/" else each["path"]}
        for each in full["includedPaths"]
    ]
    if full["indexingMode"] != "none" and _ETAG not in full["excludedPaths"]:
        full["excludedPaths"] = [*full["excludedPaths"], _ETAG]
    return full


def unsortable(policy: dict[str, Any], query: Query) -> str:
    """Why the service would refuse the ORDER BY of a query; empty if it would not."""
    wanted: list[tuple[tuple[str, ...], bool]] = []
    for ordered in query.order:
        path = path_of(ordered.expression)
        if not path:
            return "ORDER BY takes paths of properties."
        wanted.append((path, ordered.descending))
    if len(wanted) > 1:
        return (
            ""
            if _composite(policy, wanted)
            else (
                "The order by query does not have a corresponding composite index that it can be served from."
            )
        )
    if wanted and not indexed(policy, wanted[0][0]):
        return f"The path /{'/'.join(wanted[0][0])} of ORDER BY is excluded from indexing."
    return ""


def indexed(policy: dict[str, Any], path: Sequence[str]) -> bool:
    """Whether a path is indexed; the longest pattern that fits it decides."""
    if policy.get("indexingMode", "consistent") == "none":
        return False
    if tuple(path) in _ALWAYS:
        return True
    best, found = -1, False
    for included, group in ((True, "includedPaths"), (False, "excludedPaths")):
        for each in policy.get(group, []):
            length = _fits(paths(each["path"]), path)
            if length > best:
                best, found = length, included
    return found


def _fits(pattern: Sequence[str], path: Sequence[str]) -> int:
    *names, last = pattern
    if last == "?":
        return 2 * len(names) + 1 if list(path) == names else -1
    if last == "*":
        return 2 * len(names) if list(path[: len(names)]) == names else -1
    return 2 * len(pattern) if list(path) == list(pattern) else -1


def _composite(policy: dict[str, Any], wanted: list[tuple[tuple[str, ...], bool]]) -> bool:
    for index in policy.get("compositeIndexes", []):
        held = [(tuple(paths(each["path"])), each.get("order") == "descending") for each in index]
        if wanted in (held, [(path, not descending) for path, descending in held]):
            return True
    return False
