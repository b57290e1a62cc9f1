"""What is recorded by an explicit word: additions, breaking changes that were named, samples."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import structs

from eventfold.errors import EventfoldError, SchemaBroken, SchemaUnrecorded
from eventfold.events.schema.finding import Finding
from eventfold.events.schema.gate import judge
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import EventType, Recorded, Sample, Version


def accept(recorded: Recorded, program: Program, breaking: Collection[str] = ()) -> Recorded:
    """What the file says after it has taken over what a program says.

    Samples that are recorded stay, whatever is added: they are data that were stored. Of a type in `breaking` the
    current version is recorded anew, and what its upcasters make of older samples; its older versions stay.

    Args:
        recorded: what the file says now.
        program: what the code says.
        breaking: stored names whose breaking changes are meant.

    Raises:
        SchemaBroken: a breaking change of another name.
    """
    refuse([f for f in judge(recorded, program) if f.level == "refused" and f.name not in breaking])
    events = {name: event for name, event in recorded.events.items() if name in program.shapes}
    for name in program.shapes:
        events[name] = _event(name, events.get(name), program, anew=name in breaking)
    return Recorded(
        app=program.app,
        untyped=program.untyped,
        categories=program.categories,
        tables=program.tables,
        events=dict(sorted(events.items())),
        ignored=program.ignored,
        handlers=program.handlers,
    )


def refuse(findings: Iterable[Finding]) -> None:
    """Raises `SchemaBroken` where there is a finding that is refused, naming the first."""
    refused = [finding for finding in findings if finding.level == "refused"]
    if refused:
        first = refused[0]
        more = f" ({len(refused) - 1} more)" if len(refused) > 1 else ""
        raise SchemaBroken(
            f"{first.where} {first.what}{more}.", kind=first.kind, where=first.where, refused=len(refused)
        )


def require(findings: Iterable[Finding]) -> None:
    """Raises `SchemaUnrecorded` where there is a finding that nobody has recorded, naming the first."""
    new = [finding for finding in findings if finding.level == "added"]
    if new:
        more = f" ({len(new) - 1} more)" if len(new) > 1 else ""
        raise SchemaUnrecorded(
            f"{new[0].where} {new[0].what}{more}: record it with `eventfold schema accept`.",
            kind=new[0].kind,
            where=new[0].where,
            unrecorded=len(new),
        )


def _event(name: str, was: EventType | None, program: Program, *, anew: bool) -> EventType:
    current = program.version(name)
    versions = dict(was.versions) if was else {}
    made = program.made(name)
    kept = [] if anew or current not in versions else versions[current].samples
    found = {
        number: structs.replace(version, samples=_upcast(name, number, version.samples, program))
        for number, version in versions.items()
        if number < current
    }
    changed = current not in versions or versions[current].shape != made.shape
    found[current] = Version(made.shape, joined(kept, made.samples if changed or anew else []))
    return EventType(program.class_of(name), dict(sorted(found.items())))


def _upcast(name: str, version: int, samples: Iterable[Sample], program: Program) -> list[Sample]:
    return [Sample(s.data, program.upcast(name, version, s.data)) for s in samples]


def joined(kept: Iterable[Sample], more: Iterable[Sample]) -> list[Sample]:
    """Samples without doubles; those that were there come first."""
    found = {sample.data: sample for sample in more}
    first = {sample.data: sample for sample in kept}
    return [*first.values(), *(sample for data, sample in found.items() if data not in first)]


def with_samples(
    recorded: Recorded, program: Program, samples: Mapping[tuple[str, int], Iterable[str]]
) -> tuple[Recorded, int, list[EventfoldError]]:
    """What the file says with more samples, how many there are more, and why others were left out.

    A sample is taken only if the program reads it: the file never says what the program does not keep to.

    Args:
        recorded: what the file says now.
        program: what the code says.
        samples: data by stored name and version; names and versions that the program does not know are left out.
    """
    events, count, left_out = dict(recorded.events), 0, []
    for (name, version), texts in sorted(samples.items()):
        if name not in program.shapes:
            continue
        event = events.get(name) or EventType(program.class_of(name), {})
        was = event.versions.get(version, Version())
        taken = []
        for text in texts:
            error = program.refusal(name, version, text)
            if error is not None:
                left_out.append(error)
                continue
            old = version < program.version(name)
            taken.append(Sample(text, program.upcast(name, version, text) if old else None))
        now = joined(was.samples, taken)
        count += len(now) - len(was.samples)
        if now:
            versions = {**event.versions, version: structs.replace(was, samples=now)}
            events[name] = structs.replace(event, versions=dict(sorted(versions.items())))
    return structs.replace(recorded, events=dict(sorted(events.items()))), count, left_out
