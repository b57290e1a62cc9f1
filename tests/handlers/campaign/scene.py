"""What the workers of a campaign handle: notes in boxes are told, posted, announced, copied and reminded of.

What others speak of boxes is heard, and copied too.

Targets misbehave as the files in the campaign's folder say, which stands for what people and other systems do.
"""

import os
import random
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec

import eventfold as ef
from eventfold.errors import EffectRefused, TargetUnavailable
from eventfold.handlers.targets.file import FileTarget

CONCURRENCY = 4
HANDLERS = ("tell", "post", "announce", "remind")
"""Those whose effects are seen outside the log."""
OTHERS = "others"
"""The inbox of those who speak."""
MENDED, DOWN, HANGING, BEGUN, PASSED = "mended", "down", "hanging", "begun", "passed"
"""Files: what was refused is taken; nobody answers; what may hang does; an effect was begun; what passed to others."""


class Noted(ef.Event):
    fault: str = ""


class Boxes(ef.Aggregate[Noted], category="box"):
    def apply(self, event: Noted) -> None:
        """Boxes decide nothing."""


class Copied(ef.Event):
    of: str
    version: int


class Copies(ef.Aggregate[Copied], category="copy"):
    def take(self, of: str, version: int) -> None:
        self.raise_event(Copied(of=of, version=version))

    def apply(self, event: Copied) -> None:
        """Copies are not counted here: that is what is judged."""


class Announced(ef.PublicEvent, name="com.example.box.noted", key="box"):
    box: str
    version: int
    worker: str


class Spoken(ef.PublicEvent, name="org.example.box.spoken", key="box"):
    box: str
    number: int


class Taken(msgspec.Struct, frozen=True):
    """What a target took.

    Attributes:
        handler: whose effect it was.
        stream: of its event.
        version: of its event.
        key: the idempotency key.
        worker: who sent it.
        answered: whether the target said so.
    """

    handler: str
    stream: str
    version: int
    key: str
    worker: str
    answered: bool = True


class Passed(msgspec.Struct, frozen=True):
    """What passed to another worker, with its partition, before it was written down: that one does it again.

    Attributes:
        handler: whose effect it was.
        worker: who had begun it.
        stream: of its event; empty where a whole round could not be written, `CONCURRENCY` effects at most.
        version: of its event.
    """

    handler: str
    worker: str
    stream: str = ""
    version: int = 0


class Settings(msgspec.Struct, frozen=True):
    """Of one worker.

    Attributes:
        url: of the log.
        folder: of the campaign.
        file: to which is announced.
        port: where the hook listens.
        name: of the worker.
        seconds: how long a lease may stand still.
        turned: seconds by which the clock of its machine is wrong.
        before: seconds that an effect takes before it is taken, at most, and
        after: until its worker knows.
        wrong: how it was built as one should not build it; empty for the real one.
    """

    url: str
    folder: str
    file: str
    port: int
    name: str
    seconds: float = 2.0
    turned: float = 0.0
    before: float = 0.01
    after: float = 0.01
    wrong: str = ""


class Hook:
    """Posts effects to the campaign's server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, payload: Any, message: ef.Message) -> None:
        """One request."""
        told = Taken("post", message.stream, message.version, message.key, self._settings.name)
        connection = HTTPConnection("127.0.0.1", self._settings.port, timeout=30)
        try:
            connection.request("POST", f"/{payload}", msgspec.json.encode(told))
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise TargetUnavailable(f"no answer: {error}") from error
        finally:
            connection.close()
        if status >= 500:
            raise TargetUnavailable(f"it answered {status}")
        if status >= 400:
            raise EffectRefused(f"it answered {status}")

    def close(self) -> None:
        """Nothing is held."""


def copy_of(stream: str) -> str:
    """The stream to which the events of a stream are copied."""
    return f"copy-{stream}"


def scene(settings: Settings) -> ef.App:
    """The app of a worker."""
    folder = Path(settings.folder)
    takings = os.open(folder / "taken", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def begin() -> None:
        (folder / BEGUN).touch()
        time.sleep(random.uniform(0.5, 1) * settings.before)

    def take(message: ef.Message) -> None:
        begin()
        told = Taken(message.handler, message.stream, message.version, message.key, settings.name)
        os.write(takings, msgspec.json.encode(told) + b"\n")

    @ef.notify(Noted, since="start", concurrency=CONCURRENCY)
    def tell(event: Noted, message: ef.Message) -> None:
        if (folder / DOWN).exists():
            raise TargetUnavailable("it is down")
        if event.fault == "refused" and not (folder / MENDED).exists():
            raise ValueError("it is refused until it is mended")
        while event.fault == "hangs" and (folder / HANGING).exists():
            time.sleep(0.02)
        take(message)

    @ef.notify(Noted, to="hook", since="start", concurrency=CONCURRENCY)
    def post(event: Noted, message: ef.Message) -> str:
        return event.fault

    @ef.publish(Noted, to="file", since="start", concurrency=CONCURRENCY)
    def announce(event: Noted, message: ef.Message) -> Announced:
        begin()
        return Announced(box=message.stream, version=message.version, worker=settings.name)

    @ef.notify(Noted, since="start", concurrency=CONCURRENCY, when=ef.after(seconds=0.5))
    def remind(event: Noted, message: ef.Message) -> None:
        take(message)

    @ef.react(Noted, since="start", concurrency=CONCURRENCY)
    def copy(event: Noted, message: ef.Message) -> ef.Command:
        return ef.Command(copy_of(message.stream), Copies.take, message.stream, message.version)

    @ef.consume(OTHERS, Spoken, concurrency=CONCURRENCY)
    def hear(event: Spoken, message: ef.Message) -> ef.Command:
        return ef.Command(copy_of(message.stream), Copies.take, message.stream, message.version)

    return ef.App(
        "campaign",
        aggregates=[Boxes, Copies],
        handlers=[tell, post, announce, remind, copy, hear],
        source="https://campaign.example.com",
    )


def targets(settings: Settings) -> dict[str, Any]:
    """What takes the effects of a worker."""
    return {"hook": Hook(settings), "file": FileTarget(settings.file)}
