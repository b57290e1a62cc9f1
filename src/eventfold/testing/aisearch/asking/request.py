"""The parameters of a search: which are known, of which type, within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventfold.testing.aisearch.schema.definition import Definition
from eventfold.testing.aisearch.wire import Refused, expression, unknown

USUAL_TOP = 50
MOST_TOP = 1000
_MOST_SKIP = 100_000
_MOST_INT = 2**31 - 1
_TEXTS = ("search", "filter", "orderby", "select", "searchFields", "highlight", "sessionId")
_TAGS = ("highlightPreTag", "highlightPostTag")
_WORDS = {
    "queryType": ("simple",),
    "searchMode": ("any", "all"),
    "scoringStatistics": ("local", "global"),
    "debug": ("disabled",),
}
_UNKNOWN = (
    "scoringParameters",
    "scoringProfile",
    "semanticConfiguration",
    "semanticErrorHandling",
    "semanticMaxWaitInMilliseconds",
    "semanticQuery",
    "answers",
    "captions",
    "vectorQueries",
    "vectorFilterMode",
)
_OTHERS = ("count", "facets", "minimumCoverage", "skip", "top")
_KNOWN = frozenset({*_TEXTS, *_TAGS, *_WORDS, *_UNKNOWN, *_OTHERS})


@dataclass(frozen=True, slots=True)
class Asked:
    """A search; `top` is None where the client said nothing of it."""

    body: dict[str, Any]
    text: str
    mode: str
    search_fields: tuple[str, ...] | None
    filter: str
    orderby: str
    select: str
    highlight: tuple[str, ...]
    tags: tuple[str, str]
    facets: tuple[str, ...]
    count: bool
    coverage: float | None
    skip: int
    top: int | None


def read_request(given: Any, definition: Definition) -> Asked:
    """A search that a client sent.

    Raises:
        Refused: 400, the service does not take it, or the stand-in does not know it.
    """
    if not isinstance(given, dict):
        raise Refused(400, "A search is an object.")
    body = {name: value for name, value in given.items() if value is not None}
    for name in body.keys() - _KNOWN:
        raise Refused(
            400,
            f"The parameter '{name}' in the request payload is not a valid parameter for the operation 'search'.",
        )
    for name in _UNKNOWN:
        if body.get(name):
            raise unknown(f"the parameter '{name}' of a search")
    for name in (*_TEXTS, *_TAGS):
        if not isinstance(body.get(name, ""), str):
            raise Refused(400, f"The parameter '{name}' is a text.")
    for name, words in _WORDS.items():
        _check_word(name, body.get(name, words[0]), words)
    if len(body.keys() & set(_TAGS)) == 1:
        raise Refused(400, "highlightPreTag and highlightPostTag are set together.")
    facets = body.get("facets", [])
    if not isinstance(facets, list) or not all(isinstance(facet, str) for facet in facets):
        raise Refused(400, "The parameter 'facets' is a list of texts.")
    fields = _names(body.get("searchFields"))
    return Asked(
        body,
        body.get("search", ""),
        body.get("searchMode", "any"),
        _searchable("searchFields", fields, definition) if fields else None,
        body.get("filter", ""),
        body.get("orderby", ""),
        body.get("select", ""),
        _names(body.get("highlight")),
        (body.get("highlightPreTag", "<em>"), body.get("highlightPostTag", "</em>")),
        tuple(facets),
        _flag(body, "count"),
        _coverage(body),
        _number(body, "skip", _MOST_SKIP) or 0,
        _number(body, "top", _MOST_INT),
    )


def searchable(name: str, parameter: str, definition: Definition) -> str:
    """The name of a field that is searched.

    Raises:
        Refused: 400, it is none.
    """
    return _searchable(parameter, (name,), definition)[0]


def _searchable(parameter: str, names: tuple[str, ...], definition: Definition) -> tuple[str, ...]:
    for name in names:
        field = definition.fields.get(name)
        if field is None or not field.searchable:
            raise Refused(
                400,
                f"The field '{name}' in the {parameter} parameter is not a searchable field of the index "
                f"'{definition.name}'.\r\nParameter name: {parameter}",
            )
    return names


def _names(given: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (given or "").split(",") if name.strip())


def _check_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    if value in words:
        return
    if name == "queryType" and value in ("full", "semantic"):
        raise unknown(f"the query type '{value}'")
    raise Refused(400, f"The parameter '{name}' is one of: {', '.join(words)}.")


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(400, f"The parameter '{name}' is true or false.")
    return value


def _coverage(body: Mapping[str, Any]) -> float | None:
    value = body.get("minimumCoverage")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise Refused(400, "The parameter 'minimumCoverage' is between 0 and 100.")
    return float(value)


def _number(body: Mapping[str, Any], name: str, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise expression(f"${name}", f"Value must be between 0 and {most}.")
    return value
