"""An owner's text says whether its process has ended, and nothing where that cannot be known."""

import subprocess
import sys
from pathlib import Path

import pytest

from eventfold.feed.leases import owner as owners
from eventfold.feed.leases.owner import life, new_owner, shown
from tests.trust.system import ROOT

BEFORE = "worker-7.example:4711:0190b6a3-98a1-7c38-9f2e-0d2f4f6f7a10"
"""As commit 3af938d wrote it."""

known = pytest.mark.skipif(life(new_owner()) == "unknown", reason="this system has no /proc")


def changed(at: int, value: str) -> str:
    parts = new_owner().rsplit(":", 5)
    parts[at] = value
    return ":".join(parts)


@known
def test_a_process_that_runs_runs() -> None:
    assert life(new_owner()) == "runs"
    assert new_owner() != new_owner()


@known
def test_a_process_that_was_killed_has_ended_before_and_after_it_is_buried() -> None:
    code = "from eventfold.feed.leases.owner import new_owner; print(new_owner(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        text = process.stdout.readline().strip()
        assert life(text) == "runs"
        process.kill()
        assert process.stdout.read() == ""  # its end closed it
        while life(text) == "runs":  # the kernel may close what it had open a moment before it is gone
            pass
        assert life(text) == "ended"
        process.wait()
        assert life(text) == "ended"


@known
def test_another_process_that_has_the_number_now_is_another_one() -> None:
    assert life(changed(5, "1")) == "ended"


@known
@pytest.mark.parametrize(("at", "value"), [(0, "elsewhere"), (3, "an-earlier-boot"), (4, "12")])
def test_of_another_host_boot_or_name_space_nothing_is_known(at: int, value: str) -> None:
    dead = changed(1, "3999999").rsplit(":", 5)
    assert life(":".join(dead)) == "ended"
    dead[at] = value
    assert life(":".join(dead)) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        BEFORE,
        "",
        "one",
        "a:b:c:d:e:f",
        "::::::",
        "h:١٢:i:b:s:1",
        "h:99999999999999999999999999:i:b:s:1",
        "h:-1:i:b:s:1",
    ],
)
def test_of_a_text_in_another_form_nothing_is_known(text: str) -> None:
    assert life(text) == "unknown"


@known
def test_a_number_beyond_every_process_is_no_process() -> None:
    assert life(changed(1, "9" * 30)) == "unknown"
    assert life(changed(1, "0")) == "unknown"


def test_an_owner_is_called_by_its_host_and_process() -> None:
    assert shown(BEFORE) == "worker-7.example:4711"
    assert shown("host:7:id:boot:space:12") == "host:7"
    assert shown("one") == "one"
    assert len(shown("x" * 500)) < 100


def test_where_the_system_does_not_tell_an_owner_is_still_unlike_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = new_owner()
    monkeypatch.setattr(owners, "_PROC", tmp_path)
    here = new_owner()
    assert here != new_owner()
    assert here.count(":") == 2
    assert (life(here), life(there)) == ("unknown", "unknown")


@known
def test_a_proc_of_another_name_space_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = changed(5, "1")
    (tmp_path / "self").symlink_to("/proc/1234567")
    monkeypatch.setattr(owners, "_PROC", tmp_path)
    assert life(dead) == "unknown"
