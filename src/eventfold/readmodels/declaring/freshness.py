"""How fresh a table is to be, as it is declared: `fresh="5 s"`."""

import re
from datetime import timedelta

from eventfold.errors import TableInvalid

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_TEXT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|min|h|d)", re.ASCII)


def seconds_of(table: str, fresh: object) -> float | None:
    """The seconds that an event may wait to be seen; None where nothing is declared.

    Args:
        table: its name.
        fresh: a number with ms, s, min, h or d, such as `5 s`; or a `timedelta`.

    Raises:
        TableInvalid: it is neither, or not above 0.
    """
    if fresh is None:
        return None
    if isinstance(fresh, timedelta):
        found = fresh.total_seconds()
    else:
        match = _TEXT.fullmatch(fresh.strip()) if isinstance(fresh, str) else None
        found = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if found <= 0:
        raise TableInvalid(
            f'{table}: fresh= says how long an event may wait to be seen, as fresh="5 s" (ms, s, min, h, d) or a'
            f" timedelta above 0, not {fresh!r:.60}.",
            table=table,
        )
    return found
