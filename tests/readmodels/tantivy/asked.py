"""Requests at random, of every operator of the grammar, over the values that the rows of the shelf have."""

import random
from typing import Any, get_args

from eventfold.readmodels.search.matching import answered
from eventfold.readmodels.search.port import SearchPublication
from eventfold.readmodels.search.request import Order, Request, compared
from eventfold.readmodels.search.terms import Term, parse_terms
from eventfold.readmodels.search.tree import AllOf, AnyOf, Compare, Condition, IsNull, Not, OneOf, Operator
from tests.readmodels.tantivy.shelf import SPEC, STATUSES, TEXTS

_VALUES: dict[str, list[Any]] = {
    "id": ["box-1", "box-17", "box-none"],
    "status": [status for status in STATUSES if status is not None],
    "count": [0, 1, 2, -(2**63), 2**63 - 1],
    "gift": [True, False],
    "day": [0, 20_000, -719_162],
    "price": [0, 1050, -1, 10**18 - 1],
    "wide": [0, 1, -1, 2**64, 2**64 + 1, -(2**64), 10**38 - 1, 1 - 10**38],
    "weight": [0.0, -0.0, 1.5, -1e300, 1e300],
    "at": [0, 1, 1_700_000_000_000_001, -62_135_596_800_000_000],
    "note": [*TEXTS],
}
_WORDS = [
    "blue", "MUG", "red mug", "ord*", "straße", "STRASSE", "öl*", "青い", "マ*", "o'brien", "hand", "nowhere", "m*",
    "x" * 100, "x" * 99 + "*", '"the red the"', '"made hand"', "mug,hand",
]  # fmt: skip
UNORDERED = {"id", "status", "gift", "note"}


def condition(chance: random.Random, depth: int = 3) -> Condition:
    match chance.randrange(7 if depth else 4):
        case 0:
            return IsNull(chance.choice([*_VALUES]))
        case 1:
            name = chance.choice([*_VALUES])
            return OneOf(name, tuple(chance.sample(_VALUES[name], 2)))
        case 2 | 3:
            name = chance.choice([*_VALUES])
            operator: Operator = "=" if name in UNORDERED else chance.choice(get_args(Operator))
            return Compare(name, operator, chance.choice(_VALUES[name]))
        case 4:
            return Not(condition(chance, depth - 1))
        case kind:
            parts = tuple(condition(chance, depth - 1) for _ in range(chance.randrange(2, 4)))
            return AllOf(parts) if kind == 5 else AnyOf(parts)


def request(chance: random.Random) -> Request:
    spec = SPEC.search
    assert spec is not None
    assert set(_VALUES) == set(compared(SPEC))
    terms: tuple[Term, ...] = ()
    if chance.random() < 0.6:
        words = [chance.choice(["", "", "-"]) + chance.choice(_WORDS) for _ in range(chance.randrange(1, 4))]
        terms = parse_terms(" ".join(words))
    order = Order(chance.choice(["id", *spec.sort]), chance.random() < 0.5)
    return Request(
        terms=terms,
        where=condition(chance) if chance.random() < 0.7 else None,
        facets=tuple(chance.sample(spec.facets, chance.randrange(3))),
        order=order if chance.random() < 0.8 else None,
        page=chance.randrange(1, 5),
        size=chance.choice([1, 2, 3, 7, 20, 1000]),
    )


def differs(found: SearchPublication, rows: dict[str, Any], request: Request) -> str:
    """What an index answers otherwise than the reference; empty where nothing."""
    wanted, facets = answered(SPEC, request, rows.values())
    got = found.find(request)
    if got.total != len(wanted):
        return f"{got.total} instead of {len(wanted)}"
    if got.facets != facets:
        return f"facets {got.facets} instead of {facets}"
    page = [row["id"] for row in wanted[request.offset : request.offset + request.size]]
    keys = [row.cells[0] for row in got.rows]
    if request.order is None and any(not term.excluded for term in request.terms):
        all_keys = {row["id"] for row in wanted}
        return "" if len(keys) == len(page) and set(keys) <= all_keys else f"{keys} instead of {page}"
    if keys != page:
        return f"{keys} instead of {page}"
    whole = [list(rows[key].values()) for key in page]
    return "" if [list(row.cells) for row in got.rows] == whole else "other cells"
