"""Every block of every page runs, in its order, as a reader would run it."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Block, Reader, blocks, matches, sources

ELSEWHERE = {"schema-gate.md": "test_schema_gate.py"}
"""Pages whose blocks another test runs."""

PAGES = [
    name
    for path in sources()
    if (name := str(path.relative_to(DOCS))) not in ELSEWHERE and blocks(path.read_text("utf-8"))
]
TOGETHER = {"guide": "guide/index.md", "howto": "howto/index.md"}
"""Pages of a folder go on from the files that its first page shows."""

NOT_RUN = {
    "azure/search-stand-in.md": 1,
    "ai-search.md": 3,
    "cosmos.md": 5,
    "event-hubs.md": 2,
    "howto/lake-in-azure.md": 3,
    "howto/mend-a-stream.md": 1,
    "howto/notebook.md": 1,
    "howto/production.md": 4,
    "guide/bus.md": 3,
    "howto/public-events-over-kafka.md": 2,
    "howto/readers.md": 3,
    "howto/relay-to-kafka.md": 7,
    "howto/spark.md": 4,
    "howto/web-service.md": 1,
    "performance.md": 2,
    "reference/names.md": 1,
    "synapse.md": 3,
    "tutorial.md": 1,
}
"""How many blocks of a page are left alone; each says why."""


def page(name: str) -> list[Block]:
    found = blocks((DOCS / name).read_text("utf-8"))
    first = TOGETHER.get(name.split("/", maxsplit=1)[0])
    if first is not None and first != name:
        return [b for b in blocks((DOCS / first).read_text("utf-8")) if b.mark == "file"] + found
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_does_what_the_page_says(name: str, tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        reader.follow(page(name))


@pytest.mark.parametrize(("name", "test"), ELSEWHERE.items())
def test_a_page_that_another_test_runs_is_read_by_it(name: str, test: str) -> None:
    assert f'"{name}"' in (Path(__file__).parent / test).read_text("utf-8")


def test_what_is_not_run_is_counted_and_says_why() -> None:
    found: dict[str, int] = {}
    for name in PAGES:
        left = [block for block in blocks((DOCS / name).read_text("utf-8")) if block.mark == "not run"]
        assert all(len(block.value.split()) > 2 for block in left), name
        if left:
            found[name] = len(left)
    assert found == NOT_RUN


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: path.name)
def test_no_page_hides_code_in_an_indented_block(path: Path) -> None:
    outside = re.sub(r"^```.*?^```$", "```", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\n\n    .*", outside) == []


def test_every_fence_of_a_page_belongs_to_a_block() -> None:
    with pytest.raises(AssertionError, match="line 3 does not end"):
        blocks("# A page\n\n```python\nx = 1\n")


BAD = [
    pytest.param("```python\nassert 1 == 2\n```\n", id="a claim in Python"),
    pytest.param("```console\n$ echo one\ntwo\n```\n", id="an answer"),
    pytest.param("```console\n$ false\n```\n", id="an exit code"),
    pytest.param("<!-- exit: 3 -->\n```console\n$ true\n```\n", id="a refusal that does not come"),
    pytest.param("```python\nprint(1)\n```\n\n```text\n2\n```\n", id="what is printed"),
    pytest.param("```yaml\na: 1\n```\n", id="a block that nobody runs"),
]


@pytest.mark.parametrize("source", BAD)
def test_a_page_that_is_wrong_is_seen(source: str, tmp_path: Path) -> None:
    with Reader(tmp_path) as reader, pytest.raises(AssertionError):
        reader.follow(blocks(source))


def test_a_page_that_is_right_is_followed(tmp_path: Path) -> None:
    source = (
        "<!-- file: one.py -->\n```python\nX = 1\n```\n"
        "```python\nfrom one import X\n```\n```python\nprint(X)\n```\n\n```text\n1\n```\n"
        "```console\n$ mkdir a\n$ cd a\n$ pwd\n...a\n```\n<!-- exit: 3 -->\n```console\n$ exit 3\n```\n"
    )
    with Reader(tmp_path) as reader:
        assert reader.follow(blocks(source)) == 6


def test_times_and_ids_may_differ_and_numbers_may_not() -> None:
    assert matches("at 2026-01-01 10:00:00 ... done", "at  2025-11-30T09:00:00.123456Z x y done")
    assert not matches("3 rows", "4 rows")
