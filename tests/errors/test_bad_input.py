"""Hostile and mistaken input, through the library and the command line, on both stores: its code, nothing written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

import eventfold as ef
from eventfold.errors import EventfoldError, table
from eventfold.testing.making import read_all
from tests.doors.calling import eventfold
from tests.errors.case import Case
from tests.errors.catalogue import CASES
from tests.errors.conftest import KINDS, SECRET, Place

EXIT = {code: exit_code for code, _, exit_code, _ in table()}


def on_both_stores(cases: Sequence[Case]) -> list[Any]:
    return [
        pytest.param(kind, case, id=f"{kind} {case.line}: {case.name}")
        for kind in KINDS
        for case in cases
        if case.only in {"", kind}
    ]


LIBRARY = on_both_stores([case for case in CASES if case.call])
SHELL = on_both_stores([case for case in CASES if case.shell])


class Untouched(NamedTuple):
    """A log, opened, and what it held before the first case."""

    place: Place
    store: ef.Store
    before: Any


@pytest.fixture(scope="module")
def untouched(places: Mapping[str, Place]) -> Iterator[Mapping[str, Untouched]]:
    # by kind, and no fixture with a parameter: that would be made anew for each case, whose parameters are pairs
    found = {}
    for kind, place in places.items():
        store = ef.open_store(place.url, create=False)
        found[kind] = Untouched(place, store, everything(store, place))
    yield found
    for one in found.values():
        one.store.close()


def everything(store: ef.Store, place: Place) -> Any:
    """All that a log and its folder hold."""
    files = sorted(p.name for p in place.folder.iterdir() if not p.name.endswith(("-wal", "-shm")))
    beside = [name for name in files if "snapshots" not in name and "tables.state" not in name]
    return read_all(store.feed()), list(store.streams()), beside


@pytest.mark.parametrize(("kind", "case"), LIBRARY)
def test_the_library_refuses_it_by_its_code_and_writes_nothing(
    untouched: Mapping[str, Untouched], kind: str, case: Case
) -> None:
    place, store, before = untouched[kind]
    assert case.call is not None
    with pytest.raises(EventfoldError) as caught:
        case.call(store)
    error = caught.value
    assert error.code == case.code
    assert error.outcome == "not_applied"
    assert error.status >= 400
    assert error.exit_code >= 2
    assert len(error.message) < 600
    assert SECRET not in str(error.as_dict())
    assert everything(store, place) == before


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "case"), SHELL)
def test_the_command_line_refuses_it_by_its_code_and_writes_nothing(
    untouched: Mapping[str, Untouched], kind: str, case: Case
) -> None:
    place, store, before = untouched[kind]
    settings = place.app[2:] if case.bare else place.app
    if case.shell[0] == "-s":  # the case names a log itself
        settings = tuple(given for given in settings if given not in {"-s", place.url})
    arguments = [*settings, *(part if isinstance(part, str) else part(store) for part in case.shell)]
    told = eventfold(*arguments, stdin=case.stdin)
    assert (told.code, told.out) == (EXIT[case.code], "")
    assert told.err.startswith(f"error {case.code}: ")
    as_json = eventfold(*arguments, "--json", stdin=case.stdin)
    assert (as_json.code, as_json.out) == (told.code, "")
    assert json.loads(as_json.err)["error"]["code"] == case.code
    for text in (told.err, as_json.err):
        assert "Traceback" not in text
        assert SECRET not in text
        assert "c2VjcmV0" not in text
        assert len(text) < 1200
    assert everything(store, place) == before


def test_an_input_that_is_accepted_is_seen(own_place: Place) -> None:
    """The control: what is right is written, and the comparison sees it."""
    store = ef.open_store(own_place.url, create=False)
    before = everything(store, own_place)
    assert eventfold(*own_place.app, "append", "order-1", "Paid", '{"amount": "1"}').code == 0
    assert everything(store, own_place) != before
    store.close()
