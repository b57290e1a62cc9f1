"""The same seeded histories give the same observable results, whatever keeps the log."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.errors import EventfoldError
from eventfold.feed.cursor import Cursor
from eventfold.store.open import open_store
from eventfold.testing.contract.bench import Bench, OverALog, Rows
from eventfold.testing.contract.boxes import DAY, NEW_YEAR, Box
from eventfold.testing.contract.histories import Command, Decide, Do, Raw, Rival, Step, steps

STEPS = 70
PLACES = frozenset({"_order", "_position"})
"""How a row says where it was touched last differs with the order of the log."""
FACTS = ("stream", "expected", "actual", "field")
Answers = dict[str, Any]


class AnswersContract(OverALog):
    """What a log lets be seen is what SQLite lets be seen."""

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_the_same_history_gives_the_same_answers(self, bench: Bench, tmp_path: Path, seed: int) -> None:
        compared(bench, tmp_path, seed)


def compared(bench: Bench, folder: Path, seed: int) -> Answers:
    """Lives a history over SQLite and over another log; what both answered.

    Raises:
        AssertionError: naming what they answered differently.
    """
    (folder / "sqlite").mkdir(exist_ok=True)
    plain = Bench(lambda name: open_store(f"sqlite:///{folder}/sqlite/{name}.db"), folder / "sqlite", None)
    todo = steps(seed, STEPS)
    wanted, found = lived(plain, todo), lived(bench, todo)
    assert wanted.keys() == found.keys()
    for question, answer in wanted.items():
        if found[question] != answer:
            raise AssertionError(f"seed {seed}, {question}:\n  SQLite: {answer}\n  here:   {found[question]}")
    return found


def lived(bench: Bench, todo: list[Step]) -> Answers:
    """Lives a history; every answer by its question."""
    with _Life(bench) as life:
        found: Answers = {f"step {n}, {_said(step)}": life.take(step) for n, step in enumerate(todo, 1)}
        life.take(Do("catch up"))
        for question, answer in life.questions():
            found[question] = answer
    return found


class _Life(ExitStack):
    """An app over a bench while a history is lived."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._moments: list[Cursor] = []
        self._live: Live = self.enter_context(bench.open())

    def take(self, step: Step) -> Any:
        """What a step answers."""
        match step:
            case Command():
                return _told(lambda: self._commanded(step))
            case Raw(stream, events, expected):
                return _told(lambda: self._appended(stream, events, expected))
            case Rival(stream):
                return _told(lambda: self._beaten(stream))
            case Decide(name, reason):
                return _told(lambda: self._decided(self._live.table(name), reason))
            case Do():
                return _told(lambda: self._done(step))

    def questions(self) -> Iterator[tuple[str, Any]]:
        """Everything that can be asked in the end."""
        live = self._live
        yield "streams", [tuple(info) for info in live.store.streams("box")]
        names = [info.stream for info in live.store.streams("box")]
        for name in names:
            yield f"events of {name}", [_event(e) for e in live.store.read(name)]
            yield f"states of {name}", self._states(name)
        for table in live.tables:
            yield from self._asked(table, names)

    def _asked(self, table: LiveTable, names: list[str]) -> Iterator[tuple[str, Any]]:
        live, name = self._live, table.name
        yield f"rows of {name}", _plain(live.query(f"SELECT * FROM {name} ORDER BY 1").rows())  # noqa: S608 - names of tables of this suite
        head = table.publication.head() if table.publication else None
        assert head is not None
        yield f"stamp of {name}", (head.stamp.generation, head.stamp.parked, head.stamp.parked_count)
        yield f"parked of {name}", _parked(table.parked())
        yield f"skips of {name}", [(s.stream, s.version, s.reason, s.actor) for s in table.live().skips()]
        for n, cursor in list(enumerate(self._moments))[::5]:
            at = table.at(cursor=cursor)
            yield f"{name} at moment {n}", (_plain(at.rows()), _parked(at.parked))
        for stream in names[:2]:
            for event in list(live.store.read(stream))[::9]:
                at = table.at(time=event.recorded_at)
                question = f"{name} when version {event.version} of {stream} was recorded"
                yield question, (_plain(at.rows()), _parked(at.parked))
        for days in (3, 20):
            at = table.at(time=NEW_YEAR + days * DAY + timedelta(seconds=4), clock="occurred")
            yield f"{name} as of what occurred until day {days}", (_plain(at.rows()), _parked(at.parked))
        for key in (names[0], names[-1], "ada", "nobody"):
            yield f"why {key} in {name}", _told(lambda: _why(table, key))  # noqa: B023 - asked at once

    def _states(self, name: str) -> list[Any]:
        at = self._live.repository(Box).at
        versions = range(1, self._live.store.head(name) + 1)
        return [_told(lambda: at(name, version=version).state()) for version in versions]  # noqa: B023 - asked at once

    def _commanded(self, command: Command) -> Any:
        boxes = self._live.repository(Box)
        with ef.context(actor=command.actor or None, occurred_at=command.occurred_at):
            if command.command_id is None:
                done = boxes.execute(command.stream, command.decide, *command.arguments)
            else:
                done = boxes.execute_once(
                    command.command_id, command.stream, command.decide, *command.arguments
                )
        return done.version, [repr(event) for event in done.events], done.deduplicated

    def _appended(self, stream: str, events: list[ef.NewEvent], expected: ef.Expected) -> Any:
        done = self._live.store.append(stream, events, expected=expected)
        return done.version, done.deduplicated

    def _beaten(self, stream: str) -> Any:
        boxes = self._live.repository(Box)
        box = boxes.load(stream)
        box.label("late")
        boxes.execute(stream, Box.label, "1")
        return boxes.save(box).version

    def _decided(self, table: LiveTable, reason: str | None) -> Any:
        stream = min(table.parked(), default="box-0")
        decided = table.retry(stream) if reason is None else table.skip(stream, reason)
        return stream, decided, _parked(table.parked())

    def _done(self, step: Do) -> Any:
        live = self._live
        match step.what:
            case "catch up":
                live.catch_up()
                return [(t.name, t.live().head().generation, _parked(t.parked())) for t in live.tables]
            case "rebuild":
                done = live.table(step.table).rebuild()
                return done.generation, done.rows, done.parked
            case "moment":
                self._moments.append(live.store.feed().end())
            case "split":
                self._bench.split()
            case _:
                self.close()
                self._live = self.enter_context(self._bench.open())
        return None


