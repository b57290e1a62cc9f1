"""How fresh a table is to be, as it is declared."""

from datetime import timedelta

import pytest

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.freshness import seconds_of


@pytest.mark.parametrize(
    ("fresh", "seconds"),
    [
        ("5 s", 5.0),
        ("500ms", 0.5),
        (" 2 min ", 120.0),
        ("1.5 h", 5_400.0),
        ("7 d", 604_800.0),
        (timedelta(milliseconds=250), 0.25),
        (None, None),
    ],
)
def test_it_is_a_number_of_seconds(fresh: object, seconds: float | None) -> None:
    assert seconds_of("orders", fresh) == seconds


@pytest.mark.parametrize(
    "fresh",
    ["", "5", "5 sec", "-5 s", "0 s", "1e3 s", "٣ s", "5 s; 6 s", 5, timedelta(0), True, "9" * 40 + " s"],
)
def test_anything_else_is_refused_where_the_table_is_declared(fresh: object) -> None:
    with pytest.raises(TableInvalid, match=r'things: fresh= says .* fresh="5 s"'):

        class Things(ef.Table, category="thing", fresh=fresh):  # type: ignore[arg-type] # so it may be given
            thing = ef.key()
            events = ef.count()


def test_it_says_nothing_about_the_rows() -> None:
    class Things(ef.Table, category="thing"):
        thing = ef.key()
        events = ef.count()

    class Quick(ef.Table, category="thing", name="things", fresh="1 s"):
        thing = ef.key()
        events = ef.count()

    assert Things.spec.fingerprint == Quick.spec.fingerprint
    assert (Things.spec.fresh, Quick.spec.fresh) == (None, 1.0)
