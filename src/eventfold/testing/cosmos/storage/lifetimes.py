"""How long a document lives: what a time to live may be, and whether it is over. Pure."""

from typing import Any

from eventfold.testing.cosmos.wire import bad

NEVER = -1
_LONGEST = 2**31 - 1


def check_ttl(found: dict[str, Any], name: str) -> None:
    """Refuses what is no time to live.

    Raises:
        Refused: 400.
    """
    value = found.get(name, NEVER)
    if type(value) is not int or not (value == NEVER or 0 < value <= _LONGEST):
        raise bad(
            f"The input {name} '{value}' is invalid. Ensure to provide a nonzero positive integer less than or equal to"
            f" '{_LONGEST}', or '{NEVER}'."
        )


def has_expired(body: dict[str, Any], usual: int, now: int) -> bool:
    """Whether a document is gone.

    Args:
        body: the document.
        usual: the `defaultTtl` of its container.
        now: seconds since 1970.
    """
    ttl: int = body.get("ttl", usual)
    return ttl != NEVER and body["_ts"] + ttl <= now
