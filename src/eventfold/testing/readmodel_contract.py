"""The contract of tables over a log: what a store's feed must be good for.

A new store passes it with a test file of a few lines:

    class TestMyStore(ReadModelContract):
        @pytest.fixture
        def open_log(self, tmp_path):
            return lambda name: open_store(f"mystore://{tmp_path}/{name}")

`open_log` opens the log of a name: the same one each time. A store whose feed can split overrides `divide` too, which
splits a partition of the log of a name. Capabilities are asserted as the feed declares them. It needs hypothesis.
"""

from eventfold.testing.contract.absent import AbsentKeysContract
from eventfold.testing.contract.answers import AnswersContract
from eventfold.testing.contract.asof import AsOfContract
from eventfold.testing.contract.auditing import AuditingContract
from eventfold.testing.contract.counting import CountingContract
from eventfold.testing.contract.crashing import CrashingContract
from eventfold.testing.contract.keeping import KeepingContract
from eventfold.testing.contract.laws import LawsContract
from eventfold.testing.contract.parking import ParkingContract
from eventfold.testing.contract.tables import TablesContract


class ReadModelContract(
    TablesContract,
    KeepingContract,
    AsOfContract,
    ParkingContract,
    AbsentKeysContract,
    AuditingContract,
    CountingContract,
    AnswersContract,
    LawsContract,
    CrashingContract,
):
    """Every suite of tables over a log."""
