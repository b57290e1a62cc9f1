"""Keeping tables over a log: catching up, restarts, rebuilds, swaps, owners, a lost state."""

import pytest

import eventfold as ef
from eventfold.errors import CheckpointBeyondHead, ForeignCursor, OwnerFenced, StaleCursor, TableInvalid
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.following.worker import TableWorker
from eventfold.readmodels.port import Changes
from eventfold.testing.contract.bench import Bench, OverALog, assert_prefix, assert_whole
from eventfold.testing.contract.boxes import (
    APP,
    EVENTS,
    TABLES,
    Boxes,
    Owners,
    Texts,
    fill,
    filled,
    followed,
    opened,
)


class KeepingContract(OverALog):
    """What holds while a table is kept up to date, over any log."""

    def test_catching_up_after_a_restart_takes_only_what_is_new(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            before = live.table(Boxes).live().head()
        with bench.open() as live:
            projector = followed(live.table(Boxes), live.store)
            assert projector.begin() == before
            assert list(projector.step().events) == []
            live.store.append("box-9", [opened()], expected=0)
            found = list[str]()
            while not (page := projector.step()).caught_up:
                found += [e.stream for e in page.events]
            assert [*found, *(e.stream for e in page.events)] == ["box-9"]
            live.catch_up()
            for name in ("boxes", "owners", "texts"):
                assert_whole(live, name)
            assert live.table(Boxes).live().head().generation == before.generation

    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_a_restart_after_every_page_changes_nothing(self, bench: Bench, limit: int) -> None:
        with bench.open() as live:
            fill(live.store)
        for _ in range(100):
            with bench.open() as live:
                page = followed(live.table(Owners), live.store).step(limit)
                assert_prefix(live.store, live.table(Owners).live())
                if page.caught_up:
                    live.catch_up()
                    assert_whole(live, "owners")
                    return
        raise AssertionError("the end was never reached")

    def test_a_table_is_waited_for_by_what_an_append_answered(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            token = live.store.append("box-9", [opened("zoe")], expected=0).token
            live.catch_up()
            found = live.query("SELECT owner FROM boxes WHERE box = 'box-9'", after=token).rows()
            assert found == [{"owner": "zoe"}]

    @pytest.mark.parametrize("table", TABLES)
    def test_a_rebuild_gives_the_live_rows_in_a_new_generation(
        self, bench: Bench, table: type[ef.Table]
    ) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            before = live.query(f"SELECT * FROM {table.spec.name} ORDER BY 1").rows()  # noqa: S608 - names of tables of this suite
            assert live.table(table).rebuild().generation == 2
            assert_whole(live, table.spec.name)
            assert live.query(f"SELECT * FROM {table.spec.name} ORDER BY 1").rows() == before  # noqa: S608 - names of tables of this suite
        with bench.open() as live:
            live.store.append("box-3", [filled(4)], expected=2)
            live.catch_up()
            assert_whole(live, table.spec.name)
            assert live.table(table).live().head().generation == 2

    def test_the_live_rows_answer_until_the_swap_and_no_event_is_missed_by_it(self, bench: Bench) -> None:
        with bench.open() as live, bench.open(publishes=False) as other:
            fill(live.store)
            live.catch_up()
            seen: list[int] = []

            def meanwhile(_done: int, _of: int | None) -> None:
                seen.append(live.table(Boxes).get("box-3")["total"])
                other.store.append("box-3", [filled(10)], expected=ef.ANY)
                followed(other.table(Boxes), other.store).step()

            done = live.table(Boxes).rebuild(progress=meanwhile)
            assert seen
            assert seen[0] == 3
            assert done.generation == 2
            live.catch_up()
            assert live.table(Boxes).get("box-3")["total"] == 3 + 10 * len(seen)
            assert_whole(live, "boxes")

    def test_a_rebuild_that_stops_half_way_changes_nothing(self, bench: Bench) -> None:
        class Stopped(BaseException):
            pass

        def stop(_done: int, _of: int | None) -> None:
            raise Stopped

        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            with pytest.raises(Stopped):
                live.table(Boxes).rebuild(progress=stop)
            assert_whole(live, "boxes")
        with bench.open() as live:
            assert live.table(Boxes).live().head().generation == 1
            live.table(Boxes).rebuild()
            assert_whole(live, "boxes")

    def test_a_changed_definition_is_refused_until_the_table_is_rebuilt(self, bench: Bench) -> None:
        class Changed(ef.Table, category="box", name="boxes"):
            box = ef.key()
            events = ef.count()

        with bench.open() as live:
            fill(live.store)
            live.catch_up()
        with bench.open(ef.App("changed", events=EVENTS, tables=[Changed])) as live:
            with pytest.raises(TableInvalid, match="boxes"):
                live.catch_up()
            live.table(Changed).rebuild()
            live.catch_up()
            assert_whole(live, "boxes")

    def test_one_worker_owns_a_table(self, bench: Bench) -> None:
        with bench.open() as live, bench.open() as rival:
            fill(live.store)
            (mine, *_), (theirs, *_) = live._workers(), rival._workers()
            while not mine.step():
                pass
            before = live.table(Boxes).live().head()
            live.store.append("box-9", [opened("zoe")], expected=0)
            assert theirs.step()  # it stands by
            assert _has_rival(theirs)
            assert (theirs.where(), live.table(Boxes).live().head()) == (None, before)
            mine.finish()
            while not theirs.step() or _has_rival(theirs):
                pass
            theirs.finish()
            rival.catch_up()
            assert_whole(rival, "boxes")

    def test_a_lease_is_taken_over_only_as_it_was_seen(self, bench: Bench) -> None:
        with bench.open() as live:
            state = live.table(Boxes).live()
            epoch = state.acquire("old", 60)
            with pytest.raises(OwnerFenced) as seen:
                state.acquire("new", 60)
            lease = str(seen.value.facts["lease"])
            assert state.acquire("old", 90) == epoch
            with pytest.raises(OwnerFenced) as again:
                state.acquire("new", 60, over=lease)  # it was renewed: its owner lives
            assert state.acquire("new", 60, over=str(again.value.facts["lease"])) == epoch + 1
            with pytest.raises(OwnerFenced):
                state.acquire("old", 60, over=lease)

    def test_a_worker_that_is_taken_for_dead_and_lives_doubles_nothing(self, bench: Bench) -> None:
        with bench.open() as live, bench.open() as rival:
            fill(live.store)
            table = live.table(Owners)
            alive = followed(table, live.store)
            alive.epoch = alive.state.acquire("alive", 60)
            with pytest.raises(OwnerFenced) as seen:
                table.live().acquire("heir", 60)
            read = alive.begin().cursor
            page = live.store.feed().read(read, 1000)
            folded = alive._fold(page.events).changes()  # it is about to commit when another takes its table
            heir = followed(rival.table(Owners), rival.store)
            heir.epoch = heir.state.acquire("heir", 60, over=str(seen.value.facts["lease"]))
            while not heir.step(3).caught_up:
                pass
            with pytest.raises((OwnerFenced, StaleCursor)):
                alive.state.commit(folded, read=read, then=page.cursor, epoch=alive.epoch)
            with pytest.raises((OwnerFenced, StaleCursor)):
                alive.state.commit(folded, read=page.cursor, then=page.cursor, epoch=alive.epoch)
            heir.state.release("heir")
            rival.catch_up()
            assert_whole(rival, "owners")

    def test_a_worker_whose_lease_has_passed_commits_nothing(self, bench: Bench) -> None:
        with bench.open() as live, bench.open() as rival:
            fill(live.store)
            old = followed(live.table(Boxes), live.store)
            old.epoch = old.state.acquire("old", 0.0)
            begun = old.begin()
            new = followed(rival.table(Boxes), rival.store)
            new.epoch = new.state.acquire("new", 60)
            with pytest.raises(OwnerFenced):
                old.step(3)
            assert live.table(Boxes).live().head().cursor == begun.cursor
            while not new.step(3).caught_up:
                pass
            with pytest.raises((OwnerFenced, StaleCursor)):
                old.state.commit(Changes(), read=begun.cursor, then=live.store.feed().end(), epoch=old.epoch)
            new.state.release("new")
            rival.catch_up()
            assert_whole(rival, "boxes")

    def test_of_two_followers_that_read_the_same_page_one_commits(self, bench: Bench) -> None:
        with bench.open() as live, bench.open() as rival:
            fill(live.store)
            late, quick = followed(live.table(Owners), live.store), followed(rival.table(Owners), rival.store)
            refused = 0
            for _ in range(100):
                late.begin()
                page = quick.step(2)
                try:
                    late.step(2)
                except StaleCursor:
                    refused += 1
                assert_prefix(live.store, late.state)
                if page.caught_up:
                    break
            assert refused >= 2
            live.catch_up()
            assert_whole(live, "owners")

    def test_a_page_that_is_committed_twice_is_refused(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            projector = followed(live.table(Boxes), live.store)
            start = projector.begin().cursor
            page = projector.step(5)
            assert page.events
            again = projector._fold(page.events)
            with pytest.raises(StaleCursor):
                projector.state.commit(again.changes(), read=start, then=page.cursor)
            assert_prefix(live.store, projector.state)
            live.catch_up()
            assert_whole(live, "boxes")

    def test_a_lost_state_goes_on_from_the_published_table(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            published = live.table(Boxes).live().head().cursor
        for left in bench.state.parent.glob(f"{bench.state.name}*"):
            left.unlink()
        with bench.open() as live:
            head = live.table(Boxes).live().head()
            assert (head.generation, head.cursor) == (2, published)
            assert [table.unpublished for table in live.status().tables] == [0, 0, 0]
            live.store.append("box-3", [filled(1)], expected=2)
            live.catch_up()
            for name in ("boxes", "owners", "texts"):
                assert_whole(live, name)
            assert live.table(Boxes).live().head().generation == 2

    def test_the_state_of_another_log_is_refused(self, bench: Bench) -> None:
        other = bench.another()
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            cursor, state = live.table(Texts).live().head().cursor, live.table(Texts).live()
            foreign = other.store()
            fill(foreign)
            with pytest.raises((ForeignCursor, CheckpointBeyondHead)):
                Projector(state, foreign.feed(), APP.registry).step()
            foreign.close()
            assert state.head().cursor == cursor
        other.state.write_bytes(bench.state.read_bytes())
        with pytest.raises(ForeignCursor), other.open():
            pass


def _has_rival(worker: TableWorker) -> bool:
    return worker.rival is not None
