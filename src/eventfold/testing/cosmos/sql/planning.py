"""How a query over several physical partitions is divided: what each is asked, what the client does with the rows.

The plan has the form that SDKs expect of the service. A query that an SDK could not put together again is refused.
"""

from collections.abc import Mapping
from typing import Any

from eventfold.testing.cosmos.sql.evaluating import Evaluator
from eventfold.testing.cosmos.sql.tree import AGGREGATES, Call, NotUnderstood, Query

_NAMES = {"COUNT": "Count", "SUM": "Sum", "MIN": "Min", "MAX": "Max", "AVG": "Average"}
_FILTER = "{documentdb-formattableorderbyquery-filter}"


def planned(query: Query, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of a query.

    Raises:
        NotUnderstood: the partitions' rows could not be put together.
    """
    if query.groups:
        raise NotUnderstood("GROUP BY over several partitions is not supported by this SDK.")
    runner = Evaluator(parameters)
    order = [] if query.aggregates else query.order  # one row alone is in order
    top, offset, limit = (
        runner.count(query.top, "TOP"),
        runner.count(query.offset, "OFFSET"),
        runner.count(query.limit, "LIMIT"),
    )
    return {
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": {
            "distinctType": _distinct_type(query),
            "top": top,
            "offset": offset,
            "limit": limit,
            "orderBy": ["Descending" if each.descending else "Ascending" for each in order],
            "orderByExpressions": [each.text for each in order],
            "groupByExpressions": [],
            "groupByAliases": [],
            "aggregates": [_NAMES[call.name] for call in query.aggregates],
            "groupByAliasToAggregateType": {},
            "rewrittenQuery": _rewritten(query, (offset or 0) + (limit or 0)),
            "hasSelectValue": query.value,
            "hasNonStreamingOrderBy": False,
        },
        "queryRanges": [{"min": "", "max": "FF", "isMinInclusive": True, "isMaxInclusive": False}],
    }


def _distinct_type(query: Query) -> str:
    if not query.distinct:
        return "None"
    ordered = [each.expression for each in query.order]
    return "Ordered" if ordered and ordered == [item.expression for item in query.items] else "Unordered"


def _rewritten(query: Query, at_most: int) -> str:
    if query.aggregates:
        return _partial(query)
    if query.order:
        return _sortable(query, at_most)
    if query.offset is not None:
        distinct = "DISTINCT " if query.distinct else ""
        where = f" WHERE {query.condition}" if query.condition else ""
        return f"SELECT {distinct}{_listed(query)} FROM {query.source}{where} OFFSET 0 LIMIT {at_most}"  # noqa: S608 - no SQL database
    return ""


def _listed(query: Query) -> str:
    if not query.items:
        return "*"
    if query.value:
        return f"VALUE {query.items[0].text}"
    return ", ".join(
        item.text if item.name.startswith("$") else f"{item.text} AS {item.name}" for item in query.items
    )


def _partial(query: Query) -> str:
    where = f" WHERE {query.condition}" if query.condition else ""
    parts: list[str] = []
    for item in query.items:
        if not isinstance(item.expression, Call) or item.expression.name not in AGGREGATES:
            raise NotUnderstood("Over several partitions an aggregate stands alone.")
        inner = item.text
        if item.expression.name == "AVG":
            operand = item.text[item.text.index("(") :]
            inner = f'{{"sum": SUM{operand}, "count": COUNT{operand}}}'
        parts.append(f'{{"item": {inner}}}')
    return f"SELECT VALUE [{', '.join(parts)}] FROM {query.source}{where}"  # noqa: S608 - no SQL database


def _sortable(query: Query, at_most: int) -> str:
    keys = ", ".join(f'{{"item": {each.text}}}' for each in query.order)
    order = ", ".join(f"{each.text} {'DESC' if each.descending else 'ASC'}" for each in query.order)
    condition = f"({query.condition}) AND " if query.condition else ""
    if not query.items:
        payload = query.alias
    elif query.value:
        payload = query.items[0].text
        condition += f"IS_DEFINED({payload}) AND "
    else:
        payload = "{" + ", ".join(f'"{item.name}": {item.text}' for item in query.items) + "}"
    # the client takes doubles away after sorting, so before that nothing may be cut off
    tail = f" OFFSET 0 LIMIT {at_most}" if query.offset is not None and not query.distinct else ""
    return (
        f"SELECT {query.alias}._rid, [{keys}] AS orderByItems, {payload} AS payload FROM {query.source} "  # noqa: S608 - no SQL database
        f"WHERE {condition}({_FILTER}) ORDER BY {order}{tail}"
    )
