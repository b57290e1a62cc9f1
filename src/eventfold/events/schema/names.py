"""What else is stored under a chosen name: categories, tables, handlers, other names that are read or ignored.

A table's columns are not guarded: they hold nothing that a rebuild would not fold again from the log.
"""

from collections.abc import Iterator

from eventfold.events.schema.finding import Finding
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import Category, Handling, Recorded


def judge_names(recorded: Recorded, program: Program) -> Iterator[Finding]:
    """Every difference between the names of a program and those that are recorded."""
    if recorded.untyped and not program.untyped:
        what = "no longer reads events of other names, which the log may hold: keep untyped=True"
        yield Finding("refused", "untyped-refused", program.app, program.app, what)
    elif program.untyped and not recorded.untyped:
        yield Finding(
            "added", "untyped-taken", program.app, program.app, "reads events of other names as well"
        )
    for name, was in recorded.categories.items():
        yield from _category(name, was, program)
    for name in sorted(program.categories.keys() - recorded.categories.keys()):
        yield Finding("added", "category-added", name, f"{name}-", "is a new category of streams")
    for name in recorded.tables:
        if name not in program.tables:
            what = "is gone or renamed: its rows in the state and the lake stay, but follow the log no longer"
            yield Finding("refused", "table-removed", name, name, f"{what}; keep the name with name={name!r}")
    for name in program.tables:
        if name not in recorded.tables:
            yield Finding("added", "table-added", name, name, "is a new table")
    for name, handling in recorded.handlers.items():
        yield from _handler(name, handling, recorded, program)
    for name, handling in program.handlers.items():
        if name not in recorded.handlers:
            yield Finding(
                "added", "handler-added", name, name, f"is a new handler, of the kind {handling.kind}"
            )
    for name in program.ignored:
        if name not in recorded.ignored:
            what = "is ignored from now on: tables leave out events of this type, and nothing warns of it"
            yield Finding("added", "ignored-added", name, name, what)
    for name in recorded.ignored:
        if name not in program.ignored:
            yield Finding("added", "ignored-removed", name, name, "is no longer ignored")


def _handler(name: str, was: Handling, recorded: Recorded, program: Program) -> Iterator[Finding]:
    now = program.handlers.get(name)
    if now is None:
        twin = next((n for n, h in program.handlers.items() if h == was and n not in recorded.handlers), None)
        how = f"is gone; {twin} takes the same: if it was renamed, write name={name!r}" if twin else "is gone"
        what = f"{how}. Its checkpoint and what it has parked stay, but another name begins anew"
        yield Finding("refused", "handler-removed", name, name, what)
        return
    if (now.kind, now.source) != (was.kind, was.source):
        before, after = (f"{h.kind} {h.source}".rstrip() for h in (was, now))
        what = f"was of the kind {before}, now {after}, and would go on where the other stood: give it a new name"
        yield Finding("refused", "meaning-changed", name, name, what)
    more = [event for event in now.events if event not in was.events]
    fewer = [event for event in was.events if event not in now.events]
    if more:
        what = f"takes {', '.join(more)} as well, from where it stands"
        yield Finding("added", "handler-widened", name, name, what)
    if fewer:
        yield Finding("added", "handler-narrowed", name, name, f"no longer takes {', '.join(fewer)}")


def _category(name: str, was: Category, program: Program) -> Iterator[Finding]:
    now = program.categories.get(name)
    if now is None:
        moved = next((c for c, found in program.categories.items() if found.aggregate == was.aggregate), None)
        how = f"{was.aggregate} has the category {moved!r} now" if moved else f"{was.aggregate} is gone"
        what = f"{how}, but streams are stored as {name}-...: write category={name!r}"
        yield Finding("refused", "category-changed", name, f"{name}-", what)
        return
    for event in was.events:
        if event not in now.events and event in program.shapes:  # one that is gone is told of by itself
            what = f"{now.aggregate} no longer takes {event}, which its streams may hold"
            yield Finding("refused", "aggregate-narrowed", name, f"{name}-", what)
    more = [event for event in now.events if event not in was.events]
    if more:
        yield Finding("added", "aggregate-widened", name, f"{name}-", f"takes {', '.join(more)} as well")
    if now.aggregate != was.aggregate:
        moved = next((c for c, found in program.categories.items() if found.aggregate == was.aggregate), None)
        if moved is None:
            yield Finding(
                "added", "aggregate-renamed", name, f"{name}-", f"was {was.aggregate}, now {now.aggregate}"
            )
        else:
            what = f"belongs to {now.aggregate} now, and {was.aggregate} has the category {moved!r}"
            yield Finding(
                "refused", "meaning-changed", name, f"{name}-", f"{what}: give each its own category= again"
            )
