"""The stand-in for Cosmos DB in a process of its own, whose partitions are split when it is told to.

It tells where it is in a line of JSON, splits a partition for every line that it reads, and ends with who started it.
"""

import json
import sys

from eventfold.testing.cosmos import StandIn

DATABASE, CONTAINER = "eventfold", "events"


def main(partitions: int) -> None:
    """Serves until nobody speaks any more."""
    with StandIn(partitions=partitions) as account:
        tell({"key": account.key, "url": account.url(DATABASE), "endpoint": account.endpoint})
        for _ in sys.stdin:
            account.split(DATABASE, CONTAINER)
            tell({"partitions": len(account.ranges(DATABASE, CONTAINER))})


def tell(what: dict[str, object]) -> None:
    """A line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
