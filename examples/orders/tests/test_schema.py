"""What the shop stores is recorded in `schema.json`, and nothing in it was lost since the first release."""

from pathlib import Path

import eventfold as ef
from eventfold.app.schema import program_of
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.gate import judge
from eventfold.events.schema.recorded import Recorded, parse, render
from eventfold.testing.gate import check_schema
from examples.orders import earlier
from examples.orders.app import shop

FILE = Path(__file__).parents[1] / "schema.json"


def test_the_file_and_the_code_agree() -> None:
    assert judge(parse(FILE.read_bytes()), program_of(shop)) == []


def test_nothing_is_stored_or_published_that_is_not_recorded() -> None:
    check_schema(shop, FILE)


def test_the_file_says_what_both_releases_stored() -> None:
    first = accept(Recorded(app="shop"), program_of(ef.App("shop", aggregates=[earlier.Order])))
    assert FILE.read_text("utf-8") == render(accept(first, program_of(shop)))
    assert list(parse(FILE.read_bytes()).events["OrderCreated"].versions) == [1, 2]


def test_the_first_release_could_not_take_over_again() -> None:
    found = judge(parse(FILE.read_bytes()), program_of(ef.App("shop", aggregates=[earlier.Order])))
    assert ("refused", "version-lowered") in {(f.level, f.kind) for f in found}
