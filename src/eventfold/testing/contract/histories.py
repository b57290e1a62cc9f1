"""Seeded histories: what people and programs do to a log and its tables, the same for the same seed on every store.

Commands, repeats, conflicts, old schema versions, removals, events that fail, decisions, rebuilds, restarts, splits.
What a store declares that it cannot do is not in them; the contract of stores asks for that.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.registry import Registry
from eventfold.store.port import ANY, EXISTS, Expected
from eventfold.testing.contract.boxes import (
    APP,
    DAY,
    NEW_YEAR,
    Box,
    Closed,
    Filled,
    Labelled,
    Opened,
)

STREAMS = tuple(f"box-{n}" for n in range(1, 7))
TABLES = ("boxes", "owners", "texts")
OWNERS = ("ada", "grace", "zoë")
LABELS = ("1", "12", "poison", "3.5", "-4", "")


class Command(NamedTuple):
    """A decision on a box; `command_id` is None where it is not to be recognised when it comes again."""

    stream: str
    decide: Any
    arguments: tuple[Any, ...]
    actor: str
    occurred_at: datetime | None
    command_id: str | None


class Raw(NamedTuple):
    """An append below aggregates, with ids of its own."""

    stream: str
    events: list[NewEvent]
    expected: Expected


class Rival(NamedTuple):
    """A box that was loaded, and is saved after somebody else was quicker."""

    stream: str


class Decide(NamedTuple):
    """Skips the failed event of the first stream that waits, or tries it again."""

    table: str
    reason: str | None


class Do(NamedTuple):
    """Something to do to the whole: catch up, rebuild a table, remember a moment, restart, split."""

    what: str
    table: str = ""


Step = Command | Raw | Rival | Decide | Do


def steps(seed: int, count: int) -> list[Step]:
    """A history.

    Args:
        seed: of the dice.
        count: how many steps.
    """
    dice = random.Random(seed)  # noqa: S311 - a history to be repeated, no secret
    commands: list[Command] = []
    raws: list[Raw] = []
    return [step for _ in range(count) for step in _some(dice, commands, raws)]


def _some(dice: random.Random, commands: list[Command], raws: list[Raw]) -> Iterator[Step]:
    what = dice.choices(
        ["command", "again", "raw", "odd raw", "rival", "catch up", "decide", "whole"],
        [36, 6, 10, 14, 4, 14, 12, 8],
    )[0]
    match what:
        case "command":
            commands.append(_command(dice))
            yield commands[-1]
        case "again" if commands:
            yield dice.choice(commands)
        case "raw":
            raws.append(_raw(dice))
            yield raws[-1]
        case "odd raw" if raws:
            yield _odd(dice, dice.choice(raws))
        case "rival":
            yield Rival(dice.choice(STREAMS))
        case "decide":
            yield Decide(
                dice.choice(["boxes", *TABLES]), dice.choice([None, "a typing error", "a typing error", " "])
            )
        case "whole":
            yield Do(dice.choice(["moment", "moment", "restart", "split", "rebuild"]), dice.choice(TABLES))
        case _:
            yield Do("catch up")
            yield Do("moment")


def _command(dice: random.Random) -> Command:
    decide, arguments = dice.choice(
        [
            (Box.open, (dice.choice(OWNERS), dice.randrange(5, 60))),
            (Box.open, (dice.choice(OWNERS), dice.randrange(5, 60))),
            (Box.fill, tuple(dice.randrange(-5, 20) for _ in range(dice.randrange(1, 4)))),
            (Box.fill, (dice.randrange(20),)),
            (Box.label, (dice.choice(LABELS),)),
            (Box.close, ()),
        ]
    )
    command_id = f"command-{dice.getrandbits(64)}" if dice.random() < 0.6 else None
    actor = dice.choice(["", "anna", "bo"])
    return Command(dice.choice(STREAMS), decide, arguments, actor, _time(dice), command_id)


def _raw(dice: random.Random) -> Raw:
    events = [_event(dice) for _ in range(dice.randrange(1, 4))]
    expected: list[Expected] = [ANY, ANY, EXISTS, 0, 2]
    return Raw(dice.choice(STREAMS), events, dice.choice(expected))


def _odd(dice: random.Random, raw: Raw) -> Raw:
    """A repeat; one with something new in it; one that reuses an id; one that names no stream."""
    one = raw.events[0]
    return dice.choice(
        [
            raw,
            raw._replace(expected=ANY),
            raw._replace(events=[*raw.events, _event(dice)]),
            raw._replace(events=[NewEvent(one.id, "Closed", 1, '{"owner":"nobody"}')]),
            raw._replace(events=[one, one]),
            raw._replace(stream="box"),
            raw._replace(events=[]),
        ]
    )


def _event(dice: random.Random) -> NewEvent:
    event_id = UUID(int=dice.getrandbits(128), version=4)
    occurred_at = _time(dice)
    owner = dice.choice(OWNERS)
    if dice.random() < 0.3:  # as the first release stored it; without an owner its upcaster fails
        data = f'{{"owner":"{owner}"}}' if dice.random() < 0.7 else "{}"
        return NewEvent(
            event_id, Opened.stored_name, 1, data, "{}", None if occurred_at is None else to_us(occurred_at)
        )
    event = dice.choice(
        [
            Opened(owner=owner, room=dice.randrange(99)),
            Filled(owner=owner, n=dice.randrange(50), weight=Decimal(dice.randrange(1000)) / 100),
            Labelled(text=dice.choice(LABELS)),
            Closed(owner=owner),
        ]
    )
    registry: Registry = APP.registry
    return registry.encode(event, event_id=event_id, occurred_at=occurred_at)


def _time(dice: random.Random) -> datetime | None:
    return (
        NEW_YEAR + dice.randrange(10) * DAY + timedelta(seconds=dice.randrange(9))
        if dice.random() < 0.5
        else None
    )
