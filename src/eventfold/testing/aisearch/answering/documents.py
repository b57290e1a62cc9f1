"""Handlers of documents: batches, look-up by key, count."""

from typing import Any

from eventfold.testing.aisearch.answering.work import Work, selected
from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.schema.documents import Action, read_action, shown, too_large
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.storage.index import Index
from eventfold.testing.aisearch.storage.replica import Change
from eventfold.testing.aisearch.wire import Refused, expression, invalid
from eventfold.testing.door.wire import Answer

_MOST = 1000
_SAID = {
    400: "The document is malformed.",
    404: "Document not found.",
    409: "A version conflict was detected. Another process wrote this document.",
    422: "The index is temporarily unavailable.",
    429: "Too many requests.",
    503: "The service is too busy to process this document. Please retry later.",
}


def index(work: Work) -> Answer:
    """POST .../docs/search.index: each document for itself, but none where one cannot be read."""
    given = work.body()
    listed = given.get("value") if isinstance(given, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST:
        raise invalid(f"actions : A batch has 1 to {_MOST} actions.")
    work.operations = len(listed)
    found = work.index()
    with found.lock:
        actions = [read_action(each, found.definition, number) for number, each in enumerate(listed)]
        changes: list[Change] = []
        results = [_run(work, found, action, changes) for action in actions]
        found.close_batch(changes)
    return work.answer(200 if all(result["status"] for result in results) else 207, {"value": results})


def _run(work: Work, index: Index, action: Action, changes: list[Change]) -> dict[str, Any]:
    fault = work.document_faults.strike(action.key, action.name)
    if fault is not None and not fault.effect:
        return _result(action, fault.status)
    why = too_large(action.values, index.definition)
    if why is not None and action.name != "delete":
        return _result(action, 400, why)
    status, change = index.run(action)
    if change is not None:
        changes.append(change)
    return _result(action, status if fault is None else fault.status)


def _result(action: Action, status: int, why: str | None = None) -> dict[str, Any]:
    is_done = status < 300
    message = None if is_done else why or _SAID.get(status, "The document was not indexed.")
    return {"key": action.key, "status": is_done, "errorMessage": message, "statusCode": status}


def lookup(work: Work) -> Answer:
    """GET .../docs('key')."""
    found = work.index()
    fields = retrieved(found.definition, selected(work.parameter("$select")))
    replica = work.replica(found)
    with replica.lock:
        document = replica.get(work.address.key)
    if document is None:
        raise Refused(404, f"The document '{work.address.key}' was not found.")
    return work.answer(200, {field.name: shown(document, field) for field in fields})


def count(work: Work) -> Answer:
    """GET .../docs/$count: plain text."""
    shown = work.replica(work.index())
    with shown.lock:
        return Answer(200, str(len(shown)).encode(), {"content-type": "text/plain"})


def retrieved(definition: Definition, names: list[str] | None) -> list[Field]:
    """The fields of an answer.

    Raises:
        Refused: 400, one of the names is no field, or one that is not shown.
    """
    if names is None:
        return [field for field in definition.fields.values() if field.retrievable]
    for name in names:
        if name not in definition.fields:
            raise expression(
                "$select", f"Could not find a property named '{name}' on type 'search.document'."
            )
        if not definition.fields[name].retrievable:
            raise expression(
                "$select",
                f"'{name}' is not a retrievable field. Only retrievable fields can be used in $select.",
            )
    return [definition.fields[name] for name in names]
