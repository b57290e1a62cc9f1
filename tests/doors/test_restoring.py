"""Restoring on the command line where handlers have begun: refused, unless it is said that they pass by."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.handlers.tending.moving import holds
from eventfold.testing.making import make
from tests.doors.calling import eventfold


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an export, and a log in which a handler has begun."""
    with open_store(f"sqlite:///{tmp_path}/old.db") as store:
        store.append("order-1", [make(1), make(2)], expected=0)
    assert eventfold("-s", f"sqlite:///{tmp_path}/old.db", "export", str(tmp_path / "log.jsonl")).code == 0
    with open_store(f"sqlite:///{tmp_path}/new.db") as store:
        store.effects().begin("mail", store.feed().start())
    return tmp_path


def test_a_restore_that_handlers_would_take_for_news_is_refused(place: Path) -> None:
    told = eventfold("-s", f"sqlite:///{place}/new.db", "import", "--restore", str(place / "log.jsonl"))
    assert (told.code, "handlers-begun" in told.err, "--handlers skip" in told.err) == (5, True, True)
    with open_store(f"sqlite:///{place}/new.db") as store:
        assert store.head("order-1") == 0


@pytest.mark.parametrize("how", [["--restore"], []])
def test_handlers_pass_by_where_that_is_said(place: Path, how: list[str]) -> None:
    log = f"sqlite:///{place}/new.db"
    told = eventfold("-s", log, "import", *how, str(place / "log.jsonl"), "--handlers", "skip")
    assert told.code == 0
    assert "1 handler moved to the end of the log: mail." in told.err + told.out
    with open_store(log) as store:
        (lease,) = store.effects().all("mail")
        assert store.feed().compare(lease.cursor, store.feed().end()) == "equal"
        assert holds(store.effects(), "mail") == {}


def test_handlers_are_nothing_to_say_of_an_import(place: Path) -> None:
    (place / "rows.csv").write_text("case,what\n1,Opened\n")
    told = eventfold(
        *("-s", f"sqlite:///{place}/new.db", "import", str(place / "rows.csv"), "--handlers", "skip"),
        *("--stream", "case", "--category", "case", "--type", "what"),
    )
    assert (told.code, "config-invalid" in told.err) == (2, True)
