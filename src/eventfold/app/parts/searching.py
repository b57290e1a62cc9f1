"""`WithSearch`: what a live app finds in its tables."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import structs

from eventfold.app.parts.tables import WithTables
from eventfold.errors import ConfigInvalid, TableBehind
from eventfold.feed.cursor import Token
from eventfold.feed.port import Feed
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.search.request import PAGE_SIZE, request
from eventfold.readmodels.telling import Distance, parked_warnings

if TYPE_CHECKING:
    from eventfold.readmodels.search.port import SearchPublication
    from eventfold.readmodels.search.result import SearchResult

_POLL_SECONDS = 0.02
_WAIT_SECONDS = 10.0


class WithSearch(WithTables):
    """What of a live app searches."""

    _distance: Distance

    def search(
        self,
        table: type[Table] | str,
        text: str = "",
        *,
        where: str = "",
        facets: Iterable[str] = (),
        order: str = "",
        page: int = 1,
        size: int = PAGE_SIZE,
        after: Token | None = None,
    ) -> "SearchResult":
        """The rows of a table that have words, and for which a condition holds: a page of them, with facets.

            live.search(Orders, "blue mug", where="status = 'Shipped'", facets=["status"])

        What is searched is what the table's `search` declares, as `run` or `catch_up` has brought it to the index; the
        answer says how far that is behind the log.

        Args:
            table: by its class or its name.
            text: words that all stand in the row. A phrase stands in double quotes, `-` before a term excludes it, `*`
                behind a word finds those that begin so. Empty: every row.
            where: comparisons of columns, as in `status = 'Shipped' and total >= 10.50`.
            facets: columns whose values are counted, over all that is found.
            order: a column, `-` before it for the largest first. Default: the best first; without words, by key.
            page: from 1.
            size: of a page, 1 to 1,000.
            after: waits until the index contains what an append answered with.

        Raises:
            TableNotFound: the app has no such table.
            TableInvalid: it does not declare a search, or is in the index under another definition.
            QueryInvalid, FilterInvalid, RangeInvalid: it is not asked as it can be.
            ConfigInvalid: the app was opened without `search`.
            TableBehind: nothing is in the index yet, or it did not reach `after` in time.
        """
        from eventfold.readmodels.search.result import result

        asked_of = self.table(table)
        asked = request(
            asked_of.layout.spec, text, where=where, facets=facets, order=order, page=page, size=size
        )
        name, index = asked_of.name, asked_of.index
        if index is None:
            raise ConfigInvalid(
                f"{name} is searched in an index, and none is kept: name its folder, --search FOLDER (in Python"
                " search=...).",
                key="search",
            )
        if after is not None:
            _wait(name, index, self.store.feed(), after)
        answer = result(asked_of.layout, asked, index.find(asked))
        head = structs.replace(asked_of.live().head(), cursor=answer.cursor)
        behind, warnings = self._distance({name: head})
        return structs.replace(
            answer,
            behind=behind.get(name, 0),
            warnings=[*parked_warnings({name: answer.parked}), *warnings],
        )


def _wait(name: str, index: "SearchPublication", feed: Feed, token: Token) -> None:
    target = feed.at(token)
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        there = index.head()
        if there is not None and feed.compare(there.stamp.cursor, target) in {"equal", "after"}:
            return
        if time.monotonic() >= until:
            raise TableBehind(
                f"The search index of {name} did not reach the append within {_WAIT_SECONDS:g} s: start a worker,"
                " `eventfold run`, or bring it there now, with live.catch_up() or `eventfold run --once`.",
                table=name,
            )
        time.sleep(_POLL_SECONDS)
