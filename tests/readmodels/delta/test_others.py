"""What others do to a Delta table: maintenance is let be, their rows are replaced, their tables left alone."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from eventfold.errors import CursorLost, ForeignCursor
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.publishing.publisher import Publisher
from tests.readmodels.delta.shop import LAYOUT, Shop


def test_optimize_and_vacuum_of_others_as_newest_commits(shop: Shop) -> None:
    shop.publish()
    for n in range(3):
        shop.happen(f"box-{n}", n + 10)
        shop.publish()
    table = shop.table()
    table.optimize.compact()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    head = shop.delta.head()
    assert head is not None
    assert (head.number, head.intact) == (3, True)
    assert shop.publish() is None
    shop.happen("box-3", 77)
    number = shop.publish()
    assert number is not None
    assert number > 3
    assert shop.agree()


def test_rows_that_others_wrote_are_replaced_by_ours(shop: Shop) -> None:
    shop.publish()
    foreign = pa.Table.from_pylist(
        [{"id": "zzz", "_version": 1, "n": 1, "total": 1}], schema=shop.state.changed(0).rows.schema
    )
    write_deltalake(shop.table(), foreign, mode="append")
    assert not shop.agree()
    shop.happen("box-1", 7)
    shop.publish()
    assert shop.agree()


def test_a_table_of_another_log_or_of_nobody_is_left_alone(shop: Shop) -> None:
    shop.publish()
    stranger = DeltaPublication(shop.place, LAYOUT, "another-log")
    with pytest.raises(ForeignCursor):
        stranger.head()
    place = shop.place_of("theirs")
    write_deltalake(place.uri, pa.table({"id": ["a"]}), storage_options=place.options)
    theirs = DeltaPublication(place, LAYOUT, shop.store.log_id)
    with pytest.raises(CursorLost):
        theirs.head()
    with pytest.raises(CursorLost):
        Publisher(shop.state, theirs, shop.feed).publish(reclaim=True)
    assert place.table().version() == 0
