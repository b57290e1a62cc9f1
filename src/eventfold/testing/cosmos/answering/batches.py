"""Transactional batches: up to 100 operations in one logical partition, all or nothing, one LSN.

A failing read fails the batch too. `ifMatch` on a read is ignored, because the service ignores it.
"""

from typing import Any

from eventfold.testing.cosmos.answering import charges
from eventfold.testing.cosmos.answering.patching import patched
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.storage.transaction import Transaction
from eventfold.testing.cosmos.wire import Refused, bad
from eventfold.testing.door.wire import Answer, dumps

_MOST = 100
_LARGEST = 2 * 1024 * 1024
Result = dict[str, Any]


def batch(work: Work) -> Answer:
    """POST .../docs with the header of a batch."""
    if len(work.request.body) > _LARGEST:
        raise Refused(413, "Request size is too large.")
    operations = work.request.json()
    if not isinstance(operations, list) or not operations:
        raise bad("Batch request has no operations.")
    work.operations = len(operations)
    if len(operations) > _MOST:
        raise bad("Batch request has more operations than what is supported.")
    container = work.container()
    with container.lock:
        transaction = Transaction(container, work.whole_key(container))
        work.on(transaction.range)
        results: list[Result] = []
        for operation in operations:
            try:
                results.append(_run(transaction, operation))
            except Refused as refused:
                return _failed(work, results, refused, len(operations))
        transaction.commit()
        work.on(transaction.range)
        sent = dumps(results)
    work.charge = round(sum(result["requestCharge"] for result in results), 2)
    return work.answer(200, sent)


def _failed(work: Work, before: list[Result], refused: Refused, count: int) -> Answer:
    results = [{"statusCode": 424, "requestCharge": 0.0} for _ in range(count)]
    results[len(before)] = {"statusCode": refused.status, "requestCharge": 1.0}
    if refused.substatus:
        results[len(before)]["subStatusCode"] = refused.substatus
    work.charge = round(1.0 + sum(result["requestCharge"] for result in before), 2)
    return work.answer(207, results)


def _run(transaction: Transaction, operation: dict[str, Any]) -> Result:
    conditions = (operation.get("ifMatch") or "", operation.get("ifNoneMatch") or "")
    identity = str(operation.get("id", ""))
    body = operation.get("resourceBody")
    match operation.get("operationType"):
        case "Create":
            return _wrote(201, transaction.create(body))
        case "Upsert":
            stored, made = transaction.upsert(body, *conditions)
            return _wrote(201 if made else 200, stored)
        case "Replace":
            return _wrote(200, transaction.replace(identity, body, *conditions), replaced=True)
        case "Patch":
            changed = patched(transaction.read(identity), body)
            return _wrote(200, transaction.replace(identity, changed, *conditions), replaced=True)
        case "Read":
            found = transaction.read(identity)
            units = charges.point_read(len(dumps(found)))
            return {"statusCode": 200, "requestCharge": units, "eTag": found["_etag"], "resourceBody": found}
        case "Delete":
            transaction.delete(identity, *conditions)
            return {"statusCode": 204, "requestCharge": charges.write(0)}
        case other:
            raise bad(f"A batch has no operation {other!r}.")


def _wrote(status: int, stored: dict[str, Any], *, replaced: bool = False) -> Result:
    return {
        "statusCode": status,
        "requestCharge": charges.write(len(dumps(stored)), replaced=replaced),
        "eTag": stored["_etag"],
        "resourceBody": stored,
    }
