"""What the answer of a webhook means: taken, refused for good, or come again later."""

import re
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from eventfold.errors import EffectRefused, TargetUnavailable
from eventfold.handlers.targets.repeating import repeated

LATER = frozenset({408, 425, 429})
"""Answers of the 4xx that blame no event."""

LONGEST_PAUSE = 86_400.0
"""Seconds: a server that asks for more has made a mistake, or wants to be rid of us by stealth."""

_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


class Answer(NamedTuple):
    """An answer, as far as it was read.

    Attributes:
        status: of HTTP.
        headers: by name in small letters.
        body: its beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def judge(answer: Answer, shown: str, secrets: Iterable[str]) -> None:
    """Returns where the effect was taken.

    Args:
        answer: of the server.
        shown: where it went, for the sentence.
        secrets: what is taken out of its words: servers repeat what they were sent.

    Raises:
        EffectRefused: it will not be taken as it is.
        TargetUnavailable: later, perhaps, or nowhere.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"The webhook {shown} answered {_named(status)}"
    if 300 <= status < 400:
        raise TargetUnavailable(
            f"{said}, and redirects are not followed: give the target its new address.",
            target=shown,
            retry_after=None,
        )
    words = repeated(answer.body, secrets)
    if 400 <= status < 500 and status not in LATER:
        raise EffectRefused(f"{said}{words}.", target=shown, status=status)
    raise TargetUnavailable(
        f"{said}{words}.", target=shown, retry_after=retry_after(answer.headers.get("retry-after", ""))
    )


def retry_after(value: str, now: float | None = None) -> float | None:
    """Seconds to wait, of a header Retry-After in either form; None where it says nothing that can be.

    Args:
        value: seconds, or a date of HTTP.
        now: seconds since 1970; None = the clock.
    """
    from email.utils import parsedate_to_datetime

    text = value.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
        seconds = moment.timestamp() - (time.time() if now is None else now)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
