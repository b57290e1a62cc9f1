"""Handlers of indexes: create, list, get, put, delete, statistics, and what an analyzer makes of a text."""

from typing import Any

from eventfold.testing.aisearch.answering.work import Work, selected
from eventfold.testing.aisearch.schema.definition import check_change, read_definition
from eventfold.testing.aisearch.storage.index import Index
from eventfold.testing.aisearch.text.analysis import ANALYZERS
from eventfold.testing.aisearch.wire import Refused, invalid, unknown
from eventfold.testing.door.wire import Answer, dumps


def create(work: Work) -> Answer:
    """POST /indexes."""
    definition = read_definition(work.body())
    with work.service.lock:
        if definition.name in work.service.indexes or definition.name in work.service.aliases:
            raise Refused(
                409,
                f"Cannot create index '{definition.name}' because it already exists.",
                code="ResourceNameAlreadyInUse",
                details=[("CannotCreateExistingIndex", f"Index '{definition.name}' already exists.")],
            )
        made = work.service.indexes[definition.name] = Index(definition)
    return _told(work, 201, made)


def put(work: Work) -> Answer:
    """PUT /indexes('n'): makes it, or changes what may be changed."""
    definition = read_definition(work.body())
    service, name = work.service, work.address.name
    with service.lock:
        alias = service.aliases.get(name)
        target = alias.target if alias is not None else name
        if definition.name != target:
            raise invalid(f"index : The name '{definition.name}' is not that of the address, '{target}'.")
        before = service.indexes.get(target)
        work.check_conditions(before.etag if before is not None else None)
        if before is None:
            made = service.indexes[target] = Index(definition)
            return _told(work, 201, made)
        check_change(before.definition, definition)
        before.define(definition)
    return _told(work, 200, before)


def get(work: Work) -> Answer:
    """GET /indexes('n')."""
    return _told(work, 200, work.service.index(work.address.name))


def list_all(work: Work) -> Answer:
    """GET /indexes."""
    names = selected(work.parameter("$select"))
    with work.service.lock:
        found = [index.definition.told(index.etag) for _, index in sorted(work.service.indexes.items())]
    if names is not None:
        found = [{name: each.get(name) for name in names} for each in found]
    return work.answer(200, {"value": found})


def delete(work: Work) -> Answer:
    """DELETE /indexes('n'); not by an alias, nor while one leads to it."""
    service, name = work.service, work.address.name
    with service.lock:
        found = service.indexes.get(name)
        work.check_conditions(found.etag if found is not None else None)
        service.named(name)
        leading = sorted(alias.name for alias in service.aliases.values() if alias.target == name)
        if leading:
            raise Refused(
                400,
                f"Cannot delete index '{name}' because the following aliases lead to it: {', '.join(leading)}. "
                "Delete them or map them to another index before.",
                code="OperationNotAllowed",
            )
        del service.indexes[name]
    return work.answer(204)


def stats(work: Work) -> Answer:
    """GET /indexes('n')/search.stats; the size is that of the documents as JSON."""
    shown = work.replica(work.service.named(work.address.name))
    with shown.lock:
        size = sum(len(dumps(document)) for _, document in shown.changes())
        count = len(shown)
    return work.answer(200, {"documentCount": count, "storageSize": size, "vectorIndexSize": 0})


def analyze(work: Work) -> Answer:
    """POST /indexes('n')/search.analyze."""
    work.service.named(work.address.name)
    given = work.body()
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise invalid("request : A text to analyze is missing.")
    analyzer = given.get("analyzer")
    if analyzer not in ANALYZERS:
        raise unknown(f"the analyzer '{analyzer}'")
    tokens: list[dict[str, Any]] = [
        {"token": token.term, "startOffset": token.start, "endOffset": token.end, "position": number}
        for number, token in enumerate(ANALYZERS[analyzer](given["text"]))
    ]
    return work.answer(200, {"tokens": tokens})


def _told(work: Work, status: int, index: Index) -> Answer:
    return work.answer(status, index.definition.told(index.etag), etag=index.etag)
