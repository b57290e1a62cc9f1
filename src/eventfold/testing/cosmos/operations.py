"""What is done with single documents, and with several of one partition key in a transaction."""

from typing import Any

from eventfold.testing.cosmos.answers import Answer, Refusal, charge
from eventfold.testing.cosmos.container import MAX_BYTES, Container, place_of
from eventfold.testing.cosmos.partition import Partition
from eventfold.testing.cosmos.request import Request

MAX_OPERATIONS = 100


def serve(container: Container, request: Request, lag: int) -> Answer:
    """Answers a request for documents by their keys."""
    if request.size > MAX_BYTES:
        raise Refusal(413, "Request size is too large.")
    partition, place = locate(container, request)
    if request.operation == "batch":
        return _batch(container, partition, place, request)
    if request.operation == "read":
        found = partition.get((place, request.document), partition.visible(request.session, lag))
        if found is None:
            raise Refusal(404, "Entity with the specified id does not exist in the system.")
        return _answer(partition, 200, found)
    with partition.transaction() as lsn:
        match request.operation:
            case "create":
                return _answer(partition, 201, container.create(partition, place, _body(request), lsn))
            case "upsert":
                document = _body(request)
                status = 201 if partition.get((place, document["id"])) is None else 200
                return _answer(partition, status, container.upsert(partition, place, document, lsn))
            case "replace":
                document = {**_body(request), "id": request.document}
                if_match = request.header("if-match")
                return _answer(partition, 200, container.replace(partition, place, document, lsn, if_match))
            case "delete":
                container.delete(partition, place, request.document, lsn, request.header("if-match"))
                return _answer(partition, 204, None)
    raise Refusal(405, f"The stand-in does not {request.operation} documents.")


def locate(container: Container, request: Request) -> tuple[Partition, str]:
    """The partition and place that a partition key belongs to."""
    key = request.key
    if key is None:
        raise Refusal(
            400, "PartitionKey extracted from document doesn't match the one specified in the header.", 1001
        )
    place = place_of(key[0] if key else None)
    return container.partition(place), place


def _body(request: Request) -> dict[str, Any]:
    document = request.json()
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise Refusal(
            400, "The input content is invalid because the required properties - 'id; ' - are missing."
        )
    return document


def _answer(partition: Partition, status: int, document: dict[str, Any] | None) -> Answer:
    headers = session_headers(partition, partition.lsn)
    if document is not None:
        headers["etag"] = document["_etag"]
    return Answer(status=status, body=document, headers=headers)


def session_headers(partition: Partition, lsn: int) -> dict[str, str]:
    """What an answer says of the partition it came from."""
    return {
        "x-ms-session-token": f"{partition.range_id}:-1#{lsn}",
        "x-ms-documentdb-partitionkeyrangeid": partition.range_id,
        "lsn": str(lsn),
    }


def _batch(container: Container, partition: Partition, place: str, request: Request) -> Answer:
    operations = request.json()
    if not operations:
        raise Refusal(400, "Batch request has no operations.")
    if len(operations) > MAX_OPERATIONS:
        raise Refusal(400, "Batch request has more operations than what is supported.")
    done: list[dict[str, Any]] = []
    try:
        with partition.transaction() as lsn:
            for operation in operations:
                done.append(_one(container, partition, place, operation, lsn))  # noqa: PERF401 - as far as it came
            if all(operation["operationType"] == "Read" for operation in operations):
                raise _ReadOnlyError
    except _ReadOnlyError:
        pass
    except Refusal as refusal:
        failed: list[dict[str, Any]] = [{"statusCode": 424, "requestCharge": 0.0} for _ in operations]
        failed[len(done)] = {"statusCode": refusal.status, "requestCharge": 1.0, "message": str(refusal)}
        return Answer(status=207, body=failed, headers=session_headers(partition, partition.lsn))
    return Answer(status=200, body=done, headers=session_headers(partition, partition.lsn))


class _ReadOnlyError(Exception):
    """Nothing was changed, so no transaction is counted."""


def _one(
    container: Container, partition: Partition, place: str, operation: dict[str, Any], lsn: int
) -> dict[str, Any]:
    body, name = operation.get("resourceBody") or {}, str(operation.get("id", ""))
    kind = operation["operationType"]
    if kind in {"Create", "Upsert", "Replace"} and place_of(container.value_of(body)) != place:
        raise Refusal(
            400, "PartitionKey extracted from document doesn't match the one specified in the header.", 1001
        )
    if_match = str(operation.get("ifMatch", ""))
    match kind:
        case "Read":  # a condition on it is ignored, as the service does
            return _result(200, container.existing(partition, (place, name)))
        case "Create":
            return _result(201, container.create(partition, place, body, lsn))
        case "Upsert":
            return _result(200, container.upsert(partition, place, body, lsn))
        case "Replace":
            return _result(200, container.replace(partition, place, {**body, "id": name}, lsn, if_match))
        case "Delete":
            container.delete(partition, place, name, lsn, if_match)
            return {"statusCode": 204, "requestCharge": charge(0, writes=True)}
    raise Refusal(400, f"The stand-in does not {kind} in a batch.")


def _result(status: int, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "requestCharge": charge(0, writes=status == 201),
        "eTag": document["_etag"],
        "resourceBody": document,
    }
