"""What else is stored under a chosen name: categories, tables, whether other names are read, and which are ignored.

A table's columns are not guarded: they hold nothing that a rebuild would not fold again from the log.
"""

from collections.abc import Iterator

from eventfold.events.schema.finding import Finding
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import Category, Recorded


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
    for name in program.ignored:
        if name not in recorded.ignored:
            what = "is ignored from now on: tables leave out events of this type, and nothing warns of it"
            yield Finding("added", "ignored-added", name, name, what)
    for name in recorded.ignored:
        if name not in program.ignored:
            yield Finding("added", "ignored-removed", name, name, "is no longer ignored")


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
