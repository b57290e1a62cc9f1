"""Which columns of a Delta table have the bounds of their values in its log, by which readers skip files.

The library writes the bounds of a decimal as a double, which holds 15 digits: a longer amount may lie outside the
bounds of its own file, and readers that skip by them do not find it. So columns of longer decimals get no bounds.
"""

from eventfold.readmodels.declaring.layout import Layout, Slot

PROPERTY = "delta.dataSkippingStatsColumns"
EXACT_DIGITS = 15
_SKIPPED_BY = frozenset({"string", "int64", "double", "timestamp", "date", "decimal"})
"""What Spark accepts in the property."""


def property_of(layout: Layout) -> str | None:
    """The value of the property for the rows of a layout; None where the default is right."""
    if not any(_is_long(slot) for slot in layout.slots):
        return None
    return ",".join(_bounded(layout))


def draft_of(layout: Layout) -> str | None:
    """The same columns in another order, while the files may still have other bounds.

    So the property itself says whether the files were written anew since: after a crash in between they are once more.
    """
    if property_of(layout) is None:
        return None
    return ",".join(reversed(_bounded(layout)))


def _bounded(layout: Layout) -> list[str]:
    """Two at least, the key and its order, which are text and whole numbers."""
    return [
        slot.name
        for slot in layout.slots
        if slot.type.kind in _SKIPPED_BY and not slot.is_list and not _is_long(slot)
    ]


def _is_long(slot: Slot) -> bool:
    return slot.type.kind == "decimal" and slot.type.precision > EXACT_DIGITS and not slot.is_list
