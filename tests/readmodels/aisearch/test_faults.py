"""What a search service does to requests, and what becomes of rows then: effect once, newest in the end."""

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import SearchIndex, SimpleField
from msgspec import structs

from eventfold.errors import ConfigInvalid, CursorLost, StorageBusy, StorageFailed
from eventfold.readmodels.aisearch import index as index_module
from eventfold.readmodels.aisearch import sending
from eventfold.readmodels.aisearch.address import read_url
from eventfold.readmodels.aisearch.errors import translate
from eventfold.readmodels.aisearch.index import AISearchIndex
from eventfold.readmodels.aisearch.sending import IN_FLIGHT_SECONDS, Sender
from eventfold.readmodels.aisearch.service import Service
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.search import SearchSpec
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.search.request import Request
from eventfold.testing.aisearch import DocumentFault, Fault, StandIn
from eventfold.testing.published.world import World, things
from tests.readmodels.aisearch.given import url

SPEC = structs.replace(things(), search=SearchSpec(text=("text",), sort=("whole",)))


class Slept:
    """Sleeps on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if seconds:
            self.sleeps.append(seconds)

    def clock(self) -> float:
        return self.now


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def world(tmp_path: Path, service: StandIn, slept: Slept) -> Iterator[World]:
    def opened(name: str, layout: Layout, log_id: str) -> Publication:
        address = read_url(url(service, name))
        sender = Sender("things", slept.sleep, slept.clock)
        return AISearchIndex(Service(address, address.alias("things")), layout, log_id, sender)

    world = World(tmp_path, opened, SPEC)
    yield world
    world.close()


def found(world: World) -> dict[str, Any]:
    place: Any = world.place()
    answer = place.find(Request(size=1_000))
    names = [slot.name for _, slot in world.layout.shown]
    return {row.cells[0]: dict(zip(names, row.cells, strict=True))["whole"] for row in answer.rows}


def is_row(key: str, _: str) -> bool:
    """No stamp."""
    return key.startswith("r-")


def sent(service: StandIn) -> list[int]:
    """How many documents each request had that was answered."""
    done = {200, 207}
    return [call.operations for call in service.calls if call.operation == "index" and call.status in done]


def test_what_is_refused_is_sent_again_by_its_key(world: World, service: StandIn, slept: Slept) -> None:
    for n in range(10):
        world.set(f"n{n}", whole=n)
    world.publish()
    for n in range(10):
        world.set(f"n{n}", whole=n + 100)
    service.calls.clear()
    service.document_faults.add(
        DocumentFault(status=503, when=is_row, count=3), DocumentFault(status=409, when=is_row, count=2)
    )
    world.publish()
    # who writes; ten, of which five are refused; those; what they contain
    assert sent(service) == [1, 10, 5, 1]
    assert found(world) == {f"n{n}": n + 100 for n in range(10)}
    assert slept.sleeps


def test_a_row_that_is_refused_for_good_is_named_and_the_stamp_stays(world: World, service: StandIn) -> None:
    world.set("a", whole=1)
    world.publish()
    before = world.place().head()
    world.set("a", whole=2)
    service.document_faults.add(DocumentFault(status=400, when=is_row, count=None))
    with pytest.raises(StorageFailed, match=r"refuses a row of things \(status 400"):
        world.publish()
    assert world.place().head() == before
    service.document_faults.clear()
    world.publish()
    assert found(world) == {"a": 2}


def test_a_throttled_service_is_given_the_time_that_it_asks_for(
    world: World, service: StandIn, slept: Slept
) -> None:
    world.set("a", whole=1)
    world.publish()
    slept.sleeps.clear()
    world.set("a", whole=2)
    service.faults.add(Fault(what=429, when="index", retry_after=7, count=2))
    world.publish()
    assert all(3.5 <= seconds <= 10 for seconds in slept.sleeps[:2])
    assert found(world) == {"a": 2}
    service.faults.add(Fault(what=503, when="index", count=None))
    world.set("a", whole=3)
    with pytest.raises(StorageBusy):
        world.publish()


@pytest.mark.parametrize("what", ["drop_after", "drop_half", 500, 408])
def test_after_an_answer_that_was_lost_nothing_of_it_is_sent_until_it_cannot_be_under_way(
    world: World, service: StandIn, slept: Slept, what: Any
) -> None:
    world.set("a", whole=1)
    world.publish()
    slept.sleeps.clear()
    world.set("a", whole=2)
    service.faults.add(Fault(what=what, when="index", count=1))
    world.publish()
    assert IN_FLIGHT_SECONDS in slept.sleeps
    assert found(world) == {"a": 2}


def test_what_is_too_large_is_halved(world: World, service: StandIn) -> None:
    for n in range(8):
        world.set(f"n{n}", whole=n)
    world.publish()
    for n in range(8):
        world.set(f"n{n}", whole=-n)
    numbers = iter(range(100))
    # the eight, and the first half of them
    service.faults.add(
        Fault(what=413, when=lambda name, _: name == "index" and next(numbers) in {1, 2}, count=2)
    )
    service.calls.clear()
    world.publish()
    assert sent(service) == [1, 2, 2, 4, 1]
    assert found(world) == {f"n{n}": -n for n in range(8)}


def test_a_request_has_a_thousand_documents_at_most(world: World, service: StandIn) -> None:
    for n in range(1_200):
        world.set(f"n{n}", whole=n)
    service.calls.clear()
    world.publish()
    assert max(sent(service)) == 1_000
    assert sum(sent(service)) == 1_201  # and the stamp


def _dies(world: World, service: StandIn) -> None:
    """A writer that ends between its rows and the stamp."""
    place = world.place()
    world.fold()

    class Gone(BaseException):
        pass

    def gone(*_: Any) -> None:
        raise Gone

    place._check_alone = gone  # type: ignore[attr-defined] # of this class
    with pytest.raises(Gone):
        world.publish(place)


def test_who_comes_after_a_writer_that_did_not_end_waits_and_sends_all_since_the_stamp(
    world: World, service: StandIn, slept: Slept
) -> None:
    world.set("a", whole=1)
    world.publish()
    world.set("a", whole=2)
    world.set("b", whole=2)
    _dies(world, service)
    slept.sleeps.clear()
    world.set("c", whole=3)
    service.calls.clear()
    world.publish()
    assert slept.sleeps == [IN_FLIGHT_SECONDS]
    assert max(sent(service)) == 3
    assert found(world) == {"a": 2, "b": 2, "c": 3}


def test_one_that_ended_well_is_not_waited_for(world: World, slept: Slept) -> None:
    world.set("a", whole=1)
    world.publish()
    world.set("a", whole=2)
    world.publish()
    assert slept.sleeps == []


def test_one_that_failed_and_has_nothing_under_way_is_not_waited_for(
    world: World, service: StandIn, slept: Slept
) -> None:
    world.set("a", whole=1)
    world.publish()
    world.set("a", whole=2)
    service.document_faults.add(DocumentFault(status=400, when=is_row, count=1))
    with pytest.raises(StorageFailed):
        world.publish()
    world.publish()
    assert slept.sleeps == []
    world.set("a", whole=3)
    numbers = iter(range(100))
    service.faults.add(
        Fault(what="drop_after", when=lambda name, _: name == "index" and next(numbers) > 0, count=None)
    )
    with pytest.raises(StorageFailed):
        world.publish()
    service.faults.clear()
    slept.sleeps.clear()
    world.publish()  # of one that ended with a request under way nothing else tells
    assert slept.sleeps == [IN_FLIGHT_SECONDS]
    assert found(world) == {"a": 3}


def _late(world: World, service: StandIn, monkeypatch: pytest.MonkeyPatch, seconds: float) -> dict[str, Any]:
    """A row is sent, its request is held up past the time that an answer is waited for, and the row changes again."""
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(sending, "IN_FLIGHT_SECONDS", seconds)
    address = read_url(url(service, world.store.log_id))
    place = AISearchIndex(
        Service(address, address.alias("things")), world.layout, world.store.log_id, Sender("things")
    )
    world.set("a", whole=1)
    world.publish(place)
    world.set("a", whole=2)
    # the second request to come is the one with the row; it is looked at late
    numbers = iter(range(100))
    service.faults.add(Fault(when=lambda name, _: name == "index" and next(numbers) == 1, delay=1.5, count=1))
    world.publish(place)
    world.set("a", whole=3)
    world.publish(place)
    time.sleep(2.0)
    return found(world)


def test_what_is_older_never_comes_last(
    world: World, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _late(world, service, monkeypatch, 2.0) == {"a": 3}


def test_without_the_wait_what_is_older_may_come_last(
    world: World, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    assert _late(world, service, monkeypatch, 0.0) == {"a": 2}


def test_what_is_seen_late_is_known_to_who_sent_it_and_told(
    world: World, service: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(index_module, "VISIBLE_SECONDS", 0.3)
    place = world.place()
    world.set("a", whole=1)
    world.publish(place)
    service.lag(50)
    world.set("a", whole=2)
    with caplog.at_level(logging.WARNING):
        made = world.publish(place)
    assert "not yet visible" in caplog.text
    assert made is not None
    assert place.head() == made
    assert world.publish(place) is None
    other = world.place().head()
    assert other is not None
    assert other.number < made.number
    service.lag(0)
    assert world.place().head() == made
    assert found(world) == {"a": 2}


def test_two_that_replace_an_index_at_once_leave_one(world: World, service: StandIn) -> None:
    world.set("a", whole=1)
    world.publish()
    on = world.place().head()
    errors: list[BaseException] = []

    def replace(place: Any) -> None:
        try:
            with world.state.batches(0) as everything:
                place.overwrite(on, everything.rows, on.stamp)  # type: ignore[union-attr] # it is there
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=replace, args=(world.place(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) <= 1
    assert found(world) == {"a": 1}


def test_an_index_that_somebody_else_made_is_left_alone(world: World, service: StandIn) -> None:
    address = read_url(url(service, world.store.log_id))
    alias = address.alias("things")
    with SearchIndexClient(service.endpoint, AzureKeyCredential(service.key)) as indexes:
        indexes.create_index(
            SearchIndex(name=alias, fields=[SimpleField(name="id", type="Edm.String", key=True)])
        )
    world.set("a", whole=1)
    world.fold()
    with pytest.raises(CursorLost, match="somebody else filled it"):
        world.publish()


def test_a_wrong_key_is_told_by_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch, service: StandIn
) -> None:
    monkeypatch.setenv("EVENTFOLD_SEARCH_KEY", "wrong")
    with pytest.raises(ConfigInvalid, match="EVENTFOLD_SEARCH_KEY"):
        world.place().head()
    monkeypatch.delenv("EVENTFOLD_SEARCH_KEY")
    with pytest.raises(ConfigInvalid, match="EVENTFOLD_SEARCH_KEY"):
        world.place()


def test_an_index_is_compared_with_its_table(world: World, service: StandIn) -> None:
    place: Any = world.place()
    assert [(one.level, one.found) for one in place.examine()] == [
        ("ok", "there is none yet; `run` makes it")
    ]
    world.set("a", whole=1)
    world.publish()
    (found,) = place.examine()
    assert (found.level, found.what) == ("ok", "search index of things")
    with SearchIndexClient(service.endpoint, AzureKeyCredential(service.key)) as indexes:
        there = indexes.get_index(found.found.split()[0])
        there.fields.append(SimpleField(name="more", type="Edm.String"))
        indexes.create_or_update_index(there)
    (found,) = place.examine()
    assert (found.level, found.found.partition(".")[0]) == (
        "problem",
        "the field more is none of the table's",
    )
    address = read_url(url(service, world.store.log_id))
    wider = bind(
        structs.replace(SPEC, search=SearchSpec(text=("text",), sort=("whole", "money"))), total_order=True
    )
    other = AISearchIndex(Service(address, address.alias("things")), wider, world.store.log_id)
    assert (
        "the field money is missing; the field eventfold_there_money is missing" in other.examine()[0].found
    )


def test_that_nobody_is_signed_in_is_said_in_words() -> None:
    told = translate(ClientAuthenticationError("no credential"), "reading", "orders")
    assert isinstance(told, ConfigInvalid)
    assert "while reading orders (nobody is signed in): set EVENTFOLD_SEARCH_KEY" in told.message
