"""Every release reads what every earlier one stored: logs, states, snapshots, Delta tables, schema files, exports."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from msgspec import structs

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.schema import program_of
from eventfold.doors.cli.showing.documents import document
from eventfold.errors import UpcasterMissing
from eventfold.events.schema.gate import judge
from eventfold.events.schema.recorded import parse, render
from eventfold.feed.cursor import read_cursor
from eventfold.imports.restoring.restoring import restore
from eventfold.readmodels.publishing.publication import read_stamp
from tests.golden.corpus import FOLDER, RELEASES, Expected, app_of, copied, expected_of, read_all, rows_of


class Corpus:
    """A copy of what one release stored, and what must be found in it."""

    def __init__(self, release: str, folder: Path) -> None:
        self.data = copied(release, folder)
        self.app = app_of(FOLDER / release)
        self.expected: Expected = expected_of(release)
        self.events = read_all(self.data)
        self.aggregate: Any = self.app.aggregates[0]

    def open(self) -> Live:
        return self.app.open(f"sqlite:///{self.data}/log.db", lake=str(self.data / "lake"), create=False)

    def unread(self) -> int:
        """How many events no table had seen."""
        return 2


@pytest.fixture(params=RELEASES)
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Corpus:
    return Corpus(request.param, tmp_path)


def as_json(found: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(found, enc_hook=str))


def test_there_is_a_corpus() -> None:
    assert "0.1.0" in RELEASES


def test_every_event_is_there_as_it_was_stored(corpus: Corpus) -> None:
    assert as_json([document(event) for event in corpus.events]) == corpus.expected.events
    assert {(e.type, e.schema_version) for e in corpus.events} >= {
        *(("parcel sent", version) for version in (1, 2, 3)),
        *(("Delivered", version) for version in (1, 2)),
    }


def test_every_event_decodes_to_the_current_version(corpus: Corpus) -> None:
    registry = corpus.app.registry
    current = [registry.current_data(event) for event in corpus.events]
    assert [as_json(msgspec.Raw(text.encode())) for text in current] == as_json(corpus.expected.current)
    for event in corpus.events:
        typed = registry.decode(event)
        assert isinstance(typed, ef.Untyped) == (event.type == "Noted")
        assert registry.decode(registry.encode(typed)) == typed


def test_upcast_step_by_step_equals_at_once_and_twice_equals_once(corpus: Corpus) -> None:
    registry, steps = corpus.app.registry, 0
    for event in corpus.events:
        version, data = event.schema_version, event.data
        while version < (registry.version_of(event.type) or version):
            data = registry.next_data(ef.NewEvent(event.id, event.type, version, data))
            version, steps = version + 1, steps + 1
        assert data == registry.current_data(event)
        again = ef.NewEvent(event.id, event.type, version, data)
        assert registry.current_data(again) == data
        assert registry.decode(again) == registry.decode(event)
    assert steps >= 4


def test_a_missing_link_is_named(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, event_type in corpus.app.registry.types.items():
        for version in list(event_type.upcasters):
            with monkeypatch.context() as patch:
                patch.delitem(event_type.upcasters, version)
                with pytest.raises(UpcasterMissing, match=f"{name} .* nothing upcasts version {version} to"):
                    ef.Registry([event_type])


def test_the_state_has_the_rows_it_had(corpus: Corpus) -> None:
    with corpus.open() as live:
        for table in live.tables:
            found = rows_of(live.query(f"SELECT * FROM {table.name} ORDER BY 1").rows())
            assert found == corpus.expected.state[table.name], table.name
            assert sorted(table.parked()) == corpus.expected.parked[table.name]


def test_a_fold_from_zero_gives_the_known_rows(corpus: Corpus) -> None:
    with corpus.open() as live:
        live.catch_up()
        for table in live.tables:
            rebuilt = table.rebuild()
            assert rebuilt.events > 0
        for table in live.tables:
            found = rows_of(live.query(f"SELECT * FROM {table.name} ORDER BY 1").rows())
            assert found == corpus.expected.moments[table.name][-1], table.name


@pytest.mark.slow
def test_every_moment_answers_as_it_did(corpus: Corpus) -> None:
    bases = set()
    with corpus.open() as live:
        for table in live.tables:
            for position, rows in enumerate(corpus.expected.moments[table.name]):
                found = table.at(position=position)
                assert rows_of(found.rows()) == rows, (table.name, position)
                bases.add(found.base)
    assert len(bases - {None}) >= 2  # stamped Delta versions were used, not only the log


def test_every_published_version_has_its_stamp_and_a_copy_of_it(corpus: Corpus) -> None:
    for table in (corpus.data / "lake").iterdir():
        commits = {path.stem for path in table.glob("_delta_log/*.json")}
        copies = {path.stem: path.read_text("utf-8") for path in table.glob("_eventfold/cursor/*.json")}
        assert copies.keys() == commits
        for text in copies.values():
            stamp = read_stamp(text)
            assert stamp is not None
            assert (stamp.log, stamp.cursor.log) == (corpus.expected.log, corpus.expected.log)


@pytest.mark.slow
def test_stamps_are_found_where_delta_has_forgotten_them(corpus: Corpus) -> None:
    for commit in (corpus.data / "lake").glob("*/_delta_log/*.json"):
        lines = [msgspec.json.decode(line) for line in commit.read_text("utf-8").splitlines()]
        for line in lines:
            if "commitInfo" in line:
                del line["commitInfo"]["userMetadata"]
        commit.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    test_every_moment_answers_as_it_did(corpus)
    test_tables_fold_only_what_they_had_not_seen(corpus)


def test_aggregates_stand_where_they_stood(corpus: Corpus) -> None:
    with corpus.open() as live:
        repository = live.repository(corpus.aggregate)
        for at, state in corpus.expected.aggregates.items():
            stream, _, version = at.partition("@")
            found = repository.at(stream, version=int(version))
            assert rows_of([vars(found) | {"version": int(version)}]) == state, at
        for stream in ("parcel-1", "parcel-2", "parcel-3"):
            assert rows_of([vars(repository.load(stream))])[0]["where"] == last_of(corpus, stream)["where"]


def last_of(corpus: Corpus, stream: str) -> Any:
    versions = [int(at.partition("@")[2]) for at in corpus.expected.aggregates if at.startswith(f"{stream}@")]
    return corpus.expected.aggregates[f"{stream}@{max(versions)}"][0]


def test_a_snapshot_says_what_the_fold_says(corpus: Corpus) -> None:
    with corpus.open() as live:
        snapshot = live.store.snapshots().load("parcel-3")
        assert snapshot is not None
        state = msgspec.json.decode(snapshot.state)
        wanted = corpus.expected.aggregates[f"parcel-3@{snapshot.version}"][0]
        assert state == {name: wanted[name] for name in state}
        loaded = rows_of([vars(live.repository(corpus.aggregate).load("parcel-3"))])
    (corpus.data / "log.db.snapshots").unlink()
    with corpus.open() as live:
        assert rows_of([vars(live.repository(corpus.aggregate).load("parcel-3"))]) == loaded


def test_a_snapshot_that_says_nothing_of_the_code_is_told_once_and_left_alone(
    corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    with corpus.open() as live:
        kept = live.store.snapshots().load("parcel-3")
        assert kept is not None
        assert kept.fingerprint != corpus.aggregate.definition.fingerprint
        lie = structs.replace(kept, state=kept.state.replace('"moves":1', '"moves":100'))
        assert lie != kept
        live.store.snapshots().save(lie)
        repository = live.repository(corpus.aggregate)
        with caplog.at_level("INFO", "eventfold.snapshots"):
            loaded = [repository.load("parcel-3").moves, repository.at("parcel-3", version=2).moves]
        assert loaded == [2, 1]
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        arrived = datetime(2026, 2, 1, tzinfo=UTC)
        repository.execute("parcel-3", corpus.aggregate.move, "Wien", arrived)
        assert repository.flush()
        taken = live.store.snapshots().load("parcel-3")
        assert taken is not None
        assert (taken.version, taken.fingerprint) == (4, corpus.aggregate.definition.fingerprint)
        assert live.verify().snapshots == 1


def test_appending_goes_on(corpus: Corpus) -> None:
    with corpus.open() as live:
        repository, before = live.repository(corpus.aggregate), live.store.head("parcel-3")
        arrived = datetime(2026, 2, 1, tzinfo=UTC)
        again = repository.execute_once("move-1", "parcel-3", corpus.aggregate.move, "Graz", arrived)
        # the command of that release took effect once
        assert (again.version, live.store.head("parcel-3")) == (
            2,
            before,
        )
        repository.execute("parcel-3", corpus.aggregate.move, "Wien", arrived)
        assert live.store.head("parcel-3") == before + 1
        with pytest.raises(ef.WrongExpectedVersion):
            live.store.append("parcel-1", [ef.NewEvent(ef.new_id(), "Noted", 1, "{}")], expected=0)
        live.catch_up()
        row = live.table("parcels").get("parcel-3")
        assert (row["status"], row["depots"][-1], row["events"]) == ("moving", "Wien", before + 1)
        assert live.table("depots").get("Wien")["parcels"] == 1
        for table in live.tables:
            kept = table.at(position=len(corpus.events))
            assert rows_of(kept.rows()) == corpus.expected.moments[table.name][-1]


def test_a_follower_goes_on_from_its_cursor(corpus: Corpus) -> None:
    with corpus.open() as live:
        page = live.store.feed().read(read_cursor(corpus.expected.cursor), 100)
        assert [event.id for event in page.events] == corpus.expected.follows
        assert page.caught_up


def test_tables_fold_only_what_they_had_not_seen(corpus: Corpus) -> None:
    with corpus.open() as live:
        before = {table.name: table.live().head() for table in live.tables}
        live.catch_up()
        for table in live.tables:
            head = table.live().head()
            lag = live.store.feed().lag(before[table.name].cursor)
            assert lag == corpus.unread()
            assert head.generation == before[table.name].generation
            found = rows_of(live.query(f"SELECT * FROM {table.name} ORDER BY 1").rows())
            assert found == corpus.expected.moments[table.name][-1]


def test_a_lost_state_goes_on_from_the_published_tables(corpus: Corpus) -> None:
    for file in corpus.data.glob("log.db.state*"):
        file.unlink()
    with corpus.open() as live:
        live.catch_up()
        # what people skipped in `notes` is known to the state only
        for name in (
            "parcels",
            "depots",
            "open",
        ):
            found = rows_of(live.query(f"SELECT * FROM {name} ORDER BY 1").rows())
            assert found == corpus.expected.moments[name][-1], name


def test_the_schema_file_is_read_and_nothing_in_it_is_refused(corpus: Corpus) -> None:
    text = (corpus.data / "schema.json").read_text("utf-8")
    recorded = parse(text)
    assert [f for f in judge(recorded, program_of(corpus.app)) if f.level == "refused"] == []
    assert render(recorded) == text
    assert set(recorded.events["parcel sent"].versions) == {1, 2, 3}


@pytest.mark.parametrize("name", ["events.jsonl", "events.parquet"])
def test_an_export_is_restored_to_an_equal_log(corpus: Corpus, name: str) -> None:
    must_restore(corpus, name)


def must_restore(corpus: Corpus, name: str = "events.jsonl") -> None:
    store = ef.open_store("sqlite://")
    report = restore(store, corpus.data / name)
    assert (report.written, report.refused) == (len(corpus.events), 0)
    restored = [event for stream in store.streams() for event in store.read(stream.stream)]
    store.close()
    assert sorted(restored, key=lambda event: event.position) == corpus.events


def test_recorded_times_never_decrease(corpus: Corpus) -> None:
    assert all(one.recorded_us <= other.recorded_us for one, other in pairwise(corpus.events))


# negative controls: the same questions of a corpus that was changed


@pytest.fixture
def changed(tmp_path: Path) -> Corpus:
    """A corpus in which one amount was altered behind the back of the log."""
    data = copied("0.1.0", tmp_path / "x")
    connection = apsw.Connection(f"{data}/log.db")
    for (name,) in list(connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
        connection.execute(f'DROP TRIGGER "{name}"')
    table = connection.execute(
        "SELECT name FROM sqlite_master WHERE name LIKE 'event%' AND type = 'table'"
    ).get
    connection.execute(f"UPDATE {table} SET data = replace(data, '1250', '1251') WHERE data LIKE '%1250%'")
    assert connection.changes() == 1
    connection.close()
    corpus = Corpus("0.1.0", tmp_path)
    (corpus.data / "log.db").write_bytes((data / "log.db").read_bytes())
    corpus.events = read_all(corpus.data)
    return corpus


@pytest.mark.parametrize(
    "question",
    [
        test_every_event_is_there_as_it_was_stored,
        test_every_event_decodes_to_the_current_version,
        test_a_fold_from_zero_gives_the_known_rows,
        test_every_moment_answers_as_it_did,
        test_aggregates_stand_where_they_stood,
        must_restore,
    ],
    ids=lambda question: question.__name__,
)
def test_a_changed_event_is_noticed(changed: Corpus, question: Any) -> None:
    with pytest.raises(AssertionError):
        question(changed)


def test_a_changed_upcaster_is_noticed(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = corpus.app.registry.types["parcel sent"]
    monkeypatch.setitem(
        sent.upcasters,
        1,
        lambda data: {**{k: v for k, v in data.items() if k != "cents"}, "price": "1", "currency": "EUR"},
    )
    corpus.app.registry = ef.Registry(corpus.app.registry.types.values(), untyped=True)
    with pytest.raises(AssertionError):
        test_every_event_decodes_to_the_current_version(corpus)
    found = judge(parse((corpus.data / "schema.json").read_bytes()), program_of(corpus.app))
    assert ("upcaster-changed", "parcel sent@1") in {(f.kind, f.where) for f in found}
