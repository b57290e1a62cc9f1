"""`Table`: a read model declared as a class, compiled once into a `TableSpec`."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import msgspec

from eventfold.errors import InvalidStream, TableInvalid
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.freshness import seconds_of
from eventfold.readmodels.declaring.renaming import Renamed
from eventfold.readmodels.declaring.search import Search, SearchSpec, compile_search
from eventfold.readmodels.declaring.values import Const, Envelope, EventType, Field, stored_name
from eventfold.readmodels.declaring.views.spec import View, ViewSpec, bind_all
from eventfold.store.names import check_category

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
EVENTS = "events"
"""What queries call the events of the log: no table's name."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
OnError = Literal["park", "stop"]
Fold = Callable[[dict[str, Any] | None, Any], Mapping[str, Any] | None]


class TableSpec(msgspec.Struct, frozen=True):
    """A compiled table definition: pure data, but for the Python fold.

    Attributes:
        name: of the table, in SQL and in the lake.
        category: the only category of streams it looks at; empty = every stream.
        key_name: the name of the key column.
        key: the key.
        columns: the columns by name, in the order they were declared.
        delete_on: the stored names that remove a row.
        types: the stored names it looks at; None = every event of its category.
        fold: the Python fold, where the columns are not declared.
        on_error: what an event that cannot be folded does: it parks its stream, or it stops the table.
        views: the questions that are declared beside its columns, by name.
        fresh: seconds that an event may wait to be seen; None where nothing is declared.
        renamed: the name that it had before, see `ef.renamed`; empty = none.
        search: what a search looks at; None = it cannot be searched.
    """

    name: str
    category: str
    key_name: str
    key: Column
    columns: dict[str, Column]
    delete_on: tuple[str, ...]
    types: frozenset[str] | None
    fold: Fold | None = None
    on_error: OnError = "park"
    views: dict[str, ViewSpec] = {}
    fresh: float | None = None
    renamed: str = ""
    search: SearchSpec | None = None

    @property
    def key_is_stream(self) -> bool:
        """Whether every row belongs to one stream."""
        return not self.key.values

    @property
    def in_order_only(self) -> bool:
        """Whether the events of a key must be folded in order (no commutative merge)."""
        return bool(self.delete_on) or self.fold is not None

    @property
    def takes_late_events(self) -> bool:
        """Whether events that were parked can be folded after later ones of other streams."""
        return self.key_is_stream or not self.in_order_only

    @property
    def named(self) -> frozenset[str]:
        """The stored names that the definition speaks of."""
        columns = (self.key, *self.columns.values())
        values = {v.event for c in columns for v in c.values if not isinstance(v, Envelope)}
        return frozenset(values).union(self.delete_on, self.types or (), *(c.on for c in columns))

    @property
    def fingerprint(self) -> str:
        """Changes whenever the rows could differ; a Python fold is known by its name only.

        `on_error` and `search` are not in it: they say when rows come and how they are found, not what they are; nor
        are views, which have no rows, and a name of before.
        """
        described = [
            self.name,
            self.category,
            self.key_name,
            self.key.described(),
            [(name, column.described()) for name, column in self.columns.items()],
            sorted(self.delete_on),
            sorted(self.types) if self.types is not None else None,
            self.fold.__qualname__ if self.fold else None,
        ]
        return hashlib.sha256(msgspec.json.encode(described)).hexdigest()[:32]


class Table:
    """A table of current state, one row per key.

        class Orders(Table, category="order"):
            order_id = key()
            status = last({OrderCreated: "Created", OrderShipped: "Shipped"})
            created_at = first(recorded_at)

    Class keywords: `name` (default: the class name in snake case), `category` (limits it to streams of one category),
    `events` (the types it looks at, default: those its columns name; with a category and no such column, every event).
    An envelope value or a count without `on=` looks at all events that the table looks at. `on_error="stop"` lets an
    event that cannot be folded stop the table (`TableStopped`), instead of parking its stream while others go on.

    `fresh="5 s"` (ms, s, min, h, d, or a `timedelta`) says how long an event may wait to be seen in its rows, wherever
    they are published: `status`, the figures and `eventfold watch` tell where it waits for longer.

    Questions about its rows stand beside its columns, as `daily_revenue = ef.view(...)`, and are asked by that name.

    Instead of declared columns a table may have `column(type)`s and a static method `fold(row, event)` that returns the
    new row as a map, or None to remove it.

    What a search of the table looks at is declared by `search(...)`, in the body too.

    Raises:
        TableInvalid: at class creation, naming the column, or the category to use for one that no stream can have.
    """

    spec: ClassVar[TableSpec]

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        category: str = "",
        events: tuple[EventType, ...] | list[EventType] = (),
        on_error: OnError = "park",
        fresh: str | timedelta | None = None,
    ) -> None:
        super().__init_subclass__()
        cls.spec = compile_table(
            name or _WORD.sub("_", cls.__name__).lower(),
            category,
            {n: c for n, c in vars(cls).items() if isinstance(c, Column)},
            events,
            getattr(cls, "fold", None),
            on_error,
            {n: v for n, v in vars(cls).items() if isinstance(v, View)},
            fresh=fresh,
            renamed=[v.name for v in vars(cls).values() if isinstance(v, Renamed)],
            searches=[found for found in vars(cls).values() if isinstance(found, Search)],
        )


