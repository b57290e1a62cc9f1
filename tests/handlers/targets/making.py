"""A message as a handler gets it, for a target to send."""

from typing import Any

import msgspec

import eventfold as ef
from eventfold.handlers.declaring.message import Message

EVENT_ID = ef.new_id()
TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"


def message(handler: str = "tell", n: int = 1, **metadata: Any) -> Message:
    recorded = ef.RecordedEvent(
        n, "order-1", n, "Shipped", 1, EVENT_ID.bytes, 1_800_000_000_000_000, None, "{}",
        msgspec.json.encode(metadata).decode(),
    )  # fmt: skip
    return Message(handler, recorded)