def _told(ask: Callable[[], Any]) -> Any:
    """An answer, or the code and the facts of a refusal."""
    try:
        return ask()
    except EventfoldError as error:
        return error.code, {name: error.facts[name] for name in FACTS if name in error.facts}


def _said(step: Step) -> str:
    match step:
        case Command(stream, decide, arguments):
            return f"{decide.__name__}{arguments} on {stream}"
        case Raw(stream, events, expected):
            return f"append {len(events)} to {stream}, expected {expected}"
        case _:
            return repr(step)


def _event(event: ef.RecordedEvent) -> Any:
    decode = msgspec.json.decode
    occurred = event.occurred_or_none_us
    return (
        event.version,
        event.type,
        event.schema_version,
        decode(event.data),
        decode(event.metadata),
        occurred,
    )


def _why(table: LiveTable, key: str) -> Any:
    return sorted((s.event.stream, s.event.version, repr(_row(s.after)), s.note) for s in table.why(key))


def _parked(parked: Any) -> Any:
    return sorted((p.stream, p.version, p.last_version, p.type, p.code) for p in parked.values())


def _row(row: dict[str, Any] | None) -> Any:
    return None if row is None else {name: cell for name, cell in row.items() if name not in PLACES}


def _plain(rows: Rows) -> Any:
    return [_row(row) for row in rows]
