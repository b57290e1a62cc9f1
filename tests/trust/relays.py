"""What was found of relays and brokers that were killed, by mode: a table of the page of promises."""

from tests.trust.figures import FOLDER, kept

HEAD = """## Relays that are killed, by mode

| mode | relays killed | brokers killed | events | lost | out of order | twice to our readers | twice in the topic |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
_COLUMNS = ("kills", "restarts", "total", "lost", "disordered", "doubled", "raw")


def table() -> str:
    """The table as Markdown."""
    rows = [
        " | ".join([f"| {mode}", *(f"{found[name]:,}" for name in _COLUMNS)]) + " |"
        for mode, found in sorted(kept(FOLDER, "killed-relays").items())
    ]
    return HEAD + "\n".join(rows or ["| not measured yet | | | | | | | |"]) + "\n"
