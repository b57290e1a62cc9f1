"""Whatever a power loss leaves of the files: every acknowledged append is there, whole and in order."""

import random
from collections import Counter
from pathlib import Path

import pytest

from eventfold.store.sqlite.store import open_url
from tests.trust.figures import record
from tests.trust.history import History, generated, perform, verdict
from tests.trust.power import Disk, Step, images

APPENDS = 60


def crashed(
    folder: Path, count: int, seed: int, *, options: str = "", halves: bool = False, lies: bool = False
) -> Counter[str]:
    """How many images of one history are right (""), lost something, are torn, or cannot be used."""
    history, steps = recorded(folder, seed, options=options, halves=halves)
    if lies:
        steps = [step for step in steps if step.kind != "sync"]
    place = folder / "image"
    place.mkdir()
    found: Counter[str] = Counter(bad=0)
    dice = random.Random(seed)
    for image in images(steps, count, seed):
        image.write(place)
        wrong = verdict(place / "log.db", history, image.told)
        if not wrong and dice.random() < 0.1:
            wrong = settled(place / "log.db", history, image.told)
        found[wrong.partition(":")[0]] += 1
        found["on their way"] += image.unsynced > 0
    return found


def recorded(folder: Path, seed: int, *, options: str, halves: bool) -> tuple[History, list[Step]]:
    history = generated(APPENDS, seed)
    (folder / "log").mkdir()
    with Disk(folder / "log") as disk:
        perform(history, f"sqlite:///{folder}/log/log.db{options}", disk.told, halves=halves)
    return history, disk.steps


def settled(path: Path, history: History, promised: int) -> str:
    """Repeats the append whose answer the power loss may have swallowed: afterwards it is there once."""
    if promised == len(history.appends):
        return ""
    store = open_url(f"sqlite:///{path}")
    store.append_all(history.writes(promised))
    store.close()
    return verdict(path, history, promised + 1)


def only_right(found: Counter[str], count: int) -> None:
    assert found[""] == count, found
    assert found["on their way"] > count / 2


def test_a_power_loss_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    only_right(crashed(tmp_path, 150, 1), 150)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5))
def test_twenty_thousand_power_losses_take_nothing(tmp_path: Path, seed: int) -> None:
    count = 4_000
    found = crashed(tmp_path, count, 100 + seed)
    record(
        "power-loss",
        f"seed {100 + seed}",
        images=count,
        with_unsynced_writes=found["on their way"],
        lost=found["lost"],
        torn=found["torn"],
        unusable=count - found[""] - found["lost"] - found["torn"],
    )
    only_right(found, count)


def test_control_with_relaxed_durability_acknowledged_appends_are_lost_but_none_is_torn(
    tmp_path: Path,
) -> None:
    found = crashed(tmp_path, 100, 2, options="?synchronous=normal")
    assert found["lost"] >= 5
    assert found["lost"] + found[""] == 100


@pytest.mark.nightly
def test_control_a_thousand_power_losses_under_relaxed_durability(tmp_path: Path) -> None:
    found = crashed(tmp_path, 1_000, 3, options="?synchronous=normal")
    record("power-loss-relaxed", images=1_000, lost=found["lost"], torn=found["torn"])
    assert found["lost"] >= 50
    assert found["lost"] + found[""] == 1_000


def test_control_an_append_in_two_transactions_is_found_torn(tmp_path: Path) -> None:
    assert crashed(tmp_path, 60, 4, halves=True)["torn"] >= 5


def test_control_a_disk_that_lies_about_syncing_is_found_out(tmp_path: Path) -> None:
    found = crashed(tmp_path, 60, 5, lies=True)
    assert found["lost"] >= 5
    assert found["cannot be opened"] + found["cannot be read"] >= 5
