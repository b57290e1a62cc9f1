"""The command line: `eventfold`. One file a command; `main.py` names them and turns errors into sentences."""

from eventfold.doors.cli.main import main

__all__ = ["main"]
