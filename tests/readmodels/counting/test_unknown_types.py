"""Events of types that an app does not know, in the streams of its tables: counted in passing, and told."""

import logging
import threading
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import DefinitionError, EventTypeInvalid
from eventfold.feed.loop import catch_up
from eventfold.readmodels.counting.typecounts import TypeCounts
from eventfold.readmodels.counting.unknown import UNCOUNTED, UnknownType, told
from eventfold.testing.contract.bench import Bench
from eventfold.testing.contract.counting import crashes
from eventfold.testing.contract.crashing import Step
from tests.golden.corpus import FOLDER, RELEASES, app_of, copied


class Opened(ef.Event):
    owner: str


class Paid(ef.Event):
    amount: Decimal


class Payment(ef.Event):
    amount: Decimal


class Settled(ef.Event, name="Paid"):
    amount: Decimal


class Loan(ef.Aggregate[Opened | Paid], category="loan"):
    def apply(self, event: Any) -> None: ...


class RenamedLoan(ef.Aggregate[Opened | Payment], category="loan"):
    def apply(self, event: Any) -> None: ...


class NamedLoan(ef.Aggregate[Opened | Settled], category="loan"):
    def apply(self, event: Any) -> None: ...


class Loans(ef.Table, category="loan"):
    loan = ef.key()
    owner = ef.first(Opened.owner)
    paid = ef.sum(Paid.amount, "decimal(18,2)")


class RenamedLoans(ef.Table, category="loan", name="loans"):
    loan = ef.key()
    owner = ef.first(Opened.owner)
    paid = ef.sum(Payment.amount, "decimal(18,2)")


class NamedLoans(ef.Table, category="loan", name="loans"):
    loan = ef.key()
    owner = ef.first(Opened.owner)
    paid = ef.sum(Settled.amount, "decimal(18,2)")


class Owners(ef.Table, name="owners"):
    owner = ef.key(Opened.owner)
    loans = ef.count(Opened)


BEFORE = ef.App("bank", aggregates=[Loan], tables=[Loans])
RENAMED = ef.App("bank", aggregates=[RenamedLoan], tables=[RenamedLoans])
IGNORED = ef.App("bank", aggregates=[RenamedLoan], tables=[RenamedLoans], ignored=["Paid"])
NAMED = ef.App("bank", aggregates=[NamedLoan], tables=[NamedLoans])
MISSED = [UnknownType(table="loans", type="Paid", events=5)]


def at(app: ef.App, folder: Path) -> Live:
    return app.open(f"sqlite:///{folder}/log.db", lake=str(folder / "lake"))


def fill(live: Live, first: int = 0, count: int = 5, category: str = "loan") -> None:
    encode = BEFORE.registry.encode
    for n in range(first, first + count):
        events = [encode(Opened(owner="ada")), encode(Paid(amount=Decimal(7)))]
        live.store.append(f"{category}-{n}", events, expected=0)


def counts(folder: Path) -> dict[tuple[str, str], int]:
    connection = apsw.Connection(str(folder / "log.db.state"))
    found: list[Any] = connection.execute("SELECT category, type, events FROM _types").fetchall()
    connection.close()
    return {(category, kind): events for category, kind, events in found}


@pytest.fixture
def folded(tmp_path: Path) -> Path:
    with at(BEFORE, tmp_path) as live:
        fill(live)
        assert live.catch_up().unknown == []
        assert live.status().warnings == []
        assert not live.verify().warnings
    return tmp_path


def test_a_renamed_class_is_told_by_rebuild_status_verify_and_catch_up(folded: Path) -> None:
    with at(RENAMED, folded) as live:
        assert live.status().unknown == MISSED  # the counts of before are judged by the app of now
        rebuilt = live.table("loans").rebuild()
        assert live.table("loans").get("loan-1")["paid"] == 0
        assert rebuilt.unknown == MISSED
        for found in (live.status(), live.verify(), live.catch_up()):
            assert found.unknown == MISSED
            assert list(found.warnings) == list(rebuilt.warnings) == told(MISSED)
        assert live.verify().ok
    assert "5 events" in told(MISSED)[0]
    assert "`eventfold rebuild loans`" in told(MISSED)[0]


def test_the_old_name_given_to_the_new_class_leaves_nothing_to_tell(folded: Path) -> None:
    with at(NAMED, folded) as live:
        assert live.table("loans").rebuild().warnings == []
        assert live.table("loans").get("loan-1")["paid"] == 7
        assert (live.status().unknown, live.status().warnings) == ([], [])


def test_a_type_that_is_ignored_is_told_no_more_and_one_that_no_longer_is_at_once(folded: Path) -> None:
    with at(RENAMED, folded) as live:
        live.table("loans").rebuild()
    for app, unknown in ((IGNORED, []), (RENAMED, MISSED), (IGNORED, [])):
        with at(app, folded) as live:
            assert live.status().unknown == unknown
            assert live.catch_up().unknown == unknown


