"""What may stand inside `any` and `all`: less than outside, and other things for each type, as the service has it.

strings      any: equalities joined by `or`; all: inequalities joined by `and`
booleans     one clause
the others   any: `or` of `and`, all: `and` of `or`; `ne` in any, `eq` in all stand for themselves
"""

from collections.abc import Sequence

from eventfold.testing.aisearch.odata.tree import Compared, Expression, Joined, Negated, NotUnderstood, OneOf
from eventfold.testing.aisearch.schema.types import BOOLEAN, STRING

_OPPOSITE = {"eq": "ne", "ne": "eq", "gt": "le", "le": "gt", "ge": "lt", "lt": "ge"}
_JOINS = {"any": ("or", "and"), "all": ("and", "or")}
_ALONE = {"any": "ne", "all": "eq"}


def check_body(quantifier: str, body: Expression, kind: str) -> None:
    """Refuses a body that the service does not take.

    Args:
        quantifier: "any" or "all".
        body: what stands behind the colon.
        kind: the type of the elements.

    Raises:
        NotUnderstood: it does not take it.
    """
    if kind == BOOLEAN:
        if isinstance(body, Joined):
            raise _complex("one clause is all that a collection of Edm.Boolean takes")
        return
    outer, inner = _JOINS[quantifier]
    for part in _parts(body, outer):
        leaves = [_leaf(each) for each in _parts(part, inner)]
        if kind == STRING:
            _check_strings(quantifier, leaves)
        elif len(leaves) > 1 and _ALONE[quantifier] in leaves:
            raise _complex(f"'{_ALONE[quantifier]}' cannot be joined by '{inner}' there")


def _check_strings(quantifier: str, leaves: Sequence[str]) -> None:
    if len(leaves) > 1:
        raise _complex("For 'any', join subexpressions with 'or'; for 'all', join them with 'and'")
    wanted = "eq" if quantifier == "any" else "ne"
    if leaves[0] in ("gt", "lt", "ge", "le"):
        raise NotUnderstood(
            "Invalid lambda expression. Found a comparison operator (one of 'lt', 'le', 'gt', or 'ge'). Only equality "
            "operators are allowed in lambda expressions that iterate over fields of type Collection(Edm.String)."
        )
    if leaves[0] != wanted:
        raise NotUnderstood(
            "Invalid lambda expression. Found a test for equality or inequality where the opposite was expected in a "
            "lambda expression that iterates over a field of type Collection(Edm.String). For 'any', use expressions "
            "of the form 'x eq y' or 'search.in(...)'. For 'all', use expressions of the form 'x ne y', "
            "'not (x eq y)', or 'not search.in(...)'."
        )


def _parts(expression: Expression, operator: str) -> Sequence[Expression]:
    if isinstance(expression, Joined) and expression.operator == operator:
        return [leaf for part in expression.parts for leaf in _parts(part, operator)]
    return [expression]


def _leaf(expression: Expression) -> str:
    match expression:
        case Compared(operator):
            return operator
        case OneOf():
            return "eq"
        case Negated(operand) if not isinstance(operand, Joined):
            return _OPPOSITE[_leaf(operand)]
    raise _complex("For 'any', use 'ORs of ANDs'; for 'all', use 'ANDs of ORs'")


def _complex(why: str) -> NotUnderstood:
    return NotUnderstood(
        f"Invalid lambda expression. Found an unsupported form of complex Boolean expression: {why}."
    )
