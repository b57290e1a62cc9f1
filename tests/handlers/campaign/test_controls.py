"""Negative controls: workers built as one should not build them die at the right moment, and the verdict says so."""

from pathlib import Path
from typing import Any

import pytest

from tests.handlers.campaign.campaign import Campaign
from tests.handlers.campaign.judge import Verdict
from tests.handlers.campaign.scene import BEGUN, MENDED
from tests.handlers.campaign.server import serving

pytestmark = pytest.mark.slow
LONG = 600.0
"""Seconds that an effect takes that is to be killed."""


def killed_once(folder: Path, **worker: Any) -> Verdict:
    """The verdict on a worker that dies with effects under way: before they were taken, or after."""
    with serving(folder) as server:
        campaign = Campaign(f"sqlite:///{folder}/log.db", folder, server, streams=8)
        try:
            campaign.mark(MENDED)
            campaign.append(12)
            (first,) = campaign.start(**worker)
            if worker.get("after"):
                campaign.until(lambda: {"tell", "post"} <= {one.handler for one in campaign.taken()})
                campaign.until(lambda: any(True for _ in campaign.store.streams("copy")))
            else:
                campaign.until((folder / BEGUN).exists)
            campaign.kill(first)
            return campaign.settle()
        finally:
            campaign.end()


def test_the_real_one_is_well_when_it_dies_before_effects_were_taken(tmp_path: Path) -> None:
    assert killed_once(tmp_path, before=LONG).well


def test_the_real_one_repeats_under_the_same_key_when_it_dies_before_it_knew(tmp_path: Path) -> None:
    verdict = killed_once(tmp_path, after=LONG)
    assert verdict.well
    assert verdict.repeated >= 2


@pytest.mark.parametrize("wrong", ["marks before", "commits before"])
def test_one_that_says_so_before_the_effect_loses(tmp_path: Path, wrong: str) -> None:
    verdict = killed_once(tmp_path, before=LONG, wrong=wrong)
    assert verdict.lost != []
    assert (verdict.keys, verdict.doubled) == ([], [])


def test_one_without_the_key_doubles(tmp_path: Path) -> None:
    verdict = killed_once(tmp_path, after=LONG, wrong="no key")
    assert verdict.keys != []
    assert verdict.doubled != []
    assert verdict.lost == []
