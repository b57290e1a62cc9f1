"""What a target may be told of time and rate."""

from eventfold.errors import ConfigInvalid

LONGEST = 600.0
"""Seconds that one effect may take, at most: it holds a place of `concurrency=`, and the end of the process."""


def checked_timeout(seconds: float) -> float:
    """Seconds for one effect.

    Raises:
        ConfigInvalid: none, or too many.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST:
        raise ConfigInvalid(
            f"timeout= of a target is more than 0 and up to {LONGEST:g} seconds.", key="timeout"
        )
    return float(seconds)


def checked_rate(rate: float | None) -> float | None:
    """Effects a second; None = as many as there are.

    Raises:
        ConfigInvalid: it is no number above 0.
    """
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < float("inf"):
        raise ConfigInvalid("rate= of a target is effects a second, more than 0.", key="rate")
    return float(rate)
