"""The command line: `eventfold`. One file a command; `main.py` names them and turns errors into sentences."""

import sys
from collections.abc import Callable

from eventfold.errors import ExtraMissing
from eventfold.extras import needing

__all__ = ["main"]


def _explaining(missing: ExtraMissing) -> Callable[[], None]:
    def explain() -> None:
        sys.stderr.write(f"error {missing.code}: {missing.message}\n")
        sys.exit(missing.exit_code)

    return explain


try:
    with needing("The command line", "cli"):
        from eventfold.doors.cli.main import main
except ExtraMissing as error:
    main = _explaining(error)
