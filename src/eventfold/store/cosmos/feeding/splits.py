"""A range that was split while it was followed: read on as one, then handed over to its children and their own tokens.

The SDK goes on reading a split range under the parent's continuation, one child after the other; that continuation may
hold different places for each child and is never taken apart. To hand over, a continuation of each child is opened at
"now" and the parent's is read on until it has passed all of them. What it delivered beyond is dropped by its LSN when
the child's own continuation gives it again. All of that stands in the mark itself, so that a reader that crashes, reads
a page again or shares the feed with others is where its own cursor says.
"""

from collections.abc import Sequence
from typing import Any

from azure.cosmos import ContainerProxy

from eventfold.feed.cursor import Mark
from eventfold.store.cosmos.feeding.changes import Changes, read_changes
from eventfold.store.cosmos.feeding.marks import Child, Place, Seen, to_mark
from eventfold.store.cosmos.feeding.spans import Span, holding, place_of, read_span
from eventfold.store.cosmos.requests.calls import Calls


class Splits:
    """Moves the marks of ranges that were split.

    Args:
        container: of events.
        calls: makes the requests.
        rid: of the container.
    """

    def __init__(self, container: ContainerProxy, calls: Calls, rid: str) -> None:
        self._container = container
        self._calls = calls
        self._rid = rid

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
        event = mark.event
        for document in page.documents:
            if not document["aggregateId"].startswith("$"):
                child = holding(spans, place_of(self._container, document["aggregateId"]))
                event = _hex(document)
                seen[child.name] = Seen(document["_lsn"], event)
        if place.children.keys() == {span.name for span in spans}:
            children = {name: _looked_at(name, child, seen, page) for name, child in place.children.items()}
        else:
            # opened after the page: only what is read from now on can show that the parent has passed them
            children = {span.name: self._open(span) for span in spans}
        if all(child.passed for child in children.values()):
            # "now" of a replica that lags may lie before what was delivered when there was one partition
            floor = max(place.floor, mark.position)
            return {name: self._mark(name, child, seen, floor) for name, child in children.items()}
        moved = Place(self._rid, page.continuation, place.floor, seen, children)
        return {name: to_mark(mark.position, event, moved)}

    def _open(self, span: Span) -> Child:
        page = read_changes(self._container, self._calls, span, "", 1, start="Now")
        return Child(page.continuation, page.answers[-1].lsn, page.answers[-1].source)

    def _mark(self, name: str, child: Child, seen: dict[str, Seen], floor: int) -> Mark:
        known = seen.get(name, Seen(0, ""))
        place = Place(self._rid, child.sdk, max(_lsn_of(seen, read_span(name)), floor))
        return to_mark(max(child.lsn, place.floor), known.event, place)


def _looked_at(name: str, child: Child, seen: dict[str, Seen], page: Changes) -> Child:
    """The child, passed where the page shows it: by an answer of its partition, or by what was delivered."""
    answered = any(a.source == child.source and a.lsn >= child.lsn for a in page.answers if a.source)
    passed = child.passed or answered or _lsn_of(seen, read_span(name)) >= child.lsn
    return Child(child.sdk, child.lsn, child.source, passed)


def _lsn_of(seen: dict[str, Seen], span: Span) -> int:
    """How far a child was delivered; what was noted for a range that it came from holds for it too."""
    return max((s.lsn for name, s in seen.items() if span.within(read_span(name))), default=0)


def _hex(document: dict[str, Any]) -> str:
    return str(document["eventId"]).replace("-", "")
