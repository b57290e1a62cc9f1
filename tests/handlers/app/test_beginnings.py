"""Where handlers begin and when effects are due: what cannot be is refused in words that help."""

import logging
import math
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import CursorInvalid, DefinitionError, EventfoldError, ForeignCursor, OutcomeUnknown
from eventfold.feed.cursor import Cursor
from eventfold.handlers.tending import beginning
from tests.handlers.app.shop import Created, Order


@pytest.mark.parametrize("hours", ["24", None, True, math.nan, math.inf, -math.inf, -1, 0, 1e300, 1j])
def test_a_delay_that_is_no_number_of_hours_is_refused(hours: Any) -> None:
    with pytest.raises(DefinitionError, match=r"after\("):
        ef.after(hours=hours)


def _told(event: Created, message: ef.Message) -> None:
    """Nothing."""


def _app(name: str, since: Any) -> ef.App:
    return ef.App("shop", aggregates=[Order], handlers=[ef.notify(Created, name=name, since=since)(_told)])


def test_a_cursor_of_another_log_is_told_without_advice_for_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with _app("tell", "now").open(url) as live:
        foreign = Cursor("another", live.store.feed().end().marks)
        uncovering = Cursor(live.store.log_id, {})
        live.handler("tell").move("now")
        with pytest.raises(ForeignCursor, match="eventfold handlers show") as caught:
            live.handler("tell").move(foreign)
        assert "rebuild" not in str(caught.value)
    for since, error in ((foreign, ForeignCursor), (uncovering, CursorInvalid)):
        with _app("late", since).open(url) as live:
            with pytest.raises(error) as found:
                live.handle()
            assert "rebuild" not in str(found.value)
            with pytest.raises(EventfoldError, match=r"this log|This cursor does not cover"):
                live.run(threading.Event())


def test_who_may_have_been_renamed_and_begins_at_the_start_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with _app("tell", "start").open(url) as live:
        live.handle()
    with caplog.at_level(logging.WARNING):
        with _app("tell_all", "now").open(url) as live:
            live.handle()
        assert "renamed" not in caplog.text
        with _app("told", "start").open(url) as live:
            live.handle()
            live.handle()
    assert caplog.text.count("The handler told begins at the start of the log") == 1
    assert "does not have: tell, tell_all. If one of them was renamed" in caplog.text


@pytest.mark.parametrize("lost", [1, 3, 100])
def test_a_lost_answer_to_where_a_handler_begins_stops_no_worker_unless_none_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    store = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    effects, left = type(store.effects()), [lost]
    begins = effects.begin

    def begin(self: Any, reader: str, cursor: Cursor) -> None:
        begins(self, reader, cursor)
        left[0] -= 1
        if left[0] >= 0:
            raise OutcomeUnknown("The answer was lost.")

    monkeypatch.setattr(effects, "begin", begin)
    handler = ef.notify(Created, name="tell", since="now")(_told)
    with store, pytest.raises(OutcomeUnknown) if lost == 100 else nullcontext():
        assert beginning.begin(handler, store)
        assert [lease.cursor for lease in store.effects().all("tell")] == [store.feed().end()]
        assert not beginning.begin(handler, store)
