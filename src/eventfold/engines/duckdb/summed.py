"""How large the sums of a chunk may be at any of its events: the absolute values together, key by key."""

from collections import defaultdict

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.reference import Taken


class Summed:
    """Notes the values that are summed.

    Args:
        layout: of the table.
    """

    def __init__(self, layout: Layout) -> None:
        self._found: dict[str, defaultdict[str, int]] = {
            place.name: defaultdict(int)
            for place in layout.places
            if place.column.reducer == "sum" and place.column.type.kind != "double"
        }

    def note(self, taken: Taken) -> None:
        """Notes the values of an event."""
        if not self._found:
            return
        for (place, _), value in zip(taken.steps.plan.steps, taken.values, strict=True):
            if place.name in self._found and isinstance(value, int):
                self._found[place.name][taken.key] += abs(value)

    def largest(self) -> dict[str, int]:
        """The largest total of a key, by column."""
        return {name: max(totals.values(), default=0) for name, totals in self._found.items()}
