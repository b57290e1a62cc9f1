"""A range that was split while it was followed: read on as one, then handed over to its children and their own tokens.

The SDK goes on reading a split range under the parent's continuation, one child after the other; that continuation may
hold different places for each child and is never taken apart. To hand over, a continuation of each child is opened at
"now" and the parent's is read on until it has passed all of them. What it delivered beyond is dropped by its LSN when
the child's own continuation gives it again. Until then the parent's mark stays as it is, so a crash changes nothing.
"""

import threading
from collections.abc import Sequence
from typing import Any

import msgspec
from azure.cosmos import ContainerProxy

from eventfold.feed.cursor import Mark
from eventfold.store.cosmos.calls import Calls
from eventfold.store.cosmos.changes import Changes, read_changes
from eventfold.store.cosmos.marks import Place, Seen, to_mark
from eventfold.store.cosmos.spans import Span, holding, place_of, read_span


class _Child(msgspec.Struct):
    continuation: str
    lsn: int
    source: str
    passed: bool = False


class Splits:
    """The hand-overs of one feed that are under way.

    Args:
        container: of events.
        calls: makes the requests.
        rid: of the container.
    """

    def __init__(self, container: ContainerProxy, calls: Calls, rid: str) -> None:
        self._container = container
        self._calls = calls
        self._rid = rid
        self._lock = threading.Lock()
        self._opened: dict[str, dict[Span, _Child]] = {}

    def follow(
        self, name: str, mark: Mark, place: Place, page: Changes, spans: Sequence[Span]
    ) -> dict[str, Mark]:
        """The marks after a page of a range that was split: the same one, moved on, or those of its children.

        Args:
            name: of the partition.
            mark: before the page.
            place: of that mark.
            page: what was read.
            spans: the children of now.
        """
        seen = dict(place.seen)
        for document in page.documents:
            if not document["aggregateId"].startswith("$"):
                child = holding(spans, place_of(self._container, document["aggregateId"]))
                seen[child.name] = Seen(document["_lsn"], _hex(document))
        with self._lock:
            children = self._opened.get(name)
            fresh = children is None or children.keys() != set(spans)
        if children is None or fresh:
            # opened after the page: only what is read from now on can show that the parent has passed them
            children = {span: self._open(span) for span in spans}
        else:
            _note_passed(children, seen, page)
        done = all(child.passed for child in children.values())
        with self._lock:
            if done:
                self._opened.pop(name, None)
            else:
                self._opened[name] = children
        if done:
            return {span.name: self._mark(span, child, seen, place.floor) for span, child in children.items()}
        last = next((d for d in reversed(page.documents) if not d["aggregateId"].startswith("$")), None)
        event = mark.event if last is None else _hex(last)
        moved = Place(self._rid, page.continuation, place.floor, seen)
        return {name: to_mark(mark.position, event, moved)}

    def _open(self, span: Span) -> _Child:
        page = read_changes(self._container, self._calls, span, "", 1, start="Now")
        return _Child(page.continuation, page.answers[-1].lsn, page.answers[-1].source)

    def _mark(self, span: Span, child: _Child, seen: dict[str, Seen], floor: int) -> Mark:
        known = seen.get(span.name, Seen(0, ""))
        place = Place(self._rid, child.continuation, max(_lsn_of(seen, span), floor))
        return to_mark(max(child.lsn, place.floor), known.event, place)


def _note_passed(children: dict[Span, _Child], seen: dict[str, Seen], page: Changes) -> None:
    for span, child in children.items():
        answered = any(a.source == child.source and a.lsn >= child.lsn for a in page.answers if a.source)
        child.passed = child.passed or answered or _lsn_of(seen, span) >= child.lsn


def _lsn_of(seen: dict[str, Seen], span: Span) -> int:
    """How far a child was delivered; what was noted for a range that it came from holds for it too."""
    return max((s.lsn for name, s in seen.items() if span.within(read_span(name))), default=0)


def _hex(document: dict[str, Any]) -> str:
    return str(document["eventId"]).replace("-", "")
