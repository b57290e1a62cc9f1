"""Whether the index of a table in a service is the one that its declaration makes."""

from collections.abc import Iterator, Mapping

from azure.search.documents.indexes.models import SearchField, SearchIndex

_FLAGS = ("key", "searchable", "filterable", "sortable", "facetable")


def differences(there: SearchIndex, wanted: SearchIndex) -> Iterator[str]:
    """What an index has otherwise than it is made by us, in sentences.

    A field that only others use is told too: rows that we send have no value in it.

    Args:
        there: as the service has it.
        wanted: as it is made.
    """
    found: Mapping[str, SearchField] = {field.name: field for field in there.fields}
    for field in wanted.fields:
        here = found.get(field.name)
        if here is None:
            yield f"the field {field.name} is missing"
        elif here.type != field.type:
            yield f"the field {field.name} has the type {here.type}, not {field.type}"
        else:
            yield from _flags(here, field)
    for name in found.keys() - {field.name for field in wanted.fields}:
        yield f"the field {name} is none of the table's"


def _flags(here: SearchField, field: SearchField) -> Iterator[str]:
    for flag in _FLAGS:
        is_there, is_wanted = bool(getattr(here, flag)), bool(getattr(field, flag))
        if is_there != is_wanted:
            yield f"the field {field.name} is {'' if is_there else 'not '}{flag}"
    if field.searchable and here.analyzer_name != field.analyzer_name:
        yield f"the field {field.name} is split by {here.analyzer_name}, not by {field.analyzer_name}"
