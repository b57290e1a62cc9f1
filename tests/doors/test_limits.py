"""`--limit` is the same everywhere: a screenful on a terminal with the rest told, everything anywhere else."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.doors.cli.showing.output import SCREEN_ROWS
from tests.doors.calling import eventfold
from tests.doors.imported import call, place_with_app, url
from tests.doors.test_long_answers import body
from tests.doors.test_terminal import ROOT, on_terminal

MANY = SCREEN_ROWS + 10
COMMANDS = [("why", "claims", "claim-0"), ("types",), ("parked",), ("parked", "list", "notes")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log with many events of one row, of many types, and many streams that cannot be folded."""
    with pytest.MonkeyPatch.context() as patch:
        found = place_with_app(tmp_path_factory.mktemp("many"), patch)
        with closing(ef.open_store(url(found))) as store:
            for n in range(MANY):
                paid = ef.NewEvent(ef.new_id(), "Paid", 1, '{"note":"no number"}')
                store.append(f"claim-{n + 1}", [paid], expected=0)
                told = [ef.NewEvent(ef.new_id(), name, 1, "{}") for name in ("Filed", f"T{n}")]
                store.append("claim-0", told, expected=2 * n)
        assert call(found, "run", "--once").code == 0
        yield found
    sys.modules.pop("times_app", None)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_as_many_rows_as_were_asked_for(place: Path, command: tuple[str, ...]) -> None:
    whole = len(json.loads(call(place, *command, "--json").out))
    assert whole >= MANY
    assert len(body(call(place, *command).out)) >= whole
    told = call(place, *command, "--limit", "3")
    assert (told.code, f"... and {whole - 3} more: --limit, --json" in told.err) == (0, True)
    for most in (0, 3, whole + 1):
        assert len(json.loads(call(place, *command, "--limit", str(most), "--json").out)) == min(most, whole)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_terminal_is_shown_a_screenful(place: Path, command: tuple[str, ...]) -> None:
    bound = ("-a", "times_app:app", "-s", url(place))
    told = on_terminal(*bound, *command, NO_COLOR="1", COLUMNS="240", PYTHONPATH=f"{ROOT}:{place}").decode()
    whole = len(json.loads(call(place, *command, "--json").out))
    assert f"... and {whole - SCREEN_ROWS} more: --limit, --json" in told


@pytest.mark.parametrize("command", [(*one, "--limit", "-1") for one in COMMANDS], ids=" ".join)
def test_a_limit_below_nothing_is_refused(place: Path, command: tuple[str, ...]) -> None:
    told = eventfold("-a", "times_app:app", "-s", url(place), *command)
    assert (told.code, told.out) == (2, "")
    assert "--limit" in told.err
