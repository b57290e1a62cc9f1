"""The limits of a type: whether new ones keep out what old ones let in."""

from collections.abc import Mapping

from eventfold.events.schema.shapes import Bounds

_Bound = tuple[float, bool] | None


def narrower(old: Bounds, new: Bounds) -> bool:
    """Whether a value within `old` may be outside `new`."""
    return (
        new.get("pattern") not in {None, old.get("pattern")}
        or _raised(_limit(old, 1, "ge", "gt"), _limit(new, 1, "ge", "gt"))
        or _raised(_limit(old, -1, "le", "lt"), _limit(new, -1, "le", "lt"))
        or _raised(_limit(old, 1, "min_length"), _limit(new, 1, "min_length"))
        or _raised(_limit(old, -1, "max_length"), _limit(new, -1, "max_length"))
        or _coarser(old.get("multiple_of"), new.get("multiple_of"))
    )


def told(bounds: Mapping[str, object]) -> str:
    """Limits in words."""
    return ", ".join(f"{key} {value}" for key, value in sorted(bounds.items())) or "none"


def _limit(bounds: Bounds, sign: int, closed: str, opened: str = "") -> _Bound:
    """The strictest lower limit; an upper one is turned into a lower one by its sign."""
    found: list[tuple[float, bool]] = []
    for key in (closed, opened):
        value = bounds.get(key)
        if isinstance(value, int | float):
            found.append((sign * value, key == opened))
    return max(found, default=None)


def _raised(old: _Bound, new: _Bound) -> bool:
    return new is not None and (old is None or new > old)


def _coarser(old: object, new: object) -> bool:
    if new is None or old == new:
        return False
    return not (isinstance(old, int) and isinstance(new, int) and old % new == 0)
