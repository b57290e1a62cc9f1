"""The contract of publications: what a place must be good for where tables are published.

A new place passes it with a test file of a few lines:

    class TestMyPlace(PublicationContract):
        @pytest.fixture
        def open_place(self, tmp_path):
            return lambda name, layout, log_id: MyPublication(tmp_path / name, layout, log_id)

        def rows_of(self, place, world):
            return {row["thing"]: row for row in place.everything()}

`open_place` opens the place of a name: the same one each time. It needs hypothesis.
"""

from eventfold.testing.published.following import FollowingContract
from eventfold.testing.published.writing import WritingContract


class PublicationContract(WritingContract, FollowingContract):
    """Every suite of publications."""
