"""Identifiers for names that somebody else chose: a-z, 0-9 and _ alone, each once, none that Python or SQL reads."""

import keyword
import re
import unicodedata
from collections.abc import Iterable

LENGTH = 40
"""Characters that are taken of a name; a table allows 48, with the number where two are alike."""

_LOOKED_AT = 200
_OTHER = re.compile("[^a-z0-9]+")
_SQL = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "default",
        "deferrable",
        "desc",
        "describe",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "group",
        "having",
        "in",
        "initially",
        "intersect",
        "into",
        "lambda",
        "lateral",
        "leading",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "pivot",
        "pivot_longer",
        "pivot_wider",
        "placing",
        "primary",
        "qualify",
        "references",
        "returning",
        "select",
        "show",
        "some",
        "summarize",
        "symmetric",
        "table",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "unpivot",
        "using",
        "variadic",
        "when",
        "where",
        "window",
        "with",
    ]
)
"""What DuckDB reserves: such a name would have to be quoted in every question."""


class Names:
    """Gives names, each once.

    Args:
        taken: what is none of them.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, name: str) -> str:
        """The name itself; with `_` behind it where it means something, with a number where it is taken."""
        if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _SQL:
            name += "_"
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name.rstrip('_')}_{number}"
        self._taken.add(found)
        return found


def plain(name: str, otherwise: str) -> str:
    """What a name has of a-z and 0-9, with `_` for all else, beginning with a letter.

    Args:
        name: any text.
        otherwise: the word for one that has none of them; also what stands before a digit.
    """
    ascii_ = unicodedata.normalize("NFKD", name[:_LOOKED_AT]).encode("ascii", "ignore").decode().lower()
    found = _OTHER.sub("_", ascii_).strip("_")[:LENGTH].strip("_")
    if not found:
        return otherwise
    return found if found[0].isalpha() else f"{otherwise}_{found}"[:LENGTH].strip("_")


def plural(name: str) -> str:
    """What a table of such things is called: orders, categories, cases."""
    if name.endswith("s"):
        return name
    if name.endswith("y") and name[-2:-1] not in ("", *"aeiou_"):
        return f"{name[:-1]}ies"
    return f"{name}s"


def as_class(name: str) -> str:
    """What the class of a table is called: `PurchaseOrders` for `purchase_orders`."""
    return "".join(part.capitalize() for part in name.split("_"))
