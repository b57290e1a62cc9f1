"""What the workers of a campaign handle: notes in boxes are told to a file, posted, copied and reminded of.

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

CONCURRENCY = 4
HANDLERS = ("tell", "post", "remind")
"""Those whose effects are seen outside the log."""
MENDED, DOWN, HANGING, BEGUN = "mended", "down", "hanging", "begun"
"""Files: what was refused is taken; nobody answers; what may hang does; an effect was begun."""


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


class Settings(msgspec.Struct, frozen=True):
    """Of one worker.

    Attributes:
        url: of the log.
        folder: of the campaign.
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


def scene(settings: Settings) -> ef.App:
    """The app of a worker."""
    folder = Path(settings.folder)
    takings = os.open(folder / "taken", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def take(message: ef.Message) -> None:
        (folder / BEGUN).touch()
        time.sleep(random.uniform(0.5, 1) * settings.before)
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

    @ef.notify(Noted, since="start", concurrency=CONCURRENCY, when=ef.after(seconds=0.5))
    def remind(event: Noted, message: ef.Message) -> None:
        take(message)

    @ef.react(Noted, since="start", concurrency=CONCURRENCY)
    def copy(event: Noted, message: ef.Message) -> ef.Command:
        return ef.Command(message.stream.replace("box", "copy"), Copies.take, message.stream, message.version)

    return ef.App("campaign", aggregates=[Boxes, Copies], handlers=[tell, post, remind, copy])
