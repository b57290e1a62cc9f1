"""Relays are killed and brokers restarted while events come: nothing lost, doubled or out of order to who follows."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.bus.kafka.topic import Mode
from eventfold.testing.kafka.broker import KafkaBroker
from tests.bus.making import make_topic
from tests.bus.relay.campaign import Campaign
from tests.bus.relay.judge import Verdict
from tests.trust.figures import record

MODES: tuple[Mode, ...] = ("transactional", "plain")
PAGE = 200
"""Events of a batch, so that many batches are cut."""


@pytest.fixture
def broker(tmp_path: Path, kafka_jars: Path) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(tmp_path / "broker", jars=kafka_jars)
    try:
        yield broker.start()
    finally:
        broker.stop()


def run(
    folder: Path,
    broker: KafkaBroker,
    mode: Mode,
    *,
    kills: int,
    restarts: int,
    partitions: int = 6,
    seed: int = 0,
) -> tuple[Campaign, Verdict]:
    """A campaign."""
    name = make_topic(broker.client(), f"events-{mode}", partitions)
    campaign = Campaign(f"sqlite:///{folder}/log.db", broker.client(), name, mode, seed=seed)
    every = kills // (restarts + 1)
    try:
        campaign.write()
        for number in range(kills):
            relay = campaign.relay()
            time.sleep(campaign.dice.uniform(0.1, 1.0))
            if number % every == every - 1 and restarts:
                restarts -= 1
                broker.kill()
                time.sleep(campaign.dice.uniform(0.0, 1.0))
                broker.start()
                time.sleep(campaign.dice.uniform(0.0, 2.0))
            campaign.kill(relay)
        campaign.settle()
        return campaign, campaign.verdict()
    finally:
        campaign.close()


def check(mode: Mode, campaign: Campaign, verdict: Verdict, restarts: int) -> None:
    """What must hold."""
    in_flight = (campaign.kills + restarts) * PAGE
    assert verdict.total > 0
    assert (verdict.lost, verdict.disordered, verdict.doubled) == (0, 0, 0), verdict
    assert verdict.raw <= (in_flight if mode == "plain" else 0), verdict


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_five_kills_and_a_restart_of_the_broker(tmp_path: Path, broker: KafkaBroker, mode: Mode) -> None:
    campaign, verdict = run(tmp_path, broker, mode, kills=5, restarts=1)
    check(mode, campaign, verdict, 1)


@pytest.mark.nightly
@pytest.mark.parametrize("mode", MODES)
def test_a_hundred_kills_and_ten_restarts_of_the_broker(
    tmp_path: Path, broker: KafkaBroker, mode: Mode
) -> None:
    campaign, verdict = run(tmp_path, broker, mode, kills=100, restarts=10, seed=1)
    print(mode, json.dumps(verdict._asdict()))
    record("killed-relays", mode, kills=campaign.kills, restarts=10, **verdict._asdict())
    check(mode, campaign, verdict, 10)
