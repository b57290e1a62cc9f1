"""Makes docs/azure/sdk-tests.md of what is expected: `python -m tests.testing.cosmos.sdk_page` prints it."""

from itertools import groupby

from tests.testing.cosmos.sdk_left_out import LEFT_OUT
from tests.testing.cosmos.sdk_tests import EXPECTED

_HEAD = """\
# The SDK's own tests on the stand-in

The stand-in for Azure Cosmos DB is judged by the tests of the SDK, which are fetched with the distribution of the
installed `azure-cosmos` when they are run, and never kept. `tests/testing/cosmos/test_sdk_suite.py` fails where a test
fails that should pass, and where a file of the SDK is neither in the first table nor named in the last. This page is
made by `python -m tests.testing.cosmos.sdk_page`.
"""


def summary() -> str:
    """The sentence that docs/cosmos.md holds."""
    both = EXPECTED.items()
    passed = sum(expected.passed for _, expected in both)
    asynchronous = [expected.passed for name, expected in both if name.endswith("_async.py")]
    return (
        f"{len(EXPECTED)} files, {passed:,} tests pass; {len(asynchronous)} of the files, with"
        f" {sum(asynchronous)} tests, are those of its asynchronous client."
    )


def page() -> str:
    """The whole page."""
    lines = [_HEAD, summary(), "", "| file | pass | skip themselves |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {found.passed} | {found.skipped} |" for name, found in EXPECTED.items()]
    lines += [
        "",
        "## What does not apply in these files",
        "",
        "| tests | of | because |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{pattern}` | `{name}` | {reason} |"
        for name, found in EXPECTED.items()
        for pattern, reason in found.not_applicable.items()
    ]
    lines += ["", "## Files that are not run", "", "| their subject | files |", "| --- | --- |"]
    by_reason = sorted(LEFT_OUT.items(), key=lambda pair: (pair[1], pair[0]))
    for reason, group in groupby(by_reason, key=lambda pair: pair[1]):
        lines.append(f"| {reason} | {', '.join(f'`{pattern}`' for pattern, _ in group)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
