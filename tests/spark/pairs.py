"""What the page about Spark says of each pair of places."""

import re

from tests.spark.conftest import ROOT

PAGE = ROOT / "docs" / "howto" / "spark.md"


def said(kind: str) -> dict[tuple[str, str], str]:
    """From where to where -> done, translated or rebuild.

    Args:
        kind: of the log, as a comment names it above its table.
    """
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- pairs: {kind} -->\n")[2]
    table = re.match(r"(\|.*\n)+", text)
    assert table is not None
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()]
    return {(row[0], to): word for row in rows for to, word in zip(head[1:], row[1:], strict=True)}
