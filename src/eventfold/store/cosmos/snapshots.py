"""Snapshots in a container of their own: `newest` for one point read, and one document per version for the past."""

import logging
import zlib
from typing import Any

import msgspec
from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from eventfold import limits
from eventfold.errors import StoreClosed
from eventfold.store.cosmos.requests.calls import Calls
from eventfold.store.cosmos.requests.documents import document_id
from eventfold.store.cosmos.requests.statements import SQL
from eventfold.store.port import Snapshot

_log = logging.getLogger("eventfold.snapshots")
_NEWEST = "newest"


class CosmosSnapshots:
    """Snapshots of one log; see `Snapshots` for what each method promises."""

    def __init__(self, container: ContainerProxy, log_id: str, calls: Calls) -> None:
        self._container = container
        self._log_id = log_id
        self._calls = calls
        self._closed = False

    def load(self, stream: str, *, at_most: int | None = None) -> Snapshot | None:
        """The newest usable one; a damaged one is passed over with a warning."""
        newest = self._newest(stream)
        if newest is None:
            return None
        bound = limits.INT_MAX if at_most is None else at_most
        if newest.get("version", bound + 1) <= bound and (found := self._usable(stream, newest)):
            return found
        older = self._container.query_items(
            SQL["snapshots_below"],
            [{"name": "@at", "value": bound}],
            partition_key=stream,
            max_item_count=1,
            response_hook=self._calls.hook,
        )
        while (document := self._calls.read("reading a snapshot", lambda: next(older, None))) is not None:
            if found := self._usable(stream, document):
                return found
        return None

    def save(self, snapshot: Snapshot) -> None:
        """Keeps it as the snapshot of its version, and as the newest unless a newer one is there."""
        newest = self._newest(snapshot.stream)
        self._upsert(snapshot, document_id(snapshot.version))
        if newest is None or newest.get("version", 0) <= snapshot.version:
            self._upsert(snapshot, _NEWEST)

    def delete(self, stream: str) -> None:
        """Forgets all of a stream."""
        self._check()
        ids = self._calls.read(
            "deleting snapshots",
            lambda: list(
                self._container.query_items(
                    SQL["snapshot_ids"], partition_key=stream, response_hook=self._calls.hook
                )
            ),
        )
        for document in ids:
            try:
                self._calls.write(
                    "deleting snapshots",
                    lambda document=document: self._container.delete_item(  # type: ignore[misc] # binds the loop
                        document["id"], stream, response_hook=self._calls.hook
                    ),
                )
            except CosmosResourceNotFoundError:
                continue

    def close(self) -> None:
        """Nothing is held; later calls are refused as by other stores."""
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise StoreClosed("The snapshots are closed.")

    def _newest(self, stream: str) -> dict[str, Any] | None:
        self._check()
        try:
            found = self._calls.read(
                "reading a snapshot",
                lambda: self._container.read_item(_NEWEST, stream, response_hook=self._calls.hook),
            )
        except CosmosResourceNotFoundError:
            return None
        return dict(found)

    def _upsert(self, snapshot: Snapshot, name: str) -> None:
        content = msgspec.json.encode(snapshot).decode()
        document = {
            "id": name,
            "aggregateId": snapshot.stream,
            "version": snapshot.version,
            "checksum": zlib.crc32(content.encode()),
            "content": content,
        }
        self._calls.write(
            "saving a snapshot",
            lambda: self._container.upsert_item(document, response_hook=self._calls.hook),
        )

    def _usable(self, stream: str, document: dict[str, Any]) -> Snapshot | None:
        reason = "is damaged"
        try:
            content = document["content"]
            found = msgspec.json.decode(content, type=Snapshot)
            if zlib.crc32(content.encode()) == document["checksum"] and found.stream == stream:
                if found.log == self._log_id:
                    return found
                reason = "belongs to another log"
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            pass
        _log.warning(
            "snapshot of %s at version %s %s and is ignored", stream, document.get("version"), reason
        )
        return None
