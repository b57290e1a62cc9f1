"""Requests in the languages of the service: its simple syntax for words, OData for conditions.

Neither is ever handed what a user wrote. Words are letters, marks and digits alone, so that none of them is an
operator; texts of conditions stand in quotes, with each of theirs twice.
"""

from collections.abc import Mapping, Sequence

from eventfold.readmodels.aisearch.documents import ROW_KIND
from eventfold.readmodels.aisearch.fields import KEY, KIND, Compared, halves, term_of
from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.terms import Term
from eventfold.readmodels.search.tree import AllOf, AnyOf, Compare, Condition, IsNull, Not, OneOf, Operator

_OPERATORS: Mapping[Operator, str] = {"=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_FEW = 10
_DELIMITERS = "|;\x1f\x1e"


class Queries:
    """Writes the queries of a table's index.

    Args:
        compared: the columns that are compared, by name, without the key.
        key: the name of the key's column.
    """

    def __init__(self, compared: Mapping[str, Compared], key: str) -> None:
        self._compared = compared
        self._key = key

    def words(self, terms: Sequence[Term]) -> str:
        """The words that are looked for; all of them are to be found, by the mode `all` of the search."""
        return " ".join(map(_term, terms)) or "*"

    def filter(self, where: Condition | None) -> str:
        """What must hold; never for the document of the stamp."""
        rows = f"{KIND} eq '{ROW_KIND}'"
        return rows if where is None else f"{rows} and ({self.condition(where)})"

    def order(self, asked: Request) -> list[str]:
        """How hits are ordered; empty for the best first."""
        if asked.order is None:
            return [] if any(not term.excluded for term in asked.terms) else [f"{KEY} asc"]
        way = "desc" if asked.order.descending else "asc"
        one = self._compared.get(asked.order.column)
        if one is None:
            return [f"{KEY} {way}"]
        fields = {"text": [one.by], "wide": [one.name, one.low]}.get(one.form, [one.name])
        return [f"{one.there} desc", *(f"{field} {way}" for field in fields), f"{KEY} {way}"]

    def field(self, column: str) -> str:
        """The field of a column."""
        return KEY if column == self._key else column

    def has_term(self, column: str, term: str) -> str:
        """That a column of text stands in the index as a term."""
        return f"{self.field(column)} eq {_quoted(term)}"

    def condition(self, condition: Condition) -> str:
        """A condition."""
        match condition:
            case Compare(column, operator, value):
                return self._compare(column, operator, value)
            case OneOf(column, values):
                return self._one_of(column, values)
            case IsNull(column):
                return f"{self.field(column)} eq null"
            case Not(inner):
                return f"not ({self.condition(inner)})"
            case AllOf(conditions):
                return " and ".join(f"({self.condition(one)})" for one in conditions)
            case AnyOf(conditions):
                return " or ".join(f"({self.condition(one)})" for one in conditions)

    def _compare(self, column: str, operator: Operator, value: Cell) -> str:
        field, one, sign = self.field(column), self._compared.get(column), _OPERATORS[operator]
        if one is None or one.form == "text":
            return self.has_term(column, term_of(str(value)))
        if one.form == "boolean":
            return f"{field} {sign} {'true' if value else 'false'}"
        if one.form == "float":
            return f"{field} {sign} {float(value) + 0.0!r}"
        if one.form == "number":
            return f"{field} {sign} {int(value)}"
        high, low = halves(int(value))
        same = f"{field} eq {high} and {one.low} {sign} {low}"
        if operator == "=":
            return same
        return f"{field} {sign[0]}t {high} or ({same})"

    def _one_of(self, column: str, values: Sequence[Cell]) -> str:
        one = self._compared.get(column)
        if (one is None or one.form == "text") and len(values) > _FEW:
            terms = [term_of(str(value)) for value in values]
            between = next((sign for sign in _DELIMITERS if not any(sign in term for term in terms)), "")
            if between and all(terms):
                return f"search.in({self.field(column)}, {_quoted(between.join(terms))}, '{between}')"
        return " or ".join(f"({self._compare(column, '=', value)})" for value in values)


def _term(term: Term) -> str:
    sign = "-" if term.excluded else ""
    if term.prefix:
        return f"{sign}{term.words[0]}*"
    return f"{sign}{term.words[0]}" if len(term.words) == 1 else f'{sign}"{" ".join(term.words)}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
