"""A store has served a commit, and its answer is lost: the commit is found again, and no row is there twice."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from eventfold.errors import StaleCursor
from eventfold.readmodels.delta.commits import read_commit
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.stamped import StampedTable
from eventfold.readmodels.lakecopy.copier import Copier
from eventfold.readmodels.open import open_copy
from eventfold.readmodels.publishing.publication import Version, stamp_of
from tests.azurite.proxy import Proxy
from tests.azurite.server import ACCOUNT, Azurite
from tests.readmodels.delta.shop import Shop
from tests.readmodels.delta.test_left_out import poison

pytestmark = pytest.mark.slow
HOW = pytest.mark.parametrize("how", ["close", "503"])


@pytest.fixture(scope="module")
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    with Proxy(azurite.port, ACCOUNT) as proxy:
        yield proxy


@pytest.fixture
def lake(address: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", proxy.endpoint)
    return address


def commit(number: int) -> str:
    return f"/boxes/_delta_log/{number:020d}.json"


@HOW
def test_a_table_whose_first_commit_was_not_answered_is_made_once(shop: Shop, proxy: Proxy, how: str) -> None:
    proxy.lose("PUT", commit(0), how=how)
    assert shop.publish() == 0
    assert shop.publish() is None
    assert shop.table().version() == 0
    assert shop.agree()


@HOW
def test_a_merge_that_was_not_answered_is_found(shop: Shop, proxy: Proxy, how: str) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.happen("box-2")
    proxy.lose("PUT", commit(1), how=how)
    assert shop.publish() == 1
    assert shop.publish() is None
    shop.happen("box-3", 9)
    assert shop.publish() == 2
    assert shop.agree()


def test_a_stamp_and_a_parked_file_that_were_not_answered_are_found(shop: Shop, proxy: Proxy) -> None:
    shop.publish()
    poison(shop)
    proxy.lose("PUT", "/_eventfold/parked/1-2.json")
    proxy.lose("PUT", commit(1))
    assert shop.publish() == 1
    head = shop.another().head()
    assert head is not None
    assert (head.number, head.stamp.parked_file) == (1, "1-2.json")
    assert shop.delta.left_out(head.stamp).parked == tuple(shop.state.parked().values())


def merged(shop: Shop) -> Version:
    on, changed = shop.delta.head(), shop.state.changed(1)
    assert on is not None
    stamp = stamp_of("boxes", changed.head)
    return shop.delta.merge(on, changed.rows.to_reader(), [], stamp)


def test_control_without_the_look_at_the_log_an_own_commit_is_taken_for_that_of_a_rival(
    shop: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    monkeypatch.setattr(StampedTable, "_landed", lambda *_: None)
    proxy.lose("PUT", commit(1))
    with pytest.raises(StaleCursor):
        merged(shop)
    assert shop.table().version() == 1  # and yet it is there


def test_a_copied_event_is_there_once(shop: Shop, lake: str, proxy: Proxy) -> None:
    table = open_copy(lake, shop.store.log_id)
    copier = Copier(table, shop.feed, events=100, patient=False)
    for number in (0, 1):
        proxy.lose("PUT", f"/events/_delta_log/{number:020d}.json")
    while not copier.copy():
        pass
    head = table.head()
    assert head is not None
    assert (head.number, head.stamp.total) == (1, 4)
    assert open_place(lake, "events").table().to_pyarrow_table().num_rows == 4


def test_control_a_bare_append_through_the_same_proxy_is_committed_twice(lake: str, proxy: Proxy) -> None:
    place, rows = open_place(lake, "bare"), pa.table({"n": [1]})
    write_deltalake(place.uri, rows, storage_options=place.options)
    proxy.lose("PUT", f"/bare/_delta_log/{1:020d}.json")
    write_deltalake(place.uri, rows, mode="append", storage_options=place.options)
    assert place.table().version() == 2
    once, again = (read_commit(place, number) for number in (1, 2))
    assert once is not None
    assert again is not None
    assert once.added == again.added  # who reads by commits has its row twice


def test_a_store_that_stays_away_leaves_an_error_and_the_next_attempt_goes_on(
    shop: Shop, proxy: Proxy
) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    proxy.lose("PUT", commit(1), how="503", times=1)
    proxy.lose("GET", "/_delta_log/_last_checkpoint", how="503", times=1)
    assert shop.publish() == 1
    assert shop.agree()
