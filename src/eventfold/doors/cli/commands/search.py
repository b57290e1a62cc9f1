"""`eventfold search`: the rows of a table that have words, and for which a condition holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say, warn
from eventfold.limits import INT_MAX
from eventfold.readmodels.search.request import PAGE_MOST, PAGE_SIZE
from eventfold.words import how_many

if TYPE_CHECKING:
    from eventfold.readmodels.search.result import Hit, SearchResult


@click.command()
@click.argument("table")
@click.argument("text", default="")
@click.option("--where", metavar="CONDITION", default="", help="What must hold, as status = 'Shipped'.")
@click.option("--facet", "facets", metavar="COLUMN", multiple=True, help="Count its values; may be repeated.")
@click.option("--order", metavar="COLUMN", default="", help="Order by it; -COLUMN: the largest first.")
@click.option("--page", type=click.IntRange(1, INT_MAX), default=1, show_default=True, help="Which page.")
@click.option(
    "--size", type=click.IntRange(1, PAGE_MOST), default=PAGE_SIZE, show_default=True, help="Rows of a page."
)
@pass_settings
def search(
    settings: Settings,
    table: str,
    text: str,
    where: str,
    facets: tuple[str, ...],
    order: str,
    page: int,
    size: int,
) -> None:
    """Find rows of a table by words of its texts, in the index that `eventfold run` keeps.

    All words must be there. "Two words" in quotes stand one behind the other, -word must not be there, begin* finds
    what begins so. Where words that begin with - come first, write -- before the table.

    Example: eventfold search orders "blue mug" --where "status = 'Shipped'" --facet status
    """
    with settings.open_app() as live:
        found = live.search(table, text, where=where, facets=facets, order=order, page=page, size=size)
    if settings.json:
        print_json(as_json(found))
    else:
        _show(found)
        warn(found.warnings, parked=bool(found.parked))


def as_json(found: "SearchResult") -> dict[str, Any]:
    """An answer as JSON has it."""
    return {
        "table": found.table,
        "total": found.total,
        "page": found.page,
        "pages": found.pages,
        "hits": [
            {
                "key": hit.key,
                "score": hit.score,
                "row": hit.row,
                "highlights": msgspec.to_builtins(hit.highlights),
            }
            for hit in found.hits
        ],
        "facets": {
            name: [{"value": one.value, "count": one.count} for one in counts]
            for name, counts in found.facets.items()
        },
        "warnings": list(found.warnings),
    }


def _show(found: "SearchResult") -> None:
    if found.hits:
        rows = [{**hit.row, "found": "\n".join(_marked(hit))} for hit in found.hits]
        names = [*found.hits[0].row]
        print_table(rows, [*names, "found"] if any(row["found"] for row in rows) else names)
    for name, counts in found.facets.items():
        print_table([{name: one.value, "count": one.count} for one in counts], [name, "count"])
    pages = f"; page {found.page:,} of {found.pages:,}" if found.pages > 1 else ""
    say(f"{how_many(found.total, 'row')} of {found.table}{pages}")


def _marked(hit: "Hit") -> Iterator[str]:
    for name, highlights in hit.highlights.items():
        for one in highlights:
            yield f"{name}: {one.marked('[', ']')}"
