"""Requests as queries of the library, made of its query classes alone: nothing that a user wrote is parsed by it."""

from collections.abc import Iterable, Sequence

from tantivy import FieldType, Occur, Query

from eventfold.readmodels.declaring.types import Cell
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.terms import Term
from eventfold.readmodels.search.tree import AllOf, AnyOf, Compare, Condition, IsNull, Not, OneOf, Operator
from eventfold.readmodels.tantivy.documents import halves, plain
from eventfold.readmodels.tantivy.exact import term_of
from eventfold.readmodels.tantivy.fields import KEY, MARK, WORDS, Compared, Fields


class Queries:
    """Makes the queries of a table's index.

    Args:
        fields: of the index.
        key: the name of the key's column.
    """

    def __init__(self, fields: Fields, key: str) -> None:
        self._schema = fields.schema
        self._compared = fields.compared
        self._key = key
        self.mark = Query.term_query(self._schema, MARK, MARK, "basic")

    def of(self, asked: Request) -> Query:
        """What a request looks for; never the document of the stamp."""
        wanted = [self._term(term) for term in asked.terms if not term.excluded]
        unwanted = [self._term(term) for term in asked.terms if term.excluded]
        if asked.where is not None:
            wanted.append(Query.const_score_query(self.condition(asked.where), 0.0))
        parts = [(Occur.Must, one) for one in wanted or [Query.all_query()]]
        return Query.boolean_query([*parts, *((Occur.MustNot, one) for one in [*unwanted, self.mark])])

    def condition(self, condition: Condition) -> Query:
        """The documents for which a condition holds; the document of the stamp may be among them."""
        match condition:
            case Compare(column, operator, value):
                return self._compare(column, operator, value)
            case OneOf(column, values):
                return self._one_of(column, values)
            case IsNull(column):
                return without(Query.exists_query(self.field(column)))
            case Not(inner):
                return without(self.condition(inner))
            case AllOf(conditions):
                return both(*map(self.condition, conditions))
            case AnyOf(conditions):
                return either(map(self.condition, conditions))

    def field(self, column: str) -> str:
        """The field of a column."""
        return KEY if column == self._key else column

    def keys(self, keys: Sequence[str]) -> Query:
        """The documents of keys, given as terms."""
        return Query.term_set_query(self._schema, KEY, keys)

    def equal(self, column: str, value: Cell) -> Query:
        """The documents with a value."""
        return self._compare(column, "=", value)

    def beyond(self, column: str, value: Cell, *, descending: bool) -> Query:
        """The documents that come before those of a value where they are ordered by its column."""
        if self._compared[column].form == "boolean":
            return self.equal(column, not value) if bool(value) != descending else Query.empty_query()
        return self._compare(column, ">" if descending else "<", value)

    def _term(self, term: Term) -> Query:
        if term.prefix:
            return Query.fuzzy_term_query(self._schema, WORDS, term.words[0], distance=0, prefix=True)
        if len(term.words) == 1:
            return Query.term_query(self._schema, WORDS, term.words[0], "freq")
        return Query.phrase_query(self._schema, WORDS, list(term.words))

    def _compare(self, column: str, operator: Operator, value: Cell) -> Query:
        one = self._compared.get(column)
        if one is None or one.form == "text":
            return Query.term_query(self._schema, self.field(column), term_of(str(value)), "basic")
        if one.form == "boolean":
            return Query.term_query(self._schema, column, bool(value), "basic")
        if one.form == "wide":
            return self._compare_wide(one, operator, int(value))
        if one.form == "float":
            return self._range(column, FieldType.Float, operator, plain(float(value)))
        return self._range(column, FieldType.Integer, operator, int(value))

    def _compare_wide(self, one: Compared, operator: Operator, value: int) -> Query:
        high, low = halves(value)
        same = both(
            self._range(one.name, FieldType.Integer, "=", high),
            self._range(one.low, FieldType.Unsigned, operator, low),
        )
        if operator == "=":
            return same
        further: Operator = "<" if operator in {"<", "<="} else ">"
        return either([self._range(one.name, FieldType.Integer, further, high), same])

    def _range(self, field: str, kind: FieldType, operator: Operator, value: float) -> Query:
        match operator:
            case "=":
                return Query.range_query(self._schema, field, kind, value, value)
            case "<" | "<=":
                return Query.range_query(
                    self._schema, field, kind, None, value, include_upper=operator == "<="
                )
            case _:
                return Query.range_query(
                    self._schema, field, kind, value, None, include_lower=operator == ">="
                )

    def _one_of(self, column: str, values: Sequence[Cell]) -> Query:
        one = self._compared.get(column)
        if one is None or one.form == "text":
            terms = [term_of(str(value)) for value in values]
            return Query.term_set_query(self._schema, self.field(column), terms)
        return either(self._compare(column, "=", value) for value in values)


def without(query: Query) -> Query:
    """All other documents: by itself what must not be there finds nothing."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


def both(*queries: Query) -> Query:
    """The documents of all of several queries."""
    return Query.boolean_query([(Occur.Must, one) for one in queries])


def either(queries: Iterable[Query]) -> Query:
    """The documents of any of several queries."""
    return Query.boolean_query([(Occur.Should, one) for one in queries])
