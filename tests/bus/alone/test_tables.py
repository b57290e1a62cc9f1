"""Tables that follow a topic, and have no log to ask: what they have from it is what they have from the log."""

import pytest

from eventfold.errors import CursorExpired, ForeignCursor
from examples.orders.app import order_book
from examples.orders.workload import commands, run
from tests.bus.alone.scene import Scene, app, standing
from tests.bus.conftest import MakeTopic


def test_rows_types_and_answers_from_the_topic_alone_are_those_from_the_log(scene: Scene) -> None:
    with scene.open(order_book, "log", lake=True) as live:
        done = sum(run(live, commands(40, 7)))
        live.catch_up()
        expected = standing(live)
        sql = "SELECT status, count(*) AS n, sum(total_amount) AS total FROM orders GROUP BY 1 ORDER BY 1"
        asked = live.query(sql).rows(), live.query("SELECT count(*) AS n, max(position) FROM events").rows()
        of_one = live.query("SELECT version, type, data FROM events WHERE stream = 'order-00003'").rows()
        at = live.table("orders").at(position=done // 2).frame()
        published = live.table("orders").publication
        assert published is not None
        audited = live.verify()
    scene.relay()
    with scene.open(order_book, "topic", "b", lake=True) as live:
        live.catch_up()
        assert standing(live) == expected
        assert live.query(sql).rows() == asked[0]
        assert live.query("SELECT count(*) AS n, max(position) FROM events").rows() == asked[1]
        assert (
            live.query("SELECT version, type, data FROM events WHERE stream = 'order-00003'").rows() == of_one
        )
        assert live.table("orders").at(position=done // 2).frame().equals(at)
        found = live.verify()
        assert (found.ok, found.findings, found.events) == (audited.ok, [], audited.events)
        assert [(t.table, t.rows, t.published_rows) for t in found.tables] == [
            (t.table, t.rows, t.published_rows) for t in audited.tables
        ]
        rebuilt = live.table("orders").rebuild()
        assert (rebuilt.events, rebuilt.rows) == (audited.events, 40)
        assert [one[:5] for one in standing(live)] == [one[:5] for one in expected]
        status = live.status()
        assert (status.events, status.tables[0].lag, status.last_recorded) == (
            audited.events,
            0,
            status.last_recorded,
        )
        assert status.last_recorded is not None


def test_a_table_moves_from_log_to_bus_to_topic_and_back_and_folds_nothing_twice(scene: Scene) -> None:
    """In one state; what is told of it beside is a table in another state, folded from the log alone."""
    first = 0
    for on in ("log", "bus", "topic", "log", "topic"):
        scene.order(*range(first, first + 3))
        scene.append(
            "order-0", ("Paid", f'{{"amount": {first}}}'), ("Cancelled", f'{{"reason": "r{first % 2}"}}')
        )
        first += 3
        scene.relay()
        with scene.open(app, on) as live:
            done = live.catch_up()
            assert [table.events for table in done.tables] == [5, 1], on
            found = standing(live)
            assert on == "bus" or live.verify().ok
        with scene.open(app, "log", "beside") as live:
            live.catch_up()
            assert standing(live) == found, on


def test_a_rebuild_where_the_topic_has_forgotten_its_beginning_is_an_error_with_a_way_out(
    scene: Scene,
) -> None:
    scene.order(*range(12))
    scene.relay()
    with scene.open(app, "topic") as live:
        live.catch_up()
        before = standing(live)
    scene.order(12)
    scene.relay()
    scene.forget()
    with scene.open(app, "topic") as live:
        with pytest.raises(CursorExpired, match=r"fill a new topic from the log.*eventfold rebuild"):
            live.table("totals").rebuild()
        assert standing(live) == before  # those that are there go on answering
    with scene.open(app, "topic", "new") as live, pytest.raises(CursorExpired, match="raise its retention"):
        live.catch_up()
    with scene.open(app, "bus") as live:  # the log knows what the topic has forgotten
        assert live.table("totals").rebuild().events == 13


def test_what_is_parked_is_read_from_the_topic_when_it_is_retried(scene: Scene) -> None:
    scene.append(
        "order-1", ("Created", '{"total": 1}'), ("Paid", '{"amount": "much"}'), ("Paid", '{"amount": 4}')
    )
    scene.order(*range(2, 9))
    scene.relay()
    with scene.open(app, "topic") as live:
        live.catch_up()
        totals = live.table("totals")
        waiting = totals.parked()
        assert {s: (p.version, p.last_version) for s, p in waiting.items()} == {"order-1": (2, 3)}
        assert totals.rebuild().parked == 1
        assert totals.parked()["order-1"].event_id == waiting["order-1"].event_id
        assert not totals.retry("order-1")
        assert totals.skip("order-1", "no number")
        assert (totals.get("order-1")["paid"], totals.parked()) == (4, {})
        rows = totals.rows()
        assert live.verify().ok
    with scene.open(app, "log") as live:
        assert live.table("totals").rows() == rows
        assert live.verify().ok


def test_what_is_parked_and_forgotten_by_the_topic_stays_parked_and_says_what_to_open(scene: Scene) -> None:
    scene.append(
        "order-1", ("Created", '{"total": 1}'), ("Paid", '{"amount": "much"}'), ("Paid", '{"amount": 4}')
    )
    scene.relay()
    with scene.open(app, "topic") as live:
        live.catch_up()
        scene.order(2)
        scene.relay()
        scene.forget()
        totals = live.table("totals")
        for ask in (totals.retry, lambda stream: totals.skip(stream, "no number")):
            with pytest.raises(CursorExpired, match=r"--store URL with --bus TOPIC"):
                ask("order-1")
        assert [*totals.parked()] == ["order-1"]
    with scene.open(app, "bus") as live:
        assert live.table("totals").skip("order-1", "no number")


def test_a_state_of_another_log_is_refused(scene: Scene, topic: MakeTopic) -> None:
    scene.order(1)
    scene.relay()
    with scene.open(app, "topic") as live:
        live.catch_up()
    other = Scene(scene.folder / "other", scene.client, topic(2))
    other.folder.mkdir()
    other.order(1)
    other.relay()
    scene.bus = other.bus
    with pytest.raises(ForeignCursor):
        scene.open(app, "topic")
