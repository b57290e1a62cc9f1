"""What the columns of an event log standard mean: the mapping that a person would else have to write."""

from eventfold.events.names import composed
from eventfold.imports.files.ocel.ocel import ACTIVITY, EVENT_ID, OF_TYPE, TIMESTAMP
from eventfold.imports.files.xesnames import CASE, CONCEPT, RESOURCE, TIME
from eventfold.imports.mapping.mapping import Mapping


def xes_mapping(
    category: str = "case", *, timezone: str = "", cut_times: bool = False, lifecycle: bool = False
) -> Mapping:
    """A stream for each trace, an event for each event.

    Args:
        category: stands before the name of the trace, with `_` for a dash.
        timezone: of times that have none.
        cut_times: drops what a time says finer than a microsecond, instead of refusing it.
        lifecycle: makes the transition a part of the type, `W_Call:COMPLETE`, instead of data.
    """
    kind = (CONCEPT, "lifecycle:transition") if lifecycle else (CONCEPT,)
    return Mapping(
        stream=CASE + CONCEPT,
        category=category,
        type=kind,
        time=TIME,
        timezone=timezone,
        cut_times=cut_times,
        metadata=f"actor={RESOURCE}",
    )


def ocel_mapping(
    object_type: str, category: str = "", *, timezone: str = "", cut_times: bool = False
) -> Mapping:
    """A stream for each object of a type; an event that relates to several of them stands in the stream of each.

    Args:
        object_type: of OCEL.
        category: stands before the id of the object, with `_` for a dash; default: the type.
        timezone: of times that have none.
        cut_times: drops what a time says finer than a microsecond, instead of refusing it.
    """
    column = OF_TYPE + object_type
    return Mapping(
        stream=column,
        category=category or composed(object_type),
        type=ACTIVITY,
        time=TIMESTAMP,
        timezone=timezone,
        cut_times=cut_times,
        lists=column,
        metadata=f"ocelEventId={EVENT_ID}",
        unrelated=True,
    )
