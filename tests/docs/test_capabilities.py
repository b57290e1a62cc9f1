"""The table of capabilities in the docs says what the stores declare."""

from pathlib import Path

import eventfold as ef
from eventfold.store.cosmos.store import CAPABILITIES as COSMOS
from eventfold.store.port import Capabilities

PAGE = Path(__file__).parents[2] / "docs" / "cosmos.md"
BEGIN, END = "<!-- capabilities:", "<!-- capabilities end -->"


def table(sqlite: Capabilities, cosmos: Capabilities) -> str:
    def yes(value: bool) -> str:
        return "yes" if value else "no"

    def limit(value: int | None) -> str:
        return "no limit of its own" if value is None else f"{value:,}"

    rows = [
        ("several streams in one append", *(yes(c.atomic_over_streams) for c in (sqlite, cosmos))),
        ("total order of all events", *(yes(c.total_order) for c in (sqlite, cosmos))),
        ("an append knows its exact position", *(yes(c.position_at_append) for c in (sqlite, cosmos))),
        (
            "event ids are unique in the whole log",
            *("yes" if c.event_ids_unique_in_log else "inside a stream" for c in (sqlite, cosmos)),
        ),
        ("acknowledged events survive a crash", *(yes(c.durable) for c in (sqlite, cosmos))),
        ("several workers can share the feed", *(yes(c.shares_feed) for c in (sqlite, cosmos))),
        ("events of one append, at most", *(limit(c.max_batch) for c in (sqlite, cosmos))),
        ("bytes of one event, at most", *(limit(c.max_event_bytes) for c in (sqlite, cosmos))),
        ("bytes of one append, at most", *(limit(c.max_append_bytes) for c in (sqlite, cosmos))),
    ]
    lines = ["| capability | SQLite | Cosmos DB |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def declared(folder: Path) -> str:
    store = ef.open_store(f"sqlite:///{folder}/log.db")
    try:
        return table(store.capabilities, COSMOS)
    finally:
        store.close()


def test_the_docs_say_what_the_stores_declare(tmp_path: Path) -> None:
    text = PAGE.read_text()
    between = text[text.index(BEGIN) : text.index(END)].split("-->", 1)[1]
    assert between.strip() == declared(tmp_path)
