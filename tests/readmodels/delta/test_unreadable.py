"""A state that cannot be read to the end while it is published."""

import pytest

from eventfold.errors import StorageFailed
from tests.readmodels.delta.shop import Shop, unreadable


@pytest.mark.parametrize("first", [True, False], ids=["made", "merged"])
def test_nothing_is_published_where_the_rows_cannot_be_read_to_the_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    if not first:
        shop.happen("box-0", 1)
        shop.publish()
    for n in range(600):
        shop.happen(f"box-{n}", n)
    shop.fold()
    before = shop.delta.head()
    with monkeypatch.context() as patched:
        unreadable(patched, 500)
        with pytest.raises(StorageFailed, match="The disk has gone"):
            shop.publish()
    assert shop.another().head() == before
    shop.publish()
    assert shop.agree()
