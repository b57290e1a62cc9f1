"""Runs `eventfold` in this process, as a shell would."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from eventfold.doors.cli.main import cli, guarded


class Told(NamedTuple):
    """The exit code, and what stood on standard output and standard error."""

    code: int
    out: str
    err: str


def eventfold(*arguments: str, stdin: str | bytes = b"") -> Told:
    """What a command line answers."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin), "utf-8")
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "stdin", given):
        code = guarded(
            lambda: cli.main(args=list(arguments), prog_name="eventfold", standalone_mode=False),
            as_json="--json" in arguments,
        )
    return Told(code, out.getvalue(), err.getvalue())
