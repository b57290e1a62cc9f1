"""Signatures of webhooks, as Standard Webhooks 1.0 has them: what is signed is `id.timestamp.body`, by HMAC-SHA256.

Both ends stand here: what a target sends, and what a receiver asks before it believes a word.
"""

import base64
import hashlib
import hmac
import os
import re
import time
from collections.abc import Mapping, Sequence

from eventfold.errors import ConfigInvalid, SignatureInvalid

TOLERANCE = 300.0
"""Seconds by which the two clocks may differ, either way: within them a copied request can be told by its id alone."""

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes of a key
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURES = 32  # more have no use, and each would cost a comparison
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def new_secret() -> str:
    """A secret that sender and receiver may share: random, as `whsec_...`."""
    return _PREFIX + base64.b64encode(os.urandom(32)).decode()


def signing_key(secret: str) -> bytes:
    """The key that a secret stands for.

    Args:
        secret: begins with whsec_, and goes on with 24 to 64 bytes in base64.

    Raises:
        ConfigInvalid: it is none; the sentence does not repeat it.
    """
    prefix, encoded = str(secret)[: len(_PREFIX)], str(secret)[len(_PREFIX) :]
    key = _decoded(encoded)
    if prefix != _PREFIX or not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigInvalid(
            f"A secret of webhooks is {_PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64; this one is not."
            " eventfold.handlers.targets.signing.new_secret() makes one.",
            key="secrets",
        )
    return key


def signed_headers(
    keys: Sequence[bytes], message_id: str, body: bytes, *, now: float | None = None
) -> dict[str, str]:
    """The headers of a request that is signed with every key, so that a receiver may know any of them.

    Args:
        keys: at least one.
        message_id: the same at every repeat; it is sent as `sent_id` has it.
        body: exactly as it is sent.
        now: seconds since 1970; None = the clock.
    """
    sent = sent_id(message_id)
    timestamp = str(int(time.time() if now is None else now))
    signatures = " ".join(f"v1,{_signature(key, sent, timestamp, body)}" for key in keys)
    return dict(zip(_HEADERS, (sent, timestamp, signatures), strict=True))


def sent_id(message_id: str) -> str:
    """An id as it is sent. A dot in it becomes `_`: with dots, an id could be read as id and timestamp."""
    return message_id.replace(".", "_")


def verify_signature(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> str:
    """Whether a request came from someone who knows one of the secrets, and is no old copy; gives its id.

    The id is the same at every repeat: who must not act twice remembers it.

    Args:
        headers: of the request, in any case.
        body: the bytes as they came, not as they were parsed and written again.
        secrets: any of them will do, so that an old one and a new one may be valid at once.
        tolerance: seconds by which its timestamp may differ from this clock.
        now: seconds since 1970; None = the clock.

    Raises:
        SignatureInvalid: it did not, or it is. The fact `reason` says which.
        ConfigInvalid: a secret is none.
    """
    keys = [signing_key(secret) for secret in secrets]
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(name, "").strip() for name in _HEADERS)
    if not (message_id and timestamp and signatures):
        missing = [name for name in _HEADERS if not given.get(name, "").strip()]
        raise _invalid("missing", f"it has no header {' and no header '.join(missing)}")
    if "." in message_id:
        raise _invalid("id", "its webhook-id has a dot, by which an id could be taken for id and timestamp")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise _invalid("timestamp", "its webhook-timestamp is no number of seconds since 1970")
    apart = int(timestamp) - (time.time() if now is None else now)
    if abs(apart) > tolerance:
        way = "after" if apart > 0 else "before"
        raise _invalid(
            "timestamp",
            f"its webhook-timestamp lies {abs(apart):.0f} s {way} this clock, and {tolerance:.0f} s are allowed",
        )
    claimed = [_claimed(one) for one in signatures.split(" ")[:_SIGNATURES]]
    fits = False
    for key in keys:
        right = _digest(key, message_id, timestamp, body)
        for one in claimed:  # to the end, so that the time taken says nothing
            fits |= hmac.compare_digest(right, one)
    if not fits:
        raise _invalid("signature", "no signature of it fits its id, timestamp and body")
    return message_id


def _invalid(reason: str, what: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"The request is not signed by anyone known here: {what}. Nothing was taken of it.", reason=reason
    )


def _claimed(signature: str) -> bytes:
    version, _, encoded = signature.partition(",")
    return _decoded(encoded) if version == "v1" else b""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one, and so is what is no ASCII
        return b""


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    return base64.b64encode(_digest(key, message_id, timestamp, body)).decode()


def _digest(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return hmac.new(key, signed, hashlib.sha256).digest()
