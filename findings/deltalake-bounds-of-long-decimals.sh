#!/usr/bin/env bash
# deltalake 1.6.6: the bounds (minValues, maxValues) of a decimal column in a Delta log are written as JSON numbers through
# a double, which holds 15 digits. Of longer amounts the bound of a file may not include the amount in it, and a reader that
# skips files by bounds does not find the row: the pyarrow dataset of deltalake itself, for one. Up to 15 digits every
# amount is found; without bounds (table property delta.dataSkippingStatsColumns) the long ones are found too.
#
# Seen:
#   deltalake 1.6.6 pyarrow 26.0.1
#   as described: the upper bound of 12345678901234567.89 is 1.2345678901234568e+16
#   as described: rows found of 12345678901234567.89 by its value: 0
#   as described: the row is there all the same
#   as described: control: rows found of 1234567890123.45: 1
#   as described: control: without bounds ({'id': 'a'}) rows found: 1
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
from decimal import Decimal
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
changed = []


def written(name, amount, kind, **options):
    write_deltalake(name, pa.table({"id": ["a"], "amount": pa.array([Decimal(amount)], kind)}), **options)
    actions = [json.loads(line) for line in (Path(name) / "_delta_log" / f"{0:020d}.json").read_text().splitlines()]
    return next(json.loads(action["add"]["stats"]) for action in actions if "add" in action)


def found(name, amount, kind):
    wanted = pc.field("amount") == pa.scalar(Decimal(amount), kind)
    return DeltaTable(name).to_pyarrow_dataset().to_table(filter=wanted).num_rows


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


long, wide = "12345678901234567.89", pa.decimal128(38, 2)
stats = written("long", long, wide)
bound = stats["maxValues"].get("amount")
check(f"the upper bound of {long} is {bound!r}", isinstance(bound, float) and Decimal(bound) != Decimal(long))
check(f"rows found of {long} by its value: {found('long', long, wide)}", found("long", long, wide) == 0)
check("the row is there all the same", DeltaTable("long").to_pyarrow_table().num_rows == 1)

short, narrow = "1234567890123.45", pa.decimal128(15, 2)
written("short", short, narrow)
check(f"control: rows found of {short}: {found('short', short, narrow)}", found("short", short, narrow) == 1)

stats = written("unbounded", long, wide, configuration={"delta.dataSkippingStatsColumns": "id"})
check(f"control: without bounds ({stats['maxValues']}) rows found: {found('unbounded', long, wide)}",
      "amount" not in stats["maxValues"] and found("unbounded", long, wide) == 1)
sys.exit(1 if changed else 0)
PYTHON
