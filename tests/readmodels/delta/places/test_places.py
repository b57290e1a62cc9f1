"""What every place of a table promises: names are granted once, files are whole, and neighbours are let be."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.places.port import Place


@pytest.fixture
def place(lake: str) -> Place:
    return open_place(lake, "boxes")


def test_a_file_is_there_as_it_was_written_and_another_is_not(place: Place) -> None:
    place.replace("a/one.json", b"1")
    place.replace("a/two.json", b"22")
    place.replace("ab/three.json", b"3")
    place.replace("a/b/four.json", b"4")
    assert place.read("a/one.json") == b"1"
    assert {"one.json", "two.json"} <= set(place.names("a")) <= {"one.json", "two.json", "b"}
    assert (place.size("a/two.json"), place.size("a"), place.size("a/none")) == (2, None, None)
    assert (place.read("a/none"), place.mark("a/none")) == (None, None)
    assert list(place.names("none")) == []
    place.remove("a/one.json")
    place.remove("a/one.json")
    assert place.read("a/one.json") is None


def test_a_name_is_granted_once_to_all_who_ask_at_the_same_time(place: Place) -> None:
    contents = [str(n).encode() * 1_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda content: place.create("a/name", content), contents))
    assert won.count(True) == 1
    assert place.read("a/name") == contents[won.index(True)]
    assert not place.create("a/name", b"later")
    assert place.read("a/name") == contents[won.index(True)]


def test_what_is_replaced_by_many_at_once_is_whole(place: Place) -> None:
    contents = [str(n).encode() * 100_000 for n in range(8)]
    with ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(place.replace, "name", content) for content in contents]
        seen = {place.read("name") for _ in range(20)}
        for writer in writers:
            writer.result()
    assert seen | {place.read("name")} <= {None, *contents}


def test_a_mark_tells_a_file_from_the_next_one_under_its_name(place: Place) -> None:
    place.replace("name", b"1")
    first = place.mark("name")
    assert first == place.mark("name")
    place.replace("name", b"2")
    assert place.mark("name") != first


def test_what_is_moved_is_there_and_what_is_cleared_is_gone_with_no_neighbour(place: Place) -> None:
    aside = place.below("_eventfold/making/a")
    aside.prepare()
    aside.replace("one", b"1")
    aside.replace("deep/two", b"2")
    place.below("_eventfold/making/ab").replace("three", b"3")
    aside.move("one", place)
    assert place.read("one") == b"1"
    aside.clear()
    aside.clear()
    assert (aside.read("deep/two"), aside.read("one")) == (None, None)
    assert place.read("_eventfold/making/ab/three") == b"3"
    assert place.read("one") == b"1"
