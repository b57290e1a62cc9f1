"""The same as with the SDK that is installed, with its former major version, in an environment of its own."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from eventfold.bus.cloudevents.attributes import STRUCTURED as MEDIA_TYPE
from eventfold.bus.cloudevents.attributes import fault_of
from eventfold.bus.marks import Place
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import ProgressEnvelope
from eventfold.bus.messages.form import CONTENT_TYPE, Headers, Message, Progress
from eventfold.errors import MessageInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.messages.making import BINARY, EVENTS, LOG, ONE, STRUCTURED, headers_of, opened

pytestmark = pytest.mark.nightly
ROOT = Path(__file__).parents[3]
LOCKED = ROOT / "requirements" / "cloudevents-1.txt"
KEPT = EVENTS.filter(lambda event: not (fault_of(event.stream) or fault_of(event.type)))
Ask = Callable[[Message], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """What the SDK makes of a message."""
    folder = tmp_path_factory.mktemp("sdk")
    python = folder / "bin" / "python"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=variables)
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCKED)]
    done = subprocess.run(install, check=False, capture_output=True, text=True, env=variables)
    if done.returncode != 0:
        pytest.skip(f"cloudevents 1.x could not be installed: {done.stderr.strip()[-200:]}")
    with subprocess.Popen(
        [str(python), str(Path(__file__).with_name("sdk_1.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=variables,
    ) as sdk:

        def asking(message: Message) -> dict[str, Any]:
            headers = headers_of(message)
            line = {
                "headers": {name: base64.b64encode(value).decode() for name, value in headers.items()},
                "key": message.key.decode() if message.key is not None else None,
                "value": base64.b64encode(message.value).decode(),
                "structured": headers[CONTENT_TYPE].decode() == MEDIA_TYPE,
            }
            assert sdk.stdin is not None
            assert sdk.stdout is not None
            sdk.stdin.write(json.dumps(line) + "\n")
            sdk.stdin.flush()
            answer: dict[str, Any] = json.loads(sdk.stdout.readline())
            return answer

        yield asking


def ours(answer: dict[str, Any], *, media_type: str = "") -> Message:
    """A message that it wrote; with another media type, where one is given."""
    headers: Headers = [(name, base64.b64decode(value)) for name, value in answer["headers"].items()]
    if media_type:
        headers = [(CONTENT_TYPE, media_type.encode())]
    key = answer["key"].encode() if answer["key"] is not None else None
    return Message(None, key, base64.b64decode(answer["value"]), headers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(event=KEPT)
@example(event=ONE)
def test_it_reads_what_we_write_and_writes_what_we_read(ask: Ask, event: RecordedEvent) -> None:
    for encoder in (BINARY, STRUCTURED):
        read = ask(encoder.event(event))
        said = read["attributes"]
        assert (said["id"], said["source"], said["type"]) == (str(event.id), LOG, event.type)
        assert (said["subject"], said["partitionkey"]) == (event.stream, event.stream)
        assert (said["logposition"], said["streamversion"]) == (str(event.position), str(event.version))
        assert read["data"]["data"] == event.data_map()
        # what it calls structured says that it is plain JSON: nobody can tell, so that it is refused as it comes
        with pytest.raises(MessageInvalid) as refused:
            opened(ours(read["structured"]))
        assert refused.value.facts["reason"] == "foreign"
        for message in (ours(read["binary"]), ours(read["structured"], media_type=MEDIA_TYPE)):
            back = opened(message).event()
            assert back.data_map() == event.data_map()
            assert back.metadata_map() == event.metadata_map()
            assert (back.id, back.stream, back.version) == (event.id, event.stream, event.version)
            assert (back.type, back.partition, back.position) == (event.type, event.partition, event.position)
            assert (back.recorded_us, back.occurred_or_none_us) == (
                event.recorded_us,
                event.occurred_or_none_us,
            )


@pytest.mark.parametrize("is_structured", [False, True])
def test_it_tells_a_progress_record_by_its_type(ask: Ask, is_structured: bool) -> None:
    cursor = Cursor(LOG, {"0": Mark(7, "ab")})
    encoder = MessageEncoder(LOG, 6, is_structured=is_structured)
    read = ask(encoder.progress(Progress(cursor, {"0": Place(7, 1)}), new_id(), 5))
    assert read["attributes"]["type"].startswith("$")
    for message in (ours(read["binary"]), ours(read["structured"], media_type=MEDIA_TYPE)):
        found = read_envelope(message.headers, message.value)
        assert isinstance(found, ProgressEnvelope)
        assert found.progress().cursor == cursor
