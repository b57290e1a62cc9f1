"""A file as a target: a line for each effect, on the disk when it returns, and nothing else ever in its place."""

import base64
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventfold.errors import ConfigInvalid, EffectRefused, TargetUnavailable
from eventfold.handlers.targets.file import FileTarget
from eventfold.handlers.targets.port import Body
from tests.handlers.targets.making import message

WHOLE = b'{"key":"a"}\n'


def lines(path: Path) -> list[Any]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_an_effect_is_a_line_with_its_key_and_what_was_said(tmp_path: Path) -> None:
    path = tmp_path / "effects.jsonl"
    target = FileTarget(path)
    target.send({"b": "two\nlines", "a": 1}, message(correlationId="c-7"))
    target.send(Body("text/plain", b"\xff"), message(n=2))
    target.close()
    first, second = lines(path)
    assert first == {
        "key": message().key,
        "handler": "tell",
        "stream": "order-1",
        "version": 1,
        "type": "Shipped",
        "correlationId": "c-7",
        "payload": {"a": 1, "b": "two\nlines"},
    }
    assert (second["mediaType"], base64.b64decode(second["content"])) == ("text/plain", b"\xff")


def test_a_cloud_event_is_its_own_line(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "effects.jsonl")
    pretty = b'{\n  "id": "1",\n  "big": 12345678901234567890\n}'
    target.send(Body("application/cloudevents+json; charset=utf-8", pretty), message())
    assert (tmp_path / "effects.jsonl").read_bytes() == b'{"id":"1","big":12345678901234567890}\n'


@pytest.mark.parametrize("media_type", ["application/json", "application/cloudevents+json"])
@pytest.mark.parametrize("content", [b"", b"{", b"{}\n{}", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused_and_leaves_no_trace(
    tmp_path: Path, media_type: str, content: bytes
) -> None:
    path = tmp_path / "effects.jsonl"
    path.write_bytes(WHOLE)
    with pytest.raises(EffectRefused, match="no JSON"):
        FileTarget(path).send(Body(media_type, content), message())
    assert path.read_bytes() == WHOLE


def test_threads_share_a_file_and_no_line_is_mixed_or_lost(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "effects.jsonl")

    def send(n: int) -> None:
        for m in range(20):
            target.send({"n": n, "m": m, "long": "x" * 5000}, message())

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(line["payload"]["n"], line["payload"]["m"]) for line in lines(target.path)]
    assert sorted(found) == [(n, m) for n in range(8) for m in range(20)]
    assert all(found.index((n, m)) < found.index((n, m + 1)) for n in range(8) for m in range(19))


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        (b'{"key":"b","payl', b""),
        (b"{", b""),
        (b'{"key":"\xc3', b""),
        (b'{"long":"' + b"x" * 200_000, b""),
        (b'{"key":"b"}', b'{"key":"b"}\n'),
    ],
    ids=["inside", "at the first byte", "inside a letter", "a long one", "before its end alone"],
)
@pytest.mark.parametrize("before", [b"", WHOLE, WHOLE * 3])
def test_a_line_that_a_crash_has_torn_is_taken_away_by_the_next_one(
    tmp_path: Path, before: bytes, torn: bytes, kept: bytes
) -> None:
    path = tmp_path / "effects.jsonl"
    path.write_bytes(before + torn)
    FileTarget(path).send(1, message())
    found = path.read_bytes()
    assert found.startswith(before + kept)
    assert [line.get("payload") for line in lines(path)] == [None] * (before + kept).count(b"\n") + [1]


def test_a_line_is_whole_or_away_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "effects.jsonl"
    path.write_bytes(WHOLE)
    written = os.write

    def full(file: int, data: Any) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return written(file, bytes(data[: len(data) // 2]))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TargetUnavailable, match="No space left"):
        FileTarget(path).send("x" * 1000, message())
    monkeypatch.undo()
    assert path.read_bytes() == WHOLE


def test_an_effect_that_returned_survives_a_kill(tmp_path: Path) -> None:
    """The process is killed while it writes; each line that it reported is there, and a restart goes on behind."""
    path = tmp_path / "effects.jsonl"
    program = (
        "import itertools, sys\n"
        "from eventfold.handlers.targets.file import FileTarget\n"
        "from tests.handlers.targets.making import message\n"
        "target = FileTarget(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    target.send({'n': n, 'long': 'x' * 3000}, message())\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout]
    process.wait()
    process.stdout.close()
    FileTarget(path).send({"n": -1}, message())
    found = [line["payload"]["n"] for line in lines(path)]
    assert found[: len(acknowledged)] == acknowledged
    assert found[-1] == -1


def test_the_line_is_on_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
    FileTarget(tmp_path / "effects.jsonl").send(1, message())
    assert sizes[0] == (tmp_path / "effects.jsonl").stat().st_size > 0
    assert len(sizes) == 2  # and the folder, for the name


def test_a_file_may_be_renamed_at_any_time(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "effects.jsonl")
    target.send(1, message())
    (tmp_path / "effects.jsonl").rename(tmp_path / "old.jsonl")
    target.send(2, message())
    assert [line["payload"] for name in ("old", "effects") for line in lines(tmp_path / f"{name}.jsonl")] == [
        1,
        2,
    ]


def test_odd_places_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "notes.txt").write_text("call Ada")
    for place in (
        tmp_path,
        tmp_path / "pipe",
        Path("/dev/null"),
        tmp_path / "notes.txt",
        tmp_path / "no" / "file",
    ):
        with pytest.raises(ConfigInvalid, match=r"folder|device|other content"):
            FileTarget(place)
    assert (tmp_path / "notes.txt").read_text() == "call Ada"


def test_what_became_of_a_place_meanwhile_pauses_the_target(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    target = FileTarget(tmp_path / "a" / "effects.jsonl")
    (tmp_path / "a" / "effects.jsonl").write_text("not\nours")
    with pytest.raises(TargetUnavailable, match="last line"):
        target.send(1, message())
    assert target.path.read_text() == "not\nours"
    target.path.unlink()
    os.mkfifo(target.path)
    with pytest.raises(TargetUnavailable, match="cannot be written"):
        target.send(1, message())
    target.path.unlink()
    target.path.mkdir()
    with pytest.raises(TargetUnavailable, match="directory"):
        target.send(1, message())
    target.path.rmdir()
    target.path.parent.rmdir()
    with pytest.raises(TargetUnavailable, match="No such file"):
        target.send(1, message())
