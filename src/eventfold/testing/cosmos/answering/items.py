"""Handlers of single documents: create, upsert, read, replace, delete, patch. The rules stand in `transaction`."""

from typing import Any

from eventfold.testing.cosmos.answering import charges
from eventfold.testing.cosmos.answering.patching import patched
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.storage.documents import Logical
from eventfold.testing.cosmos.storage.transaction import Transaction
from eventfold.testing.cosmos.wire import Refused, bad, missing
from eventfold.testing.door.wire import Answer, dumps

_LARGEST = 2 * 1024 * 1024
_RID = 24


def create(work: Work) -> Answer:
    """POST .../docs."""
    return _write(work, lambda t: (201, t.create(work.request.json())))


def upsert(work: Work) -> Answer:
    """POST .../docs with the header that says upsert."""

    def change(transaction: Transaction) -> tuple[int, dict[str, Any]]:
        body, made = transaction.upsert(work.request.json(), *_conditions(work))
        return (201 if made else 200), body

    return _write(work, change)


def replace(work: Work) -> Answer:
    """PUT .../docs/{id}."""
    return _write(
        work,
        lambda t: (200, t.replace(_identity(work, t.logical), work.request.json(), *_conditions(work))),
        replaced=True,
    )


def patch(work: Work) -> Answer:
    """PATCH .../docs/{id}."""

    def change(transaction: Transaction) -> tuple[int, dict[str, Any]]:
        identity = _identity(work, transaction.logical)
        before = transaction.read(identity)
        return 200, transaction.replace(identity, patched(before, work.request.json()), *_conditions(work))

    return _write(work, change, replaced=True)


def delete(work: Work) -> Answer:
    """DELETE .../docs/{id}."""
    container = work.container()
    with container.lock:
        transaction = Transaction(container, work.whole_key(container))
        work.on(transaction.range)
        transaction.delete(_identity(work, transaction.logical), *_conditions(work))
        transaction.commit()
        work.on(transaction.range)
    work.charge = charges.write(0)
    return work.answer(204)


def read(work: Work) -> Answer:
    """GET .../docs/{id}."""
    container = work.container()
    with container.lock:
        found, logical = container.logical(work.whole_key(container))
        horizon = work.horizon(found)
        document = logical.documents.get(_identity(work, logical))
        version = document.at(horizon) if document is not None else None
        body = version.body if version is not None else None
    if body is None:
        raise missing(f"document '{work.address.names[-1]}'")
    if work.request.header("if-none-match") in ("*", body["_etag"]):
        raise Refused(304, "", headers={"etag": body["_etag"]})
    sent = dumps(body)
    work.charge = charges.point_read(len(sent))
    return work.answer(200, sent, etag=body["_etag"])


def delete_partition(work: Work) -> Answer:
    """POST .../operations/partitionkeydelete: everything with one partition key."""
    container = work.container()
    with container.lock:
        transaction = Transaction(container, work.whole_key(container))
        for identity in list(transaction.logical.documents):
            if transaction.get(identity) is not None:
                transaction.delete(identity)
        transaction.commit()
        work.on(transaction.range)
    return work.answer(200)


def _write(work: Work, change: Any, *, replaced: bool = False) -> Answer:
    container = work.container()
    if len(work.request.body) > _LARGEST:
        raise Refused(413, "Request size is too large.")
    with container.lock:
        transaction = Transaction(container, work.whole_key(container))
        work.on(transaction.range)
        status, body = change(transaction)
        transaction.commit()
        work.on(transaction.range)
        sent = dumps(body)
    work.charge = charges.write(len(sent), replaced=replaced)
    minimal = work.request.header("prefer") == "return=minimal"
    return work.answer(status, None if minimal else sent, etag=body["_etag"])


def _identity(work: Work, logical: Logical) -> str:
    if len(work.address.names) != 3:
        raise bad("The path names no document.")
    name = work.address.names[2]
    if len(name) == _RID and name not in logical.documents:  # a client that follows _self
        for document in logical.documents.values():
            if document.head is not None and (document.head.body or {}).get("_rid") == name:
                return document.id
    return name


def _conditions(work: Work) -> tuple[str, str]:
    return work.request.header("if-match"), work.request.header("if-none-match")
