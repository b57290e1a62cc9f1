"""Handlers of aliases: create, list, get, put, delete. An alias leads to one index that is there."""

from eventfold.testing.aisearch.answering.work import Work
from eventfold.testing.aisearch.schema.definition import checked_name
from eventfold.testing.aisearch.storage.service import Alias
from eventfold.testing.aisearch.wire import Refused, invalid
from eventfold.testing.door.wire import Answer

_KNOWN = frozenset({"name", "indexes", "@odata.etag", "@odata.context"})


def create(work: Work) -> Answer:
    """POST /aliases."""
    with work.service.lock:
        made = _read(work)
        if made.name in work.service.aliases:
            raise Refused(
                409,
                f"Cannot create alias '{made.name}' because it already exists.",
                code="ResourceNameAlreadyInUse",
            )
        work.service.aliases[made.name] = made
    return _told(work, 201, made)


def put(work: Work) -> Answer:
    """PUT /aliases('n'): makes it, or leads it to another index, which requests may notice late."""
    service = work.service
    with service.lock:
        made = _read(work)
        if made.name != work.address.name:
            raise invalid(
                f"alias : The name '{made.name}' is not that of the address, '{work.address.name}'."
            )
        before = service.aliases.get(made.name)
        work.check_conditions(before.etag if before is not None else None)
        if before is not None and before.target != made.target:
            made.before, made.late = before.target, service.alias_lag
        service.aliases[made.name] = made
    return _told(work, 201 if before is None else 200, made)


def get(work: Work) -> Answer:
    """GET /aliases('n')."""
    with work.service.lock:
        return _told(work, 200, _found(work))


def list_all(work: Work) -> Answer:
    """GET /aliases."""
    with work.service.lock:
        found = [alias.told() for _, alias in sorted(work.service.aliases.items())]
    return work.answer(200, {"value": found})


def delete(work: Work) -> Answer:
    """DELETE /aliases('n')."""
    with work.service.lock:
        found = work.service.aliases.get(work.address.name)
        work.check_conditions(found.etag if found is not None else None)
        del work.service.aliases[_found(work).name]
    return work.answer(204)


def _found(work: Work) -> Alias:
    found = work.service.aliases.get(work.address.name)
    if found is None:
        raise Refused(404, f"The alias '{work.address.name}' for service 'stand-in' was not found.")
    return found


def _read(work: Work) -> Alias:
    given = work.body()
    if not isinstance(given, dict) or given.keys() - _KNOWN:
        raise invalid("alias : An alias has a name and indexes, and nothing else.")
    name = checked_name(given.get("name"), "alias")
    targets = given.get("indexes")
    if not isinstance(targets, list) or len(targets) != 1:
        raise invalid(f"alias : The alias '{name}' leads to exactly one index.")
    if name in work.service.indexes:
        raise invalid(f"alias : The name '{name}' is that of an index.")
    if targets[0] not in work.service.indexes:
        raise invalid(f"alias : There is no index '{targets[0]}' that the alias '{name}' could lead to.")
    return Alias(name, targets[0])


def _told(work: Work, status: int, alias: Alias) -> Answer:
    return work.answer(status, alias.told(), etag=alias.etag)
