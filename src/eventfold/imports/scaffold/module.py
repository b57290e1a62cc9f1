"""The text of an app. What stands in it of a log is written by `repr`, so that it can be nothing but text."""

from collections.abc import Iterator, Sequence

import msgspec

from eventfold.imports.scaffold.gathering import Path, Sight
from eventfold.imports.scaffold.naming import Names, as_class, plain, plural
from eventfold.readmodels.declaring.table import EVENTS

_HEAD = '''"""Tables over an imported log; written once by `eventfold import --scaffold`, and yours from then on.

Each table has a row for each stream of its category. The types of its columns hold every value that was in the log when
this was written. A later value that does not fit parks its stream, which `eventfold parked` shows: give the column the
type "string" then, and say `eventfold rebuild` with the name of the table, as after any change of a table.
"""

import eventfold as ef
'''
_CLASS = frozenset({"ef", "fold", "spec"})
"""What a column cannot be called: it would hide what its class uses, or be taken for a fold."""

_KEPT = frozenset({"log", "tables", "parked", "skips", "deleted", "published"})
"""What a state in SQLite calls tables of its own."""

_FIXED = (
    ("stream", "ef.key()"),
    ("events", "ef.count()"),
    ("last_event", "ef.last(ef.event_type)"),
    ("first_at", "ef.min(ef.occurred_at)"),
    ("last_at", "ef.max(ef.occurred_at)"),
)


class Scaffold(msgspec.Struct, frozen=True):
    """An app that can be written to a file.

    Attributes:
        text: of the module; the app is called `app` in it.
        tables: what its tables are called.
    """

    text: str
    tables: list[str]


def scaffold(name: str, sights: Sequence[Sight]) -> Scaffold:
    """The app for what was seen.

    Args:
        name: of the app.
        sights: the categories; at least one.
    """
    tables, classes = Names({EVENTS, *_KEPT}), Names({"ef", "app"})
    parts, named = [_HEAD], []
    for sight in sights:
        table = tables.take(plural(plain(sight.category, "table")))
        own = classes.take(as_class(table))
        constant = classes.take(f"{table.upper()}_TYPES".replace("__", "_"))
        parts.append("\n".join(_table(sight, table, own, constant)))
        named.append((table, own))
    listed = ", ".join(own for _, own in named)
    parts.append(f"\napp = ef.App({name!r}, tables=[{listed}], untyped=True)\n")
    return Scaffold("\n".join(parts), [table for table, _ in named])


def _table(sight: Sight, table: str, own: str, constant: str) -> Iterator[str]:
    columns = sight.columns()
    types = sight.named_types()
    if is_used := any(column.types is None for column in columns):
        yield f"{constant} = ["
        yield from (f"    {name!r}," for name in types)
        yield "]"
        yield ""
    yield ""
    yield f"class {own}(ef.Table, name={table!r}, category={sight.category!r}):"
    yield from _left_out(sight, len(columns), len(types) if is_used else None)
    names = Names(_CLASS)
    for name, value in _FIXED:
        yield f"    {names.take(name)} = {value}"
    for path, kind, few in columns:
        column, written = names.take(plain("_".join(path), "field")), _written(path, sight)
        if few is not None and len(few) == 1:
            yield f"    {column} = ef.last(ef.field({few[0]!r}, {written!r}), {kind!r})"
            continue
        among = constant if few is None else f"[{', '.join(map(repr, few))}]"
        yield f"    {column} = ef.last([ef.field(name, {written!r}) for name in {among}], {kind!r})"
    yield ""


def _written(path: Path, sight: Sight) -> str:
    """The path as a column says it; in quotes where it could mean another field too."""
    other = (".".join(path),)
    if len(path) > 1 and not sight.more_fields and other not in sight.fields:
        return ".".join(f'"{step}"' if "." in step else step for step in path)
    return ".".join(f'"{step}"' if "." in step or len(path) > 1 else step for step in path)


def _left_out(sight: Sight, columns: int, types: int | None) -> Iterator[str]:
    """Comments, of our own words and numbers alone."""
    maps = {path[:-1] for path in sight.fields}
    unfit = [path for path, seen in sight.fields.items() if not seen.guess.type_name]
    nested = sum(path not in maps for path in unfit)
    other = len(sight.fields) - len(unfit) - columns
    if nested:
        yield f"    # {nested:,} fields hold lists or maps, for which a column has no place: left out."
    if other or sight.more_fields:
        yield f"    # {other:,}{' or more' if sight.more_fields else ''} rarer fields: left out."
    if types is not None and types < len(sight.types):
        yield f"    # fields of many types are looked for in the {types:,} types that are named above."
