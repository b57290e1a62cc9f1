"""The stand-in as a process of its own: prints its endpoint and key as one line of JSON, serves until it is ended."""

import argparse
import json
import sys

from eventfold.testing.cosmos.standin import StandIn
from eventfold.testing.door.ending import until_ended


def main() -> int:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m eventfold.testing.cosmos", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--partitions",
        type=int,
        default=4,
        help="physical partitions of a new container; 0 counts by throughput",
    )
    parser.add_argument("--folder", help="where everything is kept; without it, in memory")
    parser.add_argument("--key", help="the account's key, base64; without it, a new one")
    given = parser.parse_args()
    account = StandIn(
        partitions=given.partitions or None, key=given.key, port=given.port, folder=given.folder
    )
    with until_ended(account):
        where = {"endpoint": account.endpoint, "key": account.key, "url": account.url("eventfold")}
        sys.stdout.write(json.dumps(where) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
