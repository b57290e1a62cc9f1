#!/usr/bin/env bash
# deltalake 1.6.6: DeltaTable.history() of a handle that is not the newest lists commits which came after the handle's
# version too, and numbers them from the handle's version downwards: the later commit has the number of the handle's, and
# the handle's own one has the number before it, which for the first version is -1. DeltaTable.version() stays right.
#
# Seen:
#   deltalake 1.6.6
#   as described: the handle is of version 0
#   as described: its history has the commits [('later', 0), ('first', -1)]
#   as described: control: a new handle has [('later', 1), ('first', 0)]
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake

print("deltalake", version("deltalake"))
changed = []


def told(sentence, holds):
    print("as described:" if holds else "CHANGED:", sentence)
    if not holds:
        changed.append(sentence)


def add(who, mode):
    write_deltalake(
        "orders",
        pa.table({"order": pa.array([1], pa.int64())}),
        mode=mode,
        commit_properties=CommitProperties(custom_metadata={"who": who}),
    )


def commits(table):
    return [(entry["who"], entry["version"]) for entry in table.history()]


add("first", "error")
held = DeltaTable("orders")
add("later", "append")
told(f"the handle is of version {held.version()}", held.version() == 0)
told(f"its history has the commits {commits(held)}", commits(held) == [("later", 0), ("first", -1)])
now = commits(DeltaTable("orders"))
told(f"control: a new handle has {now}", now == [("later", 1), ("first", 0)])
sys.exit(1 if changed else 0)
PYTHON
