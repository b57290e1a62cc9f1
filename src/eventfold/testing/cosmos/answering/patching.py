"""Partial updates: add, set, replace, remove, incr and move, applied to a copy, under an optional condition."""

import copy
from typing import Any

from eventfold.testing.cosmos.sql.evaluating import Evaluator
from eventfold.testing.cosmos.sql.parser import parse_condition
from eventfold.testing.cosmos.sql.tree import NotUnderstood
from eventfold.testing.cosmos.storage.keys import paths
from eventfold.testing.cosmos.wire import Refused, bad

_MOST = 10


def patched(document: dict[str, Any], request: Any) -> dict[str, Any]:
    """A document after a patch.

    Raises:
        Refused: 412 where the condition does not hold, 400 where an operation cannot be done.
    """
    if not isinstance(request, dict) or not isinstance(request.get("operations"), list):
        raise bad("A patch needs a list of operations.")
    operations = request["operations"]
    if not 0 < len(operations) <= _MOST:
        raise bad(f"A patch has 1 to {_MOST} operations.")
    _check(document, request.get("condition"))
    made = copy.deepcopy(document)
    for operation in operations:
        _apply(made, operation)
    if made.get("id") != document["id"]:
        raise bad("A patch cannot change the id.")
    return made


def _check(document: dict[str, Any], condition: Any) -> None:
    if not condition:
        return
    try:
        holds = Evaluator({}).value(parse_condition(condition), document)
    except NotUnderstood as error:
        raise bad(str(error)) from error
    if holds is not True:
        raise Refused(412, "The condition of the patch does not hold.", substatus=1110)


def _apply(document: dict[str, Any], operation: dict[str, Any]) -> None:
    name = str(operation.get("op", "")).lower()
    if name == "move":
        value = _remove(document, operation.get("from"))
        _add(document, operation.get("path"), value)
    elif name == "remove":
        _remove(document, operation.get("path"))
    elif name in ("add", "set", "replace", "incr", "increment"):
        if "value" not in operation:
            raise bad(f"A patch operation {name} needs a value.")
        _write(document, name, operation.get("path"), operation["value"])
    else:
        raise bad(f"A patch has no operation {name!r}.")


def _write(document: dict[str, Any], name: str, path: Any, value: Any) -> None:
    if name == "add":
        _add(document, path, value)
        return
    holder, key = _holder(document, path)
    there = key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)
    if name == "replace" and not there:
        raise bad(f"There is nothing to replace at {path}.")
    if name in ("incr", "increment") and there:
        before = holder[key]
        if isinstance(before, bool) or not isinstance(before, int | float):
            raise bad(f"What stands at {path} is no number.")
        value = before + value
    if isinstance(holder, list) and not there:
        holder.append(value)
    else:
        holder[key] = value


def _add(document: dict[str, Any], path: Any, value: Any) -> None:
    holder, key = _holder(document, path)
    if isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[key] = value


def _remove(document: dict[str, Any], path: Any) -> Any:
    holder, key = _holder(document, path)
    if key not in holder if isinstance(holder, dict) else key >= len(holder):
        raise bad(f"There is nothing at {path}.")
    return holder.pop(key)


def _holder(document: dict[str, Any], path: Any) -> tuple[Any, Any]:
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise bad(f"A patch path begins with / and names a property, not {path!r}.")
    *above, last = (name.replace("~1", "/").replace("~0", "~") for name in paths(path))
    holder: Any = document
    for name in above:
        try:
            holder = holder[int(name)] if isinstance(holder, list) else holder[name]
        except (LookupError, TypeError, ValueError) as error:
            raise bad(f"The path {path} does not exist.") from error
    if isinstance(holder, list):
        if last != "-" and not last.isdecimal():
            raise bad(f"The path {path} does not exist.")
        place = len(holder) if last == "-" else int(last)
        if place > len(holder):
            raise bad(f"The path {path} does not exist.")
        return holder, place
    if not isinstance(holder, dict):
        raise bad(f"The path {path} does not exist.")
    return holder, last
