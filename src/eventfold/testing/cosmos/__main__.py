"""`python -m eventfold.testing.cosmos`: the stand-in as a process; prints where it is, serves until told to end."""

import argparse
import json
import signal
import sys
import threading

from eventfold.testing.cosmos.standin import StandIn


def main() -> int:
    """Serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="eventfold.testing.cosmos", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--partitions", type=int, default=1)
    asked = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    with StandIn(asked.partitions, port=asked.port) as account:
        where = {"endpoint": account.endpoint, "key": account.key, "url": account.url("eventfold")}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
