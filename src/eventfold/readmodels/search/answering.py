"""What all indexes of a table share: when one answers for it, what its stamp carries, how cells stand in it."""

from typing import Literal

from msgspec import structs

from eventfold.errors import TableBehind, TableInvalid
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.publishing.publication import LeftOut, Stamp, named_streams
from eventfold.readmodels.search.request import searched
from eventfold.readmodels.telling import rebuilding

_DIGITS = 18
"""Of a decimal that fits a whole number of 64 bits."""
Form = Literal["text", "number", "wide", "float", "boolean"]


def form_of(kind: ColumnType) -> Form:
    """How cells of a type stand in an index; `wide` are decimals that take two numbers."""
    match kind.kind:
        case "string":
            return "text"
        case "double":
            return "float"
        case "boolean":
            return "boolean"
        case "decimal" if kind.precision > _DIGITS:
            return "wide"
        case _:
            return "number"


class Declared:
    """What the index of a table is to be made for.

    Args:
        layout: of the table.

    Raises:
        TableInvalid: it does not declare a search.
    """

    def __init__(self, layout: Layout) -> None:
        spec = layout.spec
        self._name = spec.name
        self._fingerprint = layout.fingerprint
        self.search = searched(spec).fingerprint({spec.key_name: spec.key, **spec.columns})
        """Changes whenever the index could differ."""

    def none_yet(self) -> TableBehind:
        """What is said where nothing was published."""
        return TableBehind(
            f"{self._name} is in no search index yet: `eventfold run --once` (live.catch_up()) brings it there.",
            table=self._name,
        )

    def check(self, stamp: Stamp, search: str) -> None:
        """Looks whether an index answers for the table as it is declared now.

        Args:
            stamp: of what the index contains.
            search: what it was made for.

        Raises:
            TableInvalid: its rows were folded under another definition.
            TableBehind: it was made for another declaration of `search`.
        """
        if stamp.fingerprint != self._fingerprint:
            raise TableInvalid(
                f"{self._name} is in the search index under another definition: rebuild it, with"
                f" {rebuilding(self._name)}.",
                table=self._name,
            )
        if search != self.search:
            raise TableBehind(
                f"The search index of {self._name} was made for another ef.search(): `eventfold run --once`"
                " (live.catch_up()) makes it anew.",
                table=self._name,
            )


def stamped(stamp: Stamp, left_out: LeftOut) -> Stamp:
    """The stamp as an index carries it: nobody goes on from there, so that what is left out is told and not kept."""
    return structs.replace(
        stamp,
        parked=named_streams(left_out.parked),
        parked_count=len(left_out.parked),
        parked_file="",
    )
