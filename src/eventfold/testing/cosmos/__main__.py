"""`python -m eventfold.testing.cosmos`: the stand-in as a process; prints where it is, serves until told to end."""

import argparse
import json
import sys

from eventfold.testing.cosmos.standin import StandIn, serve

parser = argparse.ArgumentParser(prog="eventfold.testing.cosmos", description=__doc__)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--partitions", type=int, default=1)
asked = parser.parse_args()


def tell(account: StandIn) -> None:
    """One line of JSON, for the program that started this."""
    where = {"endpoint": account.endpoint, "key": account.key, "url": account.url("eventfold")}
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()


serve(asked.partitions, asked.port, tell)
