"""The gate: what a program would do to what was stored, judged by the shapes and samples of the schema file."""

from collections.abc import Iterator

import msgspec

from eventfold.errors import EventfoldError
from eventfold.events.schema.finding import Finding, Level
from eventfold.events.schema.names import judge_names
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import EventType, Recorded, Version
from eventfold.events.schema.widening import changes

_WAY_OUT = "give the type a new version= and an @upcast from the old one"


def judge(recorded: Recorded, program: Program) -> list[Finding]:
    """Every difference between what is recorded and what a program says, in the order of the names.

    Args:
        recorded: what the schema file says.
        program: what the code says.
    """
    return [*judge_names(recorded, program), *_judge_events(recorded, program)]


def _judge_events(recorded: Recorded, program: Program) -> Iterator[Finding]:
    for name, event in recorded.events.items():
        if name in program.shapes:
            yield from _judge_event(name, event, program)
        else:
            yield _gone(name, event, recorded, program)
    for name in program.shapes:
        if name not in recorded.events:
            yield Finding("added", "event-added", name, name, "is a new event type")
    classes = {event.class_: name for name, event in recorded.events.items()}
    for name in sorted(recorded.events.keys() & program.shapes.keys()):
        before = classes.get(program.class_of(name), name)
        if before != name:
            what = f"is now the class {program.class_of(name)}, which was stored as {before!r} before"
            yield Finding(
                "refused", "meaning-changed", name, name, f"{what}: give each class its own name= again"
            )


def _gone(name: str, event: EventType, recorded: Recorded, program: Program) -> Finding:
    latest = event.versions[max(event.versions)] if event.versions else Version()
    twins = [
        other
        for other, shape in program.shapes.items()
        if other not in recorded.events and shape == latest.shape
    ]
    if twins:
        new = program.registry.types[twins[0]].__name__
        what = (
            f"is gone; {new} has its shape: if the class was renamed, write class {new}(..., name={name!r})"
        )
        return Finding("refused", "event-renamed", name, name, what)
    so = "is ignored now" if name in program.ignored else "is gone"
    return Finding(
        "refused", "event-removed", name, name, f"{so}, but stored events have this name: keep its class"
    )


def _judge_event(name: str, event: EventType, program: Program) -> Iterator[Finding]:
    current = program.version(name)
    latest = max(event.versions, default=0)
    if latest > current:
        what = f"went back from version {latest} to {current}, but events of version {latest} may be stored"
        yield Finding("refused", "version-lowered", name, f"{name}@{current}", f"{what}: versions only go up")
        return
    for version in range(1, current):
        if version in event.versions:
            yield from _judge_old(name, version, event.versions[version], program)
        else:
            what = "was never recorded, so its upcaster is not tried: take samples from a log, or write one"
            yield Finding("note", "version-missing", name, f"{name}@{version}", what)
    if current in event.versions:
        yield from _judge_current(name, current, event.versions[current], program)
    else:
        what = "is a new version" if event.versions else "has no version recorded"
        yield Finding("added", "version-added", name, f"{name}@{current}", what)


def _judge_current(name: str, version: int, was: Version, program: Program) -> Iterator[Finding]:
    where = f"{name}@{version}"
    broken = False
    if was.shape is None:
        yield Finding("added", "shape-added", name, where, "has samples, but its shape is not recorded")
    else:
        for change in changes(was.shape, program.shapes[name]):
            broken = broken or not change.reads
            level: Level = "added" if change.reads else "refused"
            what = change.what if change.reads else f"{change.what}: {_WAY_OUT}"
            yield Finding(level, change.kind, name, where + change.path, what)
    if not broken:
        yield from _judge_samples(name, version, was, program)
    if not was.samples:
        what = "has no sample, so nothing is tried: take samples from a log, or write one"
        yield Finding("note", "samples-missing", name, where, what)


def _judge_samples(name: str, version: int, was: Version, program: Program) -> Iterator[Finding]:
    """Every sample is read as the program reads stored events; the first that fails stands for all."""
    where = f"{name}@{version}"
    for sample in was.samples:
        error = program.refusal(name, version, sample.data)
        if error is not None:
            what = f"cannot be read any more: {error.message} The sample is {_short(sample.data)}"
            yield Finding("refused", "sample-unreadable", name, where, what)
            return


def _judge_old(name: str, version: int, was: Version, program: Program) -> Iterator[Finding]:
    where = f"{name}@{version}"
    made = []
    for sample in was.samples:
        try:
            made.append(
                (program.upcast(name, version, sample.data), program.upcast(name, version, sample.data))
            )
        except EventfoldError as error:
            what = f"cannot be read any more: {error.message} The sample is {_short(sample.data)}"
            yield Finding("refused", "upcaster-failed", name, where, what)
            return
    for sample, (now, again) in zip(was.samples, made, strict=True):
        if now != again:
            what = "its upcaster gives something else each time; it must depend on the data alone"
            yield Finding("refused", "upcaster-impure", name, where, what)
            return
        if sample.upcast is not None and not _equal(now, sample.upcast):
            what = (
                f"its upcaster made {_short(sample.upcast)} of a sample, now {_short(now)}:"
                " stored events would mean something else"
            )
            yield Finding("refused", "upcaster-changed", name, where, what)
            return
    if any(sample.upcast is None for sample in was.samples):
        what = "what its upcaster makes of the samples is not recorded yet"
        yield Finding("added", "upcast-added", name, where, what)
    yield from _judge_samples(name, version, was, program)


def _equal(one: str, other: str) -> bool:
    return one == other or bool(msgspec.json.decode(one) == msgspec.json.decode(other))


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
