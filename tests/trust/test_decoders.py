"""Whatever bytes come from outside: only errors of the tree come out, soon, and without much memory."""

import random
import re
import resource
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.trust.decoders import DECODERS, corpus, harmless
from tests.trust.figures import record
from tests.trust.system import ROOT

SECONDS = 45
MEGABYTES = 512
names = pytest.mark.parametrize("name", DECODERS)


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The same with some bytes changed, cut out, doubled or moved."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at, end = sorted((dice.randint(0, len(data)), dice.randint(0, len(data))))
        match dice.randrange(4):
            case 0:
                data[at : at + 1] = dice.choice([b"\0", b"\xff", b'"', b"{", b"[", b"9", b"-", b"\n", b"\\u"])
            case 1:
                del data[at : min(end, at + 9)]
            case 2:
                data[at:at] = data[at : min(end, at + 40)]
            case _:
                data[at:at] = bytes([dice.randrange(256)])
    return bytes(data)


@names
def test_what_was_found_before_is_harmless_now(name: str) -> None:
    accepted = [harmless(DECODERS[name], content) for content in corpus(name)]
    assert any(accepted)
    assert name == "snapshot" or not all(accepted)


@names
def test_damaged_input_ends_in_an_error_of_the_tree(name: str) -> None:
    dice = random.Random(name)
    kept = [content for content in corpus(name) if len(content) < 400]
    slowest = 0.0
    for _ in range(60):
        content = damaged(dice.choice(kept), dice)
        began = time.process_time()
        harmless(DECODERS[name], content)
        slowest = max(slowest, time.process_time() - began)
    assert slowest < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * MEGABYTES * 1024


def test_control_an_error_outside_the_tree_is_noticed() -> None:
    def naive(content: bytes) -> object:
        return int(content.decode())

    with pytest.raises(UnicodeDecodeError):
        harmless(naive, b"\xff")


@pytest.mark.nightly
@names
def test_a_fuzzer_led_by_coverage_finds_nothing(tmp_path: Path, name: str) -> None:
    if find_spec("atheris") is None:
        pytest.skip("needs atheris, which exists for Linux on x86-64 and Python up to 3.13: ./dev test there")
    options = [
        f"-max_total_time={SECONDS}",
        f"-rss_limit_mb={MEGABYTES}",
        "-timeout=20",
        "-max_len=3000",
        "-print_final_stats=1",
        f"-artifact_prefix={tmp_path}/found-",
    ]
    corpus_folder = tmp_path / "corpus"
    corpus_folder.mkdir()
    fuzzer = [sys.executable, "-m", "tests.trust.fuzz", name, str(corpus_folder), *options]
    # a shell in between, because the peak of a process begins with that of the one it was forked from
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" & wait $!', "sh", *fuzzer],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    found = [path.read_bytes() for path in tmp_path.glob("found-*")]
    assert (done.returncode, found) == (0, []), done.stderr[-3000:]
    stats = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", done.stderr)}
    record(
        "fuzz",
        name,
        seconds=SECONDS,
        inputs=stats["number_of_executed_units"],
        new_paths=stats["new_units_added"],
        escaped=0,
        slowest_seconds=stats["slowest_unit_time_sec"],
    )
    assert stats["slowest_unit_time_sec"] <= 1
    assert stats["peak_rss_mb"] < MEGABYTES
