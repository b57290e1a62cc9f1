"""`orderby`: by which fields, or by score. Null comes first ascending and last descending."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventfold.testing.aisearch.schema.documents import Document
from eventfold.testing.aisearch.schema.fields import Field
from eventfold.testing.aisearch.wire import expression

_CLAUSE = re.compile(r"\s*([A-Za-z_]\w*|search\.score\(\))(?:\s+(asc|desc))?\s*", re.ASCII)
_MOST = 32
SCORE = "search.score()"


@dataclass(frozen=True, slots=True)
class Clause:
    """One criterion."""

    name: str
    descending: bool

    def place(self, document: Document) -> tuple[int, Any]:
        """What a document is sorted by; NaN stands above all numbers."""
        value = document.get(self.name)
        if value is None:
            return 0, 0
        if isinstance(value, float) and math.isnan(value):
            return 2, 0
        return 1, value


def read_order(text: str, fields: Mapping[str, Field]) -> list[Clause]:
    """The criteria, the weightiest first.

    Raises:
        Refused: 400, the service does not take it.
    """
    clauses: list[Clause] = []
    for part in text.split(","):
        found = _CLAUSE.fullmatch(part)
        if found is None:
            raise expression("$orderby", f"Syntax error near '{part.strip()[:40]}'.")
        name = found[1]
        if name != SCORE:
            if name not in fields:
                raise expression(
                    "$orderby", f"Could not find a property named '{name}' on type 'search.document'."
                )
            if not fields[name].sortable:
                raise expression(
                    "$orderby",
                    f"'{name}' is not a sortable field. Only sortable fields can be used in $orderby.",
                )
        clauses.append(Clause(name, found[2] == "desc"))
    if len(clauses) > _MOST:
        raise expression("$orderby", f"There are more than {_MOST} clauses.")
    return clauses