def test_what_is_appended_later_is_counted_by_who_follows(folded: Path) -> None:
    with at(RENAMED, folded) as live:
        live.table("loans").rebuild()
        fill(live, first=5, count=3)
        live.store.append("other-1", [BEFORE.registry.encode(Paid(amount=Decimal(1)))], expected=0)
        found = live.catch_up().unknown
        assert found == [UnknownType(table="loans", type="Paid", events=8)]
    assert counts(folded) == {("loan", "Opened"): 8, ("loan", "Paid"): 8, ("other", "Paid"): 1}


def test_a_table_without_a_category_looks_at_the_streams_of_those_whose_events_it_names(
    tmp_path: Path,
) -> None:
    app = ef.App("bank", aggregates=[RenamedLoan], tables=[Owners])
    with at(app, tmp_path) as live:
        fill(live)
        fill(live, category="other")
        assert live.catch_up().unknown == [UnknownType(table="owners", type="Paid", events=5)]
    # no aggregate has the events: where they stand are its streams
    with at(ef.App("bank", events=[Opened], tables=[Owners]), tmp_path) as live:
        assert live.catch_up().unknown == [UnknownType(table="owners", type="Paid", events=10)]


def test_an_app_of_untyped_events_misses_only_what_stands_in_streams_of_its_own_aggregates(
    tmp_path: Path,
) -> None:
    class Others(ef.Table, category="other"):
        other = ef.key()
        opened = ef.count(Opened)

    class Amounts(ef.Table, category="other"):
        other = ef.key()
        paid = ef.sum(ef.field("Paid", "amount"), "decimal(18,2)")

    with at(
        ef.App("bank", aggregates=[RenamedLoan], tables=[RenamedLoans, Others], untyped=True), tmp_path
    ) as live:
        fill(live)
        fill(live, category="other")
        assert live.catch_up().unknown == MISSED
    with at(
        ef.App("bank", aggregates=[RenamedLoan], tables=[RenamedLoans, Amounts], untyped=True), tmp_path
    ) as live:
        assert live.catch_up().unknown == []  # a table names it: it is known by its name


@pytest.mark.parametrize("release", RELEASES)
def test_what_an_earlier_release_passed_is_unknown_until_it_is_counted_once(
    release: str, tmp_path: Path
) -> None:
    data, app = copied(release, tmp_path), app_of(FOLDER / release)
    log = f"sqlite:///{data}/log.db"
    with app.open(log, lake=str(data / "lake"), create=False) as live:
        assert live.status().unknown is None
        assert UNCOUNTED in live.status().warnings
        live.catch_up()
        stored = list(_all(live))
        assert live.status().unknown == []
        assert UNCOUNTED not in live.status().warnings
    assert counts(data) == Counter((e.stream.partition("-")[0], e.type) for e in stored)


def _all(live: Live) -> Any:
    feed = live.store.feed()
    return feed.read(feed.start(), 100_000).events


@pytest.mark.parametrize("how", ["verify", "rebuild"])
def test_who_reads_every_event_anyway_counts_what_an_earlier_release_passed(folded: Path, how: str) -> None:
    as_before(folded)
    with at(RENAMED, folded) as live:
        assert live.unknown() is None
        found: Any = live.verify() if how == "verify" else live.table("loans").rebuild()
        assert found.unknown == live.unknown() == MISSED


def as_before(folder: Path) -> None:
    """The state as the release before left it, which counted nothing by type."""
    connection = apsw.Connection(str(folder / "log.db.state"))
    connection.execute("DROP TABLE _types; DROP TABLE _types_at; DROP TABLE _owned; PRAGMA user_version=2")
    connection.execute("ALTER TABLE published DROP COLUMN noted_us")
    for column in ("definition", "kept_us", "kept_skips"):
        connection.execute(f"ALTER TABLE tables DROP COLUMN {column}")
    connection.close()


def test_the_keeper_goes_on_with_a_lost_state_that_is_made_of_the_published_table(folded: Path) -> None:
    (folded / "log.db.state").unlink()
    with at(BEFORE, folded) as live:
        assert live.table("loans").live().head().cursor == live.store.feed().end()  # nothing is folded again
        assert live.unknown() is None
        fill(live, first=5, count=1)
        assert live.catch_up().unknown == []
    assert counts(folded) == {("loan", "Opened"): 6, ("loan", "Paid"): 6}


