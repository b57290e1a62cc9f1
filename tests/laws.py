"""How many examples a costly law is tried with: some in every run, others each time, and more at night."""

import os

AT_NIGHT = os.environ.get("EVENTFOLD_TEST_AT_NIGHT") == "yes"
"""Whether this is a run of `./dev test --nightly` or `--all`, which run the tests marked `more_at_night` too."""


def examples(normally: int, *, nightly: int) -> int:
    """How many examples a test marked `more_at_night` is given in this run."""
    return nightly if AT_NIGHT else normally
