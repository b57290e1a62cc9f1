"""Commands of `eventfold`, each in a process of its own that begins where its imports end, which is what takes long.

They are forked from a process that has imported the command line and done nothing else: one thread, no connection, no
open file.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_SERVER = """
import json, os, sys
from eventfold.doors.cli.main import cli, main
list(cli.commands.values())
import eventfold.engines.duckdb.engine, eventfold.readmodels.asking.query
threads = "/proc/self/task"
assert not os.path.isdir(threads) or len(os.listdir(threads)) == 1
program = os.path.join(os.path.dirname(sys.executable), "eventfold")
sys.path[0] = os.path.dirname(program)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for handle, number in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(handle, number)
        os.close(said)
        os.close(nothing)
        sys.stdin = open(0, closefd=False)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = [program, *asked["arguments"]]
        break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, flush=True)
else:
    sys.exit(0)
sys.exit(main())
"""


INTERPRETER = {
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",  # a file that changes twice in a second would be taken for the same
}
"""What an interpreter looks at once, when it begins; the same for all commands."""


class Forking:
    """Runs commands in processes that are forked from one."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            env={**os.environ, **INTERPRETER, "JE_ARROW_MALLOC_CONF": "background_thread:false"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], said: Path
    ) -> tuple[int, str]:
        """The exit code of a command, and what it said; `said` is a file of this call."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        asked = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(environment),
            "said": str(said),
        }
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        text = said.read_text("utf-8")
        said.unlink()
        return code, text

    def close(self) -> None:
        """Ends the process from which they are forked."""
        self._server.communicate()


@cache
def forking() -> Forking:
    """The one of this process, from its first command to its end."""
    found = Forking()
    atexit.register(found.close)
    return found
