"""What handlers did, and what they leave."""

from collections.abc import Sequence

import msgspec

from eventfold.handlers.records import PERSON
from eventfold.handlers.tending.standing import parked_told
from eventfold.handlers.working.follower import HandlerFollower


class HandlerDone(msgspec.Struct, frozen=True, kw_only=True):
    """What one handler did.

    Attributes:
        name: of the handler.
        events: how many effects were taken.
        parked: streams that are parked.
        waiting: why something waits; empty where nothing does.
    """

    name: str
    events: int
    parked: int
    waiting: str = ""


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What handlers did, and what they leave.

    Attributes:
        handlers: each of them.
        warnings: what a person should look at.
    """

    handlers: list[HandlerDone]
    warnings: list[str]


def done_by(follower: HandlerFollower) -> HandlerDone:
    """What a follower did, and why it waits."""
    why = ""
    if follower.held_by == PERSON:
        why = f"a person has paused it; `eventfold handlers resume {follower.handler.name}` lets it go on"
    elif follower.held:
        why = "it is held, by a move or a restore that goes on or was interrupted"
    elif not follower.partitions:
        why = "another worker has it"
    elif follower.waiting:
        why = "its target does not answer" if follower.paused else "there was no time for all"
    name = follower.handler.name
    return HandlerDone(name=name, events=follower.handled, parked=follower.parked, waiting=why)


def warnings_of(done: Sequence[HandlerDone]) -> list[str]:
    """Of handlers that wait or have streams parked."""
    found = [f"The handler {one.name} waits: {one.waiting}" for one in done if one.waiting]
    return found + [parked_told(one.name, one.parked) for one in done if one.parked]
