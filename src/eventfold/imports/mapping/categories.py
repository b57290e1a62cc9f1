"""Which category the streams of an import have, where what was asked for cannot be one: `purchase-order`, for example.

A category ends before the first `-` of a stream's name. A dash is mapped to `_`, unless the log holds streams of the
name that was asked for: an entity never stands in two streams.
"""

from collections.abc import Iterator
from itertools import islice

from eventfold.errors import ConfigInvalid, InvalidStream
from eventfold.imports.files.ocel.ocel import OF_TYPE
from eventfold.imports.files.rows import Row
from eventfold.imports.mapping.mapping import Mapping
from eventfold.imports.report import ImportReport
from eventfold.imports.settling.knowing import owner_of
from eventfold.store.names import as_category, check_category
from eventfold.store.port import Store

_LOOKED_AT = 100
"""Streams of a category."""


def prefix_for(store: Store, asked: str, report: ImportReport) -> str:
    """What stands before the first id in the name of a stream; the report says which category that is.

    Args:
        store: the log.
        asked: for which category; empty = the rows hold whole names.
        report: gets `category`, and `asked_category` where they differ.

    Raises:
        ConfigInvalid: no category can be made of it.
    """
    if not asked:
        return asked
    try:
        report.category = check_category(as_category(asked) if isinstance(asked, str) else asked)
    except InvalidStream as error:
        raise ConfigInvalid(f"{error.message} Choose another one: --category NAME.", key="category") from None
    if "-" not in asked:
        return asked
    report.asked_category = asked
    before = asked.partition("-")[0]
    if before and any(found.stream.startswith(f"{asked}-") for found in store.streams(before)):
        report.category = before
        return asked
    return report.category


def shared_category(store: Store, mapping: Mapping, source: str) -> str:
    """What a person should know where the streams of a type of objects may be those of another type; else empty.

    `sales-order` and `sales_order` would have one category, and no event says which of them it came from: it is told
    where the category holds events of another log than the one that is imported.

    Args:
        store: the log.
        mapping: of the import.
        source: the name of the log that is imported.
    """
    of = [name.removeprefix(OF_TYPE) for name in mapping.stream if name.startswith(OF_TYPE)]
    if len(of) != 1 or "_" not in mapping.category or as_category(of[0]) != mapping.category:
        return ""
    some = [found.stream for found in islice(store.streams(mapping.category), _LOOKED_AT)]
    owners = {owner_of(end.metadata) for end in store.ends(some)} - {source, None} if some else set()
    if not owners:
        return ""
    return (
        f"the category {mapping.category!r} holds streams from {min(map(str, owners))!r} already: if those are of a"
        f" type of objects that is written like {of[0]!r}, they are mixed now; --category NAME keeps them apart."
    )


def distinct_types(rows: Iterator[Row], stream: tuple[str, ...], prefix: str) -> Iterator[Row]:
    """The rows of an OCEL file, once it is known that no other type of its objects would get the same category.

    Args:
        rows: of the file, each with all types of objects.
        stream: the columns that name the stream.
        prefix: what an object type was mapped to.

    Raises:
        ConfigInvalid: another type is called so, or would be mapped to it.
    """
    for row in rows:
        if row.error is None:
            own = {name.removeprefix(OF_TYPE) for name in stream if name.startswith(OF_TYPE)}
            for name in row.cells if own else ():
                other = name.removeprefix(OF_TYPE)
                if name.startswith(OF_TYPE) and other not in own and as_category(other) == prefix:
                    raise ConfigInvalid(
                        f"The streams of {min(own)!r:.60} would have the category {prefix!r:.60}, which belongs to"
                        f" another type of this file, {other!r:.60}: choose one with --category NAME.",
                        key="category",
                    )
            yield row
            break
        yield row
    yield from rows
