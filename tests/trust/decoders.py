"""Everything that decodes bytes from outside, each as a function that may raise errors of the tree and nothing else."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import eventfold as ef
from eventfold import ANY, NewEvent, Registry, new_id, open_store
from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Headers
from eventfold.doors.cli import configuration
from eventfold.doors.cli.configuration import Given
from eventfold.doors.cli.showing import lines
from eventfold.errors import EventfoldError
from eventfold.events.accepting import accept
from eventfold.events.jsontext import compact_object
from eventfold.events.metadata import read_metadata
from eventfold.feed.cursor import read_cursor
from eventfold.handlers.public.consuming import open_public
from eventfold.handlers.public.receiving import receive
from eventfold.imports import Mapping, import_file
from eventfold.imports.documents import file_pages, import_documents
from eventfold.readmodels.publishing.publication import read_stamp
from eventfold.store.names import category_of
from eventfold.store.port import Store
from eventfold.testing.making import make, read_all

Decoder = Callable[[bytes], object]
CORPUS = Path(__file__).parent / "corpus"
COLUMNS = Mapping(stream="case", category="case", type="what", time="when", timezone="Europe/Amsterdam")


class Opened(ef.Event, version=2):
    owner: str
    limit: Decimal
    tags: tuple[str, ...] = ()
    more: dict[str, Any] | None = None


@ef.upcast(Opened, 1)
def _opened_1(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "owner": str(data.pop("name", ""))}


class Account(ef.Aggregate[Opened]):
    owner: str = ""
    limit: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()

    def apply(self, event: Opened) -> None:
        self.owner, self.limit, self.tags = event.owner, event.limit, event.tags


TYPED, UNTYPED = Registry([Opened]), Registry(untyped=True)


@cache
def _log() -> Store:
    store = open_store("sqlite://")
    for n in range(3):
        store.append("box-1", [make(n)], expected=n)
    return store


@cache
def _place() -> Path:
    return Path(tempfile.mkdtemp(prefix="eventfold-decoders-"))


def event(content: bytes) -> object:
    """An event from outside: what is accepted is stored and read again as the same."""
    first, _, rest = content.partition(b"\n")
    name = first.decode("utf-8", "replace")
    for registry, version in ((TYPED, None), (TYPED, 1), (UNTYPED, None)):
        try:
            new = accept(registry, name, rest, schema_version=version)
            store = open_store("sqlite://")
            store.append("box-1", [new], expected=ANY)
            (stored,) = store.read("box-1")
            store.close()
            assert (stored.type, stored.data) == (new.type, new.data)
            registry.decode(stored)
        except EventfoldError:
            continue
    read_metadata(rest)
    return compact_object(rest)


def stored(content: bytes) -> object:
    """Data that somebody else wrote into the store, or that a broken disk changed."""
    first, _, rest = content.partition(b"\n")
    text = rest.decode("utf-8", "replace")
    event = NewEvent(new_id(), "Opened", first[0] % 4 if first else 1, text, "{}", None)
    with suppress(EventfoldError):
        UNTYPED.decode(event)
    return TYPED.decode(event)


def cursor(content: bytes) -> object:
    """A cursor and a stamp: of this log, of another one, or damaged."""
    read_stamp(content)
    content = content.replace(b"LOG", _log().log_id.encode())
    found = read_cursor(content)
    assert read_cursor(found.to_json()) == found
    feed = _log().feed()
    feed.check(found)
    feed.lag(found)
    return feed.read(found, 10)


def snapshot(content: bytes) -> object:
    """The state in a snapshot: whatever it holds, the aggregate is what its events say, or what a true state says."""
    definition = Account(stream="account-1")
    try:
        definition.restore(content.decode("utf-8", "replace"), 1)
    except ValueError:
        return None  # `restore` promises it, and a repository then ignores the snapshot
    assert isinstance(definition.limit, Decimal)
    return definition


def config(content: bytes) -> object:
    """A configuration file."""
    path = _place() / "eventfold.toml"
    path.write_bytes(content)
    return configuration.configured({}, Given(str(path), "--config"))


def append_lines(content: bytes) -> object:
    """What `eventfold append -` reads."""
    rows = content.splitlines(keepends=True)
    for registry in (TYPED, UNTYPED):
        try:
            for batch in lines.batches(rows, None, registry):
                category_of(batch.stream)
        except EventfoldError:
            continue
    return lines.batches(rows, "box-1", UNTYPED)


def import_files(content: bytes) -> object:
    """A file to import, as CSV, as JSON Lines and as documents: a second run adds nothing."""
    form, _, rest = content.partition(b"\n")
    kind = {b"j": "jsonl", b"d": "documents"}.get(form[:1], "csv")
    path = _place() / "import"
    path.write_bytes(rest)
    store = open_store("sqlite://")
    try:
        _import(store, path, kind)
        before = len(read_all(store.feed()))
        _import(store, path, kind)
        assert len(read_all(store.feed())) == before
    finally:
        store.close()
    return before


class Told(ef.PublicEvent, name="com.example.told", key="owner"):
    owner: str
    limit: Decimal = Decimal(0)
    at: datetime | None = None
    more: dict[str, Any] | None = None


@ef.consume("fuzz", Told)
def told(_event: Told, _message: ef.Message) -> None: ...


def public(content: bytes) -> object:
    """Public events of others, in one of the three modes: a second delivery adds nothing, and what fits is read."""
    form, _, body = content.partition(b"\n")
    kind = {b"s": STRUCTURED, b"b": BATCH}.get(form[:1], "application/json")
    named = (pair.partition("=") for pair in form.decode("latin-1").split("&")[1:])
    headers = {f"ce-{name}": value for name, _, value in named}
    store = open_store("sqlite://")
    try:
        answers = receive(store, "fuzz", body, kind, headers=headers)
        again = receive(store, "fuzz", body, kind, headers=headers)
        assert [one._replace(deduplicated=True) for one in answers] == again
        for recorded in read_all(store.feed()):
            with suppress(EventfoldError):
                found = open_public(recorded, told)
                assert found is None or isinstance(found, Told)
    finally:
        store.close()
    return answers


def message(content: bytes) -> object:
    """A message of a topic: its headers as the first line, its body behind."""
    form, _, body = content.partition(b"\n")
    parts = (header.partition(b"=") for header in form.split(b"&"))
    headers: Headers = [(name.decode("latin-1"), text) for name, _, text in parts]
    found = read_envelope(headers, body)
    return found.event() if isinstance(found, EventEnvelope) else found.progress()


def _import(store: Store, path: Path, kind: str) -> None:
    if kind == "documents":
        import_documents(store, file_pages(path), "fuzz", category="case")
    else:
        import_file(store, path, COLUMNS, source="fuzz", form=kind)  # type: ignore[arg-type]


DECODERS: dict[str, Decoder] = {
    "event": event,
    "stored": stored,
    "cursor": cursor,
    "snapshot": snapshot,
    "config": config,
    "append": append_lines,
    "import": import_files,
    "public": public,
    "message": message,
}


def harmless(decoder: Decoder, content: bytes) -> bool:
    """Decodes; True where it was accepted. Raises whatever is no error of the tree."""
    try:
        decoder(content)
    except EventfoldError:
        return False
    return True


def corpus(name: str) -> Iterator[bytes]:
    """The kept inputs of a decoder, one a line as Python writes bytes."""
    import ast

    for line in (CORPUS / f"{name}.txt").read_text("ascii").splitlines():
        found = ast.literal_eval(line)
        assert isinstance(found, bytes)
        yield found
