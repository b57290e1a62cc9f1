"""What is left out is told once for many."""

import pytest

from eventfold.bus.messages.leftout import LeftOut


def test_twelve_thousand_foreign_messages_are_a_few_sentences(caplog: pytest.LogCaptureFixture) -> None:
    left_out = LeftOut("shop")
    for offset in range(12_000):
        left_out.note(0, offset, "It is junk.")
    left_out.note(1, 7, "It is junk.")
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "shop: what stands at offset 0 of partition 0 is left out: It is junk.",
        "shop: 10 messages of partition 0 are left out so far, the last at offset 9: It is junk.",
        "shop: 100 messages of partition 0 are left out so far, the last at offset 99: It is junk.",
        "shop: 1,000 messages of partition 0 are left out so far, the last at offset 999: It is junk.",
        "shop: 10,000 messages of partition 0 are left out so far, the last at offset 9999: It is junk.",
        "shop: what stands at offset 7 of partition 1 is left out: It is junk.",
    ]