def is_name(given: str) -> bool:
    """Whether a table, a column or a view could be called so."""
    return _NAME.fullmatch(given) is not None


def compile_table(
    name: str,
    category: str,
    declared: Mapping[str, Column],
    events: tuple[EventType, ...] | list[EventType] = (),
    fold: Fold | None = None,
    on_error: OnError = "park",
    views: Mapping[str, View] = MappingProxyType({}),
    *,
    fresh: str | timedelta | None = None,
    renamed: Sequence[str] = (),
    searches: Iterable[Search] = (),
) -> TableSpec:
    """The spec of a table from its parts; errors as `Table`."""
    for used in (name, *declared, *views):
        if not is_name(used):
            raise TableInvalid(
                f"{used!r} cannot be a name in a table: use a-z, 0-9 and _, beginning with a letter."
            )
    if name == EVENTS:
        raise TableInvalid(
            f"{name!r} is what queries call the events of the log: give the table another name, as in `class"
            ' Events(Table, name="event_rows")`. It is folded anew under it, by the next `eventfold run`.',
            table=name,
        )
    if taken := {EVENTS, name, *declared} & views.keys():
        raise TableInvalid(
            f"{name}: a view cannot be called {min(taken)!r}, which has that name already: give it another one.",
            table=name,
        )
    if on_error not in get_args(OnError):
        raise TableInvalid(f"{name}: on_error is 'park' or 'stop', not {on_error!r}.")
    _check_category(name, category)
    keys = [(n, c) for n, c in declared.items() if c.reducer == "key"]
    if len(keys) != 1:
        raise TableInvalid(f"{name}: a table has one key, ef.key(); this one has {len(keys)}.")
    deletes = tuple(t for c in declared.values() if c.reducer == "delete_on" for t in c.on)
    columns = {n: c for n, c in declared.items() if c.reducer not in {"key", "delete_on"}}
    _check_fold(name, columns, deletes, fold)
    key_name, key_column = keys[0]
    types = _types(category, [*columns.values()], deletes, events)
    if types is None and not category:
        raise TableInvalid(f"{name}: no column names an event type; give the table a category= or events=.")
    _check_key(name, key_column, types)
    bound = bind_all(name, views.items(), key_name, columns)
    return TableSpec(
        name,
        category,
        key_name,
        key_column,
        columns,
        deletes,
        types,
        fold,
        on_error,
        bound,
        seconds_of(name, fresh),
        _check_renamed(name, renamed),
        compile_search(name, declared, searches),
    )


def _check_renamed(name: str, renamed: Sequence[str]) -> str:
    if len(renamed) > 1:
        raise TableInvalid(
            f"{name}: a table had one name before, ef.renamed(...); leave all but the last out."
        )
    for was in renamed:
        if not isinstance(was, str) or not is_name(was) or was == name:
            raise TableInvalid(
                f'{name}: ef.renamed takes the name that the table had before, as text, as in ef.renamed("orders"), not'
                f" {was!r:.60}."
            )
    return renamed[0] if renamed else ""


def _check_category(name: str, category: str) -> None:
    try:
        if category != "":
            check_category(category)
    except InvalidStream as error:
        raise TableInvalid(f"{name}: {error.message}", table=name) from None


def _types(
    category: str,
    columns: list[Column],
    deletes: tuple[str, ...],
    events: tuple[EventType, ...] | list[EventType],
) -> frozenset[str] | None:
    named = {stored_name(event) for event in events}
    if named:
        return frozenset(named)
    open_ended = any(not c.on and all(isinstance(v, Envelope) for v in c.values) for c in columns)
    if category and (open_ended or any(c.reducer == "fold" for c in columns)):
        return None
    for c in columns:
        named.update(v.event for v in c.values if not isinstance(v, Envelope))
        named.update(c.on)
    return frozenset(named.union(deletes)) or None


def _check_fold(
    name: str, columns: Mapping[str, Column], deletes: tuple[str, ...], fold: Fold | None
) -> None:
    folded = [n for n, c in columns.items() if c.reducer == "fold"]
    if fold is None and folded:
        raise TableInvalid(f"{name}.{folded[0]}: ef.column() is filled by a fold; the table has none.")
    if fold is not None and (len(folded) < len(columns) or deletes):
        raise TableInvalid(f"{name}: a table has either a fold with ef.column()s, or reducers; not both.")


def _check_key(name: str, key: Column, types: frozenset[str] | None) -> None:
    events = {v.event for v in key.values if isinstance(v, Field | Const)}
    if events and types is None:
        raise TableInvalid(
            f"{name}: with a key of its own the table must name its event types: events=[...]."
        )
    if events and types is not None and types - events:
        missing = ", ".join(sorted(types - events))
        raise TableInvalid(f"{name}: the key has no value for {missing}, which the table looks at.")
