"""The page of Event Hubs: its settings are those that are set, and its figures are those that are counted."""

import re
from pathlib import Path
from uuid import UUID

from eventfold.bus.kafka import eventhubs
from eventfold.bus.marks import Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message, Progress
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark

PAGE = (Path(__file__).parents[2] / "docs" / "event-hubs.md").read_text("utf-8")
LOG = "01890a5d-ac96-774b-bcce-b302099a8057"
EVENTS, BATCHES, PARTITIONS, READERS, HOURS = 240, 20, 4, 3, 730
DATA = 1_000


def rows(name: str) -> list[list[str]]:
    """The cells of a table between its two comments."""
    found = re.search(rf"<!-- {name}: .*?-->\n(.*?)<!-- {name} end -->", PAGE, re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def size(message: Message) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers)
    return len(message.key or b"") + len(message.value) + headers


def sizes() -> tuple[int, int]:
    """Of an event as the example has it, and of a progress record."""
    encoder = MessageEncoder(LOG, PARTITIONS)
    data = '{"customer":"c-1234","text":"%s"}' % ("x" * (DATA - 31))
    event = RecordedEvent(
        1_234_567, "order-12345678", 3, "OrderPlaced", 1, bytes(range(16)), 1_700_000_000_123_456, None, data,
        '{"actor":"ann","correlationId":"01890a5d-ac96-774b-bcce-b302099a8057"}', "0",
    )  # fmt: skip
    assert len(data) == DATA
    place = Place(1_234_567, 3)
    progress = Progress(cursor=Cursor(LOG, {"0": Mark(1_234_567, "0" * 32)}), sent={"0": place})
    return size(encoder.event(event, place)), size(
        encoder.progress(progress, UUID(int=5), 1_700_000_000_123_456)
    )


def test_the_settings_are_those_that_are_set() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows("settings")}
    wanted = {
        name: str(value).lower() for name, value in eventhubs._SETTINGS.items() if name != "security.protocol"
    }
    assert shown == wanted


def test_the_example_is_counted() -> None:
    event, progress = sizes()
    records = BATCHES * PARTITIONS
    into, mega = EVENTS + records, 1e6
    megabytes = (EVENTS * event + records * progress) / mega
    kept, month = megabytes * 48 * 3.6, into * 3_600 * HOURS / mega
    told = {row[0]: (row[1], row[2]) for row in rows("costs")}
    assert told == {
        "events in": (f"{EVENTS} messages, {EVENTS * event / mega:.2f} MB", ""),
        "progress records in": (f"{records} messages, {records * progress / mega:.2f} MB", ""),
        "in, together": (f"{into} messages, {megabytes:.2f} MB", f"{megabytes * 100:.0f} %"),
        "out, three readers": (
            f"{READERS * into} messages, {READERS * megabytes:.2f} MB",
            f"{READERS * megabytes * 50:.0f} %",
        ),
        "kept for 48 hours": (f"{kept:.0f} GB", f"{kept / 84 * 100:.0f} %"),
        "a month of 730 hours": (f"{month:.0f} million messages", ""),
    }
    assert f"would keep {kept * 3.5:.0f} GB" in PAGE
    units, messages = 0.19 * HOURS, 0.18 * month
    assert f"{units:.2f} + {messages:.2f} = {units + messages:.0f} CNY" in " ".join(PAGE.split())
    assert f"{10.45 * HOURS:,.0f} CNY for one unit" in PAGE
    overhead = event - DATA
    assert f"take about {round(overhead, -2)} bytes" in PAGE
