#!/usr/bin/env bash
# duckdb 2.0.0: what its result is as Python values and what it is as an Arrow table can be two different things. An
# unsigned number of 128 bits above 2**127 is negative in Arrow, a time of day with an offset loses the offset, and the sum of
# whole numbers (HUGEINT) is a decimal there. No error is raised.
#
# Seen:
#   duckdb 2.0.0 pyarrow 26.0.1
#   as described: UHUGEINT 2**127 + 1 is -170141183460469231731687303715884105727 in Arrow
#   as described: TIMETZ 12:00:00+05:00 is 12:00:00 in Arrow
#   as described: the sum of BIGINT is decimal128(38, 0) in Arrow
#   as described: control: the same values are right as Python values
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import duckdb
import pyarrow as pa

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__)
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def both(sql):
    column = duckdb.connect().sql(sql).to_arrow_table().column(0)
    return duckdb.connect().sql(sql).fetchall()[0][0], column[0].as_py(), column.type


big = 2**127 + 1
python, arrow, _ = both(f"SELECT CAST('{big}' AS UHUGEINT)")
check(f"UHUGEINT 2**127 + 1 is {arrow} in Arrow", arrow < 0)
offset, bare, _ = both("SELECT CAST('12:00:00+05:00' AS TIMETZ)")
check(f"TIMETZ 12:00:00+05:00 is {bare} in Arrow", bare == datetime.time(12, 0))
total, _, kind = both("SELECT sum(n) FROM (VALUES (CAST(1 AS BIGINT)), (2)) AS t(n)")
check(f"the sum of BIGINT is {kind} in Arrow", pa.types.is_decimal(kind))
right = python == big and offset.utcoffset() == datetime.timedelta(hours=5) and total == 3
check("control: the same values are right as Python values", right)
sys.exit(1 if changed else 0)
PYTHON
