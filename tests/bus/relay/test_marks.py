"""How far a partition of a topic has come, counted in one step as it is in three."""

from hypothesis import given
from hypothesis import strategies as st

from eventfold.bus.marks import Marks, Place

WHOLE, LOW, HIGH = "00-ff", "00-80", "80-ff"
PLACES = st.builds(Place, st.integers(1, 6), st.integers(1, 3))


def counted(marks: Marks, partition: str, place: Place) -> Place | None:
    """What `take` does, by what each of its parts promises."""
    if place <= marks.reached(partition):
        return None
    before = marks.own(partition)
    marks.add(partition, place)
    return before


@given(
    st.dictionaries(st.sampled_from([WHOLE, LOW, HIGH]), PLACES),
    st.lists(st.tuples(st.sampled_from([WHOLE, LOW, HIGH]), PLACES)),
)
def test_an_event_is_counted_in_once_and_told_what_stands_before_it(
    last: dict[str, Place], events: list[tuple[str, Place]]
) -> None:
    ours, theirs = Marks(last), Marks(last)
    for partition, place in events:
        assert ours.take(partition, place) == counted(theirs, partition, place)
        assert ours.last == theirs.last
