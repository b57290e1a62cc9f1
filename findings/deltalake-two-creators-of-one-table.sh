#!/usr/bin/env bash
# deltalake 1.6.6: two writers make one table with mode="error", each of them looking before the other one has written. Both
# are told that they did, and the later one replaces the columns and the id of the other, whose row stays without its value. A
# put of the first commit that demands a new name would refuse the second.
#
# Seen:
#   deltalake 1.6.6 pyarrow 26.0.1
#   as described: both were told that they made it: [True, True]
#   as described: the table has the column of one of them
#   as described: and the value of one of them: 1 in 2 rows
#   as described: control: whoever looks after the other has written is refused
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
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import deltalake
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
changed = []
together = Barrier(2)


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def make(number):
    def rows():
        together.wait()  # both have looked by now
        yield pa.record_batch({f"column_{number}": [number]})

    schema = pa.schema([(f"column_{number}", pa.int64())])
    write_deltalake("table", pa.RecordBatchReader.from_batches(schema, rows()), mode="error")
    return True


with ThreadPoolExecutor(2) as pool:
    made = list(pool.map(make, range(2)))
check(f"both were told that they made it: {made}", made == [True, True])
found = DeltaTable("table")
columns, rows = len(found.schema().fields), found.to_pyarrow_table().num_rows
values = [value for column in found.to_pyarrow_table().columns for value in column.to_pylist()]
check("the table has the column of one of them", columns == 1)
check(f"and the value of one of them: {sum(value is not None for value in values)} in {rows} rows", values.count(None) == rows - 1)
try:
    write_deltalake("table", pa.table({"column_2": [2]}), mode="error")
    refused = False
except DeltaError:
    refused = True
check("control: whoever looks after the other has written is refused", refused)
sys.exit(1 if changed else 0)
PYTHON
