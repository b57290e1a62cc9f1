"""Parked streams and skips beside a published table: whoever has nothing but that goes on from it."""

import json

import pytest
from msgspec import structs

from eventfold import ANY
from eventfold.errors import CursorLost
from eventfold.feed.parking import Skip
from eventfold.readmodels.delta.commits import commit_name
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.publishing.publication import LeftOut, Stamp
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.publishing.seeding import seed
from eventfold.readmodels.sqlite import open_url
from eventfold.testing.making import make
from tests.readmodels.delta.shop import LAYOUT, REGISTRY, Shop, contents, crash


def poison(shop: Shop, stream: str = "box-1") -> None:
    """An event that is no number, and one behind it."""
    shop.store.append(stream, [make(data={"n": "many"}), make(5)], expected=ANY)


def skip(shop: Shop, stream: str = "box-1") -> None:
    waiting = shop.state.parked()[stream]
    one = Skip(stream=stream, version=waiting.version, reason="a test", actor="ann", skipped_us=1)
    assert Projector(shop.state, shop.feed, REGISTRY).skip(shop.store, stream, one)


PARKED = "_eventfold/parked"


def files(shop: Shop) -> list[str]:
    return [name.removeprefix(f"{PARKED}/") for name in contents(shop, PARKED)]


def stamp(shop: Shop) -> Stamp:
    head = shop.delta.head()
    assert head is not None
    return head.stamp


def test_a_version_names_the_file_of_what_it_leaves_out(shop: Shop) -> None:
    shop.publish()
    assert (stamp(shop).parked_file, files(shop)) == ("", [])
    poison(shop)
    shop.publish()
    assert files(shop) == ["1-2.json"]
    assert shop.delta.left_out(stamp(shop)) == LeftOut(tuple(shop.state.parked().values()))
    shop.happen("box-2", 3)
    shop.publish()
    assert files(shop) == ["1-2.json"]  # nothing of it has changed
    shop.happen("box-1", 3)
    shop.publish()
    assert files(shop) == ["1-2.json", "1-4.json"]
    skip(shop)
    shop.publish()
    assert shop.delta.left_out(stamp(shop)) == LeftOut((), tuple(shop.state.skips()))
    assert stamp(shop).parked_count == 0


def test_a_lost_state_goes_on_with_what_was_parked_and_skipped(shop: Shop) -> None:
    poison(shop)
    poison(shop, "box-2")
    shop.fold()
    skip(shop)
    shop.publish()
    other = open_url(f"sqlite:///{shop.folder}/other.db", shop.store.log_id)
    state = other.live(LAYOUT, shop.feed.start())
    assert seed(state, shop.another(), shop.feed)
    assert state.parked() == shop.state.parked()
    assert state.skips() == shop.state.skips()
    assert state.head().cursor == shop.state.head().cursor
    shop.happen("box-2", 8)  # waits behind what failed
    for one in (state, shop.state):
        Projector(one, shop.feed, REGISTRY).step()
    rows, wanted = (one.changed(0).rows.sort_by("id") for one in (state, shop.state))
    assert rows.equals(wanted)
    assert {s: (p.version, p.last_version) for s, p in state.parked().items()} == {"box-2": (2, 4)}
    other.close()


def test_a_state_is_not_seeded_where_the_file_is_gone(shop: Shop) -> None:
    poison(shop)
    shop.publish()
    (file,) = files(shop)
    shop.place.remove(f"{PARKED}/{file}")
    with pytest.raises(CursorLost, match=r"1-1\.json.* is gone"):
        shop.delta.left_out(stamp(shop))
    fresh = shop.states.fresh(LAYOUT, shop.feed.start())
    assert not seed(fresh, shop.another(), shop.feed)
    shop.happen("box-2", 1)
    shop.publish()  # the state knows what it was: the next version is whole again
    assert shop.delta.left_out(stamp(shop)) == LeftOut(tuple(shop.state.parked().values()))


def test_a_crash_between_file_and_commit_leaves_a_file_that_does_not_exist(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.publish()
    poison(shop)
    shop.fold()
    with monkeypatch.context() as dying:
        dying.setattr(type(shop.delta), "_append_nothing", crash)
        with pytest.raises(KeyboardInterrupt):
            Publisher(shop.state, shop.delta, shop.feed).publish()
    assert stamp(shop).parked_file == ""
    assert files(shop) == ["1-2.json"]
    shop.happen("box-1", 1)  # what waits is not what the dead writer wrote
    shop.publish()
    assert stamp(shop).parked_file == "1-2-2.json"
    assert shop.delta.left_out(stamp(shop)).parked == tuple(shop.state.parked().values())


def test_what_an_earlier_eventfold_published_is_written_down_at_once(shop: Shop) -> None:
    poison(shop)
    shop.publish()
    before = stamp(shop)
    old = structs.replace(before, parked_file=None, parked_sha256="")
    shop.place.remove(f"_eventfold/cursor/{0:020d}.json")
    commit = shop.place.read(commit_name(0))
    assert commit is not None
    lines = [json.loads(line) for line in commit.splitlines()]
    for line in lines:
        if "commitInfo" in line:
            told = json.loads(old.to_json())
            line["commitInfo"]["userMetadata"] = json.dumps(
                {
                    k: v
                    for k, v in told.items()
                    if k not in {"parked_file", "parked_sha256", "engine", "epoch"}
                }
            )
    shop.place.replace(commit_name(0), "\n".join(map(json.dumps, lines)).encode())
    shop.delta = shop.another()
    assert stamp(shop) == old
    with pytest.raises(CursorLost, match="earlier eventfold"):
        shop.delta.left_out(stamp(shop))
    assert shop.publish() == 1
    assert stamp(shop).change == before.change
    assert shop.delta.left_out(stamp(shop)).parked == tuple(shop.state.parked().values())
    assert shop.publish() is None
    assert shop.agree()


def test_old_files_go_when_no_version_names_them_and_vacuum_leaves_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventfold.readmodels.delta.sealing._FILES", 3)
    shop.delta = shop.another()
    poison(shop)
    for n in range(5):
        shop.happen("box-1", n)
        shop.publish()
    assert len(files(shop)) == 5  # every version is there, and names one
    table = shop.table()
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    table = shop.table()
    table.create_checkpoint()
    table.cleanup_metadata()
    assert len(files(shop)) == 5
    shop.place.replace(f"{PARKED}/1-3-2.json", b"half")
    shop.delta = shop.another()
    shop.happen("box-1", 9)
    shop.publish()
    assert stamp(shop).parked_file == "1-6.json"
    assert {"1-5.json", "1-6.json"} >= set(files(shop)) >= {"1-6.json"}
    assert shop.delta.left_out(stamp(shop)).parked == tuple(shop.state.parked().values())