def test_a_log_that_was_restored_from_an_older_copy_is_counted_anew_by_a_rebuild(folded: Path) -> None:
    def copy(source: str, target: str) -> None:
        connection = apsw.Connection(str(folded / target))
        with connection.backup("main", apsw.Connection(str(folded / source)), "main") as backup:
            backup.step()
        connection.close()

    copy("log.db", "older.db")
    with at(BEFORE, folded) as live:
        fill(live, first=5, count=3)
        live.catch_up()
    assert counts(folded)["loan", "Paid"] == 8
    for file in ("log.db", "log.db-wal", "log.db-shm"):
        (folded / file).unlink(missing_ok=True)
    copy("older.db", "log.db")
    with at(RENAMED, folded) as live:
        fill(live, first=20, count=1)
        assert live.table("loans").rebuild().unknown == [UnknownType(table="loans", type="Paid", events=6)]
        fill(live, first=21, count=1)
        assert live.catch_up().unknown == [UnknownType(table="loans", type="Paid", events=7)]
    assert counts(folded) == {("loan", "Opened"): 7, ("loan", "Paid"): 7}


def test_a_follower_tells_once_and_again_when_there_is_more_to_miss(
    folded: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Late(ef.Event):
        pass

    def follow() -> list[str]:
        caplog.clear()
        read = live.store.feed().read
        catch_up(live._followers(live._workers(read=read), read, live._tell_unknown))
        return [record.getMessage() for record in caplog.records]

    with at(RENAMED, folded) as live:
        live.table("loans").rebuild()
        caplog.set_level(logging.WARNING, "eventfold.live")
        assert follow() == told(MISSED)
        fill(live, first=5, count=2)
        assert follow() == []
        live.store.append("loan-0", [ef.Registry([Late]).encode(Late())], expected=2)
        (sentence,) = follow()
        assert "'Late' (1)" in sentence


def test_a_running_follower_tells_what_the_tables_miss(
    folded: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "eventfold.live")
    stop = threading.Event()
    with at(RENAMED, folded) as live:
        live.table("loans").rebuild()

        class Heard(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                stop.set()

        logger, handler = logging.getLogger("eventfold.live"), Heard()
        logger.addHandler(handler)
        try:
            live.run(stop)
        finally:
            logger.removeHandler(handler)
    assert [record.getMessage() for record in caplog.records] == told(MISSED)


class Apart:
    """A ledger that counts by type, and moves the cursor of what is counted afterwards."""

    def __init__(self, ledger: Any, step: Step) -> None:
        self._ledger, self._step = ledger, step

    def count(self, types: TypeCounts, *, read: Any, then: Any, anew: bool = False) -> None:
        if read is not None:
            self._ledger.count(types, read=read, then=read, anew=anew)
            types, anew = {}, False
        self._step("between")
        self._ledger.count(types, read=read, then=then, anew=anew)

    def record(self, tallies: Any, types: TypeCounts, *, read: Any, then: Any) -> bool:
        self._ledger.record(tallies, read=read, then=then)
        if self._ledger.counted_to() != read:
            return False
        self.count(types, read=read, then=then)
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class Before(Apart):
    """A ledger that moves the cursor of what is counted, and counts by type afterwards."""

    def count(self, types: TypeCounts, *, read: Any, then: Any, anew: bool = False) -> None:
        self._ledger.count({}, read=read, then=then, anew=anew)
        self._step("between")
        self._ledger.count(types, read=then, then=then)


@pytest.mark.parametrize("behind", [False, True], ids=["from the start", "brought in"])
@pytest.mark.parametrize("wrong", [Apart, Before])
def test_counts_and_their_cursor_in_two_commits_would_be_wrong_after_a_crash(
    tmp_path: Path, wrong: type[Apart], *, behind: bool
) -> None:
    bench = Bench(lambda name: ef.open_store(f"sqlite:///{tmp_path}/{name}.db"), tmp_path, None)
    with pytest.raises(AssertionError, match="before step"):
        crashes(bench, behind=behind, split=False, wrap=wrong)


@pytest.mark.parametrize(
    ("app", "named"),
    [
        ({"events": [Paid], "ignored": ["Paid"]}, "registered"),
        ({"untyped": True, "tables": [Loans], "ignored": ["Paid"]}, "loans"),
        ({"ignored": [Paid]}, "text"),
    ],
)
def test_what_is_ignored_is_a_name_that_nothing_else_speaks_of(app: dict[str, Any], named: str) -> None:
    with pytest.raises(DefinitionError, match=named):
        ef.App("bank", **app)


def test_what_is_ignored_could_be_a_stored_name() -> None:
    with pytest.raises(EventTypeInvalid):
        ef.App("bank", ignored=["Paid "])


def test_many_types_are_told_in_one_sentence() -> None:
    unknown = [UnknownType(table="loans", type=f"T{n}", events=n) for n in range(1, 9)]
    (sentence,) = told(unknown)
    assert "36 events" in sentence
    assert "'T8' (8)" in sentence
    assert "and 3 more types" in sentence
