"""Workers that are killed while they handle: nothing lost, skipped or out of order, and repeated what was under way."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.cosmos.door.faults import Fault
from tests.handlers.campaign.campaign import Campaign
from tests.handlers.campaign.disk import Disk, small_disk
from tests.handlers.campaign.judge import Verdict
from tests.handlers.campaign.scene import DOWN, HANGING
from tests.handlers.campaign.server import Server, serving
from tests.trust.figures import record

HOUR, DAY = 3_600.0, 86_400.0
CLOCKS = (0.0, 0.0, -DAY, -HOUR, HOUR, DAY)
SECONDS, EVERY = 120.0, 2.0


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_repeat_what_was_under_way(tmp_path: Path) -> None:
    """Some kills, each after some effects, with an outage between."""
    with serving(tmp_path, silent=0.02) as server:
        campaign = Campaign(f"sqlite:///{tmp_path}/log.db", tmp_path, server)
        try:
            campaign.mark(HANGING)
            campaign.append(48)
            campaign.start(2)
            campaign.waits(20)
            for number in range(6):
                campaign.append(10)
                campaign.mark(DOWN, there=number == 2)
                if number != 2:
                    campaign.waits(campaign.dice.randint(5, 25))
                campaign.kill()
                campaign.start(turned=campaign.dice.choice(CLOCKS))
            verdict = campaign.settle()
        finally:
            campaign.end()
    assert campaign.kills == 6
    assert verdict.well, verdict


@pytest.mark.slow
def test_workers_whose_log_has_no_space_lose_nothing_and_repeat_what_was_under_way(tmp_path: Path) -> None:
    """What they did and could not write down is done again when there is space; a kill comes right after that."""
    with small_disk(tmp_path / "disk") as disk, serving(tmp_path, silent=0.02) as server:
        campaign = on_disk(disk, tmp_path, server)
        try:
            campaign.append(30)
            campaign.start(2)
            campaign.waits(10)
            for _ in range(2):
                campaign.append(10)
                campaign.full(disk)
                campaign.waits(5)
                campaign.kill()
                campaign.start()
            verdict = campaign.settle()
        finally:
            campaign.end()
    assert campaign.ended.total() >= 2
    assert verdict.well, verdict


def on_disk(disk: Disk, folder: Path, server: Server, **settings: Any) -> Campaign:
    """A campaign whose log, and the file to which is announced, are on a small disk."""
    return Campaign(
        f"sqlite:///{disk.place}/log.db", folder, server, file=str(disk.place / "announced"), **settings
    )


def long(campaign: Campaign, disturb: Callable[[int], object]) -> Verdict:
    """A kill every two seconds for two minutes; outages, hanging effects, wrong clocks, workers that stand still."""
    began = time.monotonic()
    campaign.start(3)
    number = 0
    while time.monotonic() < began + SECONDS:
        campaign.mark(DOWN, there=number % 7 == 3)
        campaign.mark(HANGING, there=number % 6 < 3)
        if number % 8 == 5:
            campaign.freeze(2 * EVERY)
        until = time.monotonic() + EVERY
        while time.monotonic() < until:
            campaign.append(4)
            time.sleep(0.1)
        campaign.kill()
        pauses = campaign.dice.choice((0.0, 0.01))
        campaign.start(turned=campaign.dice.choice(CLOCKS), before=pauses, after=pauses)
        disturb(number)
        number += 1
    disturb(-1)
    return campaign.settle()


def kept(campaign: Campaign, verdict: Verdict, part: str) -> None:
    """The figures, and what they must be."""
    figures = {name: len(found) for name, found in verdict._asdict().items() if name != "repeated"}
    under_way = campaign.under_way()
    record(
        "killed-handlers",
        part,
        kills=campaign.kills,
        effects=len(campaign.taken()),
        repeated=verdict.repeated,
        under_way=under_way,
        **figures,
    )
    print(part, campaign.kills, len(campaign.taken()), verdict)
    assert verdict.well, verdict
    assert 0 < verdict.repeated <= under_way


@pytest.mark.nightly
def test_two_minutes_of_kills_on_sqlite(tmp_path: Path) -> None:
    with serving(tmp_path, silent=0.01) as server:
        campaign = Campaign(f"sqlite:///{tmp_path}/log.db", tmp_path, server, seed=1, streams=60)
        try:
            kept(campaign, long(campaign, bool), "SQLite")
        finally:
            campaign.end()


@pytest.mark.nightly
def test_a_minute_of_kills_on_a_disk_that_is_full_at_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.SECONDS", SECONDS / 2)
    with small_disk(tmp_path / "disk") as disk, serving(tmp_path, silent=0.01) as server:
        campaign = on_disk(disk, tmp_path, server, seed=3, streams=60)

        def fill(number: int) -> None:
            if number % 3 == 1:
                campaign.full(disk)

        try:
            kept(campaign, long(campaign, fill), "SQLite on a disk that is full at times")
        finally:
            campaign.end()


@pytest.mark.nightly
def test_two_minutes_of_kills_on_cosmos_with_splits_and_lost_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, secret)

    with StandIn(partitions=2, key=secret) as account, serving(tmp_path, silent=0.01) as server:
        campaign = Campaign(account.url("log"), tmp_path, server, seed=2, streams=60)
        account.faults.add(
            Fault("drop_after", count=None, probability=0.01, seed=3),
            Fault("drop_before", count=None, probability=0.005, seed=4),
            Fault(503, count=None, probability=0.005, seed=5),
            Fault(429, count=None, probability=0.02, seed=6),
        )
        account.lag(2)

        def split(number: int) -> None:
            if number < 0:  # the clean worker at the end finds a store that answers
                account.faults.clear()
                account.lag(0)
            found = account.ranges("log", "events")
            if number % 6 == 4 and len(found) < 8:
                account.split("log", "events", campaign.dice.choice(found)[0])

        try:
            kept(campaign, long(campaign, split), "Cosmos DB stand-in")
        finally:
            campaign.end()
