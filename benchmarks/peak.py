"""The memory that a process takes at most."""

import resource
import subprocess
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak() -> float:
    """MiB; where Linux tells it by process: `ru_maxrss` begins with what the process that started this one took."""
    if _STATUS.exists():
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def peak_of(module: str, *arguments: str) -> float:
    """MiB of a process of its own, which runs a module that prints its `peak`."""
    command = [sys.executable, "-m", module, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
